//! Headers from which a reader could make a wrong number: the value they stand for, exactly, or a refusal by name.

use super::*;
use crate::geometry::Extent;
use crate::io::image::{self, Image};
use crate::io::image_tests_support::{Folder, dicom_file, nested, number, text};
use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::mem::InMemElement;

/// Of this value are the pixels that tests look at.
const STORED: u16 = 0xfff0;

/// A CT slice of 8 x 8 pixels, signed, `2 stored - 1000`; elements of `instead` take the place of its own.
fn slice(z: f64, instead: &[InMemElement]) -> Vec<u8> {
    let mut all = vec![
        text(tags::MODALITY, VR::CS, "CT"),
        text(tags::IMAGE_POSITION_PATIENT, VR::DS, &format!(r"0\0\{z}")),
        text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, r"1\0\0\0\1\0"),
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        number(tags::ROWS, 8),
        number(tags::COLUMNS, 8),
        text(tags::PIXEL_SPACING, VR::DS, r"1\1"),
        number(tags::BITS_ALLOCATED, 16),
        number(tags::BITS_STORED, 16),
        number(tags::HIGH_BIT, 15),
        number(tags::PIXEL_REPRESENTATION, 1),
        text(tags::RESCALE_INTERCEPT, VR::DS, "-1000"),
        text(tags::RESCALE_SLOPE, VR::DS, "2"),
        DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(vec![STORED; 64].into())),
    ];
    all.retain(|e| instead.iter().all(|i| i.header().tag != e.header().tag));
    all.extend_from_slice(instead);
    dicom_file(all)
}

/// Two slices, each with its changes.
fn series(lower: &[InMemElement], upper: &[InMemElement]) -> Result<(Image, Folder), &'static str> {
    let dir = Folder::new();
    dir.file("a", &slice(0.0, lower));
    dir.file("b", &slice(3.0, upper));
    image::open(dir.path(), None).map(|image| (image, dir)).map_err(|fault| fault.kind.code)
}

/// The first voxels of both slices.
fn values(instead: &[InMemElement]) -> Result<[f32; 2], &'static str> {
    let (image, _dir) = series(instead, instead)?;
    let all = image.read(&Extent::whole(image.geometry().dims)).map_err(|fault| fault.kind.code)?;
    Ok([all.as_slice()[0], all.as_slice()[64]])
}

fn decimal(tag: Tag, value: &str) -> InMemElement {
    text(tag, VR::DS, value)
}

