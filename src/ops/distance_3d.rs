//! Exact Euclidean distance in space.
//!
//! `d(v)^2 = min_y (min_z (min_x dx^2) + dz^2) + dy^2` over the voxels of the mask: counted along the rows, then two lower
//! envelopes of parabolas (Felzenszwalb and Huttenlocher 2012), each over lines that lie side by side in memory. Between
//! the two the volume lies as (y, z, x), so that each walk fills one contiguous piece. Sums are in single precision: off
//! by less than 1e-6 of the distance. On workload W3 (78.6 M voxels, 0.24 % bone) 0.6 s of one thread where edt 3.1 takes
//! 3.7.

use crate::geometry::Geometry;
use crate::volume::traverse::fill_runs;
use crate::volume::{Mask, Volume};
use envelope::{Envelope, LANES};

mod envelope;

/// Distance of every voxel's centre to the nearest centre on the other side of the mask's border, mm: negative inside.
///
/// Nothing is known beyond the grid, so that its edge is no border; without any border distances are infinite.
pub fn signed_mm(mask: &Mask) -> Volume<f32> {
    let mut voxels = vec![0.0; mask.geometry().len()];
    // One of the two is 0 everywhere.
    add_distance(mask, true, &mut voxels, |v, to_inside| *v = to_inside);
    add_distance(mask, false, &mut voxels, |v, to_outside| *v -= to_outside);
    Volume::new(mask.geometry().clone(), voxels).expect("one distance for each voxel")
}

/// Distance of every voxel's centre to the nearest centre inside the mask, mm: 0 inside, infinite if the mask is empty.
pub fn to_mask_mm(mask: &Mask) -> Volume<f32> {
    let mut voxels = vec![0.0; mask.geometry().len()];
    add_distance(mask, true, &mut voxels, |v, to_inside| *v = to_inside);
    Volume::new(mask.geometry().clone(), voxels).expect("one distance for each voxel")
}

/// Hands the distance of every centre to the nearest one where the mask is `marked` to `take`; infinite if there is none.
fn add_distance(mask: &Mask, marked: bool, out: &mut [f32], take: impl Fn(&mut f32, f32) + Sync + Send) {
    let [nx, ny, _] = mask.geometry().dims;
    let strips = Strips::of(mask, marked);
    let squares = squares_mm2(ny, mask.geometry().spacing[1]);
    fill_runs(out, nx * ny, |z, plane| {
        if strips.marked.is_empty() {
            return plane.iter_mut().for_each(|v| take(v, f32::INFINITY));
        }
        let mut envelope = Envelope::new(&squares);
        for x in (0..nx).step_by(LANES) {
            let wide = LANES.min(nx - x);
            envelope.clear();
            strips.marked.iter().for_each(|&y| envelope.push(y, &strips.row(y, z)[x..x + wide]));
            envelope.read(|y, squared| {
                plane[y * nx + x..][..wide].iter_mut().zip(squared).for_each(|(v, mm2)| take(v, mm2.sqrt()));
            });
        }
    });
}

/// The volume as planes of equal y: squared distances, mm2, to the nearest marked voxel of the same plane.
struct Strips {
    dims: [usize; 3],
    mm2: Vec<f32>,
    /// The planes that have a marked voxel; in the others there is nothing, not even infinity.
    marked: Vec<usize>,
}

impl Strips {
    fn of(mask: &Mask, marked: bool) -> Self {
        let Geometry { dims: [nx, ny, nz], spacing, .. } = *mask.geometry();
        let (along_x, along_z) = (squares_mm2(nx, spacing[0]), squares_mm2(nz, spacing[2]));
        let row = |y: usize, z: usize| &mask.as_slice()[(z * ny + y) * nx..][..nx];
        let mut mm2 = vec![0.0; nx * ny * nz];
        fill_runs(&mut mm2, nx * nz, |y, strip| {
            let rows: Vec<usize> = (0..nz).filter(|&z| has(row(y, z), marked)).collect();
            rows.iter().for_each(|&z| along_row(row(y, z), marked, &along_x, &mut strip[z * nx..][..nx]));
            through(strip, nx, &rows, &along_z);
        });
        let marked = (0..ny).filter(|&y| (0..nz).any(|z| has(row(y, z), marked))).collect();
        Self { dims: [nx, ny, nz], mm2, marked }
    }

