//! One task of several that share a study table: by a stable hash of the patient.

/// Part `index` (from 1) of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

impl Shard {
    /// Whether a patient belongs to it.
    pub fn holds(&self, patient: &str) -> bool {
        let hash = blake3::hash(patient.as_bytes());
        let head: [u8; 8] = hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes");
        u64::from_le_bytes(head) % self.count as u64 + 1 == self.index as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_patient_is_in_one_shard() {
        let shards: Vec<_> = (1..=3).map(|index| Shard { index, count: 3 }).collect();
        let sizes = shards.iter().map(|s| (0..300).filter(|i| s.holds(&format!("p{i}"))).count());
        let sizes: Vec<_> = sizes.collect();
        assert_eq!(sizes.iter().sum::<usize>(), 300);
        assert!(sizes.iter().all(|&n| n > 60), "{sizes:?}");
        assert_eq!(shards.iter().position(|s| s.holds("p01")), Some(0), "the hash must never change");
    }
}
