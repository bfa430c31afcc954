//! Response of a patient by RECIST 1.1: the sum of its target lesions on CT.
//!
//! Targets are the largest lesions of at least 10 mm before treatment, as many as are asked for. The sum is judged as one
//! diameter is; a sum of which a target is missing is less than the whole, and so can only show progression.

use super::inclusion::BY_RULE;
use super::pairing::{Pair, Pairing, Unit, choose};
use super::response::{Class, MEASURABLE_MM, TIMEPOINT_AMBIGUOUS, has_grown, has_shrunk, span, tally};
use crate::config::CohortChoice;
use std::collections::BTreeMap;
use std::ops::Range;

/// The sum in `patients.csv`.
pub const SUM: &str = "recist_sum";
/// The class in `patients.csv`.
pub const CLASS: &str = "response_recist_patient";
/// A lesion that is first heard of after treatment began.
const NEW: &str = "new_or_unlisted";
/// A lesion outside the sum that has grown as much as makes a sum progressive.
const GROWN: &str = "grown";

/// The response of every patient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatientResponses {
    /// How many lesions a sum counts at most.
    pub most: usize,
    /// One for each patient who was there before and after treatment.
    pub all: Vec<PatientResponse>,
}

/// The response of one patient.
#[derive(Clone, Debug, PartialEq)]
pub struct PatientResponse {
    /// The patient as a whole; its lesion has no name.
    pub patient: Unit,
    /// How many lesions it has in all.
    pub lesions: usize,
    /// The lesions that are summed, the largest first.
    pub targets: Vec<String>,
    /// The sum before treatment and after it, mm; `None` where a target is missing.
    pub sums: [Option<f64>; 2],
    /// `None` where it cannot be told; then there are remarks.
    pub class: Option<Class>,
    /// What is missing, and of which lesion: `after:REASON:LESION`.
    pub remarks: Vec<String>,
}

impl PatientResponses {
    /// How many patients are of each of [`Class::ALL`].
    pub fn counts(&self) -> [usize; 3] {
        tally(self.all.iter().filter_map(|response| response.class))
    }

    /// Those of patients with several lesions, by their pseudonyms.
    pub fn of_several(&self) -> BTreeMap<&str, &PatientResponse> {
        let several = self.all.iter().filter(|response| response.lesions > 1);
        several.map(|response| (response.patient.patient.as_str(), response)).collect()
    }
}

/// The response of every patient who should have diameters on CT, by first appearance.
pub fn responses(measures: &Pairing, choice: &CohortChoice) -> PatientResponses {
    let sizes = measures.pairs.iter().filter(|pair| pair.modality == "CT" && pair.measure == "max_diameter");
    let (mut patients, mut places): (Vec<Vec<Lesion>>, BTreeMap<&str, usize>) = (Vec::new(), BTreeMap::new());
    for lesion in sizes.map(|size| Lesion { unit: &measures.units[size.unit], size }) {
        let place = *places.entry(&lesion.unit.patient).or_insert(patients.len());
        if place == patients.len() {
            patients.push(Vec::new());
        }
        patients[place].push(lesion);
    }
    let stays = |lesions: &&Vec<Lesion>| lesions.iter().any(|lesion| !is_ruled_out(lesion.unit));
    let all = patients.iter().filter(stays).filter_map(|lesions| response(measures, lesions, choice)).collect();
    PatientResponses { most: choice.recist_targets, all }
}

fn is_ruled_out(unit: &Unit) -> bool {
    unit.excluded.as_ref().is_some_and(|why| why.starts_with(BY_RULE))
}

/// One lesion of the patient with its diameters.
#[derive(Clone, Copy)]
struct Lesion<'a> {
    unit: &'a Unit,
    size: &'a Pair,
}