    fn row(&self, y: usize, z: usize) -> &[f32] {
        let [nx, _, nz] = self.dims;
        &self.mm2[(y * nz + z) * nx..][..nx]
    }
}

/// Squares of the lengths of 0 to n - 1 steps.
fn squares_mm2(n: usize, step_mm: f64) -> Vec<f32> {
    (0..n).map(|k| (k as f64 * step_mm * k as f64 * step_mm) as f32).collect()
}

/// Whether a row has a marked voxel.
fn has(row: &[bool], marked: bool) -> bool {
    // Without a way out in the middle, a part of a row is a few vector instructions.
    row.chunks(64).any(|part| part.iter().fold(false, |any, m| any | (*m == marked)))
}

/// Squared distance along a row to its nearest marked voxel, of which there is one.
fn along_row(mask: &[bool], marked: bool, squares_mm2: &[f32], row: &mut [f32]) {
    let count = |since: &mut usize, m: &bool| {
        *since = if *m == marked { 0 } else { *since + 1 };
        Some(*since)
    };
    let before: Vec<usize> = mask.iter().scan(mask.len(), count).collect();
    let after = mask.iter().rev().scan(mask.len(), count);
    row.iter_mut().rev().zip(before.iter().rev().zip(after)).for_each(|(v, (a, b))| *v = squares_mm2[b.min(*a)]);
}

/// The envelope along z over a plane of equal y, of which `rows` are filled.
fn through(strip: &mut [f32], nx: usize, rows: &[usize], squares_mm2: &[f32]) {
    if rows.is_empty() {
        return;
    }
    let mut envelope = Envelope::new(squares_mm2);
    for x in (0..nx).step_by(LANES) {
        let wide = LANES.min(nx - x);
        envelope.clear();
        rows.iter().for_each(|&z| envelope.push(z, &strip[z * nx + x..][..wide]));
        envelope.read(|z, squared| strip[z * nx + x..][..wide].copy_from_slice(&squared[..wide]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every voxel against every voxel of the other side.
    fn slow(mask: &Mask) -> Vec<f64> {
        let [nx, ny, _] = mask.geometry().dims;
        let place = |i: usize| {
            let at = [i % nx, i / nx % ny, i / nx / ny];
            [0, 1, 2].map(|a| at[a] as f64 * mask.geometry().spacing[a])
        };
        let m = mask.as_slice();
        let nearest = |i: usize| {
            let away = |j: usize| crate::geometry::norm(crate::geometry::sub(place(i), place(j)));
            (0..m.len()).filter(|&j| m[j] != m[i]).map(away).fold(f64::INFINITY, f64::min)
        };
        (0..m.len()).map(|i| if m[i] { -nearest(i) } else { nearest(i) }).collect()
    }

    proptest! {
        #[test]
        fn it_is_the_slow_twin(
            dims in [1..40_usize, 1..8, 1..7], step in [0.3..3.0_f64, 0.3..3.0, 0.3..6.0], seed: u64, share in 0..5_u64,
        ) {
            let g = Geometry::upright(dims, step);
            let odds = |v: [usize; 3]| (seed ^ ((v[0] + 31 * v[1] + 977 * v[2]) as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let mask = Mask::from_fn(g, |v| odds(v) % 5 < share);
            for (fast, slow) in signed_mm(&mask).as_slice().iter().zip(slow(&mask)) {
                let (fast, near) = (f64::from(*fast), 1e-6 * slow.abs());
                prop_assert!(fast == slow || (fast - slow).abs() <= near, "{fast} {slow}");
            }
            for (one, both) in to_mask_mm(&mask).as_slice().iter().zip(signed_mm(&mask).as_slice()) {
                prop_assert_eq!(*one, both.max(0.0));
            }
        }
    }
}
