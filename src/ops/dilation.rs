//! A mask grown in a plane.

use crate::volume::ends;
use ndarray::{Array2, ArrayView2};
use std::ops::Range;

/// Pixels whose centre lies within `reach_mm` of the centre of a pixel of the mask; nothing lies beyond the plane.
pub fn within(mask: ArrayView2<'_, bool>, pixel_mm: [f64; 2], reach_mm: f64) -> Array2<bool> {
    let (ny, nx) = mask.dim();
    let disc: Vec<_> = disc_rows(pixel_mm, reach_mm).collect();
    let mut grown = vec![false; ny * nx];
    for (y, row) in mask.as_standard_layout().rows().into_iter().enumerate() {
        for run in runs(row.as_slice().unwrap_or_default()) {
            for &(dy, half) in &disc {
                if let Some(to) = y.checked_add_signed(dy).filter(|&to| to < ny) {
                    grown[to * nx..][run.start.saturating_sub(half)..(run.end + half).min(nx)].fill(true);
                }
            }
        }
    }
    Array2::from_shape_vec((ny, nx), grown).expect("one value for each pixel")
}

/// The runs of a row that are set.
fn runs(row: &[bool]) -> impl Iterator<Item = Range<usize>> {
    let [first, last] = ends(row, |&set| set).map_or([0, 0], |[first, last]| [first, last + 1]);
    let mut end = first;
    row[first..last].chunk_by(|a, b| a == b).filter_map(move |run| {
        end += run.len();
        run[0].then(|| end - run.len()..end)
    })
}

/// Rows of a disc about a pixel: how far each lies off, and how many pixels it reaches to either side.
fn disc_rows(pixel_mm: [f64; 2], reach_mm: f64) -> impl Iterator<Item = (isize, usize)> {
    let high = (reach_mm / pixel_mm[1] + 1e-9) as isize;
    (-high..=high).map(move |dy| {
        let y_mm = dy as f64 * pixel_mm[1];
        (dy, ((reach_mm * reach_mm - y_mm * y_mm).max(0.0).sqrt() / pixel_mm[0] + 1e-9) as usize)
    })
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
