//! Stored pixels to HU or MR units, slice by slice, only the rows and columns of the region.

use super::fragments::{self, Piece};
use super::slice::Slice;
use super::store::{Format, Place};
use super::syntax::Coding;
use super::{codec, prepass};
use crate::io::fault::{Fault, TRUNCATED_FILE};
use crate::io::gather::{Gather, Sample, finite};
use crate::volume::traverse;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

/// Compressed slices that are decoded side by side: enough to keep a node busy, few enough to keep in memory.
pub const TOGETHER: usize = 8;

/// Reads the box of `gather` out of slices in stored order.
///
/// # Errors
/// Storage trouble, a file that has shrunk, pixels that cannot be decoded, and values that are not finite.
pub fn read(slices: &[Slice], gather: &Gather) -> Result<Vec<f32>, Fault> {
    let mut out = gather.zeroed()?;
    if out.is_empty() {
        return Ok(out);
    }
    let mut reader = Reader::default();
    let rows = gather.stored.lo[1]..gather.stored.hi[1];
    let (first, end) = (gather.stored.lo[2], gather.stored.hi[2]);
    for z in (first..end).step_by(TOGETHER) {
        let group = &slices[z..end.min(z + TOGETHER)];
        if let Some(compressed) = group.iter().map(Slice::compressed).collect::<Option<Vec<_>>>() {
            let decode = |k: usize| compressed[k].decoded().map(|raw| (raw, compressed[k].format));
            for (k, decoded) in traverse::each(group.len(), decode).into_iter().enumerate() {
                let (raw, format) = decoded?;
                place(z + k, &group[k], &raw[within(&group[k], format, &rows)], format, gather, &mut out);
            }
        } else {
            for (k, slice) in group.iter().enumerate() {
                let (raw, format) = reader.rows(slice, rows.clone())?;
                place(z + k, slice, raw, format, gather, &mut out);
            }
        }
    }
    // Only a pass over all voxels would say so, and they are touched for the first time.
    let are_finite = slices[first..end].iter().all(Slice::is_finite);
    if are_finite { Ok(out) } else { finite(out) }
}

/// Converts the rows of a slice into the box.
fn place(z: usize, slice: &Slice, raw: &[u8], format: Format, gather: &Gather, out: &mut [f32]) {
    match slice.whole_scale() {
        Some([slope, intercept]) => {
            place_by(z, raw, format, gather, out, |stored| format.value(stored) as f32 * slope + intercept);
        }
        None => place_by(z, raw, format, gather, out, |stored| slice.value(format, stored)),
    }
}

fn place_by(z: usize, raw: &[u8], format: Format, gather: &Gather, out: &mut [f32], value: impl Fn(u16) -> f32) {
    match (format.bytes, format.big_endian) {
        (1, _) => gather.plane::<u8, _>(z, raw, &|b| value(b[0].into()), out),
        (_, false) => gather.plane::<u16, _>(z, raw, &|b| value(u16::little(b)), out),
        (_, true) => gather.plane::<u16, _>(z, raw, &|b| value(u16::big(b)), out),
    }
}

/// The bytes of some rows in those of a frame.
fn within(slice: &Slice, format: Format, rows: &Range<usize>) -> Range<usize> {
    let row = slice.dims[0] * format.bytes;
    rows.start * row..rows.end * row
}

/// The frame of a slice that is compressed.
struct Compressed<'a> {
    slice: &'a Slice,
    coding: Coding,
    pieces: &'a [Piece],
    format: Format,
}

impl Compressed<'_> {
    fn decoded(&self) -> Result<Vec<u8>, Fault> {
        let file = File::open(&self.slice.path).map_err(|e| Fault::from_io(&e))?;
        let data = fragments::read(&file, self.pieces)?;
        codec::decode(self.coding, &data, codec::Frame { dims: self.slice.dims, bytes: self.format.bytes })
    }
}

impl Slice {
    /// Its frame, if that is compressed.
    fn compressed(&self) -> Option<Compressed<'_>> {
        let pixels = self.pixels.as_ref().ok()?;
        let Place::Pieces(coding, pieces) = &pixels.place else { return None };
        Some(Compressed { slice: self, coding: *coding, pieces: &pieces[pixels.frame], format: pixels.format })
    }

    /// Slope and intercept, if both are whole and no stored value leads to a number that `f32` does not hold exactly: then the
    /// value is the same without `f64`.
    fn whole_scale(&self) -> Option<[f32; 2]> {
        /// Up to here `f32` holds every whole number.
        const EXACT: f64 = (1 << 24) as f64;
        let [slope, intercept] = [self.slope, self.intercept];
        let is_whole = slope.fract() == 0.0 && intercept.fract() == 0.0;
        let most = slope.abs() * f64::from(u16::MAX) + intercept.abs();
        (is_whole && most <= EXACT).then_some([slope as f32, intercept as f32])
    }

    /// Whether whatever is stored leads to a number.
    fn is_finite(&self) -> bool {
        let most = f64::from(u16::MAX);
        [-most, 0.0, most].into_iter().all(|stored| ((stored * self.slope + self.intercept) as f32).is_finite())
    }

    /// A stored value in HU or MR units.
    fn value(&self, format: Format, stored: u16) -> f32 {
        (f64::from(format.value(stored)) * self.slope + self.intercept) as f32
    }
}

