//! The rows of the paper's tables: each a measure with its numbers before and after and its test.

use super::clinical::{SCORES, Scale};
use super::pairing::{GRADE, PAIRED_GRADE, Pair, Pairing};
use crate::config::GradeChoice;
use crate::measure::measure;
use crate::stats::Interval;
use crate::stats::Undefined;
use crate::stats::hodges_lehmann::hodges_lehmann;
use crate::stats::holm::holm;
use crate::stats::mcnemar::mcnemar_exact;
use crate::stats::paired_t::paired_t;
use crate::stats::pairs::Pairs;
use crate::stats::signed_rank::signed_rank;
use crate::stats::summary::{Summary, summary};

/// One row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which table it stands in.
    pub table: Part,
    /// The measure, with its modality where the same is measured on both.
    pub name: String,
    /// What a paper calls it, with its unit.
    pub title: String,
    /// Decimals that the paper prints it with; `None` where it does not, and for classes.
    pub decimals: Option<usize>,
    /// Pairs it rests on.
    pub n: usize,
    /// Its numbers.
    pub numbers: Numbers,
    /// Pairs whose value or class fell, stayed, rose.
    pub moved: [usize; 3],
    /// What the test says.
    pub test: Result<Test, Undefined>,
    /// The p of the test among all of its table (Holm), the exact one where there is one.
    pub p_holm: Option<f64>,
    /// The change, before minus after.
    pub change: Option<(f64, Option<Interval>)>,
}

/// Which table a row stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Radiologic results.
    One,
    /// Clinical results.
    Two,
    /// What else was measured.
    Rest,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::One, Self::Two, Self::Rest];

    /// As `cohort.csv` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Two => "2",
            Self::Rest => "other",
        }
    }
}

/// What stands before and after.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Mean and SD are shown.
    Mean(Box<[Summary; 2]>),
    /// Median and range are shown.
    Median(Box<[Summary; 2]>),
    /// Counts of each class.
    Counts(Vec<(String, [usize; 2])>),
}

/// A test of before against after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// `paired_t`, `wilcoxon` or `mcnemar`.
    pub name: &'static str,
    /// t or Z; `None` for an exact test.
    pub value: Option<f64>,
    /// Two-sided; of an exact test the exact one.
    pub p: f64,
    /// Two-sided and exact, of ranks and of yes and no.
    pub p_exact: Option<f64>,
    /// Cohen's d_z or the rank-biserial correlation; positive where values fell.
    pub effect: Option<f64>,
}

/// How a row is tested.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Mean,
    Median,
    Classes(&'static [&'static str]),
}

/// The numbers of the paper's Table 1, as it tests and prints them: modality, measure, title, test, factor (per cent of
/// shares), decimals.
const TABLE_1: &[(&str, &str, &str, Kind, f64, usize)] = &[
    ("CT", "max_diameter", "Maximum diameter (mm)", Kind::Median, 1.0, 1),
    ("MR", "canal_occupancy", "Proportion of the spinal canal (%)", Kind::Mean, 100.0, 1),
    ("MR", "si_ratio", "Signal intensity (SI) ratio", Kind::Mean, 1.0, 2),
    ("CT", "vertebral_height", "Vertebral height (mm)", Kind::Mean, 1.0, 1),
    ("MR", "cyst_diameter", "Diameter of the cyst (mm)", Kind::Mean, 1.0, 1),
];

/// The classes of the paper's Table 1 and of its text.
const CLASSES_1: &[(&str, &str, &str)] = &[
    ("MR", "cord_compression", "Spinal cord compression"),
    ("CT", "rim", "Peripheral rim"),
    ("CT", "interior", "Bone formation inside"),
    ("CT", "boriani_grade", "Boriani grade"),
];

/// Every row that has a pair, table by table, with Holm's correction within each.
pub fn rows(measures: &Pairing, scores: Option<&Pairing>, grade: GradeChoice) -> Vec<Row> {
    let mut rows: Vec<Row> = groups(measures).into_iter().filter_map(|pairs| measured(&pairs, grade)).collect();
    rows.extend(scores.into_iter().flat_map(groups).filter_map(|pairs| scored(&pairs)));
    rows.sort_by_key(|row| (row.table, place(&row.name)));
    for part in Part::ALL {
        correct(rows.iter_mut().filter(|row| row.table == part).collect());
    }
    rows
}

/// The pairs of each measure.
fn groups(pairing: &Pairing) -> Vec<Vec<&Pair>> {
    let same = |a: &Pair, b: &Pair| (&a.modality, &a.measure) == (&b.modality, &b.measure);
    pairing.pairs.chunk_by(same).map(|chunk| chunk.iter().filter(|p| p.values().is_some()).collect()).collect()
}