impl Lesion<'_> {
    /// Its diameter at the patient's timepoint before, or why there is none. The lesion's own may be a later one.
    fn before(&self, patient: &Unit) -> Result<f64, String> {
        let is_same = self.unit.before == patient.before;
        if is_same { number(&self.size.before) } else { Err("no_exam".into()) }
    }

    /// Its diameter at the patient's timepoint after, or why there is none.
    fn after(&self, patient: &Unit) -> Result<f64, String> {
        if self.unit.after == patient.after { number(&self.size.after) } else { Err("no_exam".into()) }
    }
}

fn number(value: &Result<String, String>) -> Result<f64, String> {
    value.clone()?.parse().ok().filter(|mm: &f64| mm.is_finite()).ok_or_else(|| "no_number".into())
}

/// `None` of a patient who was not there both before and after.
fn response(measures: &Pairing, lesions: &[Lesion], choice: &CohortChoice) -> Option<PatientResponse> {
    let patient = as_a_whole(measures, lesions, choice)?;
    let place = |name: &String| measures.timepoints.iter().position(|t| t == name);
    let is_in_order = lesions.iter().all(|lesion| lesion.unit.timepoints.iter().is_sorted_by_key(place));
    let span = match span(measures, &patient) {
        Ok(span) if is_in_order => span,
        _ => return Some(PatientResponse::untold(patient, lesions.len(), TIMEPOINT_AMBIGUOUS.into())),
    };
    let (new, known): (Vec<&Lesion>, Vec<&Lesion>) = lesions.iter().partition(|lesion| is_new(measures, lesion, &span));
    let known: Vec<Lesion> = known.into_iter().filter(|lesion| !is_ruled_out(lesion.unit)).copied().collect();
    let (targets, mut remarks) = targets(&known, &patient, choice.recist_targets);
    let before: f64 = targets.iter().map(|(_, mm)| mm).sum();
    let targets: Vec<Lesion> = targets.into_iter().map(|(lesion, _)| lesion).collect();
    let (least, missing) = sum_after(&targets, &patient);
    let is_whole = missing.is_empty() && !targets.is_empty();
    let nadir = nadir(&targets, span).unwrap_or(before).min(before);
    let grown = grown(&known, &targets, &patient);
    let class = match (has_grown(nadir, least), is_whole && new.is_empty() && grown.is_empty()) {
        _ if targets.is_empty() => None,
        (true, _) => Some(Class::Progressive),
        (_, false) => None,
        _ => Some(if has_shrunk(before, least) { Class::Partial } else { Class::Stable }),
    };
    remarks.extend(missing);
    remarks.extend(grown);
    remarks.extend(new.iter().map(|lesion| format!("{NEW}:{}", lesion.unit.lesion)));
    let sums = [(!targets.is_empty()).then_some(before), is_whole.then_some(least)];
    let targets = targets.iter().map(|lesion| lesion.unit.lesion.clone()).collect();
    Some(PatientResponse { patient, lesions: lesions.len(), targets, sums, class, remarks })
}

impl PatientResponse {
    fn untold(patient: Unit, lesions: usize, why: String) -> Self {
        Self { patient, lesions, targets: Vec::new(), sums: [None, None], class: None, remarks: vec![why] }
    }
}

/// Whether a lesion was examined up to the timepoint after, but never up to that before.
fn is_new(measures: &Pairing, lesion: &Lesion, span: &Range<usize>) -> bool {
    let time = |name: &String| measures.timepoints.iter().position(|t| t == name).unwrap_or(usize::MAX);
    let mut times = lesion.unit.timepoints.iter().map(time).filter(|&t| t <= span.end).peekable();
    times.peek().is_some() && times.all(|t| t > span.start)
}

/// The lesions that are no targets and have grown as much as makes a sum progressive: whether the disease has is for a reader
/// to say, but stable or smaller it is not.
fn grown(known: &[Lesion], targets: &[Lesion], patient: &Unit) -> Vec<String> {
    let is_target = |lesion: &Lesion| targets.iter().any(|target| target.unit.lesion == lesion.unit.lesion);
    let others = known.iter().filter(|lesion| !is_target(lesion));
    let grown = others.filter(|lesion| {
        let both = lesion.before(patient).ok().zip(lesion.after(patient).ok());
        both.is_some_and(|(before, after)| has_grown(before, after))
    });
    grown.map(|lesion| format!("{GROWN}:{}", lesion.unit.lesion)).collect()
}