/// Reads rows, and keeps what the next slice can use: buffers, and what a deflated file inflates to.
#[derive(Default)]
pub struct Reader {
    raw: Vec<u8>,
    inflated: Option<(std::path::PathBuf, Vec<u8>)>,
}

impl Reader {
    /// The values of some rows of a slice.
    ///
    /// # Errors
    /// Storage trouble, a file that has shrunk, pixels that cannot be decoded.
    pub fn values(&mut self, slice: &Slice, rows: Range<usize>) -> Result<Vec<f32>, Fault> {
        let (raw, format) = self.rows(slice, rows)?;
        let value = |stored| slice.value(format, stored);
        Ok(match (format.bytes, format.big_endian) {
            (1, _) => raw.iter().map(|b| value((*b).into())).collect(),
            (_, false) => raw.chunks_exact(2).map(|b| value(u16::little(b))).collect(),
            (_, true) => raw.chunks_exact(2).map(|b| value(u16::big(b))).collect(),
        })
    }

    /// The bytes of some rows of a slice, and how they are to be read.
    fn rows(&mut self, slice: &Slice, rows: Range<usize>) -> Result<(&[u8], Format), Fault> {
        let pixels = slice.pixels.as_ref().map_err(Clone::clone)?;
        let within = within(slice, pixels.format, &rows);
        let skipped = (pixels.frame * slice.dims[0] * slice.dims[1] * pixels.format.bytes) as u64;
        let raw = match &pixels.place {
            Place::Plain(offset) => self.plain(slice, offset + skipped, within)?,
            Place::Inflated(offset, end) => self.inflated(slice, *end, (offset + skipped) as usize, within)?,
            Place::Pieces(coding, pieces) => {
                let pieces = &pieces[pixels.frame];
                self.raw = Compressed { slice, coding: *coding, pieces, format: pixels.format }.decoded()?;
                &self.raw[within]
            }
        };
        Ok((raw, pixels.format))
    }

    fn plain(&mut self, slice: &Slice, frame: u64, within: Range<usize>) -> Result<&[u8], Fault> {
        self.raw.resize(within.len(), 0);
        let mut file = File::open(&slice.path).map_err(|e| Fault::from_io(&e))?;
        let start = SeekFrom::Start(frame + within.start as u64);
        file.seek(start).and_then(|_| file.read_exact(&mut self.raw)).map_err(|e| Fault::from_io(&e))?;
        Ok(&self.raw)
    }

    fn inflated(&mut self, slice: &Slice, end: u64, frame: usize, within: Range<usize>) -> Result<&[u8], Fault> {
        if self.inflated.as_ref().is_none_or(|(path, _)| *path != slice.path) {
            let mut file = File::open(&slice.path).map_err(|e| Fault::from_io(&e))?;
            self.inflated = Some((slice.path.clone(), prepass::inflated_data_set(&mut file, end)?));
        }
        let body = self.inflated.as_ref().map_or(&[][..], |(_, body)| body);
        body.get(frame + within.start..frame + within.end).ok_or_else(|| Fault::of(TRUNCATED_FILE, "it has shrunk"))
    }
}

impl Format {
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
        let unsigned = Format { bytes: 2, bits: 12, high_bit: 11, signed: false, big_endian: false };
        assert_eq!(unsigned.value(0xf123), 0x123);
        let signed = Format { signed: true, ..unsigned };
        assert_eq!((signed.value(0x0fff), signed.value(0x0800), signed.value(0x07ff)), (-1, -2048, 2047));
        let shifted = Format { high_bit: 15, ..signed };
        assert_eq!((shifted.value(0x8000), shifted.value(0x7ff0)), (-2048, 2047));
        let byte = Format { bytes: 1, bits: 8, high_bit: 7, ..unsigned };
        assert_eq!(byte.value(255), 255);
        assert_eq!(Format { signed: true, ..byte }.value(255), -1);
    }
}
