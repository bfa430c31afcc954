//! Connected pieces in space.

use super::bits::Bits;
use super::runs::{Neighbours, Runs};
use ndarray::Array3;

/// Pieces of a binary volume.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// For each voxel 0, or 1 + the index of its piece; pieces are numbered by their first voxel in storage order.
    pub labels: Array3<u32>,
    /// Voxels of each piece.
    pub sizes: Vec<usize>,
}

/// Labels the pieces of a binary volume of shape (z, y, x), joined over faces, edges and corners.
pub fn pieces(inside: &Array3<bool>) -> Pieces {
    pieces_over(inside, Neighbours::Corners)
}

/// Labels the pieces of a binary volume of shape (z, y, x): runs along x are joined with those of the rows they touch.
pub fn pieces_over(inside: &Array3<bool>, neighbours: Neighbours) -> Pieces {
    let (nz, ny, nx) = inside.dim();
    let inside = inside.as_standard_layout();
    let voxels = inside.as_slice().expect("standard layout is contiguous");
    let runs = Runs::of(&Bits::of_slice(voxels, [nx, ny, nz]));
    let (numbers, sizes) = numbered(&runs, &runs.pieces(neighbours));
    // Zeros come from the system page by page: planes without a piece cost nothing.
    let mut labels = vec![0; voxels.len()];
    runs.paint(&mut labels, |run| Some(numbers[run]));
    Pieces { labels: Array3::from_shape_vec(inside.dim(), labels).expect("one label for each voxel"), sizes }
}

/// The number of each run's piece, and the size of each piece. Runs come in storage order, so that a piece is first met
/// at its first voxel.
fn numbered(runs: &Runs, firsts: &[u32]) -> (Vec<u32>, Vec<usize>) {
    let (mut numbers, mut sizes) = (vec![0_u32; runs.len()], Vec::new());
    for (run, &first) in firsts.iter().enumerate() {
        if first as usize == run {
            sizes.push(0);
            numbers[run] = sizes.len() as u32;
        }
        numbers[run] = numbers[first as usize];
        sizes[numbers[run] as usize - 1] += runs.voxels(run);
    }
    (numbers, sizes)
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
    fn flooded(inside: &Array3<bool>, neighbours: Neighbours) -> Array3<u32> {
        let mut labels = Array3::<u32>::zeros(inside.dim());
        let mut count = 0;
        let near = |a: Index, b: Index| {
            let away = [a.0.abs_diff(b.0), a.1.abs_diff(b.1), a.2.abs_diff(b.2)];
            match neighbours {
                Neighbours::Faces => away.iter().sum::<usize>() < 2,
                Neighbours::Corners => away.iter().all(|&d| d < 2),
            }
        };
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
            for neighbours in [Neighbours::Faces, Neighbours::Corners] {
                let found = pieces_over(&inside, neighbours);
                let slow = flooded(&inside, neighbours);
                prop_assert_eq!(&found.labels, &slow);
                let count = |n: usize| slow.iter().filter(|&&l| l as usize == n + 1).count();
                prop_assert!(found.sizes.iter().enumerate().all(|(n, &size)| size == count(n)));
            }
        }
    }
}
