//! What a NIfTI header says, believed only after every field has been checked against the others.

use crate::geometry::{Geometry, Vec3, norm};
use crate::io::fault::{
    BAD_GEOMETRY, BAD_HEADER, BITPIX_MISMATCH, Fault, NO_GEOMETRY, SEVERAL_VOLUMES, TWO_DIMENSIONAL, UNSUPPORTED_TYPE,
    ZERO_SPACING,
};
use crate::io::grid;
use fields::Fields;

mod fields;

pub use fields::looks_like_nifti;

/// Voxels of a volume of which no file system holds the bytes: sizes beyond it are nonsense and would overflow.
const MAX_VOXELS: i64 = 1 << 45;

/// Affine and pixdim state the size of a voxel each; some programs round one of them, none by so large a share.
const MAX_DIFFERENCE: f64 = 5e-3;

/// The voxel types of NIfTI that are single numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Type {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl Type {
    /// NIfTI `datatype` codes.
    fn of(code: i16) -> Result<Self, Fault> {
        Ok(match code {
            2 => Self::U8,
            4 => Self::I16,
            8 => Self::I32,
            16 => Self::F32,
            64 => Self::F64,
            256 => Self::I8,
            512 => Self::U16,
            768 => Self::U32,
            1024 => Self::I64,
            1280 => Self::U64,
            1 | 32 | 128 | 1536 | 1792 | 2048 | 2304 => {
                return Err(Fault::of(
                    UNSUPPORTED_TYPE,
                    format!("NIfTI data type {code}: binary, complex, RGB or 128 bit"),
                ));
            }
            _ => return Err(Fault::of(BAD_HEADER, format!("there is no data type {code}"))),
        })
    }

    /// Bytes of one voxel.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether values may have a fraction.
    pub fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }
}

/// A believed header.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The grid in stored axes, LPS.
    pub geometry: Geometry,
    /// Stored voxel type.
    pub kind: Type,
    /// Byte order of voxels.
    pub big_endian: bool,
    /// First byte of the voxels.
    pub offset: u64,
    /// `value = slope * stored + intercept`; 1 and 0 where the header has none.
    pub slope: f64,
    /// See `slope`.
    pub intercept: f64,
    /// Whether the voxels are in an `.img` of their own.
    pub paired: bool,
}

impl Header {
    /// Parses the first bytes of a file, up to [`super::HEADER_BYTES`] of them.
    ///
    /// # Errors
    /// Anything that is not a NIfTI header of one volume with a place in the patient.
    pub fn parse(head: &[u8]) -> Result<Self, Fault> {
        let raw = Fields::read(head)?;
        let dims = dims(&raw.dim)?;
        let kind = Type::of(raw.datatype)?;
        if usize::try_from(raw.bitpix) != Ok(kind.bytes() * 8) {
            let detail = format!("bitpix {} for a type of {} bits", raw.bitpix, kind.bytes() * 8);
            return Err(Fault::of(BITPIX_MISMATCH, detail));
        }
        let (slope, intercept) = scaling(&raw)?;
        Ok(Self {
            geometry: geometry(&raw, dims)?,
            kind,
            big_endian: raw.big_endian,
            offset: offset(&raw)?,
            slope,
            intercept,
            paired: raw.paired,
        })
    }

    /// Bytes of one stored plane.
    pub fn plane_bytes(&self) -> usize {
        self.geometry.dims[0] * self.geometry.dims[1] * self.kind.bytes()
    }

    /// Whether values are whole numbers as stored.
    pub fn stores_whole_numbers(&self) -> bool {
        !self.kind.is_float() && self.slope == 1.0 && self.intercept == 0.0
    }

    /// One past the last byte of the voxels; at most 2^48 and a little.
    pub fn end(&self) -> u64 {
        self.offset + self.plane_bytes() as u64 * self.geometry.dims[2] as u64
    }
}

/// The three dimensions of the only volume.
fn dims(dim: &[i64; 8]) -> Result<[usize; 3], Fault> {
    let rank = usize::try_from(dim[0]).unwrap_or_default();
    let used = dim.get(1..=rank).unwrap_or_default();
    if rank == 0 || used.len() != rank || used.iter().any(|&n| n <= 0) {
        return Err(Fault::of(BAD_HEADER, "a dimension is zero or negative"));
    }
    if rank < 3 || used[..3].contains(&1) {
        return Err(Fault::of(TWO_DIMENSIONAL, format!("its size is {}", times(used))));
    }
    if used[3..].iter().any(|&n| n > 1) {
        return Err(Fault::of(SEVERAL_VOLUMES, format!("its size is {}", times(used))));
    }
    let voxels = used[..3].iter().try_fold(1_i64, |all, &n| all.checked_mul(n));
    match voxels.is_some_and(|all| all <= MAX_VOXELS) {
        true => Ok([used[0], used[1], used[2]].map(|n| n as usize)),
        false => Err(Fault::of(BAD_HEADER, format!("its size is {}: no file holds so much", times(used)))),
    }
}

