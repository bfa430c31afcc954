//! Small files of every kind that can be made without foreign encoders, so that the suite is never empty.

use super::exam::Exam;
use super::mutation::{deflate, gzip};
use super::{elements, support};
use dicom_core::value::{PixelFragmentSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::mem::InMemElement;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use osteon::geometry::Geometry;
use osteon::io::acquisition::Acquisition;
use osteon::io::dicom::write::{self, encode_slice};
use osteon::io::nifti::write::encode;
use osteon::volume::Volume;
use support::{item, nested, number, text};

const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
const IMPLICIT_LE: &str = "1.2.840.10008.1.2";
const EXPLICIT_BE: &str = "1.2.840.10008.1.2.2";
const RLE: &str = "1.2.840.10008.1.2.5";
const DEFLATED_FRAMES: &str = "1.2.840.10008.1.2.8.1";

/// The frame of reference of slices and contours.
pub const FRAME_UID: &str = "2.25.3";

const SIDE: usize = 16;
const SLICES: usize = 4;

/// Where every crafted image lies.
fn grid() -> Geometry {
    let mut grid = Geometry::upright([SIDE, SIDE, SLICES], [1.0, 1.0, 3.0]);
    grid.origin = [-8.0, -8.0, 30.0];
    grid
}

fn ct() -> Volume<i16> {
    Volume::from_fn(grid(), |[x, y, z]| (x * 40 + y * 7 + z * 100) as i16 - 200)
}

fn inside([x, y, z]: [usize; 3]) -> bool {
    (5..11).contains(&x) && (5..11).contains(&y) && (1..3).contains(&z)
}

/// Every crafted exam.
pub fn exams() -> Vec<Exam> {
    [niftis(), slices(), frames(), segmentations(), vec![contours(), frameless_contours()]].concat()
}

/// One NIfTI image in each of its forms, and label maps of several types.
fn niftis() -> Vec<Exam> {
    let mask = encode(&Volume::from_fn(grid(), inside), true);
    let [plain, float] = [encode(&ct(), false), encode(&Volume::from_fn(grid(), |[x, ..]| x as f32 * 9.5), false)];
    let two = |big, name: &[u8; 3], offset| support::version_2(&plain, big, name, offset);
    let mut swapped = plain[352..].to_vec();
    swapped.chunks_exact_mut(2).for_each(|v| v.swap(0, 1));
    let image = |name: &str, files: &[(&str, Vec<u8>)]| {
        let exam = files.iter().fold(Exam::new(name, "CT", 8), |exam, (file, bytes)| exam.damaged(file, bytes.clone()));
        exam.whole("mask.nii.gz", mask.clone()).of(files[0].0, "tumour=mask.nii.gz")
    };
    let labels = |name: &str, bytes: Vec<u8>| {
        let exam = Exam::new(name, "CT", 8).whole("image.nii", plain.clone()).damaged("labels.nii", bytes);
        exam.of("image.nii", "tumour=labels.nii:1,3")
    };
    let pair = |header: Vec<u8>, packed: bool| {
        let (ending, voxels) =
            if packed { ("i.img.gz", gzip(&plain[352..])) } else { ("i.img", plain[352..].to_vec()) };
        [("i.hdr", header), (ending, voxels)]
    };
    let mut header_1 = plain[..348].to_vec();
    header_1[108..112].fill(0);
    header_1[344..348].copy_from_slice(b"ni1\0");
    let version_2 = [two(false, b"n+2", 544), vec![0; 4], plain[352..].to_vec()].concat();
    let big_2 = [two(true, b"n+2", 544), vec![0; 4], swapped].concat();
    vec![
        image("nifti-1 plain", &[("i.nii", plain.clone())]),
        image("nifti-1 float", &[("i.nii", float.clone())]),
        image("nifti-1 gzip", &[("i.nii.gz", gzip(&plain))]),
        image("nifti-1 gzip of two members", &[("i.nii.gz", [gzip(&plain[..900]), gzip(&plain[900..])].concat())]),
        image("nifti-1 pair", &pair(header_1.clone(), false)),
        image("nifti-1 packed pair", &pair(header_1, true)),
        image("nifti-2 plain", &[("i.nii", version_2.clone())]),
        image("nifti-2 big endian gzip", &[("i.nii.gz", gzip(&big_2))]),
        image("nifti-2 pair", &pair(two(false, b"ni2", 0), false)),
        labels("labels of 8 bits", encode(&Volume::from_fn(grid(), |at| u8::from(inside(at)) * 3), false)),
        labels("labels of 16 bits, gzip", gzip(&encode(&Volume::from_fn(grid(), |at| i16::from(inside(at))), false))),
        labels("labels of floats", encode(&Volume::from_fn(grid(), |at| f32::from(u8::from(inside(at)))), false)),
        labels("labels on another grid", encode(&Volume::from_fn(elsewhere(), |[x, ..]| x > 3), true)),
    ]
}

/// A grid that is turned and finer than that of the images.
fn elsewhere() -> Geometry {
    let (s, c) = (0.6, 0.8);
    let axes = [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]];
    Geometry { dims: [12, 12, 9], spacing: [0.7, 0.7, 1.1], origin: [-4.0, -6.0, 31.0], axes }
}

