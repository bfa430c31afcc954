//! From slices to one series, or the reason why they are not one.

use super::pixels;
use super::remake;
use super::slice::Slice;
use super::stack::{self, Remade, Stack};
use crate::geometry::{Extent, Geometry, Vec3, norm, sub};
use crate::io::acquisition::Acquisition;
use crate::io::fault::{Fault, MIXED_SERIES, Reason, SERIES_MISSING, SEVERAL_SERIES, TWO_PATIENTS};
use crate::io::gather::Gather;
use crate::volume::Mask;
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
    /// How planes are made, where slices are not the planes of the grid.
    remade: Option<Remade>,
}

/// Picks the series and stacks its slices.
///
/// # Errors
/// More than one patient, series or geometry; slices that are no stack, or of which some are missing; pixels not read here.
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
    let Stack { geometry, remade } = stack::stack(&mut slices)?;
    for slice in &slices {
        slice.pixels.as_ref().map_err(Clone::clone)?;
    }
    let has_rescale = slices.iter().all(|s| s.acquisition.has_rescale);
    let scaling_lost = slices.iter().any(|s| s.acquisition.scaling_lost);
    let acquisition = Acquisition { has_rescale, scaling_lost, resampled: remade.is_some(), ..first.acquisition };
    Ok(Series { geometry, acquisition, slices, remade })
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
    /// What tells which coordinates positions are in; empty where unknown, never shown.
    pub fn frame_of_reference(&self) -> &str {
        self.slices.first().map_or("", |s| &s.frame_of_reference)
    }

    /// The files, lowest slice first.
    pub fn inputs(&self) -> Vec<PathBuf> {
        self.slices.iter().map(|s| s.path.clone()).collect()
    }

    /// Memory a read takes besides its result: one slice as it is stored or decoded, and two that are moved.
    pub fn raw_bytes(&self) -> u64 {
        let [nx, ny, nz] = self.geometry.dims.map(|n| n as u64);
        let moved = if self.remade.is_some() { 12 } else { 0 };
        let stored =
            self.slices.iter().filter_map(|s| s.pixels.as_ref().ok()).map(|pixels| pixels.place.read_bytes(nz));
        nx * ny * (moved + stored.max().unwrap_or(0))
    }

    /// Whether a mask on the canonical grid has a voxel that slices moved to the side show at their border or not at all.
    pub fn cuts(&self, mask: &Mask) -> bool {
        let Some(remade) = &self.remade else { return false };
        let stored = |[z, y, x]: [usize; 3]| {
            let point = mask.geometry().to_patient([x, y, z].map(|i| i as f64));
            self.geometry.to_index(point)
        };
        let inside = mask.voxels().indexed_iter().filter(|(_, inside)| **inside);
        inside.map(|((z, y, x), _)| stored([z, y, x])).any(|at| !remake::shows(remade, self.slices[0].dims, at))
    }

    /// A box of the canonical grid in HU or MR units; slices outside it are not opened.
    ///
    /// # Errors
    /// Storage trouble, pixels that cannot be decoded, and values that are not finite.
    pub fn read(&self, region: &Extent) -> Result<Vec<f32>, Fault> {
        let gather = Gather::new(&self.geometry, region);
        match &self.remade {
            None => pixels::read(&self.slices, &gather),
            Some(remade) => remake::read(&self.slices, remade, self.geometry.dims[0], &gather),
        }
    }
}