/// The patient with the timepoints of all its lesions in the order of the pairing, if there are two to compare.
fn as_a_whole(measures: &Pairing, lesions: &[Lesion], choice: &CohortChoice) -> Option<Unit> {
    let mut whole = Unit { lesion: String::new(), timepoints: Vec::new(), ..lesions.first()?.unit.clone() };
    for timepoint in lesions.iter().flat_map(|lesion| &lesion.unit.timepoints) {
        if !whole.timepoints.contains(timepoint) {
            whole.timepoints.push(timepoint.clone());
        }
    }
    whole.timepoints.sort_by_key(|name| measures.timepoints.iter().position(|t| t == name));
    (whole.before, whole.after, whole.excluded) = (None, None, None);
    choose(&mut whole, choice);
    (whole.before.is_some() && whole.after.is_some()).then_some(whole)
}

/// The largest measurable lesions before treatment with their diameters, and whose diameter is not known; where there are
/// no targets, also which lesions are too small. Of equal ones the first of the table goes first.
fn targets<'a>(known: &[Lesion<'a>], patient: &Unit, most: usize) -> (Vec<(Lesion<'a>, f64)>, Vec<String>) {
    let (mut found, mut unknown, mut small) = (Vec::new(), Vec::new(), Vec::new());
    for lesion in known {
        match lesion.before(patient) {
            Ok(mm) if mm >= MEASURABLE_MM => found.push((*lesion, mm)),
            Ok(_) => small.push(format!("before:below_recist_10mm:{}", lesion.unit.lesion)),
            Err(why) => unknown.push(format!("before:{why}:{}", lesion.unit.lesion)),
        }
    }
    found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    found.truncate(most);
    unknown.extend(if found.is_empty() { small } else { Vec::new() });
    (found, unknown)
}

/// The sum of what is measured after treatment, and what is missing.
fn sum_after(targets: &[Lesion], patient: &Unit) -> (f64, Vec<String>) {
    let (mut sum, mut missing) = (0.0, Vec::new());
    for lesion in targets {
        match lesion.after(patient) {
            Ok(mm) => sum += mm,
            Err(why) => missing.push(format!("after:{why}:{}", lesion.unit.lesion)),
        }
    }
    (sum, missing)
}

/// The smallest sum from before treatment on and earlier than the one after it, where every target is measured.
fn nadir(targets: &[Lesion], span: Range<usize>) -> Option<f64> {
    let at = |lesion: &Lesion, time: usize| lesion.size.course.get(time)?.as_ref()?.parse::<f64>().ok();
    let sums = span.filter_map(|time| targets.iter().map(|lesion| at(lesion, time)).sum::<Option<f64>>());
    sums.filter(|sum| sum.is_finite()).reduce(f64::min)
}

#[cfg(test)]
mod tests {
    use super::super::pairing::{Failures, pair};
    use super::super::usual;
    use super::*;
    use crate::stats::table::parse;

    /// Lesions with a diameter at each timepoint: `-` was not examined, `x` gave no number.
    fn of(lesions: &[(&str, &str)], choice: &CohortChoice) -> PatientResponse {
        let mut text = "patient,timepoint,modality,series,lesion,measure,value,unit,status,reason\n".to_owned();
        for (lesion, times) in lesions {
            for (i, mm) in times.split(' ').enumerate().filter(|(_, mm)| *mm != "-") {
                let (mm, why) = if mm == "x" { ("", "metal") } else { (mm, "") };
                text += &format!("P,t{i},CT,main,{lesion},max_diameter,{mm},mm,,{why}\n");
            }
        }
        let table = parse(text.as_bytes(), "exams.csv").unwrap();
        responses(&pair(&table, &Failures::default(), choice), choice).all.remove(0)
    }

    /// Targets, sums, class, remarks.
    fn said(lesions: &[(&str, &str)]) -> String {
        let found = of(lesions, &usual());
        let sum = |mm: Option<f64>| mm.map_or_else(|| "-".to_owned(), |mm| mm.to_string());
        let class = found.class.map_or("NE", Class::code);
        let all = [found.targets.join("|"), sum(found.sums[0]), sum(found.sums[1]), class.into()];
        [all.join(" "), found.remarks.join(";")].join(" ").trim_end().to_owned()
    }

    #[test]
    fn the_largest_two_of_at_least_10_mm_are_summed() {
        let lesions = [("a", "12 30"), ("b", "40 20"), ("c", "20 20"), ("d", "9.9 9.9")];
        assert_eq!(said(&lesions), "b|c 60 40 NE grown:a", "60 to 40 mm is -33 %; a is third, d is not measurable");
        assert_eq!(said(&[("a", "12 14"), ("b", "40 20"), ("c", "20 20")]), "b|c 60 40 PR");
        assert_eq!(said(&[("a", "8 50"), ("b", "40 60")]), "b 40 60 PD grown:a");
        let three = CohortChoice { recist_targets: 3, ..usual() };
        assert_eq!(of(&lesions, &three).sums, [Some(72.0), Some(70.0)]);
        assert_eq!(said(&[("a", "20 20"), ("b", "20 10"), ("c", "20 5")]), "a|b 40 30 SD", "of equal ones the first");
        assert_eq!(said(&[("1", "10 10")]), "1 10 10 SD", "10 mm exactly is measurable");
    }

    #[test]
    fn limits_of_the_sum_belong_to_the_class_that_names_them() {
        assert_eq!(said(&[("a", "30 20"), ("b", "20 15")]), "a|b 50 35 PR", "-30 % exactly");
        assert_eq!(said(&[("a", "30 20.1"), ("b", "20 15")]), "a|b 50 35.1 SD");
        assert_eq!(said(&[("a", "30 40"), ("b", "20 20")]), "a|b 50 60 PD", "+20 % and +10 mm");
        assert_eq!(said(&[("a", "30 39.9"), ("b", "20 20")]), "a|b 50 59.9 SD");
        assert_eq!(said(&[("a", "12.5 17.5"), ("b", "12.5 12.5")]), "a|b 25 30 PD", "+20 % and +5 mm, both exactly");
        assert_eq!(said(&[("a", "12 16.5"), ("b", "12 12")]), "a|b 24 28.5 SD", "+19 % of the sum, +38 % of one");
        assert_eq!(said(&[("a", "11 15.9"), ("b", "11 11")]), "a|b 22 26.9 SD", "+22 % is only 4.9 mm");
    }

    #[test]
    fn progression_counts_from_the_smallest_whole_sum() {
        assert_eq!(said(&[("a", "50 30 36"), ("b", "30 20 24")]), "a|b 80 60 PD", "50 to 60 mm, although -25 % in all");
        assert_eq!(said(&[("a", "50 10 36"), ("b", "30 x 24")]), "a|b 80 60 SD", "t1 lacks a target");
        assert_eq!(said(&[("a", "50 30 20"), ("b", "30 20 20")]), "a|b 80 40 PR");
        assert_eq!(
            said(&[("a", "50 10 28"), ("b", "30 48 30")]),
            "a|b 80 58 SD",
            "58 of 58: each one's own is no nadir"
        );
    }

    #[test]
    fn a_missing_target_leaves_only_progression_to_be_told() {
        assert_eq!(said(&[("a", "30 30"), ("b", "20 x")]), "a|b 50 - NE after:metal:b");
        assert_eq!(said(&[("a", "30 10"), ("b", "20 -")]), "a|b 50 - NE after:no_exam:b");
        assert_eq!(said(&[("a", "30 60"), ("b", "20 x")]), "a|b 50 - PD after:metal:b", "60 of 50 mm without b");
        assert_eq!(said(&[("a", "30 59"), ("b", "20 x")]), "a|b 50 - NE after:metal:b");
    }

    #[test]
    fn a_lesion_first_heard_of_after_treatment_is_named_and_called_nothing() {
        assert_eq!(said(&[("a", "30 20"), ("b", "- 12")]), "a 30 20 NE new_or_unlisted:b");
        assert_eq!(said(&[("a", "30 20 20"), ("b", "- x -")]), "a 30 20 NE new_or_unlisted:b", "seen in between");
        assert_eq!(said(&[("a", "30 40"), ("b", "- 12")]), "a 30 40 PD new_or_unlisted:b");
        let early = CohortChoice { after: "t1".into(), ..usual() };
        assert_eq!(of(&[("a", "30 20 20"), ("b", "- - 12")], &early).class, Some(Class::Partial), "later than after");
        let late = CohortChoice { before: "t1".into(), ..usual() };
        let earlier = of(&[("a", "40 30 20"), ("b", "30 - 12")], &late);
        assert_eq!((earlier.class, earlier.remarks), (Some(Class::Partial), vec!["before:no_exam:b".to_owned()]));
    }

    /// Rows of the table as given: patient, timepoint, lesion, mm.
    fn in_table_order(rows: &[[&str; 4]]) -> Vec<PatientResponse> {
        let row = |[p, t, lesion, mm]: &[&str; 4]| format!("{p},{t},CT,main,{lesion},max_diameter,{mm},mm,,\n");
        let head = "patient,timepoint,modality,series,lesion,measure,value,unit,status,reason\n";
        let text = head.to_owned() + &rows.iter().map(row).collect::<String>();
        let table = parse(text.as_bytes(), "exams.csv").unwrap();
        responses(&pair(&table, &Failures::default(), &usual()), &usual()).all
    }

    #[test]
    fn time_is_that_of_the_lesions_not_of_the_first_row() {
        let late = [["P", "t1", "b", "12"], ["P", "t0", "a", "30"], ["P", "t1", "a", "20"]];
        let found = &in_table_order(&late)[0];
        assert_eq!((found.sums, &found.remarks), ([Some(30.0), Some(20.0)], &vec!["new_or_unlisted:b".to_owned()]));
        let first = [["P", "t1", "1", "9"], ["P", "t2", "1", "9"]];
        let all = [&first[..], &[["Q", "t0", "1", "50"], ["Q", "t1", "1", "30"], ["Q", "t2", "1", "36"]]].concat();
        assert_eq!(in_table_order(&all)[1].class, Some(Class::Progressive), "from 30 mm at t1");
    }

    #[test]
    fn contradicting_orders_leave_no_class() {
        let rows = [["P", "t0", "1", "50"], ["P", "t1", "1", "30"], ["Q", "t1", "1", "50"], ["Q", "t0", "1", "30"]];
        let found = in_table_order(&rows);
        assert_eq!(found[0].class, Some(Class::Partial));
        assert_eq!((found[1].class, &found[1].remarks[..]), (None, &["timepoint_ambiguous".to_owned()][..]));
    }

    #[test]
    fn what_cannot_be_a_target_is_said() {
        assert_eq!(said(&[("a", "9 30"), ("b", "x 30")]), " - - NE before:metal:b;before:below_recist_10mm:a;grown:a");
        assert_eq!(said(&[("a", "30 20"), ("b", "x 30")]), "a 30 20 PR before:metal:b");
    }

    #[test]
    fn rules_of_the_cohort_hold() {
        let mut choice = usual();
        choice.rules.least_diameter_mm = 25.0;
        let found = of(&[("a", "30 20"), ("b", "20 40"), ("c", "- 8")], &choice);
        assert_eq!((found.targets, found.remarks), (vec!["a".to_owned()], vec!["new_or_unlisted:c".to_owned()]));
        choice.rules.exclude_patients = vec!["P".into()];
        let table =
            parse(b"patient,timepoint,modality,measure,value\nP,t0,CT,max_diameter,30\nP,t1,CT,max_diameter,30\n", "x");
        let measures = pair(&table.unwrap(), &Failures::default(), &choice);
        assert_eq!(responses(&measures, &choice).all, []);
    }
}
