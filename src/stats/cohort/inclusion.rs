//! Who and what does not enter a cohort by the rules of its configuration; each has a reason in `flow.csv`.

use super::pairing::Unit;
use crate::config::{CohortChoice, Rules};
use crate::stats::table::{Entry, Table};
use std::collections::BTreeSet;

/// The beginning of every reason that is a rule of the cohort.
pub const BY_RULE: &str = "excluded_";

/// Takes out values that no rule lets in.
pub fn apply(table: &mut Table, rules: &Rules) {
    for entry in table.values_mut().filter(|entry| entry.value.is_some()) {
        if let Some(reason) = refused(entry, rules) {
            (entry.value, entry.reason) = (None, reason);
        }
    }
}

fn refused(entry: &Entry, rules: &Rules) -> Option<String> {
    let code = |flag: &str| flag.split(':').next().unwrap_or_default().to_owned();
    let flag = entry.flags.split(';').map(code).find(|code| rules.exclude_flags.contains(code));
    let borderline = || (rules.exclude_borderline && entry.borderline).then(|| format!("{BY_RULE}borderline"));
    flag.map(|code| format!("{BY_RULE}flag:{code}")).or_else(borderline)
}

/// Why a lesion is left out as a whole; `diameter_mm` gives its diameter before treatment.
pub fn ruled_out(unit: &Unit, choice: &CohortChoice, diameter_mm: impl Fn(&Unit) -> Option<f64>) -> Option<String> {
    let rules = &choice.rules;
    if rules.exclude_patients.contains(&unit.patient) {
        return Some(format!("{BY_RULE}patient"));
    }
    if rules.least_diameter_mm == 0.0 {
        return None;
    }
    match diameter_mm(unit) {
        None => Some(format!("{BY_RULE}diameter_unknown")),
        Some(d) if d < rules.least_diameter_mm => Some(format!("{BY_RULE}diameter_below_least")),
        Some(_) => None,
    }
}

/// The same rules for the scores of whole patients: who has no lesion left does not enter either.
pub fn for_scores(units: &[Unit], choice: &CohortChoice) -> CohortChoice {
    let is_out = |unit: &&Unit| unit.excluded.as_ref().is_some_and(|why| why.starts_with(BY_RULE));
    let stays: BTreeSet<&String> = units.iter().filter(|unit| !is_out(unit)).map(|unit| &unit.patient).collect();
    let out = units.iter().map(|unit| &unit.patient).filter(|patient| !stays.contains(patient)).cloned();
    CohortChoice { rules: Rules { exclude_patients: out.collect(), ..Rules::default() }, ..choice.clone() }
}

/// How many patients of the rules are not in the run.
pub fn strangers(units: &[Unit], rules: &Rules) -> usize {
    let known = |name: &&String| units.iter().any(|unit| unit.patient == **name);
    rules.exclude_patients.iter().filter(|name| !known(name)).count()
}
