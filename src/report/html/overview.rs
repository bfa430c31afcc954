//! The table of all lesions: what they were before and after, how they responded, how doubtful they are.

use super::cards::{anchor, name};
use super::findings::ByLesion;
use super::table::{Cell, Table};
use super::values::{MEASURES, Shown, number, written};
use crate::stats::cohort::Cohort;
use crate::stats::cohort::pairing::Pair;
use crate::stats::cohort::response::{Criterion, Response};
use crate::stats::figures::fixed;
use std::collections::BTreeMap;

/// The pairs of a measure that is shown, by unit.
type Column<'a> = (&'a Shown, BTreeMap<usize, &'a Pair>);

/// A row for each lesion.
pub fn overview(cohort: &Cohort, reviews: &ByLesion) -> Table {
    let columns: Vec<Column> = MEASURES.iter().filter(|m| m.in_overview).filter_map(|m| column(cohort, m)).collect();
    let mut header = vec!["patient".to_owned()];
    for (shown, _) in &columns {
        header.extend(["before", "after"].map(|side| format!("{} {side}", shown.title)));
    }
    let responses: BTreeMap<usize, &Response> = cohort.responses.iter().map(|r| (r.unit, r)).collect();
    if !responses.is_empty() {
        header.push("diameter change (%)".into());
        header.push("density change (%)".into());
        header.extend(Criterion::ALL.map(|by| by.title().to_owned()));
    }
    header.push("doubt".into());
    let mut table = Table::sortable("patients", "All lesions", &[]);
    table.header = header;
    for (i, unit) in cohort.measures.units.iter().enumerate() {
        let mut row = vec![Cell::link(name(unit), format!("#{}", anchor(i)))];
        row.extend(columns.iter().flat_map(|(shown, pairs)| values(shown, pairs.get(&i).copied())));
        if !responses.is_empty() {
            row.extend(responded(responses.get(&i).copied()));
        }
        let doubts = reviews.get(&[unit.patient.as_str(), unit.lesion.as_str()]).into_iter().flatten();
        row.push(shown(doubts.filter_map(|review| review.doubt.parse().ok()).reduce(f64::max), 1));
        table.rows.push(row);
    }
    table
}

/// `None` if nobody has it.
fn column<'a>(cohort: &'a Cohort, shown: &'a Shown) -> Option<Column<'a>> {
    let pairs = cohort.measures.pairs.iter().filter(|p| p.modality == shown.modality && p.measure == shown.measure);
    let pairs: BTreeMap<usize, &Pair> = pairs.map(|pair| (pair.unit, pair)).collect();
    pairs.values().any(|pair| pair.before.is_ok() || pair.after.is_ok()).then_some((shown, pairs))
}

fn values(shown: &Shown, pair: Option<&Pair>) -> [Cell; 2] {
    let cell = |value: &Result<String, String>| match value {
        Ok(value) => Cell { sort: number(shown, value), ..Cell::text(written(shown, value)) },
        Err(_) => Cell::default(),
    };
    pair.map(|pair| [cell(&pair.before), cell(&pair.after)]).unwrap_or_default()
}

fn shown(value: Option<f64>, decimals: usize) -> Cell {
    value.map(|v| Cell::number(v, fixed(v, decimals))).unwrap_or_default()
}

/// Both changes, then the class by each criterion.
fn responded(response: Option<&Response>) -> Vec<Cell> {
    let changes = [response.and_then(|r| r.size), response.and_then(|r| r.density)].map(|change| shown(change, 1));
    let class = |by: Criterion| match response.map(|r| &r.classes[by as usize]) {
        Some(Ok(class)) => Cell::text(class.code()),
        Some(Err(_)) => Cell::text("n/e"),
        None => Cell::default(),
    };
    changes.into_iter().chain(Criterion::ALL.map(class)).collect()
}
