//! A slice seen from a point: its signal along rays.

use ndarray::{Array2, ArrayView2};
use std::sync::LazyLock;

/// Rays all around.
pub const RAYS: usize = 64;
/// Distance of samples along a ray, mm.
pub const STEP_MM: f64 = 0.25;

/// The unit direction of a ray.
pub fn direction(ray: usize) -> [f64; 2] {
    static DIRECTIONS: LazyLock<[[f64; 2]; RAYS]> = LazyLock::new(|| {
        std::array::from_fn(|ray| {
            let (sin, cos) = libm::sincos(std::f64::consts::TAU * ray as f64 / RAYS as f64);
            [cos, sin]
        })
    });
    DIRECTIONS[ray]
}

/// Samples `0 .. count` along each ray from a pixel, linear between pixels; the border goes on beyond the image.
pub fn unrolled(plane: ArrayView2<'_, f32>, centre: [f64; 2], pixel_mm: [f64; 2], count: usize) -> Array2<f64> {
    Array2::from_shape_fn((RAYS, count), |(ray, k)| {
        let [dx, dy] = direction(ray);
        let r_mm = k as f64 * STEP_MM;
        linear(plane, [centre[0] + dx * r_mm / pixel_mm[0], centre[1] + dy * r_mm / pixel_mm[1]])
    })
}

/// The signal at a place between pixels.
pub fn linear(plane: ArrayView2<'_, f32>, [x, y]: [f64; 2]) -> f64 {
    let (ny, nx) = plane.dim();
    let split = |v: f64, n: usize| {
        let v = v.clamp(0.0, (n - 1) as f64);
        let low = (v as usize).min(n.saturating_sub(2));
        (low, (low + 1).min(n - 1), v - low as f64)
    };
    let ((x0, x1, tx), (y0, y1, ty)) = (split(x, nx), split(y, ny));
    let at = |y: usize, x: usize| f64::from(plane[(y, x)]);
    (1.0 - ty) * ((1.0 - tx) * at(y0, x0) + tx * at(y0, x1)) + ty * ((1.0 - tx) * at(y1, x0) + tx * at(y1, x1))
}

/// How much darker it is beyond each sample than before it: the means of `half_mm` on either side, `gap_mm` off the sample.
pub fn falls(unrolled: &Array2<f64>, gap_mm: f64, half_mm: f64) -> Array2<f64> {
    let (gap, half) = ((gap_mm / STEP_MM) as usize, (half_mm / STEP_MM).max(1.0) as usize);
    let last = unrolled.ncols() - 1;
    let mut falls = Array2::zeros(unrolled.raw_dim());
    for (seen, mut out) in unrolled.rows().into_iter().zip(falls.rows_mut()) {
        let at = |k: isize| seen[k.clamp(0, last as isize) as usize];
        // The ray goes on beyond both ends as it ends, so that every mean is one of its windows.
        let before = (gap + half) as isize - 1;
        let longer: Vec<f64> = (-before..(last + gap + half) as isize).map(at).collect();
        let means: Vec<f64> = longer.windows(half).map(|w| w.iter().sum::<f64>() / half as f64).collect();
        let beyond = means[before as usize + gap..].iter();
        out.iter_mut().zip(means.iter().zip(beyond)).for_each(|(fall, (mean, beyond))| *fall = mean - beyond);
    }
    falls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bright_disc_falls_off_at_its_edge_on_every_ray() {
        let plane = Array2::from_shape_fn((80, 80), |(y, x)| {
            let r = libm::hypot((x as f64 - 40.3) * 0.5, (y as f64 - 39.1) * 0.5);
            (100.0 * (0.5 - (r - 7.0) / 0.8).clamp(0.0, 1.0)) as f32
        });
        let falls = falls(&unrolled(plane.view(), [40.3, 39.1], [0.5, 0.5], 60), 0.25, 1.0);
        for ray in falls.rows() {
            let steepest = (0..60).max_by(|&a, &b| ray[a].total_cmp(&ray[b])).unwrap();
            assert!((steepest as f64 * STEP_MM - 7.0).abs() < 0.4, "{steepest}");
        }
    }
}
