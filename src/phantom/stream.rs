//! Random streams keyed by name, so that a structure added later changes nothing that was there.

use crate::geometry::Vec3;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Where the randomness of one patient of one cohort comes from.
#[derive(Clone, Debug)]
pub struct Source {
    cohort: String,
    patient: String,
}

impl Source {
    /// The source of a patient.
    pub fn new(cohort: &str, patient: &str) -> Self {
        Self { cohort: cohort.into(), patient: patient.into() }
    }

    /// The stream of one structure: independent of all others, the same every time it is asked for.
    pub fn stream(&self, structure: &str) -> Stream {
        Stream { rng: ChaCha12Rng::from_seed(self.digest(structure)), spare: None }
    }

    /// A DICOM UID, `2.25.` and 128 bits of the digest of what it names.
    pub fn uid(&self, what: &str) -> String {
        let mut low = [0; 16];
        low.copy_from_slice(&self.digest(what)[..16]);
        format!("2.25.{}", u128::from_be_bytes(low))
    }

    fn digest(&self, structure: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("osteon phantom random stream 1");
        for part in [&self.cohort, &self.patient, structure] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}

/// A stream of random numbers.
pub struct Stream {
    rng: ChaCha12Rng,
    spare: Option<f64>,
}

impl Stream {
    /// Uniform in [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in [lo, hi).
    pub fn between(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.uniform()
    }

    /// Standard normal, Box and Muller.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * self.uniform());
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// Three standard normals.
    pub fn normal3(&mut self) -> Vec3 {
        std::array::from_fn(|_| self.normal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structure_has_its_own_stream_whatever_others_draw() {
        let source = Source::new("demo", "P01");
        let first: Vec<f64> = (0..5).map(|_| source.stream("rim").normal()).collect();
        let mut other = source.stream("marrow");
        let drawn: f64 = (0..100).map(|_| other.normal()).sum();
        assert!(drawn.is_finite());
        assert_eq!(source.stream("rim").normal(), first[0]);
        assert_ne!(source.stream("marrow").normal(), first[0]);
        assert_ne!(Source::new("demo", "P02").stream("rim").normal(), first[0]);
        assert_ne!(Source::new("demoP", "01").stream("rim").normal(), first[0]);
    }

    #[test]
    fn normals_have_mean_0_and_variance_1() {
        let mut stream = Source::new("t", "1").stream("n");
        let draws: Vec<f64> = (0..40_000).map(|_| stream.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 4e4;
        let variance = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / 4e4;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }

    #[test]
    fn uids_are_short_enough_and_stay() {
        let uid = Source::new("demo", "P01").uid("study/pre");
        assert!(uid.len() <= 64 && uid.starts_with("2.25."));
        assert_eq!(uid, Source::new("demo", "P01").uid("study/pre"));
    }
}
