//! The configuration: `configs/default.toml`, then the file of `--config`, then a profile, then `--set`.
//!
//! Every value remembers which layer gave it. Keys, types and ranges are checked layer by layer, before anything
//! else is opened.

pub mod error;
pub mod layer;
pub mod limits;
pub mod merged;
pub mod nearest;
pub mod origin;
pub mod size;

pub use error::ConfigError;
pub use merged::Provenance;
pub use origin::Origin;

use crate::measure::settings::Settings;
use crate::measure::{MEASUREMENTS, Measure};
use layer::{Author, Document};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use toml::{Table, Value};

/// The reference of every setting, built into the program.
pub const DEFAULT: &str = include_str!("../configs/default.toml");
/// A config file is a page of text; more is a mistake.
const MAX_BYTES: u64 = 1 << 20;

/// Everything a user can set in files.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The parameters of the measurements.
    pub settings: Settings,
    /// Names of the wanted measures, in the order of the output.
    pub measures: Vec<String>,
    /// What is written besides tables.
    pub output: Output,
    /// Which exams of a patient are compared.
    pub cohort: CohortChoice,
    /// How the report of a cohort is made.
    pub report: Report,
    /// How a run behaves.
    pub run: Run,
}

/// `[output]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Whether pictures are drawn.
    pub qc: bool,
    /// Whether derived masks are written.
    pub masks: bool,
}

/// `[cohort]`
#[derive(Clone, Debug, PartialEq)]
pub struct CohortChoice {
    /// The timepoint before treatment: its name, `first` or `last`.
    pub before: String,
    /// The timepoint after treatment.
    pub after: String,
    /// Whether only values that a reader accepted or corrected enter.
    pub require_review: bool,
    /// Which grade the tables show after treatment.
    pub grade: GradeChoice,
    /// Who and what does not enter.
    pub rules: Rules,
    /// How many lesions the RECIST sum of a patient counts at most.
    pub recist_targets: usize,
    /// Of measures that several series of an exam may give, the one that counts.
    pub series: BTreeMap<String, String>,
}

/// Which grade of Boriani the tables show after treatment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GradeChoice {
    /// That of the exam alone.
    #[default]
    Single,
    /// That of new bone beside the registered baseline.
    Paired,
}

/// Who and what does not enter a cohort; nothing is left out by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// Patients that do not enter.
    pub exclude_patients: Vec<String>,
    /// Codes of flags with which a value does not enter.
    pub exclude_flags: Vec<String>,
    /// Whether borderline values do not enter.
    pub exclude_borderline: bool,
    /// The least diameter before treatment of lesions that enter, mm; 0 lets all in.
    pub least_diameter_mm: f64,
}

impl CohortChoice {
    fn of(mut values: Table) -> Self {
        let mut take = |key: &str| values.remove(key).expect("configs/default.toml has this key");
        let (before, after) = (typed(take("before")), typed(take("after")));
        let require_review = typed(take("require_review"));
        let grade = typed(take("grade"));
        let recist_targets = typed(take("recist_targets"));
        let rules = Rules {
            exclude_patients: typed(take("exclude_patients")),
            exclude_flags: typed(take("exclude_flags")),
            exclude_borderline: typed(take("exclude_borderline")),
            least_diameter_mm: typed(take("least_diameter_mm")),
        };
        let measure = |key: String| key.trim_start_matches("series.").to_owned();
        let series = values.into_iter().map(|(key, series)| (measure(key), typed(series))).collect();
        Self { before, after, require_review, grade, rules, recist_targets, series }
    }
}

/// `[report]`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// What becomes of the pictures in `qc/`.
    pub pictures: Pictures,
}

/// What becomes of the pictures in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pictures {
    /// They are part of the file.
    Embed,
    /// They are shown from `qc/` beside it.
    Link,
    /// There is none.
    None,
}

