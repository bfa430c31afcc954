//! Weights of neighbours, and which voxel a mirrored position is.

/// The pole of the cubic B-spline's prefilter: sqrt(3) - 2.
pub const SPLINE_POLE: f64 = -0.267_949_192_431_122_7;

/// `beta3` at distances 1 + t, t, 1 - t, 2 - t.
pub fn cubic_weights(t: f64) -> [f64; 4] {
    let u = 1.0 - t;
    [u * u * u / 6.0, 2.0 / 3.0 - t * t * (2.0 - t) / 2.0, 2.0 / 3.0 - u * u * (2.0 - u) / 2.0, t * t * t / 6.0]
}

/// [`cubic_weights`] in single precision.
pub fn cubic_weights_single(t: f32) -> [f32; 4] {
    let u = 1.0 - t;
    let (third, sixth) = (2.0 / 3.0, 1.0 / 6.0);
    [u * u * u * sixth, third - t * t * (2.0 - t) * 0.5, third - u * u * (2.0 - u) * 0.5, t * t * t * sixth]
}

/// The place in a line of `n` that position `at` is a mirror image of; the first and last are not doubled.
pub fn mirror(at: isize, n: usize) -> usize {
    let period = (2 * n as isize - 2).max(1);
    let k = at.rem_euclid(period);
    if k < n as isize { k as usize } else { (period - k) as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_to_one_in_both_precisions() {
        for i in 0..=16 {
            let t = f64::from(i) / 16.0;
            let (wide, single) = (cubic_weights(t), cubic_weights_single(t as f32));
            assert!((wide.iter().sum::<f64>() - 1.0).abs() < 1e-15);
            assert!((0..4).all(|k| (wide[k] - f64::from(single[k])).abs() < 2e-7));
        }
        assert!((SPLINE_POLE - (3f64.sqrt() - 2.0)).abs() < 1e-15);
    }

    #[test]
    fn a_mirrored_line_goes_forth_and_back() {
        let seen: Vec<usize> = (-3..8).map(|i| mirror(i, 4)).collect();
        assert_eq!(seen, [3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(mirror(-5, 1), 0);
    }
}
