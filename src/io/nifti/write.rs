//! Volumes as NIfTI-1 files, sform and qform in RAS.

use crate::volume::Volume;

/// A voxel type that NIfTI stores.
pub trait Stored: Copy {
    /// NIfTI datatype code and bits of a voxel.
    const CODE: (i16, i16);
    /// Appends the voxel, little endian.
    fn append(self, out: &mut Vec<u8>);
}

impl Stored for bool {
    const CODE: (i16, i16) = (2, 8);
    fn append(self, out: &mut Vec<u8>) {
        out.push(u8::from(self));
    }
}

impl Stored for i16 {
    const CODE: (i16, i16) = (4, 16);
    fn append(self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }
}

/// A volume as the bytes of a `.nii`, or of a `.nii.gz`.
pub fn encode<T: Stored>(volume: &Volume<T>, gzip: bool) -> Vec<u8> {
    let grid = volume.geometry();
    let mut out = vec![0_u8; 352];
    let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    let dims = [3, grid.dims[0] as i16, grid.dims[1] as i16, grid.dims[2] as i16, 1, 1, 1, 1];
    dims.iter().enumerate().for_each(|(i, d)| put(40 + 2 * i, &d.to_le_bytes()));
    put(70, &T::CODE.0.to_le_bytes());
    put(72, &T::CODE.1.to_le_bytes());
    (0..3).for_each(|a| put(80 + 4 * a, &(grid.spacing[a] as f32).to_le_bytes()));
    put(108, &352_f32.to_le_bytes());
    put(112, &1_f32.to_le_bytes());
    put(123, &[2]);
    put(254, &1_i16.to_le_bytes());
    for row in 0..3 {
        let sign = if row < 2 { -1.0 } else { 1.0 };
        let columns = [0, 1, 2].map(|a| sign * grid.axes[a][row] * grid.spacing[a]);
        let all = columns.into_iter().chain([sign * grid.origin[row]]);
        all.enumerate().for_each(|(i, v)| put(280 + 16 * row + 4 * i, &(v as f32).to_le_bytes()));
    }
    put(344, b"n+1\0");
    volume.as_slice().iter().for_each(|v| v.append(&mut out));
    if gzip { deflate(&out) } else { out }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut out = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let length = compressor.gzip_compress(bytes, &mut out).expect("the buffer is as large as the bound");
    out.truncate(length);
    out
}
