//! One slice: what its header says of its place, its pixels and how it was made.

use super::header::{Frame, Tags};
use super::prepass;
use super::scaling;
use super::store::{self, Pixels, Stored};
use crate::geometry::Vec3;
use crate::io::acquisition::Acquisition;
use crate::io::fault::{BAD_DICOM, Fault};
use dicom_dictionary_std::tags;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What a file turned out to be.
pub enum Content {
    /// Slices with a place in the patient: one, or the frames of an enhanced image.
    Slices(Vec<Slice>),
    /// So many frames without functional groups, which would place them.
    Frames(usize),
    /// Another DICOM object: report, segmentation, localizer, image without a place.
    OtherObject,
    /// Not DICOM.
    NotDicom,
}

/// Modalities of objects that have pixels but are no images to be measured.
const NO_IMAGES: [&str; 2] = ["SEG", "RTDOSE"];

/// One slice of a series.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Its file.
    pub path: PathBuf,
    /// Tells patients apart; never shown.
    pub patient: String,
    /// Tells series apart; never shown.
    pub series: String,
    /// Slices of one volume share it; never shown.
    pub frame_of_reference: String,
    /// Centre of the first pixel, LPS mm.
    pub position: Vec3,
    /// Directions of increasing column and row index.
    pub orientation: [Vec3; 2],
    /// Distance between columns and between rows, mm.
    pub spacing: [f64; 2],
    /// Columns and rows.
    pub dims: [usize; 2],
    /// `value = slope * stored + intercept`.
    pub slope: f64,
    /// See `slope`.
    pub intercept: f64,
    /// How pixels are stored.
    pub pixels: Result<Pixels, Fault>,
    /// How the slice was made.
    pub acquisition: Acquisition,
}

/// Reads the header of one file.
///
/// # Errors
/// A file that is DICOM but damaged, storage trouble.
pub fn read(path: &Path) -> Result<Content, Fault> {
    let mut file = File::open(path).map_err(|e| Fault::from_io(&e))?;
    let Some(opened) = prepass::open(&mut file)? else {
        return Ok(Content::NotDicom);
    };
    let header = Tags(&opened.object);
    let localizer = header.text(tags::IMAGE_TYPE).contains("LOCALIZER");
    if opened.pixels.is_none() || localizer || NO_IMAGES.contains(&header.text(tags::MODALITY).as_str()) {
        return Ok(Content::OtherObject);
    }
    let frames = match header.0.get(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE) {
        Some(_) => Frame::all(header)?,
        None if header.count(tags::NUMBER_OF_FRAMES) > 1 => {
            return Ok(Content::Frames(header.count(tags::NUMBER_OF_FRAMES)));
        }
        None => vec![Frame::only(header)],
    };
    if !frames[0].group(tags::PLANE_POSITION_SEQUENCE).has(tags::IMAGE_POSITION_PATIENT) {
        return Ok(Content::OtherObject);
    }
    let stored = store::locate(&file, &opened, frames.len());
    let slices = (0..).zip(&frames).map(|(k, frame)| slice(path, frame, &stored, k));
    slices.collect::<Result<_, _>>().map(Content::Slices)
}

/// The slice of one frame.
fn slice(path: &Path, frame: &Frame<'_>, stored: &Result<Stored, Fault>, index: usize) -> Result<Slice, Fault> {
    let header = frame.file;
    let (orientation, measures) =
        (frame.group(tags::PLANE_ORIENTATION_SEQUENCE), frame.group(tags::PIXEL_MEASURES_SEQUENCE));
    let [ox, oy, oz, px, py, pz] = orientation.numbers(tags::IMAGE_ORIENTATION_PATIENT, "ImageOrientationPatient")?;
    let [row_mm, column_mm] = measures.numbers(tags::PIXEL_SPACING, "PixelSpacing")?;
    let dims = [header.side(tags::COLUMNS, "Columns")?, header.side(tags::ROWS, "Rows")?];
    let [slope, intercept] = rescale(&frame.group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE))?;
    let position = frame.group(tags::PLANE_POSITION_SEQUENCE);
    Ok(Slice {
        path: path.to_owned(),
        patient: [header.text(tags::PATIENT_ID), header.text(tags::PATIENT_NAME)].join("\\"),
        series: header.text(tags::SERIES_INSTANCE_UID),
        frame_of_reference: header.text(tags::FRAME_OF_REFERENCE_UID),
        position: position.numbers(tags::IMAGE_POSITION_PATIENT, "ImagePositionPatient")?,
        orientation: [[ox, oy, oz], [px, py, pz]],
        spacing: [column_mm, row_mm],
        dims,
        slope,
        intercept,
        pixels: stored.clone().map(|s| s.pixels(index)),
        acquisition: acquisition(frame),
    })
}

