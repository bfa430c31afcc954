//! Small systems of linear equations.

use ndarray::Array2;

/// The `x` of `M x = b` for a symmetric positive definite M, by Gaussian elimination.
pub fn solved(mut m: Array2<f64>, mut b: Vec<f64>) -> Vec<f64> {
    let n = m.nrows();
    for k in 0..n {
        for i in k + 1..n {
            let factor = m[(i, k)] / m[(k, k)];
            (k..n).for_each(|j| m[(i, j)] -= factor * m[(k, j)]);
            b[i] -= factor * b[k];
        }
    }
    for k in (0..n).rev() {
        let known: f64 = (k + 1..n).map(|j| m[(k, j)] * b[j]).sum();
        b[k] = (b[k] - known) / m[(k, k)];
    }
    b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_solves() {
        let m = ndarray::array![[4.0, 1.0, 0.5], [1.0, 3.0, -0.2], [0.5, -0.2, 2.0]];
        let x = solved(m.clone(), vec![1.0, -2.0, 0.5]);
        let back = m.dot(&ndarray::Array1::from(x));
        assert!(back.iter().zip([1.0, -2.0, 0.5]).all(|(b, w)| (b - w).abs() < 1e-12), "{back}");
    }
}
