//! An image of any format: its grid first, then the voxels of a box.

use super::acquisition::Acquisition;
use super::dicom::{self, Series};
use super::fault::{Fault, NOT_AN_IMAGE, SERIES_MISSING};
use super::inflate;
use super::nifti::{self, HEADER_BYTES, Nifti, header};
use crate::geometry::{Extent, Geometry};
use crate::volume::{Mask, Volume};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// An image of which only headers have been read.
#[derive(Debug)]
pub struct Image {
    geometry: Geometry,
    acquisition: Acquisition,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Nifti(Box<Nifti>),
    Dicom(Box<Series>),
}

/// Opens a NIfTI file, a DICOM file or a folder with a DICOM series; what it is, its content decides.
///
/// `series_uid` picks one of several series of a folder. No pixel is decoded.
///
/// # Errors
/// Everything headers can be wrong about, by name.
pub fn open(path: &Path, series_uid: Option<&str>) -> Result<Image, Fault> {
    let what = std::fs::metadata(path).map_err(|e| Fault::from_io(&e))?;
    if what.is_dir() {
        return dicom::open_folder(path, series_uid).map(Image::of_series);
    }
    if series_uid.is_some() {
        return Err(Fault::of(SERIES_MISSING, "a series is picked from a folder, this is a file"));
    }
    match open_nifti(path)? {
        Some(nifti) => Ok(Image::of_nifti(nifti)),
        None => dicom::open_file(path).map(Image::of_series),
    }
}

/// The file as NIfTI; `None` if it may be DICOM.
///
/// # Errors
/// A file of neither format, and a NIfTI header that cannot be believed.
pub(super) fn open_nifti(path: &Path) -> Result<Option<Nifti>, Fault> {
    let (start, gzip) = head(path)?;
    match header::looks_like_nifti(&start) {
        true => Nifti::open(path, &start).map(Some),
        false if let Some(pair) = pair(path)? => Ok(Some(pair)),
        false if gzip => Err(Fault::of(NOT_AN_IMAGE, "gzip of something else than NIfTI")),
        false if start.is_empty() => Err(Fault::of(NOT_AN_IMAGE, "the file is empty")),
        false => Ok(None),
    }
}

/// The pair that an `.img` belongs to by the name of the header beside it.
fn pair(voxels: &Path) -> Result<Option<Nifti>, Fault> {
    let Some(path) = nifti::header_file(voxels) else { return Ok(None) };
    let (start, _) = head(&path)?;
    header::looks_like_nifti(&start).then(|| Nifti::open(&path, &start)).transpose()
}

/// The first bytes of a file, inflated where it is gzip, and whether it is.
fn head(path: &Path) -> Result<(Vec<u8>, bool), Fault> {
    // A pipe or device would be waited for for ever.
    let is_file = std::fs::metadata(path).map_err(|e| Fault::from_io(&e))?.is_file();
    if !is_file {
        return Err(Fault::of(NOT_AN_IMAGE, "it is no regular file"));
    }
    let mut file = File::open(path).map_err(|e| Fault::from_io(&e))?;
    let mut start = Vec::new();
    file.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut start).map_err(|e| Fault::from_io(&e))?;
    if start.starts_with(&inflate::MAGIC) {
        let stream = start.as_slice().chain(file);
        return Ok((inflate::head(stream, HEADER_BYTES as u64)?, true));
    }
    Ok((start, false))
}

impl Image {
    fn of_nifti(nifti: Nifti) -> Self {
        // NIfTI stores HU by custom: there is no rescale that could be missing.
        let acquisition = Acquisition { has_rescale: true, ..Acquisition::default() };
        let geometry = nifti.header.geometry.canonical();
        Self { geometry, acquisition, source: Source::Nifti(Box::new(nifti)) }
    }

    fn of_series(series: Series) -> Self {
        let (geometry, acquisition) = (series.geometry.canonical(), series.acquisition.clone());
        Self { geometry, acquisition, source: Source::Dicom(Box::new(series)) }
    }

    /// The whole grid in canonical axes: x to the left, y to the back, z up.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// What the headers say about how the image was made.
    pub fn acquisition(&self) -> &Acquisition {
        &self.acquisition
    }

    /// What tells which coordinates its grid is in; `None` where unknown, never shown.
    pub fn frame_of_reference(&self) -> Option<&str> {
        match &self.source {
            Source::Nifti(_) => None,
            Source::Dicom(series) => Some(series.frame_of_reference()).filter(|uid| !uid.is_empty()),
        }
    }

    /// Memory that reading a region takes besides its result, bytes.
    pub fn raw_bytes(&self) -> u64 {
        match &self.source {
            Source::Nifti(nifti) => nifti.raw_bytes(),
            Source::Dicom(series) => series.raw_bytes(),
        }
    }

    /// The files the image consists of.
    pub fn inputs(&self) -> Vec<PathBuf> {
        match &self.source {
            Source::Nifti(nifti) => nifti.inputs.clone(),
            Source::Dicom(series) => series.inputs(),
        }
    }

    /// Whether a mask on the grid reaches the border of a slice inside the grid, as it can where a tilt was undone.
    pub fn cuts(&self, mask: &Mask) -> bool {
        match &self.source {
            Source::Nifti(_) => false,
            Source::Dicom(series) => series.cuts(mask),
        }
    }

    /// The voxels of a box of the grid, HU or MR units; nothing outside it is converted.
    ///
    /// # Errors
    /// Damage found on the way, and values that are not finite.
    ///
    /// # Panics
    /// On a box that leaves the grid.
    pub fn read(&self, region: &Extent) -> Result<Volume<f32>, Fault> {
        assert!((0..3).all(|a| region.lo[a] <= region.hi[a] && region.hi[a] <= self.geometry.dims[a]));
        let voxels = match &self.source {
            Source::Nifti(nifti) => nifti.read(region)?,
            Source::Dicom(series) => series.read(region)?,
        };
        Ok(Volume::new(self.geometry.crop(region), voxels).expect("a box is filled voxel by voxel"))
    }
}

#[cfg(test)]
#[path = "image_tests.rs"]
mod tests;
