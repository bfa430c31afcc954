//! Outlines in DICOM: real segmentations and contours against their twins, and crafted ones.

use super::*;
use crate::io::image;
use crate::io::image_tests_support::{Folder, dicom_file, item, nested, number, test_data, text};
use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use std::io::Read;

fn whole(geometry: &Geometry) -> Extent {
    Extent::whole(geometry.dims)
}

/// The voxels of a gzipped NRRD of shorts, in the order of its file, which is that of the patient.
fn nrrd(path: &Path) -> Vec<i16> {
    let bytes = std::fs::read(path).unwrap();
    let body = bytes.windows(2).position(|w| w == b"\n\n").unwrap() + 2;
    let mut raw = Vec::new();
    flate2::read::MultiGzDecoder::new(&bytes[body..]).read_to_end(&mut raw).unwrap();
    raw.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

fn agrees(mask: &Mask, twin: &[i16]) -> bool {
    mask.as_slice().len() == twin.len() && mask.as_slice().iter().zip(twin).all(|(a, b)| *a == (*b == 1))
}

#[test]
fn every_form_of_the_liver_is_its_nrrd() {
    let Some(data) = test_data("dicom_seg/ct_3slices") else { return };
    let ct = image::open(&data.join("image"), None).unwrap();
    let twin = nrrd(&data.join("liver_seg.nrrd"));
    for form in ["liver", "liver_rle", "liver_deflate", "liver_expb", "liver_j2k"] {
        let outlines = open(&data.join(format!("{form}.dcm")), ct.geometry(), None).unwrap();
        assert!(agrees(&outlines.mask(None, &whole(ct.geometry())), &twin), "{form}");
        let tight = outlines.extent(Some(&[1])).unwrap();
        assert_eq!(outlines.mask(Some(&[1]), &tight).count(), 107_098, "{form}");
    }
}

/// Counts as pydicom 3.0.2 gives them; segments overlap, and most frames are left out because they are empty.
#[test]
fn overlapping_segments_are_each_whole() {
    let Some(data) = test_data("dicom_seg/ct_3slices") else { return };
    let ct = image::open(&data.join("image"), None).unwrap();
    let path = data.join("partial_overlaps.dcm");
    let outlines = open(&path, ct.geometry(), None).unwrap();
    let of = |n: &[i64]| {
        let mask = outlines.mask(Some(n), &whole(ct.geometry()));
        [0, 1, 2].map(|z| mask.plane(z).iter().filter(|m| **m).count())
    };
    assert_eq!(of(&[1]), [0, 9602, 0]);
    assert_eq!(of(&[2]), [0, 11888, 0]);
    assert_eq!(of(&[3]), [117, 117, 10509]);
    assert_eq!([of(&[4]), of(&[5])], [[6693, 0, 0], [4713, 0, 0]]);
    assert!(of(&[1, 2])[1] < 9602 + 11888, "they overlap");
    let names: Vec<_> = parts(&path).unwrap().into_iter().map(|p| (p.number, p.names[0].clone())).collect();
    assert_eq!((names.len(), &names[1]), (5, &(2, "ORANGE".into())));
    assert_eq!(open(&path, ct.geometry(), Some(&[6])).unwrap_err().kind.code, "no_such_part");
}

#[test]
fn the_contours_of_the_sarcoma_are_its_mask() {
    let Some(data) = test_data("tumour/sarcoma_STS_001") else { return };
    for name in ["CT", "MR_T1"] {
        let scan = image::open(&data.join(format!("dicom/{name}/image")), None).unwrap();
        let contours = open(&data.join(format!("dicom/{name}/mask/RS.dcm")), scan.geometry(), None).unwrap();
        let twin = labels::open(&data.join(format!("nifti/{name}_mask.nii.gz"))).unwrap();
        assert!(twin.geometry().same_grid(scan.geometry()));
        let [a, b] = [contours.mask(None, &whole(scan.geometry())), twin.mask(None, &whole(scan.geometry()))];
        let differing = a.as_slice().iter().zip(b.as_slice()).filter(|(a, b)| a != b).count();
        assert_eq!((a.count(), b.count(), differing), (117_145, 117_145, 0), "{name}");
    }
}

#[test]
fn other_files_hold_no_outlines() {
    let Some(data) = test_data(".") else { return };
    let grid = Geometry::upright([4; 3], [1.0; 3]);
    let code = |part: &str| open(&data.join(part), &grid, None).unwrap_err().kind.code;
    assert_eq!(code("dicom_seg/ct_3slices/image/01.dcm"), "not_an_outline");
    assert_eq!(code("broken/dicom/ExplVR_LitEndNoMeta.dcm"), "not_an_outline");
    assert_eq!(parts(&data.join("tumour/ibsi_digital_phantom/mask.nii.gz")).unwrap_err().kind.code, "not_an_outline");
}

/// A segmentation of frames of 3 x 3 pixels of 1 mm: for each the segment (0: none is named), its height and its pixels.
fn seg(kind: &str, bits: u16, frames: &[(u16, f64, [u8; 9])]) -> Vec<u8> {
    let segment = |n: u16| item(vec![number(tags::SEGMENT_NUMBER, n), text(tags::SEGMENT_LABEL, VR::LO, "GTV")]);
    let frame = |(n, z, _): &(u16, f64, [u8; 9])| {
        let position = text(tags::IMAGE_POSITION_PATIENT, VR::DS, &format!(r"1\1\{z}"));
        let mut groups = vec![nested(tags::PLANE_POSITION_SEQUENCE, vec![item(vec![position])])];
        if *n > 0 {
            let of = item(vec![number(tags::REFERENCED_SEGMENT_NUMBER, *n)]);
            groups.push(nested(tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![of]));
        }
        item(groups)
    };
    let orientation = item(vec![text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, r"1\0\0\0\1\0")]);
    let spacing = item(vec![text(tags::PIXEL_SPACING, VR::DS, r"1\1")]);
    let shared = item(vec![
        nested(tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation]),
        nested(tags::PIXEL_MEASURES_SEQUENCE, vec![spacing]),
    ]);
    let values = frames.iter().flat_map(|f| f.2);
    let mut pixels = match bits {
        1 => values.collect::<Vec<_>>().chunks(8).map(|c| (0..).zip(c).map(|(i, b)| b << i).sum()).collect(),
        8 => values.collect(),
        _ => values.flat_map(|v| u16::from(v).to_le_bytes()).collect::<Vec<u8>>(),
    };
    pixels.resize(pixels.len().next_multiple_of(2), 0);
    dicom_file(vec![
        text(tags::MODALITY, VR::CS, "SEG"),
        text(tags::NUMBER_OF_FRAMES, VR::IS, &frames.len().to_string()),
        number(tags::ROWS, 3),
        number(tags::COLUMNS, 3),
        number(tags::BITS_ALLOCATED, bits),
        text(tags::SEGMENTATION_TYPE, VR::CS, kind),
        number(tags::MAXIMUM_FRACTIONAL_VALUE, 100),
        nested(tags::SEGMENT_SEQUENCE, vec![segment(1), segment(2)]),
        nested(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]),
        nested(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames.iter().map(frame).collect()),
        DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(pixels)),
    ])
}

