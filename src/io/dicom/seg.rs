//! DICOM segmentations: frames of bits, probabilities or labels, placed in the patient one by one.

use super::bits::Bits;
use super::drawn::Part;
use super::header::{Frame, Tags};
use super::planes::{Patch, Planes, step_mm};
use super::prepass::Opened;
use super::segment_pixels::SegmentPixels;
use crate::geometry::{Geometry, Vec3, cross, dot, norm, sub, unit};
use crate::io::fault::{BAD_DICOM, BAD_GEOMETRY, DUPLICATE_POSITION, Fault, MIXED_SERIES, ZERO_SPACING};
use dicom_dictionary_std::tags;
use std::fs::File;

/// Directions and spacings of one file may differ by rounding only.
const SAME: f64 = 1e-3;

/// Frames farther apart than so many of their own thicknesses are not neighbours: between them one is left out.
const LEFT_OUT: f64 = 1.5;

/// The segments; a label map's background, 0, is none.
pub fn parts(header: &Tags<'_>) -> Vec<Part> {
    let part = |segment: Tags<'_>| {
        let number = segment.number(tags::SEGMENT_NUMBER)? as i64;
        let meaning = |kind| segment.item(kind).map(|code: Tags<'_>| code.text(tags::CODE_MEANING));
        let kind = meaning(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE);
        let names =
            [segment.text(tags::SEGMENT_LABEL), segment.text(tags::SEGMENT_DESCRIPTION)].into_iter().chain(kind);
        Some(Part { number, names: names.filter(|n| !n.is_empty()).collect() })
    };
    header.items(tags::SEGMENT_SEQUENCE).filter_map(part).filter(|p| p.number != 0).collect()
}

/// The frame of reference, if the file tells.
pub fn frame(header: &Tags<'_>) -> Vec<String> {
    Some(header.text(tags::FRAME_OF_REFERENCE_UID)).filter(|uid| !uid.is_empty()).into_iter().collect()
}

/// Where one frame lies.
struct Placed<'a> {
    /// Its number, from 0.
    index: usize,
    /// The segment that it shows; `None` for a label map, which shows all.
    segment: Option<i64>,
    /// Centre of its first pixel.
    position: Vec3,
    header: Frame<'a>,
}

/// The wanted segments on the grid of an image; `None` where a segment has no voxel there.
///
/// # Errors
/// Frames that do not lie on parallel, even planes; pixels that are not all there or cannot be decoded.
pub fn read(
    file: &File,
    opened: &Opened,
    numbers: &[i64],
    image: &Geometry,
) -> Result<Vec<(i64, Option<Patch>)>, Fault> {
    let header = Tags(&opened.object);
    let frames = Frame::all(header)?;
    let is_label_map = header.text(tags::SEGMENTATION_TYPE) == "LABELMAP";
    let placed: Vec<Placed<'_>> =
        (0..).zip(frames).map(|(k, f)| placed(k, f, is_label_map)).collect::<Result<_, _>>()?;
    let first = placed.first().ok_or_else(|| Fault::of(BAD_DICOM, "there are no frames"))?;
    let (place, spacing) = planes_of(&first.header, first.position)?;
    for frame in &placed {
        same_planes(&frame.header, &first.header)?;
    }
    let half_mm = thickness_mm(&placed, &place, image)? / 2.0;
    let pixels = SegmentPixels::new(file, opened, placed.len())?;
    let segment = |number: &i64| {
        let mut planes: Vec<(f64, Bits)> = Vec::new();
        for frame in placed.iter().filter(|f| f.segment.is_none_or(|s| s == *number)) {
            let inside = pixels.inside(frame.index, *number)?;
            let [u, v, height] = place.to_index(frame.position);
            planes.extend(Bits::new([u, v], spacing, pixels.columns(), &inside).map(|bits| (height, bits)));
        }
        planes.sort_by(|a, b| a.0.total_cmp(&b.0));
        if planes.windows(2).any(|p| p[1].0 - p[0].0 <= half_mm) {
            return Err(Fault::of(DUPLICATE_POSITION, "several frames of one segment"));
        }
        let planes = Planes { place: place.clone(), half_mm, planes };
        Ok((*number, if planes.planes.is_empty() { None } else { planes.onto(image) }))
    };
    numbers.iter().map(segment).collect()
}

