//! Who has a value before and one after, and why not.

use super::{inclusion, sequence};
use crate::config::{CohortChoice, GradeChoice};
use crate::measure::MEASUREMENTS;
use crate::stats::table::{Entry, Key, Table, TableError};
use std::collections::{BTreeMap, BTreeSet};

/// Exams of which nothing could be measured, with the reason.
pub type Failures = BTreeMap<[String; 5], String>;

/// Patient and lesion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The pseudonym.
    pub patient: String,
    /// Which lesion.
    pub lesion: String,
    /// Its timepoints in the order of time.
    pub timepoints: Vec<String>,
    /// The one before and the one after, where it has them and they differ.
    pub before: Option<String>,
    /// See `before`.
    pub after: Option<String>,
    /// Why it is in no pair at all; `None` if it is in one.
    pub excluded: Option<String>,
}

/// One measure of one lesion before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Index into [`Pairing::units`].
    pub unit: usize,
    /// `CT`, `MR`, or empty for a score.
    pub modality: String,
    /// The measure.
    pub measure: String,
    /// Its unit.
    pub measured_in: String,
    /// The value before, or why there is none.
    pub before: Result<String, String>,
    /// The value after, or why there is none.
    pub after: Result<String, String>,
    /// What is to be said of a pair that has both values.
    pub remark: Option<String>,
    /// Its values at all timepoints of the pairing, in their order.
    pub course: Vec<Option<String>>,
}

impl Pair {
    /// Both values as written.
    pub fn values(&self) -> Option<(&str, &str)> {
        Some((self.before.as_deref().ok()?, self.after.as_deref().ok()?))
    }

    /// Both values as numbers.
    pub fn numbers(&self) -> Option<(f64, f64)> {
        let (before, after) = self.values()?;
        let number = |text: &str| text.parse().ok().filter(|n: &f64| n.is_finite());
        Some((number(before)?, number(after)?))
    }

    /// Why there is no pair, side by side.
    pub fn reason(&self) -> Option<String> {
        let sides = [("before", &self.before), ("after", &self.after)];
        let reasons: Vec<String> =
            sides.iter().filter_map(|(side, value)| value.as_ref().err().map(|why| format!("{side}:{why}"))).collect();
        (!reasons.is_empty()).then(|| reasons.join(";"))
    }
}

/// All pairs of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairing {
    /// Every patient and lesion, by first appearance.
    pub units: Vec<Unit>,
    /// All timepoints in the order of time.
    pub timepoints: Vec<String>,
    /// Every measure of every unit: measures in the order of the registry, within them units.
    pub pairs: Vec<Pair>,
}

impl Pairing {
    /// Patients with a pair, and all.
    pub fn patients(&self) -> (usize, usize) {
        let paired = self.pairs.iter().filter(|p| p.values().is_some()).map(|p| &self.units[p.unit].patient);
        let count = |names: BTreeSet<&String>| names.len();
        (count(paired.collect()), count(self.units.iter().map(|u| &u.patient).collect()))
    }
}

/// Why a unit is in no pair at all, from why each of its measures is in none: the one reason that all share.
fn excluded(unit: &Unit, reasons: &[Option<String>]) -> Option<String> {
    if unit.timepoints.len() < 2 {
        return Some("one_timepoint".into());
    }
    match (&unit.before, &unit.after, reasons.first()) {
        (None, ..) => Some("no_exam_before".into()),
        (_, None, _) => Some("no_exam_after".into()),
        _ if reasons.iter().any(Option::is_none) => None,
        (.., Some(Some(first))) if reasons.iter().all(|r| r.as_ref() == Some(first)) => Some(first.clone()),
        _ => Some("nothing_evaluable_twice".into()),
    }
}

/// Reads `failures.csv`; no bytes are no failures.
///
/// # Errors
/// If it is there and is no table.
pub fn failures(bytes: &[u8]) -> Result<Failures, TableError> {
    let mut csv = csv::Reader::from_reader(bytes);
    let mut found = Failures::new();
    for record in csv.records() {
        let record = record.map_err(|_| TableError::NotUtf8("failures.csv"))?;
        let cell = |i: usize| record.get(i).unwrap_or_default().to_owned();
        // patient,timepoint,modality,series,lesion,line,stage,reason,message
        found.insert([0, 1, 2, 3, 4].map(cell), cell(7));
    }
    Ok(found)
}

