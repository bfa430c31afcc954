//! The vertebral canal on axial slices, and how much of it the tumour takes (method.md 1.5).

use super::bits::Bits;
use super::outline::Place;
use super::sampling::area_sd_mm2;
use crate::geometry::Extent;
use crate::volume::Mask;
use ndarray::{Array2, Zip, s};

/// The canal on one slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CanalSlice {
    /// Its area with everything in it, mm2.
    pub canal_mm2: f64,
    /// How much of that is tumour, mm2.
    pub filled_mm2: f64,
    /// SD of the tumour in it and of the rest of it for being counted in pixels, mm2.
    pub counted_sd_mm2: [f64; 2],
    /// Whether the slice has tumour anywhere.
    pub at_tumour: bool,
}

impl CanalSlice {
    /// `a / (a + b)`: the tumour's share of the canal; `None` where there is no canal.
    pub fn occupancy(&self) -> Option<f64> {
        (self.canal_mm2 > 0.0).then(|| self.filled_mm2 / self.canal_mm2)
    }

    /// SD of the share for pixels, of `a / (a + b)` with errors of `a` and `b` apart; of a canal that is all or nothing of the
    /// tumour's, what its own border may hide.
    pub fn occupancy_sd(&self) -> f64 {
        let ([a_sd, b_sd], a) = (self.counted_sd_mm2, self.filled_mm2);
        let b = self.canal_mm2 - a;
        let whole_mm2 = self.canal_mm2.max(f64::MIN_POSITIVE);
        if a * b > 0.0 {
            libm::hypot(b * a_sd, a * b_sd) / whole_mm2 / whole_mm2
        } else {
            self.canal_sd_mm2() / whole_mm2
        }
    }

    /// SD of the canal's area for pixels, mm2.
    pub fn canal_sd_mm2(&self) -> f64 {
        libm::hypot(self.counted_sd_mm2[0], self.counted_sd_mm2[1])
    }
}

/// The canal on each of `places`, by whole pixels.
pub fn slices(canal: &Mask, tumour: &Mask, places: &[Place]) -> Vec<CanalSlice> {
    let [sx, sy, _] = canal.geometry().spacing;
    let area = |mask: &Array2<bool>| mask.iter().filter(|&&m| m).count() as f64 * sx * sy;
    // What lies around the canal counts only by being there.
    let Extent { lo, hi } = canal.extent().unwrap_or(Extent::whole([1; 3])).grown([1, 1, 0], canal.geometry().dims);
    let around = s![lo[1]..hi[1], lo[0]..hi[0]];
    let on_plane = |plane: usize| {
        let (canal, whole) = (canal.plane(plane), tumour.plane(plane));
        let (canal, tumour) = (canal.slice(around), whole.slice(around));
        let filled = Zip::from(canal).and(tumour).map_collect(|c, t| *c && *t);
        let free = Zip::from(canal).and(tumour).map_collect(|c, t| *c && !*t);
        CanalSlice {
            canal_mm2: area(&filled) + area(&free),
            filled_mm2: area(&filled),
            counted_sd_mm2: [&filled, &free].map(|part| area_sd_mm2(part.view(), [sx, sy])),
            at_tumour: whole.iter().any(|&t| t),
        }
    };
    places.iter().map(|place| on_plane(place.plane)).collect()
}

/// The canal with the cord in it, and whether the cord had been left out: a tenth of it or more.
///
/// Only on slices that have canal: where it was not drawn, the cord is not all of it.
pub fn with_cord(canal: &Mask, cord: &Mask) -> (Mask, bool) {
    let (mut joined, mut shown, mut left_out) = (canal.clone(), 0, 0);
    let plane = canal.geometry().dims[0] * canal.geometry().dims[1];
    let planes = joined.as_mut_slice().chunks_exact_mut(plane).zip(cord.as_slice().chunks_exact(plane));
    for (canal, cord) in planes.filter(|(canal, _)| canal.contains(&true)) {
        for (canal, _) in canal.iter_mut().zip(cord).filter(|(_, cord)| **cord) {
            shown += 1;
            left_out += usize::from(!*canal);
            *canal = true;
        }
    }
    (joined, left_out > 0 && left_out * 10 >= shown)
}

