//! The voxels of a NIfTI file: planes are read or sliced, and only the box is converted.

use super::Nifti;
use super::header::{Header, Type};
use crate::geometry::Extent;
use crate::io::fault::{Fault, LABEL_NOT_WHOLE, NONFINITE_VOXELS, Reason};
use crate::io::gather::{Gather, Rows, Sample, finite};
use crate::io::inflate;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Runs `$body` with `$S` the stored type of `$kind`.
macro_rules! with_type {
    ($kind:expr, $S:ident => $body:expr) => {
        match $kind {
            Type::U8 => {
                type $S = u8;
                $body
            }
            Type::I8 => {
                type $S = i8;
                $body
            }
            Type::U16 => {
                type $S = u16;
                $body
            }
            Type::I16 => {
                type $S = i16;
                $body
            }
            Type::U32 => {
                type $S = u32;
                $body
            }
            Type::I32 => {
                type $S = i32;
                $body
            }
            Type::U64 => {
                type $S = u64;
                $body
            }
            Type::I64 => {
                type $S = i64;
                $body
            }
            Type::F32 => {
                type $S = f32;
                $body
            }
            Type::F64 => {
                type $S = f64;
                $body
            }
        }
    };
}

pub(in crate::io) use with_type;

impl Nifti {
    /// A box of the canonical grid as `slope * stored + intercept`.
    ///
    /// # Errors
    /// Damage found on the way, and values that are not finite.
    pub fn read(&self, region: &Extent) -> Result<Vec<f32>, Fault> {
        let gather = Gather::new(&self.header.geometry, region);
        let voxels = if self.gzip {
            self.inflated(|data| intensities(&self.header, &gather, from_memory(data, &self.header)))?
        } else {
            let file = File::open(self.voxel_path()).map_err(|e| Fault::from_io(&e))?;
            intensities(&self.header, &gather, from_file(file, &self.header))?
        };
        // Whole numbers are finite, and only a pass over all of them would say so.
        if self.header.stores_whole_numbers() { Ok(voxels) } else { finite(voxels) }
    }

    /// Hands over all stored voxels, inflated.
    ///
    /// # Errors
    /// Damage found on the way.
    pub fn with_stored<R>(&self, use_bytes: impl FnOnce(&[u8]) -> Result<R, Fault>) -> Result<R, Fault> {
        if self.gzip {
            return self.inflated(use_bytes);
        }
        let mut file = File::open(self.voxel_path()).map_err(|e| Fault::from_io(&e))?;
        let mut data = Vec::new();
        file.seek(SeekFrom::Start(self.header.offset)).map_err(|e| Fault::from_io(&e))?;
        let len = self.header.end() - self.header.offset;
        data.try_reserve_exact(len as usize).map_err(|_| Fault::no_memory(len))?;
        file.take(len).read_to_end(&mut data).map_err(|e| Fault::from_io(&e))?;
        match data.len() as u64 == len {
            true => use_bytes(&data),
            false => Err(Fault::from_io(&std::io::ErrorKind::UnexpectedEof.into())),
        }
    }

    fn inflated<R>(&self, use_bytes: impl FnOnce(&[u8]) -> Result<R, Fault>) -> Result<R, Fault> {
        let offset = self.header.offset as usize;
        inflate::with_file(self.voxel_path(), self.header.end(), |bytes| use_bytes(&bytes[offset..]))
    }
}

/// Rows out of the inflated voxels.
pub fn from_memory(data: &[u8], header: &Header) -> impl Rows {
    let (plane, row) = (header.plane_bytes(), header.geometry.dims[0] * header.kind.bytes());
    move |z, y0, y1, place| {
        place(&data[z * plane + y0 * row..z * plane + y1 * row]);
        Ok(())
    }
}

/// Rows out of an uncompressed file: one seek and one read for each plane.
fn from_file(mut file: File, header: &Header) -> impl Rows {
    let (plane, row) = (header.plane_bytes(), header.geometry.dims[0] * header.kind.bytes());
    let (offset, mut buffer) = (header.offset, Vec::new());
    move |z, y0, y1, place| {
        let start = offset + (z * plane + y0 * row) as u64;
        buffer.resize((y1 - y0) * row, 0);
        file.seek(SeekFrom::Start(start)).map_err(|e| Fault::from_io(&e))?;
        file.read_exact(&mut buffer).map_err(|e| Fault::from_io(&e))?;
        place(&buffer);
        Ok(())
    }
}

fn intensities(header: &Header, gather: &Gather, rows: impl Rows) -> Result<Vec<f32>, Fault> {
    let (slope, intercept) = (header.slope, header.intercept);
    let plain = slope == 1.0 && intercept == 0.0;
    with_type!(header.kind, S => match (plain, header.big_endian) {
        (true, false) => gather.fill::<S, f32>(rows, |b| S::little(b).single()),
        (true, true) => gather.fill::<S, f32>(rows, |b| S::big(b).single()),
        (false, false) => gather.fill::<S, f32>(rows, |b| (S::little(b).wide() * slope + intercept) as f32),
        (false, true) => gather.fill::<S, f32>(rows, |b| (S::big(b).wide() * slope + intercept) as f32),
    })
}

/// How far from a whole number a scaled or floating label may be: what rounding leaves of labels up to some thousands.
const WHOLE: f64 = 1e-3;

/// One stored voxel as a label.
///
/// Whole numbers stay as they are, whatever their type. A mask may have soft edges: a fraction below 1.5 goes to the
/// nearest of 0 and 1.
///
/// # Errors
/// A value that is not finite, and a fraction between labels: which of them is meant nobody can say.
pub fn label<S: Sample>(header: &Header, bytes: &[u8]) -> Result<i64, &'static Reason> {
    let stored = if header.big_endian { S::big(bytes) } else { S::little(bytes) };
    if header.stores_whole_numbers() {
        return Ok(stored.whole());
    }
    let value = stored.wide() * header.slope + header.intercept;
    let nearest = libm::round(value);
    match value {
        v if !v.is_finite() => Err(&NONFINITE_VOXELS),
        v if (v - nearest).abs() <= WHOLE => Ok(nearest as i64),
        v if v < 1.5 => Ok(i64::from(v >= 0.5)),
        _ => Err(&LABEL_NOT_WHOLE),
    }
}
