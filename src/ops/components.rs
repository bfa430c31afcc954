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

/// Labels the pieces of a binary volume of shape (z, y, x).
pub fn pieces(inside: &Array3<bool>) -> Pieces {
    let mut labels = Array3::<u32>::zeros(inside.dim());
    let mut sizes = Vec::new();
    let mut open = Vec::new();
    for (start, _) in inside.indexed_iter().filter(|(_, m)| **m) {
        if labels[start] != 0 {
            continue;
        }
        let label = sizes.len() as u32 + 1;
        labels[start] = label;
        open.push(start);
        let mut size = 0;
        while let Some(at) = open.pop() {
            size += 1;
            for near in neighbours(at, inside.dim()) {
                if inside[near] && labels[near] == 0 {
                    labels[near] = label;
                    open.push(near);
                }
            }
        }
        sizes.push(size);
    }
    Pieces { labels, sizes }
}

type Index = (usize, usize, usize);

fn neighbours((z, y, x): Index, (nz, ny, nx): Index) -> impl Iterator<Item = Index> {
    let span = |v: usize, n: usize| v.saturating_sub(1)..(v + 2).min(n);
    span(z, nz).flat_map(move |z| span(y, ny).flat_map(move |y| span(x, nx).map(move |x| (z, y, x))))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