fn times(dim: &[i64]) -> String {
    dim.iter().map(i64::to_string).collect::<Vec<_>>().join(" x ")
}

/// `vox_offset`; 0 and NaN mean right after the header, which cannot be where extensions are.
fn offset(raw: &Fields) -> Result<u64, Fault> {
    match raw.vox_offset {
        v if (v.is_nan() || v == 0.0) && raw.extended => {
            Err(Fault::of(BAD_HEADER, "it has extensions but does not say where the voxels start"))
        }
        v if v.is_nan() || v == 0.0 => Ok(raw.least_offset),
        v if v >= raw.least_offset as f64 && v < 1e9 && v.fract() == 0.0 => Ok(v as u64),
        v => Err(Fault::of(BAD_HEADER, format!("voxels cannot start at byte {v}"))),
    }
}

/// Slope and intercept; a slope of 0, NaN or infinity means none (NIfTI-1 standard).
fn scaling(raw: &Fields) -> Result<(f64, f64), Fault> {
    match (raw.slope, raw.intercept) {
        (slope, _) if !slope.is_finite() || slope == 0.0 => Ok((1.0, 0.0)),
        (slope, intercept) if intercept.is_finite() => Ok((slope, intercept)),
        _ => Err(Fault::of(BAD_HEADER, "scl_slope is a number, scl_inter is none")),
    }
}

/// The stored grid: sform where set, else qform, in mm, RAS turned to LPS.
fn geometry(raw: &Fields, dims: [usize; 3]) -> Result<Geometry, Fault> {
    let pixdim = [raw.pixdim[1], raw.pixdim[2], raw.pixdim[3]];
    if pixdim.iter().any(|v| !v.is_finite()) {
        return Err(Fault::of(BAD_GEOMETRY, "a spacing is not finite"));
    }
    if let Some(v) = pixdim.iter().find(|v| **v <= 0.0) {
        return Err(Fault::of(ZERO_SPACING, format!("pixdim holds {v}")));
    }
    let (origin, steps) = match (raw.sform_code > 0, raw.qform_code > 0) {
        (true, _) => sform(raw),
        (false, true) => qform(raw, pixdim)?,
        (false, false) => return Err(Fault::of(NO_GEOMETRY, "both codes are 0")),
    };
    let unit_mm = unit_mm(raw.units)?;
    let lps = |v: Vec3| [-v[0] * unit_mm, -v[1] * unit_mm, v[2] * unit_mm];
    let geometry = grid::from_steps(dims, lps(origin), steps.map(lps))?;
    match (0..3).find(|a| (norm(steps[*a]) / pixdim[*a] - 1.0).abs() > MAX_DIFFERENCE) {
        None => Ok(geometry),
        Some(a) => {
            let detail = format!("voxels are {:.4} apart by the affine, {:.4} by pixdim", norm(steps[a]), pixdim[a]);
            Err(Fault::of(BAD_GEOMETRY, detail))
        }
    }
}

/// Millimetres per spatial unit; unknown is mm by custom.
fn unit_mm(xyzt_units: i32) -> Result<f64, Fault> {
    match xyzt_units & 7 {
        0 | 2 => Ok(1.0),
        1 => Ok(1000.0),
        3 => Ok(0.001),
        unit => Err(Fault::of(BAD_HEADER, format!("there is no unit {unit} of length"))),
    }
}

fn sform(raw: &Fields) -> (Vec3, [Vec3; 3]) {
    let column = |c: usize| raw.rows.map(|r| r[c]);
    (column(3), [column(0), column(1), column(2)])
}

/// Rotation by the unit quaternion (a, b, c, d), scaled by pixdim; qfac other than -1 counts as 1.
fn qform(raw: &Fields, pixdim: Vec3) -> Result<(Vec3, [Vec3; 3]), Fault> {
    let [b, c, d] = raw.quaternion;
    let rest = 1.0 - (b * b + c * c + d * d);
    if rest.is_nan() || rest < -1e-3 {
        return Err(Fault::of(BAD_GEOMETRY, "the quaternion of the qform is longer than 1"));
    }
    // Near a half turn rounding makes `rest` negative: the vector part is scaled to length 1 (NIfTI-1 reference).
    let k = if rest < 1e-7 { 1.0 / (1.0 - rest).sqrt() } else { 1.0 };
    let (a, b, c, d) = (if rest < 1e-7 { 0.0 } else { rest.sqrt() }, b * k, c * k, d * k);
    let qfac = if raw.pixdim[0] == -1.0 { -1.0 } else { 1.0 };
    let columns = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c + a * d), 2.0 * (b * d - a * c)],
        [2.0 * (b * c - a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d + a * b)],
        [2.0 * (b * d + a * c), 2.0 * (c * d - a * b), a * a + d * d - b * b - c * c],
    ];
    let lengths = [pixdim[0], pixdim[1], pixdim[2] * qfac];
    let steps = std::array::from_fn(|i| columns[i].map(|v| v * lengths[i]));
    Ok((raw.quaternion_origin, steps))
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
