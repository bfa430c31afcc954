//! McNemar's test of paired yes and no.

use super::Undefined;
use super::distribution::at_most_heads;

/// Exact two-sided p of `gained` against `lost`, of those who changed: twice the smaller tail of a fair coin, at most 1.
///
/// # Errors
/// If nobody changed.
pub fn mcnemar_exact(gained: u64, lost: u64) -> Result<f64, Undefined> {
    match (gained.min(lost), gained + lost) {
        (_, 0) => Err(Undefined::NoChange),
        (less, changed) if less == changed - less => Ok(1.0),
        (less, changed) => Ok((2.0 * at_most_heads(less, changed)).min(1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_method() {
        assert!((mcnemar_exact(3, 0).unwrap() - 0.25).abs() < 1e-15);
        assert!((mcnemar_exact(1, 9).unwrap() - 22.0 / 1024.0).abs() < 1e-15);
        assert_eq!(mcnemar_exact(4, 4), Ok(1.0));
        assert_eq!(mcnemar_exact(0, 0), Err(Undefined::NoChange));
    }
}
