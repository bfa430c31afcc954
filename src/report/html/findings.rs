//! What a person should look at, and what failed: `review.csv` and `failures.csv` as tables of the page.

use super::table::{Cell, Table};
use super::words::words;
use crate::measure::flag::FLAGS;
use crate::measure::reason::REASONS;
use crate::stats::table::{EXAM_COLUMNS, column, exam_of, records};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A line of `review.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// The exam.
    pub exam: [String; 5],
    /// How much it should be doubted.
    pub doubt: String,
    /// Why.
    pub why: String,
}

/// The lines of a table of a run with the exam of each; none if there is no such table.
fn read(path: &Path) -> Vec<([String; 5], csv::StringRecord, csv::StringRecord)> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let Some((mut csv, _)) = records(&bytes) else { return Vec::new() };
    let Ok(header) = csv.headers().cloned() else { return Vec::new() };
    let exam = EXAM_COLUMNS.map(|name| column(&header, name));
    csv.records().flatten().map(|record| (exam_of(&record, exam), header.clone(), record)).collect()
}

fn cell(header: &csv::StringRecord, record: &csv::StringRecord, name: &str) -> String {
    column(header, name).and_then(|at| record.get(at)).unwrap_or_default().to_owned()
}

/// Reads `review.csv`, the most doubtful exam first.
pub fn reviews(run: &Path) -> Vec<Review> {
    let of = |(exam, header, record)| Review {
        exam,
        doubt: cell(&header, &record, "doubt"),
        why: cell(&header, &record, "why"),
    };
    read(&run.join("review.csv")).into_iter().map(of).collect()
}

/// What there is to look at of each patient and lesion.
pub type ByLesion<'a> = BTreeMap<[&'a str; 2], Vec<&'a Review>>;

/// The same lines by patient and lesion.
pub fn by_lesion(reviews: &[Review]) -> ByLesion<'_> {
    let mut found = ByLesion::new();
    reviews.iter().for_each(|review| found.entry([&review.exam[0], &review.exam[4]]).or_default().push(review));
    found
}

/// The exams that a person should look at; `anchors` lead to the card of a patient and lesion.
pub fn review_table(reviews: &[Review], anchors: &BTreeMap<[&str; 2], String>) -> Table {
    let mut table =
        Table::sortable("review", "Exams to look at", &["patient", "timepoint", "modality", "doubt", "why"]);
    for review in reviews {
        let [patient, timepoint, modality, _, lesion] = &review.exam;
        let who = match anchors.get(&[patient.as_str(), lesion.as_str()]) {
            Some(id) => Cell::link(patient, format!("#{id}")),
            None => Cell::text(patient),
        };
        let doubt = review.doubt.parse().map_or_else(|_| Cell::text(&review.doubt), |d| Cell::number(d, &review.doubt));
        table.rows.push(vec![who, Cell::text(timepoint), Cell::text(modality), doubt, Cell::text(&review.why)]);
    }
    table
}

/// What the codes mean that stand among the reasons for looking, each once.
pub fn glossary(reviews: &[Review]) -> Vec<(String, String)> {
    let is_code = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let all: BTreeSet<&str> = reviews.iter().flat_map(|review| review.why.split(|c| !is_code(c))).collect();
    let flags = FLAGS.iter().map(|(code, about)| (*code, *about));
    let known = flags.chain(REASONS.iter().map(|reason| (reason.code, reason.about)));
    let used: BTreeMap<&str, &str> = known.filter(|(code, _)| all.contains(code)).collect();
    used.into_iter().map(|(code, about)| (code.to_owned(), about.to_owned())).collect()
}

/// The exams of which nothing could be measured.
pub fn failure_table(run: &Path) -> Table {
    let header = ["patient", "timepoint", "modality", "line of the study table", "reason", "what to do"];
    let mut table = Table::sortable("failures", "Exams of which nothing could be measured", &header);
    for ([patient, timepoint, modality, ..], header, record) in read(&run.join("failures.csv")) {
        let of = |name| cell(&header, &record, name);
        let line = of("line");
        let line = line.parse().map_or_else(|_| Cell::text(&line), |n| Cell::number(n, &line));
        let said = Cell::text(of("message"));
        let reason = Cell::text(words(&of("reason")).about);
        table.rows.push(vec![Cell::text(patient), Cell::text(timepoint), Cell::text(modality), line, reason, said]);
    }
    table
}
