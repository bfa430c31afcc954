//! `columns.json`, the data dictionary, and `run.json`, what made these numbers.

use super::failure::FAILURES;
use super::projection::{EXAM_COLUMNS, FAILURE_COLUMNS, KEY_COLUMNS, REVIEW_COLUMNS, slice_header, slice_table};
use super::summary::Summary;
use crate::graph::made_by;
use crate::io::fault::FAULTS;
use crate::measure::flag::{AXIAL_REFORMAT, FLAGS};
use crate::measure::reason::REASONS;
use crate::measure::settings::{Resample, ResampleMode, Settings};
use crate::measure::{MEASUREMENTS, Measure, Modality};
use serde_json::{Map, Value, json};

/// What the columns of every file mean that no measurement registers.
const ABOUT: &[(&str, &str, &str)] = &[
    ("patient", "", "Pseudonym, from the study table."),
    ("timepoint", "", "From the study table."),
    ("modality", "", "CT or MR."),
    ("series", "", "Tells apart several images of a patient, timepoint and modality."),
    ("lesion", "", "Tells apart several lesions of an image."),
    ("slice", "", "Number of the slice, from 0 in the order of increasing z; in exams.csv the one that decided."),
    ("z_mm", "mm", "Centre of the slice along the axial normal, LPS."),
    ("level", "", "Vertebral level."),
    ("flags", "", "Remarks, sorted, joined by `;`: see flags."),
    ("measure", "", "Name of the measure: see measures."),
    ("value", "", "Number in the unit of the measure, or class; empty where it is not evaluable."),
    ("unit", "", "Unit of the value: mm, mm2, mm3, HU, 1 for a ratio, empty for a class."),
    ("uncertainty", "", "One standard deviation, in the unit of the value, where it is known."),
    ("status", "", "ok, borderline or not_evaluable."),
    ("reason", "", "Why there is no value, or why nothing could be measured: see reasons."),
    ("line", "", "Line of the study table."),
    ("stage", "", "What failed: image, structures, measure or run."),
    ("message", "", "What is wrong and what to do."),
    ("doubt", "1", "How much a person should doubt the exam; larger is more."),
    ("why", "", "What speaks for looking at it, weightiest first."),
];

/// `columns.json`
pub fn columns() -> String {
    let slices = |modality| slice_header(modality).map(|name| slice_column(modality, name)).collect::<Vec<_>>();
    let plain = |names: &[&str]| names.iter().map(|name| common(name)).collect::<Vec<_>>();
    let files = [
        (slice_table(Modality::Ct), slices(Modality::Ct)),
        (slice_table(Modality::Mr), slices(Modality::Mr)),
        ("exams.csv", plain(&EXAM_COLUMNS)),
        ("failures.csv", plain(&FAILURE_COLUMNS)),
        ("review.csv", plain(&REVIEW_COLUMNS)),
    ];
    let files: Map<String, Value> = files
        .into_iter()
        .map(|(file, own)| (file.into(), plain(&KEY_COLUMNS).into_iter().chain(own).collect::<Value>()))
        .collect();
    let flags: Map<String, Value> = FLAGS.iter().map(|(code, about)| ((*code).into(), json!(about))).collect();
    let all = REASONS.iter().chain(FAULTS).chain(FAILURES);
    let reasons = all.map(|r| (r.code.into(), json!({ "about": r.about, "remedy": r.remedy })));
    let reasons: Map<String, Value> = reasons.collect();
    pretty(&json!({ "files": files, "measures": measures(), "flags": flags, "reasons": reasons }))
}

fn common(name: &str) -> Value {
    let (_, unit, about) = ABOUT.iter().find(|(known, ..)| *known == name).expect("ABOUT has every common column");
    json!({ "name": name, "unit": unit, "about": about })
}

fn slice_column(modality: Modality, name: &str) -> Value {
    match crate::measure::columns(modality).find(|c| c.name == name) {
        Some(column) => json!({ "name": name, "unit": column.unit, "about": column.about }),
        None => common(name),
    }
}

fn measures() -> Vec<Value> {
    let one = |m: &Measure| {
        let modalities: Vec<_> = m.modalities.iter().map(|m| m.name()).collect();
        json!({ "name": m.name, "modalities": modalities, "unit": m.unit, "classes": m.classes, "about": m.about })
    };
    MEASUREMENTS.iter().flat_map(|m| m.measures).map(one).collect()
}

