//! Chance that repeats: a stream of ChaCha for each mutant.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of numbers.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of one mutant of one exam: the same whatever else is damaged before it.
    pub fn of(exam: &str, mutant: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(exam.as_bytes()).update(&mutant.to_le_bytes());
        Self(ChaCha8Rng::from_seed(*hasher.finalize().as_bytes()))
    }

    /// A number below `n`; 0 where there is none.
    pub fn below(&mut self, n: usize) -> usize {
        (self.0.next_u64() % n.max(1) as u64) as usize
    }
}
