//! A mask grown in a plane.

use ndarray::{Array2, ArrayView2, s};

/// Pixels whose centre lies within `reach_mm` of the centre of a pixel of the mask; nothing lies beyond the plane.
pub fn within(mask: ArrayView2<'_, bool>, pixel_mm: [f64; 2], reach_mm: f64) -> Array2<bool> {
    let (ny, nx) = mask.dim();
    let mut grown = Array2::from_elem((ny, nx), false);
    for (dy, half) in disc_rows(pixel_mm, reach_mm) {
        for dx in -half..=half {
            let ((to_y, from_y), (to_x, from_x)) = (overlap(dy, ny), overlap(dx, nx));
            let mut to = grown.slice_mut(s![to_y, to_x]);
            to.zip_mut_with(&mask.slice(s![from_y, from_x]), |g, m| *g |= m);
        }
    }
    grown
}

/// Rows of a disc about a pixel: how far each lies off, and how many pixels it reaches to either side.
fn disc_rows(pixel_mm: [f64; 2], reach_mm: f64) -> impl Iterator<Item = (isize, isize)> {
    let high = (reach_mm / pixel_mm[1] + 1e-9) as isize;
    (-high..=high).map(move |dy| {
        let y_mm = dy as f64 * pixel_mm[1];
        (dy, ((reach_mm * reach_mm - y_mm * y_mm).max(0.0).sqrt() / pixel_mm[0] + 1e-9) as isize)
    })
}

/// Where pixels shifted by `d` land on a line of n, and where they come from.
fn overlap(d: isize, n: usize) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
    let by = d.unsigned_abs().min(n);
    if d >= 0 { (by..n, 0..n - by) } else { (0..n - by, by..n) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_search_over_all_pairs(
            bits in prop::collection::vec(0..6u8, 7 * 9), sx in 0.3..2.0f64, sy in 0.3..2.0f64, reach in 0.0..4.0f64,
        ) {
            let mask = Array2::from_shape_fn((7, 9), |(y, x)| bits[y * 9 + x] == 0);
            let far = |(y, x): (usize, usize), (v, u): (usize, usize)| {
                libm::hypot((x as f64 - u as f64) * sx, (y as f64 - v as f64) * sy)
            };
            let slow = Array2::from_shape_fn((7, 9), |i| mask.indexed_iter().any(|(j, m)| *m && far(i, j) <= reach));
            prop_assert_eq!(within(mask.view(), [sx, sy], reach), slow);
        }
    }
}
