//! Two tables of measures compared: two readers, a reader and Osteon, or Osteon with itself (method.md 8).

use super::Undefined;
use super::bland_altman::{BlandAltman, bland_altman};
use super::confusion::Confusion;
use super::icc::{Icc, icc};
use super::kappa::{Coefficient, Weights, ac2, kappa};
use super::paired_t::paired_t;
use super::pairs::Pairs;
use super::summary::{Summary, summary};
use super::table::{Entry, Key, Table};
use crate::config::nearest::nearest;
use crate::measure::{MEASUREMENTS, Measure, measure};
use std::collections::BTreeSet;

/// What the two tables are called.
pub const TABLES: [&str; 2] = ["table A", "table B"];

/// One measure in both tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The measure.
    pub measure: String,
    /// Its unit; empty for classes and where none is known.
    pub unit: String,
    /// What became of the rows.
    pub tally: Tally,
    /// How well they agree.
    pub outcome: Outcome,
}

/// What became of the rows of one measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows with a value in both tables.
    pub compared: usize,
    /// Patients these rows are of.
    pub patients: usize,
    /// Rows that only A has.
    pub only_a: usize,
    /// Rows that only B has.
    pub only_b: usize,
    /// Rows in both that A could not evaluate, though B could.
    pub refused_a: usize,
    /// Rows in both that B could not evaluate, though A could.
    pub refused_b: usize,
    /// Rows in both that neither could evaluate.
    pub refused_both: usize,
}

/// How well two tables agree on a measure.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Of a class.
    Classes(Classes),
    /// Of a number.
    Numbers(Box<Numbers>),
    /// Not compared; the sentence says why and what to do.
    Not(String),
}

/// Agreement on a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    /// The full table.
    pub table: Confusion,
    /// By each of [`Weights::ALL`].
    pub coefficients: Vec<Weighted>,
}

/// Agreement on a class by one kind of weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighted {
    /// Which weights.
    pub weights: Weights,
    /// Cohen's kappa.
    pub kappa: Result<Coefficient, Undefined>,
    /// Gwet's AC2.
    pub ac2: Result<Coefficient, Undefined>,
}

/// Agreement on a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The values.
    pub pairs: Pairs,
    /// What A's come to.
    pub a: Summary,
    /// What B's come to.
    pub b: Summary,
    /// Both correlations.
    pub icc: Result<Icc, Undefined>,
    /// Bias and limits.
    pub limits: Result<BlandAltman, Undefined>,
    /// Two-sided p of the bias, by the paired t test.
    pub bias_p: Result<f64, Undefined>,
}

/// Why two tables cannot be compared.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgreeError {
    /// `--measure` names what neither has.
    #[error("neither table has the measure `{name}`; {}", hint(nearest.as_deref()))]
    UnknownMeasure {
        /// What was asked for.
        name: String,
        /// What there is that resembles it.
        nearest: Option<String>,
    },
    /// No key is in both.
    #[error("no row of A has the same key as one of B; in common are {0}: name them alike in both tables")]
    NothingShared(String),
    /// Keys match, values do not serve.
    #[error("nothing could be compared: {0}")]
    NothingCompared(String),
    /// A cell is neither a number nor a class of its measure.
    #[error("{table}, line {line}: the value of {measure} must be {expected}")]
    Value {
        /// Which table.
        table: &'static str,
        /// Its line.
        line: u64,
        /// The measure.
        measure: String,
        /// What serves.
        expected: String,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or("see their column `measure`".into(), |n| format!("did you mean `{n}`?"))
}

/// Compares every measure that both tables have, or only `wanted`, in the order of the registry.
///
/// # Errors
/// If a cell cannot be read, or nothing can be compared.
pub fn agree(a: &Table, b: &Table, wanted: Option<&str>) -> Result<Vec<Comparison>, AgreeError> {
    let names = measures(a, b, wanted)?;
    if !a.keys().any(|key| names.contains(&key.measure.as_str()) && b.contains_key(key)) {
        return Err(AgreeError::NothingShared(shared(a, b)));
    }
    let comparisons = names.iter().map(|name| compare(name, a, b)).collect::<Result<Vec<_>, _>>()?;
    let not: Vec<String> = comparisons.iter().filter_map(Comparison::obstacle).collect();
    if not.len() == comparisons.len() { Err(AgreeError::NothingCompared(not.join("; "))) } else { Ok(comparisons) }
}

impl Comparison {
    /// Why it was not compared.
    fn obstacle(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Not(why) => Some(format!("{}: {why}", self.measure)),
            _ => None,
        }
    }
}

