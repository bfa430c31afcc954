//! A volume on another grid: nearest, linear or cubic B-spline, along the axes or through a rotation.
//!
//! `out(v) = sum_u source(u) beta(index(v) - u)` over the voxels `u` around the place of `v`, with `beta` a box, a tent,
//! or the cubic B-spline on coefficients that meet the voxels (Unser 1999). Where the grids' axes agree the sum factors
//! into one walk along each axis; otherwise each voxel is a sum of its own.

use crate::geometry::Geometry;
use crate::volume::Volume;
use filter::Filter;
use map::Map;

mod filter;
mod kernel;
mod map;
mod mask;
mod oblique;
mod separable;
mod taps;

pub use kernel::{SPLINE_POLE, cubic_weights, mirror};
pub use mask::{by_distance, by_partial_volume};

/// How values between voxel centres are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The nearest voxel's value.
    Nearest,
    /// Straight between neighbours.
    Linear,
    /// The cubic B-spline through all voxels, mirrored at the first and last centre.
    Cubic,
}

/// What stands where the source does not reach: more than half a voxel beyond its outermost centres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beyond {
    /// The value of the nearest place that is still a centre.
    Edge,
    /// One value.
    Value(f32),
}

/// What happens to detail that a coarser grid cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coarser {
    /// Nothing: values at points, as SimpleITK and SciPy give them; fine detail comes back as false coarse detail.
    Alias,
    /// It is smoothed away first, by the Gaussian that turns the source's voxel into the grid's (Cardoso 2015).
    Smooth,
}

/// `out(v) = source(v)`
pub fn onto(
    source: &Volume<f32>,
    grid: &Geometry,
    how: Interpolation,
    beyond: Beyond,
    coarser: Coarser,
) -> Volume<f32> {
    let map = Map::new(source.geometry(), grid);
    let filters = std::array::from_fn(|a| Filter {
        gauss: if coarser == Coarser::Smooth { filter::gauss(map.spread_px(a)) } else { Vec::new() },
        spline: how == Interpolation::Cubic,
    });
    let voxels = match (map.is_aligned(), how) {
        (true, Interpolation::Nearest) => separable::onto::<1>(source, &map, &filters, beyond),
        (true, Interpolation::Linear) => separable::onto::<2>(source, &map, &filters, beyond),
        (true, Interpolation::Cubic) => separable::onto::<4>(source, &map, &filters, beyond),
        (false, Interpolation::Nearest) => oblique::onto::<oblique::Near>(source, &map, &filters, beyond),
        (false, Interpolation::Linear) => oblique::onto::<oblique::Tent>(source, &map, &filters, beyond),
        (false, Interpolation::Cubic) => oblique::onto::<oblique::Spline>(source, &map, &filters, beyond),
    };
    Volume::new(grid.clone(), voxels).expect("the buffer was made for this grid")
}

#[cfg(test)]
#[path = "resample_tests.rs"]
mod tests;