const CROSS: [u8; 9] = [0, 1, 0, 1, 1, 1, 0, 1, 0];
const CORNER: [u8; 9] = [1, 0, 0, 0, 0, 0, 0, 0, 0];

/// The voxels of a segment in a grid of 5 x 5 x 4 voxels of 1 mm, as x, y, z.
fn voxels(bytes: &[u8], segment: i64) -> Result<Vec<[usize; 3]>, &'static str> {
    let dir = Folder::new();
    let grid = Geometry::upright([5, 5, 4], [1.0; 3]);
    let outlines = open(&dir.file("seg", bytes), &grid, None).map_err(|f| f.kind.code)?;
    let mask = outlines.mask(Some(&[segment]), &whole(&grid));
    Ok(mask.voxels().indexed_iter().filter(|(_, m)| **m).map(|((z, y, x), _)| [x, y, z]).collect())
}

#[test]
fn bits_run_on_over_frames_and_frames_come_in_any_order() {
    let bytes = seg("BINARY", 1, &[(1, 2.0, CROSS), (2, 0.0, CORNER), (1, 1.0, CORNER), (1, 0.0, [0; 9])]);
    assert_eq!(voxels(&bytes, 1).unwrap(), [[1, 1, 1], [2, 1, 2], [1, 2, 2], [2, 2, 2], [3, 2, 2], [2, 3, 2]]);
    assert_eq!(voxels(&bytes, 2).unwrap(), [[1, 1, 0]]);
}

