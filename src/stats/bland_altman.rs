//! How far two readers' numbers lie apart (Bland and Altman 1999).

use super::distribution::{t_of_p, t_p};
use super::pairs::Pairs;
use super::summary::{mean, sd};
use super::{Interval, Undefined};

/// Limits of agreement stand this many standard deviations from the bias.
const LIMIT_SD: f64 = 1.96;

/// An estimate with its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
    /// Its interval, by t with n - 1 degrees of freedom.
    pub interval: Interval,
}

/// Differences of two readers, first minus second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlandAltman {
    /// The mean difference.
    pub bias: Estimate,
    /// The differences' standard deviation.
    pub sd: f64,
    /// `bias - 1.96 sd`; standard error `sd sqrt(1/n + 1.96^2 / (2 (n - 1)))`.
    pub lower: Estimate,
    /// `bias + 1.96 sd`; standard error as the lower one's.
    pub upper: Estimate,
    /// Two readings of one thing lie nearer than this in 95 %: `1.96 sqrt(2) s_w`, `s_w^2 = sum d^2 / (2 n)`.
    pub repeatability: f64,
    /// Whether differences grow with what is measured; `None` of fewer than three, or if all means are one.
    pub trend: Option<Trend>,
}

/// The line through differences over means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Difference gained for each unit of the mean.
    pub slope: f64,
    /// Two-sided p that it is 0.
    pub p: f64,
}

/// Bias, limits and repeatability of two readers.
///
/// # Errors
/// If there are fewer than two pairs.
pub fn bland_altman(pairs: &Pairs) -> Result<BlandAltman, Undefined> {
    let differences = pairs.differences();
    let sd = sd(&differences).ok_or(Undefined::TooFew)?;
    let (n, bias) = (differences.len() as f64, mean(&differences));
    let t = t_of_p(0.05, n - 1.0);
    let estimate = |value, se: f64| Estimate { value, se, interval: Interval::around(value, t * se) };
    let limit_se = sd * (1.0 / n + LIMIT_SD * LIMIT_SD / (2.0 * (n - 1.0))).sqrt();
    let within = (differences.iter().map(|d| d * d).sum::<f64>() / (2.0 * n)).sqrt();
    Ok(BlandAltman {
        bias: estimate(bias, sd / n.sqrt()),
        sd,
        lower: estimate(bias - LIMIT_SD * sd, limit_se),
        upper: estimate(bias + LIMIT_SD * sd, limit_se),
        repeatability: LIMIT_SD * std::f64::consts::SQRT_2 * within,
        trend: trend(&pairs.means(), &differences),
    })
}

/// Least squares of `y` over `x`.
fn trend(x: &[f64], y: &[f64]) -> Option<Trend> {
    let (mean_x, mean_y) = (mean(x), mean(y));
    let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(x, y)| f(x - mean_x, y - mean_y)).sum::<f64>();
    let (xx, xy) = (sum(&|x, _| x * x), sum(&|x, y| x * y));
    let df = x.len() as f64 - 2.0;
    if xx <= 0.0 || df < 1.0 {
        return None;
    }
    let slope = xy / xx;
    let rest = sum(&|x, y| (y - slope * x) * (y - slope * x));
    // A line without rest has t infinite and p 0; one without slope has nothing to test.
    let p = if slope == 0.0 { 1.0 } else { t_p(slope / (rest / df / xx).sqrt(), df) };
    Some(Trend { slope, p })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_by_hand() {
        let pairs: Pairs = [(1.0, 0.0), (2.0, 3.0), (5.0, 4.0), (7.0, 8.0)].into_iter().collect();
        let found = bland_altman(&pairs).unwrap();
        let sd = (4.0_f64 / 3.0).sqrt();
        assert!((found.bias.value, found.sd) == (0.0, sd));
        assert!((found.upper.value - 1.96 * sd).abs() < 1e-15 && found.lower.value == -found.upper.value);
        assert!((found.repeatability - 1.96).abs() < 1e-15, "s_w is sqrt(1/2)");
        assert!((found.bias.se - sd / 2.0).abs() < 1e-15);
    }

    #[test]
    fn the_error_of_a_limit_at_24_is_that_of_the_method() {
        let pairs: Pairs = (0..24).map(|i| (f64::from(i % 5), 0.0)).collect();
        let found = bland_altman(&pairs).unwrap();
        assert!((found.upper.se / found.sd - 0.354).abs() < 5e-4);
    }

    #[test]
    fn growing_differences_are_seen() {
        let growing: Pairs = (1..9).map(|i| (1.2 * f64::from(i) + f64::from(i % 2) * 0.1, f64::from(i))).collect();
        let found = bland_altman(&growing).unwrap().trend.unwrap();
        assert!(found.slope > 0.1 && found.p < 0.001, "{found:?}");
        let exact = trend(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]).unwrap();
        assert_eq!((exact.slope, exact.p), (2.0, 0.0));
        assert_eq!(trend(&[1.0, 1.0, 1.0], &[2.0, 4.0, 6.0]), None);
        assert_eq!(bland_altman(&[(1.0, 2.0)].into_iter().collect()), Err(Undefined::TooFew));
    }
}
