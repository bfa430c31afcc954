//! Cubic B-spline interpolation in a plane (Unser 1999): prefilter, then four weighted neighbours along each axis.

use super::outline::Point;
use super::plane::Plane;
use super::resample::{SPLINE_POLE, cubic_weights, mirror};
use ndarray::{Array2, ArrayView2, s};

/// Pixels around the wanted window that the prefilter takes in: its pole falls to 1e-9 within sixteen.
const SLACK_PX: usize = 16;

/// A plane resampled inside a window of in-plane mm, to pixels of another size.
///
/// Pixel centres lie at whole multiples of `pixel_mm`, so that neighbouring slices share one grid; beyond the plane the
/// image is mirrored.
pub fn resample(
    image: ArrayView2<'_, f32>,
    spacing_mm: [f64; 2],
    window: [Point; 2],
    pixel_mm: [f64; 2],
) -> Plane<f32> {
    let first: [f64; 2] = std::array::from_fn(|a| (window[0][a] / pixel_mm[a]).floor());
    let count: [usize; 2] =
        std::array::from_fn(|a| ((window[1][a] / pixel_mm[a]).ceil() - first[a]).max(0.0) as usize + 1);
    let taps: [Taps; 2] = std::array::from_fn(|a| {
        let n = if a == 0 { image.ncols() } else { image.nrows() };
        Taps::new(count[a], |i| (first[a] + i as f64) * pixel_mm[a] / spacing_mm[a], n)
    });
    let part = image.slice(s![taps[1].from..taps[1].to, taps[0].from..taps[0].to]);
    let pixels = taps[1].apply(&taps[0].apply(&coefficients(part)).t().as_standard_layout().into_owned());
    let pixels = pixels.t().mapv(|v| v as f32).as_standard_layout().into_owned();
    let corner_mm = [first[0] * pixel_mm[0], first[1] * pixel_mm[1]];
    Plane { pixels, corner_mm, pixel_mm }
}

/// The spline's coefficients: each axis filtered forth and back with the pole sqrt(3) - 2.
fn coefficients(image: ArrayView2<'_, f32>) -> Array2<f64> {
    let mut rows = image.mapv(f64::from);
    rows.rows_mut().into_iter().for_each(|mut r| prefilter(r.as_slice_mut().unwrap_or_default()));
    let mut columns = rows.t().as_standard_layout().into_owned();
    columns.rows_mut().into_iter().for_each(|mut r| prefilter(r.as_slice_mut().unwrap_or_default()));
    columns.t().as_standard_layout().into_owned()
}

/// One line in place, mirrored at both ends.
fn prefilter(line: &mut [f64]) {
    let n = line.len();
    if n < 2 {
        return;
    }
    let pole = SPLINE_POLE;
    let mirrored = |k: usize| line[if k < n { k } else { 2 * n - 2 - k }];
    let reach = (2 * n - 2).min(40);
    let first = (0..reach).rev().fold(0.0, |sum, k| mirrored(k) + pole * sum);
    line[0] = first;
    for k in 1..n {
        line[k] += pole * line[k - 1];
    }
    line[n - 1] = pole / (pole * pole - 1.0) * (line[n - 1] + pole * line[n - 2]);
    for k in (0..n - 1).rev() {
        line[k] = pole * (line[k + 1] - line[k]);
    }
    line.iter_mut().for_each(|c| *c *= 6.0);
}

/// For every output position the four input positions it is made of, and their weights.
struct Taps {
    /// First input position that matters.
    from: usize,
    /// One past the last.
    to: usize,
    taps: Vec<([usize; 4], [f64; 4])>,
}

impl Taps {
    fn new(count: usize, at: impl Fn(usize) -> f64, n: usize) -> Self {
        let clamp = |v: f64| v.clamp(0.0, (n - 1) as f64) as usize;
        let from = clamp(at(0).floor()).saturating_sub(SLACK_PX);
        let to = (clamp(at(count.saturating_sub(1)).ceil()) + 1 + SLACK_PX).min(n);
        let taps = (0..count).map(|i| tap(at(i) - from as f64, to - from)).collect();
        Self { from, to, taps }
    }

    /// Every row of `lines` becomes a row of the output positions.
    fn apply(&self, lines: &Array2<f64>) -> Array2<f64> {
        Array2::from_shape_fn((lines.nrows(), self.taps.len()), |(y, i)| {
            let (index, weight) = &self.taps[i];
            (0..4).map(|k| weight[k] * lines[(y, index[k])]).sum()
        })
    }
}

fn tap(at: f64, n: usize) -> ([usize; 4], [f64; 4]) {
    let base = at.floor();
    let t = at - base;
    let index = std::array::from_fn(|k| mirror(base as isize + k as isize - 1, n));
    (index, cubic_weights(t))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_met_at_their_centres() {
        let image = Array2::from_shape_fn((11, 13), |(y, x)| ((x * 37 + y * 91) % 101) as f32);
        let plane = resample(image.view(), [0.5, 0.5], [[1.0, 1.5], [5.0, 4.5]], [0.5; 2]);
        assert_eq!(plane.corner_mm, [1.0, 1.5]);
        for ((y, x), v) in plane.pixels.indexed_iter() {
            assert!((v - image[(y + 3, x + 2)]).abs() < 1e-3, "{x},{y}");
        }
    }

    #[test]
    fn a_cubic_is_met_between_the_centres() {
        let f = |x: f64| 0.01 * x * x * x - 0.3 * x * x + x + 5.0;
        let image = Array2::from_shape_fn((60, 60), |(_, x)| f(x as f64 * 0.7) as f32);
        let plane = resample(image.view(), [0.7, 0.7], [[15.0, 20.0], [25.0, 22.0]], [0.5; 2]);
        for ((y, x), v) in plane.pixels.indexed_iter() {
            // The mirrored ends, some twenty pixels away, still count for 1e-9 of a step of the prefilter.
            assert!((f64::from(*v) - f(plane.at(x, y)[0])).abs() < 1e-3);
        }
    }
}