/// `[run]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Threads; 0 takes what the job was given.
    pub threads: usize,
    /// Memory as text; see [`Run::memory_bytes`].
    pub memory: String,
    /// Whether a progress bar may be drawn.
    pub progress: bool,
    /// How log lines are written.
    pub log_format: LogFormat,
}

impl Run {
    /// The memory that is asked for, bytes; `None` takes what the job was given.
    pub fn memory_bytes(&self) -> Option<u64> {
        size::parse(&self.memory)
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[measures]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    wanted: Vec<String>,
}

#[derive(Serialize)]
struct NumberChanging<'a> {
    settings: &'a Settings,
    measures: &'a [String],
}

impl Config {
    /// Canonical text of every value that can change a record: equal texts mean equal numbers from equal inputs.
    pub fn number_changing(&self) -> String {
        let part = NumberChanging { settings: &self.settings, measures: &self.measures };
        serde_json::to_string(&part).expect("numbers, texts and lists always have a JSON form")
    }
}

/// Reads and merges all layers; `sets` are `key=value`.
///
/// # Errors
/// If the file cannot be read, or any layer holds an unknown key, an unfit value, or an unknown name.
pub fn load(file: Option<&Path>, profile: Option<&str>, sets: &[String]) -> Result<(Config, Provenance), ConfigError> {
    let text = file.map(read).transpose()?;
    merge(text.as_deref(), profile, sets)
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |why: String| ConfigError::Unreadable { why };
    let file = std::fs::File::open(path).map_err(|e| unreadable(e.kind().to_string()))?;
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|e| unreadable(e.kind().to_string()))?;
    if text.len() as u64 > MAX_BYTES { Err(unreadable("it is too long".to_owned())) } else { Ok(text) }
}

fn merge(text: Option<&str>, profile: Option<&str>, sets: &[String]) -> Result<(Config, Provenance), ConfigError> {
    let built_in = Document::parse(DEFAULT, Author::BuiltIn)?;
    let file = text.map_or_else(|| Ok(Document::default()), |t| Document::parse(t, Author::User))?;
    let mut merged = Provenance::over(built_in.entries);
    for entries in file.profiles.values() {
        merged.clone().lay(entries)?;
    }
    merged.lay(&file.entries)?;
    if let Some(name) = profile {
        merged.lay(&merged::profile(name, &[&built_in.profiles, &file.profiles])?)?;
    }
    let sets: Vec<_> = sets.iter().map(|s| layer::assignment(s)).collect::<Result<_, _>>()?;
    merged.lay(&sets)?;
    merged.check_together()?;
    Ok((build(&merged)?, merged))
}

fn build(merged: &Provenance) -> Result<Config, ConfigError> {
    let mut sections = merged.to_table();
    let Wanted { wanted } = take(&mut sections, "measures");
    let known: Vec<&str> = registered().map(|m| m.name).collect();
    Ok(Config {
        measures: in_registry_order(&wanted, &known, merged.origin("measures.wanted"))?,
        output: take(&mut sections, "output"),
        cohort: CohortChoice::of(take(&mut sections, "cohort")),
        report: take(&mut sections, "report"),
        run: take(&mut sections, "run"),
        settings: typed(Value::Table(sections)),
    })
}

fn take<T: DeserializeOwned>(sections: &mut Table, name: &str) -> T {
    typed(sections.remove(name).expect("configs/default.toml has this section"))
}

fn typed<T: DeserializeOwned>(value: Value) -> T {
    value.try_into().expect("the limits admit only what the type holds")
}

/// The wanted ones among the known, in their order; `all` is every one.
fn in_registry_order(names: &[String], known: &[&str], origin: &Origin) -> Result<Vec<String>, ConfigError> {
    if let Some(name) = names.iter().find(|n| *n != "all" && !known.contains(&n.as_str())) {
        let nearest = nearest::nearest(name, known.iter().copied()).map(str::to_owned);
        return Err(ConfigError::UnknownMeasure { name: name.clone(), origin: origin.clone(), nearest });
    }
    let is_wanted = |k: &&&str| names.iter().any(|n| n == "all" || n == **k);
    Ok(known.iter().filter(is_wanted).map(|&k| k.to_owned()).collect())
}