/// What `run.json` says beside the summary.
pub struct Made<'a> {
    /// Settings that can change a number.
    pub settings: &'a Settings,
    /// Their canonical text, with the wanted measures.
    pub settings_text: &'a str,
    /// Digest over the keys of all patients in the files.
    pub inputs: blake3::Hash,
    /// Threads.
    pub threads: usize,
    /// Memory that patients were admitted under, bytes.
    pub memory_bytes: u64,
}

/// `run.json`
pub fn run(made: &Made<'_>, summary: &Summary) -> String {
    let timings: Map<String, Value> = summary
        .timings
        .iter()
        .map(|(stage, t)| (stage.clone(), json!({ "runs": t.runs, "seconds": t.total.as_secs_f64() })))
        .collect();
    pretty(&json!({
        "program": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "use": "research use only, not a medical device",
        "config": serde_json::from_str::<Value>(made.settings_text).unwrap_or_else(|_| made.settings_text.into()),
        "config_blake3": blake3::hash(made.settings_text.as_bytes()).to_hex().as_str(),
        "inputs_blake3": made.inputs.to_hex().as_str(),
        "grids": grids(made.settings),
        "counts": {
            "patients": summary.patients, "reused": summary.reused, "measured": summary.measured,
            "exams": summary.exams, "failed": summary.failed, "to_review": summary.to_review,
        },
        "threads": made.threads,
        "memory_bytes": made.memory_bytes,
        "peak_bytes": summary.peak_bytes,
        "seconds": summary.elapsed.as_secs_f64(),
        "stages": timings,
    }))
}

/// On which grid each measure is taken, by the stages it depends on.
fn grids(settings: &Settings) -> Value {
    let all = MEASUREMENTS.iter().flat_map(|m| m.measures);
    let measures: Map<String, Value> = all.map(|m| (m.name.into(), grid(&made_by(m), &settings.resample))).collect();
    let slice_distance = "difference of z_mm between neighbouring rows of an exam in the slice tables";
    json!({ "mode": settings.resample.mode, "slice_distance": slice_distance, "measures": measures })
}

fn grid(stages: &[&str], resample: &Resample) -> Value {
    let (axial, resampled) = (stages.contains(&"axial"), stages.contains(&"planes"));
    let (inplane_mm, slice_mm) = (resample.inplane_mm, resample.slice_mm);
    let acquired = "acquired".to_owned();
    let (slices, pixels) = match (resample.mode, axial, resampled) {
        (_, false, _) => (acquired.clone(), acquired),
        (ResampleMode::Isotropic, ..) => (format!("every {inplane_mm} mm"), format!("{inplane_mm} mm")),
        (mode, _, resampled) => {
            let slices = format!("acquired; every {slice_mm} mm where flagged {}", AXIAL_REFORMAT.0);
            let inplane = resampled && mode == ResampleMode::Inplane;
            let reformat = format!("acquired; {inplane_mm} mm where flagged {}", AXIAL_REFORMAT.0);
            (slices, if inplane { format!("{inplane_mm} mm") } else { reformat })
        }
    };
    json!({ "slices": slices, "pixels": pixels })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_every_file_is_explained() {
        let dictionary: Value = serde_json::from_str(&columns()).unwrap();
        for (file, columns) in dictionary["files"].as_object().unwrap() {
            let columns = columns.as_array().unwrap();
            assert_eq!(columns[0]["name"], "patient", "{file}");
            assert!(columns.iter().all(|c| c["about"].as_str().is_some_and(|a| !a.is_empty())), "{file}");
        }
        assert_eq!(dictionary["files"]["failures.csv"][5]["name"], "line");
    }

    #[test]
    fn a_measure_stands_on_the_grid_of_what_it_is_made_of() {
        let mut settings = crate::config::load(None, None, &[]).unwrap().0.settings;
        let pixels = |settings: &Settings, measure: &str| grids(settings)["measures"][measure]["pixels"].clone();
        assert_eq!(pixels(&settings, "volume"), "acquired");
        assert_eq!(pixels(&settings, "max_diameter"), "acquired; 0.5 mm where flagged axial_reformat");
        // The grade looks at the rim, which may be refused.
        for resampled in ["rim_coverage", "ossified_fraction", "boriani_grade"] {
            assert_eq!(pixels(&settings, resampled), "0.5 mm");
        }
        settings.resample.mode = ResampleMode::Native;
        assert_eq!(grids(&settings)["mode"], "native");
        assert_eq!(pixels(&settings, "rim"), "acquired; 0.5 mm where flagged axial_reformat");
        settings.resample.mode = ResampleMode::Isotropic;
        assert_eq!(grids(&settings)["measures"]["max_diameter"]["slices"], "every 0.5 mm");
        assert_eq!(pixels(&settings, "max_diameter_mesh"), "acquired");
    }
}
