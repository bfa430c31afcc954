//! Outlines: masks and label maps, kept in the smallest type that holds them.

use super::fault::{Fault, LABEL_OUT_OF_RANGE, NOT_AN_IMAGE};
use super::gather::{Gather, Sample};
use super::image::open_nifti;
use super::nifti::Nifti;
use super::nifti::header::{Header, Type};
use super::nifti::voxels::{from_memory, label, with_type};
use crate::geometry::{Extent, Geometry};
use crate::volume::{Mask, Volume, ends, traverse};
use std::path::Path;

/// A label map in canonical axes: its whole grid, and the voxels of the box that holds all labels. 0 is no label.
#[derive(Debug)]
pub struct Labels {
    geometry: Geometry,
    place: Extent,
    voxels: Narrow,
}

#[derive(Debug)]
enum Narrow {
    U8(Vec<u8>),
    U16(Vec<u16>),
    I32(Vec<i32>),
}

/// Runs `$body` with `$v` the voxels, whatever their type.
macro_rules! any {
    ($voxels:expr, $v:ident => $body:expr) => {
        match $voxels {
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
    let header = &nifti.header;
    nifti.with_stored(|data| {
        let data = &data[..header.plane_bytes() * header.geometry.dims[2]];
        let gather = Gather::of_stored(&header.geometry, &occupied(header, data));
        let voxels = with_type!(header.kind, S => narrow::<S>(header, data, &gather))?;
        Ok(Labels { geometry: header.geometry.canonical(), place: gather.region, voxels })
    })
}

/// The stored box outside of which every byte is 0, and so every label.
///
/// Most of a label map is empty: looking for that is a tenth of the work of looking at labels.
fn occupied(header: &Header, data: &[u8]) -> Extent {
    let ([nx, ny, _], bytes) = (header.geometry.dims, header.kind.bytes());
    let zero_is_none = with_type!(header.kind, S => label::<S>(header, &[0; S::BYTES])) == Ok(0);
    if !zero_is_none {
        return Extent::whole(header.geometry.dims);
    }
    let boxes = data.chunks_exact(nx * bytes).enumerate().filter_map(|(i, row)| {
        let [first, last] = ends(row, |&byte| byte != 0)?;
        Some(Extent { lo: [first / bytes, i % ny, i / ny], hi: [last / bytes + 1, i % ny + 1, i / ny + 1] })
    });
    boxes.reduce(|a, b| a.union(&b)).unwrap_or(Extent::whole([0; 3]))
}

/// Finds the range of the labels, then gathers them into the smallest type.
fn narrow<S: Sample>(header: &Header, data: &[u8], gather: &Gather) -> Result<Narrow, Fault> {
    let (lo, hi) = range::<S>(header, data, &gather.stored)?;
    if lo >= 0 && hi <= u8::MAX.into() {
        voxels::<S, _>(header, data, gather, |v| v as u8).map(Narrow::U8)
    } else if lo >= 0 && hi <= u16::MAX.into() {
        voxels::<S, _>(header, data, gather, |v| v as u16).map(Narrow::U16)
    } else if i32::try_from(lo).is_ok() && i32::try_from(hi).is_ok() {
        voxels::<S, _>(header, data, gather, |v| v as i32).map(Narrow::I32)
    } else {
        Err(Fault::of(LABEL_OUT_OF_RANGE, format!("labels reach from {lo} to {hi}")))
    }
}

/// Smallest and largest label of a stored box, 0 among them.
fn range<S: Sample>(header: &Header, data: &[u8], stored: &Extent) -> Result<(i64, i64), Fault> {
    let [nx, ny, _] = header.geometry.dims;
    let rows = (stored.lo[2]..stored.hi[2]).flat_map(|z| (stored.lo[1]..stored.hi[1]).map(move |y| z * ny + y));
    rows.flat_map(|row| {
        data[row * nx * S::BYTES..][stored.lo[0] * S::BYTES..stored.hi[0] * S::BYTES].chunks_exact(S::BYTES)
    })
    .try_fold((0, 0), |(lo, hi): (i64, i64), b| label::<S>(header, b).map(|v| (lo.min(v), hi.max(v))))
    .map_err(|reason| Fault::of(*reason, "in a label map"))
}

/// The labels of a box in canonical axes; their range has been checked.
fn voxels<S: Sample, T: bytemuck::Zeroable>(
    header: &Header,
    data: &[u8],
    gather: &Gather,
    cast: impl Fn(i64) -> T,
) -> Result<Vec<T>, Fault> {
    gather.fill::<S, T>(from_memory(data, header), |b| cast(label::<S>(header, b).unwrap_or_default()))
}

impl Labels {
    /// The grid in canonical axes.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The smallest box around some labels (`None`: all); `None` if there is no such voxel.
    pub fn extent(&self, which: Option<&[i64]>) -> Option<Extent> {
        any!(&self.voxels, v => extent(v, &self.place, which))
    }

    /// The voxels of some labels (`None`: all) in a box of the grid.
    ///
    /// # Panics
    /// On a box that leaves the grid.
    pub fn mask(&self, which: Option<&[i64]>, region: &Extent) -> Mask {
        let inside = any!(&self.voxels, v => mask(v, &self.place, which, region));
        Volume::new(self.geometry.crop(region), inside).expect("a box is filled voxel by voxel")
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

/// The wanted voxels in the box `e` of the grid, out of those of the box `place`.
fn mask<T: Copy + PartialEq + Into<i64>>(v: &[T], place: &Extent, which: Option<&[i64]>, e: &Extent) -> Vec<bool> {
    let ([px, py, _], [nx, ny, nz], both) = (place.dims(), e.dims(), place.intersection(e));
    let mut out = vec![false; nx * ny * nz];
    // Boxes that are apart along one axis may still overlap along the others.
    if both.dims().contains(&0) {
        return out;
    }
    for z in both.lo[2]..both.hi[2] {
        for y in both.lo[1]..both.hi[1] {
            let from = ((z - place.lo[2]) * py + y - place.lo[1]) * px;
            let row = &v[from..][both.lo[0] - place.lo[0]..both.hi[0] - place.lo[0]];
            let mut to = ((z - e.lo[2]) * ny + y - e.lo[1]) * nx + both.lo[0] - e.lo[0];
            for (len, inside) in runs(row, which) {
                out[to..to + len].fill(inside);
                to += len;
            }
        }
    }
    out
}

fn extent<T: Copy + PartialEq + Into<i64> + Sync>(v: &[T], place: &Extent, which: Option<&[i64]>) -> Option<Extent> {
    let planes = traverse::each(place.dims()[2], |z| plane_extent(v, place.dims(), z, which));
    planes.into_iter().flatten().reduce(|a, b| a.union(&b)).map(|found| found.moved(place.lo))
}

fn plane_extent<T: Copy + PartialEq + Into<i64>>(
    v: &[T],
    [nx, ny, _]: [usize; 3],
    z: usize,
    which: Option<&[i64]>,
) -> Option<Extent> {
    let outside = |runs: &mut dyn Iterator<Item = (usize, bool)>| -> usize {
        runs.take_while(|(_, inside)| !inside).map(|(len, _)| len).sum()
    };
    let boxes = (0..ny).filter_map(|y| {
        let row = &v[(z * ny + y) * nx..][..nx];
        let before = outside(&mut runs(row, which));
        let after = outside(&mut runs(row, which).rev());
        (before < nx).then(|| Extent { lo: [before, y, z], hi: [nx - after, y + 1, z + 1] })
    });
    boxes.reduce(|a, b| a.union(&b))
}

#[cfg(test)]
#[path = "labels_tests.rs"]
mod tests;