#[test]
fn a_value_is_what_its_bits_say() {
    let bits = |stored, high, signed| {
        let numbers = [(tags::BITS_STORED, stored), (tags::HIGH_BIT, high), (tags::PIXEL_REPRESENTATION, signed)];
        values(&numbers.map(|(tag, n)| number(tag, n)))
    };
    assert_eq!(values(&[]), Ok([-1032.0; 2]));
    assert_eq!(bits(16, 15, 0), Ok([2.0 * 65520.0 - 1000.0; 2]));
    assert_eq!(bits(12, 11, 1), Ok([-1032.0; 2]), "sign extended from bit 11");
    assert_eq!(bits(12, 11, 0), Ok([2.0 * 4080.0 - 1000.0; 2]));
    assert_eq!(bits(12, 15, 1), Ok([-1002.0; 2]), "bits 4 to 15 are -1");
    assert_eq!(values(&[text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1")]), Ok([-1032.0; 2]));
}

#[test]
fn contradictions_about_pixels_are_refused() {
    let absent = |tag| DataElement::new(tag, VR::US, PrimitiveValue::Empty);
    for instead in [
        absent(tags::PIXEL_REPRESENTATION),
        number(tags::PIXEL_REPRESENTATION, 2),
        absent(tags::BITS_STORED),
        number(tags::HIGH_BIT, 10),
        number(tags::HIGH_BIT, 16),
        number(tags::COLUMNS, 7),
        number(tags::ROWS, 7),
        decimal(tags::RESCALE_SLOPE, "1,5"),
        decimal(tags::RESCALE_SLOPE, "0"),
        decimal(tags::RESCALE_SLOPE, "inf"),
        decimal(tags::RESCALE_INTERCEPT, "NaN"),
    ] {
        assert_eq!(values(std::slice::from_ref(&instead)), Err("bad_dicom"), "{:?}", instead.header());
    }
    assert_eq!(values(&[number(tags::COLUMNS, 9)]), Err("truncated_file"));
    assert_eq!(values(&[text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB")]), Err("unsupported_type"));
    assert_eq!(values(&[nested(tags::MODALITY_LUT_SEQUENCE, Vec::new())]), Err("unsupported_type"));
    assert_eq!(values(&[decimal(tags::RESCALE_SLOPE, "1e300")]), Err("nonfinite_voxels"));
}

#[test]
fn contradictions_about_the_grid_are_refused() {
    let code = |tag, value| values(&[decimal(tag, value)]).unwrap_err();
    assert_eq!(code(tags::PIXEL_SPACING, r"-1\-1"), "zero_spacing");
    assert_eq!(code(tags::PIXEL_SPACING, r"0\1"), "zero_spacing");
    assert_eq!(code(tags::PIXEL_SPACING, r"1e-9\1e-9"), "bad_geometry");
    assert_eq!(code(tags::PIXEL_SPACING, "1"), "bad_dicom");
    assert_eq!(code(tags::IMAGE_ORIENTATION_PATIENT, r"2\0\0\0\2\0"), "bad_geometry");
    assert_eq!(code(tags::IMAGE_ORIENTATION_PATIENT, r"1\0\0\0.5\0.87\0"), "sheared_axes");
    assert_eq!(code(tags::IMAGE_ORIENTATION_PATIENT, r"1\0\0\nan\1\0"), "bad_dicom");
    let detector = [decimal(tags::PIXEL_SPACING, ""), decimal(tags::IMAGER_PIXEL_SPACING, r"1\1")];
    assert_eq!(values(&detector), Err("bad_dicom"), "the spacing on the detector is not that in the patient");
    let frame = [text(tags::FRAME_OF_REFERENCE_UID, VR::UI, "2.25.7")];
    assert_eq!(series(&[], &frame).map(|_| ()), Err("mixed_series"));
}

/// Iodine maps and images of atomic numbers are CT too.
#[test]
fn only_hu_count_as_hu() {
    let is_hu = |instead: &[InMemElement]| series(instead, instead).unwrap().0.acquisition().has_rescale;
    let kind = |kind| is_hu(&[text(tags::RESCALE_TYPE, VR::LO, kind)]);
    assert!(is_hu(&[]) && kind("HU"));
    assert!(!kind("US") && !kind("MGML") && !kind("Z_EFF"));
    assert!(!is_hu(&[decimal(tags::RESCALE_INTERCEPT, "")]));
    let (one, _dir) = series(&[], &[text(tags::RESCALE_TYPE, VR::LO, "MGML")]).unwrap();
    assert!(!one.acquisition().has_rescale, "of one slice");
}

/// The decoder would take the rest of such a value for the next element.
#[test]
fn a_value_that_is_no_multiple_of_its_numbers_is_refused() {
    let weight = DataElement::new(Tag(0x0018, 0x9073), VR::FD, PrimitiveValue::from(1.0_f64));
    let good = slice(0.0, &[weight]);
    let at = good.windows(6).position(|w| w == b"\x18\0\x73\x90FD").unwrap();
    let mut short = good.clone();
    short[at + 6] = 6;
    short.drain(at + 8..at + 10);
    let dir = Folder::new();
    let code = |name, bytes: &[u8]| open_file(&dir.file(name, bytes)).unwrap_err().kind.code;
    assert_eq!([code("good", &good), code("short", &short)], ["single_slice", "bad_dicom"]);
}
