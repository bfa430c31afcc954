//! The whole chain against its own phantom: `yuan24` written as DICOM, run, and held against the truth written with it.
//!
//! The truth is read off the fine grid by code that shares nothing with what is measured here.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Slices below this share of an exam's largest section are caps, where a diameter and a rim mean little (issue A).
const CAP_SHARE: f64 = 0.35;

type Row = BTreeMap<String, String>;

fn osteon(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_osteon")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn table(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

fn exam(row: &Row) -> (String, String) {
    (row["patient"].clone(), row["timepoint"].clone())
}

fn number(row: &Row, column: &str) -> Option<f64> {
    row[column].parse().ok()
}

/// Mean absolute difference over slices that are no caps, and how many of them have both numbers, of how many.
struct Error {
    mean: f64,
    n: usize,
    of: usize,
}

fn slice_error(truth: &[Row], found: &[Row], (true_column, column): (&str, &str)) -> Error {
    let slice = |row: &Row| (exam(row), row["slice"].clone());
    let found: BTreeMap<_, &Row> = found.iter().map(|row| (slice(row), row)).collect();
    let mut largest = BTreeMap::<_, f64>::new();
    for row in truth {
        let area = largest.entry(exam(row)).or_default();
        *area = area.max(number(row, "area_mm2").unwrap());
    }
    let no_cap = |row: &&Row| number(row, "area_mm2").unwrap() > CAP_SHARE * largest[&exam(row)];
    let slices: Vec<&Row> = truth.iter().filter(no_cap).collect();
    let both = |row: &&Row| Some((number(row, true_column)?, number(found.get(&slice(row))?, column)?));
    let differences: Vec<f64> = slices.iter().filter_map(both).map(|(t, f)| (t - f).abs()).collect();
    let error = Error {
        mean: differences.iter().sum::<f64>() / differences.len() as f64,
        n: differences.len(),
        of: slices.len(),
    };
    println!("{column} against {true_column}: mean absolute error {:.4}, n {} of {}", error.mean, error.n, error.of);
    error
}

fn classes_right(truth: &[Row], found: &[Row], measure: &str, timepoint: &str) -> usize {
    let value =
        |t: &Row| found.iter().find(|f| exam(f) == exam(t) && f["measure"] == measure).map(|f| f["value"].clone());
    let right = |t: &&Row| t["timepoint"] == timepoint && value(t).as_deref() == Some(t[measure].as_str());
    let right = truth.iter().filter(right).count();
    println!("{measure} {timepoint}: {right} of 24 right");
    right
}

#[test]
fn yuan24_is_measured_as_it_was_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (study, out) = (folder.path().join("study"), folder.path().join("out"));
    osteon(&["phantom", "--cohort", "yuan24", "--out", study.to_str().unwrap()]);
    let arguments = ["--set", "output.qc=false", "--out", out.to_str().unwrap()];
    osteon(&[&["run", study.join("study.csv").to_str().unwrap()], &arguments[..]].concat());

    let (exams, slices) = (table(&out.join("exams.csv")), table(&out.join("slices_ct.csv")));
    let truth = table(&study.join("truth_exams.csv"));
    assert_eq!(classes_right(&truth, &exams, "boriani_grade", "post"), 24);
    let interior = ["pre", "post"].map(|t| classes_right(&truth, &exams, "interior", t));
    assert_eq!(interior, [24, 24]);
    let rim = ["pre", "post"].map(|t| classes_right(&truth, &exams, "rim", t));
    assert!(rim[0] >= 23 && rim[1] >= 23);

    let truth = table(&study.join("truth_slices.csv"));
    let limits = [
        // A hand that strays 0.3 mm puts the outline's own diameter some 0.33 mm off the lesion's.
        (("diameter_mm", "diameter_mm"), 0.5),
        // What remains is the drawing's rasterisation onto pixels of 0.5 to 0.9 mm.
        (("drawn_diameter_mm", "diameter_mm"), 0.1),
        (("ossified_fraction", "ossified_fraction"), 0.02),
        (("rim_coverage", "rim_coverage"), 0.05),
    ];
    for (columns, limit) in limits {
        let error = slice_error(&truth, &slices, columns);
        assert!(error.mean <= limit, "{columns:?}: {}", error.mean);
        assert!(error.n * 10 >= error.of * 9, "{columns:?}: only {} of {}", error.n, error.of);
    }
    mr_is_measured_as_it_was_drawn(&table(&study.join("truth_mr_exams.csv")), &exams);
}

