//! Masks grown and shrunk in space by a ball.
//!
//! Row by row in packed bits: a ball is a few runs along x, and a row is smeared over a run by a few shifts of whole
//! words. The cost grows with the square of the radius in voxels; rows that are empty cost nothing.

use super::bits::Bits;
use crate::volume::Mask;

/// Dilation: the voxels whose centre lies within `radius_mm` of the centre of one of the mask's.
pub fn grown(mask: &Mask, radius_mm: f64) -> Mask {
    let grown = smeared(&Bits::of(mask), &rows(mask.geometry().spacing, radius_mm));
    Mask::new(mask.geometry().clone(), grown.spread()).expect("as many voxels as before")
}

/// Erosion: the voxels of the mask with no centre outside it within `radius_mm`. Beyond the grid all counts as inside.
pub fn shrunk(mask: &Mask, radius_mm: f64) -> Mask {
    let outside = smeared(&Bits::of(mask).complement(), &rows(mask.geometry().spacing, radius_mm));
    Mask::new(mask.geometry().clone(), outside.complement().spread()).expect("as many voxels as before")
}

/// A row of the ball: how far it lies off along y and z, and how many voxels it reaches to either side along x.
struct Row {
    dy: isize,
    dz: isize,
    half: usize,
}

/// The ball of voxel centres within a radius, row by row. A hair is added: what lies on the sphere belongs to it.
fn rows(spacing_mm: [f64; 3], radius_mm: f64) -> Vec<Row> {
    const HAIR: f64 = 1e-9;
    let reach = |a: usize| (radius_mm / spacing_mm[a] + HAIR) as isize;
    let along = |dy: isize, dz: isize| {
        let (y_mm, z_mm) = (dy as f64 * spacing_mm[1], dz as f64 * spacing_mm[2]);
        let left_mm2 = radius_mm * radius_mm - y_mm * y_mm - z_mm * z_mm;
        let half = (left_mm2.max(0.0).sqrt() / spacing_mm[0] + HAIR) as usize;
        (left_mm2 >= -HAIR).then_some(Row { dy, dz, half })
    };
    (-reach(2)..=reach(2)).flat_map(|dz| (-reach(1)..=reach(1)).filter_map(move |dy| along(dy, dz))).collect()
}

/// Every row of the mask smeared over every row of the ball.
fn smeared(bits: &Bits, ball: &[Row]) -> Bits {
    let [_, ny, nz] = bits.dims();
    let mut all = Bits::empty(bits.dims());
    all.fill_planes(|z, plane| {
        let per_row = plane.len() / ny.max(1);
        for row in ball {
            let Some(from_z) = z.checked_add_signed(-row.dz).filter(|&z| z < nz) else { continue };
            for (y, to) in plane.chunks_exact_mut(per_row.max(1)).enumerate() {
                if let Some(from_y) = y.checked_add_signed(-row.dy).filter(|&y| y < ny) {
                    add_smeared(bits.row(from_y, from_z), row.half, to);
                }
            }
        }
    });
    all
}

/// Sets what lies within `half` voxels of a set one along the row.
fn add_smeared(row: &[u64], half: usize, to: &mut [u64]) {
    if row.iter().all(|&word| word == 0) {
        return;
    }
    // What is smeared past the row's end must not come back: so both ways begin with the row itself.
    let (mut up, mut down) = (row.to_vec(), row.to_vec());
    let mut reached = 0;
    while reached < half {
        // A run of n voxels and itself n voxels farther are a run of 2 n.
        let step = (reached + 1).min(half - reached);
        add_shifted_up(&mut up, step);
        add_shifted_down(&mut down, step);
        reached += step;
    }
    to.iter_mut().zip(up.iter().zip(&down)).for_each(|(to, (up, down))| *to |= up | down);
}

/// `row |= row << by`, to higher x.
fn add_shifted_up(row: &mut [u64], by: usize) {
    let (words, bits) = (by / 64, by % 64);
    for i in (words..row.len()).rev() {
        let carried = if bits > 0 && i > words { row[i - words - 1] >> (64 - bits) } else { 0 };
        row[i] |= row[i - words] << bits | carried;
    }
}

/// `row |= row >> by`, to lower x.
fn add_shifted_down(row: &mut [u64], by: usize) {
    let (words, bits) = (by / 64, by % 64);
    for i in 0..row.len().saturating_sub(words) {
        let carried = row.get(i + words + 1).filter(|_| bits > 0).map_or(0, |next| next << (64 - bits));
        row[i] |= row[i + words] >> bits | carried;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use proptest::prelude::*;

    proptest! {
        /// The slow twin looks from every voxel at every other.
        #[test]
        fn equals_the_search_over_all_pairs(
            nx in 1..140_usize, seed: u64, spacing in [0.3..2.0f64, 0.3..2.0, 0.5..4.0], radius_mm in 0.0..6.0f64,
        ) {
            let grid = Geometry::upright([nx, 3, 3], spacing);
            let rare = |i: u64| (seed ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58 == 0;
            let mask = Mask::from_fn(grid.clone(), |[x, y, z]| rare((x + nx * (y + 3 * z)) as u64));
            let index = |i: usize| [i % nx, i / nx % 3, i / nx / 3];
            let mm2 = |i: usize, j: usize| -> f64 {
                let off = |a: usize| (index(i)[a] as f64 - index(j)[a] as f64) * spacing[a];
                (0..3).map(|a| off(a) * off(a)).sum()
            };
            let near = |i: usize, inside: bool| {
                (0..grid.len()).any(|j| mask.as_slice()[j] == inside && mm2(i, j) <= radius_mm * radius_mm)
            };
            let slow: Vec<bool> = (0..grid.len()).map(|i| near(i, true)).collect();
            prop_assert!(grown(&mask, radius_mm).as_slice() == slow, "grown");
            let slow: Vec<bool> = (0..grid.len()).map(|i| !near(i, false)).collect();
            prop_assert!(shrunk(&mask, radius_mm).as_slice() == slow, "shrunk");
        }
    }

    #[test]
    fn a_voxel_grows_to_the_ball_and_a_ball_shrinks_to_the_voxel() {
        let grid = Geometry::upright([11, 11, 11], [1.0; 3]);
        let point = Mask::from_fn(grid, |at| at == [5, 5, 5]);
        let ball = grown(&point, 2.0);
        assert_eq!(ball.count(), 33);
        assert_eq!(shrunk(&ball, 2.0), point);
    }
}
