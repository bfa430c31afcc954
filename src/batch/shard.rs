//! One task of several that share a study table: by a stable hash of the patient.

/// Variables in which schedulers say which task of an array this is.
const TASK_VARIABLES: [&str; 4] = ["SLURM_ARRAY_TASK_ID", "PBS_ARRAY_INDEX", "SGE_TASK_ID", "LSB_JOBINDEX"];

/// Share I of N.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

/// What is wrong with a shard.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// Not of the form.
    #[error("the shard must be I/N or auto/N, counted from 1: as in 2/8")]
    Form,
    /// `auto` outside an array.
    #[error("the shard is auto, but none of {} is a number from 1 to N: submit as an array of tasks 1-N", TASK_VARIABLES.join(", "))]
    NoTask,
}

impl Shard {
    /// Reads `I/N` or `auto/N`; `env` gives the value of a variable.
    ///
    /// # Errors
    /// If I is not within 1 to N.
    pub fn parse(text: &str, env: impl Fn(&str) -> Option<String>) -> Result<Self, ShardError> {
        let (index, count) = text.split_once('/').ok_or(ShardError::Form)?;
        let count = count.parse().map_err(|_| ShardError::Form)?;
        let within = |i: &u64| (1..=count).contains(i);
        let index = if index == "auto" {
            let task = TASK_VARIABLES.iter().find_map(|v| env(v)?.parse().ok());
            task.filter(within).ok_or(ShardError::NoTask)?
        } else {
            index.parse().ok().filter(within).ok_or(ShardError::Form)?
        };
        Ok(Self { index, count })
    }

    /// Whether a patient belongs to it.
    pub fn holds(&self, patient: &str) -> bool {
        let hash = blake3::hash(patient.as_bytes());
        let head: [u8; 8] = hash.as_bytes()[..8].try_into().expect("a hash has 32 bytes");
        u64::from_le_bytes(head) % self.count == self.index - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn every_patient_is_in_one_shard() {
        let shards: Vec<_> = (1..=3).map(|i| Shard::parse(&format!("{i}/3"), none).unwrap()).collect();
        let sizes = shards.iter().map(|s| (0..300).filter(|i| s.holds(&format!("p{i}"))).count());
        let sizes: Vec<_> = sizes.collect();
        assert_eq!(sizes.iter().sum::<usize>(), 300);
        assert!(sizes.iter().all(|&n| n > 60), "{sizes:?}");
        assert!(shards[2].holds("p01"), "the hash must never change");
    }

    #[test]
    fn auto_asks_the_scheduler() {
        let task = |v: &str| (v == "SLURM_ARRAY_TASK_ID").then(|| "4".to_string());
        assert_eq!(Shard::parse("auto/4", task), Ok(Shard { index: 4, count: 4 }));
        assert_eq!(Shard::parse("auto/3", task), Err(ShardError::NoTask));
        assert_eq!(
            Shard::parse("auto/3", none).unwrap_err().to_string(),
            "the shard is auto, but none of SLURM_ARRAY_TASK_ID, PBS_ARRAY_INDEX, SGE_TASK_ID, LSB_JOBINDEX is a number from 1 to N: submit as an array of tasks 1-N"
        );
        for text in ["0/3", "4/3", "1", "a/b", "1/0"] {
            assert_eq!(Shard::parse(text, none), Err(ShardError::Form), "{text}");
        }
    }
}
