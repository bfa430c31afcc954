//! What readers said of single values: `patient,timepoint,modality,series,lesion,measure,verdict,value,reader`.

use crate::measure::measure;
use crate::stats::table::{EXAM_COLUMNS, Key, Table, column, exam_of, records};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What a reader said of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is right.
    Accepted,
    /// It should be this.
    Corrected(String),
    /// It must not be used.
    Rejected,
}

/// A verdict with its line in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// What was said.
    pub verdict: Verdict,
    /// Line of the file, from 1.
    pub line: u64,
}

/// All verdicts.
pub type Reviews = BTreeMap<Key, Review>;

/// How many values were reviewed, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Values that were accepted.
    pub accepted: usize,
    /// Values that were replaced.
    pub corrected: usize,
    /// Values that were taken out.
    pub rejected: usize,
    /// Values of which nothing was said.
    pub unreviewed: usize,
    /// Whether these were taken out.
    pub required: bool,
}

/// Why a file of reviews cannot be used. No cell is repeated but names of measures.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// No such file, or not to be read.
    #[error("the file of reviews cannot be read: {}; give the path of a CSV file that you may read", .0.kind())]
    Unreadable(#[source] io::Error),
    /// Not a table of this form.
    #[error(
        "the file of reviews {0}: it needs patient,timepoint,modality,measure,verdict and where needed series,lesion,value"
    )]
    Form(&'static str),
    /// A row that is none.
    #[error("file of reviews, line {line}: {problem}")]
    Row {
        /// The line.
        line: u64,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Reviews are asked for and there are none.
    #[error("cohort.require_review lets only reviewed values in: give them with --reviews FILE")]
    Missing,
}

/// Reads a file of reviews.
///
/// # Errors
/// If it cannot be used, with the line and the remedy.
pub fn read(path: &Path) -> Result<Reviews, ReviewError> {
    parse(&std::fs::read(path).map_err(ReviewError::Unreadable)?)
}

/// Reads the text of a file of reviews.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8]) -> Result<Reviews, ReviewError> {
    let (mut csv, mut lines) = records(bytes).ok_or(ReviewError::Form("is not UTF-8"))?;
    let header = csv.headers().map_err(|_| ReviewError::Form("has no header"))?.clone();
    let find = |name: &str| column(&header, name);
    let exam = EXAM_COLUMNS.map(find);
    let ([Some(_), Some(_), Some(_), ..], Some(of), Some(verdict)) = (exam, find("measure"), find("verdict")) else {
        return Err(ReviewError::Form("lacks a column"));
    };
    let mut reviews = Reviews::new();
    for record in csv.records() {
        let record = record.map_err(|e| row(lines.at(e.position()), "another number of cells than the header has"))?;
        let line = lines.at(record.position());
        let key = Key { measure: record[of].to_owned(), exam: exam_of(&record, exam) };
        let value = find("value").map_or("", |at| &record[at]);
        let verdict = said(&record[verdict], value, &key.measure).map_err(|problem| row(line, problem))?;
        if let Some(earlier) = reviews.insert(key, Review { verdict, line }) {
            return Err(row(line, format!("line {} reviews the same value: keep one", earlier.line)));
        }
    }
    Ok(reviews)
}

fn row(line: u64, problem: impl Into<String>) -> ReviewError {
    ReviewError::Row { line, problem: problem.into() }
}

fn said(verdict: &str, value: &str, name: &str) -> Result<Verdict, String> {
    match verdict {
        "accepted" => Ok(Verdict::Accepted),
        "rejected" => Ok(Verdict::Rejected),
        "corrected" if serves(name, value) => Ok(Verdict::Corrected(value.to_owned())),
        "corrected" => Err(format!("the corrected value must be {}", expected(name))),
        _ => Err("the verdict must be accepted, corrected or rejected".into()),
    }
}

fn classes(name: &str) -> &'static [&'static str] {
    measure(name).map_or(&[], |known| known.classes)
}

/// Whether the measure may have this value.
fn serves(name: &str, value: &str) -> bool {
    let is_number = || value.parse::<f64>().is_ok_and(f64::is_finite);
    if classes(name).is_empty() { is_number() } else { classes(name).contains(&value) }
}