/// A classic series, upright and tilted, with one slice to be damaged, in several syntaxes.
fn slices() -> Vec<Exam> {
    let mask = encode(&Volume::from_fn(grid(), inside), true);
    let exam = |name: &str, form: &dyn Fn(usize) -> Vec<u8>| {
        let exam = (1..SLICES).fold(Exam::new(name, "CT", 8), |exam, k| exam.whole(&format!("ct/{k}"), form(k)));
        exam.damaged("ct/0", form(0)).whole("mask.nii.gz", mask.clone()).of("ct", "tumour=mask.nii.gz")
    };
    let tilted = |k: usize| {
        let bytes = slice(k);
        let element = elements::all(&bytes).into_iter().find(|e| e.tag == (0x20, 0x32)).expect("slices have a place");
        element.with_value(&bytes, format!(r"-8\{}\{}", -8.0 + k as f64 * 0.5, 30 + 3 * k).as_bytes())
    };
    let whole = |k: usize| written_as(&slice(k), EXPLICIT_LE);
    vec![
        exam("ct slices", &slice),
        exam("ct slices, tilted", &tilted),
        exam("ct slices, implicit", &|k| written_as(&slice(k), IMPLICIT_LE)),
        exam("ct slices, big endian", &|k| written_as(&slice(k), EXPLICIT_BE)),
        exam("ct slices, run lengths", &|k| packed(&whole(k), RLE, rle)),
        exam("ct slices, deflated", &|k| deflated(&whole(k))),
    ]
}

fn slice(k: usize) -> Vec<u8> {
    let series = write::Series {
        patient: "P".into(),
        study_uid: "2.25.1".into(),
        series_uid: "2.25.2".into(),
        frame_uid: FRAME_UID.into(),
        description: "CT".into(),
        acquisition: Acquisition { kvp: Some(120.0), thickness_mm: Some(3.0), ..Acquisition::default() },
    };
    encode_slice(&series, &ct(), k, "2.25.4")
}

/// A file's elements in another transfer syntax, its pixels as they are.
fn written_as(bytes: &[u8], syntax: &str) -> Vec<u8> {
    let object = dicom_object::from_reader(bytes).expect("crafted files are whole").into_inner();
    file(object, syntax)
}

fn meta(syntax: &str) -> FileMetaTableBuilder {
    FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid("2.25.9")
        .media_storage_sop_instance_uid("2.25.1")
}

fn file(object: InMemDicomObject, syntax: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let object = object.with_meta(meta(syntax)).expect("the meta table is complete");
    object.write_all(&mut bytes).expect("memory takes what is written");
    bytes
}

/// A file of one frame with its pixels in one fragment.
fn packed(bytes: &[u8], syntax: &str, pack: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut object = dicom_object::from_reader(bytes).expect("crafted files are whole").into_inner();
    let pixels = object.element(tags::PIXEL_DATA).expect("images have pixels").to_bytes().expect("they are bytes");
    let mut fragment = pack(&pixels);
    fragment.resize(fragment.len().next_multiple_of(2), 0);
    let fragments: PixelFragmentSequence<Vec<u8>> = PixelFragmentSequence::new_fragments(vec![fragment]);
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, fragments));
    file(object, syntax)
}

/// Words as two planes of literals (PS3.5 G).
pub fn rle(pixels: &[u8]) -> Vec<u8> {
    let plane = |k: usize| pixels.iter().skip(k).step_by(2).copied().collect::<Vec<u8>>();
    let literal =
        |bytes: Vec<u8>| bytes.chunks(128).flat_map(|c| [&[c.len() as u8 - 1], c].concat()).collect::<Vec<u8>>();
    let [high, low] = [literal(plane(1)), literal(plane(0))];
    let mut words = [2, 64, 64 + high.len() as u32].to_vec();
    words.resize(16, 0);
    [words.into_iter().flat_map(u32::to_le_bytes).collect(), high, low].concat()
}

