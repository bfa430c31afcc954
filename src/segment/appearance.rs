//! How likely an intensity is in the tumour and outside it, where it stands: histograms of what is inside and outside for
//! certain (method.md 6.3), the outer one also by place.
//!
//! What lies around a tumour is a mosaic, and some of it looks like the tumour: marrow on one side has its intensity, fat
//! on the other has not. A histogram over all of the surroundings calls that marrow tumour everywhere; one of what lies
//! within some millimetres of a voxel does not. Chosen by measurement (`scripts/segmentation/README.md`).

use crate::geometry::{Extent, Geometry};
use crate::volume::{Volume, traverse};

/// Bins between the ends of the intensities (method.md 6.3).
const BINS: usize = 48;
/// How far counts are smoothed over bins, SD, bins (method.md 6.3 has 1.5).
const BLUR_BINS: f64 = 1.0;
/// The lattice that local histograms are kept on, mm: at most `near_mm`, so that nothing is lost between its points.
const CELL_MM: f64 = 4.0;
/// How much of the outer likelihood comes from all surroundings, where there are enough near by.
const FROM_AFAR: f32 = 0.3;
/// As many voxels near by count as much as all that lie farther off.
const ENOUGH_VOXELS: f32 = 40.0;
/// Probability that every bin has before anything is counted, as a share of an even histogram: no single bin decides.
const FLOOR: f32 = 0.1;

/// Intensities in equal bins between their 0.5 and 99.5 percentiles.
struct Bins {
    lo: f32,
    per_unit: f32,
}

impl Bins {
    fn of(image: &[f32], counts: impl Fn(usize) -> bool) -> Self {
        let mut values: Vec<f32> = (0..image.len()).filter(|&i| counts(i)).map(|i| image[i]).collect();
        let mut at = |share: f64| {
            let rank = (share * values.len().saturating_sub(1) as f64) as usize;
            if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(rank, f32::total_cmp).1 }
        };
        let (lo, hi) = (at(0.005), at(0.995));
        Self { lo, per_unit: if hi > lo { BINS as f32 / (hi - lo) } else { 0.0 } }
    }

    fn bin(&self, value: f32) -> usize {
        (((value - self.lo) * self.per_unit).max(0.0) as usize).min(BINS - 1)
    }
}

/// Weights of a Gaussian at whole steps, out to three SD, with their sum 1.
fn gaussian(sd: f64) -> Vec<f32> {
    let half = (3.0 * sd).ceil() as i32;
    let raw: Vec<f64> = (-half..=half).map(|k| libm::exp(-0.5 * (f64::from(k) / sd).powi(2))).collect();
    let sum: f64 = raw.iter().sum();
    raw.into_iter().map(|w| (w / sum) as f32).collect()
}

/// Counts in bins.
type Counts = [f32; BINS];

fn blurred(counts: &Counts, kernel: &[f32]) -> Counts {
    let half = kernel.len() / 2;
    let at = |bin: usize, k: usize| counts[(bin + k).saturating_sub(half).min(BINS - 1)];
    std::array::from_fn(|bin| kernel.iter().enumerate().map(|(k, w)| w * at(bin, k)).sum())
}

fn even(counts: &Counts) -> Counts {
    let sum: f32 = counts.iter().sum();
    if sum > 0.0 { counts.map(|c| c / sum) } else { [1.0 / BINS as f32; BINS] }
}

/// Histograms at the points of a lattice.
struct Lattice {
    dims: [usize; 3],
    cell_mm: [f64; 3],
    at: Vec<Counts>,
}

impl Lattice {
    /// Counts of the voxels that count, in the cell that holds them.
    fn of(grid: &Geometry, bins: &[u8], counts: impl Fn(usize) -> bool) -> Self {
        let cell_mm: [f64; 3] = std::array::from_fn(|a| CELL_MM.max(grid.spacing[a]));
        let dims = std::array::from_fn(|a| (grid.dims[a] as f64 * grid.spacing[a] / cell_mm[a]).ceil() as usize);
        let mut lattice = Self { dims, cell_mm, at: vec![[0.0; BINS]; dims.iter().product()] };
        let cells = lattice.columns(grid, |place| (place.floor() as usize, 0.0));
        for (i, [x, y, z]) in grid.voxels() {
            if counts(i) {
                let cell = cells[0][x].0 + dims[0] * (cells[1][y].0 + dims[1] * cells[2][z].0);
                lattice.at[cell][usize::from(bins[i])] += 1.0;
            }
        }
        lattice
    }

