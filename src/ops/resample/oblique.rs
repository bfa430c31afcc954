//! Resampling through a rotation: every voxel is a sum of its own.
//!
//! Positions along a row are counted in 2^-32 of a voxel: adding steps is exact, and whole and fraction need no rounding.

use super::Beyond;
use super::filter::{self, Filter};
use super::kernel::{cubic_weights_single, mirror};
use super::map::Map;
use crate::geometry::Vec3;
use crate::volume::Volume;
use crate::volume::traverse::fill_runs;
use std::borrow::Cow;
use std::ops::Range;

/// Planes of the new grid that are made together, and rows of them: neighbours read the same voxels of the source.
const PLANES: usize = 4;

/// See [`PLANES`].
const ROWS: usize = 16;

/// One voxel in the units of a position.
const ONE: f64 = (1_u64 << 32) as f64;

/// A position along each axis, in 2^-32 of a voxel.
type Position = [i64; 3];

/// How a value is made of the voxels around a place.
pub trait Kernel {
    /// Added to a position before it is cut to a whole voxel.
    const SHIFT: f64;
    /// How many voxels it takes before and after that whole voxel.
    const TAKES: (i64, i64);
    /// The sum, all voxels being there; `at` is the storage index of the whole voxel, `t` the fractions.
    fn inner(cells: &Cells<'_>, at: usize, t: [f32; 3]) -> f32;
    /// Voxels and weights along one axis of `n` voxels, some of them beyond its ends.
    fn taps(at: f64, n: usize) -> [(usize, f32); 4];
}

/// The voxels of the source, and how far apart neighbours lie in storage.
pub struct Cells<'a> {
    voxels: &'a [f32],
    /// The voxels from the first one on, from its neighbour along y, along z, and along both; cut to one length.
    lines: [&'a [f32]; 4],
    row: usize,
    plane: usize,
}

impl<'a> Cells<'a> {
    fn new(voxels: &'a [f32], [nx, ny, _]: [usize; 3]) -> Self {
        let (row, plane) = (nx, nx * ny);
        let len = voxels.len().saturating_sub(row + plane);
        let lines = [0, row, plane, plane + row].map(|from| voxels.get(from..from + len).unwrap_or_default());
        Self { voxels, lines, row, plane }
    }
}

/// The nearest voxel.
pub struct Near;

/// Straight between neighbours.
pub struct Tent;

/// Cubic B-spline; the voxels are coefficients.
pub struct Spline;

impl Kernel for Near {
    const SHIFT: f64 = 0.5;
    const TAKES: (i64, i64) = (0, 0);

    fn inner(cells: &Cells<'_>, at: usize, _: [f32; 3]) -> f32 {
        cells.voxels[at]
    }

    fn taps(at: f64, n: usize) -> [(usize, f32); 4] {
        let near = held((at + 0.5).floor(), n);
        [(near, 1.0), (near, 0.0), (near, 0.0), (near, 0.0)]
    }
}

impl Kernel for Tent {
    const SHIFT: f64 = 0.0;
    const TAKES: (i64, i64) = (0, 1);

    #[inline(always)]
    fn inner(cells: &Cells<'_>, at: usize, [tx, ty, tz]: [f32; 3]) -> f32 {
        let [front, back, front_above, back_above] = cells.lines;
        let line = |cells: &[f32]| cells[at] + tx * (cells[at + 1] - cells[at]);
        // The four have one length, so that one look at `at` holds for all of them.
        let len = front.len();
        assert!(at < len - 1);
        let (front, back) = (line(front), line(&back[..len]));
        let (front_above, back_above) = (line(&front_above[..len]), line(&back_above[..len]));
        let (below, above) = (front + ty * (back - front), front_above + ty * (back_above - front_above));
        below + tz * (above - below)
    }

    fn taps(at: f64, n: usize) -> [(usize, f32); 4] {
        let base = at.floor();
        let t = (at - base) as f32;
        [(held(base, n), 1.0 - t), (held(base + 1.0, n), t), (0, 0.0), (0, 0.0)]
    }
}

impl Kernel for Spline {
    const SHIFT: f64 = 0.0;
    const TAKES: (i64, i64) = (1, 2);

    #[inline(always)]
    fn inner(cells: &Cells<'_>, at: usize, t: [f32; 3]) -> f32 {
        let [wx, wy, wz] = t.map(cubic_weights_single);
        let corner = at - 1 - cells.row - cells.plane;
        let mut sums = [0.0; 4];
        for (z, wz) in wz.iter().enumerate() {
            let mut lines = [0.0; 4];
            for (y, wy) in wy.iter().enumerate() {
                let line = &cells.voxels[corner + z * cells.plane + y * cells.row..][..4];
                (0..4).for_each(|x| lines[x] += wy * line[x]);
            }
            (0..4).for_each(|x| sums[x] += wz * lines[x]);
        }
        (sums[0] * wx[0] + sums[1] * wx[1]) + (sums[2] * wx[2] + sums[3] * wx[3])
    }

