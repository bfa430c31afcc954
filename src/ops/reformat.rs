//! A volume on another grid: image linear, mask by the nearest voxel.

use crate::geometry::{Geometry, Vec3, add_scaled};
use crate::volume::traverse::fill_runs;
use crate::volume::{Mask, Volume};

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

/// `out(v) = source(v)`, trilinear; the nearest voxel's value beyond the source.
pub fn linear(source: &Volume<f32>, grid: &Geometry) -> Volume<f32> {
    resample(source, grid, |voxels, dims, at| {
        let base = at.map(f64::floor);
        let value = |corner: usize| {
            let index = std::array::from_fn(|a| base[a] + (corner >> a & 1) as f64);
            let weight: f64 = (0..3).map(|a| 1.0 - (at[a] - index[a]).abs()).product();
            weight * f64::from(voxels[offset(index, dims)])
        };
        (0..8).map(value).sum::<f64>() as f32
    })
}

/// `out(v) = source(nearest voxel)`; nothing beyond the source.
pub fn nearest(source: &Mask, grid: &Geometry) -> Mask {
    resample(source, grid, |voxels, dims, at| {
        let near = at.map(f64::round);
        let inside = (0..3).all(|a| near[a] >= 0.0 && near[a] < dims[a] as f64);
        inside && voxels[offset(near, dims)]
    })
}

fn resample<T: Copy + Default + Send + Sync>(
    source: &Volume<T>,
    grid: &Geometry,
    at: impl Fn(&[T], [usize; 3], Vec3) -> T + Sync + Send,
) -> Volume<T> {
    let from = source.geometry();
    let [nx, ny, _] = grid.dims;
    let start = from.to_index(grid.origin);
    let step: [Vec3; 3] = std::array::from_fn(|a| {
        let next = from.to_index(add_scaled(grid.origin, grid.spacing[a], grid.axes[a]));
        std::array::from_fn(|b| next[b] - start[b])
    });
    let mut out = vec![T::default(); grid.len()];
    fill_runs(&mut out, nx, |row, run| {
        let line = add_scaled(add_scaled(start, (row % ny) as f64, step[1]), (row / ny) as f64, step[2]);
        for (x, v) in run.iter_mut().enumerate() {
            *v = at(source.as_slice(), from.dims, add_scaled(line, x as f64, step[0]));
        }
    });
    Volume::new(grid.clone(), out).expect("the buffer was made for this grid")
}

/// Storage index of the voxel nearest to a whole-numbered position.
fn offset(index: Vec3, dims: [usize; 3]) -> usize {
    let i: [usize; 3] = std::array::from_fn(|a| index[a].clamp(0.0, dims[a] as f64 - 1.0) as usize);
    (i[2] * dims[1] + i[1]) * dims[0] + i[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_in_space_stays_a_plane() {
        let (s, c) = libm::sincos(0.5);
        let tilted = Geometry {
            dims: [30, 28, 26],
            spacing: [1.0, 1.1, 1.2],
            origin: [3.0, -4.0, 5.0],
            axes: [[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]],
        };
        let f = |p: Vec3| 2.0 * p[0] - 3.0 * p[1] + 0.5 * p[2];
        let source = Volume::from_fn(tilted.clone(), |i| f(tilted.to_patient(i.map(|v| v as f64))) as f32);
        let grid = axial_grid(&tilted, [0.8; 3], true);
        let out = linear(&source, &grid);
        let middle = grid.dims.map(|n| n / 2);
        let value = out.voxels()[(middle[2], middle[1], middle[0])];
        assert!((f64::from(value) - f(grid.to_patient(middle.map(|v| v as f64)))).abs() < 1e-4);
    }

    #[test]
    fn the_same_grid_changes_nothing() {
        let g = Geometry::upright([4, 5, 6], [1.0, 2.0, 3.0]);
        let mask = Mask::from_fn(g.clone(), |[x, y, z]| (x + 2 * y + z) % 3 == 0);
        assert_eq!(axial_grid(&g, g.spacing, false), g);
        assert_eq!(nearest(&mask, &g), mask);
    }
}
