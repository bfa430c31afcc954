//! Resampling where the axes agree: one walk along each axis, over contiguous rows.

use super::Beyond;
use super::filter::{Filter, LANES, lane_into};
use super::map::Map;
use super::taps::Taps;
use crate::volume::Volume;
use crate::volume::traverse::fill_runs;

/// Output planes that are made together, so that the planes they are blended from stay in the cache.
const PLANES: usize = 8;

/// Rows of these planes that are made together, for the same reason: some 30 kB of each.
const ROWS: usize = 16;

/// The voxels of the new grid.
pub fn onto<const K: usize>(source: &Volume<f32>, map: &Map, filters: &[Filter; 3], beyond: Beyond) -> Vec<f32> {
    let mut out = vec![0.0; map.dims.iter().product()];
    if out.is_empty() {
        return out;
    }
    let taps: [Taps<K>; 3] = std::array::from_fn(|a| Taps::new(map, a, beyond, filters[a].gauss.len()));
    let [nx, ny, _] = map.dims;
    let mut inplane = inplane(source, map, &taps, filters);
    filters[2].columns(&mut inplane, nx * ny);
    fill_runs(&mut out, nx * ny * PLANES, |chunk, planes| through(&taps[2], chunk * PLANES, &inplane, planes, nx, ny));
    if let Beyond::Value(value) = beyond {
        fill_runs(&mut out, nx * ny, |z, plane| clear(plane, nx, z, &taps, value));
    }
    out
}

/// The planes of the source that matter, each resampled along x and y.
fn inplane<const K: usize>(
    source: &Volume<f32>,
    map: &Map,
    [x, y, z]: &[Taps<K>; 3],
    filters: &[Filter; 3],
) -> Vec<f32> {
    let ([nx, ny, _], [from_x, from_y, _]) = (map.dims, map.from);
    let mut out = vec![0.0; nx * ny * z.from.len()];
    fill_runs(&mut out, nx * ny, |k, plane| {
        let rows =
            &source.as_slice()[(z.from.start + k) * from_x * from_y..][y.from.start * from_x..y.from.end * from_x];
        let mut narrow = vec![0.0; nx * y.from.len()];
        along_x(rows, from_x, x, &filters[0], &mut narrow, nx);
        filters[1].columns(&mut narrow, nx);
        plane.chunks_exact_mut(nx).zip(&y.taps).for_each(|(row, (index, weight))| {
            blend(row, index.map(|i| &narrow[i * nx..][..nx]), weight);
        });
    });
    out
}

/// Every row resampled, [`LANES`] rows side by side.
fn along_x<const K: usize>(rows: &[f32], width: usize, x: &Taps<K>, filter: &Filter, out: &mut [f32], nx: usize) {
    let used = x.from.len();
    let (mut block, mut made) = (vec![0.0; used * LANES], vec![0.0; nx * LANES]);
    for (rows, out) in rows.chunks(width * LANES).zip(out.chunks_mut(nx * LANES)) {
        for (lane, row) in rows.chunks_exact(width).enumerate() {
            block.chunks_exact_mut(LANES).zip(&row[x.from.clone()]).for_each(|(lanes, v)| lanes[lane] = *v);
        }
        filter.columns(&mut block, LANES);
        made.chunks_exact_mut(LANES).zip(&x.taps).for_each(|(lanes, (index, weight))| {
            blend(lanes, index.map(|i| &block[i * LANES..][..LANES]), weight);
        });
        turn_back(&made, out, nx);
    }
}

/// Lanes as rows again.
fn turn_back(block: &[f32], rows: &mut [f32], width: usize) {
    rows.chunks_exact_mut(width).enumerate().for_each(|(lane, row)| lane_into(block, lane, row));
}

/// Some output planes from `first` on, each a blend of planes.
fn through<const K: usize>(z: &Taps<K>, first: usize, from: &[f32], planes: &mut [f32], nx: usize, ny: usize) {
    let count = planes.len() / (nx * ny);
    for start in (0..nx * ny).step_by(nx * ROWS) {
        let part = start..(start + nx * ROWS).min(nx * ny);
        for k in 0..count {
            let (index, weight) = &z.taps[first + k];
            let rows = index.map(|i| &from[i * nx * ny..][part.clone()]);
            blend(&mut planes[k * nx * ny..][part.clone()], rows, weight);
        }
    }
}

/// `out = sum_k weight_k row_k`
fn blend<const K: usize>(out: &mut [f32], rows: [&[f32]; K], weight: &[f32; K]) {
    let rows = rows.map(|r| &r[..out.len()]);
    for (i, v) in out.iter_mut().enumerate() {
        let mut sum = weight[0] * rows[0][i];
        for k in 1..K {
            sum += weight[k] * rows[k][i];
        }
        *v = sum;
    }
}

/// Writes `value` where the source does not reach.
fn clear<const K: usize>(plane: &mut [f32], nx: usize, z: usize, taps: &[Taps<K>; 3], value: f32) {
    if !taps[2].inside.contains(&z) {
        return plane.fill(value);
    }
    for (y, row) in plane.chunks_exact_mut(nx).enumerate() {
        if taps[1].inside.contains(&y) {
            row[..taps[0].inside.start].fill(value);
            row[taps[0].inside.end..].fill(value);
        } else {
            row.fill(value);
        }
    }
}