/// The measures to compare: those of the registry first, the others by name.
fn measures<'a>(a: &'a Table, b: &'a Table, wanted: Option<&str>) -> Result<Vec<&'a str>, AgreeError> {
    let all: BTreeSet<&str> = a.keys().chain(b.keys()).map(|key| key.measure.as_str()).collect();
    let mut names: Vec<&str> = all.iter().copied().filter(|name| wanted.is_none_or(|w| w == *name)).collect();
    if let (true, Some(name)) = (names.is_empty(), wanted) {
        return Err(AgreeError::UnknownMeasure { name: name.into(), nearest: nearest(name, all).map(str::to_owned) });
    }
    let place = |name: &str| MEASUREMENTS.iter().flat_map(|m| m.measures).position(|m| m.name == base(name));
    names.sort_by_key(|name| (place(name).unwrap_or(usize::MAX), *name));
    Ok(names)
}

/// The measure without the level or number that may follow it.
fn base(name: &str) -> &str {
    name.split_once(':').map_or(name, |(base, _)| base)
}

/// How many of each part of the key are in both tables, in words.
fn shared(a: &Table, b: &Table) -> String {
    let parts = ["patients", "timepoints", "modalities", "series", "lesions"];
    let of = |table: &Table, i: usize| table.keys().map(|key| key.exam[i].clone()).collect::<BTreeSet<_>>();
    let count = |i: usize| of(a, i).intersection(&of(b, i)).count();
    let counts: Vec<String> = parts.iter().enumerate().map(|(i, part)| format!("{} {part}", count(i))).collect();
    counts.join(", ")
}

fn compare(name: &str, a: &Table, b: &Table) -> Result<Comparison, AgreeError> {
    let of = |table: &'_ Table| table.keys().filter(|key| key.measure == name).cloned().collect::<BTreeSet<Key>>();
    let (keys_a, keys_b) = (of(a), of(b));
    let both: Vec<(&Entry, &Entry)> = keys_a.intersection(&keys_b).map(|key| (&a[key], &b[key])).collect();
    let values: Vec<Said> = both.iter().filter_map(|(a, b)| Said::of(a, b)).collect();
    let compared = keys_a.intersection(&keys_b).filter(|key| Said::of(&a[*key], &b[*key]).is_some());
    let lacks = |in_a: bool, in_b: bool| {
        both.iter().filter(|(a, b)| a.value.is_some() == in_a && b.value.is_some() == in_b).count()
    };
    let tally = Tally {
        compared: values.len(),
        patients: compared.map(|key| &key.exam[0]).collect::<BTreeSet<_>>().len(),
        only_a: keys_a.difference(&keys_b).count(),
        only_b: keys_b.difference(&keys_a).count(),
        refused_a: lacks(false, true),
        refused_b: lacks(true, false),
        refused_both: lacks(false, false),
    };
    let known = measure(base(name));
    let unit = known.map_or_else(|| both.first().map_or("", |(a, _)| &a.unit), |m| m.unit).to_owned();
    let outcome = match values.is_empty() {
        true => Outcome::Not("no row has a value in both tables".into()),
        false => match other_unit(&both) {
            Some(why) => Outcome::Not(why),
            None => outcome(name, known, &values)?,
        },
    };
    Ok(Comparison { measure: name.to_owned(), unit, tally, outcome })
}

/// What both tables say of one key.
struct Said<'a> {
    values: [&'a str; 2],
    lines: [u64; 2],
}

impl<'a> Said<'a> {
    fn of(a: &'a Entry, b: &'a Entry) -> Option<Self> {
        Some(Self { values: [a.value.as_deref()?, b.value.as_deref()?], lines: [a.line, b.line] })
    }

    /// Both values as `read` takes them, or which of the two is not what is expected.
    fn both<T>(&self, name: &str, expected: &str, read: impl Fn(&str) -> Option<T>) -> Result<(T, T), AgreeError> {
        let one = |i: usize| {
            let error = || AgreeError::Value {
                table: TABLES[i],
                line: self.lines[i],
                measure: name.to_owned(),
                expected: expected.to_owned(),
            };
            read(self.values[i]).ok_or_else(error)
        };
        Ok((one(0)?, one(1)?))
    }
}

/// Whether the tables state different units.
fn other_unit(both: &[(&Entry, &Entry)]) -> Option<String> {
    let differ = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    let (a, b) = both.iter().find(|(a, b)| differ(&a.unit, &b.unit))?;
    Some(format!("A gives it in {}, B in {}: bring both to one unit", a.unit, b.unit))
}