    /// For each voxel along each axis, what `f` makes of its place in cells.
    fn columns(&self, grid: &Geometry, f: impl Fn(f64) -> (usize, f32)) -> [Vec<(usize, f32)>; 3] {
        std::array::from_fn(|a| {
            let place = |v: usize| (v as f64 + 0.5) * grid.spacing[a] / self.cell_mm[a];
            (0..grid.dims[a]).map(|v| f(place(v))).map(|(c, w)| (c.min(self.dims[a] - 1), w)).collect()
        })
    }

    /// Smoothed over space, with nothing beyond the grid, and over bins.
    fn smooth(&mut self, near_mm: f64) {
        for axis in 0..3 {
            let kernel = gaussian(near_mm / self.cell_mm[axis]);
            let stride: usize = self.dims[..axis].iter().product();
            let (n, from) = (self.dims[axis], std::mem::take(&mut self.at));
            let is_any: Vec<bool> = from.iter().map(|counts| counts.iter().any(|c| *c > 0.0)).collect();
            self.at = traverse::each(from.len(), |i| {
                let own = i / stride % n;
                let mut sum = [0.0; BINS];
                for (k, w) in kernel.iter().enumerate() {
                    let to = (own + k).checked_sub(kernel.len() / 2).filter(|&to| to < n);
                    let Some(to) = to else { continue };
                    let other = i - own * stride + to * stride;
                    if !is_any[other] {
                        continue;
                    }
                    let other = &from[other];
                    sum.iter_mut().zip(other).for_each(|(s, c)| *s += w * c);
                }
                sum
            });
        }
        let kernel = gaussian(BLUR_BINS);
        let counted = self.at.iter_mut().filter(|counts| counts.iter().any(|c| *c > 0.0));
        counted.for_each(|counts| *counts = blurred(counts, &kernel));
    }

    /// Counts become probabilities: those near by, and `all` where there are few of them.
    fn settle(&mut self, all: &Counts, near_mm: f64) {
        let cells = |a: usize| near_mm / self.cell_mm[a];
        let reach = libm::pow(2.0 * std::f64::consts::PI, 1.5) * cells(0) * cells(1) * cells(2);
        for counts in &mut self.at {
            let sum: f32 = counts.iter().sum();
            let voxels = sum * reach as f32;
            let near = (1.0 - FROM_AFAR) * voxels / (voxels + ENOUGH_VOXELS);
            let own = even(counts);
            *counts = std::array::from_fn(|b| near * own[b] + (1.0 - near) * all[b]);
        }
    }
}

/// `ln p(I | inside) / p(I | outside, there)` of every voxel of a part that is wanted, 0 of the others, from voxels that
/// lie inside and outside for certain; `near_mm` is how far the surroundings of a voxel reach, SD.
pub fn evidence(
    image: &Volume<f32>,
    near_mm: f64,
    inside: impl Fn(usize) -> bool + Copy,
    outside: impl Fn(usize) -> bool + Copy,
    wanted: (&Extent, impl Fn(usize) -> bool + Sync + Send),
) -> Vec<f32> {
    let grid = image.geometry();
    let bins = Bins::of(image.as_slice(), |i| inside(i) || outside(i));
    let binned: Vec<u8> = image.as_slice().iter().map(|&v| bins.bin(v) as u8).collect();
    let kernel = gaussian(BLUR_BINS);
    let all = |counts: &dyn Fn(usize) -> bool| {
        let mut sum = [0.0; BINS];
        (0..binned.len()).filter(|&i| counts(i)).for_each(|i| sum[usize::from(binned[i])] += 1.0);
        even(&blurred(&sum, &kernel))
    };
    let (inner, outer) = (all(&inside), all(&outside));
    let mut lattice = Lattice::of(grid, &binned, outside);
    lattice.smooth(near_mm);
    lattice.settle(&outer, near_mm);
    compared(grid, &binned, &inner, &lattice, wanted)
}