fn registered() -> impl Iterator<Item = &'static Measure> {
    MEASUREMENTS.iter().flat_map(|m| m.measures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge_all(text: &str, profile: Option<&str>, sets: &[&str]) -> Result<(Config, Provenance), ConfigError> {
        let sets: Vec<String> = sets.iter().map(|&s| s.to_owned()).collect();
        merge(Some(text), profile, &sets)
    }

    fn refusal(text: &str, sets: &[&str]) -> String {
        merge_all(text, None, sets).unwrap_err().to_string()
    }

    #[test]
    fn the_default_is_complete_and_means_what_the_method_says() {
        let (config, _) = merge(None, None, &[]).unwrap();
        assert_eq!(config.settings.density.mineral_hu, 200.0);
        assert_eq!(config.settings.rim.bone_below_hu, 20.0);
        assert_eq!(config.settings.grade.rim_borderline, [[0.07, 0.13], [0.85, 0.93]]);
        assert_eq!(config.measures.len(), registered().count());
        assert_eq!(config.run.memory_bytes(), None);
    }

    #[test]
    fn each_layer_lies_over_the_one_before() {
        let text = "[rim]\nmin_slices = 4\nmin_run_mm = 6\n[run]\nthreads = 2\n[profile.hpc.rim]\nmin_slices = 5";
        let slices = |profile, sets| merge_all(text, profile, sets).unwrap().0.settings.rim.min_slices;
        assert_eq!(slices(None, &[]), 4);
        assert_eq!(slices(Some("hpc"), &[]), 5);
        assert_eq!(slices(Some("hpc"), &["rim.min_slices=6", "rim.min_slices=7"]), 7);
        let (config, origins) = merge_all(text, Some("hpc"), &["rim.min_slices=6"]).unwrap();
        assert_eq!((config.settings.rim.min_run_mm, config.run.threads, config.run.progress), (6.0, 2, false));
        let of = |key| origins.origin(key).to_string();
        assert_eq!(of("rim.arc_step_mm"), "default");
        assert_eq!(of("rim.min_run_mm"), "config file, line 3");
        assert_eq!(of("run.progress"), "profile hpc, built in");
        assert_eq!(of("rim.min_slices"), "--set");
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest() {
        assert_eq!(
            refusal("\n[rim]\nmin_slice = 3", &[]),
            "config file, line 3: unknown key `rim.min_slice`; did you mean `rim.min_slices`?"
        );
        assert_eq!(
            refusal("", &["mineral_hu=210"]),
            "--set: unknown key `mineral_hu`; did you mean `density.mineral_hu`?"
        );
        assert_eq!(
            refusal("[compression]", &[]),
            "config file, line 1: unknown key `compression`; `osteon run --show-config` lists the known ones"
        );
        assert!(
            refusal("[profile.mine.rim]\nmin_slice = 3", &[]).starts_with("profile mine, config file, line 2: unknown")
        );
        merge_all("[rim]", None, &[]).unwrap();
    }

    #[test]
    fn unfit_values_name_key_layer_and_line() {
        assert_eq!(
            refusal("[rim]\nmin_slices = 'three'", &[]),
            "config file, line 2: `rim.min_slices` must be a whole number from 1 to 1000, not \"three\""
        );
        assert_eq!(
            refusal("", &["resample.inplane_mm=0.01"]),
            "--set: `resample.inplane_mm` must be a number from 0.05 to 10, not 0.01"
        );
        assert_eq!(
            refusal("", &["resample.mode=nativ"]),
            "--set: `resample.mode` must be one of \"native\", \"inplane\", \"isotropic\", not \"nativ\""
        );
    }

    #[test]
    fn values_must_fit_together() {
        assert!(
            refusal("", &["density.mineral_hu=260"])
                .contains("`density.mineral_hu` must be within density.sensitivity_hu")
        );
        assert!(refusal("", &["grade.rim_none_below=0.95"]).contains("`grade.rim_none_below` must be below"));
    }

    #[test]
    fn a_series_may_be_chosen_for_each_measure() {
        let text = "[cohort]\nafter = 'm6'\n[cohort.series]\nvolume = 'bone'\n";
        let (config, origins) = merge_all(text, None, &["cohort.series.rim=soft"]).unwrap();
        assert_eq!((config.cohort.before.as_str(), config.cohort.after.as_str()), ("first", "m6"));
        let chosen: Vec<(&str, &str)> = config.cohort.series.iter().map(|(m, s)| (m.as_str(), s.as_str())).collect();
        assert_eq!(chosen, [("rim", "soft"), ("volume", "bone")]);
        assert_eq!(merge(Some(&origins.to_string()), None, &[]).unwrap().0, config);
        assert!(refusal("", &["cohort.series.volum=bone"]).contains("unknown key `cohort.series.volum`"));
        assert!(refusal("", &["cohort.series.volume=a b"]).contains("must be the name of a series"));
        assert!(
            refusal("", &["cohort.before=../x"]).contains("must be \"first\", \"last\" or the name of a timepoint")
        );
    }

    #[test]
    fn profiles_are_known_or_refused() {
        let unknown = |name| merge_all("[profile.mine.rim]\nmin_slices = 4", Some(name), &[]).unwrap_err().to_string();
        assert_eq!(unknown("hcp"), "unknown profile `hcp`; did you mean `hpc`?");
        assert_eq!(unknown("min"), "unknown profile `min`; did you mean `mine`?");
    }

    #[test]
    fn measures_come_in_registry_order_or_are_refused_with_the_nearest() {
        let names = |list: &[&str]| list.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
        let known = ["volume", "rim_coverage", "boriani_grade"];
        let of = |list: &[&str]| in_registry_order(&names(list), &known, &Origin::Set);
        assert_eq!(of(&["all"]).unwrap(), names(&known));
        assert_eq!(of(&["boriani_grade", "volume"]).unwrap(), names(&["volume", "boriani_grade"]));
        assert_eq!(of(&["volum"]).unwrap_err().to_string(), "--set: unknown measure `volum`; did you mean `volume`?");
    }

    #[test]
    fn the_key_text_changes_with_numbers_only() {
        let text = |sets: &[&str]| merge_all("", None, sets).unwrap().0.number_changing();
        assert_eq!(text(&[]), text(&["density.mineral_hu=200", "output.qc=false", "run.threads=3"]));
        assert_ne!(text(&[]), text(&["density.mineral_hu=201"]));
        assert_ne!(text(&[]), text(&["resample.mode=native"]));
    }

    #[test]
    fn what_is_shown_can_be_given_back() {
        let (config, origins) = merge_all("[rim]\nmin_slices = 4", Some("hpc"), &["resample.mode=native"]).unwrap();
        let shown = origins.to_string();
        assert!(shown.contains("mode = \"native\"  # --set\n"), "{shown}");
        assert!(shown.contains("min_slices = 4  # config file, line 2\n"), "{shown}");
        assert!(shown.contains("inplane_mm = 0.5  # default\n"), "{shown}");
        assert_eq!(merge(Some(&shown), None, &[]).unwrap().0, config);
    }

    #[test]
    fn an_unreadable_file_is_refused_without_its_path() {
        let path = Path::new("/nonexistent/secret.toml");
        let text = load(Some(path), None, &[]).unwrap_err().to_string();
        assert!(text.contains("cannot be read") && !text.contains("secret"), "{text}");
    }
}
