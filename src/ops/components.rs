//! Connected pieces in space.

use ndarray::Array3;

/// Pieces of a binary volume, joined over faces, edges and corners (26 neighbours).
#[derive(Clone, Debug)]
pub struct Pieces {
    /// For each voxel 0, or 1 + the index of its piece; pieces are numbered by their first voxel in storage order.
    pub labels: Array3<u32>,
    /// Voxels of each piece.
    pub sizes: Vec<usize>,
}

/// Labels the pieces of a binary volume of shape (z, y, x): runs along x are joined with those of the rows they touch.
pub fn pieces(inside: &Array3<bool>) -> Pieces {
    let rows = Rows::of(inside);
    let mut sets = Sets::new(rows.runs.len());
    let (nz, ny, _) = inside.dim();
    for z in 0..nz {
        for y in 0..ny {
            let before = [(0, 1), (1, -1), (1, 0), (1, 1)].into_iter().filter_map(|(dz, dy)| match dz {
                0 => Some((z, y.checked_sub(1)?)),
                _ => Some((z.checked_sub(1)?, y.checked_add_signed(dy).filter(|&v| v < ny)?)),
            });
            before.for_each(|other| rows.join(&mut sets, z * ny + y, other.0 * ny + other.1));
        }
    }
    label(inside.dim(), &rows, &mut sets)
}

/// The runs of a volume, row after row.
struct Rows {
    /// First voxel of each run along x, and one past its last.
    runs: Vec<(usize, usize)>,
    /// Where the runs of each row begin, and where those of the last end.
    starts: Vec<usize>,
}

impl Rows {
    fn of(inside: &Array3<bool>) -> Self {
        let mut rows = Self { runs: Vec::new(), starts: vec![0] };
        for row in inside.rows() {
            let mut x = 0;
            while let Some(from) = (x..row.len()).find(|&x| row[x]) {
                x = (from..row.len()).find(|&x| !row[x]).unwrap_or(row.len());
                rows.runs.push((from, x));
            }
            rows.starts.push(rows.runs.len());
        }
        rows
    }

    /// Joins the runs of two rows that touch, corners included.
    fn join(&self, sets: &mut Sets, row: usize, other: usize) {
        let (mut a, mut b) = (self.starts[row], self.starts[other]);
        while a < self.starts[row + 1] && b < self.starts[other + 1] {
            if self.runs[a].0 <= self.runs[b].1 && self.runs[b].0 <= self.runs[a].1 {
                sets.join(a, b);
            }
            if self.runs[a].1 < self.runs[b].1 { a += 1 } else { b += 1 }
        }
    }
}

/// Disjoint sets; the first member stands for each.
struct Sets(Vec<usize>);

impl Sets {
    fn new(n: usize) -> Self {
        Self((0..n).collect())
    }

    fn first(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.first(a), self.first(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// Runs come in storage order, so that a piece is first met at its first voxel.
fn label(dim: (usize, usize, usize), rows: &Rows, sets: &mut Sets) -> Pieces {
    let mut labels = Array3::<u32>::zeros(dim);
    let (mut sizes, mut numbers) = (Vec::new(), vec![0_u32; rows.runs.len()]);
    for (row, mut voxels) in labels.rows_mut().into_iter().enumerate() {
        for run in rows.starts[row]..rows.starts[row + 1] {
            let first = sets.first(run);
            if first == run {
                sizes.push(0);
                numbers[run] = sizes.len() as u32;
            }
            let (from, to) = rows.runs[run];
            sizes[numbers[first] as usize - 1] += to - from;
            voxels.slice_mut(ndarray::s![from..to]).fill(numbers[first]);
        }
    }
    Pieces { labels, sizes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn corners_join_and_gaps_part() {
        let mut inside = Array3::from_elem((2, 3, 5), false);
        for at in [(0, 0, 0), (1, 1, 1), (0, 0, 3), (0, 0, 4), (0, 1, 4)] {
            inside[at] = true;
        }
        let found = pieces(&inside);
        assert_eq!(found.sizes, [2, 3]);
        assert_eq!(found.labels[(1, 1, 1)], 1);
        assert_eq!(found.labels[(0, 1, 4)], 2);
    }

    type Index = (usize, usize, usize);

    /// Voxel after voxel: everything that can be reached from the first one that has no number yet.
    fn flooded(inside: &Array3<bool>) -> Array3<u32> {
        let mut labels = Array3::<u32>::zeros(inside.dim());
        let mut count = 0;
        let near = |a: Index, b: Index| a.0.abs_diff(b.0) < 2 && a.1.abs_diff(b.1) < 2 && a.2.abs_diff(b.2) < 2;
        let all: Vec<Index> = inside.indexed_iter().filter(|(_, m)| **m).map(|(i, _)| i).collect();
        for &start in &all {
            if labels[start] > 0 {
                continue;
            }
            count += 1;
            let mut open = vec![start];
            while let Some(at) = open.pop() {
                labels[at] = count;
                open.extend(all.iter().filter(|&&b| labels[b] == 0 && near(at, b)));
            }
        }
        labels
    }

    proptest! {
        #[test]
        fn equals_the_flood(bits in prop::collection::vec(0..4u8, 4 * 5 * 7)) {
            let inside = Array3::from_shape_fn((4, 5, 7), |(z, y, x)| bits[(z * 5 + y) * 7 + x] == 0);
            let found = pieces(&inside);
            let slow = flooded(&inside);
            prop_assert_eq!(&found.labels, &slow);
            let count = |n: usize| slow.iter().filter(|&&l| l as usize == n + 1).count();
            prop_assert!(found.sizes.iter().enumerate().all(|(n, &size)| size == count(n)));
        }
    }
}