fn placed(index: usize, header: Frame<'_>, is_label_map: bool) -> Result<Placed<'_>, Fault> {
    let position = header.group(tags::PLANE_POSITION_SEQUENCE);
    let position = position.numbers(tags::IMAGE_POSITION_PATIENT, "ImagePositionPatient")?;
    let segment = header.group(tags::SEGMENT_IDENTIFICATION_SEQUENCE).number(tags::REFERENCED_SEGMENT_NUMBER);
    let segment = segment.map(|s| s as i64).filter(|_| !is_label_map);
    match segment.is_some() || is_label_map {
        true => Ok(Placed { index, segment, position, header }),
        false => Err(Fault::of(BAD_DICOM, "a frame does not say which segment it shows")),
    }
}

fn directions(frame: &Frame<'_>) -> Result<[Vec3; 2], Fault> {
    let orientation = frame.group(tags::PLANE_ORIENTATION_SEQUENCE);
    let [ox, oy, oz, px, py, pz] = orientation.numbers(tags::IMAGE_ORIENTATION_PATIENT, "ImageOrientationPatient")?;
    Ok([[ox, oy, oz], [px, py, pz]])
}

/// Distance of columns and of rows, mm.
fn spacing(frame: &Frame<'_>) -> Result<[f64; 2], Fault> {
    let measures = frame.group(tags::PIXEL_MEASURES_SEQUENCE);
    let [row_mm, column_mm] = measures.numbers(tags::PIXEL_SPACING, "PixelSpacing")?;
    match row_mm > 0.0 && column_mm > 0.0 {
        true => Ok([column_mm, row_mm]),
        false => Err(Fault::of(ZERO_SPACING, "PixelSpacing of a segmentation")),
    }
}

/// Axes in mm along and across the frames, and the spacing of their pixels.
fn planes_of(frame: &Frame<'_>, origin: Vec3) -> Result<(Geometry, [f64; 2]), Fault> {
    let [row, column] = directions(frame)?;
    let axes = (unit(row), unit(column), unit(cross(row, column)));
    match axes {
        (Some(u), Some(v), Some(n)) if dot(u, v).abs() <= SAME => {
            Ok((Geometry { dims: [1; 3], spacing: [1.0; 3], origin, axes: [u, v, n] }, spacing(frame)?))
        }
        _ => Err(Fault::of(BAD_GEOMETRY, "rows and columns are not at right angles")),
    }
}

fn same_planes(a: &Frame<'_>, b: &Frame<'_>) -> Result<(), Fault> {
    let (turned, scaled) = (directions(a)?.into_iter().zip(directions(b)?), spacing(a)?.into_iter().zip(spacing(b)?));
    let same = turned.map(|(a, b)| norm(sub(a, b))).chain(scaled.map(|(a, b)| (a / b - 1.0).abs())).all(|d| d <= SAME);
    same.then_some(()).ok_or_else(|| Fault::of(MIXED_SERIES, "frames of a segmentation"))
}

/// What a frame stands for across its plane: the least distance of frames, or what the header says where there is one.
fn thickness_mm(placed: &[Placed<'_>], place: &Geometry, image: &Geometry) -> Result<f64, Fault> {
    let mut heights: Vec<f64> = placed.iter().map(|f| place.to_index(f.position)[2]).collect();
    heights.sort_by(f64::total_cmp);
    heights.dedup_by(|b, a| *b - *a < super::planes::ROUNDING_MM);
    let measures = placed[0].header.group(tags::PIXEL_MEASURES_SEQUENCE);
    let stated = |tag| measures.number(tag).filter(|mm| *mm > 0.0);
    let between = stated(tags::SPACING_BETWEEN_SLICES);
    let across = |a: usize| dot(image.axes[a], place.axes[2]).abs() * image.spacing[a];
    // Other steps than whole ones are gaps between slices, not slices that are missing.
    let is_whole = |slices: f64| (slices - slices.round()).abs() <= 0.1;
    let left_out = |step: f64, mm: f64| step >= LEFT_OUT * mm && is_whole(step / mm);
    let thickness = |step: f64| stated(tags::SLICE_THICKNESS).filter(|&mm| left_out(step, mm));
    Ok(match step_mm(&heights)? {
        // Where every other frame is empty and left out, frames are farther apart than slices.
        Some(step) => between.or_else(|| thickness(step)).map_or(step, |mm| mm.min(step)),
        None => between.or_else(|| stated(tags::SLICE_THICKNESS)).unwrap_or_else(|| (0..3).map(across).sum()),
    })
}
