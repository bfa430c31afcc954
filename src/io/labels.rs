//! Outlines: masks and label maps, kept in the smallest type that holds them.

use super::fault::{Fault, LABEL_OUT_OF_RANGE, NOT_AN_IMAGE};
use super::gather::{Gather, Sample};
use super::image::open_nifti;
use super::nifti::Nifti;
use super::nifti::header::{Header, Type};
use super::nifti::voxels::{label, with_type};
use crate::geometry::{Extent, Geometry};
use crate::volume::{Mask, Volume, ends, traverse};
use bytemuck::allocation::try_zeroed_vec;
use std::ops::Range;
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
    let stored = Stored::read(nifti)?;
    let gather = Gather::of_stored(&header.geometry, &stored.place);
    let voxels = with_type!(header.kind, S => narrow::<S>(header, &stored, &gather))?;
    Ok(Labels { geometry: header.geometry.canonical(), place: gather.region, voxels })
}

/// A label map as it is stored, but of each row only the bytes from the first to the last that may be a label.
struct Stored {
    bytes: Vec<u8>,
    /// Each row with labels: its number, its first byte that is kept, and where that stands in `bytes`.
    rows: Vec<(usize, usize, usize)>,
    /// The box outside of which there are no labels.
    place: Extent,
}

impl Stored {
    /// Reads it plane by plane. Most of a label map is empty: looking for that is a tenth of the work of looking at labels.
    fn read(nifti: &Nifti) -> Result<Self, Fault> {
        let (header, mut file) = (&nifti.header, nifti.bytes()?);
        let ([nx, ny, nz], bytes) = (header.geometry.dims, header.kind.bytes());
        let zero_is_none = with_type!(header.kind, S => label::<S>(header, &[0; S::BYTES])) == Ok(0);
        // Nearly all rows are zeros, which a sum of bits shows soonest.
        let is_empty = |row: &[u8]| zero_is_none && row.iter().fold(0, |any, byte| any | byte) == 0;
        let span = |row: &[u8]| if zero_is_none { ends(row, |&byte| byte != 0) } else { Some([0, row.len() - 1]) };
        let kept = |row: &[u8]| if is_empty(row) { None } else { span(row) };
        let mut stored = Self { bytes: Vec::new(), rows: Vec::new(), place: Extent::whole([0; 3]) };
        let no_memory = |()| Fault::no_memory(header.plane_bytes() as u64);
        let mut plane = try_zeroed_vec(header.plane_bytes()).map_err(no_memory)?;
        for z in 0..nz {
            file.read_at(header.offset + (z * plane.len()) as u64, &mut plane)?;
            for (y, row) in plane.chunks_exact(nx * bytes).enumerate() {
                if let Some([first, last]) = kept(row) {
                    let (x0, x1) = (first / bytes, last / bytes + 1);
                    stored.keep([y, z], ny, x0..x1, &row[x0 * bytes..x1 * bytes])?;
                }
            }
        }
        file.finish().map(|()| stored)
    }

    fn keep(&mut self, [y, z]: [usize; 2], ny: usize, x: Range<usize>, voxels: &[u8]) -> Result<(), Fault> {
        let here = Extent { lo: [x.start, y, z], hi: [x.end, y + 1, z + 1] };
        self.place = if self.rows.is_empty() { here } else { self.place.union(&here) };
        self.bytes.try_reserve(voxels.len()).map_err(|_| Fault::no_memory(voxels.len() as u64))?;
        self.rows.push((z * ny + y, x.start * (voxels.len() / x.len()), self.bytes.len()));
        self.bytes.extend_from_slice(voxels);
        Ok(())
    }

    /// What is kept of each row: its number, its first byte, its bytes.
    fn kept(&self) -> impl Iterator<Item = (usize, usize, &[u8])> {
        let ends = self.rows.iter().skip(1).map(|row| row.2).chain([self.bytes.len()]);
        self.rows.iter().zip(ends).map(|(&(row, first, start), end)| (row, first, &self.bytes[start..end]))
    }
}

/// Finds the range of the labels, then gathers them into the smallest type.
fn narrow<S: Sample>(header: &Header, stored: &Stored, gather: &Gather) -> Result<Narrow, Fault> {
    let (lo, hi) = range::<S>(header, stored)?;
    if lo >= 0 && hi <= u8::MAX.into() {
        voxels::<S, _>(header, stored, gather, |v| v as u8).map(Narrow::U8)
    } else if lo >= 0 && hi <= u16::MAX.into() {
        voxels::<S, _>(header, stored, gather, |v| v as u16).map(Narrow::U16)
    } else if i32::try_from(lo).is_ok() && i32::try_from(hi).is_ok() {
        voxels::<S, _>(header, stored, gather, |v| v as i32).map(Narrow::I32)
    } else {
        Err(Fault::of(LABEL_OUT_OF_RANGE, format!("labels reach from {lo} to {hi}")))
    }
}

/// Smallest and largest label, 0 among them.
fn range<S: Sample>(header: &Header, stored: &Stored) -> Result<(i64, i64), Fault> {
    stored
        .kept()
        .flat_map(|(.., bytes)| bytes.chunks_exact(S::BYTES))
        .try_fold((0, 0), |(lo, hi): (i64, i64), b| label::<S>(header, b).map(|v| (lo.min(v), hi.max(v))))
        .map_err(|reason| Fault::of(*reason, "in a label map"))
}

/// The labels of a box in canonical axes; their range has been checked.
fn voxels<S: Sample, T: bytemuck::Zeroable>(
    header: &Header,
    stored: &Stored,
    gather: &Gather,
    cast: impl Fn(i64) -> T,
) -> Result<Vec<T>, Fault> {
    let ([nx, ny, _], mut kept) = (header.geometry.dims, stored.kept().peekable());
    let (row_bytes, mut plane) = (nx * S::BYTES, Vec::new());
    let rows = |z: usize, y0: usize, y1: usize, place: &mut dyn FnMut(&[u8])| {
        plane.clear();
        plane.resize((y1 - y0) * row_bytes, 0);
        while let Some((row, first, bytes)) = kept.next_if(|(row, ..)| *row < z * ny + y1) {
            plane[(row - z * ny - y0) * row_bytes + first..][..bytes.len()].copy_from_slice(bytes);
        }
        place(&plane);
        Ok(())
    };
    gather.fill::<S, T>(rows, |b| cast(label::<S>(header, b).unwrap_or_default()))
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
