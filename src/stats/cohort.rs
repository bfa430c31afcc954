//! The paired tables of a paper from a finished run: who has a before and an after, and what changed (design.md 5).

pub mod clinical;
pub mod inclusion;
pub mod pairing;
pub mod patient_response;
pub mod response;
pub mod reviews;
pub mod rows;
mod sequence;

use super::table::{self, Table, TableError};
use crate::config::{CohortChoice, GradeChoice};
use clinical::ClinicalError;
use pairing::{Failures, PAIRED_GRADE, Pairing};
use patient_response::PatientResponses;
use response::Response;
use reviews::ReviewError;
use rows::Row;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// A cohort before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Cohort {
    /// What was measured, as reviews and rules leave it.
    pub exams: Table,
    /// Every measure of every lesion.
    pub measures: Pairing,
    /// Every score of every patient; `None` without a clinical file.
    pub scores: Option<Pairing>,
    /// Rows of both tables.
    pub rows: Vec<Row>,
    /// What became of each lesion.
    pub responses: Vec<Response>,
    /// What became of each patient.
    pub of_patients: PatientResponses,
    /// How many values were reviewed; `None` without a file of reviews.
    pub reviewed: Option<reviews::Tally>,
}

/// Why there is no cohort.
#[derive(Debug, thiserror::Error)]
pub enum CohortError {
    /// There is no result.
    #[error("the folder holds no exams.csv: name the --out folder of a finished run")]
    NoRun,
    /// A run is under way or was stopped.
    #[error("the run has not finished: run the same `osteon run` again until it ends, then `osteon cohort`")]
    Unfinished,
    /// A table of the run cannot be used.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The clinical file cannot be used.
    #[error(transparent)]
    Clinical(#[from] ClinicalError),
    /// The file of reviews cannot be used.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// Everybody was examined once.
    #[error("every patient has but one timepoint ({0}): a cohort needs one before and one after treatment")]
    OneTimepoint(String),
    /// The chosen timepoint is nowhere.
    #[error("no patient has the timepoint `{name}` of cohort.{which}; there are {there}")]
    NoTimepoint {
        /// `before` or `after`.
        which: &'static str,
        /// What was chosen.
        name: String,
        /// What there is.
        there: String,
    },
    /// The run did not measure what is asked for.
    #[error("the run has no {PAIRED_GRADE}, which cohort.grade = \"paired\" asks for: measure it, or use \"single\"")]
    NoPairedGrade,
    /// A rule is about nobody.
    #[error("cohort.exclude_patients names {0} that are not in the run: use the pseudonyms of the study table")]
    Strangers(usize),
    /// Several images give every value.
    #[error(
        "every measure comes from several series of an exam: pick one for each, as in --set cohort.series.max_diameter={0}"
    )]
    SeveralSeries(String),
    /// Nobody has both.
    #[error("no patient has a measure both before and after ({0}): see exams.csv and the rules of [cohort]")]
    NoPairs(String),
}

/// Where a cohort is read from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The output folder of a finished run.
    pub run: &'a Path,
    /// Clinical scores.
    pub clinical: Option<&'a Path>,
    /// Verdicts of readers.
    pub reviews: Option<&'a Path>,
}

/// Reads a finished run and pairs it.
///
/// # Errors
/// If the run or a file beside it cannot be used, or nothing can be paired.
pub fn read(sources: &Sources, choice: &CohortChoice) -> Result<Cohort, CohortError> {
    let exams = fs::read(sources.run.join("exams.csv")).map_err(|e| missing(sources.run, &e))?;
    let failures = fs::read(sources.run.join("failures.csv")).unwrap_or_default();
    let mut exams = table::parse(&exams, "exams.csv")?;
    let failures = pairing::failures(&failures)?;
    let reviewed = sources.reviews.map(|path| review(&mut exams, path, choice)).transpose()?;
    inclusion::apply(&mut exams, &choice.rules);
    if reviewed.is_none() && choice.require_review {
        return Err(ReviewError::Missing.into());
    }
    let scores = sources.clinical.map(clinical::read).transpose()?;
    Ok(Cohort { reviewed, ..cohort(exams, &failures, scores.as_ref(), choice)? })
}

fn review(exams: &mut Table, path: &Path, choice: &CohortChoice) -> Result<reviews::Tally, ReviewError> {
    reviews::apply(exams, &reviews::read(path)?, choice.require_review)
}

