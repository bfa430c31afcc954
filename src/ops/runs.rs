//! The runs of a mask along x, and which of them touch.

use super::bits::Bits;
use super::sets::Sets;
use crate::volume::traverse::fill_runs;
use std::ops::Range;

/// Which voxels are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbours {
    /// The 6 that share a face.
    Faces,
    /// The 26 that share a face, an edge or a corner.
    Corners,
}

/// The runs of a mask, row after row.
pub struct Runs {
    dims: [usize; 3],
    /// First voxel of each run along x, and one past its last.
    runs: Vec<[u32; 2]>,
    /// Where the runs of each row begin, and where those of the last end.
    starts: Vec<usize>,
}

impl Runs {
    /// The runs of set voxels.
    pub fn of(bits: &Bits) -> Self {
        let mut edges = Vec::new();
        let mut starts = vec![0];
        for row in bits.rows() {
            edges_of(row, bits.dims()[0], &mut edges);
            starts.push(edges.len() / 2);
        }
        Self { dims: bits.dims(), runs: edges.as_chunks().0.to_vec(), starts }
    }

    /// The runs between these: those of all other voxels.
    pub fn gaps(&self) -> Self {
        let end = self.dims[0] as u32;
        let mut gaps = Self { dims: self.dims, runs: Vec::new(), starts: vec![0] };
        for row in 0..self.starts.len() - 1 {
            let mut from = 0;
            for &[a, b] in &self.runs[self.of_row(row)] {
                gaps.runs.extend((from < a).then_some([from, a]));
                from = b;
            }
            gaps.runs.extend((from < end).then_some([from, end]));
            gaps.starts.push(gaps.runs.len());
        }
        gaps
    }

    /// Number of runs.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Voxels of a run.
    pub fn voxels(&self, run: usize) -> usize {
        let [from, to] = self.runs[run];
        (to - from) as usize
    }

    /// For each run the first run of its connected piece; runs are numbered in storage order.
    pub fn pieces(&self, neighbours: Neighbours) -> Vec<u32> {
        let ([_, ny, _], rows) = (self.dims, self.starts.len() - 1);
        let mut sets = Sets::new(self.runs.len());
        for row in 0..rows {
            let (y, behind) = (row % ny, row.checked_sub(ny));
            let beside = [(y > 0).then(|| row - 1), behind];
            let across = [behind.filter(|_| y > 0).map(|b| b - 1), behind.filter(|_| y + 1 < ny).map(|b| b + 1)];
            let wanted = if neighbours == Neighbours::Corners { 4 } else { 2 };
            let others = beside.into_iter().chain(across).take(wanted).flatten();
            others.for_each(|other| self.join(&mut sets, row, other, neighbours));
        }
        sets.firsts()
    }

    /// Joins the runs of two rows that touch; the rows are neighbours.
    fn join(&self, sets: &mut Sets, row: usize, other: usize, neighbours: Neighbours) {
        let over = u32::from(neighbours == Neighbours::Corners);
        let (mut a, mut b) = (self.of_row(row), self.of_row(other));
        while !a.is_empty() && !b.is_empty() {
            let ([from, to], [begin, end]) = (self.runs[a.start], self.runs[b.start]);
            if from < end + over && begin < to + over {
                sets.join(a.start, b.start);
            }
            if to < end { a.start += 1 } else { b.start += 1 }
        }
    }

    /// For each run whether one of its voxels lies on the outside of the volume.
    pub fn at_border(&self) -> impl Iterator<Item = bool> {
        let [nx, ny, nz] = self.dims;
        (0..self.starts.len() - 1).flat_map(move |row| {
            let (y, z) = (row % ny, row / ny);
            let all = y == 0 || z == 0 || y + 1 == ny || z + 1 == nz;
            self.runs[self.of_row(row)].iter().map(move |&[from, to]| all || from == 0 || to as usize == nx)
        })
    }

    /// Writes `value(run)` over the voxels of each run that has one.
    pub fn paint<T: Clone + Send>(&self, voxels: &mut [T], value: impl Fn(usize) -> Option<T> + Sync + Send) {
        let [nx, ny, _] = self.dims;
        fill_runs(voxels, nx * ny, |z, plane| {
            for (y, row) in plane.chunks_exact_mut(nx).enumerate() {
                for run in self.of_row(z * ny + y) {
                    let [from, to] = self.runs[run].map(|x| x as usize);
                    value(run).into_iter().for_each(|v| row[from..to].fill(v));
                }
            }
        });
    }

    fn of_row(&self, row: usize) -> Range<usize> {
        self.starts[row]..self.starts[row + 1]
    }
}

/// Where a row of `nx` voxels turns from unset to set and back, in turn: two for each run.
fn edges_of(row: &[u64], nx: usize, edges: &mut Vec<u32>) {
    let mut before = 0;
    for (k, &word) in row.iter().enumerate() {
        let mut turns = word ^ (word << 1 | before);
        before = word >> 63;
        while turns != 0 {
            edges.push(64 * k as u32 + turns.trailing_zeros());
            turns &= turns - 1;
        }
    }
    if edges.len() % 2 == 1 {
        edges.push(nx as u32);
    }
}
