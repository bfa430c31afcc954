//! The marrow around a lesion: what native bone that is left inside looks like.
//!
//! Young marrow is as dense as the mineral threshold, and lesions leave islands of it. No image tells an island from new
//! bone of the same density; only what is clearly denser than the marrow around cannot be an island. Marrow is looked
//! for by means of small squares amid others of its kind: edges of cortex pass through every density, but are narrow.

use crate::ops::plane::Plane;
use crate::ops::squares::means_outside;
use ndarray::Array2;

/// The density of marrow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marrow {
    /// Mean, HU.
    pub mean_hu: f64,
    /// SD over squares of 2 mm, HU.
    pub sd_hu: f64,
}

/// Side of the squares, mm: three of them fit into no cortex (0.6 to 2 mm), with its blur.
const SQUARE_MM: f64 = 2.0;
/// Marrow, HU: above muscle and enhanced tumour, below cortex as displayed (method.md 2: 300 to 700, marrow of the
/// young 226 +- 44).
const MARROW_HU: std::ops::Range<f64> = 100.0..350.0;
/// Less marrow around the lesion than this tells nothing, mm2 over all slices.
const LEAST_MM2: f64 = 125.0;

/// Means of the squares of a slice outside the outline that lie amid marrow, HU.
pub fn squares(plane: &Plane<f32>, inside: &Array2<bool>) -> Vec<f64> {
    let side = side(plane.pixel_mm);
    let means = means_outside(plane.pixels.view(), inside.view(), side);
    let dim = (plane.pixels.nrows() / side[1], plane.pixels.ncols() / side[0]);
    let means = Array2::from_shape_vec(dim, means).unwrap_or_default();
    let amid = means.windows((3, 3)).into_iter().filter(|square| square.iter().all(|mean| MARROW_HU.contains(mean)));
    amid.map(|square| square[(1, 1)]).collect()
}

/// The marrow that all slices' squares show, each `square_mm2` large; `None` where there is too little.
pub fn marrow<'a>(squares: impl Iterator<Item = &'a f64> + Clone, square_mm2: f64) -> Option<Marrow> {
    let n = squares.clone().count() as f64;
    let mean_hu = squares.clone().sum::<f64>() / n;
    let variance = squares.map(|hu| (hu - mean_hu) * (hu - mean_hu)).sum::<f64>() / n;
    (n * square_mm2 > LEAST_MM2).then(|| Marrow { mean_hu, sd_hu: variance.sqrt() })
}

/// Area of a square, mm2.
pub fn square_mm2<T>(plane: &Plane<T>) -> f64 {
    let [columns, rows] = side(plane.pixel_mm);
    plane.pixel_area_mm2() * (rows * columns) as f64
}

/// Columns and rows of a square.
fn side(pixel_mm: [f64; 2]) -> [usize; 2] {
    pixel_mm.map(|mm| (SQUARE_MM / mm).round().max(1.0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plane of 0.5 mm pixels, 40 mm wide: soft tissue with a band of cortex, and marrow to the right of 20 mm.
    fn plane(marrow_hu: f32) -> (Plane<f32>, Array2<bool>) {
        let hu = |(y, x): (usize, usize)| match x {
            0..20 => 50.0,
            // Cortex 1.5 mm thick, blurred.
            20..26 => [120.0, 250.0, 320.0, 320.0, 250.0, 120.0][x - 20],
            26..40 => 50.0,
            _ => marrow_hu + if (x + y) % 2 == 0 { 30.0 } else { -30.0 },
        };
        let pixels = Array2::from_shape_fn((80, 80), hu);
        (Plane { pixels, corner_mm: [0.0; 2], pixel_mm: [0.5; 2] }, Array2::from_elem((80, 80), false))
    }

    #[test]
    fn marrow_is_found_and_the_edges_of_cortex_are_not_taken_for_it() {
        for marrow_hu in [130.0, 220.0, 290.0] {
            let (plane, inside) = plane(marrow_hu);
            let found = squares(&plane, &inside);
            // 18 of 20 rows, 8 of 10 columns of squares have marrow on all sides.
            assert_eq!(found.len(), 18 * 8);
            let marrow = marrow(found.iter(), square_mm2(&plane)).unwrap();
            assert!((marrow.mean_hu - f64::from(marrow_hu)).abs() < 1e-3 && marrow.sd_hu < 1e-3, "{marrow:?}");
        }
        let (soft, inside) = plane(60.0);
        assert!(squares(&soft, &inside).is_empty());
    }

    #[test]
    fn nothing_inside_the_outline_is_marrow_around_it() {
        let (plane, _) = plane(220.0);
        let inside = Array2::from_shape_fn((80, 80), |(_, x)| x >= 40);
        let found = squares(&plane, &inside);
        assert!(found.is_empty() && marrow(found.iter(), 4.0).is_none());
    }
}