/// Pairs everything in `table`.
pub fn pair(table: &Table, failures: &Failures, choice: &CohortChoice) -> Pairing {
    let mut units: Vec<Unit> = Vec::new();
    let mut places: BTreeMap<[&str; 2], usize> = BTreeMap::new();
    let mut timepoints: Vec<String> = Vec::new();
    for [patient, timepoint, _, _, lesion] in exams_in_order(table, failures) {
        let place = *places.entry([patient, lesion]).or_insert(units.len());
        if place == units.len() {
            let (patient, lesion) = (patient.clone(), lesion.clone());
            units.push(Unit { patient, lesion, timepoints: Vec::new(), before: None, after: None, excluded: None });
        }
        for list in [&mut units[place].timepoints, &mut timepoints] {
            if !list.contains(timepoint) {
                list.push(timepoint.clone());
            }
        }
    }
    timepoints = merged(&timepoints, &units);
    for unit in &mut units {
        choose(unit, choice);
        unit.excluded = inclusion::ruled_out(unit, choice, |unit| diameter(table, failures, unit, choice));
    }
    let pairs = pairs(table, failures, &units, &timepoints, choice);
    let mut reasons: Vec<Vec<Option<String>>> = vec![Vec::new(); units.len()];
    pairs.iter().for_each(|pair| reasons[pair.unit].push(pair.reason()));
    for (unit, reasons) in units.iter_mut().zip(&reasons) {
        unit.excluded = unit.excluded.take().or_else(|| excluded(unit, reasons));
    }
    Pairing { units, timepoints, pairs }
}

/// Every exam once, in the order of the table; those of which nothing could be measured follow.
fn exams_in_order<'a>(table: &'a Table, failures: &'a Failures) -> Vec<&'a [String; 5]> {
    let mut lines: Vec<(u64, &[String; 5])> = table.iter().map(|(key, entry)| (entry.line, &key.exam)).collect();
    lines.sort();
    let mut seen = BTreeSet::new();
    let measured = lines.into_iter().map(|(_, exam)| exam);
    measured.chain(failures.keys()).filter(|exam| seen.insert(*exam)).collect()
}

/// All timepoints in one order that agrees with that of each lesion, as far as these do not contradict each other; where they
/// leave it open, as the table has them.
fn merged(timepoints: &[String], units: &[Unit]) -> Vec<String> {
    let place: BTreeMap<&str, usize> = timepoints.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
    let mut earlier = vec![vec![false; timepoints.len()]; timepoints.len()];
    for unit in units {
        let places: Vec<usize> = unit.timepoints.iter().map(|name| place[name.as_str()]).collect();
        (1..places.len()).for_each(|k| earlier[places[k]][places[k - 1]] = true);
    }
    let (mut left, mut found) = ((0..timepoints.len()).collect::<Vec<_>>(), Vec::new());
    while !left.is_empty() {
        let is_next = |&i: &usize| !left.iter().any(|&j| j != i && earlier[i][j]);
        let next = left.iter().position(is_next).unwrap_or(0);
        found.push(timepoints[left.remove(next)].clone());
    }
    in_time(&mut found);
    found
}

/// Timepoints in order: `pre` first and `post` last, the others as the table has them.
fn in_time(timepoints: &mut [String]) {
    timepoints.sort_by_key(|name| match name.as_str() {
        "pre" => 0,
        "post" => 2,
        _ => 1,
    });
}

/// Orders a unit's timepoints and picks two.
pub(super) fn choose(unit: &mut Unit, choice: &CohortChoice) {
    in_time(&mut unit.timepoints);
    let pick = |name: &String| match name.as_str() {
        "first" => unit.timepoints.first(),
        "last" => unit.timepoints.last(),
        _ => unit.timepoints.iter().find(|t| *t == name),
    };
    let (before, after) = (pick(&choice.before).cloned(), pick(&choice.after).cloned());
    if before == after {
        unit.before = before;
    } else {
        (unit.before, unit.after) = (before, after);
    }
}

fn pairs(
    table: &Table,
    failures: &Failures,
    units: &[Unit],
    timepoints: &[String],
    choice: &CohortChoice,
) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (modality, measure) in measures(table) {
        let measured_in = table.iter().find(|(key, _)| key.measure == measure).map_or("", |(_, entry)| &entry.unit);
        for (i, unit) in units.iter().enumerate() {
            let at = |name: &str, timepoint: &str| match &unit.excluded {
                Some(why) => Err(why.clone()),
                None => value(table, failures, &[&unit.patient, timepoint, modality, &unit.lesion], name, choice),
            };
            let side = |name: &str, timepoint: &Option<String>| {
                timepoint.as_ref().map_or_else(|| Err("no_exam".to_owned()), |timepoint| at(name, timepoint))
            };
            let sides = [side(alone(measure, choice), &unit.before), side(measure, &unit.after)];
            let [before, after] =
                if is_absent_in_both(measure, &sides) { [0, 1].map(|_| Err(ABSENT_BOTH.to_owned())) } else { sides };
            let flags = |timepoint: &Option<String>| match timepoint {
                Some(t) => flags(table, &[&unit.patient, t, modality, &unit.lesion], measure, choice).to_owned(),
                None => String::new(),
            };
            let is_pair = measure == sequence::HANGS_ON_IT && before.is_ok() && after.is_ok();
            let remark = if is_pair { sequence::differs(&flags(&unit.before), &flags(&unit.after)) } else { None };
            pairs.push(Pair {
                unit: i,
                modality: modality.to_owned(),
                measure: measure.to_owned(),
                measured_in: measured_in.to_owned(),
                before,
                after,
                remark,
                course: timepoints.iter().map(|timepoint| at(measure, timepoint).ok()).collect(),
            });
        }
    }
    pairs
}

