//! How the numbers were made: a paragraph with versions and the settings that matter most, and a table of all.

use super::Request;
use super::table::{Cell, Table};
use crate::config::GradeChoice;
use serde_json::Value;

/// What there is to say.
pub struct Methods {
    /// Sentences.
    pub text: Vec<String>,
    /// Every setting of the run that can change a number.
    pub settings: Table,
}

/// From `run.json` and the choices of the cohort; without the former it says so.
pub fn methods(request: &Request) -> Methods {
    let text = std::fs::read_to_string(request.run.join("run.json")).unwrap_or_default();
    let run: Value = serde_json::from_str(&text).unwrap_or_default();
    let mut settings =
        Table::sortable("settings", "Settings of the run that can change a number", &["setting", "value"]);
    flatten(&run["config"]["settings"], String::new(), &mut settings.rows);
    Methods { text: vec![measured(&run), compared(request), statistics()], settings }
}

fn measured(run: &Value) -> String {
    let Some(version) = run["version"].as_str() else {
        return "The folder holds no run.json: which version and settings made the numbers is not known.".into();
    };
    let of = |section: &str, name: &str| {
        let value = &run["config"]["settings"][section][name];
        if value.is_null() { "unknown".to_owned() } else { value.to_string() }
    };
    let digest = |name: &str| run[name].as_str().unwrap_or("unknown").to_owned();
    format!(
        "Measured with Osteon {version}. Bone is tissue from {} HU (at 120 kV) on; grades at {} HU are given beside. \
         A rim is none below a coverage of {}, complete from {} on. Internal bone is present from an ossified fraction of \
         {} on. Contours, rays and fractions were taken on a grid of {} mm ({}). Digest of the settings (BLAKE3): {}; of \
         the inputs: {}.",
        of("density", "mineral_hu"),
        of("density", "sensitivity_hu"),
        of("grade", "rim_none_below"),
        of("grade", "rim_complete_from"),
        of("interior", "present_fraction"),
        of("resample", "inplane_mm"),
        of("resample", "mode").trim_matches('"'),
        digest("config_blake3"),
        digest("inputs_blake3")
    )
}

/// What was compared, and what was left out by rule.
fn compared(request: &Request) -> String {
    let choice = request.choice;
    let series: Vec<String> =
        choice.series.iter().map(|(measure, series)| format!("{measure} of series {series}")).collect();
    let grade = match choice.grade {
        GradeChoice::Single => "of the exam alone",
        GradeChoice::Paired => "of new bone beside the registered baseline",
    };
    let rules = &choice.rules;
    let mut parts = vec![
        format!("Compared were the timepoints {} and {}", choice.before, choice.after),
        format!("the grade after treatment is that {grade}"),
    ];
    parts.extend((!series.is_empty()).then(|| format!("taken were {}", series.join(", "))));
    parts.extend(choice.require_review.then(|| "only values that a reader accepted or corrected entered".to_owned()));
    let patients = rules.exclude_patients.len();
    parts.extend((patients > 0).then(|| format!("{patients} patients were left out by the configuration")));
    let flags = rules.exclude_flags.join(", ");
    parts.extend((!flags.is_empty()).then(|| format!("values flagged {flags} were left out")));
    parts.extend(rules.exclude_borderline.then(|| "borderline values were left out".to_owned()));
    let least = rules.least_diameter_mm;
    parts.extend((least > 0.0).then(|| format!("lesions smaller than {least} mm before treatment were left out")));
    format!("{}.", parts.join("; "))
}

fn statistics() -> String {
    format!("{} Tables and report by Osteon {}.", crate::report::cohort::NOTES, env!("CARGO_PKG_VERSION"))
}

/// Every leaf with its dotted name.
fn flatten(value: &Value, name: String, rows: &mut Vec<Vec<Cell>>) {
    match value {
        Value::Object(inner) => {
            let dot = if name.is_empty() { "" } else { "." };
            inner.iter().for_each(|(key, value)| flatten(value, format!("{name}{dot}{key}"), rows));
        }
        Value::Null => {}
        leaf => rows.push(vec![Cell::text(name), Cell::text(leaf.to_string())]),
    }
}
