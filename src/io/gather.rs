//! From stored bytes straight into a box of the canonical grid, converting only what lies inside.

use super::fault::{Fault, NONFINITE_VOXELS};
use crate::geometry::{Extent, Geometry};
use bytemuck::Zeroable;
use bytemuck::allocation::try_zeroed_vec;

/// A voxel type as files store it.
pub trait Sample: Copy {
    /// Bytes a voxel takes.
    const BYTES: usize;
    /// Reads one voxel, little endian.
    fn little(bytes: &[u8]) -> Self;
    /// Reads one voxel, big endian.
    fn big(bytes: &[u8]) -> Self;
    /// The value, exact for every type of up to 53 bits.
    fn wide(self) -> f64;
    /// The value cut to a whole number, to the nearest `i64` where it is beyond.
    fn whole(self) -> i64;
    /// The value rounded once to `f32`.
    fn single(self) -> f32;
}

macro_rules! sample {
    ($($t:ty)*) => {$(impl Sample for $t {
        const BYTES: usize = size_of::<$t>();
        fn little(bytes: &[u8]) -> Self {
            Self::from_le_bytes(bytes.try_into().expect("chunks have the size of a voxel"))
        }
        fn big(bytes: &[u8]) -> Self {
            Self::from_be_bytes(bytes.try_into().expect("chunks have the size of a voxel"))
        }
        #[allow(clippy::unnecessary_cast, reason = "one body for all types")]
        fn wide(self) -> f64 { self as f64 }
        #[allow(clippy::unnecessary_cast, reason = "one body for all types")]
        fn whole(self) -> i64 { (self as i128).clamp(i64::MIN.into(), i64::MAX.into()) as i64 }
        #[allow(clippy::unnecessary_cast, reason = "one body for all types")]
        fn single(self) -> f32 { self as f32 }
    })*};
}
sample!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);

/// Gives the bytes of whole rows `y0..y1` of a stored plane `z` to a callback: `(z, y0, y1, callback)`.
pub trait Rows: FnMut(usize, usize, usize, &mut dyn FnMut(&[u8])) -> Result<(), Fault> {}
impl<F: FnMut(usize, usize, usize, &mut dyn FnMut(&[u8])) -> Result<(), Fault>> Rows for F {}

/// Where each stored voxel of a canonical box goes.
pub struct Gather {
    /// The box in canonical indices.
    pub region: Extent,
    /// The box in stored indices.
    pub stored: Extent,
    /// Stored voxels per row, x.
    row: usize,
    /// Step in the output for one step along each stored axis.
    strides: [isize; 3],
    /// Output index of the first stored voxel of the box.
    base: isize,
}

impl Gather {
    /// The plan for `region`, a box of `geometry.canonical()`.
    pub fn new(geometry: &Geometry, region: &Extent) -> Self {
        let [nx, ny, _] = region.dims();
        let out_strides = [1, nx, nx * ny].map(|s| s as isize);
        let mut plan = Self { region: *region, stored: *region, row: geometry.dims[0], strides: [0; 3], base: 0 };
        for (p, (a, flip)) in geometry.canonical_order().into_iter().enumerate() {
            let (n, lo, hi) = (geometry.dims[a], region.lo[p], region.hi[p]);
            (plan.stored.lo[a], plan.stored.hi[a]) = if flip { (n - hi, n - lo) } else { (lo, hi) };
            plan.strides[a] = if flip { -out_strides[p] } else { out_strides[p] };
            if flip {
                plan.base += out_strides[p] * (hi - lo).saturating_sub(1) as isize;
            }
        }
        plan
    }

    /// The plan for the box of stored indices `stored`.
    pub fn of_stored(geometry: &Geometry, stored: &Extent) -> Self {
        let mut region = *stored;
        for (p, (a, flip)) in geometry.canonical_order().into_iter().enumerate() {
            let (n, lo, hi) = (geometry.dims[a], stored.lo[a], stored.hi[a]);
            (region.lo[p], region.hi[p]) = if flip { (n - hi, n - lo) } else { (lo, hi) };
        }
        Self::new(geometry, &region)
    }

    /// An empty box of the right size.
    ///
    /// # Errors
    /// No memory for it.
    pub fn zeroed<T: Zeroable>(&self) -> Result<Vec<T>, Fault> {
        let len: usize = self.stored.dims().iter().product();
        // Straight from the system: writing zeros would be a walk of its own over memory that is touched for the first time.
        try_zeroed_vec(len).map_err(|()| Fault::no_memory((len * size_of::<T>()) as u64))
    }

