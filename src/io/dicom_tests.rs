//! The DICOM readers on real, damaged and mutated series.

use super::slice::{Content, Slice};
use super::*;
use crate::geometry::Extent;
use crate::io::image::{self, Image};
use crate::io::image_tests_support::{Dice, Folder, test_data};
use crate::volume::Mask;
use std::time::{Duration, Instant};

/// A made-up CT slice of 3 x 2 pixels; tests change what they are about.
#[derive(Clone)]
struct Made {
    columns: u16,
    rows: u16,
    thickness: &'static str,
    syntax: &'static str,
    patient: &'static str,
    series: &'static str,
    orientation: String,
    position: [f64; 3],
    slope: Option<&'static str>,
    image_type: &'static str,
    pixels: Vec<i16>,
}

impl Made {
    fn at(z: f64) -> Self {
        Self {
            columns: 3,
            rows: 2,
            thickness: "",
            syntax: "1.2.840.10008.1.2.1",
            patient: "P",
            series: "1.2",
            orientation: r"1\0\0\0\1\0".into(),
            position: [-10.0, -20.0, z],
            slope: Some("2"),
            image_type: r"ORIGINAL\PRIMARY\AXIAL",
            pixels: (0..6).map(|i| i * 10 + z as i16 * 100).collect(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let explicit = self.syntax != "1.2.840.10008.1.2";
        let mut meta = Vec::new();
        put(&mut meta, true, (2, 0x10), b"UI", self.syntax.as_bytes());
        let mut out = vec![0; 128];
        out.extend_from_slice(b"DICM");
        put(&mut out, true, (2, 0), b"UL", &(meta.len() as u32).to_le_bytes());
        out.extend(meta);
        let [x, y, z] = self.position;
        let mut text = |tag, vr, value: &str| put(&mut out, explicit, tag, vr, value.as_bytes());
        text((8, 8), b"CS", self.image_type);
        text((8, 0x60), b"CS", "CT");
        text((0x10, 0x20), b"LO", self.patient);
        text((0x18, 0x50), b"DS", self.thickness);
        text((0x18, 0x60), b"DS", "120");
        text((0x20, 0xe), b"UI", self.series);
        text((0x20, 0x32), b"DS", &format!(r"{x}\{y}\{z}"));
        text((0x20, 0x37), b"DS", &self.orientation);
        for (element, v) in [(0x10, self.rows), (0x11, self.columns)] {
            put(&mut out, explicit, (0x28, element), b"US", &v.to_le_bytes());
        }
        put(&mut out, explicit, (0x28, 0x30), b"DS", br"0.5\0.25");
        for (element, v) in [(0x100, 16_u16), (0x101, 16), (0x102, 15), (0x103, 1)] {
            put(&mut out, explicit, (0x28, element), b"US", &v.to_le_bytes());
        }
        if let Some(slope) = self.slope {
            put(&mut out, explicit, (0x28, 0x1052), b"DS", b"-1000");
            put(&mut out, explicit, (0x28, 0x1053), b"DS", slope.as_bytes());
        }
        let pixels: Vec<u8> = self.pixels.iter().flat_map(|p| p.to_le_bytes()).collect();
        put(&mut out, explicit, (0x7fe0, 0x10), b"OW", &pixels);
        out
    }
}

/// One element, padded to an even length.
fn put(out: &mut Vec<u8>, explicit: bool, tag: (u16, u16), vr: &[u8; 2], value: &[u8]) {
    out.extend([tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat());
    let len = value.len().next_multiple_of(2) as u32;
    match (explicit, vr) {
        (true, b"OW") => out.extend([vr.as_slice(), &[0, 0], &len.to_le_bytes()].concat()),
        (true, _) => out.extend([vr.as_slice(), &(len as u16).to_le_bytes()].concat()),
        (false, _) => out.extend(len.to_le_bytes()),
    }
    out.extend_from_slice(value);
    if value.len() % 2 == 1 {
        out.push(if vr == b"UI" { 0 } else { b' ' });
    }
}

fn folder(slices: &[Made]) -> Folder {
    let dir = Folder::new();
    for (i, slice) in slices.iter().enumerate() {
        // Names run against the positions.
        dir.file(&format!("{:03}", 999 - i), &slice.bytes());
    }
    dir
}

fn code(slices: &[Made]) -> &'static str {
    open_folder(folder(slices).path(), None).expect_err("a refusal").kind.code
}

fn whole(image: &Image) -> Extent {
    Extent::whole(image.geometry().dims)
}

#[test]
fn slices_are_ordered_by_position_and_rescaled_one_by_one() {
    let mut slices = vec![Made::at(4.0), Made::at(2.0), Made::at(0.0)];
    slices[1].slope = Some("0.5");
    slices[2].syntax = "1.2.840.10008.1.2";
    let dir = folder(&slices);
    let image = image::open(dir.path(), None).unwrap();
    assert_eq!(image.geometry().dims, [3, 2, 3]);
    assert_eq!(image.geometry().spacing, [0.25, 0.5, 2.0]);
    assert_eq!(image.geometry().origin, [-10.0, -20.0, 0.0]);
    let all = image.read(&whole(&image)).unwrap();
    assert_eq!(all.voxels()[[2, 1, 2]], 450.0 * 2.0 - 1000.0);
    assert_eq!(all.voxels()[[1, 0, 1]], 210.0 * 0.5 - 1000.0);
    assert_eq!(all.voxels()[[0, 0, 0]], -1000.0);
    let part = Extent { lo: [1, 1, 1], hi: [3, 2, 3] };
    assert_eq!(image.read(&part).unwrap(), all.crop(&part));
    assert!(image.acquisition().has_rescale && image.acquisition().kvp == Some(120.0));
    assert_eq!(image.acquisition().contrast, Some(false));
    assert_eq!(image.inputs()[0].file_name().unwrap(), "997");
}

#[test]
fn a_slice_outside_the_region_is_not_opened() {
    let dir = folder(&[Made::at(0.0), Made::at(2.0), Made::at(4.0)]);
    let image = image::open(dir.path(), None).unwrap();
    std::fs::remove_file(dir.path().join("997")).unwrap();
    assert!(image.read(&Extent { lo: [0; 3], hi: [3, 2, 2] }).is_ok());
    assert_eq!(image.read(&whole(&image)).unwrap_err().kind.code, "file_missing");
}

#[test]
fn each_series_fault_has_its_code() {
    let even = || vec![Made::at(0.0), Made::at(2.0), Made::at(4.0), Made::at(6.0)];
    let with = |change: &dyn Fn(&mut Vec<Made>)| {
        let mut slices = even();
        change(&mut slices);
        code(&slices)
    };
    assert_eq!(with(&|s| drop(s.remove(1))), "non_uniform_spacing");
    assert_eq!(with(&|s| s[3].position[2] = 8.0), "non_uniform_spacing");
    assert_eq!(with(&|s| s[3].position[2] = 4.0), "duplicate_position");
    assert_eq!(with(&|s| s.iter_mut().for_each(|s| s.position[1] += s.position[2] * 1.1)), "gantry_tilt_uncorrected");
    assert_eq!(with(&|s| s[2].orientation = r"0\1\0\1\0\0".into()), "mixed_series");
    assert_eq!(with(&|s| s[2].series = "1.3"), "several_series");
    assert_eq!(with(&|s| s[2].patient = "Q"), "two_patients");
    assert_eq!(with(&|s| s.truncate(1)), "single_slice");
    assert_eq!(with(&|s| s.iter_mut().for_each(|s| s.orientation = r"1\0\0\1\0\0".into())), "bad_geometry");
    assert_eq!(with(&|s| s.iter_mut().for_each(|s| s.orientation = r"1\0\0\0.1\1\0".into())), "sheared_axes");
    assert_eq!(with(&|s| s[1].orientation = r"1\0\x".into()), "bad_dicom");
    assert_eq!(with(&|s| s[1].syntax = "1.2.840.10008.1.2.4.201"), "unsupported_transfer_syntax");
    assert_eq!(with(&|s| s[1].syntax = "1.2.840.10008.1.2.5"), "bad_dicom", "compressed, and yet not encapsulated");
    assert_eq!(with(&|s| s[1].pixels.truncate(5)), "truncated_file");
    assert_eq!(with(&|s| s.iter_mut().for_each(|s| s.image_type = r"ORIGINAL\PRIMARY\LOCALIZER")), "not_a_volume");
}

#[test]
fn strangers_in_the_folder_are_passed_over() {
    let mut slices = vec![Made::at(0.0), Made::at(2.0), Made::at(1.0)];
    slices[2].image_type = r"ORIGINAL\PRIMARY\LOCALIZER";
    let dir = folder(&slices);
    dir.file("Thumbs.db", b"anything at all");
    dir.file("empty", b"");
    assert_eq!(image::open(dir.path(), None).unwrap().geometry().dims, [3, 2, 2]);
}

#[test]
fn a_series_is_picked_by_uid_and_a_missing_rescale_is_told() {
    let mut slices: Vec<Made> = (0..6).map(|i| Made::at(f64::from(i / 2) * 3.0)).collect();
    for slice in slices.iter_mut().step_by(2) {
        slice.series = "1.2.9";
        slice.slope = None;
    }
    let dir = folder(&slices);
    assert_eq!(open_folder(dir.path(), None).unwrap_err().kind.code, "several_series");
    assert_eq!(open_folder(dir.path(), Some("1")).unwrap_err().kind.code, "series_missing");
    let picked = image::open(dir.path(), Some("1.2.9")).unwrap();
    assert_eq!(picked.geometry().dims[2], 3);
    assert!(!picked.acquisition().has_rescale);
    assert_eq!(image::open(dir.path().join("999").as_path(), None).unwrap_err().kind.code, "single_slice");
}

#[test]
fn real_faulty_series_are_refused_by_name() {
    let Some(data) = test_data("ct") else { return };
    for (part, want) in [
        ("series_faults/missing_slice_GE", "non_uniform_spacing"),
        ("series_faults/not_a_volume_Siemens", "duplicate_position"),
    ] {
        let fault = open_folder(&data.join(part), None).unwrap_err();
        assert_eq!(fault.kind.code, want, "{fault}");
    }
}

/// A slice of 12 x 10 pixels at a position, of values that are linear in the patient: 100 + 3 x - 2 y + 5 z.
fn linear(position: [f64; 3]) -> Made {
    let [x0, y0, z] = position;
    let value = |x: f64, y: f64| (100.0 + 3.0 * x - 2.0 * y + 5.0 * z) * 8.0;
    let pixels = (0..120).map(|i| value(x0 + f64::from(i % 12) * 0.25, y0 + f64::from(i / 12) * 0.5) as i16);
    Made { columns: 12, rows: 10, pixels: pixels.collect(), position, slope: Some("0.125"), ..Made::at(0.0) }
}

/// Linear interpolation gives linear values back, wherever slices lie: only beside a moved slice it cannot know them.
#[test]
fn tilted_and_uneven_slices_are_where_the_patient_says() {
    for (heights, lean, dims) in [
        ([0.0, 2.0, 4.0, 6.0, 8.0], 0.25, [20, 14, 5]),
        ([0.0, 2.0, 4.0, 5.0, 8.0], 0.25, [20, 14, 5]),
        ([0.0, 2.0, 5.0, 8.0, 10.0], 0.0, [12, 10, 6]),
    ] {
        let slices: Vec<Made> = heights.iter().map(|z| linear([-10.0 - z * lean, -20.0 + z * lean, *z])).collect();
        let dir = folder(&slices);
        let image = image::open(dir.path(), None).unwrap();
        let grid = image.geometry();
        assert_eq!((grid.dims, grid.spacing), (dims, [0.25, 0.5, 2.0]));
        assert!(image.acquisition().resampled);
        let all = image.read(&whole(&image)).unwrap();
        let mut seen = 0;
        for ((z, y, x), value) in all.voxels().indexed_iter() {
            let [px, py, pz] = grid.to_patient([x, y, z].map(|i| i as f64));
            let (left, top) = (px + 10.0 + pz * lean, py + 20.0 - pz * lean);
            // A slice that is mixed in may have moved by half a millimetre from where a slice of this plane would lie.
            if (0.5..=2.25).contains(&left) && (0.5..=4.0).contains(&top) {
                let want = 100.0 + 3.0 * px - 2.0 * py + 5.0 * pz - 1000.0;
                assert!((f64::from(*value) - want).abs() < 1e-3, "{x} {y} {z}: {value}, not {want}");
                seen += 1;
            }
        }
        assert!(seen >= 45 * dims[2], "{seen}");
        let middle = Mask::from_fn(grid.clone(), |at| at == [grid.dims[0] / 2, grid.dims[1] / 2, 2]);
        let corner = Mask::from_fn(grid.clone(), |at| at == [1, 1, 0]);
        assert!(!image.cuts(&middle) && image.cuts(&corner) == (lean > 0.0));
        let part = Extent { lo: [3, 2, 1], hi: [9, 8, 4] };
        assert_eq!(image.read(&part).unwrap(), all.crop(&part));
    }
}

#[test]
fn a_gap_as_long_as_a_slice_is_a_missing_slice() {
    let at = |heights: [f64; 4], thickness| {
        let slices: Vec<Made> = heights.iter().map(|z| Made { thickness, ..Made::at(*z) }).collect();
        open_folder(folder(&slices).path(), None).map(|s| s.geometry.dims[2]).map_err(|f| f.kind.code)
    };
    assert_eq!(at([0.0, 2.0, 4.0, 7.5], ""), Ok(5));
    assert_eq!(at([0.0, 2.0, 4.0, 8.0], ""), Err("non_uniform_spacing"));
    assert_eq!(at([0.0, 2.0, 4.0, 8.0], "3"), Ok(5));
    assert_eq!(at([0.0, 2.0, 4.0, 10.0], "3"), Err("non_uniform_spacing"));
    assert_eq!(at([0.0, 2.0, 4.0, 60.0], "1000"), Err("non_uniform_spacing"), "no slice is a metre thick");
}

/// Sums over planes as a resampling by scipy 1.17, written apart, gives them, and the whole in millimetres.
#[test]
fn the_tilted_head_is_right_in_millimetres() {
    let Some(data) = test_data("ct/head_dicom_tilt_variable_gap_GE") else { return };
    let image = image::open(&data, None).unwrap();
    let grid = image.geometry();
    assert_eq!(grid.dims, [512, 611, 37]);
    assert!((grid.spacing[2] * 36.0 - 144.088_303).abs() < 1e-5, "first to last slice along the normal");
    assert!((grid.axial_tilt_deg() - 18.5).abs() < 1e-4);
    let all = image.read(&whole(&image)).unwrap();
    let sum = |z: usize| all.plane(z).iter().map(|v| f64::from(*v)).sum::<f64>();
    for (z, want) in [(0, -246_443_709.938), (9, -226_780_249.669), (18, -238_667_175.409), (36, -327_049_982.806)] {
        assert!((sum(z) / want - 1.0).abs() < 1e-6, "plane {z}: {}", sum(z));
    }
    let bone = all.as_slice().iter().filter(|v| **v > 300.0).count();
    // Voxels of exactly 300 HU fall to either side in single precision.
    assert!(bone.abs_diff(618_122) < 50, "{bone}");
}

#[test]
fn a_whole_ct_has_its_grid_and_air_and_bone() {
    let Some(data) = test_data("ct/abdomen_dicom_CRLM-CT-1004") else { return };
    let image = image::open(&data, None).unwrap();
    let g = image.geometry();
    assert_eq!((g.dims, g.spacing[2]), ([512, 512, 41], 5.0));
    assert_eq!(image.acquisition().modality.as_deref(), Some("CT"));
    let v = image.read(&whole(&image)).unwrap();
    // Range and sum as pydicom 3 gives them.
    let range = v.as_slice().iter().fold((f32::MAX, f32::MIN), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
    assert_eq!(range, (-3024.0, 1377.0));
    assert_eq!(v.as_slice().iter().map(|v| f64::from(*v)).sum::<f64>(), -11_949_364_863.0);
    assert_eq!(v.plane(3).iter().map(|v| f64::from(*v)).sum::<f64>(), -290_977_292.0);
}

#[test]
fn spacing_is_not_thickness() {
    let Some(data) = test_data("mr_body/axial_T2_dicom_CMB-CRC_scan1") else { return };
    let image = image::open(&data, None).unwrap();
    assert!((image.geometry().spacing[2] - 8.0).abs() < 1e-3);
    let a = image.acquisition();
    assert_eq!((a.modality.as_deref(), a.thickness_mm, a.contrast), (Some("MR"), Some(7.0), None));
}

/// Whether a DICOM image has the grid and every voxel of its NIfTI twin.
fn equals(dicom: &Path, nifti: &Path) -> bool {
    let (dicom, nifti) = (image::open(dicom, None).unwrap(), image::open(nifti, None).unwrap());
    assert!(dicom.geometry().same_grid(nifti.geometry()));
    dicom.read(&whole(&dicom)).unwrap().as_slice() == nifti.read(&whole(&nifti)).unwrap().as_slice()
}

/// Voxel for voxel what `dicom2nifti` and IBSI made of the same files.
#[test]
fn dicom_equals_its_nifti() {
    let Some(data) = test_data(".") else { return };
    let codecs = data.join("dicom_codec/mr_4slices");
    for name in ["implicit_le", "explicit_le"] {
        assert!(equals(&codecs.join(name), &codecs.join(format!("{name}_ground_truth.nii.gz"))), "{name}");
    }
    for name in ["jpeg2000", "jpeg_lossless", "jpeg_ls", "rle"] {
        assert!(equals(&codecs.join(name), &codecs.join("compressed_ground_truth.nii.gz")), "{name}");
    }
    let sarcoma = data.join("tumour/sarcoma_STS_001");
    for name in ["CT", "MR_T1"] {
        let nifti = sarcoma.join(format!("nifti/{name}_image.nii.gz"));
        assert!(equals(&sarcoma.join(format!("dicom/{name}/image")), &nifti), "{name}");
    }
}

#[test]
fn broken_dicom_is_refused_at_once() {
    let Some(data) = test_data("broken/dicom") else { return };
    for (name, want) in [
        ("badVR.dcm", "not_a_volume"),
        ("UN_sequence.dcm", "bad_dicom"),
        ("meta_missing_tsyntax.dcm", "not_a_volume"),
        ("J2K_pixelrep_mismatch.dcm", "single_slice"),
        ("ExplVR_LitEndNoMeta.dcm", "not_a_volume"),
        ("bad_sequence.dcm", "single_slice"),
        ("no_meta.dcm", "not_an_image"),
        ("empty_charset_LEI.dcm", "not_a_volume"),
        ("MR_truncated.dcm", "truncated_file"),
    ] {
        let start = Instant::now();
        let fault = image::open(&data.join(name), None).expect_err("one file is no series");
        assert_eq!(fault.kind.code, want, "{name}: {fault}");
        assert!(!fault.transient && start.elapsed() < Duration::from_secs(1), "{name}: {fault}");
    }
}

#[test]
fn several_patients_and_other_objects_are_told_apart() {
    let Some(data) = test_data(".") else { return };
    let code = |part: &str| image::open(&data.join(part), None).unwrap_err().kind.code;
    assert_eq!(code("dicom_enhanced/emri_small/emri_small.dcm"), "multiframe", "its frames have no place");
    assert_eq!(code("dicom_codec/deflated/image_dfl.dcm"), "not_a_volume");
    assert_eq!(code("dicom_seg/ct_3slices/liver.dcm"), "not_a_volume");
    assert_eq!(code("dicom_dicomdir/DICOMDIR"), "not_a_volume");
    assert_eq!(code("dicom_codec/mr_small"), "duplicate_position");
}

#[test]
fn a_claimed_gigabyte_is_refused_before_it_is_allocated() {
    let dir = Folder::new();
    for element in [(0x10_u16, 0x20_u16), (0x7fe0, 0x10)] {
        let mut bytes = Made::at(0.0).bytes();
        let tag = [element.0.to_le_bytes(), element.1.to_le_bytes()].concat();
        let at = bytes.windows(4).position(|w| w == tag).unwrap();
        bytes[at + 4..at + 6].copy_from_slice(b"UT");
        bytes[at + 8..at + 12].copy_from_slice(&0xff00_0002_u32.to_le_bytes());
        let fault = open_file(&dir.file("x", &bytes)).unwrap_err();
        assert!(["bad_dicom", "single_slice"].contains(&fault.kind.code), "{fault}");
    }
}

/// Two thousand damaged files: an answer or a refusal, never a panic, and each in no time.
#[test]
fn damage_anywhere_is_an_answer_or_a_refusal() {
    let dir = Folder::new();
    dir.file("a", &Made::at(0.0).bytes());
    let mut dice = Dice(2);
    let implicit = Made { syntax: "1.2.840.10008.1.2", ..Made::at(2.0) };
    let good = [Made::at(2.0).bytes(), implicit.bytes()];
    for round in 0..2000 {
        let mut bytes = good[round % 2].clone();
        let tail = dice.mutate(&bytes[128..], usize::MAX);
        bytes.splice(128.., tail);
        dir.file("b", &bytes);
        let start = Instant::now();
        if let Ok(image) = image::open(dir.path(), None) {
            let _ = image.read(&whole(&image));
        }
        assert!(start.elapsed() < Duration::from_secs(1), "round {round}");
    }
}

#[test]
fn the_header_of_a_slice_is_enough_for_its_place() {
    let dir = Folder::new();
    let path = dir.file("x", &Made::at(3.0).bytes());
    let Ok(Content::Slices(slices)) = slice::read(&path) else { panic!("a slice") };
    let Slice { position, spacing, dims, .. } = slices[0];
    assert_eq!((position, spacing, dims), ([-10.0, -20.0, 3.0], [0.25, 0.5], [3, 2]));
}