    fn taps(at: f64, n: usize) -> [(usize, f32); 4] {
        let base = at.floor();
        let weights = cubic_weights_single((at - base) as f32);
        std::array::from_fn(|k| (mirror(base as isize + k as isize - 1, n), weights[k]))
    }
}

fn held(at: f64, n: usize) -> usize {
    at.clamp(0.0, n as f64 - 1.0) as usize
}

/// The voxels of the new grid.
pub fn onto<K: Kernel>(source: &Volume<f32>, map: &Map, filters: &[Filter; 3], beyond: Beyond) -> Vec<f32> {
    let mut out = vec![0.0; map.dims.iter().product()];
    let filtered = filtered(source, filters);
    let [nx, ny, _] = map.dims;
    let cells = Cells::new(&filtered, map.from);
    fill_runs(&mut out, nx * ny * PLANES, |chunk, planes| {
        for y0 in (0..ny).step_by(ROWS) {
            for (k, plane) in planes.chunks_exact_mut(nx * ny).enumerate() {
                for y in y0..(y0 + ROWS).min(ny) {
                    let start = map.row(y, chunk * PLANES + k);
                    row::<K>(&cells, map, start, beyond, &mut plane[y * nx..][..nx]);
                }
            }
        }
    });
    out
}

fn filtered<'a>(source: &'a Volume<f32>, filters: &[Filter; 3]) -> Cow<'a, [f32]> {
    let mut voxels = Cow::from(source.as_slice());
    if filters.iter().any(|f| !f.is_none()) {
        filter::volume(filters, voxels.to_mut(), source.geometry().dims);
    }
    voxels
}

/// One row: fast where all voxels of the kernel are there, one by one at the border, `beyond` outside.
fn row<K: Kernel>(cells: &Cells<'_>, map: &Map, start: Vec3, beyond: Beyond, out: &mut [f32]) {
    let step = map.step[0];
    let place = |x: usize| -> Vec3 { std::array::from_fn(|a| start[a] + x as f64 * step[a]) };
    let inner = inner_range::<K>(map, start, out.len());
    let (before, rest) = out.split_at_mut(inner.start);
    let (middle, after) = rest.split_at_mut(inner.len());
    before.iter_mut().enumerate().for_each(|(x, v)| *v = border::<K>(cells, map, place(x), beyond));
    after.iter_mut().enumerate().for_each(|(x, v)| *v = border::<K>(cells, map, place(inner.end + x), beyond));
    let mut at: Position = place(inner.start).map(|p| ((p + K::SHIFT) * ONE).round() as i64);
    let step = step.map(|s| (s * ONE).round() as i64);
    for v in middle {
        let [x, y, z] = at.map(|p| (p >> 32) as usize);
        // The upper 24 bits of the fraction are all that an f32 holds.
        let t = at.map(|p| ((p as u32) >> 8) as i32 as f32 * (1.0 / (1 << 24) as f32));
        *v = K::inner(cells, z * cells.plane + y * cells.row + x, t);
        (0..3).for_each(|a| at[a] += step[a]);
    }
}

/// The voxels of a row all of whose neighbours are there; a hundredth of a voxel is kept from the bounds, which is more
/// than positions can stray along a row.
fn inner_range<K: Kernel>(map: &Map, start: Vec3, count: usize) -> Range<usize> {
    let (mut first, mut end) = (0.0_f64, count as f64);
    for ((at, step), n) in start.into_iter().zip(map.step[0]).zip(map.from) {
        let lo = K::TAKES.0 as f64 + 0.01 - K::SHIFT;
        let hi = (n as i64 - K::TAKES.1) as f64 - 0.01 - K::SHIFT;
        if lo >= hi {
            return 0..0;
        }
        if step == 0.0 {
            end = if (lo..hi).contains(&at) { end } else { 0.0 };
        } else {
            let bounds = [(lo - at) / step, (hi - at) / step];
            first = first.max(bounds[0].min(bounds[1]).ceil());
            end = end.min(bounds[0].max(bounds[1]).floor());
        }
    }
    if first < end { first as usize..end as usize } else { 0..0 }
}

/// One voxel by its own taps along each axis.
fn border<K: Kernel>(cells: &Cells<'_>, map: &Map, place: Vec3, beyond: Beyond) -> f32 {
    let last = map.from.map(|n| n as f64 - 1.0);
    let inside = (0..3).all(|a| (-0.5..=last[a] + 0.5).contains(&place[a]));
    let place = match beyond {
        Beyond::Value(value) if !inside => return value,
        Beyond::Value(_) => place,
        Beyond::Edge => std::array::from_fn(|a| place[a].clamp(0.0, last[a])),
    };
    let [x, y, z] = std::array::from_fn(|a| K::taps(place[a], map.from[a]));
    let line = |from: usize| x.iter().map(|&(i, w)| w * cells.voxels[from + i]).sum::<f32>();
    let plane = |from: usize| y.iter().map(|&(i, w)| w * line(from + i * cells.row)).sum::<f32>();
    z.iter().map(|&(i, w)| w * plane(i * cells.plane)).sum()
}