/// Where a row stands in its table, if the paper has it.
fn place(name: &str) -> usize {
    let numbers = TABLE_1.iter().map(|row| (row.0, row.1));
    let all = numbers.chain(CLASSES_1.iter().map(|row| (row.0, row.1))).chain([("CT", PAIRED_GRADE)]);
    let scores = SCORES.iter().map(|s| ("", s.name));
    all.chain(scores).position(|(modality, measure)| name == label(modality, measure)).unwrap_or(usize::MAX)
}

fn label(modality: &str, measure: &str) -> String {
    format!("{modality} {measure}").trim_start().to_owned()
}

/// What stands for a measure in the list of the paper's classes: the chosen grade is its grade, the other is not.
fn as_printed(measure: &str, grade: GradeChoice) -> &str {
    match (measure, grade) {
        (PAIRED_GRADE, GradeChoice::Paired) => GRADE,
        (GRADE, GradeChoice::Paired) => PAIRED_GRADE,
        _ => measure,
    }
}

/// The classes that a measure can take; empty of a number.
fn classes_of(name: &str) -> &'static [&'static str] {
    measure(if name == PAIRED_GRADE { GRADE } else { name }).map_or(&[], |known| known.classes)
}

fn measured(pairs: &[&Pair], grade: GradeChoice) -> Option<Row> {
    let first = pairs.first()?;
    let is_it = |modality: &str, measure: &str| first.modality == modality && first.measure == measure;
    let name = label(&first.modality, &first.measure);
    if let Some(&(_, _, title, kind, scale, decimals)) = TABLE_1.iter().find(|row| is_it(row.0, row.1)) {
        let row = row(Part::One, name, title.to_owned(), kind, scale, pairs)?;
        return Some(Row { decimals: Some(decimals), ..row });
    }
    let stands_for = as_printed(&first.measure, grade);
    let printed = CLASSES_1.iter().find(|row| first.modality == row.0 && stands_for == row.1);
    let part = if printed.is_some() { Part::One } else { Part::Rest };
    match classes_of(&first.measure) {
        classes @ [_, ..] => {
            let title = printed.map_or_else(|| name.clone(), |row| row.2.to_owned());
            row(part, name, title, Kind::Classes(classes), 1.0, pairs)
        }
        [] => {
            let unit = if matches!(first.measured_in.as_str(), "" | "1") {
                String::new()
            } else {
                format!(" ({})", first.measured_in)
            };
            let title = format!("{name}{unit}");
            row(part, name, title, Kind::Median, 1.0, pairs)
        }
    }
}

fn scored(pairs: &[&Pair]) -> Option<Row> {
    let first = pairs.first()?;
    let score = SCORES.iter().find(|s| s.name == first.measure)?;
    let kind = match score.scale {
        Scale::Mean(..) => Kind::Mean,
        Scale::Median(..) => Kind::Median,
        Scale::Levels(levels) => Kind::Classes(levels),
    };
    row(Part::Two, score.name.to_owned(), score.title.to_owned(), kind, 1.0, pairs)
}

/// `None` if no pair can be read: a foreign measure in words.
fn row(table: Part, name: String, title: String, kind: Kind, scale: f64, pairs: &[&Pair]) -> Option<Row> {
    let read: Pairs = pairs.iter().filter_map(|pair| as_numbers(pair, kind, scale)).collect();
    if read.is_empty() {
        return None;
    }
    let differences = read.differences();
    let moved = |is: fn(f64) -> bool| differences.iter().filter(|d| is(**d)).count();
    let both = || summary(&read.first).zip(summary(&read.second)).map(|(a, b)| Box::new([a, b]));
    let numbers = match kind {
        Kind::Mean => Numbers::Mean(both()?),
        Kind::Median => Numbers::Median(both()?),
        Kind::Classes(classes) => Numbers::Counts(counts(&read, classes)),
    };
    Some(Row {
        table,
        name,
        title,
        decimals: None,
        n: read.len(),
        numbers,
        moved: [moved(|d| d > 0.0), moved(|d| d == 0.0), moved(|d| d < 0.0)],
        test: test(&differences, kind),
        p_holm: None,
        change: change(&differences, kind),
    })
}

/// A number, or the place of a class among its classes.
fn as_numbers(pair: &Pair, kind: Kind, scale: f64) -> Option<(f64, f64)> {
    match kind {
        Kind::Mean | Kind::Median => pair.numbers().map(|(before, after)| (scale * before, scale * after)),
        Kind::Classes(classes) => {
            let (before, after) = pair.values()?;
            let place = |text: &str| classes.iter().position(|class| *class == text).map(|i| i as f64);
            Some((place(before)?, place(after)?))
        }
    }
}

fn counts(places: &Pairs, classes: &[&str]) -> Vec<(String, [usize; 2])> {
    let count = |values: &[f64], i: usize| values.iter().filter(|v| **v == i as f64).count();
    let of = |i: usize| [count(&places.first, i), count(&places.second, i)];
    classes.iter().enumerate().map(|(i, class)| ((*class).to_owned(), of(i))).collect()
}

