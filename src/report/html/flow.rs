//! Who is in the tables, who is not, and why: lesions as a whole, then single measures.

use super::table::{Cell, Table};
use super::words::{sides, words};
use crate::stats::cohort::pairing::Pairing;
use std::collections::BTreeMap;

/// Lesions that are in no pair, by reason.
pub fn left_out(measures: &Pairing) -> Table {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in measures.units.iter().filter_map(|unit| unit.excluded.as_deref()) {
        *reasons.entry(reason).or_default() += 1;
    }
    let mut table = Table::sortable("left-out", "Lesions left out", &["lesions", "reason", "what to do"]);
    table.rows.extend(reasons.into_iter().map(|(reason, n)| row(None, n, reason)));
    table
}

/// Measures of the other lesions that are not paired, by measure and reason.
pub fn unpaired(measures: &Pairing) -> Table {
    let mut reasons: BTreeMap<(usize, String), (String, usize)> = BTreeMap::new();
    let mut order: Vec<(&str, &str)> = Vec::new();
    for pair in measures.pairs.iter().filter(|pair| measures.units[pair.unit].excluded.is_none()) {
        let name = (pair.modality.as_str(), pair.measure.as_str());
        if order.last() != Some(&name) {
            order.push(name);
        }
        if let Some(reason) = pair.reason() {
            let title = format!("{} {}", pair.modality, pair.measure);
            reasons.entry((order.len(), reason)).or_insert((title, 0)).1 += 1;
        }
    }
    let header = ["measure", "lesions", "reason", "what to do"];
    let mut table = Table::sortable("unpaired", "Measures that are not paired", &header);
    table.rows.extend(reasons.into_iter().map(|((_, reason), (name, n))| row(Some(name), n, &reason)));
    table
}

fn row(measure: Option<String>, n: usize, reason: &str) -> Vec<Cell> {
    let about = super::words::sentence(reason);
    let mut remedies: Vec<String> = sides(reason).into_iter().map(|(_, code)| words(code).remedy).collect();
    remedies.dedup();
    let cells = [Cell::number(n as f64, n.to_string()), Cell::text(about), Cell::text(remedies.join("; "))];
    measure.map(Cell::text).into_iter().chain(cells).collect()
}