fn expected(name: &str) -> String {
    if classes(name).is_empty() { "a number".into() } else { format!("one of {}", classes(name).join(", ")) }
}

/// Puts verdicts into effect: corrected values replace others, rejected ones go, and so do those without a verdict where
/// one is `required`.
///
/// # Errors
/// If a verdict is on a value that the run does not have.
pub fn apply(table: &mut Table, reviews: &Reviews, required: bool) -> Result<Tally, ReviewError> {
    if let Some((_, review)) = reviews.iter().find(|(key, _)| !table.contains_key(key)) {
        return Err(row(review.line, "the run has no such measure of such an exam: name both as exams.csv does"));
    }
    let mut tally = Tally { required, ..Tally::default() };
    for (key, entry) in table.iter_mut() {
        let verdict = reviews.get(key).map(|review| &review.verdict);
        let (count, reason) = match verdict {
            Some(Verdict::Corrected(value)) => {
                (entry.value, entry.borderline) = (Some(value.clone()), false);
                (&mut tally.corrected, None)
            }
            _ if entry.value.is_none() => continue,
            Some(Verdict::Accepted) => (&mut tally.accepted, None),
            Some(Verdict::Rejected) => (&mut tally.rejected, Some("rejected")),
            None => (&mut tally.unreviewed, required.then_some("not_reviewed")),
        };
        *count += 1;
        if let Some(reason) = reason {
            entry.value = None;
            entry.reason = reason.to_owned();
        }
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::table;

    const HEAD: &str = "patient,timepoint,modality,measure,verdict,value\n";

    fn run() -> Table {
        let rows =
            "P1,pre,CT,volume,10\nP1,post,CT,volume,8\nP2,pre,CT,volume,7\nP2,post,CT,volume,\nP1,pre,CT,rim,none\n";
        table::parse(format!("patient,timepoint,modality,measure,value\n{rows}").as_bytes(), "exams.csv").unwrap()
    }

    fn applied(rows: &str, required: bool) -> (Table, Tally) {
        let mut table = run();
        let tally = apply(&mut table, &parse(format!("{HEAD}{rows}").as_bytes()).unwrap(), required).unwrap();
        (table, tally)
    }

    #[test]
    fn verdicts_take_effect_and_are_counted() {
        let rows = "P1,pre,CT,volume,accepted,\nP1,post,CT,volume,rejected,\nP2,post,CT,volume,corrected,6.5\n";
        let (table, tally) = applied(rows, false);
        let values: Vec<Option<&str>> = table.values().map(|entry| entry.value.as_deref()).collect();
        // rim; volume of P1 post, P1 pre, P2 post, P2 pre
        assert_eq!(values, [Some("none"), None, Some("10"), Some("6.5"), Some("7")]);
        let counts = Tally { accepted: 1, corrected: 1, rejected: 1, unreviewed: 2, required: false };
        assert_eq!(tally, counts);
        let (table, tally) = applied(rows, true);
        assert_eq!(table.values().filter(|entry| entry.reason == "not_reviewed").count(), 2);
        assert_eq!(tally, Tally { required: true, ..counts });
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let said = |rows: &str| parse(format!("{HEAD}{rows}").as_bytes()).unwrap_err().to_string();
        assert!(
            said("P1,pre,CT,volume,fine,\n").contains("line 2: the verdict must be accepted, corrected or rejected")
        );
        assert!(said("P1,pre,CT,volume,corrected,\n").contains("line 2: the corrected value must be a number"));
        assert!(said("P1,pre,CT,rim,corrected,half\n").contains("must be one of none, incomplete, complete"));
        let twice = "P1,pre,CT,rim,accepted,\nP1,pre,CT,rim,rejected,\n";
        assert!(said(twice).contains("line 3: line 2 reviews the same value: keep one"));
        assert!(parse(b"patient,verdict\n").unwrap_err().to_string().contains("lacks a column"));
        let strange = parse(format!("{HEAD}P9,pre,CT,rim,accepted,\n").as_bytes()).unwrap();
        let strange = apply(&mut run(), &strange, false).unwrap_err().to_string();
        assert!(strange.contains("line 2: the run has no such measure"), "{strange}");
    }
}
