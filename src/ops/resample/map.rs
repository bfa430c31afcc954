//! From voxels of the new grid to fractional indices of the source.

use crate::geometry::{Geometry, Vec3, add_scaled, dot};

/// How far, in source voxels, a walk along one axis may stray along another and still count as straight: 0.001 HU on an
/// edge of 1000 HU.
const STRAIGHT_PX: f64 = 1e-6;

/// `index = start + sum_a v_a step_a`
#[derive(Clone, Debug)]
pub struct Map {
    /// Index of the first voxel of the new grid.
    pub start: Vec3,
    /// How far one voxel of the new grid along x, y, z takes in source indices.
    pub step: [Vec3; 3],
    /// Voxels of the new grid.
    pub dims: [usize; 3],
    /// Voxels of the source.
    pub from: [usize; 3],
    /// Standard deviation along each source axis, in source voxels, of what makes its voxel as wide as the grid's.
    spread_px: Vec3,
}

impl Map {
    /// The map from `grid` to `source`.
    pub fn new(source: &Geometry, grid: &Geometry) -> Self {
        let start = source.to_index(grid.origin);
        let step = std::array::from_fn(|a| {
            let next = source.to_index(add_scaled(grid.origin, grid.spacing[a], grid.axes[a]));
            std::array::from_fn(|b| next[b] - start[b])
        });
        let spread_px = std::array::from_fn(|a| spread_px(source, grid, a));
        Self { start, step, dims: grid.dims, from: source.dims, spread_px }
    }

    /// Index of the first voxel of a row of the new grid.
    pub fn row(&self, y: usize, z: usize) -> Vec3 {
        add_scaled(add_scaled(self.start, y as f64, self.step[1]), z as f64, self.step[2])
    }

    /// Whether each axis of the new grid runs along the source's axis of the same name, forth or back.
    pub fn is_aligned(&self) -> bool {
        let strays = |a: usize, b: usize| self.step[a][b].abs() * self.dims[a] as f64;
        (0..3).all(|a| (0..3).all(|b| a == b || strays(a, b) < STRAIGHT_PX))
    }

    /// How much the source must be smoothed along an axis before this grid can hold it, standard deviation in voxels.
    pub fn spread_px(&self, axis: usize) -> f64 {
        self.spread_px[axis]
    }
}

/// A voxel is seen as a Gaussian whose full width at half maximum is its spacing; that of `grid` is laid along the
/// source's axis, and what the source's own lacks of it is left (Cardoso et al. 2015).
fn spread_px(source: &Geometry, grid: &Geometry, axis: usize) -> f64 {
    let along = |b: usize| grid.spacing[b] * dot(grid.axes[b], source.axes[axis]) / source.spacing[axis];
    let wanted: f64 = (0..3).map(|b| along(b) * along(b)).sum();
    let fwhm_in_sd = 8.0 * std::f64::consts::LN_2;
    ((wanted - 1.0).max(0.0) / fwhm_in_sd).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_coarser_is_smoothed() {
        let fine = Geometry::upright([9; 3], [0.5, 1.0, 3.0]);
        let map = Map::new(&fine, &Geometry::upright([9; 3], [1.0; 3]));
        // FWHM of sqrt(1 - 0.25) mm = 1.732 pixels of 0.5 mm.
        assert!((map.spread_px(0) - 3f64.sqrt() / 2.354_82).abs() < 1e-5);
        assert_eq!((map.spread_px(1), map.spread_px(2)), (0.0, 0.0));
        assert!(map.is_aligned());
    }
}
