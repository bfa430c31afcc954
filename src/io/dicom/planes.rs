//! Shapes drawn on parallel planes, brought onto the grid of an image by geometry.

use crate::geometry::{Extent, Geometry};
use crate::io::fault::{Fault, NON_UNIFORM_SPACING};
use crate::volume::traverse;

/// Heights that differ by less are those of one plane: positions are given with two decimals, mm.
pub const ROUNDING_MM: f64 = 0.0101;

/// Steps between planes are whole multiples of the least one, up to this share of it.
const MAX_UNEVEN: f64 = 0.1;

/// What is drawn on one plane, in mm along its two axes.
pub trait Shape: Sync {
    /// The smallest and the largest coordinates that it reaches.
    fn bounds(&self) -> [[f64; 2]; 2];

    /// Says of the points `start + k step` whether they lie inside.
    fn line(&self, start: [f64; 2], step: [f64; 2], inside: &mut [bool]);
}

/// Parallel planes with what is drawn on each.
pub struct Planes<S> {
    /// Where the planes are: two axes along them, one across, all in mm.
    pub place: Geometry,
    /// How far a plane counts to either side, mm.
    pub half_mm: f64,
    /// Heights, ascending, and shapes.
    pub planes: Vec<(f64, S)>,
}

/// The voxels of a part in a box of the image.
#[derive(Debug)]
pub struct Patch {
    /// The box.
    pub extent: Extent,
    /// Which voxels of it belong to the part.
    pub inside: Vec<bool>,
}

/// The least step between ascending heights; `None` for a single plane.
///
/// # Errors
/// Steps that are not multiples of it: what lies between such planes is not known.
pub fn step_mm(heights: &[f64]) -> Result<Option<f64>, Fault> {
    let steps: Vec<f64> = heights.windows(2).map(|w| w[1] - w[0]).collect();
    let Some(least) = steps.iter().copied().reduce(f64::min) else { return Ok(None) };
    let uneven = steps.iter().find(|s| (*s / least - (*s / least).round()).abs() > MAX_UNEVEN);
    match uneven {
        Some(step) => Err(Fault::of(NON_UNIFORM_SPACING, format!("planes are {least:.3} and {step:.3} mm apart"))),
        None => Ok(Some(least)),
    }
}

impl<S: Shape> Planes<S> {
    /// The voxels of `grid` whose centres lie in the shape of the nearest plane; `None` if the planes do not reach it.
    pub fn onto(&self, grid: &Geometry) -> Option<Patch> {
        let extent = self.footprint(grid)?;
        let [nx, ny, _] = extent.dims();
        let at = |x: usize, y: usize, z: usize| self.place.to_index(grid.to_patient([x, y, z].map(|i| i as f64)));
        let [x0, y0, z0] = extent.lo;
        let mut inside = vec![false; extent.dims().iter().product()];
        traverse::fill_runs(&mut inside, nx, |row, run| {
            let (y, z) = (y0 + row % ny, z0 + row / ny);
            let (start, next) = (at(x0, y, z), at(x0 + 1, y, z));
            self.row(start, std::array::from_fn(|a| next[a] - start[a]), run);
        });
        Some(Patch { extent, inside })
    }

    /// One row of voxels, in pieces that have the same nearest plane.
    fn row(&self, start: [f64; 3], step: [f64; 3], run: &mut [bool]) {
        let point = |k: usize| -> [f64; 3] { std::array::from_fn(|a| start[a] + k as f64 * step[a]) };
        let planes: Vec<_> = (0..run.len()).map(|k| self.nearest(point(k)[2])).collect();
        let mut first = 0;
        for piece in planes.chunk_by(|a, b| a == b) {
            if let Some(plane) = piece[0] {
                let [u, v, _] = point(first);
                self.planes[plane].1.line([u, v], [step[0], step[1]], &mut run[first..first + piece.len()]);
            }
            first += piece.len();
        }
    }

    /// The plane nearest to a height, unless all are too far.
    fn nearest(&self, height: f64) -> Option<usize> {
        let above = self.planes.partition_point(|(h, _)| *h < height);
        let distance = |k: usize| self.planes.get(k).map_or(f64::INFINITY, |(h, _)| (h - height).abs());
        let below = above.wrapping_sub(1);
        let near = if distance(below) <= distance(above) { below } else { above };
        (distance(near) <= self.half_mm + ROUNDING_MM).then_some(near)
    }

    /// The voxels that the shapes can reach.
    fn footprint(&self, grid: &Geometry) -> Option<Extent> {
        let mut corners = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
        for (height, shape) in &self.planes {
            let [lo, hi] = shape.bounds();
            let half = self.half_mm + ROUNDING_MM;
            let box_of = [[lo[0], lo[1], height - half], [hi[0], hi[1], height + half]];
            for corner in 0..8_usize {
                let at = std::array::from_fn(|a| box_of[corner >> a & 1][a]);
                let index = grid.to_index(self.place.to_patient(at));
                (0..3).for_each(|a| corners = [at_most(corners[0], a, index[a]), at_least(corners[1], a, index[a])]);
            }
        }
        let reached = |a: usize| {
            let (first, last) = (corners[0][a].ceil().max(0.0), corners[1][a].floor().min(grid.dims[a] as f64 - 1.0));
            (first <= last).then_some((first as usize, last as usize + 1))
        };
        let [x, y, z] = [reached(0)?, reached(1)?, reached(2)?];
        Some(Extent { lo: [x.0, y.0, z.0], hi: [x.1, y.1, z.1] })
    }
}

fn at_most(mut corner: [f64; 3], a: usize, v: f64) -> [f64; 3] {
    corner[a] = corner[a].min(v);
    corner
}

fn at_least(mut corner: [f64; 3], a: usize, v: f64) -> [f64; 3] {
    corner[a] = corner[a].max(v);
    corner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_multiples_of_the_least_or_refused() {
        assert_eq!(step_mm(&[1.0]).unwrap(), None);
        assert_eq!(step_mm(&[0.0, 3.0, 6.01, 12.0]).unwrap(), Some(3.0));
        assert_eq!(step_mm(&[0.0, 4.0, 11.0]).unwrap_err().kind, NON_UNIFORM_SPACING);
    }
}