/// All of an explicit little endian file after its meta group deflated.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let (start, _) = elements::data_set(bytes).expect("it has a meta group");
    let mut before = [&[0; 128][..], b"DICM"].concat();
    let meta = meta("1.2.840.10008.1.2.1.99").build().expect("the meta table is complete");
    meta.write(&mut before).expect("memory takes what is written");
    deflate(before, &bytes[start..])
}

/// What all frames of an enhanced file share: directions and spacing.
fn shared() -> InMemElement {
    let orientation = item(vec![text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, r"1\0\0\0\1\0")]);
    let measures = item(vec![text(tags::PIXEL_SPACING, VR::DS, r"1\1"), text(tags::SLICE_THICKNESS, VR::DS, "3")]);
    let groups = item(vec![
        nested(tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation]),
        nested(tags::PIXEL_MEASURES_SEQUENCE, vec![measures]),
    ]);
    nested(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![groups])
}

/// The groups of the frame on slice `z`, with one more.
fn groups(z: usize, more: InMemElement) -> InMemDicomObject {
    let position = text(tags::IMAGE_POSITION_PATIENT, VR::DS, &format!(r"-8\-8\{}", 30 + 3 * z));
    item(vec![nested(tags::PLANE_POSITION_SEQUENCE, vec![item(vec![position])]), more])
}

fn layout(bits: u16, frames: usize) -> Vec<InMemElement> {
    let side = SIDE as u16;
    let text = [text(tags::NUMBER_OF_FRAMES, VR::IS, &frames.to_string())];
    let numbers: [(Tag, u16); 6] = [
        (tags::ROWS, side),
        (tags::COLUMNS, side),
        (tags::BITS_ALLOCATED, bits),
        (tags::BITS_STORED, bits),
        (tags::HIGH_BIT, bits - 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ];
    text.into_iter().chain(numbers.map(|(tag, n)| number(tag, n))).collect()
}

/// An enhanced image, plain and deflated.
fn frames() -> Vec<Exam> {
    let frame = |z: usize| {
        let rescale = [text(tags::RESCALE_INTERCEPT, VR::DS, "-5"), text(tags::RESCALE_SLOPE, VR::DS, "1.5")];
        groups(z, nested(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, vec![item(rescale.into())]))
    };
    let pixels: Vec<u16> = ct().as_slice().iter().map(|v| (*v + 200) as u16).collect();
    let mut all = vec![text(tags::MODALITY, VR::CS, "MR"), shared()];
    all.extend(layout(16, SLICES));
    all.push(nested(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, (0..SLICES).map(frame).collect()));
    all.push(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into())));
    let bytes = file(item(all), EXPLICIT_LE);
    let mask = encode(&Volume::from_fn(grid(), inside), true);
    let exam = |name: &str, bytes: Vec<u8>| {
        let exam = Exam::new(name, "MR", 8).damaged("mr.dcm", bytes).whole("mask.nii.gz", mask.clone());
        exam.of("mr.dcm", "tumour=mask.nii.gz")
    };
    vec![exam("enhanced image", bytes.clone()), exam("enhanced image, deflated", deflated(&bytes))]
}

/// Segmentations of every type on the crafted slices.
fn segmentations() -> Vec<Exam> {
    let image = encode(&ct(), false);
    let exam = |name: &str, bytes: Vec<u8>, structures: &str| {
        let exam = Exam::new(name, "CT", 8).whole("image.nii", image.clone()).damaged("seg.dcm", bytes);
        exam.of("image.nii", structures)
    };
    let bytes = seg("FRACTIONAL", 8, 200);
    vec![
        exam("seg binary", seg("BINARY", 1, 1), "seg.dcm"),
        exam("seg binary, all", seg("BINARY", 1, 1), "tumour=seg.dcm:1,2"),
        exam("seg fractional", bytes.clone(), "tumour=seg.dcm:1"),
        exam("seg label map", seg("LABELMAP", 8, 1), "tumour=seg.dcm:1"),
        exam("seg label map of 16 bits", seg("LABELMAP", 16, 2), "tumour=seg.dcm:2"),
        exam("seg big endian", written_as(&seg("LABELMAP", 16, 1), EXPLICIT_BE), "tumour=seg.dcm:1"),
        exam("seg deflated", deflated(&bytes), "tumour=seg.dcm:1"),
        exam("seg of deflated frames", one_packed_frame(), "tumour=seg.dcm:1"),
    ]
}