fn compared(
    grid: &Geometry,
    binned: &[u8],
    inner: &Counts,
    lattice: &Lattice,
    (part, is_wanted): (&Extent, impl Fn(usize) -> bool + Sync + Send),
) -> Vec<f32> {
    let floor = FLOOR / BINS as f32;
    let between =
        lattice.columns(grid, |place| ((place - 0.5).max(0.0) as usize, ((place - 0.5).max(0.0) % 1.0) as f32));
    let ([nx, ny, _], [lx, ly, lz], [px, py, pz]) = (grid.dims, lattice.dims, part.dims());
    let mut out = vec![0.0; px * py * pz];
    traverse::fill_runs(&mut out, px, |row, run| {
        let (y, z) = (row % py + part.lo[1], row / py + part.lo[2]);
        let ((cy, wy), (cz, wz)) = (between[1][y], between[2][z]);
        for (value, x) in run.iter_mut().zip(part.lo[0]..) {
            let i = (z * ny + y) * nx + x;
            if !is_wanted(i) {
                continue;
            }
            let (bin, (cx, wx)) = (usize::from(binned[i]), between[0][x]);
            let at = |dx: usize, dy: usize, dz: usize| {
                let cell = (cx + dx).min(lx - 1) + lx * ((cy + dy).min(ly - 1) + ly * (cz + dz).min(lz - 1));
                lattice.at[cell][bin]
            };
            let along = |dy, dz| at(0, dy, dz) * (1.0 - wx) + at(1, dy, dz) * wx;
            let plane = |dz| along(0, dz) * (1.0 - wy) + along(1, dz) * wy;
            let outer = plane(0) * (1.0 - wz) + plane(1) * wz;
            *value = libm::logf((inner[bin] + floor) / (outer + floor));
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of 80 in surroundings of 80 on the left and 140 on the right; everything flickers by +-5.
    fn scene() -> (Volume<f32>, impl Fn(usize) -> bool + Copy, impl Fn(usize) -> bool + Copy) {
        let grid = Geometry::upright([60, 40, 8], [1.0, 1.0, 4.0]);
        let image = Volume::from_fn(grid, |[x, y, z]| {
            let flicker = ((x * 7 + y * 13 + z * 29) % 11) as f32 - 5.0;
            flicker + if (20..40).contains(&x) || x < 20 { 80.0 } else { 140.0 }
        });
        let x = |i: usize| i % 60;
        (image, move |i| (25..35).contains(&x(i)), move |i| x(i) < 15 || x(i) > 45)
    }

    #[test]
    fn what_looks_alike_is_told_apart_by_what_lies_near() {
        let (image, inside, outside) = scene();
        let whole = Extent::whole(image.geometry().dims);
        let found = evidence(&image, 8.0, inside, outside, (&whole, |_| true));
        let at = |x: usize| found[(4 * 40 + 20) * 60 + x];
        assert!(at(50) < -2.0, "bright is outside: {}", at(50));
        assert!(at(38) > 1.0, "where all around is bright, dark is the block: {}", at(38));
        assert!(at(8) < 0.3, "where all around is dark too, dark says nothing: {}", at(8));
        assert!(at(38) > at(8) + 1.0);
        let part = Extent { lo: [7, 20, 4], hi: [40, 22, 5] };
        let of_part = evidence(&image, 8.0, inside, outside, (&part, |i| i % 60 != 9));
        assert_eq!((of_part.len(), of_part[0], of_part[2], of_part[31]), (66, at(7), 0.0, at(38)));
    }

    #[test]
    fn one_intensity_says_nothing() {
        let image = Volume::from_fn(Geometry::upright([9, 9, 3], [1.0, 1.0, 4.0]), |_| 7.0);
        let whole = Extent::whole(image.geometry().dims);
        assert!(evidence(&image, 8.0, |i| i % 9 < 4, |i| i % 9 > 5, (&whole, |_| true)).iter().all(|v| v.abs() < 1e-5));
        assert!(evidence(&image, 8.0, |_| false, |_| false, (&whole, |_| true)).iter().all(|v| v.abs() < 1e-5));
    }
}
