//! Mean, spread, median and range of one column.

/// What a column of numbers comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many.
    pub n: usize,
    /// `sum x / n`
    pub mean: f64,
    /// `sqrt(sum (x - mean)^2 / (n - 1))`; `None` of fewer than two.
    pub sd: Option<f64>,
    /// The middle one, or the mean of the middle two.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

/// The summary of finite values; `None` of none.
pub fn summary(values: &[f64]) -> Option<Summary> {
    let sorted = sorted(values);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let mean = mean(values);
    Some(Summary { n: values.len(), mean, sd: sd(values), median: median(&sorted), min, max })
}

/// The mean of at least one value.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample standard deviation; `None` of fewer than two.
pub fn sd(values: &[f64]) -> Option<f64> {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The values in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The middle of at least one sorted value, or the mean of the middle two.
pub fn median(sorted: &[f64]) -> f64 {
    let (last, half) = (sorted.len() - 1, sorted.len() / 2);
    (sorted[last / 2] + sorted[half]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_summed_up() {
        let found = summary(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((found.n, found.mean, found.median, found.min, found.max), (4, 2.5, 2.5, 1.0, 4.0));
        assert!((found.sd.unwrap() - (5.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(summary(&[7.0, 5.0, 9.0]).unwrap().median, 7.0);
        assert_eq!(summary(&[7.0]).unwrap().sd, None);
        assert_eq!(summary(&[]), None);
    }
}
