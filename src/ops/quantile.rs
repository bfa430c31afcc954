//! Order statistics.

/// The value below which a share `q` of the values lies; `None` of none.
pub fn quantile(values: &mut [f64], q: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let rank = (q * last as f64).round() as usize;
    Some(*values.select_nth_unstable_by(rank, f64::total_cmp).1)
}

/// The standard deviation of normal values that outliers cannot move: `1.4826 median |v - median v|`.
pub fn robust_sd(values: &mut [f64]) -> Option<f64> {
    let middle = quantile(values, 0.5)?;
    values.iter_mut().for_each(|v| *v = (*v - middle).abs());
    quantile(values, 0.5).map(|mad| 1.4826 * mad)
}

/// The share of a normal distribution that lies below `z` of its SD: `(1 + erf(z / sqrt 2)) / 2`.
pub fn normal_below(z: f64) -> f64 {
    0.5 * (1.0 + libm::erf(z * std::f64::consts::FRAC_1_SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_members_and_outliers_do_not_move_the_spread() {
        let mut v = [5.0, 1.0, 3.0, 2.0, 4.0];
        assert_eq!(quantile(&mut v, 0.5), Some(3.0));
        assert_eq!(quantile(&mut v, 1.0), Some(5.0));
        assert_eq!(quantile(&mut [], 0.5), None);
        assert_eq!(robust_sd(&mut [1.0, 2.0, 3.0, 4.0, 1e6]), Some(1.4826));
    }
}
