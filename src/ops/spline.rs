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
    let pixels = taps[1].along_columns(&taps[0].along_rows(&coefficients(part)));
    let corner_mm = [first[0] * pixel_mm[0], first[1] * pixel_mm[1]];
    Plane { pixels, corner_mm, pixel_mm }
}

/// The spline's coefficients: each axis filtered forth and back with the pole sqrt(3) - 2.
fn coefficients(image: ArrayView2<'_, f32>) -> Array2<f64> {
    let mut turned = transposed(image.mapv(f64::from).view());
    prefilter(&mut turned);
    let mut plane = transposed(turned.view());
    prefilter(&mut plane);
    plane
}

fn transposed(plane: ArrayView2<'_, f64>) -> Array2<f64> {
    plane.t().as_standard_layout().into_owned()
}

/// Every column in place, mirrored at both ends; all columns side by side, because along one each step waits for the last.
fn prefilter(lines: &mut Array2<f64>) {
    let (n, width) = lines.dim();
    if n < 2 || width == 0 {
        return;
    }
    let pole = SPLINE_POLE;
    let lines = lines.as_slice_mut().expect("an array of its own is contiguous");
    let mirrored = |k: usize| if k < n { k } else { 2 * n - 2 - k };
    let reach = (2 * n - 2).min(40);
    let mut first = vec![0.0; width];
    for k in (0..reach).rev() {
        first.iter_mut().zip(&lines[mirrored(k) * width..]).for_each(|(sum, c)| *sum = c + pole * *sum);
    }
    lines[..width].copy_from_slice(&first);
    for k in 1..n {
        let [before, line] = pair(lines, k, width);
        line.iter_mut().zip(before).for_each(|(c, before)| *c += pole * *before);
    }
    let [before, last] = pair(lines, n - 1, width);
    let end = pole / (pole * pole - 1.0);
    last.iter_mut().zip(before).for_each(|(c, before)| *c = end * (*c + pole * *before));
    for k in (1..n).rev() {
        let [line, after] = pair(lines, k, width);
        line.iter_mut().zip(after).for_each(|(c, after)| *c = pole * (*after - *c));
    }
    lines.iter_mut().for_each(|c| *c *= 6.0);
}

/// Line `k - 1` and line `k`.
fn pair(lines: &mut [f64], k: usize, width: usize) -> [&mut [f64]; 2] {
    let (before, line) = lines[(k - 1) * width..(k + 1) * width].split_at_mut(width);
    [before, line]
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

    /// Every row becomes a row of the output positions.
    fn along_rows(&self, plane: &Array2<f64>) -> Array2<f64> {
        let mut out = Array2::zeros((plane.nrows(), self.taps.len()));
        for (line, mut out) in plane.rows().into_iter().zip(out.rows_mut()) {
            let line = line.as_slice().expect("an array of its own is contiguous");
            for (out, (index, weight)) in out.iter_mut().zip(&self.taps) {
                *out = (0..4).map(|k| weight[k] * line[index[k]]).sum();
            }
        }
        out
    }

    /// Every column becomes a column of the output positions.
    fn along_columns(&self, plane: &Array2<f64>) -> Array2<f32> {
        let (width, lines) = (plane.ncols(), plane.as_slice().expect("an array of its own is contiguous"));
        let mut out = Array2::zeros((self.taps.len(), width));
        for (mut out, (index, weight)) in out.rows_mut().into_iter().zip(&self.taps) {
            let [a, b, c, d] = index.map(|y| &lines[y * width..][..width]);
            let sum = |x: usize| weight[0] * a[x] + weight[1] * b[x] + weight[2] * c[x] + weight[3] * d[x];
            out.iter_mut().enumerate().for_each(|(x, out)| *out = sum(x) as f32);
        }
        out
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
