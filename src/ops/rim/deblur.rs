//! Densities freed from the scanner's blur: the mean over each millimetre of a ray, as it was before the blur.

use crate::ops::quantile::normal_below;
use crate::ops::solve::solved;
use ndarray::Array2;

/// Width of the layers a ray is taken apart into, mm: the thinnest rim that can still be told from no rim.
pub const LAYER_MM: f64 = 1.0;

/// Layers on either side of the one that is estimated; the last one on each side has no outer end.
const SIDE_LAYERS: usize = 4;

/// Samples farther from a layer than this have no say in it, mm.
const REACH_MM: f64 = 3.0;

/// By how much neighbouring layers may differ, SD, HU: soft tissue to bone.
const STEP_HU: f64 = 250.0;

/// The weights that give a layer's mean from the blurred samples around its middle, best in the mean square (Wiener).
#[derive(Clone, Debug)]
pub struct Kernel {
    weights: Vec<f64>,
}

impl Kernel {
    /// For a point spread of `spread_mm` (SD), noise of `noise_hu` (SD) and samples every `step_mm`.
    ///
    /// A ray is modelled as layers of constant density behind a Gaussian blur, `p = A x + noise`, and neighbouring
    /// layers differ by about `STEP_HU`: `x = (A'A/noise^2 + D'D/STEP_HU^2)^-1 A'p/noise^2`. The kernel is the row
    /// of the middle layer, scaled so that a constant density stays what it is.
    pub fn new(spread_mm: f64, noise_hu: f64, step_mm: f64) -> Self {
        let half = (REACH_MM / step_mm).round() as i32;
        let at: Vec<f64> = (-half..=half).map(|i| f64::from(i) * step_mm).collect();
        let layers = 2 * SIDE_LAYERS + 1;
        let edge = |j: usize| (j as f64 - SIDE_LAYERS as f64 + 0.5) * LAYER_MM;
        let below = |u: f64, j: usize| if j + 1 == layers { 0.0 } else { normal_below((u - edge(j)) / spread_mm) };
        let above = |u: f64, j: usize| if j == 0 { 1.0 } else { normal_below((u - edge(j - 1)) / spread_mm) };
        let seen = Array2::from_shape_fn((at.len(), layers), |(i, j)| above(at[i], j) - below(at[i], j));
        let mut normal_matrix = seen.t().dot(&seen) / (noise_hu * noise_hu);
        let stiff = 1.0 / (STEP_HU * STEP_HU);
        for j in 1..layers {
            for (a, b, sign) in [(j, j, 1.0), (j - 1, j - 1, 1.0), (j, j - 1, -1.0), (j - 1, j, -1.0)] {
                normal_matrix[(a, b)] += sign * stiff;
            }
        }
        let middle = seen.dot(&ndarray::Array1::from(solved(normal_matrix, unit(layers, SIDE_LAYERS))));
        let total: f64 = middle.sum();
        Self { weights: middle.iter().map(|w| w / total).collect() }
    }

    /// The mean of the layer about sample `i`; the first and last samples stand for what lies beyond them.
    pub fn layer(&self, samples: &[f32], i: usize) -> f64 {
        let half = self.weights.len() / 2;
        if let Some(all) = i.checked_sub(half).and_then(|from| samples.get(from..from + self.weights.len())) {
            return self.weights.iter().zip(all).map(|(w, hu)| w * f64::from(*hu)).sum();
        }
        let last = samples.len() - 1;
        let near = |k: usize| f64::from(samples[(i + k).saturating_sub(half).min(last)]);
        self.weights.iter().enumerate().map(|(k, w)| w * near(k)).sum()
    }
}

/// 1 in one place, 0 elsewhere.
fn unit(n: usize, one: usize) -> Vec<f64> {
    (0..n).map(|i| if i == one { 1.0 } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell between two tissues as a scanner with a Gaussian point spread shows it.
    fn blurred(inner: f64, shell: f64, outer: f64, ends_mm: [f64; 2], spread_mm: f64) -> Vec<f32> {
        let up = |u: f64, at: f64| normal_below((u - at) / spread_mm);
        let at = |i: i32| f64::from(i) * 0.25;
        let hu = |u: f64| inner + (shell - inner) * up(u, ends_mm[0]) + (outer - shell) * up(u, ends_mm[1]);
        (-24..=24).map(|i| hu(at(i)) as f32).collect()
    }

    #[test]
    fn a_thin_shell_gets_back_the_density_that_blur_took() {
        let seen = blurred(60.0, 600.0, -90.0, [-0.5, 0.5], 0.65);
        let kernel = Kernel::new(0.65, 15.0, 0.25);
        assert!(seen[24] < 380.0, "blur takes 40 % of it: {}", seen[24]);
        assert!((kernel.layer(&seen, 24) - 600.0).abs() < 40.0, "{}", kernel.layer(&seen, 24));
        assert!((kernel.layer(&seen, 20) - 60.0).abs() < 40.0, "{}", kernel.layer(&seen, 20));
        assert!((kernel.layer(&seen, 28) + 90.0).abs() < 40.0, "{}", kernel.layer(&seen, 28));
    }

    #[test]
    fn noise_makes_it_careful_and_a_constant_stays_what_it_is() {
        let power = |noise_hu: f64| {
            let k = Kernel::new(0.65, noise_hu, 0.25);
            assert!((k.layer(&[123.0; 30], 3) - 123.0).abs() < 1e-9);
            k.weights.iter().map(|w| w * w).sum::<f64>()
        };
        assert!(power(45.0) < power(20.0) && power(20.0) < power(10.0));
    }
}
