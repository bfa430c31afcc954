//! Agreement of two readers on classes beyond chance: Cohen's kappa and Gwet's AC2, by three weights (method.md 8).

use super::confusion::Confusion;
use super::distribution::t_of_p;
use super::{Interval, Undefined, Z_975};

/// How much of an agreement two classes are, by how far apart they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// The same class or none.
    Unweighted,
    /// `1 - |i - j| / (k - 1)`
    Linear,
    /// `1 - ((i - j) / (k - 1))^2`
    Quadratic,
}

impl Weights {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unweighted, Self::Linear, Self::Quadratic];

    /// As reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unweighted => "unweighted",
            Self::Linear => "linear",
            Self::Quadratic => "quadratic",
        }
    }

    /// The weight of classes `i` and `j` of `k`.
    fn of(self, i: usize, j: usize, k: usize) -> f64 {
        let apart = i.abs_diff(j) as f64 / (k - 1).max(1) as f64;
        match self {
            Self::Unweighted => f64::from(u8::from(i == j)),
            Self::Linear => 1.0 - apart,
            Self::Quadratic => 1.0 - apart * apart,
        }
    }
}

/// A coefficient of agreement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coefficient {
    /// 1 where all agree, 0 where as many do as by chance.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// `None` where all agree: then the standard error is 0 and says nothing.
    pub interval: Option<Interval>,
}

impl Coefficient {
    fn new(value: f64, variance: f64, reach: f64) -> Self {
        let se = variance.max(0.0).sqrt();
        let interval = (se > 0.0 && value < 1.0).then(|| Interval::around(value, reach * se));
        Self { value, se, interval }
    }
}

/// Shares of all pairs, with what the formulas need of them.
struct Shares<'a> {
    table: &'a Confusion,
    weights: Weights,
    n: f64,
    a: Vec<f64>,
    b: Vec<f64>,
}

impl<'a> Shares<'a> {
    fn of(table: &'a Confusion, weights: Weights) -> Self {
        let (n, k) = (table.n() as f64, table.classes.len());
        let share = |count: usize| count as f64 / n;
        let a = (0..k).map(|i| share(table.of_a(i))).collect();
        let b = (0..k).map(|j| share(table.of_b(j))).collect();
        Self { table, weights, n, a, b }
    }

    fn weight(&self, i: usize, j: usize) -> f64 {
        self.weights.of(i, j, self.a.len())
    }

    /// `sum over cells of share f(i, j)`
    fn mean(&self, f: impl Fn(usize, usize) -> f64) -> f64 {
        self.table.cells().map(|(i, j, count)| count as f64 / self.n * f(i, j)).sum()
    }

    fn observed(&self) -> f64 {
        self.mean(|i, j| self.weight(i, j))
    }

    /// The mean weight of A's class `i` with what B calls, and of B's class `j` with what A calls.
    fn by_chance(&self, i: usize, j: usize) -> (f64, f64) {
        let with_b = self.b.iter().enumerate().map(|(m, share)| share * self.weight(i, m)).sum();
        let with_a = self.a.iter().enumerate().map(|(m, share)| share * self.weight(m, j)).sum();
        (with_b, with_a)
    }

    /// `T / (k(k-1))`, T the sum of all weights.
    fn spread_of_weights(&self) -> f64 {
        let k = self.a.len();
        let sum: f64 = self.table.cells().map(|(i, j, _)| self.weight(i, j)).sum();
        sum / (k * (k - 1)) as f64
    }
}

/// Cohen's kappa `(po - pe) / (1 - pe)`, with the standard error of Fleiss, Cohen and Everitt 1969.
///
/// # Errors
/// If there is no pair, or both readers call all the same.
pub fn kappa(table: &Confusion, weights: Weights) -> Result<Coefficient, Undefined> {
    let shares = Shares::of(table, weights);
    let observed = shares.observed();
    let chance: f64 = shares.a.iter().enumerate().map(|(i, share)| share * shares.by_chance(i, 0).0).sum();
    if table.n() == 0 || chance >= 1.0 - f64::EPSILON {
        return Err(if table.n() == 0 { Undefined::TooFew } else { Undefined::OneClass });
    }
    let value = (observed - chance) / (1.0 - chance);
    let square = |i, j| {
        let (with_b, with_a) = shares.by_chance(i, j);
        let term = shares.weight(i, j) - (with_b + with_a) * (1.0 - value);
        term * term
    };
    let middle = value - chance * (1.0 - value);
    let variance = (shares.mean(square) - middle * middle) / (shares.n * (1.0 - chance) * (1.0 - chance));
    Ok(Coefficient::new(value, variance, Z_975))
}

