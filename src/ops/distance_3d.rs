//! Exact Euclidean distance in space.

use crate::geometry::Geometry;
use crate::volume::traverse::{each, fill_runs};
use crate::volume::{Mask, Volume};

/// Distance of every voxel's centre to the nearest centre on the other side of the mask's border, mm: negative inside.
///
/// Nothing is known beyond the grid, so that its edge is no border; without any border distances are infinite.
pub fn signed_mm(mask: &Mask) -> Volume<f32> {
    let (inward, outward) = (squared_mm2(mask, false), squared_mm2(mask, true));
    let voxels = inward.iter().zip(&outward).map(|(to_outside, to_inside)| to_inside.sqrt() - to_outside.sqrt());
    Volume::new(mask.geometry().clone(), voxels.collect()).expect("one distance for each voxel")
}

/// Squared distance of every centre to the nearest one where the mask is `marked`, mm2; infinite if there is none.
///
/// Felzenszwalb and Huttenlocher 2012: counted along the rows, then two lower envelopes of parabolas.
fn squared_mm2(mask: &Mask, marked: bool) -> Vec<f32> {
    let Geometry { dims: [nx, ny, nz], spacing, .. } = *mask.geometry();
    let mut planes = vec![0.0; mask.geometry().len()];
    fill_runs(&mut planes, nx * ny, |z, plane| {
        let inside = &mask.as_slice()[z * nx * ny..][..nx * ny];
        plane.chunks_mut(nx).zip(inside.chunks(nx)).for_each(|(row, m)| along_row(m, marked, spacing[0], row));
        let mut envelope = Envelope::new(ny, spacing[1]);
        (0..nx).for_each(|x| envelope.along(plane, x, nx));
    });
    through(&mut planes, [nx, ny, nz], spacing[2]);
    planes
}

/// Squared distance along a row to its nearest marked voxel.
fn along_row(mask: &[bool], marked: bool, step_mm: f64, row: &mut [f32]) {
    let squared = |count: f64| (count * step_mm * count * step_mm) as f32;
    let mut since = f64::INFINITY;
    for (v, m) in row.iter_mut().zip(mask) {
        since = if *m == marked { 0.0 } else { since + 1.0 };
        *v = squared(since);
    }
    since = f64::INFINITY;
    for (v, m) in row.iter_mut().zip(mask).rev() {
        since = if *m == marked { 0.0 } else { since + 1.0 };
        *v = v.min(squared(since));
    }
}

/// The envelope along z: each row of y is taken out as a plane of its own, so that threads share nothing.
fn through(planes: &mut [f32], [nx, ny, nz]: [usize; 3], step_mm: f64) {
    let strips = each(ny, |y| {
        let mut strip: Vec<f32> = (0..nz).flat_map(|z| &planes[(z * ny + y) * nx..][..nx]).copied().collect();
        let mut envelope = Envelope::new(nz, step_mm);
        (0..nx).for_each(|x| envelope.along(&mut strip, x, nx));
        strip
    });
    fill_runs(planes, nx * ny, |z, plane| {
        plane.chunks_mut(nx).zip(&strips).for_each(|(row, strip)| row.copy_from_slice(&strip[z * nx..][..nx]));
    });
}

/// The lower envelope of the parabolas `f(p) + (step (q - p))^2` along a line.
struct Envelope {
    line: Vec<f64>,
    /// Each parabola of the envelope: its apex, its height, and from where on it is the lowest.
    parabolas: Vec<(usize, f64, f64)>,
    square: f64,
}

impl Envelope {
    fn new(length: usize, step_mm: f64) -> Self {
        Self { line: Vec::with_capacity(length), parabolas: Vec::with_capacity(length), square: step_mm * step_mm }
    }

    /// Replaces every `stride`-th element from `first` on by the envelope there.
    fn along(&mut self, values: &mut [f32], first: usize, stride: usize) {
        self.line.clear();
        self.line.extend(values[first..].iter().step_by(stride).map(|v| f64::from(*v)));
        self.build();
        let mut lowest = self.parabolas.iter().copied().peekable();
        let Some(mut now) = lowest.next() else { return };
        for (q, v) in values[first..].iter_mut().step_by(stride).enumerate() {
            while let Some(next) = lowest.next_if(|next| next.2 <= q as f64) {
                now = next;
            }
            let away = q as f64 - now.0 as f64;
            *v = (now.1 + self.square * away * away) as f32;
        }
    }

    fn build(&mut self) {
        self.parabolas.clear();
        for (q, &height) in self.line.iter().enumerate().filter(|(_, h)| h.is_finite()) {
            let mut from = f64::NEG_INFINITY;
            while let Some(&(p, other, since)) = self.parabolas.last() {
                let (a, b) = (p as f64, q as f64);
                from = ((height - other) / self.square + b * b - a * a) / (2.0 * (b - a));
                if from > since {
                    break;
                }
                self.parabolas.pop();
                from = f64::NEG_INFINITY;
            }
            self.parabolas.push((q, height, from));
        }
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
            dims in [1..9_usize, 1..8, 1..7], step in [0.3..3.0_f64, 0.3..3.0, 0.3..6.0], seed: u64, share in 0..5_u64,
        ) {
            let g = Geometry::upright(dims, step);
            let odds = |v: [usize; 3]| (seed ^ ((v[0] + 31 * v[1] + 977 * v[2]) as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let mask = Mask::from_fn(g, |v| odds(v) % 5 < share);
            for (fast, slow) in signed_mm(&mask).as_slice().iter().zip(slow(&mask)) {
                let (fast, near) = (f64::from(*fast), 1e-5 * slow.abs());
                prop_assert!(fast == slow || (fast - slow).abs() <= near, "{fast} {slow}");
            }
        }
    }
}
