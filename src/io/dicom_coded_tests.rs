//! Compressed and enhanced DICOM images: the same values in every form, frames in their places.

use super::slice::Slice;
use super::syntax::Coding;
use super::*;
use crate::geometry::Extent;
use crate::io::image;
use crate::io::image_tests_support::{Dice, Folder, dicom_file, item, nested, number, test_data, text};
use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;

/// An enhanced image of frames of 2 x 2 pixels: for each its height, slope and pixels.
fn enhanced(frames: &[(f64, &str, [u8; 4])]) -> Vec<u8> {
    let frame = |(z, slope, _): &(f64, &str, [u8; 4])| {
        let position = text(tags::IMAGE_POSITION_PATIENT, VR::DS, &format!(r"1\1\{z}"));
        let rescale = [text(tags::RESCALE_INTERCEPT, VR::DS, "-5"), text(tags::RESCALE_SLOPE, VR::DS, slope)];
        item(vec![
            nested(tags::PLANE_POSITION_SEQUENCE, vec![item(vec![position])]),
            nested(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, vec![item(rescale.into())]),
        ])
    };
    let orientation = item(vec![text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, r"1\0\0\0\1\0")]);
    let measures = item(vec![text(tags::PIXEL_SPACING, VR::DS, r"1\1"), text(tags::SLICE_THICKNESS, VR::DS, "2")]);
    let shared = item(vec![
        nested(tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation]),
        nested(tags::PIXEL_MEASURES_SEQUENCE, vec![measures]),
        nested(tags::MR_ECHO_SEQUENCE, vec![item(vec![text(tags::EFFECTIVE_ECHO_TIME, VR::DS, "90")])]),
    ]);
    let pixels: Vec<u8> = frames.iter().flat_map(|f| f.2).collect();
    dicom_file(vec![
        text(tags::MODALITY, VR::CS, "MR"),
        text(tags::NUMBER_OF_FRAMES, VR::IS, &frames.len().to_string()),
        number(tags::ROWS, 2),
        number(tags::COLUMNS, 2),
        number(tags::BITS_ALLOCATED, 8),
        number(tags::BITS_STORED, 8),
        number(tags::HIGH_BIT, 7),
        number(tags::PIXEL_REPRESENTATION, 0),
        nested(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]),
        nested(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames.iter().map(frame).collect()),
        DataElement::new(tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(pixels)),
    ])
}

#[test]
fn frames_are_sorted_and_rescaled_one_by_one() {
    let dir = Folder::new();
    let frames = [(4.0, "2", [1; 4]), (0.0, "1", [7, 8, 9, 10]), (2.0, "3", [2; 4])];
    let image = image::open(&dir.file("x", &enhanced(&frames)), None).unwrap();
    assert_eq!((image.geometry().dims, image.geometry().spacing), ([2, 2, 3], [1.0, 1.0, 2.0]));
    let all = image.read(&whole(&image)).unwrap();
    assert_eq!(all.as_slice(), [2.0, 3.0, 4.0, 5.0, 1.0, 1.0, 1.0, 1.0, -3.0, -3.0, -3.0, -3.0]);
    let how = image.acquisition();
    assert_eq!((how.te_ms, how.thickness_mm, how.has_rescale), (Some(90.0), Some(2.0), true));
    assert_eq!(image::open(dir.path(), None).unwrap().read(&whole(&image)).unwrap(), all, "its folder is the same");
}

#[test]
fn frames_that_are_no_volume_are_refused_by_name() {
    let dir = Folder::new();
    let code = |bytes: &[u8]| image::open(&dir.file("x", bytes), None).unwrap_err().kind.code;
    let at = |heights: &[f64]| enhanced(&heights.iter().map(|z| (*z, "1", [0; 4])).collect::<Vec<_>>());
    assert_eq!(code(&at(&[0.0, 2.0, 0.0, 2.0])), "duplicate_position");
    assert_eq!(code(&at(&[0.0, 2.0, 4.0, 50.0, 52.0])), "non_uniform_spacing");
    let good = at(&[0.0, 2.0, 4.0]);
    assert_eq!(code(&good[..good.len() - 4]), "truncated_file");
    let promised = good.windows(2).position(|w| w == b"3 ").unwrap();
    let mut more = good.clone();
    more[promised] = b'9';
    assert_eq!(code(&more), "bad_dicom");
}