/// The reason where there was nothing to measure, before or after (method.md 1.6).
pub const ABSENT_BOTH: &str = "absent_both";
/// What may be absent: 0 is then a finding, but 0 twice is no pair.
const MAY_BE_ABSENT: &[&str] = &["cyst_diameter", "cyst_count", "cyst_volume"];

fn is_absent_in_both(measure: &str, sides: &[Result<String, String>; 2]) -> bool {
    let is_zero = |side: &Result<String, String>| side.as_ref().is_ok_and(|text| text.parse() == Ok(0.0));
    MAY_BE_ABSENT.contains(&measure) && sides.iter().all(is_zero)
}

/// The reason where several images of an exam give a value and none is chosen.
pub const SEVERAL_SERIES: &str = "several_series";
/// The grade beside a baseline, which the baseline itself cannot have: before treatment it is that of the exam alone.
pub const PAIRED_GRADE: &str = "boriani_grade_paired";
/// The grade of an exam alone.
pub const GRADE: &str = "boriani_grade";

/// What stands before treatment beside `measure` after it.
fn alone<'a>(measure: &'a str, choice: &CohortChoice) -> &'a str {
    if measure == PAIRED_GRADE && choice.grade == GradeChoice::Paired { GRADE } else { measure }
}

/// The diameter of a unit before treatment, mm.
fn diameter(table: &Table, failures: &Failures, unit: &Unit, choice: &CohortChoice) -> Option<f64> {
    let exam = [&unit.patient, unit.before.as_deref()?, "CT", &unit.lesion];
    value(table, failures, &exam, "max_diameter", choice).ok()?.parse().ok()
}

/// Modality and name of every measure, in the order of the registry, the others by name.
fn measures(table: &Table) -> Vec<(&str, &str)> {
    let all: BTreeSet<(&str, &str)> = table.keys().map(|key| (key.exam[2].as_str(), key.measure.as_str())).collect();
    let place = |name: &str| MEASUREMENTS.iter().flat_map(|m| m.measures).position(|m| m.name == name);
    let mut all: Vec<(&str, &str)> = all.into_iter().collect();
    all.sort_by_key(|(modality, name)| (*modality, place(name).unwrap_or(usize::MAX), *name));
    all
}

/// The one value of a measure at a timepoint, or why there is none.
fn value(
    table: &Table,
    failures: &Failures,
    [patient, timepoint, modality, lesion]: &[&str; 4],
    measure: &str,
    choice: &CohortChoice,
) -> Result<String, String> {
    let is_it = |exam: &[String; 5]| is_of(exam, &[patient, timepoint, modality, lesion]);
    let found: Vec<&Entry> = entries(table, &[patient, timepoint, modality, lesion], measure, choice).collect();
    let values: Vec<&String> = found.iter().filter_map(|entry| entry.value.as_ref()).collect();
    match (values.as_slice(), found.first()) {
        ([one], _) => Ok((*one).clone()),
        ([], Some(entry)) if entry.reason.is_empty() => Err("no_value".into()),
        ([], Some(entry)) => Err(entry.reason.clone()),
        ([], None) => {
            let from = [*patient, timepoint, modality, "", ""].map(str::to_owned);
            let mut of_patient = failures.range(from..).take_while(|(exam, _)| exam[0] == *patient);
            Err(of_patient.find(|(exam, _)| is_it(exam)).map_or_else(|| "no_exam".into(), |(_, reason)| reason.clone()))
        }
        _ => Err(SEVERAL_SERIES.into()),
    }
}

/// Whether an exam is that of a patient, timepoint, modality and lesion.
fn is_of(exam: &[String; 5], wanted: &[&str; 4]) -> bool {
    [0, 1, 2, 4].iter().zip(wanted).all(|(&i, wanted)| exam[i] == **wanted)
}

