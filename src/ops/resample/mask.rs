//! Masks on another grid, with a smooth surface: by distance to their border, or by the share of each voxel.

use super::{Beyond, Coarser, Interpolation, onto};
use crate::geometry::Geometry;
use crate::ops::distance_3d::signed_mm;
use crate::volume::{Mask, Volume, traverse};

/// `out(v) = d(v) < 0`, `d` the distance to the border, linear between voxels (Raya and Udupa 1990).
///
/// Between slices that lie far apart the surface runs straight from outline to outline, where the nearest voxel would
/// make steps. Nothing lies beyond the mask's grid.
pub fn by_distance(mask: &Mask, grid: &Geometry) -> Mask {
    let distance = traverse::map(&signed_mm(mask), |mm| mm.clamp(-FAR_MM, FAR_MM));
    let on_grid = onto(&distance, grid, Interpolation::Linear, Beyond::Value(FAR_MM), Coarser::Alias);
    traverse::map(&on_grid, |mm| *mm < 0.0)
}

/// Stands for infinity where there is no border, so that it can be interpolated; farther than any body is wide.
const FAR_MM: f32 = 1e4;

/// `out(v)`: at least half of `v` lies in the mask, voxels seen as Gaussians where the grid is coarser.
pub fn by_partial_volume(mask: &Mask, grid: &Geometry) -> Mask {
    let share: Volume<f32> = traverse::map(mask, |inside| f32::from(u8::from(*inside)));
    let on_grid = onto(&share, grid, Interpolation::Linear, Beyond::Value(0.0), Coarser::Smooth);
    traverse::map(&on_grid, |share| *share >= 0.5)
}
