//! The numbers that stand at the top of the page.

use super::findings::Review;
use crate::stats::cohort::Cohort;
use crate::stats::cohort::response::{Class, Criterion, counts};
use crate::stats::cohort::rows::{Numbers, Row};
use crate::stats::figures::{fixed, p_text};
use serde::Serialize;

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct Headline {
    /// What it is.
    pub label: &'static str,
    /// The number.
    pub value: String,
    /// What belongs to it.
    pub note: String,
}

/// As many as there are rows for.
pub fn headlines(cohort: &Cohort, reviews: &[Review], failed: usize) -> Vec<Headline> {
    let find = |name: &str| cohort.rows.iter().find(|row| row.name == name);
    let (paired, all) = cohort.measures.patients();
    let patients = Headline {
        label: "Patients before and after",
        value: format!("{paired} of {all}"),
        note: format!("{} exams to look at, {failed} failed", reviews.len()),
    };
    let found = [
        find("CT max_diameter").and_then(diameter),
        find("CT rim").and_then(rim),
        find("CT interior").and_then(interior),
        find("MR canal_occupancy").and_then(canal),
        response(cohort),
    ];
    std::iter::once(patients).chain(found.into_iter().flatten()).collect()
}

fn p(row: &Row) -> String {
    row.test.map_or_else(|why| why.to_string(), |test| format!("p {}", p_text(test.p)))
}

fn diameter(row: &Row) -> Option<Headline> {
    let Numbers::Median(columns) = &row.numbers else { return None };
    let [before, after] = [&columns[0], &columns[1]].map(|s| fixed(s.median, 1));
    let note = format!("fell in {} of {}; {}", row.moved[0], row.n, p(row));
    Some(Headline { label: "Median largest diameter", value: format!("{before} \u{2192} {after} mm"), note })
}

fn canal(row: &Row) -> Option<Headline> {
    let Numbers::Mean(columns) = &row.numbers else { return None };
    let [before, after] = [&columns[0], &columns[1]].map(|s| fixed(s.mean, 1));
    let value = format!("{before} \u{2192} {after} %");
    Some(Headline { label: "Mean canal taken by tumour", value, note: format!("n = {}; {}", row.n, p(row)) })
}

/// How many are of a class after treatment.
fn after(row: &Row, wanted: &str) -> Option<usize> {
    let Numbers::Counts(classes) = &row.numbers else { return None };
    classes.iter().find(|(class, _)| class == wanted).map(|(_, [_, after])| *after)
}

fn rim(row: &Row) -> Option<Headline> {
    let (complete, incomplete) = (after(row, "complete")?, after(row, "incomplete")?);
    let value = format!("{} of {}", complete + incomplete, row.n);
    Some(Headline { label: "Rim after treatment", value, note: format!("complete in {complete}") })
}

fn interior(row: &Row) -> Option<Headline> {
    let (over, under) = (after(row, "over_half")?, after(row, "under_half")?);
    let value = format!("{} of {}", over + under, row.n);
    Some(Headline { label: "Bone inside after treatment", value, note: format!("more than half in {over}") })
}

fn response(cohort: &Cohort) -> Option<Headline> {
    let responders = |by| counts(&cohort.responses, by)[Class::Partial as usize];
    let judged = |by| counts(&cohort.responses, by).iter().sum::<usize>();
    let said = |by: Criterion| format!("{} {} of {}", by.title(), responders(by), judged(by));
    let note = [Criterion::Recist, Criterion::Choi].map(said).join(", ");
    let value = format!("{} of {}", responders(Criterion::Icds), judged(Criterion::Icds));
    (judged(Criterion::Icds) > 0).then_some(Headline { label: "Partial response by ICDS", value, note })
}
