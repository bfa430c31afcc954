//! The grid of an axial reformat.

use crate::geometry::{Geometry, Vec3};

/// The grid of `spacing` that covers `source`: along the patient axes if `upright`, else along its own.
pub fn axial_grid(source: &Geometry, spacing: Vec3, upright: bool) -> Geometry {
    let mut grid = if upright { Geometry::upright([1; 3], spacing) } else { Geometry { spacing, ..source.clone() } };
    grid.origin = source.origin;
    let corners = (0..8).map(|c: usize| {
        let end = |a: usize| if c >> a & 1 == 1 { source.dims[a] as f64 - 1.0 } else { 0.0 };
        grid.to_index(source.to_patient([end(0), end(1), end(2)]))
    });
    let (lo, hi) = corners.fold(([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]), |(lo, hi), i| {
        (std::array::from_fn(|a| i[a].min(lo[a])), std::array::from_fn(|a| i[a].max(hi[a])))
    });
    grid.origin = grid.to_patient(lo);
    grid.dims = std::array::from_fn(|a: usize| (hi[a] - lo[a] + 1e-6).floor() as usize + 1);
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_holds_every_corner_of_the_source() {
        let (s, c) = libm::sincos(0.5);
        let axes = [[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]];
        let tilted = Geometry { dims: [30, 28, 26], spacing: [1.0, 1.1, 1.2], origin: [3.0, -4.0, 5.0], axes };
        let grid = axial_grid(&tilted, [0.8; 3], true);
        assert_eq!(grid.axial_tilt_deg(), 0.0);
        for corner in 0..8_usize {
            let end = |a: usize| if corner >> a & 1 == 1 { tilted.dims[a] as f64 - 1.0 } else { 0.0 };
            let at = grid.to_index(tilted.to_patient([end(0), end(1), end(2)]));
            assert!((0..3).all(|a| at[a] > -1e-6 && at[a] < grid.dims[a] as f64), "{at:?}");
        }
    }

    #[test]
    fn its_own_spacing_is_its_own_grid() {
        let g = Geometry::upright([4, 5, 6], [1.0, 2.0, 3.0]);
        assert_eq!(axial_grid(&g, g.spacing, false), g);
    }
}
