//! Wilcoxon's signed-rank test as SPSS prints it (method.md 7.1), and its exact p.

use super::Undefined;
use super::distribution::normal_p;

/// What the test comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignedRank {
    /// Differences that are not 0.
    pub n: usize,
    /// Those left out because they are 0.
    pub zeros: usize,
    /// Sum of the mid-ranks of positive differences.
    pub w_plus: f64,
    /// Sum of the mid-ranks of negative differences.
    pub w_minus: f64,
    /// `(min(W+, W-) - n(n+1)/4) / sqrt(n(n+1)(2n+1)/24 - sum(t^3 - t)/48)`: never positive, not corrected for
    /// continuity.
    pub z: f64,
    /// Two-sided, by the normal distribution of `z`.
    pub p: f64,
    /// Two-sided, over all signs that these mid-ranks may have; `None` of more than [`MOST_EXACT`].
    pub p_exact: Option<f64>,
    /// Rank-biserial correlation `(W+ - W-) / (W+ + W-)`.
    pub effect: f64,
}

/// Beyond this many differences the exact p is not computed: it takes `n^3` steps and says what the asymptotic one says.
pub const MOST_EXACT: usize = 300;

/// Tests whether `differences` (first minus second) lie about 0; equal ones are ties.
///
/// # Errors
/// If all are 0, or there is none.
pub fn signed_rank(differences: &[f64]) -> Result<SignedRank, Undefined> {
    let mut changed: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    if changed.is_empty() {
        return Err(Undefined::NoChange);
    }
    changed.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let groups: Vec<&[f64]> = changed.chunk_by(|a, b| a.abs() == b.abs()).collect();
    let doubled = doubled_ranks(&groups);
    let (all, plus): (u64, u64) = changed
        .iter()
        .zip(&doubled)
        .fold((0, 0), |(all, plus), (d, rank)| (all + rank, plus + if *d > 0.0 { *rank } else { 0 }));
    let (w_plus, w_minus) = (plus as f64 / 2.0, (all - plus) as f64 / 2.0);
    let less = plus.min(all - plus);
    let z = (less as f64 / 2.0 - all as f64 / 4.0) / variance(&groups, changed.len()).sqrt();
    let p_exact = (changed.len() <= MOST_EXACT).then(|| (2.0 * chance_of_at_most(less, &doubled)).min(1.0));
    Ok(SignedRank {
        n: changed.len(),
        zeros: differences.len() - changed.len(),
        w_plus,
        w_minus,
        z,
        p: normal_p(z),
        p_exact,
        effect: (w_plus - w_minus) / (w_plus + w_minus),
    })
}

/// Twice the mid-rank of every difference: whole numbers.
fn doubled_ranks(groups: &[&[f64]]) -> Vec<u64> {
    let mut before = 0;
    let mut ranks = Vec::new();
    for group in groups {
        let ties = group.len() as u64;
        ranks.extend(std::iter::repeat_n(2 * before + ties + 1, group.len()));
        before += ties;
    }
    ranks
}

fn variance(groups: &[&[f64]], n: usize) -> f64 {
    let n = n as f64;
    let ties: f64 = groups.iter().map(|g| g.len() as f64).map(|t| t * t * t - t).sum();
    n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0
}

fn chance_of_at_most(sum: u64, ranks: &[u64]) -> f64 {
    sums_of_positive(ranks, sum).iter().sum()
}

/// The chance of every sum up to `most` that ranks with random signs may have of the positive ones: one rank after
/// another is or is not among them.
pub fn sums_of_positive(ranks: &[u64], most: u64) -> Vec<f64> {
    let mut chance = vec![0.0; most as usize + 1];
    chance[0] = 1.0;
    for &rank in ranks {
        let rank = rank as usize;
        for sum in (0..chance.len()).rev() {
            let with = if sum >= rank { chance[sum - rank] } else { 0.0 };
            chance[sum] = (chance[sum] + with) / 2.0;
        }
    }
    chance
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `(difference, how often)`
    fn of(pattern: &[(f64, usize)]) -> SignedRank {
        let differences: Vec<f64> = pattern.iter().flat_map(|&(d, n)| std::iter::repeat_n(d, n)).collect();
        signed_rank(&differences).unwrap()
    }

    #[track_caller]
    fn check(found: SignedRank, n: usize, z: f64, p: f64, exact: f64) {
        assert_eq!(found.n, n);
        assert!((found.z - z).abs() < 5e-8, "{found:?}");
        assert!((found.p / p - 1.0).abs() < 1e-4, "{found:?}");
        assert!((found.p_exact.unwrap() / exact - 1.0).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn the_vectors_of_the_method() {
        let distinct: Vec<(f64, usize)> = (1..=21).map(|i| (f64::from(i), 1)).collect();
        check(of(&distinct), 21, -4.014_508_6, 5.957e-5, 9.5367e-7);
        check(of(&[(1.0, 8), (2.0, 2), (0.0, 14)]), 10, -2.971_887_7, 0.002_959_75, 0.001_953_125);
        check(of(&[(1.0, 4), (0.0, 20)]), 4, -2.0, 0.045_500_26, 0.125);
        assert!((of(&[(1.0, 6), (2.0, 4), (3.0, 4), (4.0, 3)]).z + 3.6517).abs() < 5e-5);
        assert!((of(&[(1.0, 5), (2.0, 5), (3.0, 5), (4.0, 1), (5.0, 1)]).z + 3.6522).abs() < 5e-5);
    }

    #[test]
    fn nothing_to_rank_is_said() {
        assert_eq!(signed_rank(&[0.0; 5]), Err(Undefined::NoChange));
        assert_eq!(signed_rank(&[]), Err(Undefined::NoChange));
        assert_eq!(of(&[(1.0, 400)]).p_exact, None);
    }

    /// Two-sided p by every one of the `2^n` signs.
    fn by_enumeration(changed: &[f64]) -> f64 {
        let rank = |d: f64| {
            let size = |f: fn(&f64, &f64) -> bool| changed.iter().filter(|o| f(&o.abs(), &d.abs())).count() as f64;
            size(|o, d| o < d) + (size(|o, d| o == d) + 1.0) / 2.0
        };
        let ranks: Vec<f64> = changed.iter().map(|d| rank(*d)).collect();
        let centre = ranks.iter().sum::<f64>() / 2.0;
        let off = |plus: f64| (plus - centre).abs();
        let sum = |keep: &dyn Fn(usize) -> bool| (0..ranks.len()).filter(|i| keep(*i)).map(|i| ranks[i]).sum::<f64>();
        let seen = off(sum(&|i| changed[i] > 0.0));
        let extreme = (0..1_u32 << ranks.len()).filter(|signs| off(sum(&|i| signs >> i & 1 == 1)) >= seen - 1e-9);
        extreme.count() as f64 / f64::from(1 << ranks.len())
    }

    proptest! {
        #[test]
        fn the_exact_p_is_that_of_all_signs(whole in proptest::collection::vec(-6_i32..=6, 1..=12)) {
            let differences: Vec<f64> = whole.iter().map(|d| f64::from(*d) / 2.0).collect();
            let changed: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
            prop_assume!(!changed.is_empty());
            let found = signed_rank(&differences).unwrap();
            prop_assert!((found.p_exact.unwrap() - by_enumeration(&changed)).abs() < 1e-12);
            let mirrored = signed_rank(&differences.iter().map(|d| -d).collect::<Vec<_>>()).unwrap();
            prop_assert!(found.z <= 0.0 && mirrored.z == found.z && mirrored.effect == -found.effect);
        }
    }
}