fn outcome(name: &str, known: Option<&Measure>, said: &[Said]) -> Result<Outcome, AgreeError> {
    match known {
        Some(known) if !known.classes.is_empty() => Ok(Outcome::Classes(classes(name, known.classes, said)?)),
        None if said.iter().any(|s| s.values.iter().any(|v| number(v).is_none())) => Ok(Outcome::Not(
            "its values are words, and Osteon knows no such measure whose classes they could be: see `osteon list measures`"
                .into(),
        )),
        _ => Ok(Outcome::Numbers(Box::new(numbers(name, said)?))),
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

fn classes(name: &str, order: &[&str], said: &[Said]) -> Result<Classes, AgreeError> {
    let expected = format!("one of {}", order.join(", "));
    let place = |text: &str| order.iter().position(|class| class.eq_ignore_ascii_case(text));
    let pairs = said.iter().map(|s| s.both(name, &expected, place)).collect::<Result<Vec<_>, _>>()?;
    let table = Confusion::of(order, &pairs);
    let coefficients =
        Weights::ALL.map(|weights| Weighted { weights, kappa: kappa(&table, weights), ac2: ac2(&table, weights) });
    Ok(Classes { table, coefficients: coefficients.into() })
}

fn numbers(name: &str, said: &[Said]) -> Result<Numbers, AgreeError> {
    let pairs = said.iter().map(|s| s.both(name, "a number", number)).collect::<Result<Pairs, _>>()?;
    let column = |values: &[f64]| summary(values).expect("no comparison is made of no value");
    let bias_p = paired_t(&pairs.differences()).map(|test| test.p);
    let (a, b) = (column(&pairs.first), column(&pairs.second));
    Ok(Numbers { a, b, icc: icc(&pairs), limits: bland_altman(&pairs), bias_p, pairs })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "patient,timepoint,modality,measure,value,unit\n";

    fn table(rows: &[&str]) -> Table {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        super::super::table::parse(format!("{HEAD}{text}").as_bytes(), TABLES[0]).unwrap()
    }

    fn grades(values: &[&str]) -> Table {
        let rows: Vec<String> = values.iter().enumerate().map(|(i, v)| format!("P{i},post,CT,rim,{v},")).collect();
        table(&rows.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn rows_are_matched_by_key_and_counted() {
        let a = table(&["P1,pre,CT,rim,none,", "P2,pre,CT,rim,,", "P3,pre,CT,rim,none,", "P4,pre,CT,rim,none,"]);
        let b = table(&["P2,pre,CT,rim,none,", "P1,pre,CT,rim,Complete,", "P3,pre,CT,rim,,", "P5,pre,CT,rim,none,"]);
        let found = agree(&a, &b, None).unwrap();
        let expected =
            Tally { compared: 1, patients: 1, only_a: 1, only_b: 1, refused_a: 1, refused_b: 1, refused_both: 0 };
        assert_eq!(found[0].tally, expected);
        let Outcome::Classes(classes) = &found[0].outcome else { panic!("a class is compared as one") };
        assert_eq!(classes.table.counts, [[0, 0, 1], [0, 0, 0], [0, 0, 0]]);
    }

    #[test]
    fn the_order_of_classes_is_that_of_the_registry() {
        let found = agree(&grades(&["none", "complete", "incomplete"]), &grades(&["none", "complete", "none"]), None);
        let Outcome::Classes(classes) = &found.unwrap()[0].outcome else { panic!("a class is compared as one") };
        assert_eq!(classes.table.classes, ["none", "incomplete", "complete"]);
        let kappas: Vec<f64> = classes.coefficients.iter().map(|c| c.kappa.unwrap().value).collect();
        assert!(kappas[0] < kappas[1] && kappas[1] < kappas[2], "{kappas:?}");
    }

    #[test]
    fn measures_come_in_the_order_of_the_registry_and_unknown_numbers_after() {
        let rows = ["P1,pre,CT,kps,70,", "P1,pre,CT,rim,none,", "P1,pre,CT,volume,12.5,mm3"];
        let found = agree(&table(&rows), &table(&rows), None).unwrap();
        let names: Vec<&str> = found.iter().map(|c| c.measure.as_str()).collect();
        assert_eq!(names, ["volume", "rim", "kps"]);
        assert_eq!(found[0].unit, "mm3");
        let Outcome::Numbers(numbers) = &found[0].outcome else { panic!("a number is compared as one") };
        assert_eq!((numbers.icc, numbers.limits), (Err(Undefined::TooFew), Err(Undefined::TooFew)));
    }

    #[test]
    fn what_cannot_be_compared_says_what_to_do() {
        let a = table(&["P1,pre,CT,volume,12,mm3", "P1,pre,CT,rim,none,"]);
        let said = |b: &[&str], wanted| agree(&a, &table(b), wanted).unwrap_err().to_string();
        let cases = [
            (said(&["P1,post,CT,volume,12,mm3"], None), "in common are 1 patients, 0 timepoints, 1 modalities"),
            (said(&["P1,pre,CT,volume,12,cm3"], Some("volume")), "A gives it in mm3, B in cm3"),
            (said(&["P1,pre,CT,volume,large,mm3"], None), "line 2: the value of volume must be a number"),
            (
                said(&["P1,pre,CT,rim,some,"], None),
                "line 2: the value of rim must be one of none, incomplete, complete",
            ),
            (said(&["P1,pre,CT,rim,none,"], Some("rimm")), "neither table has the measure `rimm`; did you mean `rim`?"),
        ];
        for (said, expected) in cases {
            assert!(said.contains(expected), "{said}");
        }
        let words = table(&["P1,pre,CT,mood,glad,"]);
        assert!(agree(&words, &words, None).unwrap_err().to_string().contains("its values are words"));
    }
}