/// Gwet's AC2 (AC1 where unweighted): chance is what readers agree by who know only how common each class is.
/// Gwet 2014, formulas 4.3 and 5.4; t interval of n - 1 degrees of freedom.
///
/// # Errors
/// If there are fewer than two pairs or classes.
pub fn ac2(table: &Confusion, weights: Weights) -> Result<Coefficient, Undefined> {
    if table.n() < 2 || table.classes.len() < 2 {
        return Err(Undefined::TooFew);
    }
    let shares = Shares::of(table, weights);
    let common: Vec<f64> = shares.a.iter().zip(&shares.b).map(|(a, b)| (a + b) / 2.0).collect();
    let scale = shares.spread_of_weights();
    let chance: f64 = scale * common.iter().map(|c| c * (1.0 - c)).sum::<f64>();
    let value = (shares.observed() - chance) / (1.0 - chance);
    let single = |i: usize, j: usize| {
        let own_chance = scale * (1.0 - (common[i] + common[j]) / 2.0);
        let agreed = (shares.weight(i, j) - chance) / (1.0 - chance);
        agreed - 2.0 * (1.0 - value) * (own_chance - chance) / (1.0 - chance)
    };
    let variance = shares.mean(|i, j| (single(i, j) - value) * (single(i, j) - value)) / (shares.n - 1.0);
    Ok(Coefficient::new(value, variance, t_of_p(0.05, shares.n - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(counts: &[&[usize]]) -> Confusion {
        let classes = (0..counts.len()).map(|i| i.to_string()).collect();
        Confusion { classes, counts: counts.iter().map(|row| row.to_vec()).collect() }
    }

    #[test]
    fn two_classes_by_hand() {
        // po 0.7, pe 0.5
        let even = table(&[&[20, 5], &[10, 15]]);
        for weights in Weights::ALL {
            assert!((kappa(&even, weights).unwrap().value - 0.4).abs() < 1e-15, "of two classes all weights are one");
        }
        // AC1: shares 0.55 and 0.45, pe = 2 * 0.55 * 0.45 = 0.495
        assert!((ac2(&even, Weights::Unweighted).unwrap().value - (0.7 - 0.495) / 0.505).abs() < 1e-15);
    }

    #[test]
    fn far_apart_costs_more_by_the_square() {
        let near = table(&[&[8, 2, 0], &[2, 8, 2], &[0, 2, 8]]);
        let found = Weights::ALL.map(|w| kappa(&near, w).unwrap().value);
        assert!(found[0] < found[1] && found[1] < found[2], "{found:?}");
        let interval = kappa(&near, Weights::Linear).unwrap().interval.unwrap();
        assert!(interval.low < found[1] && found[1] < interval.high);
    }

    #[test]
    fn ac2_is_that_of_its_authors_package() {
        // irrCAC 0.4.4, raw ratings of the same table: coefficient, standard error, ends of the interval.
        let near = table(&[&[8, 2, 0], &[2, 8, 2], &[0, 2, 8]]);
        let recorded = [
            [0.625_730_994_2, 0.116_004_169_0, 0.389_138_931_7, 0.862_323_056_6],
            [0.720_116_618_1, 0.086_354_281_2, 0.543_995_900_4, 0.896_237_335_8],
            [0.813_953_488_4, 0.057_204_712_1, 0.697_283_708_8, 0.930_623_268_0],
        ];
        for (weights, recorded) in Weights::ALL.into_iter().zip(recorded) {
            let found = ac2(&near, weights).unwrap();
            let interval = found.interval.unwrap();
            let all = [found.value, found.se, interval.low, interval.high];
            assert!(all.iter().zip(recorded).all(|(f, r)| (f - r).abs() < 1e-9), "{all:?} {recorded:?}");
        }
    }

    #[test]
    fn one_class_or_full_agreement_has_no_interval() {
        let one = table(&[&[9, 0], &[0, 0]]);
        assert_eq!(kappa(&one, Weights::Linear), Err(Undefined::OneClass));
        assert_eq!(ac2(&one, Weights::Linear).unwrap().value, 1.0);
        let full = table(&[&[4, 0], &[0, 5]]);
        let found = kappa(&full, Weights::Unweighted).unwrap();
        assert_eq!((found.value, found.interval), (1.0, None));
        assert_eq!(kappa(&table(&[&[0, 0], &[0, 0]]), Weights::Unweighted), Err(Undefined::TooFew));
    }
}
