//! Clinical scores: `patient,timepoint,vas,kps,ecog,frankel`, as the other tables pair them.

use super::pairing::Pairing;
use crate::batch::study::ExamName;
use crate::stats::table::{Entry, Key, Table, column, records};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// A score and what it may be.
#[derive(Debug)]
pub struct Score {
    /// Its column.
    pub name: &'static str,
    /// What a paper calls it.
    pub title: &'static str,
    /// What it may be, in ascending order of name or number.
    pub scale: Scale,
}

/// What a score may be.
#[derive(Debug)]
pub enum Scale {
    /// A number within these ends, in whole steps of the third; its mean is tested.
    Mean(f64, f64, f64),
    /// The same; its median is tested.
    Median(f64, f64, f64),
    /// One of these.
    Levels(&'static [&'static str]),
}

/// The scores of the paper's Table 2.
pub static SCORES: &[Score] = &[
    Score { name: "vas", title: "VAS", scale: Scale::Mean(0.0, 10.0, 0.5) },
    Score { name: "kps", title: "KPS", scale: Scale::Median(0.0, 100.0, 10.0) },
    Score { name: "ecog", title: "ECOG", scale: Scale::Levels(&["0", "1", "2", "3", "4", "5"]) },
    Score { name: "frankel", title: "Frankel grade", scale: Scale::Levels(&["A", "B", "C", "D", "E"]) },
];

impl Scale {
    fn admits(&self, text: &str) -> bool {
        match *self {
            Self::Mean(low, high, step) | Self::Median(low, high, step) => {
                text.parse().is_ok_and(|v: f64| (low..=high).contains(&v) && (v / step).fract() == 0.0)
            }
            Self::Levels(levels) => levels.contains(&text),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Mean(low, high, step) | Self::Median(low, high, step) => {
                format!("a number from {low} to {high} in steps of {step}")
            }
            Self::Levels(levels) => format!("one of {}", levels.join(", ")),
        }
    }
}

/// Why a clinical file cannot be used. No cell is repeated.
#[derive(Debug, thiserror::Error)]
pub enum ClinicalError {
    /// No such file, or not to be read.
    #[error("the clinical file cannot be read: {}; give the path of a CSV file that you may read", .0.kind())]
    Unreadable(#[source] io::Error),
    /// Not a table of this form.
    #[error(
        "the clinical file {0}: it needs the columns patient, timepoint and one or more of vas, kps, ecog, frankel"
    )]
    Form(&'static str),
    /// A row that is none.
    #[error("clinical file, line {line}: {problem}")]
    Row {
        /// The line.
        line: u64,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Scores of nobody.
    #[error(
        "clinical file: {0} of its patients are not in the run (the first in line {1}): use the pseudonyms of the study table"
    )]
    Strangers(usize, u64),
}

/// Reads a clinical file.
///
/// # Errors
/// If it cannot be used, with the line and the remedy.
pub fn read(path: &Path) -> Result<Table, ClinicalError> {
    parse(&std::fs::read(path).map_err(ClinicalError::Unreadable)?)
}

/// Reads the text of a clinical file: a row of the table for each score; an empty cell is no value.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8]) -> Result<Table, ClinicalError> {
    let (mut csv, mut lines) = records(bytes).ok_or(ClinicalError::Form("is not UTF-8"))?;
    let header = csv.headers().map_err(|_| ClinicalError::Form("has no header"))?.clone();
    let find = |name: &str| column(&header, name);
    let (Some(patient), Some(timepoint)) = (find("patient"), find("timepoint")) else {
        return Err(ClinicalError::Form("lacks a column"));
    };
    let scores: Vec<(&Score, usize)> = SCORES.iter().filter_map(|s| Some((s, find(s.name)?))).collect();
    if scores.is_empty() {
        return Err(ClinicalError::Form("has no score"));
    }
    let mut table = Table::new();
    for record in csv.records() {
        let record = record.map_err(|e| ragged(lines.at(e.position())))?;
        let line = lines.at(record.position());
        for (score, at) in &scores {
            let entry = entry(score, &record[*at], line)?;
            let exam =
                [&record[patient], &record[timepoint], "", ExamName::SERIES, ExamName::LESION].map(str::to_owned);
            if table.insert(Key { measure: score.name.into(), exam }, entry).is_some() {
                return Err(row(line, "the same patient and timepoint stand in an earlier line: keep one".into()));
            }
        }
    }
    if table.is_empty() { Err(ClinicalError::Form("has no rows")) } else { Ok(table) }
}

fn ragged(line: u64) -> ClinicalError {
    row(line, "another number of cells than the header has: check commas and quotes".into())
}

fn row(line: u64, problem: String) -> ClinicalError {
    ClinicalError::Row { line, problem }
}

fn entry(score: &Score, text: &str, line: u64) -> Result<Entry, ClinicalError> {
    let given = Some(text).filter(|t| !t.is_empty());
    match given.filter(|t| !score.scale.admits(t)) {
        Some(_) => Err(row(line, format!("{} must be {}, or empty", score.name, score.scale.words()))),
        None => Ok(Entry { value: given.map(str::to_owned), line, ..Entry::default() }),
    }
}

/// Whether every patient with scores is in the run.
///
/// # Errors
/// If one is not.
pub fn check_patients(scores: &Table, measures: &Pairing) -> Result<(), ClinicalError> {
    let known: BTreeSet<&str> = measures.units.iter().map(|unit| unit.patient.as_str()).collect();
    let strange = || scores.iter().filter(|(key, _)| !known.contains(key.exam[0].as_str()));
    let patients: BTreeSet<&String> = strange().map(|(key, _)| &key.exam[0]).collect();
    match strange().map(|(_, entry)| entry.line).min() {
        Some(first) => Err(ClinicalError::Strangers(patients.len(), first)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_checked_and_gaps_allowed() {
        let table = parse(b"patient,timepoint,vas,kps,ecog,frankel\nP1,pre,5.5,70,1,D\nP1,post,,80,0,E\n").unwrap();
        assert_eq!(table.len(), 8);
        assert_eq!(table.values().filter(|e| e.value.is_none()).count(), 1);
        let said = |text: &str| parse(text.as_bytes()).unwrap_err().to_string();
        let head = "patient,timepoint,vas,kps,ecog,frankel\n";
        assert!(said(&format!("{head}P1,pre,11,70,1,D\n")).contains("line 2: vas must be a number from 0 to 10"));
        assert!(
            said(&format!("{head}P1,pre,1,75,1,D\n")).contains("kps must be a number from 0 to 100 in steps of 10")
        );
        assert!(said(&format!("{head}P1,pre,1,70,1,F\n")).contains("frankel must be one of A, B, C, D, E"));
        assert!(said(&format!("{head}P1,pre,1,70,1,D\nP1,pre,1,70,1,D\n")).contains("line 3: the same patient"));
        assert!(said(&format!("{head}P1,pre\n")).contains("line 2: another number of cells"));
        assert!(said("patient,vas\n").contains("lacks a column") && said("patient,timepoint\n").contains("no score"));
        assert!(said(head).contains("no rows"));
    }

    #[test]
    fn strangers_are_counted() {
        let scores = parse(b"patient,timepoint,vas\nX,pre,1\nX,post,1\nY,pre,2\n").unwrap();
        let said = check_patients(&scores, &Pairing::default()).unwrap_err().to_string();
        assert!(said.contains("2 of its patients are not in the run (the first in line 2)"), "{said}");
    }
}
