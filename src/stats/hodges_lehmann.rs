//! The Hodges-Lehmann estimate: the median change that goes with the signed-rank test.

use super::signed_rank::{MOST_EXACT, sums_of_positive};
use super::summary::median;
use super::{Interval, Undefined, Z_975};

/// An estimate with where it may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HodgesLehmann {
    /// The median of the means of all pairs of differences, each with itself among them.
    pub estimate: f64,
    /// Its 95 % interval, without the k smallest and the k largest of these means; `None` of fewer than six, where no
    /// interval covers so much.
    pub interval: Option<Interval>,
}

/// More differences have millions of means.
const MOST_DIFFERENCES: usize = 2000;

/// The estimate from all differences, zeros among them.
///
/// # Errors
/// If there is none, or more than can be paired.
pub fn hodges_lehmann(differences: &[f64]) -> Result<HodgesLehmann, Undefined> {
    match differences.len() {
        0 => return Err(Undefined::TooFew),
        n if n > MOST_DIFFERENCES => return Err(Undefined::TooMany),
        _ => {}
    }
    let mut means: Vec<f64> = Vec::new();
    for (i, a) in differences.iter().enumerate() {
        means.extend(differences[i..].iter().map(|b| (a + b) / 2.0));
    }
    means.sort_by(f64::total_cmp);
    let ends = |k: usize| Interval { low: means[k], high: means[means.len() - 1 - k] };
    Ok(HodgesLehmann { estimate: median(&means), interval: left_out(differences.len()).map(ends) })
}

/// How many means are left out at each end: the largest k for which a sum of at most k of `n` untied ranks has a chance of
/// at most 2.5 %.
fn left_out(n: usize) -> Option<usize> {
    let n_ranks = n as f64;
    if n > MOST_EXACT {
        let (mean, variance) =
            (n_ranks * (n_ranks + 1.0) / 4.0, n_ranks * (n_ranks + 1.0) * (2.0 * n_ranks + 1.0) / 24.0);
        return Some((mean - Z_975 * variance.sqrt()) as usize);
    }
    let ranks: Vec<u64> = (1..=n as u64).collect();
    let chances = sums_of_positive(&ranks, (n * (n + 1) / 4) as u64);
    let below = chances.iter().scan(0.0, |sum, chance| {
        *sum += chance;
        Some(*sum)
    });
    below.take_while(|sum| *sum <= 0.025).count().checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same from the tables of the signed-rank test: at n = 6 a sum of 0 has 1/64, at n = 10 one of 8 has 0.0244.
    #[test]
    fn ends_are_those_of_the_tables() {
        assert_eq!([5, 6, 7, 10, 24].map(left_out), [None, Some(0), Some(2), Some(8), Some(81)]);
    }

    #[test]
    fn the_estimate_is_a_median_of_means() {
        // Means of 1, 2, 6: 1, 1.5, 3.5, 2, 4, 6.
        assert_eq!(hodges_lehmann(&[1.0, 2.0, 6.0]).unwrap().estimate, 2.75);
        let found = hodges_lehmann(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!((found.estimate, found.interval), (3.5, Some(Interval { low: 1.0, high: 6.0 })));
        assert_eq!(hodges_lehmann(&[]), Err(Undefined::TooFew));
    }

    #[test]
    fn large_samples_go_over_smoothly() {
        let exact = left_out(MOST_EXACT).unwrap() as f64;
        let beyond = left_out(MOST_EXACT + 1).unwrap() as f64;
        assert!((beyond / exact - 1.0).abs() < 0.01, "{exact} {beyond}");
    }
}
