//! Which exams a person should look at, and why: the ranking behind `review.csv`.

use crate::measure::reason::{NO_RIM, OUTLINE_GIVEN, SAC_NOT_DRAWN};
use crate::measure::rows::{ExamRow, ExamRows, Status};
use std::collections::BTreeMap;

/// How much a person should doubt an exam.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// The sum of the weights of all reasons; larger is more doubtful.
    pub score: f64,
    /// Every reason, the weightiest first.
    pub why: Vec<String>,
}

/// The grade itself is missing.
const NO_GRADE: f64 = 10.0;
/// The grade could as well be its neighbour.
const GRADE_BORDERLINE: f64 = 6.0;
/// The grade is wrong for certain; one that is wrong with a chance weighs as much less.
const GRADE_WRONG: f64 = 12.0;
/// Smaller chances are no reason to look.
const LEAST_CHANCE: f64 = 0.05;
/// Chances are told by the reason they give, and how an image was made speaks against nothing.
const NOT_TOLD: &[&str] = &["grade_chance", "sequence"];
/// A measure of segmentations has no value where there is an outline, the thickness of a rim none where there is no rim, and
/// the sac need not be drawn where there is cord: nothing is missing.
const NOTHING_MISSING: &[&str] = &[OUTLINE_GIVEN.code, NO_RIM.code, SAC_NOT_DRAWN.code];
/// Some other measure is missing.
const NO_MEASURE: f64 = 2.0;
/// Some other class could as well be its neighbour.
const MEASURE_BORDERLINE: f64 = 1.0;
/// A remark that says nothing against the number by itself.
const REMARK: f64 = 0.05;

/// Flags that speak against a number, by code; every other flag is a [`REMARK`].
const FLAG_WEIGHTS: &[(&str, f64)] = &[
    ("threshold_sensitive", 3.0),
    ("metal", 2.5),
    ("aggregation_sensitive", 2.0),
    ("section_crosses_half", 2.0),
    ("rim_not_seen", 2.0),
    ("exactly_half", 2.0),
    ("touches_border", 2.0),
    ("fraction_soft_hard_differ", 1.5),
    ("segmentation_volume", 2.0),
    ("segmentation_bright", 2.0),
    ("segmenters_disagree", 2.0),
    ("segmentation_unstable", 2.0),
    ("segmentation_area_jump", 1.0),
    ("segmented_here", 1.0),
    ("slice_gt_5mm", 1.0),
    ("chord_leaves_outline", 1.0),
    ("pieces", 0.5),
    ("slice_gt_3mm", 0.5),
];

/// Why a person should look at an exam; `None` if nothing speaks for it.
///
/// A measure missing or near a limit and a flag count once each, however many rows repeat the reason.
pub fn doubt(rows: &ExamRows) -> Option<Doubt> {
    let mut reasons: Vec<(f64, String)> = missing(rows);
    reasons.extend(rows.exams.iter().filter(|r| r.status == Status::Borderline).map(borderline));
    reasons.extend(rows.exams.iter().filter_map(unsure));
    reasons.extend(flags(rows));
    reasons.sort_by(|a, b| b.0.total_cmp(&a.0));
    let score = reasons.iter().map(|r| r.0).sum();
    (!reasons.is_empty()).then(|| Doubt { score, why: reasons.into_iter().map(|r| r.1).collect() })
}

fn is_grade(measure: &str) -> bool {
    measure == "boriani_grade"
}

/// `not evaluable (reason): measure, measure`, one for each reason, in the order of its code.
fn missing(rows: &ExamRows) -> Vec<(f64, String)> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let nothing = |reason: &Option<String>| NOTHING_MISSING.contains(&reason.as_deref().unwrap_or_default());
    let is_missing = |r: &&ExamRow| r.status == Status::NotEvaluable && !nothing(&r.reason);
    for row in rows.exams.iter().filter(is_missing) {
        by_reason.entry(row.reason.as_deref().unwrap_or_default()).or_default().push(&row.measure);
    }
    let weight = |measures: &[&str]| if measures.iter().any(|m| is_grade(m)) { NO_GRADE } else { NO_MEASURE };
    let text = |reason, measures: Vec<&str>| format!("not evaluable ({reason}): {}", measures.join(", "));
    by_reason.into_iter().map(|(reason, measures)| (weight(&measures), text(reason, measures))).collect()
}

