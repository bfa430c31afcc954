//! Intraclass correlations of two readers (Shrout and Fleiss 1979; intervals of McGraw and Wong 1996).

use super::distribution::f_of_tail;
use super::pairs::Pairs;
use super::summary::mean;
use super::{Interval, Undefined};

/// A correlation with where it may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correlation {
    /// The correlation.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Interval,
}

/// Both correlations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Icc {
    /// ICC(2,1): absolute agreement, readers drawn from many: `(MSR - MSE) / (MSR + MSE + 2 (MSC - MSE) / n)`.
    pub agreement: Correlation,
    /// ICC(3,1): consistency, these readers: `(MSR - MSE) / (MSR + MSE)`.
    pub consistency: Correlation,
}

/// Readers: formulas below are for this many.
const K: f64 = 2.0;

/// Mean squares of the two-way table.
struct MeanSquares {
    n: f64,
    rows: f64,
    columns: f64,
    error: f64,
}

/// The correlations of two readers.
///
/// # Errors
/// If there are fewer than two pairs, or neither reader's values vary.
pub fn icc(pairs: &Pairs) -> Result<Icc, Undefined> {
    if pairs.len() < 2 {
        return Err(Undefined::TooFew);
    }
    let ms = mean_squares(pairs);
    if ms.rows + ms.error <= 0.0 {
        return Err(Undefined::OneValue);
    }
    Ok(Icc { agreement: agreement(&ms), consistency: consistency(&ms) })
}

fn mean_squares(pairs: &Pairs) -> MeanSquares {
    let n = pairs.len() as f64;
    let (means, differences) = (pairs.means(), pairs.differences());
    let squares = |values: &[f64]| {
        let mean = mean(values);
        values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>()
    };
    let bias = mean(&differences);
    MeanSquares {
        n,
        rows: K * squares(&means) / (n - 1.0),
        columns: n * bias * bias / K,
        error: squares(&differences) / K / (n - 1.0),
    }
}

fn consistency(ms: &MeanSquares) -> Correlation {
    let df = ms.n - 1.0;
    let value = (ms.rows - ms.error) / (ms.rows + (K - 1.0) * ms.error);
    let factor = f_of_tail(0.025, df, df * (K - 1.0));
    let other = f_of_tail(0.025, df * (K - 1.0), df);
    // (F - 1) / (F + k - 1) at F = MSR / MSE / factor, without dividing by an error of 0.
    let at = |rows: f64, error: f64| (rows - error) / (rows + (K - 1.0) * error);
    let interval = Interval { low: at(ms.rows, ms.error * factor), high: at(ms.rows * other, ms.error) };
    Correlation { value, interval }
}

fn agreement(ms: &MeanSquares) -> Correlation {
    let MeanSquares { n, rows, columns, error } = *ms;
    let value = (rows - error) / (rows + (K - 1.0) * error + K * (columns - error) / n);
    let df = satterthwaite(ms, value);
    let (factor, other) = (f_of_tail(0.025, n - 1.0, df), f_of_tail(0.025, df, n - 1.0));
    let noise = K * columns + (K * n - K - n) * error;
    let interval = Interval {
        low: n * (rows - factor * error) / (factor * noise + n * rows),
        high: n * (other * rows - error) / (noise + n * other * rows),
    };
    Correlation { value, interval }
}

/// Degrees of freedom of `a MSC + b MSE`, both sides times `n (1 - icc)`.
fn satterthwaite(ms: &MeanSquares, icc: f64) -> f64 {
    let columns = K * icc * ms.columns;
    let error = (ms.n * (1.0 + (K - 1.0) * icc) - K * icc) * ms.error;
    let of_columns = columns * columns / (K - 1.0);
    let of_error = error * error / ((ms.n - 1.0) * (K - 1.0));
    if of_columns + of_error > 0.0 {
        (columns + error) * (columns + error) / (of_columns + of_error)
    } else {
        // No noise at all: the interval is a point whatever the degrees of freedom.
        ms.n - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_method() {
        // 24 pairs, ICC(3,1) 0.9: MSR / MSE is 19.
        let ms = MeanSquares { n: 24.0, rows: 19.0, columns: 1.0, error: 1.0 };
        let found = consistency(&ms);
        assert!((found.value - 0.9).abs() < 1e-15);
        assert!((found.interval.low - 0.783).abs() < 5e-4 && (found.interval.high - 0.955).abs() < 5e-4, "{found:?}");
    }

    #[test]
    fn a_shift_costs_agreement_but_not_consistency() {
        let shifted: Pairs = (0..8).map(|i| (f64::from(i), f64::from(i) + 2.0)).collect();
        let found = icc(&shifted).unwrap();
        assert_eq!((found.consistency.value, found.consistency.interval.low), (1.0, 1.0));
        assert!(found.agreement.value < 0.8 && found.agreement.interval.low < 0.5, "{found:?}");
        let same: Pairs = (0..8).map(|i| (f64::from(i), f64::from(i))).collect();
        let found = icc(&same).unwrap().agreement;
        assert_eq!((found.value, found.interval), (1.0, Interval { low: 1.0, high: 1.0 }));
    }

    #[test]
    fn one_value_for_all_has_none() {
        let flat: Pairs = (0..8).map(|_| (3.0, 3.0)).collect();
        assert_eq!(icc(&flat), Err(Undefined::OneValue));
        assert_eq!(icc(&[(1.0, 2.0)].into_iter().collect()), Err(Undefined::TooFew));
    }
}
