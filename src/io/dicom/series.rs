//! From slices to one series, or the reason why they are not one.

use super::pixels;
use super::slice::Slice;
use super::stack;
use crate::geometry::{Extent, Geometry, Vec3, norm, sub};
use crate::io::acquisition::Acquisition;
use crate::io::fault::{Fault, MIXED_SERIES, Reason, SERIES_MISSING, SEVERAL_SERIES, TWO_PATIENTS};
use crate::io::gather::Gather;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Directions and spacings of one series may differ by rounding only.
const SAME: f64 = 1e-3;

/// A series that is a volume.
#[derive(Debug)]
pub struct Series {
    /// The stored grid: columns, rows, slices.
    pub geometry: Geometry,
    /// How it was made.
    pub acquisition: Acquisition,
    /// In the order of increasing position along the normal.
    slices: Vec<Slice>,
}

/// Picks the series and stacks its slices.
///
/// # Errors
/// More than one patient, series or geometry; slices that are not an even, untilted stack; pixels not read here.
pub fn assemble(mut slices: Vec<Slice>, series_uid: Option<&str>) -> Result<Series, Fault> {
    if let Some(uid) = series_uid {
        slices.retain(|s| s.series == uid);
    }
    let Some(first) = slices.first().cloned() else {
        return Err(Fault::of(SERIES_MISSING, "no image of it is there"));
    };
    refuse_several(&slices, TWO_PATIENTS, |s| &s.patient)?;
    refuse_several(&slices, SEVERAL_SERIES, |s| &s.series)?;
    refuse_several(&slices, MIXED_SERIES, |s| &s.frame_of_reference)?;
    if let Some(detail) = slices.iter().find_map(|s| difference(&first, s)) {
        return Err(Fault::of(MIXED_SERIES, detail));
    }
    let geometry = stack::stack(&mut slices)?;
    for slice in &slices {
        slice.pixels.clone()?;
    }
    let has_rescale = slices.iter().all(|s| s.acquisition.has_rescale);
    Ok(Series { geometry, acquisition: Acquisition { has_rescale, ..first.acquisition }, slices })
}

fn refuse_several(slices: &[Slice], kind: Reason, key: impl Fn(&Slice) -> &String) -> Result<(), Fault> {
    let different = slices.iter().map(key).collect::<BTreeSet<_>>().len();
    match different {
        0 | 1 => Ok(()),
        n => Err(Fault::of(kind, format!("{n} among {} images", slices.len()))),
    }
}

/// In what two slices of one volume differ, though they must not.
fn difference(a: &Slice, b: &Slice) -> Option<String> {
    let far = |a: Vec3, b: Vec3| norm(sub(a, b)) > SAME;
    if a.dims != b.dims {
        return Some(format!("{} x {} and {} x {} pixels", a.dims[0], a.dims[1], b.dims[0], b.dims[1]));
    }
    if (0..2).any(|i| (a.spacing[i] - b.spacing[i]).abs() > SAME * a.spacing[i].abs()) {
        return Some("pixel spacings differ".into());
    }
    (0..2).any(|i| far(a.orientation[i], b.orientation[i])).then(|| "orientations differ".into())
}

impl Series {
    /// The files, lowest slice first.
    pub fn inputs(&self) -> Vec<PathBuf> {
        self.slices.iter().map(|s| s.path.clone()).collect()
    }

    /// Memory a read takes besides its result: one slice of 16 bits.
    pub fn raw_bytes(&self) -> u64 {
        2 * (self.geometry.dims[0] * self.geometry.dims[1]) as u64
    }

    /// A box of the canonical grid in HU or MR units; slices outside it are not opened.
    ///
    /// # Errors
    /// Storage trouble, and values that are not finite.
    pub fn read(&self, region: &Extent) -> Result<Vec<f32>, Fault> {
        pixels::read(&self.slices, &Gather::new(&self.geometry, region))
    }
}