/// Whether the canal was drawn without the tumour that has grown into it: they meet along more pixels than they share.
///
/// Where the canal holds the tumour, they meet only where it passes the wall; drawn by hand, masks that exclude each other
/// share a few pixels all the same.
pub fn leaves_out(canal: &Mask, tumour: &Mask) -> bool {
    let shared = canal.and(tumour).count();
    contact(&Bits::of(tumour), &Bits::of(canal)) > shared
}

/// How many voxels of one alone have a neighbour along x or y that is of the other alone.
fn contact(one: &Bits, other: &Bits) -> usize {
    let [_, ny, nz] = one.dims();
    let alone = |a: &Bits, b: &Bits, y: usize, z: usize| -> Vec<u64> {
        a.row(y, z).iter().zip(b.row(y, z)).map(|(a, b)| a & !b).collect()
    };
    let others = |y: Option<usize>, z: usize| y.filter(|&y| y < ny).map(|y| alone(other, one, y, z));
    let on_row = |y: usize, z: usize| -> usize {
        let near = [others(y.checked_sub(1), z), others(Some(y + 1), z), Some(beside(&alone(other, one, y, z)))];
        let touched = |k: usize| near.iter().flatten().fold(0, |all, row| all | row[k]);
        alone(one, other, y, z).iter().enumerate().map(|(k, word)| (word & touched(k)).count_ones() as usize).sum()
    };
    (0..nz).map(|z| (0..ny).map(|y| on_row(y, z)).sum::<usize>()).sum()
}

/// The voxels right before and after those of a row.
fn beside(row: &[u64]) -> Vec<u64> {
    let word = |k: Option<usize>| k.and_then(|k| row.get(k)).copied().unwrap_or(0);
    let around =
        |(k, here): (usize, &u64)| here << 1 | here >> 1 | word(k.checked_sub(1)) >> 63 | word(Some(k + 1)) << 63;
    row.iter().enumerate().map(around).collect()
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
        let areas = |k: usize| (found[k].canal_mm2, found[k].filled_mm2, found[k].at_tumour);
        assert_eq!(areas(0), (canal_mm2, 0.0, false));
        assert_eq!(areas(1), (canal_mm2, canal_mm2 / 3.0, true));
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
        let (joined, _) = with_cord(&block(10..40, 0..1), &block(20..60, 0..2));
        assert_eq!(joined, block(10..60, 0..1), "a slice without canal has none");
    }

    /// Rows of 100 voxels, so that neighbours lie in different words of 64.
    #[test]
    fn masks_that_touch_without_overlap_are_told_from_those_apart() {
        for at in [30, 63, 64, 65] {
            assert!(leaves_out(&block(10..at, 0..2), &block(at..90, 0..1)), "{at}");
            assert!(leaves_out(&block(at..90, 0..2), &block(10..at, 1..2)), "{at}");
            assert!(!leaves_out(&block(10..at, 0..2), &block(at + 1..90, 0..2)), "a voxel between");
            assert!(!leaves_out(&block(10..at, 0..1), &block(at..90, 1..2)), "on different slices");
            assert!(!leaves_out(&block(10..at, 0..2), &block(at - 2..90, 0..2)), "they overlap");
        }
        let one_shared = Mask::from_fn(grid(), |[i, j, k]| {
            ((60..90).contains(&i) && (5..15).contains(&j)) || (i, j, k) == (59, 7, 0)
        });
        assert!(leaves_out(&block(10..60, 0..2), &one_shared), "a pixel that both have by mistake");
        let below = Mask::from_fn(grid(), |[i, j, k]| i == 70 && j == 4 && k == 0);
        assert!(leaves_out(&block(60..90, 0..1), &below), "along y");
        let corner = Mask::from_fn(grid(), |[i, j, k]| i == 59 && j == 4 && k == 0);
        assert!(!leaves_out(&block(60..90, 0..1), &corner), "a corner is no contact");
    }
}
