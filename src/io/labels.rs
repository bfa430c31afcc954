//! Outlines: masks and label maps, kept in the smallest type that holds them.

use super::fault::{Fault, LABEL_OUT_OF_RANGE, NOT_AN_IMAGE, Reason};
use super::gather::{Gather, Sample};
use super::image::open_nifti;
use super::nifti::Nifti;
use super::nifti::header::{Header, Type};
use super::nifti::voxels::{from_memory, label, with_type};
use crate::geometry::{Extent, Geometry};
use crate::volume::{Mask, Volume, traverse};
use std::path::Path;

/// A label map in canonical axes.
#[derive(Debug)]
pub struct Labels(Narrow);

#[derive(Debug)]
enum Narrow {
    U8(Volume<u8>),
    U16(Volume<u16>),
    I32(Volume<i32>),
}

/// Runs `$body` with `$v` the volume, whatever its type.
macro_rules! any {
    ($labels:expr, $v:ident => $body:expr) => {
        match $labels {
            Narrow::U8($v) => $body,
            Narrow::U16($v) => $body,
            Narrow::I32($v) => $body,
        }
    };
}

/// Reads a whole NIfTI mask or label map.
///
/// Whole numbers stay as they are, whatever their type; fractions of a mask count from one half.
///
/// # Errors
/// Those of an image, values that are not finite, fractions between labels, and labels beyond 32 bits.
pub fn open(path: &Path) -> Result<Labels, Fault> {
    let Some(nifti) = open_nifti(path)? else {
        return Err(Fault::of(NOT_AN_IMAGE, "a label map is read from NIfTI"));
    };
    of_nifti(&nifti)
}

/// Reads the mask or label map of a NIfTI file that has been opened.
///
/// # Errors
/// As [`open`].
pub fn of_nifti(nifti: &Nifti) -> Result<Labels, Fault> {
    let voxels = nifti.with_stored(|data| with_type!(nifti.header.kind, S => narrow::<S>(&nifti.header, data)));
    voxels.map(Labels)
}

/// Finds the range of the labels, then gathers them into the smallest type.
fn narrow<S: Sample>(header: &Header, data: &[u8]) -> Result<Narrow, Fault> {
    let data = &data[..header.plane_bytes() * header.geometry.dims[2]];
    let (lo, hi) = range(data.chunks_exact(S::BYTES).map(|b| label::<S>(header, b)))?;
    if lo >= 0 && hi <= u8::MAX.into() {
        volume::<S, _>(header, data, |v| v as u8).map(Narrow::U8)
    } else if lo >= 0 && hi <= u16::MAX.into() {
        volume::<S, _>(header, data, |v| v as u16).map(Narrow::U16)
    } else if i32::try_from(lo).is_ok() && i32::try_from(hi).is_ok() {
        volume::<S, _>(header, data, |v| v as i32).map(Narrow::I32)
    } else {
        Err(Fault::of(LABEL_OUT_OF_RANGE, format!("labels reach from {lo} to {hi}")))
    }
}

/// Smallest and largest label.
fn range(mut labels: impl Iterator<Item = Result<i64, &'static Reason>>) -> Result<(i64, i64), Fault> {
    labels
        .try_fold((0, 0), |(lo, hi): (i64, i64), label| label.map(|v| (lo.min(v), hi.max(v))))
        .map_err(|reason| Fault::of(*reason, "in a label map"))
}

/// All labels in canonical axes; their range has been checked.
fn volume<S: Sample, T: Clone + Default>(
    header: &Header,
    data: &[u8],
    cast: impl Fn(i64) -> T,
) -> Result<Volume<T>, Fault> {
    let geometry = header.geometry.canonical();
    let gather = Gather::new(&header.geometry, &Extent::whole(geometry.dims));
    let convert = |b: &[u8]| cast(label::<S>(header, b).unwrap_or_default());
    let voxels = gather.fill::<S, T>(from_memory(data, header), convert)?;
    Ok(Volume::new(geometry, voxels).expect("a box is filled voxel by voxel"))
}

impl Labels {
    /// The grid in canonical axes.
    pub fn geometry(&self) -> &Geometry {
        any!(&self.0, v => v.geometry())
    }

    /// The smallest box around some labels (`None`: every voxel that is not 0); `None` if there is no such voxel.
    pub fn extent(&self, which: Option<&[i64]>) -> Option<Extent> {
        any!(&self.0, v => extent(v, which))
    }

    /// The voxels of some labels (`None`: every voxel that is not 0) in a box of the grid.
    ///
    /// # Panics
    /// On a box that leaves the grid.
    pub fn mask(&self, which: Option<&[i64]>, region: &Extent) -> Mask {
        any!(&self.0, v => mask(v, which, region))
    }
}

fn wanted(label: i64, which: Option<&[i64]>) -> bool {
    which.map_or(label != 0, |list| list.contains(&label))
}

/// The runs of equal labels in a piece of a row, and whether they are wanted: labels are looked up once a run.
fn runs<T: Copy + PartialEq + Into<i64>>(
    row: &[T],
    which: Option<&[i64]>,
) -> impl DoubleEndedIterator<Item = (usize, bool)> {
    row.chunk_by(|a, b| a == b).map(move |run| (run.len(), wanted(run[0].into(), which)))
}

fn mask<T: Copy + PartialEq + Into<i64>>(v: &Volume<T>, which: Option<&[i64]>, e: &Extent) -> Mask {
    let [nx, ny, _] = v.geometry().dims;
    let mut out = Vec::with_capacity(e.dims().iter().product());
    for z in e.lo[2]..e.hi[2] {
        for y in e.lo[1]..e.hi[1] {
            let row = &v.as_slice()[(z * ny + y) * nx..][e.lo[0]..e.hi[0]];
            runs(row, which).for_each(|(len, inside)| out.extend(std::iter::repeat_n(inside, len)));
        }
    }
    Volume::new(v.geometry().crop(e), out).expect("a box is filled voxel by voxel")
}

fn extent<T: Copy + PartialEq + Into<i64> + Sync>(v: &Volume<T>, which: Option<&[i64]>) -> Option<Extent> {
    let planes = traverse::each(v.geometry().dims[2], |z| plane_extent(v, z, which));
    planes.into_iter().flatten().reduce(|a, b| a.union(&b))
}

fn plane_extent<T: Copy + PartialEq + Into<i64>>(v: &Volume<T>, z: usize, which: Option<&[i64]>) -> Option<Extent> {
    let [nx, ny, _] = v.geometry().dims;
    let outside = |runs: &mut dyn Iterator<Item = (usize, bool)>| -> usize {
        runs.take_while(|(_, inside)| !inside).map(|(len, _)| len).sum()
    };
    let boxes = (0..ny).filter_map(|y| {
        let row = &v.as_slice()[(z * ny + y) * nx..][..nx];
        let before = outside(&mut runs(row, which));
        let after = outside(&mut runs(row, which).rev());
        (before < nx).then(|| Extent { lo: [before, y, z], hi: [nx - after, y + 1, z + 1] })
    });
    boxes.reduce(|a, b| a.union(&b))
}

#[cfg(test)]
#[path = "labels_tests.rs"]
mod tests;