/// A run that never finished has records, and tables that grow beside where they will stand.
fn missing(run: &Path, error: &io::Error) -> CohortError {
    let begun = run.join("records").is_dir();
    if begun && error.kind() == io::ErrorKind::NotFound { CohortError::Unfinished } else { CohortError::NoRun }
}

/// Pairs tables that are already read.
///
/// # Errors
/// If nothing can be paired, or a clinical score is of nobody.
pub fn cohort(
    exams: Table,
    failures: &Failures,
    scores: Option<&Table>,
    choice: &CohortChoice,
) -> Result<Cohort, CohortError> {
    let measures = pairing::pair(&exams, failures, choice);
    check(&exams, &measures, choice)?;
    if let Some(scores) = scores {
        clinical::check_patients(scores, &measures)?;
    }
    let for_scores = inclusion::for_scores(&measures.units, choice);
    let scores = scores.map(|scores| pairing::pair(scores, &Failures::default(), &for_scores));
    let rows = rows::rows(&measures, scores.as_ref(), choice.grade);
    let responses = response::responses(&measures);
    let of_patients = patient_response::responses(&measures, choice);
    Ok(Cohort { exams, measures, scores, rows, responses, of_patients, reviewed: None })
}

fn check(exams: &Table, measures: &Pairing, choice: &CohortChoice) -> Result<(), CohortError> {
    let there = || measures.timepoints.join(", ");
    for (which, name) in [("before", &choice.before), ("after", &choice.after)] {
        let is_place = matches!(name.as_str(), "first" | "last");
        if !is_place && !measures.timepoints.contains(name) {
            return Err(CohortError::NoTimepoint { which, name: name.clone(), there: there() });
        }
    }
    if measures.units.iter().all(|unit| unit.timepoints.len() < 2) {
        return Err(CohortError::OneTimepoint(there()));
    }
    match inclusion::strangers(&measures.units, &choice.rules) {
        0 => {}
        n => return Err(CohortError::Strangers(n)),
    }
    if choice.grade == GradeChoice::Paired && measures.pairs.iter().all(|pair| pair.measure != PAIRED_GRADE) {
        return Err(CohortError::NoPairedGrade);
    }
    if measures.pairs.iter().any(|pair| pair.values().is_some()) { Ok(()) } else { Err(no_pairs(exams, measures)) }
}

/// Why nothing at all is paired: the commonest reason, or a choice that is still to be made.
fn no_pairs(exams: &Table, measures: &Pairing) -> CohortError {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for reason in measures.pairs.iter().filter_map(pairing::Pair::reason) {
        *reasons.entry(reason).or_default() += 1;
    }
    let commonest = reasons.into_iter().rev().max_by_key(|(_, n)| *n).map(|(reason, _)| reason).unwrap_or_default();
    match exams.keys().next() {
        Some(key) if commonest.contains(pairing::SEVERAL_SERIES) => CohortError::SeveralSeries(key.exam[3].clone()),
        _ => CohortError::NoPairs(commonest.replace('_', " ").replace(':', ": ")),
    }
}

/// The choice of `configs/default.toml`.
#[cfg(test)]
fn usual() -> CohortChoice {
    crate::config::load(None, None, &[]).unwrap().0.cohort
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, choice: &CohortChoice) -> Result<Cohort, CohortError> {
        let table = table::parse(format!("patient,timepoint,modality,measure,value\n{text}").as_bytes(), "exams.csv")?;
        cohort(table, &Failures::default(), None, choice)
    }

    #[test]
    fn what_cannot_be_paired_says_what_to_do() {
        let usual = usual();
        let said = |text: &str, choice: &CohortChoice| of(text, choice).unwrap_err().to_string();
        let one = "P1,pre,CT,volume,1\nP2,pre,CT,volume,2\n";
        assert!(said(one, &usual).contains("but one timepoint (pre)"));
        let gaps = "P1,pre,CT,volume,\nP1,post,CT,volume,2\n";
        assert!(said(gaps, &usual).contains("no patient has a measure both before and after"));
        let named = CohortChoice { before: "baseline".into(), ..usual };
        assert!(
            said(gaps, &named)
                .contains("no patient has the timepoint `baseline` of cohort.before; there are pre, post")
        );
    }

    #[test]
    fn a_folder_without_a_finished_run_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let sources = Sources { run: dir.path(), clinical: None, reviews: None };
        let said = || read(&sources, &usual()).unwrap_err().to_string();
        assert!(said().contains("no exams.csv"));
        fs::create_dir(dir.path().join("records")).unwrap();
        assert!(said().contains("has not finished"));
    }
}
