//! The t test of paired samples.

use super::distribution::{t_of_p, t_p};
use super::summary::{mean, sd};
use super::{Interval, Undefined};

/// What the test comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedT {
    /// The mean difference.
    pub mean: f64,
    /// The differences' standard deviation.
    pub sd: f64,
    /// `mean sqrt(n) / sd`
    pub t: f64,
    /// `n - 1`
    pub df: f64,
    /// Two-sided.
    pub p: f64,
    /// Where the mean difference may lie.
    pub interval: Interval,
    /// Cohen's `d_z = mean / sd`.
    pub effect: f64,
}

/// Tests whether the mean of `differences` (first minus second) is 0.
///
/// # Errors
/// If there are fewer than two or they do not vary.
pub fn paired_t(differences: &[f64]) -> Result<PairedT, Undefined> {
    let sd = sd(differences).ok_or(Undefined::TooFew)?;
    let mean = mean(differences);
    if differences.iter().all(|d| *d == differences[0]) {
        return Err(Undefined::NoSpread);
    }
    let (root_n, df) = ((differences.len() as f64).sqrt(), (differences.len() - 1) as f64);
    let (effect, t) = (mean / sd, mean / sd * root_n);
    let interval = Interval::around(mean, t_of_p(0.05, df) * sd / root_n);
    Ok(PairedT { mean, sd, t, df, p: t_p(t, df), interval, effect })
}

#[cfg(test)]
mod tests {
    use super::super::pairs::Pairs;
    use super::*;

    #[test]
    fn three_nodules_of_one_patient() {
        let pairs: Pairs = [(6.17, 5.09), (7.19, 6.32), (7.92, 5.58)].into_iter().collect();
        let found = paired_t(&pairs.differences()).unwrap();
        assert!((found.t - 3.115_327_9).abs() < 5e-8 && (found.p - 0.089_430_5).abs() < 5e-8, "{found:?}");
        assert_eq!(found.df, 2.0);
        assert!((found.effect - found.t / 3.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn what_cannot_be_tested_says_why() {
        assert_eq!(paired_t(&[1.0]), Err(Undefined::TooFew));
        assert_eq!(paired_t(&[]), Err(Undefined::TooFew));
        assert_eq!(paired_t(&[0.1; 7]), Err(Undefined::NoSpread));
    }
}
