//! DICOM images: a file for each slice or for all of them, a folder for each series.

use super::fault::{EMPTY_FOLDER, Fault, MULTIFRAME, NOT_A_VOLUME, SINGLE_SLICE};
use slice::Content;
use std::path::{Path, PathBuf};

mod bits;
mod codec;
pub mod drawn;
mod fragments;
mod guard;
mod header;
mod pixels;
mod planes;
mod prepass;
mod remake;
mod rings;
pub mod rle;
mod rtstruct;
mod scaling;
mod seg;
mod segment_pixels;
mod series;
mod slice;
mod stack;
mod store;
mod syntax;
pub mod write;

pub use series::Series;

/// Reads the headers of the series in a folder; its sub-folders are not entered.
///
/// Files that are not DICOM, and DICOM objects that are no CT or MR slices (DICOMDIR, SEG, SR, localizers), are passed over.
///
/// # Errors
/// An unreadable folder, a damaged DICOM file, and a series that is no volume, by name.
pub fn open_folder(folder: &Path, series_uid: Option<&str>) -> Result<Series, Fault> {
    let files = files(folder)?;
    let mut slices = Vec::new();
    let (mut foreign, mut other, mut frames) = (0, 0, 0);
    for file in &files {
        match slice::read(file)? {
            Content::Slices(found) => slices.extend(found),
            Content::Frames(n) => frames = frames.max(n),
            Content::OtherObject => other += 1,
            Content::NotDicom => foreign += 1,
        }
    }
    if slices.is_empty() && frames > 0 {
        return Err(multiframe(frames));
    }
    if slices.is_empty() {
        let kind = if other > 0 { NOT_A_VOLUME } else { EMPTY_FOLDER };
        let detail = format!("{} files: {other} other DICOM objects, {foreign} not DICOM", files.len());
        return Err(Fault::of(kind, detail));
    }
    series::assemble(slices, series_uid)
}

/// Reads a DICOM file that is an image by itself: an enhanced one.
///
/// # Errors
/// A classic file holds one slice, which is no volume; what is not DICOM; frames that are no volume, by name.
pub fn open_file(path: &Path) -> Result<Series, Fault> {
    match slice::read(path)? {
        Content::Slices(slices) if slices.len() > 1 => series::assemble(slices, None),
        Content::Slices(mut slices) => {
            let pixels = slices.pop().map_or_else(|| Err(one_slice()), |slice| slice.pixels);
            Err(pixels.err().unwrap_or_else(one_slice))
        }
        Content::Frames(n) => Err(multiframe(n)),
        Content::OtherObject => Err(Fault::of(NOT_A_VOLUME, "it is no CT or MR image")),
        Content::NotDicom => Err(Fault::of(super::fault::NOT_AN_IMAGE, "its first bytes are those of another format")),
    }
}

fn multiframe(frames: usize) -> Fault {
    Fault::of(MULTIFRAME, format!("{frames} frames"))
}

fn one_slice() -> Fault {
    Fault::of(SINGLE_SLICE, "a classic DICOM file holds one slice")
}

/// The regular files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| Fault::from_io(&e))? {
        let path = entry.map_err(|e| Fault::from_io(&e))?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
#[path = "dicom_coded_tests.rs"]
mod coded_tests;
#[cfg(test)]
#[path = "dicom_doubt_tests.rs"]
mod doubt_tests;
#[cfg(test)]
#[path = "dicom_tests.rs"]
mod tests;
