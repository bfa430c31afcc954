//! What is done to the voxels before they are interpolated: smoothing, and the spline's prefilter.

use super::kernel::{SPLINE_POLE, mirror};
use crate::volume::traverse::fill_runs;

/// Rows of a plane that are filtered along x at a time: one vector register of 16 lanes, or a few smaller ones.
pub const LANES: usize = 16;

/// Elements from which on a row is cut for several threads; half of a first-level cache.
const GRAIN: usize = 1 << 12;

/// The Gaussian is cut where it has fallen to 0.03 %.
const GAUSS_REACH_SD: f64 = 4.0;

/// Terms of the mirrored sum that starts the recursion: the pole falls to 4e-9 within fifteen, below half an f32 digit.
const START: usize = 15;

/// A filter along one axis, mirrored at both ends.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Half of a symmetric kernel, from its middle outwards; empty for none.
    pub gauss: Vec<f32>,
    /// Whether voxels become coefficients of the cubic B-spline.
    pub spline: bool,
}

/// Half of a Gaussian with a standard deviation in voxels, its whole summing to 1; empty where nothing is to be smoothed.
pub fn gauss(sd_px: f64) -> Vec<f32> {
    if sd_px <= 0.0 {
        return Vec::new();
    }
    let reach = (GAUSS_REACH_SD * sd_px).ceil() as usize;
    let half: Vec<f64> = (0..=reach).map(|k| libm::exp(-0.5 * (k as f64 / sd_px).powi(2))).collect();
    let whole = 2.0 * half.iter().sum::<f64>() - half[0];
    half.iter().map(|v| (v / whole) as f32).collect()
}

impl Filter {
    /// Whether it leaves everything as it is.
    pub fn is_none(&self) -> bool {
        self.gauss.is_empty() && !self.spline
    }

    /// Filters every column of `rows`, which are rows of `width` elements.
    pub fn columns(&self, rows: &mut [f32], width: usize) {
        if !self.gauss.is_empty() {
            smooth(rows, width, &self.gauss);
        }
        if self.spline && rows.len() > width {
            prefilter(rows, width);
        }
    }

    /// Filters every row of a plane of rows of `width` elements, [`LANES`] rows at a time.
    pub fn rows(&self, plane: &mut [f32], width: usize) {
        let mut block = vec![0.0; width * LANES];
        for rows in plane.chunks_mut(width * LANES) {
            turn(rows, width, &mut block);
            self.columns(&mut block, LANES);
            rows.chunks_mut(width).enumerate().for_each(|(lane, row)| lane_into(&block, lane, row));
        }
    }
}

/// Filters a whole volume of `dims` along all axes.
pub fn volume(filters: &[Filter; 3], voxels: &mut [f32], [nx, ny, _]: [usize; 3]) {
    fill_runs(voxels, nx * ny, |_, plane| {
        if !filters[0].is_none() {
            filters[0].rows(plane, nx);
        }
        filters[1].columns(plane, nx);
    });
    filters[2].columns(voxels, nx * ny);
}

/// Up to [`LANES`] rows laid beside one another: `block[x][lane] = rows[lane][x]`.
pub fn turn(rows: &[f32], width: usize, block: &mut [f32]) {
    for (lane, row) in rows.chunks(width).enumerate() {
        block.chunks_exact_mut(LANES).zip(row).for_each(|(lanes, v)| lanes[lane] = *v);
    }
}

/// One lane of a block as a row again.
pub fn lane_into(block: &[f32], lane: usize, row: &mut [f32]) {
    row.iter_mut().zip(block.chunks_exact(LANES)).for_each(|(v, lanes)| *v = lanes[lane]);
}

/// `target = f(target, other)`, element by element.
fn with(target: &mut [f32], other: &[f32], f: impl Fn(f32, f32) -> f32 + Sync + Send) {
    let run = |target: &mut [f32], other: &[f32]| target.iter_mut().zip(other).for_each(|(t, o)| *t = f(*t, *o));
    if target.len() <= GRAIN {
        return run(target, other);
    }
    fill_runs(target, GRAIN, |i, part| run(part, &other[i * GRAIN..]));
}

/// Forth and back with the pole, times 6 (Unser 1999).
fn prefilter(rows: &mut [f32], width: usize) {
    let n = rows.len() / width;
    let pole = SPLINE_POLE as f32;
    start(rows, width, n);
    for k in 1..n {
        let (before, here) = rows.split_at_mut(k * width);
        with(&mut here[..width], &before[(k - 1) * width..], |c, b| c + pole * b);
    }
    let (gain, scale) = ((SPLINE_POLE / (SPLINE_POLE * SPLINE_POLE - 1.0)) as f32, 6.0);
    let (before, last) = rows.split_at_mut((n - 1) * width);
    with(last, &before[(n - 2) * width..], |c, b| scale * gain * (c + pole * b));
    for k in (0..n - 1).rev() {
        let (here, after) = rows.split_at_mut((k + 1) * width);
        // What lies behind is scaled already.
        with(&mut here[k * width..], &after[..width], |c, a| pole * (a - scale * c));
    }
}

/// The first row as the recursion has it after an endless mirrored line: `sum_k pole^k row(k)`.
fn start(rows: &mut [f32], width: usize, n: usize) {
    let mut power = 1.0;
    let (first, rest) = rows.split_at_mut(width);
    let original = first.to_vec();
    for k in 1..=START {
        power *= SPLINE_POLE;
        let weight = power as f32;
        match mirror(k as isize, n) {
            0 => with(first, &original, |c, v| c + weight * v),
            m => with(first, &rest[(m - 1) * width..m * width], |c, v| c + weight * v),
        }
    }
}

/// `row(k) = sum_j kernel(|j|) row(k + j)`
fn smooth(rows: &mut [f32], width: usize, half: &[f32]) {
    let original = rows.to_vec();
    let n = rows.len() / width;
    let row = |k: isize| &original[mirror(k, n) * width..][..width];
    for (k, out) in rows.chunks_exact_mut(width).enumerate() {
        with(out, row(k as isize), |_, v| half[0] * v);
        for (j, &weight) in half.iter().enumerate().skip(1) {
            for at in [k as isize - j as isize, k as isize + j as isize] {
                with(out, row(at), |sum, v| sum + weight * v);
            }
        }
    }
}
