//! What is left of a segmentation when it is tidied up: one piece, without threads and holes (method.md 6.3).

use super::growcut::Seed;
use crate::ops::components::pieces_over;
use crate::ops::dilation::within;
use crate::ops::runs::Neighbours;
use crate::volume::{Mask, Volume};
use ndarray::{Array2, ArrayView2};

/// Opened by a pixel in plane, then the piece that holds most of the seeds inside, its holes in each slice filled but for
/// those with a seed outside: a tumour around the canal leaves the canal.
///
/// No piece holds any of the seeds inside: nothing is left.
pub fn tidied(mask: &Mask, seeds: &Volume<Seed>) -> Mask {
    let Some(extent) = mask.extent() else { return mask.clone() };
    // A pixel more, which belongs to what lies around.
    let part = extent.grown([1, 1, 0], mask.geometry().dims);
    let (small, seeds) = (mask.crop(&part), seeds.crop(&part));
    let opened = by_planes(&small, |_, plane| opened(plane));
    let piece = piece_with(&opened, |i| seeds.as_slice()[i] == Seed::Inside);
    by_planes(&piece, |z, inside| filled(inside, seeds.plane(z))).placed(mask.geometry(), part.lo)
}

fn by_planes(mask: &Mask, f: impl Fn(usize, ArrayView2<'_, bool>) -> Array2<bool>) -> Mask {
    let planes: Vec<_> = (0..mask.geometry().dims[2]).map(|z| f(z, mask.plane(z))).collect();
    Mask::from_planes(mask.geometry().clone(), &planes)
}

/// Shrunk by a pixel and grown again: what is narrower than two pixels is gone.
fn opened(plane: ArrayView2<'_, bool>) -> Array2<bool> {
    let grown = |plane: ArrayView2<'_, bool>| within(plane, [1.0; 2], 1.0);
    let shrunk = grown(plane.map(|inside| !inside).view()).map(|inside| !inside);
    grown(shrunk.view())
}

fn piece_with(mask: &Mask, core: impl Fn(usize) -> bool) -> Mask {
    let pieces = pieces_over(mask.voxels(), Neighbours::Faces);
    let mut held = vec![0_usize; pieces.sizes.len() + 1];
    for (i, &label) in pieces.labels.iter().enumerate() {
        held[label as usize] += usize::from(label > 0 && core(i));
    }
    // Of equal ones the first.
    let most = (1..held.len()).rev().max_by_key(|&label| held[label]).filter(|&label| held[label] > 0);
    let kept = pieces.labels.iter().map(|&label| most == Some(label as usize));
    Mask::new(mask.geometry().clone(), kept.collect()).expect("as many voxels as before")
}

/// The plane and what it encloses: all that no way over sides leads to from beyond the plane or from a seed outside.
fn filled(plane: ArrayView2<'_, bool>, seeds: ArrayView2<'_, Seed>) -> Array2<bool> {
    let (ny, nx) = plane.dim();
    let mut outside = Array2::from_elem((ny, nx), false);
    let border = (0..nx).flat_map(|x| [(0, x), (ny - 1, x)]).chain((0..ny).flat_map(|y| [(y, 0), (y, nx - 1)]));
    let barred = seeds.indexed_iter().filter(|(_, seed)| **seed == Seed::Outside).map(|(i, _)| i);
    let mut open: Vec<(usize, usize)> = border.chain(barred).collect();
    while let Some((y, x)) = open.pop() {
        if plane[(y, x)] || std::mem::replace(&mut outside[(y, x)], true) {
            continue;
        }
        let beside = [(y.wrapping_sub(1), x), (y + 1, x), (y, x.wrapping_sub(1)), (y, x + 1)];
        open.extend(beside.into_iter().filter(|&(y, x)| y < ny && x < nx));
    }
    outside.map(|outside| !outside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    #[test]
    fn threads_strangers_and_holes_go() {
        let block = |x: usize, y: usize, lo: usize, hi: usize| (lo..hi).contains(&x) && (2..10).contains(&y);
        let mask = Mask::from_fn(Geometry::upright([30, 12, 3], [0.7, 0.7, 4.0]), |[x, y, z]| {
            let hole = z == 1 && (x, y) == (5, 5);
            (block(x, y, 2, 10) && !hole) || (y == 6 && x > 9) || block(x, y, 15, 28)
        });
        let seed = |i: usize| match (i % 30, i / 30 % 12, i / 360) {
            (3, 3, _) => Seed::Inside,
            _ => Seed::Open,
        };
        let seeds = (0..mask.as_slice().len()).map(seed).collect();
        let left = tidied(&mask, &Volume::new(mask.geometry().clone(), seeds).unwrap());
        for (i, &inside) in left.as_slice().iter().enumerate() {
            let (x, y) = (i % 30, i / 30 % 12);
            let corner = [2, 9].contains(&x) && [2, 9].contains(&y);
            // Where the thread began, the cross that opens still fits.
            let stump = (x, y) == (10, 6);
            assert_eq!(inside, block(x, y, 2, 10) && !corner || stump, "{x} {y}");
        }
        let open = Volume::from_fn(mask.geometry().clone(), |_| Seed::Open);
        assert_eq!(tidied(&mask, &open).count(), 0);
    }

    #[test]
    fn a_hole_with_a_seed_outside_stays() {
        let hole = |i: usize| (5..8).contains(&(i % 12)) && (5..8).contains(&(i / 12 % 12));
        let mask = Mask::from_fn(Geometry::upright([12, 12, 2], [0.7, 0.7, 4.0]), |[x, y, z]| {
            (2..11).contains(&x) && (2..11).contains(&y) && !hole(x + 12 * (y + 12 * z))
        });
        let seed = |i: usize| match i {
            40 => Seed::Inside,
            i if i == 6 + 12 * 6 => Seed::Outside,
            _ => Seed::Open,
        };
        let seeds = Volume::new(mask.geometry().clone(), (0..288).map(seed).collect()).unwrap();
        let left = tidied(&mask, &seeds);
        let in_hole = |z: usize| (144 * z..144 * (z + 1)).filter(|&i| hole(i) && left.as_slice()[i]).count();
        assert_eq!([in_hole(0), in_hole(1)], [0, 9]);
    }
}