    /// Places the rows `stored.lo[1]..stored.hi[1]` of stored plane `z`, all of them in `rows`.
    pub fn plane<S: Sample, T>(&self, z: usize, rows: &[u8], convert: &impl Fn(&[u8]) -> T, out: &mut [T]) {
        let (x0, x1) = (self.stored.lo[0] * S::BYTES, self.stored.hi[0] * S::BYTES);
        let start = self.base + self.strides[2] * (z - self.stored.lo[2]) as isize;
        for (y, row) in rows.chunks_exact(self.row * S::BYTES).enumerate() {
            let first = start + self.strides[1] * y as isize;
            self.run(first, row[x0..x1].chunks_exact(S::BYTES).map(convert), out);
        }
    }

    /// Writes one stored row; neighbours in the file are neighbours in memory for axial stacks.
    fn run<T>(&self, first: isize, values: impl ExactSizeIterator<Item = T>, out: &mut [T]) {
        let (n, first) = (values.len(), first as usize);
        match self.strides[0] {
            1 => out[first..first + n].iter_mut().zip(values).for_each(|(o, v)| *o = v),
            -1 => out[first + 1 - n..=first].iter_mut().rev().zip(values).for_each(|(o, v)| *o = v),
            step => values.enumerate().for_each(|(i, v)| out[(first as isize + step * i as isize) as usize] = v),
        }
    }

    /// Walks all planes of the box.
    ///
    /// # Errors
    /// Those of `rows`, and no memory for the box.
    pub fn fill<S: Sample, T: Zeroable>(
        &self,
        mut rows: impl Rows,
        convert: impl Fn(&[u8]) -> T,
    ) -> Result<Vec<T>, Fault> {
        let mut out = self.zeroed()?;
        if out.is_empty() {
            return Ok(out);
        }
        for z in self.stored.lo[2]..self.stored.hi[2] {
            let mut place = |bytes: &[u8]| self.plane::<S, T>(z, bytes, &convert, &mut out);
            rows(z, self.stored.lo[1], self.stored.hi[1], &mut place)?;
        }
        Ok(out)
    }
}

/// The values, unless one of them is not finite.
///
/// # Errors
/// How many are not.
pub fn finite(voxels: Vec<f32>) -> Result<Vec<f32>, Fault> {
    match voxels.iter().filter(|v| !v.is_finite()).count() {
        0 => Ok(voxels),
        n => Err(Fault::of(NONFINITE_VOXELS, format!("{n} of {} in the region", voxels.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Axis `order[a]` of the patient for stored axis `a`, reversed where `flip[a]`.
    fn turned(order: [usize; 3], flip: [bool; 3]) -> Geometry {
        let axes = std::array::from_fn(|a| {
            let mut v = [0.0; 3];
            v[order[a]] = if flip[a] { -1.0 } else { 1.0 };
            v
        });
        Geometry { dims: [3, 4, 5], spacing: [1.0, 2.0, 3.0], origin: [7.0, -8.0, 9.0], axes }
    }

    proptest! {
        /// The slow twin asks the patient: a canonical voxel holds the value of the stored voxel at its place.
        #[test]
        fn every_orientation_lands_where_the_patient_says(
            order in Just([0, 1, 2]).prop_shuffle(), flip: [bool; 3], lo in [0..2_usize, 0..2, 0..2], cut in [0..2_usize, 0..2, 0..2],
        ) {
            let stored = turned(order, flip);
            let canonical = stored.canonical();
            let region = Extent { lo, hi: std::array::from_fn(|a| canonical.dims[a] - cut[a]) };
            let bytes: Vec<u8> = (0..60).collect();
            let gather = Gather::new(&stored, &region);
            prop_assert_eq!(Gather::of_stored(&stored, &gather.stored).region, region);
            let rows = |z: usize, y0: usize, y1: usize, place: &mut dyn FnMut(&[u8])| {
                place(&bytes[(z * 4 + y0) * 3..(z * 4 + y1) * 3]);
                Ok(())
            };
            let out = gather.fill::<u8, u8>(rows, |b| b[0]).unwrap();
            let box_grid = canonical.crop(&region);
            for (i, &value) in out.iter().enumerate() {
                let [nx, ny, _] = box_grid.dims;
                let at = [i % nx, i / nx % ny, i / nx / ny].map(|v| v as f64);
                let source = stored.to_index(box_grid.to_patient(at)).map(|v| v.round() as usize);
                prop_assert_eq!(value as usize, source[0] + 3 * (source[1] + 4 * source[2]));
            }
        }
    }
}