/// The value of a measure of an MR exam.
fn on_mr<'a>(exams: &'a [Row], of: &Row, measure: &str) -> Option<&'a str> {
    let is_it = |f: &&Row| f["modality"] == "MR" && exam(f) == exam(of) && f["measure"] == measure;
    exams.iter().find(is_it).map(|row| row["value"].as_str()).filter(|value| !value.is_empty())
}

/// 20 patients before and after: the limits of issue D (and narrower ones), of at least 95 % of exams.
fn mr_is_measured_as_it_was_drawn(truth: &[Row], exams: &[Row]) {
    let limits = [
        // 0.020 if the largest of unsteadily drawn slices were taken as it is.
        ("canal_occupancy", "canal_occupancy", 0.018),
        ("cord_area_loss", "cord_area_loss", 0.07),
        ("si_ratio", "si_ratio", 0.04),
        ("cyst_diameter", "cyst_diameter_mm", 1.2),
        ("max_diameter", "max_diameter_mm", 1.0),
    ];
    for (measure, column, limit) in limits {
        let pairs = truth.iter().filter_map(|t| Some((number(t, column)?, on_mr(exams, t, measure)?.parse().ok()?)));
        let off: Vec<f64> = pairs.map(|(true_value, found): (f64, f64)| (found - true_value).abs()).collect();
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        println!("MR {measure}: mean absolute error {mean:.4}, n {} of {}", off.len(), truth.len());
        assert!(mean <= limit && off.len() >= 38, "{measure}: {mean}, n {}", off.len());
    }
    let right = |t: &&Row| on_mr(exams, t, "cord_compression") == Some(t["cord_compression"].as_str());
    let right = truth.iter().filter(right).count();
    println!("MR cord_compression: {right} of {} right", truth.len());
    assert!(truth.len() == 40 && right >= 38, "{right}");
    let with_cyst = truth.iter().filter(|t| number(t, "cyst_diameter_mm").is_some_and(|mm| mm > 0.0)).count();
    let hit = exams.iter().filter(|row| row["reason"] == LEVEL || row["flags"].contains("fluid_level")).count();
    println!("MR fluid levels in {with_cyst} cysts without one: {hit}");
    assert!(with_cyst == 17 && hit == 0, "{hit} of {with_cyst}");
}

/// The reason where blood has settled in a cyst.
const LEVEL: &str = "haemorrhagic_t2_dark";

/// Blood has settled in every cyst of `levels`, the level up to 5 degrees off the horizontal either way: half of the cyst is not
/// seen, and its diameter is refused.
#[test]
fn cysts_with_a_fluid_level_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (study, out) = (folder.path().join("study"), folder.path().join("out"));
    osteon(&["phantom", "--cohort", "levels", "--patients", "4", "--seed", "3", "--out", study.to_str().unwrap()]);
    let wanted = "measures.wanted=['cyst_diameter','cyst_count','cyst_volume','si_ratio']";
    let arguments = ["--set", "output.qc=false", "--set", wanted, "--out", out.to_str().unwrap()];
    osteon(&[&["run", study.join("study.csv").to_str().unwrap()], &arguments[..]].concat());
    let (exams, truth) = (table(&out.join("exams.csv")), table(&study.join("truth_mr_exams.csv")));
    let refused =
        |measure: &str| exams.iter().filter(|row| row["measure"] == measure && row["reason"] == LEVEL).count();
    println!("fluid levels found: {} of {}", refused("cyst_diameter"), truth.len());
    assert_eq!(truth.len(), 8);
    assert_eq!(["cyst_diameter", "cyst_count", "cyst_volume"].map(refused), [8; 3]);
    let said = exams.iter().filter(|row| row["measure"] == "si_ratio" && row["flags"].contains("fluid_level"));
    assert_eq!(said.count(), 8, "what has settled counts as solid tumour, and that is said");
}
