//! Outlines of any form: a NIfTI mask or label map, a DICOM SEG, an RTSTRUCT.

use super::dicom::drawn::{self, Drawn, Part};
use super::fault::Fault;
use super::image::open_nifti;
use super::labels::{self, Labels};
use crate::geometry::{Extent, Geometry};
use crate::volume::Mask;
use std::path::Path;

/// The outlines of one file.
#[derive(Debug)]
pub enum Outlines {
    /// On a grid of their own.
    Map(Labels),
    /// Brought onto the grid of the image.
    Drawn(Drawn),
}

/// Reads outlines; what the file is, its content decides.
///
/// Only the `wanted` segments or regions (`None`: all) of a DICOM file are read, and placed on `image`.
///
/// # Errors
/// Those of a label map and of a DICOM file.
pub fn open(path: &Path, image: &Geometry, wanted: Option<&[i64]>) -> Result<Outlines, Fault> {
    match open_nifti(path)? {
        Some(nifti) => labels::of_nifti(&nifti).map(Outlines::Map),
        None => drawn::open(path, image, wanted).map(Outlines::Drawn),
    }
}

/// The named parts of a DICOM SEG or RTSTRUCT file.
///
/// # Errors
/// Any other file, and a damaged one.
pub fn parts(path: &Path) -> Result<Vec<Part>, Fault> {
    drawn::parts(path)
}

impl Outlines {
    /// The grid, canonical axes.
    pub fn geometry(&self) -> &Geometry {
        match self {
            Self::Map(labels) => labels.geometry(),
            Self::Drawn(drawn) => drawn.geometry(),
        }
    }

    /// The frames of reference that they were drawn in, as far as the file tells; never shown.
    pub fn frames_of_reference(&self) -> &[String] {
        match self {
            Self::Map(_) => &[],
            Self::Drawn(drawn) => drawn.frames_of_reference(),
        }
    }

    /// The smallest box around some labels or parts (`None`: all); `None` if they have no voxel.
    pub fn extent(&self, which: Option<&[i64]>) -> Option<Extent> {
        match self {
            Self::Map(labels) => labels.extent(which),
            Self::Drawn(drawn) => drawn.extent(which),
        }
    }

    /// The voxels of some labels or parts (`None`: all) in a box of the grid.
    ///
    /// # Panics
    /// On a box that leaves the grid.
    pub fn mask(&self, which: Option<&[i64]>, region: &Extent) -> Mask {
        match self {
            Self::Map(labels) => labels.mask(which, region),
            Self::Drawn(drawn) => drawn.mask(which, region),
        }
    }
}

#[cfg(test)]
#[path = "outlines_tests.rs"]
mod tests;