#[test]
fn damage_in_an_enhanced_file_is_an_answer_or_a_refusal() {
    let (dir, mut dice) = (Folder::new(), Dice(7));
    let good = enhanced(&[(0.0, "1", [1; 4]), (2.0, "1", [2; 4]), (4.0, "1", [3; 4])]);
    for _ in 0..2000 {
        let mut bytes = good.clone();
        let tail = dice.mutate(&bytes[128..], usize::MAX);
        bytes.splice(128.., tail);
        if let Ok(image) = image::open(&dir.file("x", &bytes), None) {
            let _ = image.read(&whole(&image));
        }
    }
}

/// Where the length of the meta group stands, and where the data set starts.
fn meta_group(bytes: &[u8]) -> (usize, usize) {
    let at = bytes.windows(6).position(|w| w == [2, 0, 0, 0, b'U', b'L']).unwrap() + 8;
    (at, at + 4 + u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize)
}

#[test]
fn a_file_without_preamble_or_meta_group_is_the_same_image() {
    let dir = Folder::new();
    let bytes = enhanced(&[(0.0, "1", [1, 2, 3, 4]), (2.0, "1", [5, 6, 7, 8])]);
    let forms = [&bytes[..], &bytes[132..], &bytes[meta_group(&bytes).1..]];
    let [a, b, c] = forms.map(|form| {
        let image = image::open(&dir.file("x", form), None).unwrap();
        image.read(&whole(&image)).unwrap()
    });
    assert!(a == b && a == c);
}

