//! Means over the small squares that a plane is cut into.

use ndarray::{ArrayView2, Axis};

/// The mean of each square of `side` columns and rows, row after row of squares, NaN where the mask has a part in it; what is
/// left over at the far ends is in no square.
pub fn means_outside(pixels: ArrayView2<'_, f32>, mask: ArrayView2<'_, bool>, side: [usize; 2]) -> Vec<f64> {
    let rows = pixels.axis_chunks_iter(Axis(0), side[1]).zip(mask.axis_chunks_iter(Axis(0), side[1]));
    let mut means = Vec::new();
    rows.take(pixels.nrows() / side[1]).for_each(|(pixels, mask)| row_of_squares(pixels, mask, side, &mut means));
    means
}

fn row_of_squares(pixels: ArrayView2<'_, f32>, mask: ArrayView2<'_, bool>, side: [usize; 2], means: &mut Vec<f64>) {
    let count = pixels.ncols() / side[0];
    let (mut sums, mut is_inside) = (vec![0.0; count], vec![false; count]);
    for (pixels, mask) in pixels.rows().into_iter().zip(mask.rows()) {
        let (pixels, mask) = (pixels.to_slice().expect(CONTIGUOUS), mask.to_slice().expect(CONTIGUOUS));
        for (sum, pixels) in sums.iter_mut().zip(pixels.chunks_exact(side[0])) {
            *sum = pixels.iter().fold(*sum, |sum, &v| sum + f64::from(v));
        }
        for (is_inside, mask) in is_inside.iter_mut().zip(mask.chunks_exact(side[0])) {
            *is_inside = mask.iter().fold(*is_inside, |any, &m| any | m);
        }
    }
    let mean = |(sum, is_inside)| if is_inside { f64::NAN } else { sum / (side[0] * side[1]) as f64 };
    means.extend(sums.into_iter().zip(is_inside).map(mean));
}

const CONTIGUOUS: &str = "the pixels of a row lie side by side";

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, s};

    #[test]
    fn each_square_has_the_mean_of_its_pixels() {
        let plane = Array2::from_shape_fn((9, 13), |(y, x)| (y * 100 + x) as f32);
        let mut mask = Array2::from_elem((9, 13), false);
        mask[(4, 6)] = true;
        // Of rows 1 to 7 and columns 2 to 11: two rows of three squares, the last row and column left over.
        let part = s![1..8, 2..12];
        let found = means_outside(plane.slice(part), mask.slice(part), [3, 3]);
        // The middle pixel of each; the second square of the second row begins at row 4 and column 5.
        assert_eq!(found[..4], [203.0, 206.0, 209.0, 503.0]);
        assert!(found[4].is_nan() && found[5] == 509.0 && found.len() == 6);
    }
}
