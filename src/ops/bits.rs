//! A mask packed 64 voxels to a word, row by row: what is asked of whole rows is asked of eight words, not of 512 bytes.

use crate::volume::Mask;
use crate::volume::traverse::fill_runs;

/// Voxels of a word.
const WORD: usize = u64::BITS as usize;

/// The eight voxels of a byte, first voxel lowest.
const SPREAD: [[bool; 8]; 256] = spread_table();

/// The rows of a mask, each in words of its own, first voxel lowest; what lies past a row's end is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Bits {
    dims: [usize; 3],
    words: Vec<u64>,
}

impl Bits {
    /// Packs a mask.
    pub fn of(mask: &Mask) -> Self {
        Self::of_slice(mask.as_slice(), mask.geometry().dims)
    }

    /// Packs voxels in storage order.
    pub fn of_slice(inside: &[bool], dims: [usize; 3]) -> Self {
        let [nx, ny, _] = dims;
        let mut bits = Self::empty(dims);
        let per_row = bits.per_row();
        fill_runs(&mut bits.words, per_row * ny, |z, words| {
            let plane = &inside[z * nx * ny..][..nx * ny];
            let rows = words.chunks_exact_mut(per_row).zip(plane.chunks_exact(nx));
            rows.for_each(|(words, row)| {
                words.iter_mut().zip(row.chunks(WORD)).for_each(|(w, part)| *w = packed(part))
            });
        });
        bits
    }

    /// No voxel at all.
    pub fn empty(dims: [usize; 3]) -> Self {
        Self { dims, words: vec![0; dims[0].div_ceil(WORD) * dims[1] * dims[2]] }
    }

    /// Voxels along x, y and z.
    pub fn dims(&self) -> [usize; 3] {
        self.dims
    }

    /// The words of row `y` of plane `z`.
    pub fn row(&self, y: usize, z: usize) -> &[u64] {
        let per_row = self.per_row();
        &self.words[(z * self.dims[1] + y) * per_row..][..per_row]
    }

    /// All rows in storage order; none where rows are empty.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.words.chunks_exact(self.per_row().max(1))
    }

    /// Fills planes of words: `f(z, words)`; what is set past a row's end is cleared.
    pub fn fill_planes(&mut self, f: impl Fn(usize, &mut [u64]) + Sync + Send) {
        let (per_row, last) = (self.per_row(), self.last_word());
        fill_runs(&mut self.words, per_row * self.dims[1], |z, words| {
            f(z, words);
            words.chunks_exact_mut(per_row).for_each(|row| row[per_row - 1] &= last);
        });
    }

    /// The voxels that are not set.
    pub fn complement(mut self) -> Self {
        self.fill_planes(|_, words| words.iter_mut().for_each(|w| *w = !*w));
        self
    }

    /// One voxel after another, in storage order.
    pub fn spread(&self) -> Vec<bool> {
        let [nx, ny, nz] = self.dims;
        let mut voxels = vec![false; nx * ny * nz];
        fill_runs(&mut voxels, nx * ny, |z, plane| {
            for (y, row) in plane.chunks_exact_mut(nx).enumerate() {
                // Pages that hold no voxel are left as the system gave them.
                let words = self.row(y, z).iter().zip(row.chunks_mut(WORD)).filter(|(w, _)| **w != 0);
                words.for_each(|(word, part)| unpack(*word, part));
            }
        });
        voxels
    }

    fn per_row(&self) -> usize {
        self.dims[0].div_ceil(WORD)
    }

    /// The bits of a row's last word that are voxels.
    fn last_word(&self) -> u64 {
        u64::MAX >> ((WORD - self.dims[0] % WORD) % WORD)
    }
}

/// Up to 64 voxels as a word.
fn packed(voxels: &[bool]) -> u64 {
    // Moves the lowest bits of eight bytes side by side into the highest byte; no two products meet.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, rest) = bytemuck::cast_slice::<bool, u8>(voxels).as_chunks::<8>();
    let byte = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56;
    let word = eights.iter().enumerate().fold(0, |word, (k, eight)| word | byte(eight) << (8 * k));
    rest.iter().enumerate().fold(word, |word, (k, v)| word | u64::from(*v) << (8 * eights.len() + k))
}

fn unpack(word: u64, voxels: &mut [bool]) {
    let bytes = word.to_le_bytes();
    voxels.chunks_mut(8).zip(bytes).for_each(|(eight, byte)| match eight.as_mut_array::<8>() {
        Some(eight) => *eight = SPREAD[byte as usize],
        None => eight.copy_from_slice(&SPREAD[byte as usize][..eight.len()]),
    });
}

const fn spread_table() -> [[bool; 8]; 256] {
    let mut table = [[false; 8]; 256];
    let mut at = 0;
    while at < 256 * 8 {
        table[at / 8][at % 8] = ((at / 8) >> (at % 8)) & 1 == 1;
        at += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn voxels_go_in_and_come_out(nx in 0..150_usize, seed: u64) {
            let bit = |i: usize| (seed ^ i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 63 == 1;
            let voxels: Vec<bool> = (0..nx * 6).map(bit).collect();
            let bits = Bits::of_slice(&voxels, [nx, 3, 2]);
            prop_assert_eq!(&bits.spread(), &voxels);
            let one = |x: usize, y: usize, z: usize| bits.row(y, z)[x / 64] >> (x % 64) & 1 == 1;
            prop_assert!((0..nx * 6).all(|i| one(i % nx, i / nx % 3, i / nx / 3) == voxels[i]));
            let others: Vec<bool> = voxels.iter().map(|v| !v).collect();
            prop_assert_eq!(bits.complement(), Bits::of_slice(&others, [nx, 3, 2]));
        }
    }
}
