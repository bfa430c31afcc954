//! The vertebral canal on axial slices, and how much of it the tumour takes (method.md 1.5).

use super::bits::Bits;
use super::outline::Place;
use crate::volume::{Mask, Volume};

/// The canal on one slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CanalSlice {
    /// Its area with everything in it, mm2.
    pub canal_mm2: f64,
    /// How much of that is tumour, mm2.
    pub filled_mm2: f64,
    /// Whether the slice has tumour anywhere.
    pub at_tumour: bool,
}

impl CanalSlice {
    /// `a / (a + b)`: the tumour's share of the canal; `None` where there is no canal.
    pub fn occupancy(&self) -> Option<f64> {
        (self.canal_mm2 > 0.0).then(|| self.filled_mm2 / self.canal_mm2)
    }
}

/// The canal on each of `places`, by whole pixels.
pub fn slices(canal: &Mask, tumour: &Mask, places: &[Place]) -> Vec<CanalSlice> {
    let pixel_mm2 = canal.geometry().pixel_area_mm2();
    let area = |n: usize| n as f64 * pixel_mm2;
    let on_plane = |plane: usize| {
        let both = canal.plane(plane).iter().zip(tumour.plane(plane)).filter(|(c, t)| **c && **t).count();
        let canal = canal.plane(plane).iter().filter(|&&c| c).count();
        let at_tumour = tumour.plane(plane).iter().any(|&t| t);
        CanalSlice { canal_mm2: area(canal), filled_mm2: area(both), at_tumour }
    };
    places.iter().map(|place| on_plane(place.plane)).collect()
}

/// The canal with the cord in it, and whether the cord had been left out: a tenth of it or more.
pub fn with_cord(canal: &Mask, cord: &Mask) -> (Mask, bool) {
    let both = || canal.as_slice().iter().zip(cord.as_slice());
    let left_out = both().filter(|(canal, cord)| **cord && !**canal).count();
    let joined = both().map(|(canal, cord)| *canal || *cord).collect();
    let joined = Volume::new(canal.geometry().clone(), joined).expect("as many voxels as before");
    (joined, left_out * 10 >= cord.count().max(1))
}

/// Whether the canal was drawn without the tumour that has grown into it: they touch on a slice and nowhere overlap.
pub fn leaves_out(canal: &Mask, tumour: &Mask) -> bool {
    let overlap = canal.as_slice().iter().zip(tumour.as_slice()).any(|(canal, tumour)| *canal && *tumour);
    !overlap && touch_in_plane(&Bits::of(canal), &Bits::of(tumour))
}

/// Whether a voxel of one has a neighbour of the other along x or y.
fn touch_in_plane(a: &Bits, b: &Bits) -> bool {
    let [_, ny, nz] = a.dims();
    let meet = |a: &[u64], b: &[u64]| a.iter().zip(b).any(|(a, b)| a & b != 0);
    let beside = |a: &[u64], b: &[u64]| {
        let carried = |k: usize| if k > 0 { b[k - 1] >> 63 } else { 0 };
        a.iter().zip(b).enumerate().any(|(k, (a, b))| a & (b << 1 | carried(k)) != 0)
    };
    (0..nz).any(|z| {
        (0..ny).any(|y| {
            let (here, there) = (a.row(y, z), b.row(y, z));
            let along_x = beside(here, there) || beside(there, here);
            let along_y = y + 1 < ny && (meet(here, b.row(y + 1, z)) || meet(a.row(y + 1, z), there));
            along_x || along_y
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    fn grid() -> Geometry {
        Geometry::upright([100, 20, 2], [0.5, 0.5, 3.0])
    }

    fn block(x: std::ops::Range<usize>, planes: std::ops::Range<usize>) -> Mask {
        Mask::from_fn(grid(), |[i, j, k]| x.contains(&i) && (5..15).contains(&j) && planes.contains(&k))
    }

    #[test]
    fn a_third_of_the_canal_is_a_third() {
        let places = [0, 1].map(|plane| Place::new(&grid(), plane, 7));
        let found = slices(&block(10..40, 0..2), &block(30..60, 1..2), &places);
        let canal_mm2 = 300.0 * 0.25;
        assert_eq!(found[0], CanalSlice { canal_mm2, filled_mm2: 0.0, at_tumour: false });
        assert_eq!(found[1], CanalSlice { canal_mm2, filled_mm2: canal_mm2 / 3.0, at_tumour: true });
        assert_eq!(found[1].occupancy(), Some(1.0 / 3.0));
        assert_eq!(CanalSlice { canal_mm2: 0.0, ..found[0] }.occupancy(), None);
    }

    #[test]
    fn a_cord_that_was_left_out_is_joined_and_one_whose_edge_differs_is_no_remark() {
        let (joined, left_out) = with_cord(&block(10..40, 0..1), &block(40..50, 0..1));
        assert_eq!((joined, left_out), (block(10..50, 0..1), true));
        assert!(!with_cord(&block(10..40, 0..1), &block(20..40, 0..1)).1);
        let (joined, left_out) = with_cord(&block(10..40, 0..1), &block(20..42, 0..1));
        assert_eq!((joined.count(), left_out), (320, false));
    }

    /// Rows of 100 voxels, so that neighbours lie in different words of 64.
    #[test]
    fn masks_that_touch_without_overlap_are_told_from_those_apart() {
        for at in [30, 63, 64, 65] {
            assert!(leaves_out(&block(10..at, 0..2), &block(at..90, 0..1)), "{at}");
            assert!(leaves_out(&block(at..90, 0..2), &block(10..at, 1..2)), "{at}");
            assert!(!leaves_out(&block(10..at, 0..2), &block(at + 1..90, 0..2)), "a voxel between");
            assert!(!leaves_out(&block(10..at, 0..1), &block(at..90, 1..2)), "on different slices");
            assert!(!leaves_out(&block(10..at, 0..2), &block(at - 1..90, 0..2)), "they overlap");
        }
        let below = Mask::from_fn(grid(), |[i, j, k]| i == 70 && j == 4 && k == 0);
        assert!(leaves_out(&block(60..90, 0..1), &below), "along y");
        let corner = Mask::from_fn(grid(), |[i, j, k]| i == 59 && j == 4 && k == 0);
        assert!(!leaves_out(&block(60..90, 0..1), &corner), "a corner is no contact");
    }
}