fn test(differences: &[f64], kind: Kind) -> Result<Test, Undefined> {
    match kind {
        Kind::Mean => paired_t(differences).map(|t| Test {
            name: "paired_t",
            value: Some(t.t),
            p: t.p,
            p_exact: None,
            effect: Some(t.effect),
        }),
        Kind::Classes([_, _]) => {
            let count = |is: fn(f64) -> bool| differences.iter().filter(|d| is(**d)).count() as u64;
            let p = mcnemar_exact(count(|d| d < 0.0), count(|d| d > 0.0))?;
            Ok(Test { name: "mcnemar", value: None, p, p_exact: Some(p), effect: None })
        }
        Kind::Median | Kind::Classes(_) => signed_rank(differences).map(|w| Test {
            name: "wilcoxon",
            value: Some(w.z),
            p: w.p,
            p_exact: w.p_exact,
            effect: Some(w.effect),
        }),
    }
}

/// The mean change of a mean, the Hodges-Lehmann estimate of a median.
fn change(differences: &[f64], kind: Kind) -> Option<(f64, Option<Interval>)> {
    match kind {
        Kind::Mean => paired_t(differences).ok().map(|t| (t.mean, Some(t.interval))),
        Kind::Median => hodges_lehmann(differences).ok().map(|found| (found.estimate, found.interval)),
        Kind::Classes(_) => None,
    }
}

/// Holm's correction, by exact p where there is one.
fn correct(rows: Vec<&mut Row>) {
    let best = |test: Test| test.p_exact.unwrap_or(test.p);
    let mut tested: Vec<(&mut Row, f64)> =
        rows.into_iter().filter_map(|row| row.test.ok().map(|test| (row, best(test)))).collect();
    let adjusted = holm(&tested.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    for ((row, _), p) in tested.iter_mut().zip(adjusted) {
        row.p_holm = Some(p);
    }
}

#[cfg(test)]
mod tests {
    use super::super::pairing::{Failures, pair};
    use super::super::usual;
    use super::*;
    use crate::stats::table::parse;

    /// `(measure, unit, before, after)`
    fn of(values: &[(&str, &str, &str, &str)]) -> Vec<Row> {
        let row = |(i, (measure, unit, before, after)): (usize, &(&str, &str, &str, &str))| {
            format!("P{i},pre,CT,{measure},{before},{unit}\nP{i},post,CT,{measure},{after},{unit}\n")
        };
        let text: String = values.iter().enumerate().map(row).collect();
        let table = parse(format!("patient,timepoint,modality,measure,value,unit\n{text}").as_bytes(), "exams.csv");
        rows(&pair(&table.unwrap(), &Failures::default(), &usual()), None, GradeChoice::Single)
    }

    #[test]
    fn values_are_compared_as_they_are_written() {
        let found = of(&[
            ("max_diameter", "mm", "50.9000", "50.9"),
            ("max_diameter", "mm", "50.0", "40.0"),
            ("max_diameter", "mm", "30.30", "30.3001"),
        ]);
        assert_eq!((found[0].moved, found[0].n), ([1, 1, 1], 3));
        assert_eq!((found[0].table, found[0].decimals), (Part::One, Some(1)));
        assert_eq!(of(&[("volume", "mm3", "50", "40")])[0].table, Part::Rest);
    }

    #[test]
    fn classes_are_counted_and_tested_by_their_order() {
        let found =
            of(&[("rim", "", "none", "complete"), ("rim", "", "none", "incomplete"), ("rim", "", "none", "none")]);
        let Numbers::Counts(classes) = &found[0].numbers else { panic!("classes are counted") };
        let counts: Vec<[usize; 2]> = classes.iter().map(|(_, counts)| *counts).collect();
        assert_eq!(counts, [[3, 1], [0, 1], [0, 1]]);
        let test = found[0].test.unwrap();
        assert_eq!((test.name, test.effect, test.p_exact), ("wilcoxon", Some(-1.0), Some(0.5)));
    }

    #[test]
    fn yes_and_no_have_an_exact_test() {
        let test = test(&[1.0, 1.0, 1.0, 0.0], Kind::Classes(&["no", "yes"])).unwrap();
        assert_eq!((test.name, test.value, test.p_exact), ("mcnemar", None, Some(test.p)));
        assert!((test.p - 0.25).abs() < 1e-15);
    }

    #[test]
    fn holm_counts_the_rows_of_a_table_by_exact_p() {
        let found = of(&[
            ("rim", "", "none", "complete"),
            ("max_diameter", "mm", "50", "40"),
            ("interior", "", "none", "none"),
        ]);
        let p: Vec<Option<f64>> = found.iter().map(|row| row.p_holm).collect();
        assert_eq!(p, [Some(1.0), Some(1.0), None], "exact p of one change is 1; nothing to test has none");
    }
}
