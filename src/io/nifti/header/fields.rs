//! The fields of a header that matter, by whichever version of NIfTI they are stated.

use super::super::HEADER_BYTES;
use crate::geometry::Vec3;
use crate::io::fault::{BAD_HEADER, Fault, NOT_AN_IMAGE};
use nifti::{Endianness, NiftiHeader};

/// `sizeof_hdr` of NIfTI-1.
const BYTES_1: usize = 348;

/// `sizeof_hdr` of NIfTI-2.
const BYTES_2: usize = 540;

/// Bytes of the flag that tells whether extensions follow a header.
const FLAG_BYTES: usize = 4;

/// What both magics of NIfTI-2 end with: it shows whether a transfer has changed the ends of lines.
const MAGIC_2_END: &[u8] = b"\0\r\n\x1a\n";

/// What a header says, as numbers wide enough for both versions; nothing is checked but size and magic.
#[derive(Debug)]
pub struct Fields {
    /// Byte order of header and voxels.
    pub big_endian: bool,
    /// Whether the voxels are in an `.img` of their own.
    pub paired: bool,
    /// Whether extensions stand between the header and the voxels of one file.
    pub extended: bool,
    /// The first byte after a header without extensions; 0 in a file of its own.
    pub least_offset: u64,
    /// `dim`: the rank, then sizes.
    pub dim: [i64; 8],
    /// `datatype`
    pub datatype: i16,
    /// `bitpix`
    pub bitpix: i16,
    /// `pixdim`: qfac, then spacings.
    pub pixdim: [f64; 8],
    /// `vox_offset`
    pub vox_offset: f64,
    /// `scl_slope`
    pub slope: f64,
    /// `scl_inter`
    pub intercept: f64,
    /// `xyzt_units`
    pub units: i32,
    /// `qform_code`
    pub qform_code: i32,
    /// `sform_code`
    pub sform_code: i32,
    /// `quatern_b`, `_c`, `_d`
    pub quaternion: Vec3,
    /// `qoffset_x`, `_y`, `_z`
    pub quaternion_origin: Vec3,
    /// `srow_x`, `_y`, `_z`
    pub rows: [[f64; 4]; 3],
}

/// Whether bytes start like a NIfTI header of any kind, in either byte order: by its size or by its magic.
pub fn looks_like_nifti(head: &[u8]) -> bool {
    stated_size(head).is_some_and(|sizes| [BYTES_1, BYTES_2].iter().any(|&n| sizes.contains(&(n as u32))))
        || magic_1(head).is_some()
        || magic_2(head).is_some()
}

impl Fields {
    /// Reads the first bytes of a file, up to [`HEADER_BYTES`] of them.
    ///
    /// # Errors
    /// Bytes that are no NIfTI header, or whose size and magic contradict each other.
    pub fn read(head: &[u8]) -> Result<Self, Fault> {
        let [little, big] = stated_size(head).unwrap_or_default().map(|n| n as usize);
        match (little, big) {
            (BYTES_2, _) => Self::version_2(head, false),
            (_, BYTES_2) => Self::version_2(head, true),
            _ if magic_2(head).is_some() => Err(wrong_size(little, BYTES_2)),
            _ => Self::version_1(head, little == BYTES_1 || big == BYTES_1),
        }
    }

    fn version_1(head: &[u8], size_fits: bool) -> Result<Self, Fault> {
        if head.len() < BYTES_1 {
            return Err(Fault::of(NOT_AN_IMAGE, format!("{} bytes are no header", head.len())));
        }
        let Some(paired) = magic_1(head) else {
            let detail = "the magic of NIfTI-1 is missing (ANALYZE carries no orientation)";
            return Err(Fault::of(NOT_AN_IMAGE, detail));
        };
        if !size_fits {
            return Err(wrong_size(stated_size(head).unwrap_or_default()[0] as usize, BYTES_1));
        }
        let raw = NiftiHeader::from_reader(head).map_err(|_| Fault::of(BAD_HEADER, "dim[0] or magic"))?;
        Ok(Self::of_version_1(&raw, paired, extended(head, BYTES_1)))
    }

