//! Stored pixels to HU or MR units, slice by slice, only the rows and columns of the region.

use super::slice::{Pixels, Slice};
use crate::io::fault::Fault;
use crate::io::gather::{Gather, Sample, finite};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Reads the box of `gather` out of slices in stored order.
///
/// # Errors
/// Storage trouble, a file that has shrunk, and values that are not finite.
pub fn read(slices: &[Slice], gather: &Gather) -> Result<Vec<f32>, Fault> {
    let mut out = gather.zeroed()?;
    if out.is_empty() {
        return Ok(out);
    }
    let mut raw = Vec::new();
    let (first, end) = (gather.stored.lo[2], gather.stored.hi[2]);
    for (z, slice) in (first..end).zip(&slices[first..end]) {
        let pixels = slice.pixels.clone()?;
        read_rows(slice, &pixels, gather.stored.lo[1]..gather.stored.hi[1], &mut raw)?;
        let value = |stored: u16| (f64::from(pixels.value(stored)) * slice.slope + slice.intercept) as f32;
        match pixels.bytes {
            1 => gather.plane::<u8, _>(z, &raw, &|b| value(b[0].into()), &mut out),
            _ => gather.plane::<u16, _>(z, &raw, &|b| value(u16::little(b)), &mut out),
        }
    }
    finite(out)
}

fn read_rows(slice: &Slice, pixels: &Pixels, rows: std::ops::Range<usize>, raw: &mut Vec<u8>) -> Result<(), Fault> {
    let row = slice.dims[0] * pixels.bytes;
    raw.resize(rows.len() * row, 0);
    let start = pixels.offset + (rows.start * row) as u64;
    let mut file = File::open(&slice.path).map_err(|e| Fault::from_io(&e))?;
    file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(raw)).map_err(|e| Fault::from_io(&e))
}

impl Pixels {
    /// The value in the stored bits, sign extended from its highest bit; bits outside it (old overlays) are dropped.
    fn value(&self, stored: u16) -> i32 {
        let top = stored << (15 - self.high_bit);
        let down = 16 - self.bits;
        if self.signed { i32::from(top.cast_signed() >> down) } else { i32::from(top >> down) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_outside_the_value_are_dropped_and_the_sign_is_extended() {
        let unsigned = Pixels { offset: 0, bytes: 2, bits: 12, high_bit: 11, signed: false };
        assert_eq!(unsigned.value(0xf123), 0x123);
        let signed = Pixels { signed: true, ..unsigned };
        assert_eq!((signed.value(0x0fff), signed.value(0x0800), signed.value(0x07ff)), (-1, -2048, 2047));
        let shifted = Pixels { high_bit: 15, ..signed };
        assert_eq!((shifted.value(0x8000), shifted.value(0x7ff0)), (-2048, 2047));
        let byte = Pixels { offset: 0, bytes: 1, bits: 8, high_bit: 7, signed: false };
        assert_eq!(byte.value(255), 255);
        assert_eq!(Pixels { signed: true, ..byte }.value(255), -1);
    }
}