fn borderline(row: &ExamRow) -> (f64, String) {
    let weight = if is_grade(&row.measure) { GRADE_BORDERLINE } else { MEASURE_BORDERLINE };
    (weight, format!("borderline: {}", row.measure))
}

/// A grade that may be wrong, by its stated chance.
fn unsure(row: &ExamRow) -> Option<(f64, String)> {
    let chance = row.uncertainty.filter(|u| is_grade(&row.measure) && *u >= LEAST_CHANCE)?;
    Some((GRADE_WRONG * chance, format!("the grade may be wrong with a chance of {chance:.2}")))
}

/// Each flag of any measure once.
fn flags(rows: &ExamRows) -> Vec<(f64, String)> {
    let told = |flag: &&String| !NOT_TOLD.contains(&code(flag));
    let mut all: Vec<&String> = rows.exams.iter().flat_map(|r| &r.flags).filter(told).collect();
    all.sort();
    all.dedup();
    all.into_iter().map(|flag| (flag_weight(flag), flag.clone())).collect()
}

/// The code before the colon.
fn code(flag: &str) -> &str {
    flag.split(':').next().unwrap_or_default()
}

fn flag_weight(flag: &str) -> f64 {
    FLAG_WEIGHTS.iter().find(|(known, _)| *known == code(flag)).map_or(REMARK, |(_, weight)| *weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::flag::FLAGS;
    use crate::measure::rows::Value;

    fn row(measure: &str, status: Status, reason: Option<&str>, flags: &[&str]) -> ExamRow {
        ExamRow {
            measure: measure.to_owned(),
            unit: String::new(),
            status,
            value: reason.is_none().then_some(Value::Number(1.0)),
            uncertainty: None,
            slice: None,
            reason: reason.map(str::to_owned),
            flags: flags.iter().map(|f| (*f).to_owned()).collect(),
        }
    }

    fn doubt_of(exams: Vec<ExamRow>) -> Option<Doubt> {
        doubt(&ExamRows { slices: Vec::new(), exams })
    }

    #[test]
    fn nothing_to_say_is_no_doubt() {
        assert_eq!(doubt_of(vec![row("volume", Status::Ok, None, &[])]), None);
        assert_eq!(doubt_of(Vec::new()), None);
    }

    #[test]
    fn a_reason_is_given_once_with_all_it_takes_away() {
        let refused = |m| row(m, Status::NotEvaluable, Some("metal"), &["metal"]);
        let doubt =
            doubt_of(vec![refused("rim_coverage"), refused("rim"), row("volume", Status::Ok, None, &["metal"])]);
        let doubt = doubt.unwrap();
        assert_eq!(doubt.why, ["metal", "not evaluable (metal): rim_coverage, rim"]);
        assert_eq!(doubt.score, 4.5);
    }

    #[test]
    fn a_missing_grade_outweighs_a_borderline_one_and_that_a_remark() {
        let score = |r: ExamRow| doubt_of(vec![r]).unwrap().score;
        let missing = score(row("boriani_grade", Status::NotEvaluable, Some("rim_ne"), &[]));
        let near = score(row("boriani_grade", Status::Borderline, None, &[]));
        let remark = score(row("boriani_grade", Status::Ok, None, &["pieces:2"]));
        let unknown = score(row("boriani_grade", Status::Ok, None, &["kv_unknown"]));
        assert!(missing > near && near > remark && remark > unknown && unknown > 0.0);
        assert_eq!(remark, 0.5);
    }

    #[test]
    fn the_chance_of_a_wrong_grade_orders_exams_and_is_told_once() {
        let grade = |uncertainty| {
            let row = row("boriani_grade", Status::Ok, None, &["grade_chance:2a=0.60|2b=0.40"]);
            doubt_of(vec![ExamRow { uncertainty, ..row }])
        };
        assert_eq!(grade(Some(0.01)), None);
        assert_eq!(grade(Some(0.4)).unwrap().why, ["the grade may be wrong with a chance of 0.40"]);
        assert!(grade(Some(0.4)).unwrap().score > grade(Some(0.2)).unwrap().score);
    }

    #[test]
    fn every_weighted_flag_exists() {
        for (code, _) in FLAG_WEIGHTS {
            assert!(FLAGS.iter().any(|(known, _)| known == code), "{code}");
        }
    }
}
