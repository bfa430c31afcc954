//! Outlines: masks and label maps, kept in the smallest type that holds them.

use super::fault::{Fault, LABEL_OUT_OF_RANGE, NONFINITE_VOXELS, NOT_AN_IMAGE};
use super::gather::{Gather, Sample};
use super::image::open_nifti;
use super::nifti::Nifti;
use super::nifti::voxels::{from_memory, label_of};
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
/// Whole numbers stay as they are; floating point and scaled values go to the nearest whole number, below one half to 0.
///
/// # Errors
/// Those of an image, NaN, and values beyond 32 bits.
pub fn open(path: &Path) -> Result<Labels, Fault> {
    let Some(nifti) = open_nifti(path)? else {
        return Err(Fault::of(NOT_AN_IMAGE, "outlines are read from NIfTI masks and label maps"));
    };
    nifti.with_stored(|data| narrow(&nifti, data)).map(Labels)
}

/// Finds the range of the labels, then gathers them into the smallest type.
fn narrow(nifti: &Nifti, data: &[u8]) -> Result<Narrow, Fault> {
    let header = &nifti.header;
    let data = &data[..header.plane_bytes() * header.geometry.dims[2]];
    let label = label_of(header);
    let (lo, hi) = range(data.chunks_exact(header.kind.bytes()).map(&label))?;
    let geometry = header.geometry.canonical();
    let gather = Gather::new(&header.geometry, &Extent::whole(geometry.dims));
    let place = Placing { nifti, data, gather: &gather, label: &label };
    if lo >= 0 && hi <= u8::MAX.into() {
        place.volume(geometry, |v| v as u8).map(Narrow::U8)
    } else if lo >= 0 && hi <= u16::MAX.into() {
        place.volume(geometry, |v| v as u16).map(Narrow::U16)
    } else if i32::try_from(lo).is_ok() && i32::try_from(hi).is_ok() {
        place.volume(geometry, |v| v as i32).map(Narrow::I32)
    } else {
        Err(Fault::of(LABEL_OUT_OF_RANGE, format!("labels reach from {lo} to {hi}")))
    }
}

/// Smallest and largest label.
fn range(mut labels: impl Iterator<Item = Option<i64>>) -> Result<(i64, i64), Fault> {
    labels
        .try_fold((0, 0), |(lo, hi): (i64, i64), label| label.map(|v| (lo.min(v), hi.max(v))))
        .ok_or_else(|| Fault::of(NONFINITE_VOXELS, "in a label map"))
}

/// What one gathering of labels needs.
struct Placing<'a> {
    nifti: &'a Nifti,
    data: &'a [u8],
    gather: &'a Gather,
    label: &'a dyn Fn(&[u8]) -> Option<i64>,
}

impl Placing<'_> {
    fn volume<T: Clone + Default>(&self, geometry: Geometry, cast: impl Fn(i64) -> T) -> Result<Volume<T>, Fault> {
        let rows = from_memory(self.data, &self.nifti.header);
        let convert = |b: &[u8]| cast((self.label)(b).unwrap_or_default());
        let voxels = match self.nifti.header.kind.bytes() {
            1 => self.gather.fill::<u8, T>(rows, convert)?,
            2 => self.gather.fill::<u16, T>(rows, convert)?,
            4 => self.gather.fill::<u32, T>(rows, convert)?,
            _ => self.gather.fill::<u64, T>(rows, convert)?,
        };
        Ok(Volume::new(geometry, voxels).expect("a box is filled voxel by voxel"))
    }
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

/// Marks a row; labels come in runs, so each run is looked up once.
fn mark_row<'a, T: Copy + PartialEq + Into<i64> + 'a>(
    row: impl Iterator<Item = &'a T>,
    which: Option<&[i64]>,
) -> impl Iterator<Item = bool> {
    let mut last: Option<(T, bool)> = None;
    row.map(move |&v| match last {
        Some((label, answer)) if label == v => answer,
        _ => {
            let answer = wanted(v.into(), which);
            last = Some((v, answer));
            answer
        }
    })
}

fn mask<T: Sample + PartialEq + Into<i64>>(v: &Volume<T>, which: Option<&[i64]>, e: &Extent) -> Mask {
    let mut out = Vec::with_capacity(e.dims().iter().product());
    for z in e.lo[2]..e.hi[2] {
        let plane = v.plane(z);
        for y in e.lo[1]..e.hi[1] {
            out.extend(mark_row(plane.row(y).iter().skip(e.lo[0]).take(e.dims()[0]), which));
        }
    }
    Volume::new(v.geometry().crop(e), out).expect("a box is filled voxel by voxel")
}

fn extent<T: Sample + PartialEq + Into<i64> + Sync>(v: &Volume<T>, which: Option<&[i64]>) -> Option<Extent> {
    let planes = traverse::each(v.geometry().dims[2], |z| plane_extent(v, z, which));
    planes.into_iter().flatten().reduce(|a, b| a.union(&b))
}

fn plane_extent<T: Sample + PartialEq + Into<i64>>(v: &Volume<T>, z: usize, which: Option<&[i64]>) -> Option<Extent> {
    let rows = v.plane(z);
    let boxes = rows.outer_iter().enumerate().filter_map(|(y, row)| {
        let mut marks = mark_row(row.iter(), which).enumerate().filter(|(_, m)| *m).map(|(x, _)| x);
        let first = marks.next()?;
        let last = marks.last().unwrap_or(first);
        Some(Extent { lo: [first, y, z], hi: [last + 1, y + 1, z + 1] })
    });
    boxes.reduce(|a, b| a.union(&b))
}

#[cfg(test)]
#[path = "labels_tests.rs"]
mod tests;
