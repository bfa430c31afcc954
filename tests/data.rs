//! The program on real images of other people: published figures to the last digit, and bad files refused by name.

#[path = "data/spine.rs"]
mod spine;

use osteon::geometry::Extent;
use osteon::io::labels::{self, Labels};
use osteon::io::nifti::write::encode;
use osteon::volume::{Mask, Volume};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const HEAD: &str = "patient,timepoint,modality,lesion,image,structures";

/// The one row of a study of one lesion.
const ONLY: &str = "1";

/// Half of the last decimal that the tables write, and a little for its own rounding.
const WRITTEN: f64 = 5.001e-6;

/// The folder of test data; `None`, with a word on standard error, if it is not on this machine.
fn data() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("OSTEON_TEST_DATA").map_or_else(beside, PathBuf::from);
    let found = folder.canonicalize().ok().filter(|f| f.is_dir());
    if found.is_none() {
        eprintln!("skipped: no test data");
    }
    found
}

type Row = BTreeMap<String, String>;

/// A study in a folder of its own.
struct Site {
    dir: tempfile::TempDir,
    table: String,
}

impl Site {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), table: format!("{HEAD}\n") }
    }

    /// With one more lesion; `tumour` is a file, or a file with labels.
    fn row(self, patient: &str, lesion: &str, image: &Path, tumour: &str) -> Self {
        self.written(patient, lesion, image, &format!("tumour={tumour}"))
    }

    /// A row as the study table has it, without the patient's timepoint and modality, which are always the same.
    fn written(self, patient: &str, lesion: &str, image: &Path, structures: &str) -> Self {
        self.of("CT", patient, lesion, image, structures)
    }

    /// The same of any modality.
    fn of(mut self, modality: &str, patient: &str, lesion: &str, image: &Path, structures: &str) -> Self {
        self.table += &format!("{patient},pre,{modality},{lesion},\"{}\",\"{structures}\"\n", image.display());
        self
    }

    /// Writes a mask beside the table and gives its path.
    fn mask(&self, name: &str, mask: &Mask) -> String {
        let path = self.dir.path().join(name);
        fs::write(&path, encode(mask, true)).unwrap();
        path.display().to_string()
    }

    /// Runs the program, which must end with `code` of its own will.
    fn run(&self, wanted: &[&str], code: i32) {
        let study = self.dir.path().join("study.csv");
        fs::write(&study, &self.table).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_osteon"))
            .args(["run".as_ref(), study.as_os_str(), "--out".as_ref(), self.out().as_os_str()])
            .args(["--threads", "2", "--set", "output.qc=false", "--set", &format!("measures.wanted={wanted:?}")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    fn rows(&self, table: &str) -> Vec<Row> {
        let mut reader = csv::Reader::from_path(self.out().join(table)).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    }

    fn exams(&self) -> Exams {
        Exams(self.rows("exams.csv"))
    }
}

/// The rows of `exams.csv`.
struct Exams(Vec<Row>);

impl Exams {
    fn row(&self, lesion: &str, measure: &str) -> &Row {
        let found = self.0.iter().find(|r| r["lesion"] == lesion && r["measure"] == measure);
        found.unwrap_or_else(|| panic!("no {measure} of {lesion}"))
    }

    fn number(&self, lesion: &str, measure: &str) -> f64 {
        let row = self.row(lesion, measure);
        row["value"].parse().unwrap_or_else(|_| panic!("no value: {row:?}"))
    }

    fn has_flag(&self, lesion: &str, measure: &str, flag: &str) -> bool {
        self.row(lesion, measure)["flags"].split(';').any(|f| f == flag)
    }
}

/// A class of TotalSegmentator as `statistics.json` has it.
struct Class {
    /// Its label in the map.
    label: i64,
    name: String,
    volume: f64,
    mean: f64,
}

/// All classes; TotalSegmentator numbers them from 1 in the order in which it writes them.
fn published(folder: &Path) -> Vec<Class> {
    let text = fs::read_to_string(folder.join("statistics.json")).unwrap();
    let classes: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    let figure = |class: &serde_json::Value, name: &str| class[name].as_f64().unwrap();
    let class = |(label, (name, c)): (i64, (&String, &serde_json::Value))| Class {
        label,
        name: name.clone(),
        volume: figure(c, "volume"),
        mean: figure(c, "intensity"),
    };
    (1..).zip(&classes).map(class).collect()
}

#[test]
fn every_region_of_the_trunk_has_its_published_volume_and_mean() {
    let Some(folder) = data().map(|d| d.join("ct/totalseg_thorax_abdomen")) else { return };
    let segmentation = folder.join("example_seg_fast.nii.gz");
    let map = labels::open(&segmentation).unwrap();
    let classes = published(&folder);
    // A published volume of 0 means that the region is not in the map, here never that it was left out at the border.
    let (there, absent): (Vec<_>, Vec<_>) = classes.iter().partition(|c| map.extent(Some(&[c.label])).is_some());
    assert!(absent.iter().all(|c| c.volume == 0.0) && there.iter().all(|c| c.volume > 0.0));
    assert_eq!((there.len(), absent.len()), (40, 77));

    let image = folder.join("example_ct_sm.nii.gz");
    let site = there.iter().fold(Site::new(), |site, c| {
        site.row("trunk", &c.label.to_string(), &image, &format!("{}:{}", segmentation.display(), c.label))
    });
    site.run(&["volume", "mean_density"], 0);
    let exams = site.exams();
    for class in there {
        let got = ["volume", "mean_density"].map(|m| exams.number(&class.label.to_string(), m));
        assert_eq!(got, [class.volume, class.mean], "{}", class.name);
    }
}

#[test]
fn the_lung_nodule_has_the_volume_mean_and_diameter_of_pyradiomics() {
    let Some(folder) = data().map(|d| d.join("tumour/pyradiomics")) else { return };
    let label = folder.join("lung1_label.nii.gz").display().to_string();
    let site = Site::new().row("lung", ONLY, &folder.join("lung1_image.nii.gz"), &label);
    site.run(&["volume", "mean_density", "max_diameter_mesh"], 0);
    let exams = site.exams();
    // VoxelVolume, Mean and Maximum2DDiameterSlice of baseline_shape.csv and baseline_firstorder.csv.
    let baseline = [
        ("volume", 1_361.197_814_941_406_2),
        ("mean_density", -63.908_004_778_972_52),
        ("max_diameter_mesh", 16.627_323_762_6),
    ];
    for (measure, published) in baseline {
        let got = exams.number(ONLY, measure);
        assert!((got - published).abs() <= WRITTEN, "{measure}: {got}, published {published}");
    }
}

#[test]
fn the_brain_tumour_on_mr_has_the_sizes_of_pyradiomics() {
    let Some(folder) = data().map(|d| d.join("tumour/pyradiomics")) else { return };
    let label = format!("tumour={}", folder.join("brain1_label.nii.gz").display());
    let site = Site::new().of("MR", "brain", ONLY, &folder.join("brain1_image.nii.gz"), &label);
    site.run(&["volume", "max_diameter_mesh"], 0);
    let exams = site.exams();
    // VoxelVolume and Maximum2DDiameterSlice of baseline_shape.csv, to the digits that data/README.md prints.
    for (measure, published) in [("volume", 16_412.658_7), ("max_diameter_mesh", 53.594_0)] {
        let got = exams.number(ONLY, measure);
        assert!((got - published).abs() <= 5.1e-5, "{measure}: {got}, published {published}");
    }
}

#[test]
fn the_ibsi_phantom_has_its_volume_and_mean_although_it_fills_the_image() {
    let Some(folder) = data().map(|d| d.join("tumour/ibsi_digital_phantom")) else { return };
    let mask = folder.join("mask.nii.gz").display().to_string();
    let site = Site::new().row("ibsi", ONLY, &folder.join("phantom.nii.gz"), &mask);
    site.run(&["volume", "mean_density", "max_diameter"], 0);
    let exams = site.exams();
    assert_eq!(exams.number(ONLY, "volume"), 592.0);
    assert_eq!(format!("{:.2}", exams.number(ONLY, "mean_density")), "2.15");
    assert!(["volume", "mean_density"].iter().all(|m| exams.has_flag(ONLY, m, "touches_border")));
    assert_eq!(exams.row(ONLY, "max_diameter")["reason"], "fov_truncated");
}

/// The voxels of both masks.
fn both(a: &Mask, b: &Mask) -> Mask {
    let voxels = a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| *a && *b).collect();
    Volume::new(a.geometry().clone(), voxels).unwrap()
}

/// The voxels of a mask whose six neighbours are in it too.
fn eroded(mask: &Mask) -> Mask {
    let inside = |at: [usize; 3]| mask.voxels().get([at[2], at[1], at[0]]).is_some_and(|v| *v);
    let step = |mut at: [usize; 3], axis: usize, by: isize| {
        at[axis] = at[axis].wrapping_add_signed(by);
        at
    };
    Volume::from_fn(mask.geometry().clone(), |at| {
        inside(at) && (0..3).all(|axis| inside(step(at, axis, -1)) && inside(step(at, axis, 1)))
    })
}

fn region(map: &Labels, which: &[i64]) -> Mask {
    map.mask(Some(which), &Extent::whole(map.geometry().dims))
}

#[test]
fn the_cortex_of_l3_is_a_rim_around_the_whole_body_and_none_around_its_core() {
    let Some(folder) = data().map(|d| d.join("ct/vertebra_L3")) else { return };
    let image = folder.join("sub-ct_label-22_ct.nii.gz");
    let subregions_file = folder.join("sub-ct_seg-subreg_label-22_msk.nii.gz");
    let subregions = labels::open(&subregions_file).unwrap();
    // Labels 49 and 50 are there for L2, L3 and L4, and the image cuts L2 and L4: L3 is label 22 of the other map.
    let l3 = region(&labels::open(&folder.join("sub-ct_seg-vert_label-22_msk.nii.gz")).unwrap(), &[22]);
    let body = both(&region(&subregions, &[49, 50]), &l3);
    let core = eroded(&eroded(&both(&region(&subregions, &[50]), &l3)));

    let site = Site::new();
    let masks = [site.mask("body.nii.gz", &body), site.mask("core.nii.gz", &core)];
    let site = site.row("l3", "body", &image, &masks[0]).row("l3", "core", &image, &masks[1]);
    let site = site.row("l3", "uncut", &image, &format!("{}:49,50", subregions_file.display()));
    site.run(&["rim_coverage"], 0);
    let exams = site.exams();
    // Measured: 0.8759 and 0.0566.
    assert!(exams.number("body", "rim_coverage") >= 0.65);
    assert!(exams.number("core", "rim_coverage") <= 0.15);
    assert_eq!(exams.row("uncut", "rim_coverage")["reason"], "fov_truncated");
}

#[test]
fn contours_and_segments_measure_what_their_masks_do() {
    let Some(folder) = data() else { return };
    let sarcoma = folder.join("tumour/sarcoma_STS_001");
    let [image, contours, mask] =
        ["dicom/CT/image", "dicom/CT/mask/RS.dcm", "nifti/CT_mask.nii.gz"].map(|p| sarcoma.join(p));
    let slices = folder.join("dicom_seg/ct_3slices");
    let [ct, liver, overlaps] = ["image", "liver.dcm", "partial_overlaps.dcm"].map(|p| slices.join(p));
    let site = Site::new()
        .row("sts", "mask", &image, &mask.display().to_string())
        .written("sts", "contours", &image, &contours.display().to_string())
        .row("sts", "picked", &image, &format!("{}:1", contours.display()))
        .row("seg", "liver", &ct, &liver.display().to_string())
        .row("seg", "joined", &ct, &format!("{}:1,2", overlaps.display()))
        .written("seg", "unnamed", &ct, &overlaps.display().to_string())
        .row("seg", "absent", &ct, &format!("{}:9", overlaps.display()));
    site.run(&["volume", "mean_density"], 1);
    let exams = site.exams();
    let of = |lesion: &str| ["volume", "mean_density"].map(|m| exams.number(lesion, m));
    assert_eq!(of("contours"), of("mask"));
    assert_eq!(of("picked"), of("mask"));
    let voxel_mm3 = 0.810_547 * 0.810_547;
    assert!((of("liver")[0] / voxel_mm3 / 107_098.0 - 1.0).abs() < 1e-6);
    let failures = site.rows("failures.csv");
    let told: Vec<_> = failures.iter().map(|r| (r["lesion"].as_str(), r["reason"].as_str())).collect();
    assert_eq!(told, [("unnamed", "mask_missing"), ("absent", "no_such_part")]);
}

/// Images that must be refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("ct/series_faults/missing_slice_GE", "non_uniform_spacing"),
    ("ct/series_faults/not_a_volume_Siemens", "duplicate_position"),
    ("broken/nifti/crash-08123ef33416bd6f0c5fa63d44b681b8581d62a0", "bad_header"),
    ("broken/nifti/crash-1.nii", "bad_header"),
    ("broken/nifti/crash-98aa054390f8d3f932f190dc22ef62c6ff2d6619", "bad_header"),
];

#[test]
fn bad_series_and_broken_files_are_refused_by_name_and_harm_no_other_patient() {
    let Some(folder) = data() else { return };
    let ibsi = folder.join("tumour/ibsi_digital_phantom");
    let mask = ibsi.join("mask.nii.gz").display().to_string();
    let good = Site::new().row("good", ONLY, &ibsi.join("phantom.nii.gz"), &mask);
    let site = (0..)
        .zip(REFUSED)
        .fold(good, |site, (k, (image, _))| site.row(&format!("bad{k}"), ONLY, &folder.join(image), &mask));
    site.run(&["volume"], 1);
    let failures = site.rows("failures.csv");
    let told: Vec<_> =
        failures.iter().map(|r| (r["patient"].clone(), r["stage"].as_str(), r["reason"].as_str())).collect();
    let want: Vec<_> = (0..).zip(REFUSED).map(|(k, (_, reason))| (format!("bad{k}"), "image", *reason)).collect();
    assert_eq!(told, want);
    assert_eq!(site.exams().number(ONLY, "volume"), 592.0);
}
