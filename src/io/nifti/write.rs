//! Volumes as NIfTI-1 bytes, with the same place in sform and qform.

use crate::geometry::{Geometry, Vec3, cross, dot};
use crate::volume::Volume;

/// A voxel type that is written as it is.
pub trait Stored: Copy {
    /// NIfTI-1 `datatype`.
    const DATATYPE: i16;
    /// Bytes of one voxel.
    const BYTES: usize;
    /// Appends one voxel, little endian.
    fn put(self, out: &mut Vec<u8>);
}

macro_rules! stored {
    ($($t:ty = $code:literal as $wire:ty;)*) => {$(impl Stored for $t {
        const DATATYPE: i16 = $code;
        const BYTES: usize = size_of::<$wire>();
        fn put(self, out: &mut Vec<u8>) {
            #[allow(clippy::unnecessary_cast, reason = "one body for all types")]
            out.extend_from_slice(&(self as $wire).to_le_bytes());
        }
    })*};
}
stored! {
    bool = 2 as u8;
    u8 = 2 as u8;
    i16 = 4 as i16;
    f32 = 16 as f32;
}

/// Bytes before the voxels: the header and an empty extension flag.
const DATA_OFFSET: usize = 352;

/// The bytes of a `.nii` file, or of a `.nii.gz` file with one member and no time stamp.
///
/// # Panics
/// On a grid of more than 32767 voxels along an axis, which NIfTI-1 cannot say.
pub fn encode<T: Stored>(volume: &Volume<T>, gzip: bool) -> Vec<u8> {
    let voxels = volume.as_slice();
    let mut out = header(volume.geometry(), T::DATATYPE, T::BYTES);
    out.reserve(voxels.len() * T::BYTES);
    voxels.iter().for_each(|v| v.put(&mut out));
    if gzip { compress(&out) } else { out }
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let level = libdeflater::CompressionLvl::new(1).expect("libdeflate has levels 0 to 12");
    let mut packer = libdeflater::Compressor::new(level);
    let mut out = vec![0; packer.gzip_compress_bound(bytes.len())];
    let len = packer.gzip_compress(bytes, &mut out).expect("the bound of libdeflate is enough for any input");
    out.truncate(len);
    out
}

fn header(g: &Geometry, datatype: i16, voxel_bytes: usize) -> Vec<u8> {
    let mut h = vec![0; DATA_OFFSET];
    let (columns, origin) = ras(g);
    let (qfac, quaternion) = quaternion(columns);
    let dim = g.dims.map(|n| i16::try_from(n).expect("NIfTI-1 counts voxels in 16 bits"));
    put_i32(&mut h, 0, 348);
    put_i16s(&mut h, 40, &[3, dim[0], dim[1], dim[2], 1, 1, 1, 1]);
    put_i16s(&mut h, 70, &[datatype, voxel_bytes as i16 * 8]);
    put_f32s(&mut h, 76, &[qfac, g.spacing[0], g.spacing[1], g.spacing[2]]);
    put_f32s(&mut h, 108, &[DATA_OFFSET as f64, 1.0, 0.0]);
    h[123] = 2; // xyzt_units: mm
    put_i16s(&mut h, 252, &[1, 1]);
    put_f32s(&mut h, 256, &quaternion);
    put_f32s(&mut h, 268, &origin);
    for row in 0..3 {
        let step = |a: usize| columns[a][row] * g.spacing[a];
        put_f32s(&mut h, 280 + 16 * row, &[step(0), step(1), step(2), origin[row]]);
    }
    h[344..348].copy_from_slice(b"n+1\0");
    h
}

/// Unit axes and origin in RAS.
fn ras(g: &Geometry) -> ([Vec3; 3], Vec3) {
    let flip = |v: Vec3| [-v[0], -v[1], v[2]];
    (g.axes.map(flip), flip(g.origin))
}

/// qfac and the vector part of the unit quaternion of the axes (NIfTI-1 reference `mat44_to_quatern`).
fn quaternion([x, y, z]: [Vec3; 3]) -> (f64, Vec3) {
    let qfac = if dot(cross(x, y), z) < 0.0 { -1.0 } else { 1.0 };
    let z = z.map(|v| v * qfac);
    let a = (1.0 + x[0] + y[1] + z[2]).max(0.0).sqrt() / 2.0;
    if a > 0.25 {
        return (qfac, [(y[2] - z[1]) / (4.0 * a), (z[0] - x[2]) / (4.0 * a), (x[1] - y[0]) / (4.0 * a)]);
    }
    let squares = [x[0] - y[1] - z[2], y[1] - x[0] - z[2], z[2] - x[0] - y[1]].map(|v| (1.0 + v).max(0.0).sqrt() / 2.0);
    let largest = (0..3).fold(0, |best, i| if squares[i] > squares[best] { i } else { best });
    let k = 4.0 * squares[largest];
    let (bc, bd, cd) = ((y[0] + x[1]) / k, (z[0] + x[2]) / k, (z[1] + y[2]) / k);
    let (scalar, v) = match largest {
        0 => (y[2] - z[1], [squares[0], bc, bd]),
        1 => (z[0] - x[2], [bc, squares[1], cd]),
        _ => (x[1] - y[0], [bd, cd, squares[2]]),
    };
    // q and -q turn alike; the standard wants the one with a positive scalar.
    (qfac, if scalar < 0.0 { v.map(|c| -c) } else { v })
}

fn put_i32(h: &mut [u8], at: usize, v: i32) {
    h[at..at + 4].copy_from_slice(&v.to_le_bytes());
}

fn put_i16s(h: &mut [u8], at: usize, values: &[i16]) {
    for (i, v) in values.iter().enumerate() {
        h[at + 2 * i..at + 2 * i + 2].copy_from_slice(&v.to_le_bytes());
    }
}

fn put_f32s(h: &mut [u8], at: usize, values: &[f64]) {
    for (i, &v) in values.iter().enumerate() {
        h[at + 4 * i..at + 4 * i + 4].copy_from_slice(&(v as f32).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::norm;
    use crate::io::nifti::header::Header;

    /// A grid turned about an oblique axis by `degrees`, mirrored where `left`.
    fn turned(degrees: f64, axis: usize, left: bool) -> Geometry {
        let (s, c) = libm::sincos(degrees.to_radians());
        let mut axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let (i, j) = ((axis + 1) % 3, (axis + 2) % 3);
        for v in &mut axes {
            (v[i], v[j]) = (c * v[i] - s * v[j], s * v[i] + c * v[j]);
        }
        if left {
            axes[2] = axes[2].map(|v| -v);
        }
        Geometry { dims: [5, 4, 3], spacing: [0.5, 0.75, 2.0], origin: [-10.0, 20.5, 33.25], axes }
    }

    #[test]
    fn sform_and_qform_say_the_same_place() {
        for (k, degrees) in [0.0, 10.0, 90.0, 133.0, 180.0, 270.0].iter().enumerate() {
            for left in [false, true] {
                let g = turned(*degrees, k % 3, left);
                let mut bytes = encode(&Volume::from_fn(g.clone(), |[x, _, _]| x as i16), false);
                let by_sform = Header::parse(&bytes).unwrap().geometry;
                bytes[254] = 0;
                let by_qform = Header::parse(&bytes).unwrap().geometry;
                for read in [by_sform, by_qform] {
                    let corner = [4.0, 3.0, 2.0];
                    let off = crate::geometry::sub(read.to_patient(corner), g.to_patient(corner));
                    assert!(norm(off) < 1e-4, "{degrees} {left}: {off:?}");
                }
            }
        }
    }
}