/// A file as [`enhanced`], all of it after the meta group deflated.
fn deflated(bytes: &[u8]) -> Vec<u8> {
    let uid = b"1.2.840.10008.1.2.1\0";
    let at = bytes.windows(uid.len()).position(|w| w == uid).unwrap();
    let (length_at, start) = meta_group(bytes);
    let mut out = bytes[..start].to_vec();
    out.splice(at..at + uid.len(), *b"1.2.840.10008.1.2.1.99");
    out[at - 2] += 2;
    let length = (start - length_at - 4 + 2) as u32;
    out[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
    let mut stream = flate2::write::DeflateEncoder::new(out, flate2::Compression::fast());
    std::io::Write::write_all(&mut stream, &bytes[start..]).unwrap();
    stream.finish().unwrap()
}

#[test]
fn a_deflated_file_is_inflated_as_far_as_its_header_promises() {
    let dir = Folder::new();
    let plain = enhanced(&[(0.0, "1", [1, 2, 3, 4]), (2.0, "1", [5, 6, 7, 8])]);
    let [a, b] = [("a", plain.clone()), ("b", deflated(&plain))].map(|(name, bytes)| {
        let image = image::open(&dir.file(name, &bytes), None).unwrap();
        image.read(&whole(&image)).unwrap()
    });
    assert_eq!(a, b);
    let bomb = deflated(&[plain.clone(), vec![0; 64 << 20]].concat());
    let image = image::open(&dir.file("c", &bomb), None).unwrap();
    assert_eq!(image.read(&whole(&image)).unwrap(), a, "what follows is never inflated");
    let cut = deflated(&plain[..plain.len() - 3]);
    let image = image::open(&dir.file("d", &cut), None).unwrap();
    assert_eq!(image.read(&whole(&image)).unwrap_err().kind.code, "truncated_file");
}

/// Foreign decoders on damaged frames: an answer or a refusal, never a panic that gets out.
#[test]
fn damaged_frames_are_an_answer_or_a_refusal() {
    let Some(data) = test_data("dicom_codec") else { return };
    let mut dice = Dice(11);
    for (coding, part, dims) in [
        (Coding::Rle, "mr_small/MR_small_RLE.dcm", [64, 64]),
        (Coding::Jpeg2000, "mr_small/MR_small_jp2klossless.dcm", [64, 64]),
        (Coding::JpegLs, "mr_small/MR_small_jpeg_ls_lossless.dcm", [64, 64]),
        (Coding::Jpeg, "mr_4slices/jpeg_lossless/IM-0001-0001-0001.dcm", [256, 256]),
    ] {
        let mut file = std::fs::File::open(data.join(part)).unwrap();
        let opened = prepass::open(&mut file).unwrap().unwrap();
        let pieces = fragments::of(&file, opened.pixels.unwrap().offset, opened.end, 1).unwrap();
        let good = fragments::read(&file, &pieces[0]).unwrap();
        let frame = codec::Frame { dims, bytes: 2 };
        assert!(codec::decode(coding, &good, frame).is_ok());
        for round in 0..300 {
            // Every other round among the headers, where decoders believe most.
            let head = if round % 2 == 0 { 120 } else { good.len() };
            let _ = codec::decode(coding, &dice.mutate(&good, head), frame);
        }
    }
}

fn whole(image: &image::Image) -> Extent {
    Extent::whole(image.geometry().dims)
}

/// The maker of the twin multiplied by the slope in single precision: up to a unit in the last place of 1081.7.
#[test]
fn the_frames_of_an_enhanced_image_are_its_nifti() {
    let Some(data) = test_data("dicom_enhanced/philips") else { return };
    let [dicom, nifti] = [data.clone(), data.join("001_ground_truth.nii.gz")].map(|p| image::open(&p, None).unwrap());
    assert!(dicom.geometry().same_grid(nifti.geometry()));
    let [a, b] = [&dicom, &nifti].map(|i| i.read(&whole(i)).unwrap());
    let farthest = a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(farthest <= 2.0_f32.powi(-13), "{farthest}");
    let part = Extent { lo: [1, 100, 200], hi: [7, 130, 210] };
    assert_eq!(dicom.read(&part).unwrap(), a.crop(&part));
    assert_eq!(dicom.acquisition().thickness_mm, Some(1.2));
    assert!(!dicom.acquisition().scaling_lost);
}

/// The values of each frame of a file, whether it has a place or not.
fn values(path: &Path) -> Vec<Vec<f32>> {
    let mut file = std::fs::File::open(path).unwrap();
    let opened = prepass::open(&mut file).unwrap().unwrap();
    let header = header::Tags(&opened.object);
    let frames = header.count(tags::NUMBER_OF_FRAMES).max(1);
    let stored = store::locate(&file, &opened, frames).unwrap();
    let dims = [tags::COLUMNS, tags::ROWS].map(|tag| header.count(tag));
    let frame = |k| Slice {
        path: path.into(),
        patient: String::new(),
        series: String::new(),
        frame_of_reference: String::new(),
        position: [0.0; 3],
        orientation: [[0.0; 3]; 2],
        spacing: [1.0; 2],
        dims,
        slope: 1.0,
        intercept: 0.0,
        pixels: Ok(stored.pixels(k)),
        acquisition: crate::io::acquisition::Acquisition::default(),
    };
    (0..frames).map(|k| pixels::Reader::default().values(&frame(k), 0..dims[1]).unwrap()).collect()
}

#[test]
fn every_lossless_form_gives_the_same_values() {
    let Some(data) = test_data(".") else { return };
    for (folder, plain, forms) in [
        ("dicom_codec/wg04_CT1", "CT1_UNC", &["CT1_J2KR", "CT1_JLSL", "CT1_JPLL", "CT1_RLE"][..]),
        ("dicom_codec/wg04_MR1", "MR1_UNC", &["MR1_J2KR", "MR1_JLSL", "MR1_JPLL", "MR1_RLE"]),
        (
            "dicom_codec/mr_small",
            "MR_small",
            &[
                "MR_small_RLE",
                "MR_small_bigendian",
                "MR_small_implicit",
                "MR_small_jp2klossless",
                "MR_small_jpeg_ls_lossless",
            ],
        ),
        (
            "dicom_enhanced/emri_small",
            "emri_small",
            &["emri_small_RLE", "emri_small_big_endian", "emri_small_jpeg_2k_lossless", "emri_small_jpeg_ls_lossless"],
        ),
    ] {
        let read = |name: &str| values(&data.join(folder).join(format!("{name}.dcm")));
        let plain = read(plain);
        forms.iter().for_each(|form| assert!(read(form) == plain, "{form}"));
    }
    for name in ["CT1", "MR1"] {
        let read = |form: &str| values(&data.join(format!("dicom_codec/wg04_{name}/{name}_{form}.dcm"))).remove(0);
        let farthest = read("UNC").iter().zip(read("JLSN")).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!((1.0..=4.0).contains(&farthest), "near-lossless {name} differs by {farthest}");
    }
}

/// Values as pydicom 3.0.2 gives them: a deflated file, and a code stream whose sign the header contradicts.
#[test]
fn rare_files_have_the_values_of_pydicom() {
    let Some(data) = test_data(".") else { return };
    let sum = |part: &str| values(&data.join(part))[0].iter().map(|v| f64::from(*v)).sum::<f64>();
    assert_eq!(sum("dicom_codec/deflated/image_dfl.dcm"), 33_322_688.0);
    assert_eq!(sum("broken/dicom/J2K_pixelrep_mismatch.dcm"), -172_605_258.0);
    assert_eq!(sum("broken/dicom/bad_sequence.dcm"), 248_348_502.0);
}