#[test]
fn fractions_count_from_one_half_and_labels_by_number() {
    let fractions =
        seg("FRACTIONAL", 8, &[(1, 0.0, [50, 49, 0, 0, 0, 0, 0, 0, 0]), (2, 0.0, [0, 100, 0, 0, 0, 0, 0, 0, 0])]);
    assert_eq!(voxels(&fractions, 1).unwrap(), [[1, 1, 0]]);
    assert_eq!(voxels(&fractions, 2).unwrap(), [[2, 1, 0]]);
    for bits in [8, 16] {
        let labels =
            seg("LABELMAP", bits, &[(0, 0.0, [0, 1, 2, 0, 0, 0, 0, 0, 0]), (0, 1.0, [0, 0, 0, 0, 2, 0, 0, 0, 0])]);
        assert_eq!(voxels(&labels, 1).unwrap(), [[2, 1, 0]]);
        assert_eq!(voxels(&labels, 2).unwrap(), [[3, 1, 0], [2, 2, 1]]);
    }
}

#[test]
fn what_cannot_be_a_segmentation_is_refused_by_name() {
    let frames = [(1, 0.0, CROSS), (1, 1.0, CROSS)];
    assert_eq!(voxels(&seg("BINARY", 1, &[(1, 0.0, CROSS), (1, 0.0, CROSS)]), 1), Err("duplicate_position"));
    assert_eq!(voxels(&seg("BINARY", 32, &frames), 1), Err("unsupported_type"));
    assert_eq!(voxels(&seg("ODD", 1, &frames), 1), Err("unsupported_type"));
    assert_eq!(voxels(&seg("BINARY", 1, &[(0, 0.0, CROSS)]), 1), Err("bad_dicom"));
    let whole = seg("BINARY", 1, &frames);
    assert_eq!(voxels(&whole[..whole.len() - 2], 1), Err("truncated_file"));
    let uneven = [(1, 0.0, CROSS), (1, 1.0, CROSS), (1, 2.6, CROSS)];
    assert_eq!(voxels(&seg("BINARY", 1, &uneven), 1), Err("non_uniform_spacing"));
}

/// Empty frames may be left out of a file, and then nothing but the thickness tells that there were some.
#[test]
fn what_is_left_out_between_two_frames_is_empty() {
    let frames = [(1, 0.0, CORNER), (1, 2.0, CORNER)];
    let unknown = seg("BINARY", 1, &frames);
    let filled = [0, 1, 2, 3].map(|z| [1, 1, z]);
    assert_eq!(voxels(&unknown, 1).unwrap(), filled, "each frame counts for a millimetre to either side");
    let thick = |mm: &str| {
        let mut object = dicom_object::from_reader(&unknown[..]).unwrap().into_inner();
        let mut shared = object.element(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).unwrap().items().unwrap()[0].clone();
        let spacing = [text(tags::PIXEL_SPACING, VR::DS, r"1\1"), text(tags::SLICE_THICKNESS, VR::DS, mm)];
        shared.put(nested(tags::PIXEL_MEASURES_SEQUENCE, vec![item(spacing.into())]));
        object.put(nested(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]));
        voxels(&dicom_file(object.into_iter().collect()), 1).unwrap()
    };
    assert_eq!(thick("1"), [[1, 1, 0], [1, 1, 2]]);
    assert_eq!(thick("1.8"), filled, "a small gap between slices");
}

#[test]
fn pixels_that_a_segmentation_cannot_have_are_refused() {
    let frames = [(1, 0.0, CROSS), (1, 1.0, CROSS)];
    assert_eq!(voxels(&seg("LABELMAP", 1, &[(0, 0.0, CROSS)]), 1), Err("unsupported_type"), "bits name no segment");
    assert_eq!(voxels(&seg("FRACTIONAL", 1, &frames), 1), Err("unsupported_type"));
    let mut more = seg("BINARY", 8, &frames);
    let columns = more.windows(4).position(|w| w == [0x28, 0, 0x11, 0]).unwrap();
    more[columns + 8] = 1;
    assert_eq!(voxels(&more, 1), Err("bad_dicom"), "pixels of three columns, a header of one");
    let mut fractions = seg("FRACTIONAL", 8, &frames);
    let largest = fractions.windows(4).position(|w| w == [0x62, 0, 0x0e, 0]).unwrap();
    fractions[largest + 8] = 0;
    assert_eq!(voxels(&fractions, 1), Err("bad_dicom"), "from half of nothing on all is inside");
    assert_eq!(voxels(&seg("BINARY", 1, &[(1, 40.0, CROSS), (1, 41.0, CROSS)]), 1), Ok(Vec::new()), "off the image");
}