/// Slope and intercept; 1 and 0 where there is none.
///
/// # Errors
/// One that is no number, and a slope that makes all values one.
fn rescale(values: &Tags<'_>) -> Result<[f64; 2], Fault> {
    let stated = |tag, name, absent| match values.has(tag) {
        false => Ok(absent),
        true => values.number(tag).ok_or_else(|| Fault::of(BAD_DICOM, format!("{name} is no number"))),
    };
    let slope = stated(tags::RESCALE_SLOPE, "RescaleSlope", 1.0)?;
    match slope == 0.0 {
        true => Err(Fault::of(BAD_DICOM, "RescaleSlope is 0")),
        false => Ok([slope, stated(tags::RESCALE_INTERCEPT, "RescaleIntercept", 0.0)?]),
    }
}

/// Whether slope and intercept lead to HU: they may lead to iodine, effective atomic number or nothing named, and say so.
fn has_rescale(values: &Tags<'_>) -> bool {
    let leads_to_hu = ["", "HU"].contains(&values.text(tags::RESCALE_TYPE).as_str());
    leads_to_hu && values.has(tags::RESCALE_SLOPE) && values.has(tags::RESCALE_INTERCEPT)
}

/// How the slice was made. On CT no contrast agent in the header means none was given; on MR it means nothing.
fn acquisition(frame: &Frame<'_>) -> Acquisition {
    let file = frame.file;
    let said = |from: Tags<'_>, tag| Some(from.text(tag)).filter(|t| !t.is_empty());
    let modality = said(file, tags::MODALITY);
    let agent = file.has(tags::CONTRAST_BOLUS_AGENT) || file.item(tags::CONTRAST_BOLUS_AGENT_SEQUENCE).is_some();
    let is_ct = modality.as_deref() == Some("CT");
    let rescale = frame.group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
    let (echo, timing) =
        (frame.group(tags::MR_ECHO_SEQUENCE), frame.group(tags::MR_TIMING_AND_RELATED_PARAMETERS_SEQUENCE));
    Acquisition {
        kvp: frame.group(tags::CTX_RAY_DETAILS_SEQUENCE).number(tags::KVP).filter(|kv| *kv > 0.0),
        contrast: (agent || is_ct).then_some(agent),
        kernel: said(frame.group(tags::CT_RECONSTRUCTION_SEQUENCE), tags::CONVOLUTION_KERNEL),
        thickness_mm: frame.group(tags::PIXEL_MEASURES_SEQUENCE).number(tags::SLICE_THICKNESS).filter(|mm| *mm > 0.0),
        weighting: None,
        te_ms: echo.number(tags::EFFECTIVE_ECHO_TIME).or_else(|| echo.number(tags::ECHO_TIME)),
        tr_ms: timing.number(tags::REPETITION_TIME),
        fat_sat: fat_sat(frame),
        laminectomy: None,
        resampled: false,
        scaling_lost: scaling::is_lost(frame),
        has_rescale: has_rescale(&rescale),
        modality,
    }
}

/// Whether fat is suppressed: a classic header lists it among the options, an enhanced one has an element for it.
fn fat_sat(frame: &Frame<'_>) -> Option<bool> {
    let modifier = frame.group(tags::MR_MODIFIER_SEQUENCE).text(tags::SPECTRALLY_SELECTED_SUPPRESSION);
    let options = frame.file.text(tags::SCAN_OPTIONS);
    match (modifier.as_str(), options.as_str()) {
        ("", "") => None,
        ("", options) => Some(options.split('\\').any(|option| option.trim() == "FS")),
        (suppressed, _) => Some(suppressed == "FAT" || suppressed == "FAT_AND_WATER"),
    }
}
