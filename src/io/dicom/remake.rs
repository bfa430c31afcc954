//! Planes of an even, right-angled grid out of slices that are uneven or stacked askew: linear along all three axes.

use super::pixels::Reader;
use super::slice::Slice;
use super::stack::Remade;
use crate::io::fault::Fault;
use crate::io::gather::{Gather, Sample, finite};
use std::ops::Range;

/// Reads the box of `gather`, whose grid has `columns` columns, out of slices in stored order.
///
/// Beside a slice that has been moved its outermost pixels go on.
///
/// # Errors
/// Those of the slices, which are only opened where the box needs them.
pub fn read(slices: &[Slice], remade: &Remade, columns: usize, gather: &Gather) -> Result<Vec<f32>, Fault> {
    let mut out = gather.zeroed()?;
    if out.is_empty() {
        return Ok(out);
    }
    let mut mover = Mover { slices, remade, columns, reader: Reader::default(), kept: Vec::new() };
    let rows = gather.stored.lo[1]..gather.stored.hi[1];
    for z in gather.stored.lo[2]..gather.stored.hi[2] {
        let (below, share) = remade.planes[z];
        let mut plane = mover.moved(below, &rows)?.to_vec();
        if share > 0.0 {
            let above = mover.moved(below + 1, &rows)?;
            plane.iter_mut().zip(above).for_each(|(v, above)| *v = mixed(*v, *above, share));
        }
        gather.plane::<f32, _>(z, bytemuck::cast_slice(&plane), &|b| f32::little(b), &mut out);
    }
    finite(out)
}

/// `a + share (b - a)`
fn mixed(a: f32, b: f32, share: f64) -> f32 {
    (f64::from(a) + share * (f64::from(b) - f64::from(a))) as f32
}

/// Whether the slices around a voxel of the grid show it, and a pixel on every side of it.
pub fn shows(remade: &Remade, dims: [usize; 2], voxel: [f64; 3]) -> bool {
    let (below, share) = remade.planes[voxel[2].round() as usize];
    let around = &remade.shifts[below..=below + usize::from(share > 0.0)];
    // Grids are rounded: what lies on a pixel may be a thousandth beside it.
    let within = |a: usize, shift: f64| (0.999..=dims[a] as f64 - 1.999).contains(&(voxel[a] - shift));
    around.iter().all(|shift| within(0, shift[0]) && within(1, shift[1]))
}

/// Moves slices to their place on the grid, and keeps the last two.
struct Mover<'a> {
    slices: &'a [Slice],
    remade: &'a Remade,
    columns: usize,
    reader: Reader,
    kept: Vec<(usize, Vec<f32>)>,
}

impl Mover<'_> {
    /// Rows of the grid as a slice shows them.
    fn moved(&mut self, slice: usize, rows: &Range<usize>) -> Result<&[f32], Fault> {
        let at = match self.kept.iter().position(|(k, _)| *k == slice) {
            Some(at) => at,
            None => {
                let made = self.make(slice, rows)?;
                self.kept.truncate(1);
                self.kept.insert(0, (slice, made));
                0
            }
        };
        Ok(&self.kept[at].1)
    }

    fn make(&mut self, k: usize, rows: &Range<usize>) -> Result<Vec<f32>, Fault> {
        let (slice, [across, down]) = (&self.slices[k], self.remade.shifts[k]);
        let [nx, ny] = slice.dims;
        let ys: Vec<(usize, f64)> = rows.clone().map(|y| between(y as f64 - down, ny)).collect();
        let xs: Vec<(usize, f64)> = (0..self.columns).map(|x| between(x as f64 - across, nx)).collect();
        let first = ys.iter().map(|y| y.0).min().unwrap_or(0);
        let end = ys.iter().map(|y| (y.0 + 2).min(ny)).max().unwrap_or(ny);
        let values = self.reader.values(slice, first..end)?;
        let row = |y: usize| &values[(y.min(ny - 1) - first) * nx..][..nx];
        let along = |row: &[f32], (x, share): (usize, f64)| mixed(row[x], row[(x + 1).min(nx - 1)], share);
        let line = |(y, share): (usize, f64)| {
            let (upper, lower) = (row(y), row(if share > 0.0 { y + 1 } else { y }));
            xs.iter().map(move |x| mixed(along(upper, *x), along(lower, *x), share)).collect::<Vec<_>>()
        };
        Ok(ys.into_iter().flat_map(line).collect())
    }
}

/// The pixel at or before a place in a line of `n`, and the share of the next one; the ends go on.
fn between(at: f64, n: usize) -> (usize, f64) {
    let within = at.clamp(0.0, n as f64 - 1.0);
    (within.floor() as usize, within - within.floor())
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn places_lie_between_two_pixels_and_the_ends_go_on() {
        assert_eq!(between(2.25, 5), (2, 0.25));
        assert_eq!([between(-3.0, 5), between(4.0, 5), between(9.5, 5)], [(0, 0.0), (4, 0.0), (4, 0.0)]);
    }
}
