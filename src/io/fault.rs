//! Why a file cannot be used: one stable code for each fault, what it means, what to do.

use std::borrow::Cow;
use std::io::ErrorKind;

/// Why something cannot be had: a file here, a number in [`crate::measure::reason`], an exam in [`crate::batch::failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What the tables write; stable, and one meaning in the whole program.
    pub code: &'static str,
    /// What is wrong.
    pub about: &'static str,
    /// What a person can do about it.
    pub remedy: &'static str,
}

/// Defines reasons, and the list that holds them all.
macro_rules! reasons {
    ($(#[$about_list:meta])* $list:ident: $($name:ident = $code:literal, $about:literal, $remedy:literal;)*) => {
        $(#[doc = concat!("`", $code, "`: ", $about)]
        pub const $name: $crate::io::fault::Reason =
            $crate::io::fault::Reason { code: $code, about: $about, remedy: $remedy };)*
        $(#[$about_list])*
        pub static $list: &[$crate::io::fault::Reason] = &[$($name),*];
    };
}

pub(crate) use reasons;

/// What is wrong with one file; its text holds no path, name or UID.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}: {detail}; {}", kind.about, kind.remedy)]
pub struct Fault {
    /// The fault.
    pub kind: Reason,
    /// The particulars.
    pub detail: Cow<'static, str>,
    /// Trouble of storage or memory, not of the file: worth another try.
    pub transient: bool,
}

impl Fault {
    /// A fault of the file itself.
    pub fn of(kind: Reason, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), transient: false }
    }

    /// What an operating system error means for a file that is read.
    pub fn from_io(error: &std::io::Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => FILE_MISSING,
            ErrorKind::PermissionDenied | ErrorKind::IsADirectory | ErrorKind::InvalidFilename => UNREADABLE,
            ErrorKind::UnexpectedEof => TRUNCATED_FILE,
            _ => STORAGE_TROUBLE,
        };
        let detail = error.kind().to_string();
        Self { kind, detail: detail.into(), transient: kind == STORAGE_TROUBLE }
    }

    /// The machine has no room for `bytes`.
    pub fn no_memory(bytes: u64) -> Self {
        Self { kind: OUT_OF_MEMORY, detail: format!("{bytes} bytes are needed").into(), transient: true }
    }
}

reasons! {
    /// Every fault a file may be refused for.
    FAULTS:
    BAD_CRC = "bad_crc", "the checksum of the compressed data is wrong", "copy or export the file again";
    BAD_DICOM = "bad_dicom", "the file is damaged DICOM", "export the series again";
    BAD_GEOMETRY = "bad_geometry", "the header does not place the voxels", "correct the affine or export the image again";
    BAD_GZIP = "bad_gzip", "the compressed data is damaged", "copy or export the file again";
    BAD_HEADER = "bad_header", "the header contradicts itself", "export the image again";
    BAD_MARKUPS = "bad_markups", "the prompts are no 3D Slicer markups file", "save the markups again from 3D Slicer as .mrk.json";
    BITPIX_MISMATCH = "bitpix_mismatch", "bits per voxel do not fit the data type", "export the image again";
    DUPLICATE_POSITION = "duplicate_position", "several slices lie at one position", "keep one volume: one phase, echo or repetition";
    EMPTY_FOLDER = "empty_folder", "the folder holds no DICOM image", "name the folder that holds the series itself";
    FILE_MISSING = "file_missing", "there is no such file", "correct the study table";
    GANTRY_TILT_UNCORRECTED = "gantry_tilt_uncorrected", "slices are stacked askew (gantry tilt)", "use an untilted reconstruction or one resampled to a right-angled grid";
    LABEL_NOT_WHOLE = "label_not_whole", "labels are not whole numbers", "make the label map again with nearest-neighbour interpolation";
    LABEL_OUT_OF_RANGE = "label_out_of_range", "a label is too large for a label map", "name a label map, not an image";
    MIXED_SERIES = "mixed_series", "slices of one series differ in what a volume shares", "export one series with one size, spacing and orientation";
    MULTIFRAME = "multiframe", "the frames of a multi-frame file have no place in the patient", "name an enhanced CT or MR image, a classic series or a NIfTI file";
    NONFINITE_VOXELS = "nonfinite_voxels", "voxels are not numbers (NaN or infinite)", "replace them and save the image again";
    NON_UNIFORM_SPACING = "non_uniform_spacing", "slices are not evenly spaced", "find the missing slices or use a series with one spacing";
    NOT_AN_IMAGE = "not_an_image", "the file is neither NIfTI nor DICOM", "name a NIfTI file, a DICOM file or a folder with one series";
    NOT_AN_OUTLINE = "not_an_outline", "the file holds no outlines", "name a NIfTI mask or label map as name=FILE, a DICOM SEG or an RTSTRUCT";
    NOT_A_VOLUME = "not_a_volume", "the images carry no position in the patient", "name a folder with a CT or MR series";
    NO_GEOMETRY = "no_geometry", "neither sform nor qform is set, so orientation is unknown", "save the image again with its orientation";
    NO_SUCH_PART = "no_such_part", "the file has no such segment or region", "correct the numbers after the file";
    OTHER_FRAME = "other_frame_of_reference", "the outline was drawn in another frame of reference than that of the image", "name the image it was drawn on, or bring it onto this one and save it as a NIfTI mask";
    OUT_OF_MEMORY = "out_of_memory", "the image does not fit the memory", "run again with more memory";
    SERIES_MISSING = "series_missing", "the folder does not hold the series named after #", "correct the SeriesInstanceUID in the study table";
    SEVERAL_SERIES = "several_series", "the folder holds several series", "pick one with folder#SeriesInstanceUID";
    SEVERAL_VOLUMES = "several_volumes", "the file holds more than one volume", "save the volume to be measured as a file of its own";
    SHEARED_AXES = "sheared_axes", "voxel axes are not at right angles", "resample the image to a right-angled grid";
    SINGLE_SLICE = "single_slice", "one slice is no volume", "name the folder that holds the whole series";
    STORAGE_TROUBLE = "storage_trouble", "the storage did not answer as it should", "run again";
    TRUNCATED_FILE = "truncated_file", "the file ends before the data its header promises", "copy or export the file again";
    TWO_DIMENSIONAL = "two_dimensional", "the image is two-dimensional", "name a volume";
    TWO_PATIENTS = "two_patients", "the folder holds images of more than one patient", "separate the patients";
    UNREADABLE = "unreadable", "the file may not be read", "grant read permission";
    UNSUPPORTED_TRANSFER_SYNTAX = "unsupported_transfer_syntax", "the pixels are stored in a way not read yet", "convert the series to explicit little endian";
    UNSUPPORTED_TYPE = "unsupported_type", "voxels are not single numbers of a known type", "convert the image to an integer or float type";
    ZERO_SPACING = "zero_spacing", "a voxel spacing is zero or negative", "correct the spacing or export the image again";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_trouble_is_worth_another_try_and_a_missing_file_is_not() {
        let eio = Fault::from_io(&std::io::Error::from_raw_os_error(5));
        assert!(eio.transient && eio.kind == STORAGE_TROUBLE);
        let stale = Fault::from_io(&std::io::Error::from_raw_os_error(116));
        assert!(stale.transient);
        let missing = Fault::from_io(&std::io::Error::from_raw_os_error(2));
        assert!(!missing.transient && missing.kind.code == "file_missing");
        assert_eq!(missing.to_string(), "there is no such file: entity not found; correct the study table");
    }
}