/// A segmentation: frames on the two middle slices, of each segment or of all.
fn seg(kind: &str, bits: u16, value: u8) -> Vec<u8> {
    let is_label_map = kind == "LABELMAP";
    let shown: Vec<(usize, u16)> = match is_label_map {
        true => vec![(1, 0), (2, 0)],
        false => vec![(1, 1), (2, 1), (1, 2)],
    };
    let frame = |(z, segment): &(usize, u16)| {
        let of = item(vec![number(tags::REFERENCED_SEGMENT_NUMBER, *segment)]);
        groups(*z, nested(tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![of]))
    };
    let plane = |(z, _): &(usize, u16)| {
        let at = move |i: usize| inside([i % SIDE, i / SIDE, *z]);
        (0..SIDE * SIDE).map(move |i| u8::from(at(i)) * value).collect::<Vec<_>>()
    };
    let values: Vec<u8> = shown.iter().flat_map(plane).collect();
    let pixels: Vec<u8> = match bits {
        1 => values.chunks(8).map(|c| (0..).zip(c).map(|(i, b)| b << i).sum()).collect(),
        8 => values,
        _ => values.iter().flat_map(|v| u16::from(*v).to_le_bytes()).collect(),
    };
    let pixels = match bits {
        16 => PrimitiveValue::U16(pixels.chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()),
        _ => PrimitiveValue::from(pixels),
    };
    let segment = |n: u16| {
        item(vec![number(tags::SEGMENT_NUMBER, n), text(tags::SEGMENT_LABEL, VR::LO, ["", "GTV", "canal"][n as usize])])
    };
    let mut all = vec![
        text(tags::MODALITY, VR::CS, "SEG"),
        text(tags::SEGMENTATION_TYPE, VR::CS, kind),
        number(tags::MAXIMUM_FRACTIONAL_VALUE, 250),
        nested(tags::SEGMENT_SEQUENCE, vec![segment(1), segment(2)]),
        shared(),
        nested(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, shown.iter().map(frame).collect()),
        DataElement::new(tags::PIXEL_DATA, if bits == 16 { VR::OW } else { VR::OB }, pixels),
    ];
    all.extend(layout(bits, shown.len()));
    file(item(all), EXPLICIT_LE)
}

/// A label map of one frame that is deflated by itself.
fn one_packed_frame() -> Vec<u8> {
    let bytes = seg("LABELMAP", 8, 1);
    let mut object = dicom_object::from_reader(&bytes[..]).expect("crafted files are whole").into_inner();
    let of = item(vec![number(tags::REFERENCED_SEGMENT_NUMBER, 0)]);
    let frame = groups(1, nested(tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![of]));
    object.put(nested(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![frame]));
    object.put(text(tags::NUMBER_OF_FRAMES, VR::IS, "1"));
    packed(&file(object, EXPLICIT_LE), DEFLATED_FRAMES, |pixels| deflate(Vec::new(), &pixels[..SIDE * SIDE]))
}

/// A structure set: a square with a square hole on two slices, and a point.
fn contours() -> Exam {
    structure_set("contours", true)
}

/// As [`contours`], without a frame of reference.
fn frameless_contours() -> Exam {
    structure_set("contours without a frame", false)
}

fn structure_set(name: &str, framed: bool) -> Exam {
    let contour = |kind: &str, points: String| {
        item(vec![
            text(tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, kind),
            text(tags::NUMBER_OF_CONTOUR_POINTS, VR::IS, &((points.matches('\\').count() + 1) / 3).to_string()),
            text(tags::CONTOUR_DATA, VR::DS, &points),
        ])
    };
    let square = |z: usize, half: f64| {
        let z = 30 + 3 * z;
        let corners = [[-half, -half], [half, -half], [half, half], [-half, half]];
        contour("CLOSED_PLANAR", corners.map(|[x, y]| format!(r"{x}\{y}\{z}")).join("\\"))
    };
    let drawn = vec![square(1, 4.3), square(1, 1.6), square(2, 3.3), contour("POINT", r"0\0\30".into())];
    let mut roi = vec![number(tags::ROI_NUMBER, 1), text(tags::ROI_NAME, VR::LO, "GTV")];
    roi.extend(framed.then(|| text(tags::REFERENCED_FRAME_OF_REFERENCE_UID, VR::UI, FRAME_UID)));
    let all = vec![
        text(tags::MODALITY, VR::CS, "RTSTRUCT"),
        nested(tags::STRUCTURE_SET_ROI_SEQUENCE, vec![item(roi)]),
        nested(
            tags::ROI_CONTOUR_SEQUENCE,
            vec![item(vec![nested(tags::CONTOUR_SEQUENCE, drawn), text(tags::REFERENCED_ROI_NUMBER, VR::IS, "1")])],
        ),
    ];
    let exam = Exam::new(name, "CT", 10).damaged("rs.dcm", file(item(all), EXPLICIT_LE));
    let exam = (0..SLICES).fold(exam, |exam, k| exam.whole(&format!("ct/{k}"), slice(k)));
    exam.of("ct", "rs.dcm")
}
