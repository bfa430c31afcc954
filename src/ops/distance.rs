//! Exact Euclidean distance in a plane.

use ndarray::{Array2, ArrayView2};

/// Distance of every pixel's centre to the nearest centre outside the mask, mm; 0 outside. Everything beyond the plane
/// is outside. Felzenszwalb and Huttenlocher 2012: two passes of lower envelopes of parabolas.
pub fn to_outside_mm(mask: ArrayView2<'_, bool>, pixel_mm: [f64; 2]) -> Array2<f64> {
    let (ny, nx) = mask.dim();
    let mut squared = Array2::from_elem((ny + 2, nx + 2), 0.0);
    for ((y, x), _) in mask.indexed_iter().filter(|(_, m)| **m) {
        squared[(y + 1, x + 1)] = f64::MAX;
    }
    for mut row in squared.rows_mut() {
        let done = envelope(&row.to_vec(), pixel_mm[0]);
        row.iter_mut().zip(done).for_each(|(r, d)| *r = d);
    }
    for mut column in squared.columns_mut() {
        let done = envelope(&column.to_vec(), pixel_mm[1]);
        column.iter_mut().zip(done).for_each(|(r, d)| *r = d);
    }
    Array2::from_shape_fn((ny, nx), |(y, x)| squared[(y + 1, x + 1)].sqrt())
}

/// `out(q) = min_p f(p) + (step (q - p))^2`; parabolas of infinite height take no part.
fn envelope(f: &[f64], step: f64) -> Vec<f64> {
    let meets = |p: usize, q: usize| {
        let (a, b) = (p as f64 * step, q as f64 * step);
        ((f[q] + b * b) - (f[p] + a * a)) / (2.0 * (b - a))
    };
    let mut stack: Vec<(usize, f64)> = Vec::new();
    for q in (0..f.len()).filter(|&q| f[q] < f64::MAX) {
        while stack.last().is_some_and(|&(p, from)| meets(p, q) <= from) {
            stack.pop();
        }
        let from = stack.last().map_or(f64::NEG_INFINITY, |&(p, _)| meets(p, q));
        stack.push((q, from));
    }
    let mut k = 0;
    let value =
        |q: usize, k: usize| stack.get(k).map_or(f64::MAX, |&(p, _)| f[p] + ((q as f64 - p as f64) * step).powi(2));
    (0..f.len())
        .map(|q| {
            while stack.get(k + 1).is_some_and(|&(_, from)| from < q as f64 * step) {
                k += 1;
            }
            value(q, k)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slow(mask: &Array2<bool>, pixel_mm: [f64; 2]) -> Array2<f64> {
        let (ny, nx) = mask.dim();
        let outside = |y: isize, x: isize| {
            y < 0 || x < 0 || y >= ny as isize || x >= nx as isize || !mask[(y as usize, x as usize)]
        };
        Array2::from_shape_fn((ny, nx), |(y, x)| {
            let mut best = f64::MAX;
            for v in -1..=ny as isize {
                for u in -1..=nx as isize {
                    if outside(v, u) {
                        let d =
                            libm::hypot((u - x as isize) as f64 * pixel_mm[0], (v - y as isize) as f64 * pixel_mm[1]);
                        best = best.min(d);
                    }
                }
            }
            best
        })
    }

    proptest! {
        #[test]
        fn equals_the_search_over_all_pairs(bits in prop::collection::vec(0..5u8, 7 * 9), sx in 0.3..2.0f64, sy in 0.3..2.0f64) {
            let mask = Array2::from_shape_fn((7, 9), |(y, x)| bits[y * 9 + x] > 0);
            let fast = to_outside_mm(mask.view(), [sx, sy]);
            prop_assert!(fast.iter().zip(slow(&mask, [sx, sy]).iter()).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }
}
