//! Holes filled in space.

use super::bits::Bits;
use super::runs::{Neighbours, Runs};
use crate::volume::Mask;

/// The mask and all voxels from which no path over faces leads to the outside of the volume.
///
/// Runs of background that touch are one piece; a piece without a voxel on the outermost planes is a hole.
pub fn filled(mask: &Mask) -> Mask {
    let inside = Runs::of(&Bits::of(mask));
    let around = inside.gaps();
    let pieces = around.pieces(Neighbours::Faces);
    let mut is_open = vec![false; around.len()];
    for (first, at_border) in pieces.iter().zip(around.at_border()) {
        is_open[*first as usize] |= at_border;
    }
    let mut voxels = vec![false; mask.as_slice().len()];
    inside.paint(&mut voxels, |_| Some(true));
    around.paint(&mut voxels, |run| (!is_open[pieces[run] as usize]).then_some(true));
    Mask::new(mask.geometry().clone(), voxels).expect("as many voxels as before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use proptest::prelude::*;

    /// Background that is outermost, or beside such background, until nothing changes.
    fn slow(mask: &Mask) -> Vec<bool> {
        let [nx, ny, nz] = mask.geometry().dims;
        let place = |i: usize| [i % nx, i / nx % ny, i / nx / ny];
        let outermost = |i: usize| place(i).into_iter().zip([nx, ny, nz]).any(|(v, n)| v == 0 || v + 1 == n);
        let beside = |i: usize, j: usize| (0..3).map(|a| place(i)[a].abs_diff(place(j)[a])).sum::<usize>() == 1;
        let n = mask.as_slice().len();
        let mut open = vec![false; n];
        loop {
            let reached = |&i: &usize| outermost(i) || (0..n).any(|j| open[j] && beside(i, j));
            let more: Vec<usize> = (0..n).filter(|&i| !open[i] && !mask.as_slice()[i]).filter(reached).collect();
            if more.is_empty() {
                return open.iter().map(|o| !o).collect();
            }
            more.into_iter().for_each(|i| open[i] = true);
        }
    }

    proptest! {
        #[test]
        fn it_is_the_slow_twin(dims in [1..7_usize, 1..6, 1..6], seed: u64, share in 0..9_u64) {
            let odds = |v: [usize; 3]| (seed ^ ((v[0] + 31 * v[1] + 977 * v[2]) as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let mask = Mask::from_fn(Geometry::upright(dims, [1.0; 3]), |v| odds(v) % 9 < share);
            let done = filled(&mask);
            prop_assert_eq!(done.as_slice(), slow(&mask));
        }
    }

    #[test]
    fn a_shell_is_filled_and_a_cup_is_not() {
        let shell = Mask::from_fn(Geometry::upright([70, 5, 5], [1.0; 3]), |[x, y, z]| {
            (1..69).contains(&x) && (1..4).contains(&y) && (1..4).contains(&z) && !(2..68).contains(&x)
                || (1..69).contains(&x)
                    && (y.abs_diff(2) == 1 || z.abs_diff(2) == 1)
                    && y.abs_diff(2) < 2
                    && z.abs_diff(2) < 2
        });
        assert_eq!(filled(&shell).count(), 68 * 9);
        let mut cup = shell.clone();
        cup.as_mut_slice()[(3 * 5 + 2) * 70 + 30] = false;
        assert_eq!(filled(&cup), cup);
    }
}