/// What is there of a measure at a timepoint, of the series chosen.
fn entries<'a>(
    table: &'a Table,
    exam: &[&'a str; 4],
    measure: &'a str,
    choice: &CohortChoice,
) -> impl Iterator<Item = &'a Entry> {
    let wanted = choice.series.get(measure).cloned();
    let (exam, patient) = (*exam, exam[0]);
    let own = move |key: &Key| is_of(&key.exam, &exam) && wanted.as_ref().is_none_or(|series| key.exam[3] == *series);
    of_exam(table, measure, patient).filter(move |(key, _)| own(key)).map(|(_, entry)| entry)
}

/// The flags of the value of a measure at a timepoint.
fn flags<'a>(table: &'a Table, exam: &[&'a str; 4], measure: &'a str, choice: &CohortChoice) -> &'a str {
    entries(table, exam, measure, choice).find(|entry| entry.value.is_some()).map_or("", |entry| &entry.flags)
}

/// All that is there of a measure of a patient; keys are sorted by measure, then patient.
fn of_exam<'a>(table: &'a Table, measure: &'a str, patient: &'a str) -> impl Iterator<Item = (&'a Key, &'a Entry)> {
    let exam = [patient, "", "", "", ""].map(str::to_owned);
    let from = Key { measure: measure.to_owned(), exam };
    table.range(from..).take_while(move |(key, _)| key.measure == measure && key.exam[0] == patient)
}

#[cfg(test)]
mod tests {
    use super::super::usual;
    use super::*;
    use crate::batch::study::ExamName;
    use crate::stats::table::parse;

    const HEAD: &str = "patient,timepoint,modality,series,lesion,measure,value,unit,status,reason\n";

    fn of(rows: &str, failures: &[(&str, &str)], choice: &CohortChoice) -> Pairing {
        let table = parse(format!("{HEAD}{rows}").as_bytes(), "exams.csv").unwrap();
        let failed = failures.iter().map(|(patient, timepoint)| {
            let exam = [patient, timepoint, "CT", ExamName::SERIES, ExamName::LESION].map(str::to_owned);
            (exam, "truncated_file".to_owned())
        });
        pair(&table, &failed.collect(), choice)
    }

    fn reasons(pairing: &Pairing) -> Vec<Option<String>> {
        pairing.pairs.iter().map(Pair::reason).collect()
    }

    #[test]
    fn everybody_without_a_pair_has_a_reason() {
        let rows = "P1,post,CT,main,1,volume,2,mm3,ok,\nP1,pre,CT,main,1,volume,1,mm3,ok,\n\
                    P2,pre,CT,main,1,volume,1,mm3,ok,\nP2,post,CT,main,1,volume,,mm3,not_evaluable,metal\n\
                    P3,pre,CT,main,1,volume,1,mm3,ok,\nP4,pre,CT,main,1,volume,1,mm3,ok,\n";
        let found = of(rows, &[("P3", "post")], &usual());
        assert_eq!(found.pairs[0].values(), Some(("1", "2")), "pre is before post whatever the order of the table");
        let why = |text: &str| Some(text.to_owned());
        assert_eq!(reasons(&found), [None, why("after:metal"), why("after:truncated_file"), why("after:no_exam")]);
        let excluded: Vec<Option<String>> = found.units.iter().map(|unit| unit.excluded.clone()).collect();
        assert_eq!(excluded, [None, why("after:metal"), why("after:truncated_file"), why("one_timepoint")]);
        assert_eq!(found.patients(), (1, 4));
    }

    #[test]
    fn of_three_timepoints_the_first_and_last_or_the_named_are_taken() {
        let rows =
            "P1,t0,CT,main,1,volume,1,mm3,ok,\nP1,t1,CT,main,1,volume,2,mm3,ok,\nP1,t2,CT,main,1,volume,3,mm3,ok,\n";
        let values = |choice: &CohortChoice| {
            let pair = of(rows, &[], choice).pairs.remove(0);
            pair.values().map(|(before, after)| format!("{before} {after}"))
        };
        assert_eq!(values(&usual()).unwrap(), "1 3");
        let named = CohortChoice { after: "t1".into(), ..usual() };
        assert_eq!(values(&named).unwrap(), "1 2");
    }

    #[test]
    fn several_evaluable_series_need_a_choice() {
        let rows = "P1,pre,CT,bone,1,volume,1,mm3,ok,\nP1,pre,CT,soft,1,volume,2,mm3,ok,\nP1,post,CT,soft,1,volume,3,mm3,ok,\n";
        let open = of(rows, &[], &usual());
        assert_eq!(reasons(&open), [Some("before:several_series".to_owned())]);
        let series = [("volume".to_owned(), "soft".to_owned())].into();
        let chosen = of(rows, &[], &CohortChoice { series, ..usual() });
        assert_eq!(chosen.pairs[0].values(), Some(("2", "3")));
    }
}