/// A structure set of one region: for each contour its type, how many points it promises, and its points.
fn contours(drawn: &[(&str, &str, &str)]) -> Vec<u8> {
    let contour = |(kind, promised, points): &(&str, &str, &str)| {
        item(vec![
            text(tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, kind),
            text(tags::NUMBER_OF_CONTOUR_POINTS, VR::IS, promised),
            text(tags::CONTOUR_DATA, VR::DS, points),
        ])
    };
    let roi = vec![
        number(tags::ROI_NUMBER, 1),
        text(tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, "2.25.3"),
        text(tags::ROI_NAME, VR::LO, "GTV"),
    ];
    let all = vec![
        nested(tags::CONTOUR_SEQUENCE, drawn.iter().map(contour).collect()),
        number(tags::REFERENCED_ROI_NUMBER, 1),
    ];
    dicom_file(vec![
        text(tags::MODALITY, VR::CS, "RTSTRUCT"),
        nested(tags::STRUCTURE_SET_ROI_SEQUENCE, vec![item(roi)]),
        nested(tags::ROI_CONTOUR_SEQUENCE, vec![item(all)]),
    ])
}

const LOW: &str = r"0.5\0.5\1\2.5\0.5\1\2.5\1.5\1\0.5\1.5\1";
const HIGH: &str = r"2.5\2.5\2\9.5\2.5\2\9.5\3.5\2\2.5\3.5\2";

#[test]
fn contours_in_any_order_drawn_twice_or_beyond_the_image_are_the_same_voxels() {
    let want = vec![[1, 1, 1], [2, 1, 1], [3, 3, 2], [4, 3, 2]];
    let [low, high] = [("CLOSED_PLANAR", "4", LOW), ("CLOSED_PLANAR", "", HIGH)];
    let beside = [("POINT", "1", r"0\0\9"), ("OPEN_PLANAR", "2", r"0\0\3\4\4\3")];
    assert_eq!(voxels(&contours(&[low, high]), 1), Ok(want.clone()));
    assert_eq!(voxels(&contours(&[high, beside[0], low, beside[1], low]), 1), Ok(want));
}

#[test]
fn contours_that_contradict_themselves_are_refused() {
    let code = |drawn: (&str, &str, &str)| voxels(&contours(&[drawn]), 1).unwrap_err();
    assert_eq!(code(("", "4", LOW)), "bad_dicom");
    assert_eq!(code(("CLOSED", "4", LOW)), "bad_dicom");
    assert_eq!(code(("CLOSED_PLANAR", "5", LOW)), "bad_dicom");
    let not_numbers = LOW.replace("2.5", "nan");
    assert_eq!(code(("CLOSED_PLANAR", "4", &not_numbers)), "bad_dicom");
    assert_eq!(code(("CLOSED_PLANAR", "", &LOW[4..])), "bad_dicom");
}

#[test]
fn the_frame_of_reference_of_an_outline_is_known() {
    let dir = Folder::new();
    let grid = Geometry::upright([5, 5, 4], [1.0; 3]);
    let drawn = open(&dir.file("rs", &contours(&[("CLOSED_PLANAR", "4", LOW)])), &grid, None).unwrap();
    assert_eq!(drawn.frames_of_reference(), ["2.25.3"]);
    let drawn = open(&dir.file("seg", &seg("BINARY", 1, &[(1, 0.0, CROSS)])), &grid, None).unwrap();
    assert!(drawn.frames_of_reference().is_empty(), "the file tells none");
}

#[test]
fn damage_anywhere_is_an_answer_or_a_refusal() {
    let good = seg("BINARY", 1, &[(1, 0.0, CROSS), (1, 1.0, CROSS)]);
    let mut dice = crate::io::image_tests_support::Dice(5);
    for _ in 0..2000 {
        let mut bytes = good.clone();
        let tail = dice.mutate(&bytes[128..], usize::MAX);
        bytes.splice(128.., tail);
        let _ = voxels(&bytes, 1);
    }
}
