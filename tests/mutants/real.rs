//! Every kind of real file: series cut down to a few slices, each read with the outline that comes with it or with a box.

use super::elements;
use super::exam::Exam;
use osteon::geometry::Extent;
use osteon::io::image;
use osteon::io::nifti::write::encode;
use osteon::volume::Mask;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of test data; `None`, with a word on standard error, if it is not on this machine.
pub fn data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("OSTEON_TEST_DATA").map_or_else(beside, PathBuf::from);
    let found = folder.canonicalize().ok().filter(|f| f.is_dir());
    if found.is_none() {
        eprintln!("skipped: no test data, only crafted files are damaged");
    }
    found
}

/// Images with their outlines: share, modality, image, label map, cell `structures`, whether the outline is damaged.
const WITH_LABELS: &[(u64, &str, &str, &str, &str, bool)] = &[
    (8, "CT", "tumour/ibsi_digital_phantom/phantom.nii.gz", "tumour/ibsi_digital_phantom/mask.nii.gz", "", false),
    (8, "CT", "tumour/ibsi_digital_phantom/phantom.nii.gz", "tumour/ibsi_digital_phantom/mask.nii.gz", "", true),
    (
        3,
        "CT",
        "ct/vertebra_L3/sub-ct_label-22_ct.nii.gz",
        "ct/vertebra_L3/sub-ct_seg-vert_label-22_msk.nii.gz",
        ":22",
        false,
    ),
    (
        3,
        "CT",
        "ct/vertebra_L3/sub-ct_label-22_ct.nii.gz",
        "ct/vertebra_L3/sub-ct_seg-subreg_label-22_msk.nii.gz",
        ":49,50",
        true,
    ),
    (3, "MR", "mr_spine/cervical_T2w/t2.nii.gz", "mr_spine/cervical_T2w/t2_seg-manual.nii.gz", "", true),
    (
        2,
        "CT",
        "ct/totalseg_thorax_abdomen/example_ct_sm.nii.gz",
        "ct/totalseg_thorax_abdomen/example_seg_fast.nii.gz",
        ":5",
        true,
    ),
    (
        1,
        "MR",
        "mr_spine/discs_published_volumes/1_Labels.nii",
        "mr_spine/discs_published_volumes/1_Labels.nii",
        ":51",
        true,
    ),
    (1, "CT", "tumour/pyradiomics/lung1_image.nii.gz", "tumour/pyradiomics/lung1_label.nii.gz", "", false),
    (1, "MR", "tumour/pyradiomics/brain1_image.nii.gz", "tumour/pyradiomics/brain1_label.nii.gz", "", false),
];

/// Images by themselves, each a file.
const ALONE: &[(u64, &str)] = &[
    (6, "nifti_types/int16.nii"),
    (6, "nifti_types/uint8.nii"),
    (6, "nifti_types/float32.nii"),
    (6, "nifti_types/minimal_extended_hdr.nii"),
    (3, "broken/nifti/crash-08123ef33416bd6f0c5fa63d44b681b8581d62a0"),
    (3, "broken/nifti/crash-1.nii"),
    (3, "broken/nifti/crash-98aa054390f8d3f932f190dc22ef62c6ff2d6619"),
    (2, "dicom_codec/deflated/image_dfl.dcm"),
    (4, "dicom_enhanced/emri_small/emri_small.dcm"),
    (4, "dicom_enhanced/emri_small/emri_small_big_endian.dcm"),
    (4, "dicom_enhanced/emri_small/emri_small_RLE.dcm"),
    (4, "dicom_enhanced/emri_small/emri_small_jpeg_2k_lossless.dcm"),
    (4, "dicom_enhanced/emri_small/emri_small_jpeg_ls_lossless.dcm"),
    (1, "dicom_enhanced/philips/IM-0001-0170-0001.dcm"),
    (3, "dicom_dicomdir/DICOMDIR"),
    (3, "dicom_dicomdir/DICOMDIR-nooffset"),
    (3, "broken/dicom/badVR.dcm"),
    (3, "broken/dicom/UN_sequence.dcm"),
    (3, "broken/dicom/no_meta.dcm"),
    (3, "broken/dicom/meta_missing_tsyntax.dcm"),
    (3, "broken/dicom/ExplVR_LitEndNoMeta.dcm"),
    (3, "broken/dicom/empty_charset_LEI.dcm"),
    (3, "broken/dicom/MR_truncated.dcm"),
];

