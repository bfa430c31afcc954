//! One slice: what its header says of its place, its pixels and how it was made.

use super::prepass::{self, Opened, unsupported};
use crate::geometry::Vec3;
use crate::io::acquisition::Acquisition;
use crate::io::fault::{BAD_DICOM, Fault, TRUNCATED_FILE, UNSUPPORTED_TYPE};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What a file turned out to be.
pub enum Content {
    /// A slice with a place in the patient.
    Slice(Box<Slice>),
    /// A multi-frame image with so many frames.
    Frames(usize),
    /// Another DICOM object: report, segmentation, localizer, image without a place.
    OtherObject,
    /// Not DICOM.
    NotDicom,
}

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

/// How and where pixels are stored, uncompressed little endian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels {
    /// First byte in the file.
    pub offset: u64,
    /// Bytes of a pixel, 1 or 2.
    pub bytes: usize,
    /// Bits of the value.
    pub bits: u32,
    /// The value's highest bit.
    pub high_bit: u32,
    /// Whether the value is in two's complement.
    pub signed: bool,
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
    let modality = header.text(tags::MODALITY);
    let localizer = header.text(tags::IMAGE_TYPE).contains("LOCALIZER");
    if opened.pixels.is_none() || localizer || ["SEG", "RTDOSE"].contains(&modality.as_str()) {
        return Ok(Content::OtherObject);
    }
    match header.number(tags::NUMBER_OF_FRAMES) {
        Some(n) if n > 1.0 => return Ok(Content::Frames(n as usize)),
        _ if !header.has(tags::IMAGE_POSITION_PATIENT) => return Ok(Content::OtherObject),
        _ => {}
    }
    let file_bytes = file.metadata().map_err(|e| Fault::from_io(&e))?.len();
    slice(path, &opened, file_bytes).map(|s| Content::Slice(Box::new(s)))
}

fn slice(path: &Path, opened: &Opened, file_bytes: u64) -> Result<Slice, Fault> {
    let header = Tags(&opened.object);
    let [ox, oy, oz, px, py, pz] = header.numbers(tags::IMAGE_ORIENTATION_PATIENT, "ImageOrientationPatient")?;
    let [row_mm, column_mm] = header.numbers(tags::PIXEL_SPACING, "PixelSpacing")?;
    let count = |tag, name| header.numbers::<1>(tag, name).map(|[n]| n as usize);
    let dims = [count(tags::COLUMNS, "Columns")?, count(tags::ROWS, "Rows")?];
    let stated = |tag, otherwise| header.number(tag).unwrap_or(otherwise);
    Ok(Slice {
        path: path.to_owned(),
        patient: [header.text(tags::PATIENT_ID), header.text(tags::PATIENT_NAME)].join("\\"),
        series: header.text(tags::SERIES_INSTANCE_UID),
        frame_of_reference: header.text(tags::FRAME_OF_REFERENCE_UID),
        position: header.numbers(tags::IMAGE_POSITION_PATIENT, "ImagePositionPatient")?,
        orientation: [[ox, oy, oz], [px, py, pz]],
        spacing: [column_mm, row_mm],
        dims,
        slope: stated(tags::RESCALE_SLOPE, 1.0),
        intercept: stated(tags::RESCALE_INTERCEPT, 0.0),
        pixels: pixels(opened, dims, file_bytes),
        acquisition: acquisition(&header),
    })
}

/// Where the pixels are, if they are stored in a way that is read here and all there.
fn pixels(opened: &Opened, dims: [usize; 2], file_bytes: u64) -> Result<Pixels, Fault> {
    let header = Tags(&opened.object);
    let Some((offset, Some(len))) = opened.pixels.filter(|_| is_plain(opened)) else {
        return Err(unsupported(opened.syntax));
    };
    let stated = |tag| header.number(tag).unwrap_or(0.0) as u32;
    let (allocated, bits, high_bit) = (stated(tags::BITS_ALLOCATED), stated(tags::BITS_STORED), stated(tags::HIGH_BIT));
    if ![8, 16].contains(&allocated) || stated(tags::SAMPLES_PER_PIXEL) > 1 {
        return Err(Fault::of(UNSUPPORTED_TYPE, format!("{allocated} bits, colour or not")));
    }
    if bits == 0 || high_bit >= allocated || bits > high_bit + 1 {
        return Err(Fault::of(BAD_DICOM, format!("{bits} bits up to bit {high_bit} of {allocated}")));
    }
    let bytes = allocated as usize / 8;
    let wanted = (dims[0] * dims[1] * bytes) as u64;
    let there = len.min(file_bytes.saturating_sub(offset));
    if there < wanted {
        let detail = format!("{wanted} bytes of pixels are promised, {there} are there");
        return Err(Fault::of(TRUNCATED_FILE, detail));
    }
    let signed = stated(tags::PIXEL_REPRESENTATION) == 1;
    Ok(Pixels { offset, bytes, bits, high_bit, signed })
}

fn is_plain(opened: &Opened) -> bool {
    let little = opened.syntax.endianness() == dicom_encoding::Endianness::Little;
    little && opened.syntax.is_codec_free()
}

/// How the slice was made. On CT no contrast agent in the header means none was given; on MR it means nothing.
fn acquisition(header: &Tags<'_>) -> Acquisition {
    let said = |tag| Some(header.text(tag)).filter(|t| !t.is_empty());
    let modality = said(tags::MODALITY);
    let agent = said(tags::CONTRAST_BOLUS_AGENT).is_some();
    let is_ct = modality.as_deref() == Some("CT");
    Acquisition {
        kvp: header.number(tags::KVP).filter(|kv| *kv > 0.0),
        contrast: (agent || is_ct).then_some(agent),
        kernel: said(tags::CONVOLUTION_KERNEL),
        thickness_mm: header.number(tags::SLICE_THICKNESS).filter(|mm| *mm > 0.0),
        weighting: None,
        te_ms: header.number(tags::ECHO_TIME),
        tr_ms: header.number(tags::REPETITION_TIME),
        fat_sat: said(tags::SCAN_OPTIONS).map(|o| o.split('\\').any(|option| option.trim() == "FS")),
        has_rescale: header.has(tags::RESCALE_SLOPE) || header.has(tags::RESCALE_INTERCEPT),
        modality,
    }
}

/// The elements of a header as plain values.
struct Tags<'a>(&'a InMemDicomObject);

impl Tags<'_> {
    /// Whether an element is there and not empty.
    fn has(&self, tag: Tag) -> bool {
        !self.text(tag).is_empty()
    }

    /// An element as text, several values joined by `\`, without padding; empty where absent.
    fn text(&self, tag: Tag) -> String {
        let value = self.0.get(tag).and_then(|e| e.to_str().ok());
        value.map(|t| t.trim_matches([' ', '\0']).to_owned()).unwrap_or_default()
    }

    /// The first number of an element, if it is one.
    fn number(&self, tag: Tag) -> Option<f64> {
        let text = self.text(tag);
        text.split('\\').next()?.trim().parse().ok().filter(|v: &f64| v.is_finite())
    }

    /// The `N` finite numbers of an element without which a slice has no place.
    fn numbers<const N: usize>(&self, tag: Tag, name: &str) -> Result<[f64; N], Fault> {
        let text = self.text(tag);
        let values: Option<Vec<f64>> =
            text.split('\\').map(|v| v.trim().parse().ok().filter(|v: &f64| v.is_finite())).collect();
        let values: Option<[f64; N]> = values.and_then(|v| v.try_into().ok());
        values.ok_or_else(|| Fault::of(BAD_DICOM, format!("{name} is missing or not {N} numbers")))
    }
}
