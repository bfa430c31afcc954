//! The voxels of a NIfTI file: planes are read or sliced, and only the box is converted.

use super::Nifti;
use super::header::{Header, Type};
use crate::geometry::Extent;
use crate::io::fault::{Fault, LABEL_NOT_WHOLE, NONFINITE_VOXELS, Reason};
use crate::io::gather::{Gather, Rows, Sample, finite};
use crate::io::inflate::{self, Inflated};
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
        let mut bytes = self.bytes()?;
        let voxels = intensities(&self.header, &gather, rows(&mut bytes, &self.header))?;
        bytes.finish()?;
        // Whole numbers are finite, and only a pass over all of them would say so.
        if self.header.stores_whole_numbers() { Ok(voxels) } else { finite(voxels) }
    }

    /// The bytes of the file with the voxels, from front to back.
    ///
    /// # Errors
    /// A file that cannot be read, or is too short for what its header promises.
    pub fn bytes(&self) -> Result<Bytes, Fault> {
        if self.gzip {
            return inflate::open(self.voxel_path(), self.header.end()).map(|file| Bytes::Packed(Box::new(file)));
        }
        File::open(self.voxel_path()).map(Bytes::Plain).map_err(|e| Fault::from_io(&e))
    }
}

/// A file that is read from front to back.
pub enum Bytes {
    /// As it is.
    Plain(File),
    /// Inflated.
    Packed(Box<Inflated<File>>),
}

impl Bytes {
    /// Reads from byte `start` on, which lies no earlier than the end of the last read.
    ///
    /// # Errors
    /// Damage up to there. What was read is believed only after [`Self::finish`].
    pub fn read_at(&mut self, start: u64, out: &mut [u8]) -> Result<(), Fault> {
        match self {
            Self::Plain(file) => {
                file.seek(SeekFrom::Start(start)).map_err(|e| Fault::from_io(&e))?;
                file.read_exact(out).map_err(|e| Fault::from_io(&e))
            }
            Self::Packed(file) => file.read_at(start, out),
        }
    }

    /// Checks what has not been read.
    ///
    /// # Errors
    /// Damage of a compressed file anywhere.
    pub fn finish(self) -> Result<(), Fault> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Packed(file) => file.finish(),
        }
    }
}

/// Rows out of a file, one read for each plane.
fn rows(bytes: &mut Bytes, header: &Header) -> impl Rows {
    let (plane, row) = (header.plane_bytes(), header.geometry.dims[0] * header.kind.bytes());
    let (offset, mut buffer) = (header.offset, Vec::new());
    move |z, y0, y1, place| {
        let start = offset + (z * plane + y0 * row) as u64;
        buffer.resize((y1 - y0) * row, 0);
        bytes.read_at(start, &mut buffer)?;
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