/// Slices of which a series is made: the same slice again some millimetres higher.
const STACKED: &[(u64, &str)] = &[
    (5, "dicom_codec/mr_small/MR_small.dcm"),
    (5, "dicom_codec/mr_small/MR_small_implicit.dcm"),
    (5, "dicom_codec/mr_small/MR_small_bigendian.dcm"),
    (8, "dicom_codec/mr_small/MR_small_RLE.dcm"),
    (8, "dicom_codec/mr_small/MR_small_jp2klossless.dcm"),
    (8, "dicom_codec/mr_small/MR_small_jpeg_ls_lossless.dcm"),
    (1, "dicom_codec/wg04_CT1/CT1_UNC.dcm"),
    (1, "dicom_codec/wg04_CT1/CT1_RLE.dcm"),
    (1, "dicom_codec/wg04_CT1/CT1_J2KR.dcm"),
    (1, "dicom_codec/wg04_CT1/CT1_JLSL.dcm"),
    (1, "dicom_codec/wg04_CT1/CT1_JLSN.dcm"),
    (1, "dicom_codec/wg04_CT1/CT1_JPLL.dcm"),
    (1, "dicom_codec/wg04_MR1/MR1_JPLL.dcm"),
    (1, "broken/dicom/J2K_pixelrep_mismatch.dcm"),
    (2, "broken/dicom/bad_sequence.dcm"),
];

/// Folders with a series, of which so many slices are taken.
const FOLDERS: &[(u64, usize, &str)] = &[
    (3, 4, "dicom_codec/mr_4slices/implicit_le"),
    (3, 4, "dicom_codec/mr_4slices/explicit_le"),
    (3, 4, "dicom_codec/mr_4slices/rle"),
    (3, 2, "dicom_codec/mr_4slices/jpeg2000"),
    (3, 2, "dicom_codec/mr_4slices/jpeg_ls"),
    (4, 2, "dicom_codec/mr_4slices/jpeg_lossless"),
    (1, 3, "ct/abdomen_dicom_CRLM-CT-1004"),
    (1, 16, "ct/head_dicom_tilt_variable_gap_GE"),
    (1, 4, "ct/series_faults/missing_slice_GE"),
    (1, 4, "ct/series_faults/not_a_volume_Siemens"),
    (1, 3, "mr_body/axial_T2_dicom_CMB-CRC_scan1"),
    (2, 4, "tumour/sarcoma_STS_001/dicom/CT/image"),
    (2, 4, "dicom_dicomdir/77654033/CT2"),
];

/// Outlines in DICOM: share, slices of the image, its folder, the file that is damaged, how the table names it.
const DRAWN: &[(u64, usize, &str, &str, &str)] = &[
    (2, 3, "dicom_seg/ct_3slices/image", "dicom_seg/ct_3slices/liver.dcm", "tumour=drawn.dcm:1"),
    (2, 3, "dicom_seg/ct_3slices/image", "dicom_seg/ct_3slices/liver_rle.dcm", "tumour=drawn.dcm:1"),
    (2, 3, "dicom_seg/ct_3slices/image", "dicom_seg/ct_3slices/liver_deflate.dcm", "tumour=drawn.dcm:1"),
    (2, 3, "dicom_seg/ct_3slices/image", "dicom_seg/ct_3slices/liver_j2k.dcm", "tumour=drawn.dcm:1"),
    (2, 3, "dicom_seg/ct_3slices/image", "dicom_seg/ct_3slices/liver_expb.dcm", "tumour=drawn.dcm:1"),
    (2, 3, "dicom_seg/ct_3slices/image", "dicom_seg/ct_3slices/partial_overlaps.dcm", "tumour=drawn.dcm:1,3"),
    (3, 59, "tumour/sarcoma_STS_001/dicom/CT/image", "tumour/sarcoma_STS_001/dicom/CT/mask/RS.dcm", "drawn.dcm"),
    (
        2,
        59,
        "tumour/sarcoma_STS_001/dicom/MR_T1/image",
        "tumour/sarcoma_STS_001/dicom/MR_T1/mask/RS.dcm",
        "tumour=drawn.dcm:1",
    ),
];