    fn of_version_1(raw: &NiftiHeader, paired: bool, extended: bool) -> Self {
        Self {
            big_endian: raw.endianness == Endianness::Big,
            paired,
            extended: extended && !paired,
            least_offset: least_offset(paired, BYTES_1),
            // The crate reads as unsigned what the standard calls signed.
            dim: raw.dim.map(|n| i64::from(n as i16)),
            datatype: raw.datatype,
            bitpix: raw.bitpix,
            pixdim: raw.pixdim.map(f64::from),
            vox_offset: f64::from(raw.vox_offset),
            slope: f64::from(raw.scl_slope),
            intercept: f64::from(raw.scl_inter),
            units: i32::from(raw.xyzt_units),
            qform_code: i32::from(raw.qform_code),
            sform_code: i32::from(raw.sform_code),
            quaternion: [raw.quatern_b, raw.quatern_c, raw.quatern_d].map(f64::from),
            quaternion_origin: [raw.quatern_x, raw.quatern_y, raw.quatern_z].map(f64::from),
            rows: [raw.srow_x, raw.srow_y, raw.srow_z].map(|row| row.map(f64::from)),
        }
    }

    /// By the offsets of `nifti2.h`.
    fn version_2(head: &[u8], big_endian: bool) -> Result<Self, Fault> {
        let Some(head) = head.get(..HEADER_BYTES.min(head.len())).filter(|h| h.len() >= BYTES_2) else {
            return Err(Fault::of(NOT_AN_IMAGE, format!("{} bytes are no header of NIfTI-2", head.len())));
        };
        let Some(paired) = magic_2(head) else {
            return Err(Fault::of(BAD_HEADER, "the magic of NIfTI-2 is damaged, as by a transfer as text"));
        };
        let at = Reader { head, big_endian };
        Ok(Self {
            big_endian,
            paired,
            extended: extended(head, BYTES_2) && !paired,
            least_offset: least_offset(paired, BYTES_2),
            datatype: i16::from_ne_bytes(at.bytes(12)),
            bitpix: i16::from_ne_bytes(at.bytes(14)),
            dim: std::array::from_fn(|i| at.i64(16 + 8 * i)),
            pixdim: at.f64s(104),
            vox_offset: at.i64(168) as f64,
            slope: at.f64(176),
            intercept: at.f64(184),
            qform_code: at.i32(344),
            sform_code: at.i32(348),
            quaternion: at.f64s(352),
            quaternion_origin: at.f64s(376),
            rows: std::array::from_fn(|row| at.f64s(400 + 32 * row)),
            units: at.i32(500),
        })
    }
}

/// Numbers of a header in its byte order.
struct Reader<'a> {
    head: &'a [u8],
    big_endian: bool,
}

impl Reader<'_> {
    /// `N` bytes in the order of this machine.
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes: [u8; N] = self.head[at..at + N].try_into().expect("a range has its own length");
        if self.big_endian != cfg!(target_endian = "big") {
            bytes.reverse();
        }
        bytes
    }

    fn i32(&self, at: usize) -> i32 {
        i32::from_ne_bytes(self.bytes(at))
    }

    fn i64(&self, at: usize) -> i64 {
        i64::from_ne_bytes(self.bytes(at))
    }

    fn f64(&self, at: usize) -> f64 {
        f64::from_ne_bytes(self.bytes(at))
    }

    fn f64s<const N: usize>(&self, at: usize) -> [f64; N] {
        std::array::from_fn(|i| self.f64(at + 8 * i))
    }
}

/// `sizeof_hdr` in little and in big endian.
fn stated_size(head: &[u8]) -> Option<[u32; 2]> {
    head.first_chunk().map(|b| [u32::from_le_bytes(*b), u32::from_be_bytes(*b)])
}

/// Whether a header with the magic of NIfTI-1 is one of a pair; `None` without that magic.
fn magic_1(head: &[u8]) -> Option<bool> {
    match head.get(344..BYTES_1)? {
        b"n+1\0" => Some(false),
        b"ni1\0" => Some(true),
        _ => None,
    }
}

/// Whether a header with the magic of NIfTI-2 is one of a pair; `None` without that magic.
fn magic_2(head: &[u8]) -> Option<bool> {
    let (name, end) = head.get(4..12)?.split_at(3);
    match name {
        b"n+2" if end == MAGIC_2_END => Some(false),
        b"ni2" if end == MAGIC_2_END => Some(true),
        _ => None,
    }
}

/// Whether the flag behind the header says that extensions follow.
fn extended(head: &[u8], header_bytes: usize) -> bool {
    head.get(header_bytes).is_some_and(|&flag| flag != 0)
}

fn least_offset(paired: bool, header_bytes: usize) -> u64 {
    if paired { 0 } else { (header_bytes + FLAG_BYTES) as u64 }
}

fn wrong_size(stated: usize, want: usize) -> Fault {
    Fault::of(BAD_HEADER, format!("sizeof_hdr is {stated}, not {want}"))
}
