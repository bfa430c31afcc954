//! Holm's correction for several tests (Holm 1979).

/// Each p as it stands among all of them: the i-th smallest of m times `m - i + 1`, never less than a smaller one's, at
/// most 1.
pub fn holm(chances: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|&i, &j| chances[i].total_cmp(&chances[j]));
    let (mut least, mut adjusted) = (0.0_f64, vec![0.0; chances.len()]);
    for (rank, &i) in order.iter().enumerate() {
        least = least.max((chances.len() - rank) as f64 * chances[i]).min(1.0);
        adjusted[i] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_counts_most() {
        assert_eq!(holm(&[0.01, 0.04, 0.03, 0.5]), [0.04, 0.09, 0.09, 0.5]);
        assert_eq!(holm(&[0.6, 0.7]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }
}
