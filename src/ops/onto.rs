//! A mask brought onto another grid by geometry.

use crate::geometry::{Extent, Geometry};
use crate::volume::{Mask, Volume, traverse};

/// `out(v) = mask(nearest(v))` at the voxel centres of `grid`; false where the mask's grid does not reach.
pub fn onto(mask: &Mask, grid: &Geometry) -> Mask {
    let from = mask.geometry();
    let [nx, ny, _] = grid.dims;
    let start = from.to_index(grid.to_patient([0.0; 3]));
    let step: [[f64; 3]; 3] = std::array::from_fn(|a| {
        let one = std::array::from_fn(|b| if a == b { 1.0 } else { 0.0 });
        let there = from.to_index(grid.to_patient(one));
        std::array::from_fn(|b| there[b] - start[b])
    });
    let at = |x: usize, y: usize, z: usize| {
        let index =
            std::array::from_fn(|b| start[b] + x as f64 * step[0][b] + y as f64 * step[1][b] + z as f64 * step[2][b]);
        nearest(index, from.dims).is_some_and(|[x, y, z]| mask.voxels()[(z, y, x)])
    };
    let mut out = vec![false; grid.len()];
    traverse::fill_runs(&mut out, nx, |row, run| {
        let (y, z) = (row % ny, row / ny);
        run.iter_mut().enumerate().for_each(|(x, voxel)| *voxel = at(x, y, z));
    });
    Volume::new(grid.clone(), out).expect("as many voxels as the grid has")
}

/// The voxels of `grid` that a box of another grid can reach; `None` if it lies outside.
pub fn footprint(from: &Geometry, extent: &Extent, grid: &Geometry) -> Option<Extent> {
    let mut lo = [f64::INFINITY; 3];
    let mut hi = [f64::NEG_INFINITY; 3];
    for corner in 0..8_usize {
        let edge = |a: usize| if corner >> a & 1 == 0 { extent.lo[a] } else { extent.hi[a] };
        let index = grid.to_index(from.to_patient(std::array::from_fn(|a| edge(a) as f64 - 0.5)));
        for a in 0..3 {
            lo[a] = lo[a].min(index[a]);
            hi[a] = hi[a].max(index[a]);
        }
    }
    let reached = |a: usize| {
        let (first, last) = (lo[a].ceil().max(0.0), hi[a].floor().min(grid.dims[a] as f64 - 1.0));
        (first <= last).then_some((first as usize, last as usize + 1))
    };
    let [x, y, z] = [reached(0)?, reached(1)?, reached(2)?];
    Some(Extent { lo: [x.0, y.0, z.0], hi: [x.1, y.1, z.1] })
}

fn nearest(index: [f64; 3], dims: [usize; 3]) -> Option<[usize; 3]> {
    let rounded = index.map(|i| (i + 0.5).floor());
    let inside = (0..3).all(|a| rounded[a] >= 0.0 && rounded[a] < dims[a] as f64);
    inside.then(|| rounded.map(|i| i as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball of 5 mm around (10, 10, 10), drawn on any grid by its patient coordinates.
    fn ball(grid: Geometry) -> Mask {
        let g = grid.clone();
        Mask::from_fn(grid, |v| {
            let p = g.to_patient(v.map(|i| i as f64));
            p.iter().map(|c| (c - 10.0) * (c - 10.0)).sum::<f64>() <= 25.0
        })
    }

    fn turned() -> Geometry {
        Geometry {
            dims: [60, 50, 40],
            spacing: [0.5, 0.5, 0.75],
            origin: [20.0, -8.0, -1.0],
            axes: [[-0.8, 0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]],
        }
    }

    #[test]
    fn a_mask_stays_where_it_is_in_the_patient() {
        let image = Geometry::upright([24, 24, 24], [1.0; 3]);
        let moved = onto(&ball(turned()), &image);
        let half_diagonal = 0.516;
        for ((z, y, x), &inside) in moved.voxels().indexed_iter() {
            let radius = [x, y, z].iter().map(|&i| (i as f64 - 10.0).powi(2)).sum::<f64>().sqrt();
            assert!(inside == (radius <= 5.0) || (radius - 5.0).abs() <= half_diagonal, "{x} {y} {z}");
        }
        let slow = Mask::from_fn(image.clone(), |v| {
            let from = ball(turned());
            let index = from.geometry().to_index(image.to_patient(v.map(|i| i as f64)));
            nearest(index, from.geometry().dims).is_some_and(|[x, y, z]| from.voxels()[(z, y, x)])
        });
        assert_eq!(moved, slow);
    }

    #[test]
    fn the_footprint_holds_every_voxel_that_is_reached() {
        let image = Geometry::upright([24, 24, 24], [1.0; 3]);
        let mask = ball(turned());
        let box_of = footprint(mask.geometry(), &mask.extent().unwrap(), &image).unwrap();
        let landed = onto(&mask, &image).extent().unwrap();
        assert_eq!(box_of.union(&landed), box_of);
        assert!((0..3).all(|a| box_of.dims()[a] <= 20));
    }

    #[test]
    fn a_mask_elsewhere_has_no_footprint() {
        let image = Geometry::upright([4, 4, 4], [1.0; 3]);
        let far = Geometry { origin: [100.0, 0.0, 0.0], ..image.clone() };
        assert_eq!(footprint(&far, &Extent::whole([4; 3]), &image), None);
        assert_eq!(onto(&Mask::from_fn(far, |_| true), &image).count(), 0);
    }
}
