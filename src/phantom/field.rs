//! Smooth random fields of unit variance: waves for a few points, a spline lattice for many voxels.

use super::stream::Stream;
use crate::geometry::{Vec3, dot};

/// Waves in a [`Waves`] field; enough for the sum to be close to normal.
const WAVES: usize = 64;

/// A sum of random plane waves with correlation `exp(-(d/L)^2)`.
#[derive(Clone, Debug)]
pub struct Waves {
    waves: Vec<(Vec3, f64)>,
}

impl Waves {
    /// A field with correlation length `length` along each axis.
    pub fn new(stream: &mut Stream, length: Vec3) -> Self {
        let wave = |stream: &mut Stream| {
            let n = stream.normal3();
            let k = std::array::from_fn(|a| n[a] * std::f64::consts::SQRT_2 / length[a]);
            (k, std::f64::consts::TAU * stream.uniform())
        };
        Self { waves: (0..WAVES).map(|_| wave(stream)).collect() }
    }

    /// The field at a point.
    pub fn at(&self, p: Vec3) -> f64 {
        let sum: f64 = self.waves.iter().map(|&(k, phase)| libm::cos(dot(k, p) + phase)).sum();
        sum * (2.0 / WAVES as f64).sqrt()
    }
}

/// Cubic B-splines on a lattice of independent normals: smooth over about a cell, cheap at many points.
#[derive(Clone, Debug)]
pub struct Texture {
    cell_mm: f64,
    corner: Vec3,
    nodes: [usize; 3],
    values: Vec<f32>,
}

/// What brings a cubic B-spline sum of unit normals back to about unit variance: mean of `1/sqrt(sum w^2)` over a cell.
const SPLINE_GAIN: f64 = 1.441;

impl Texture {
    /// A field over the ball about `centre`, varying over about `cell_mm`; constant beyond it.
    pub fn new(stream: &mut Stream, centre: Vec3, radius_mm: f64, cell_mm: f64) -> Self {
        let n = libm::ceil(2.0 * radius_mm / cell_mm) as usize + 4;
        let half = 0.5 * (n as f64 - 1.0) * cell_mm;
        let gain = SPLINE_GAIN * SPLINE_GAIN * SPLINE_GAIN;
        let values = (0..n * n * n).map(|_| (gain * stream.normal()) as f32).collect();
        Self { cell_mm, corner: centre.map(|c| c - half), nodes: [n; 3], values }
    }

    /// The field at a point.
    pub fn at(&self, p: Vec3) -> f64 {
        let along = |a: usize| {
            let t = ((p[a] - self.corner[a]) / self.cell_mm).clamp(1.0, self.nodes[a] as f64 - 2.001);
            (t as usize - 1, spline_weights(t - libm::floor(t)))
        };
        let [(x0, wx), (y0, wy), (z0, wz)] = [along(0), along(1), along(2)];
        let mut sum = 0.0;
        for (k, wz) in wz.iter().enumerate() {
            for (j, wy) in wy.iter().enumerate() {
                let start = ((z0 + k) * self.nodes[1] + y0 + j) * self.nodes[0] + x0;
                let run = &self.values[start..start + 4];
                let row: f64 = run.iter().zip(&wx).map(|(&v, w)| f64::from(v) * w).sum();
                sum += wz * wy * row;
            }
        }
        sum
    }
}

/// Cubic B-spline weights of the nodes at -1, 0, 1, 2 for a point `t` in [0, 1).
fn spline_weights(t: f64) -> [f64; 4] {
    let (s, t2, t3) = (1.0 - t, t * t, t * t * t);
    [s * s * s / 6.0, (3.0 * t3 - 6.0 * t2 + 4.0) / 6.0, (-3.0 * t3 + 3.0 * t2 + 3.0 * t + 1.0) / 6.0, t3 / 6.0]
}

#[cfg(test)]
mod tests {
    use super::super::stream::Source;
    use super::*;

    fn variance(values: &[f64]) -> f64 {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len() as f64
    }

    #[test]
    fn waves_have_unit_variance_and_the_wanted_correlation() {
        let (mut zero, mut near, mut product) = (vec![], vec![], 0.0);
        for i in 0..3000 {
            let waves = Waves::new(&mut Source::new("t", &i.to_string()).stream("w"), [8.0; 3]);
            let (a, b) = (waves.at([1.0, 2.0, 3.0]), waves.at([9.0, 2.0, 3.0]));
            zero.push(a);
            near.push(b);
            product += a * b / 3000.0;
        }
        assert!((variance(&zero) - 1.0).abs() < 0.1 && (variance(&near) - 1.0).abs() < 0.1);
        assert!((product - libm::exp(-1.0)).abs() < 0.07, "{product}");
    }

    #[test]
    fn a_texture_has_unit_variance_and_no_jumps() {
        let texture = Texture::new(&mut Source::new("t", "1").stream("x"), [0.0; 3], 40.0, 2.0);
        let values: Vec<f64> = (0..8000)
            .map(|i| {
                texture.at([
                    f64::from(i % 20) * 3.9 - 38.0,
                    f64::from(i / 20 % 20) * 3.7 - 36.0,
                    f64::from(i / 400) * 3.8 - 37.0,
                ])
            })
            .collect();
        assert!((variance(&values) - 1.0).abs() < 0.12, "{}", variance(&values));
        let step = |i: i32| texture.at([f64::from(i) * 0.01, 0.0, 0.0]);
        assert!((0..2000).all(|i| (step(i + 1) - step(i)).abs() < 0.05));
    }
}