/// Every real exam; none without test data.
pub fn exams() -> Vec<Exam> {
    let Some(data) = data() else { return Vec::new() };
    let labelled = WITH_LABELS.iter().map(|row| with_labels(&data, *row));
    let alone = ALONE.iter().map(|(share, file)| boxed(file, *share, &[("i".into(), read(&data.join(file)))], "i"));
    let stacked = STACKED.iter().map(|(share, file)| stacked(file, *share, &read(&data.join(file))));
    let folders =
        FOLDERS.iter().map(|(share, n, folder)| boxed(folder, *share, &slices(&data.join(folder), *n), "series"));
    let drawn = DRAWN.iter().map(|row| drawn(&data, *row));
    let pairs = ["minimal", "minimal2"].map(|name| pair(&data.join("nifti_types"), name));
    labelled.chain(alone).chain(pairs).chain(stacked).chain(folders).chain(drawn).collect()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn with_labels(
    data: &Path,
    (share, modality, image, labels, which, outline): (u64, &'static str, &str, &str, &str, bool),
) -> Exam {
    let name = format!("{} of {}", if outline { "outline" } else { "image" }, image);
    let (image, labels) = (read(&data.join(image)), read(&data.join(labels)));
    let exam = Exam::new(&name, modality, share);
    let exam = match outline {
        false => exam.damaged("i", image).whole("labels", labels),
        true => exam.whole("i", image).damaged("labels", labels),
    };
    exam.of("i", &format!("tumour=labels{which}"))
}

/// The first `n` slices of a folder, the middle one last.
fn slices(folder: &Path, n: usize) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.truncate(n);
    let middle = files.remove(files.len() / 2);
    files.push(middle);
    files.iter().map(|f| (format!("series/{}", f.file_name().unwrap().display()), read(f))).collect()
}

/// A series of a slice and its likes 3 mm apart.
fn stacked(name: &str, share: u64, slice: &[u8]) -> Exam {
    let place = elements::all(slice).into_iter().find(|e| e.tag == (0x20, 0x32)).expect("the slice has a place");
    let text = String::from_utf8_lossy(&slice[place.value.clone()]).into_owned();
    let mut at: Vec<f64> = text.trim_end().split('\\').map(|v| v.trim().parse().unwrap()).collect();
    let mut next = || {
        at[2] += 3.0;
        place.with_value(slice, format!(r"{}\{}\{}", at[0], at[1], at[2]).as_bytes())
    };
    let files = [next(), next(), slice.to_vec()];
    let files: Vec<_> = (0..).zip(files).map(|(k, bytes)| (format!("series/{k}"), bytes)).collect();
    boxed(name, share, &files, "series")
}

/// A `.hdr` with its `.img.gz`, both damaged.
fn pair(folder: &Path, name: &str) -> Exam {
    let files = [("i.hdr", "hdr"), ("i.img.gz", "img.gz")]
        .map(|(to, ending)| (to.to_owned(), read(&folder.join(format!("{name}.{ending}")))));
    let mut exam = boxed(name, 4, &files, "i.hdr");
    exam.files[0].2 = true;
    exam
}

/// Files of which the last is damaged, with a box in the middle of the image as the outline.
fn boxed(name: &str, share: u64, files: &[(String, Vec<u8>)], image: &str) -> Exam {
    let folder = tempfile::tempdir().unwrap();
    let mut exam = files.iter().fold(Exam::new(name, "CT", share), |e, (path, bytes)| e.damaged(path, bytes.clone()));
    let last = files.len() - 1;
    exam.files[..last].iter_mut().for_each(|f| f.2 = false);
    exam.install(folder.path());
    let opened = image::open(&folder.path().join(image), None).ok();
    if opened.as_ref().is_some_and(|i| i.acquisition().modality.as_deref() == Some("MR")) {
        exam.modality("MR");
    }
    let mask = opened.map_or_else(Vec::new, |i| encode(&middle(&i), true));
    exam.whole("box.nii.gz", mask).of(image, "tumour=box.nii.gz")
}

fn middle(image: &image::Image) -> Mask {
    let grid = image.geometry();
    let third = |a: usize| (grid.dims[a] / 3, (grid.dims[a] * 2).div_ceil(3));
    let within = Extent { lo: [0, 1, 2].map(|a| third(a).0), hi: [0, 1, 2].map(|a| third(a).1) };
    Mask::from_fn(grid.clone(), |at| (0..3).all(|a| (within.lo[a]..within.hi[a]).contains(&at[a])))
}

fn drawn(data: &Path, (share, n, folder, file, structures): (u64, usize, &str, &str, &str)) -> Exam {
    let modality = if folder.contains("/MR") { "MR" } else { "CT" };
    let exam = Exam::new(file, modality, share).damaged("drawn.dcm", read(&data.join(file)));
    let exam = slices(&data.join(folder), n).into_iter().fold(exam, |e, (path, bytes)| e.whole(&path, bytes));
    exam.of("series", structures)
}
