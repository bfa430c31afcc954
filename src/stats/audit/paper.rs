//! What a paper states, as a small TOML file of facts.

use super::printed::{Printed, PrintedP};
use serde::Deserialize;
use std::path::Path;

/// A page of facts; more is a mistake.
const MOST_BYTES: u64 = 1 << 20;

/// The facts of one paper. Printed numbers are in quotes, because `"0.50"` and `0.5` are rounded differently.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// Where they are printed.
    pub source: String,
    /// Patients, where a row does not say otherwise.
    pub n: u64,
    /// Rows compared by the paired t test.
    #[serde(default)]
    pub mean: Vec<MeanRow>,
    /// Rows compared by the signed-rank test, of which only the numbers of changed patients are known.
    #[serde(default)]
    pub rank: Vec<RankRow>,
    /// Rows compared by the signed-rank test, of which the margins are known.
    #[serde(default)]
    pub ordinal: Vec<OrdinalRow>,
    /// Single values before and after.
    #[serde(default)]
    pub values: Vec<ValuesRow>,
    /// Counts with their per cent.
    #[serde(default)]
    pub count: Vec<CountRow>,
    /// Totals and what they are made of.
    #[serde(default)]
    pub sum: Vec<SumRow>,
    /// Changes in per cent.
    #[serde(default)]
    pub change: Vec<ChangeRow>,
    /// Groups within groups.
    #[serde(default)]
    pub subset: Vec<SubsetRow>,
}

/// Mean and SD of one column.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanSd {
    /// The mean.
    pub mean: Printed,
    /// The standard deviation.
    pub sd: Printed,
}

/// `[[mean]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeanRow {
    /// What was measured.
    pub row: String,
    /// Pairs, if not all patients.
    pub n: Option<u64>,
    /// The column before.
    pub before: MeanSd,
    /// The column after.
    pub after: MeanSd,
    /// The test value.
    pub t: Printed,
    /// The p.
    pub p: PrintedP,
    /// Single values before that are stated elsewhere.
    #[serde(default)]
    pub single_before: Vec<Printed>,
}

/// Where one column lies, as far as it is stated.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// The mean.
    pub mean: Printed,
    /// The largest.
    pub max: Printed,
}

/// `[[rank]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankRow {
    /// What was measured.
    pub row: String,
    /// Pairs, if not all patients.
    pub n: Option<u64>,
    /// Patients who changed for the better.
    pub improved: u64,
    /// Patients who changed for the worse.
    pub worse: u64,
    /// Patients who did not change.
    pub same: u64,
    /// The most steps by which a score can change; absent for a measured length.
    pub steps: Option<u64>,
    /// The column before.
    pub before: Option<Location>,
    /// The column after.
    pub after: Option<Location>,
    /// The test value.
    pub z: Printed,
    /// The p.
    pub p: PrintedP,
}

/// Which end of a score is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// The first level.
    First,
    /// The last level.
    Last,
}

/// `[[ordinal]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrdinalRow {
    /// What was scored.
    pub row: String,
    /// The levels in order.
    pub levels: Vec<String>,
    /// Which end is the better one.
    pub better: Better,
    /// Patients at each level before.
    pub before: Vec<u64>,
    /// Patients at each level after.
    pub after: Vec<u64>,
    /// Patients who are said to have improved.
    pub improved: Option<u64>,
    /// The test value, if there was a test.
    pub z: Option<Printed>,
    /// The p.
    pub p: Option<PrintedP>,
}

/// `[[values]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValuesRow {
    /// What was measured.
    pub row: String,
    /// Values before.
    pub before: Vec<Printed>,
    /// Values after, in the same order.
    pub after: Vec<Printed>,
}

/// `[[count]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountRow {
    /// What was counted.
    pub row: String,
    /// How many.
    pub count: u64,
    /// Of how many, if not all patients.
    pub of: Option<u64>,
    /// The share in per cent.
    pub percent: Printed,
}

/// `[[sum]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SumRow {
    /// What was counted.
    pub row: String,
    /// All of it.
    pub total: u64,
    /// What certainly belongs to it.
    pub parts: Vec<u64>,
    /// A group of which any number may belong to it.
    pub some_of: Option<u64>,
    /// Whether someone may be in two parts.
    #[serde(default)]
    pub overlapping: bool,
}

/// `[[change]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRow {
    /// What changed.
    pub row: String,
    /// The mean before.
    pub before: Printed,
    /// The mean after.
    pub after: Printed,
    /// The fall in per cent of the mean before.
    pub percent: Printed,
}

/// `[[subset]]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubsetRow {
    /// What was counted.
    pub row: String,
    /// The smaller group.
    pub part: u64,
    /// The group it belongs to.
    pub whole: u64,
}

/// Why a file of facts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// No such file, or not to be read.
    #[error("the file of facts cannot be read: {0}; give a readable TOML file of at most 1 MiB")]
    Unreadable(String),
    /// Not TOML, or not these facts.
    #[error("file of facts, line {line}: {message}; `configs/yuan2022.toml` shows the form")]
    Form {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Facts that are none.
    #[error("file of facts, `{row}`: {problem}")]
    Fact {
        /// The row's name.
        row: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
}

/// Reads the facts of a paper from a file.
///
/// # Errors
/// If it cannot be used, with the line or row and what to do.
pub fn read(path: &Path) -> Result<Paper, PaperError> {
    let unreadable = |e: std::io::Error| PaperError::Unreadable(e.kind().to_string());
    if std::fs::metadata(path).map_err(unreadable)?.len() > MOST_BYTES {
        return Err(PaperError::Unreadable("it is too long".into()));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    parse(&String::from_utf8(bytes).map_err(|_| PaperError::Unreadable("it is not UTF-8".into()))?)
}

/// Reads the facts of a paper.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str) -> Result<Paper, PaperError> {
    let paper: Paper = toml::from_str(text).map_err(|error| PaperError::Form {
        line: 1 + text[..error.span().map_or(0, |s| s.start).min(text.len())].matches('\n').count(),
        message: error.message().replace('\n', " "),
    })?;
    match problem(&paper) {
        Some((row, problem)) => Err(PaperError::Fact { row: row.to_owned(), problem }),
        None => Ok(paper),
    }
}

/// Larger counts are no patients, and would overflow sums.
const MOST_PATIENTS: u64 = 100_000;

/// The first row that cannot be meant.
fn problem(paper: &Paper) -> Option<(&str, &'static str)> {
    let pairs =
        paper.mean.iter().map(|r| (r.row.as_str(), r.n)).chain(paper.rank.iter().map(|r| (r.row.as_str(), r.n)));
    let few = pairs.map(|(row, n)| (row, n.unwrap_or(paper.n) < 2, "give n, the number of pairs, of at least 2"));
    let shape = |r: &OrdinalRow| r.levels.len() < 2 || [&r.before, &r.after].iter().any(|m| m.len() != r.levels.len());
    let shapes = paper
        .ordinal
        .iter()
        .map(|r| (r.row.as_str(), shape(r), "give at least two levels, and for each a count before and a count after"));
    let single = |r: &ValuesRow| r.before.is_empty() || r.before.len() != r.after.len();
    let singles = paper.values.iter().map(|r| (r.row.as_str(), single(r), "give as many values after as before"));
    let nobody = paper.count.iter().map(|r| (r.row.as_str(), r.of == Some(0), "`of` must be at least 1"));
    let flat = paper
        .change
        .iter()
        .map(|r| (r.row.as_str(), r.before.value == 0.0, "a change in per cent needs a mean before"));
    let large = counts(paper).map(|(row, n)| (row, n > MOST_PATIENTS, "counts go up to 100,000"));
    let all = few.chain(shapes).chain(singles).chain(nobody).chain(flat).chain(large);
    all.filter(|(_, wrong, _)| *wrong).map(|(row, _, problem)| (row, problem)).next()
}

/// Every count with the row it stands in.
fn counts(paper: &Paper) -> impl Iterator<Item = (&str, u64)> {
    let all = std::iter::once(("n", paper.n));
    let of_means = paper.mean.iter().filter_map(|r| Some((r.row.as_str(), r.n?)));
    let of_ranks = paper.rank.iter().flat_map(|r| {
        [Some(r.improved), Some(r.worse), Some(r.same), r.n, r.steps].into_iter().flatten().map(|n| (r.row.as_str(), n))
    });
    let of_ordinals = paper
        .ordinal
        .iter()
        .flat_map(|r| r.before.iter().chain(&r.after).chain(&r.improved).map(|n| (r.row.as_str(), *n)));
    let of_counts = paper.count.iter().flat_map(|r| [r.count, r.of.unwrap_or(1)].map(|n| (r.row.as_str(), n)));
    let of_sums =
        paper.sum.iter().flat_map(|r| r.parts.iter().chain([&r.total]).chain(&r.some_of).map(|n| (r.row.as_str(), *n)));
    let of_subsets = paper.subset.iter().flat_map(|r| [r.part, r.whole].map(|n| (r.row.as_str(), n)));
    all.chain(of_means).chain(of_ranks).chain(of_ordinals).chain(of_counts).chain(of_sums).chain(of_subsets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let said = |text: &str| parse(text).unwrap_err().to_string();
        let head = "source = \"x\"\nn = 24\n";
        assert!(said("source = ").contains("line 1"));
        assert!(said(&format!("{head}persons = 3\n")).contains("unknown field `persons`"));
        let number = said(&format!("{head}[[count]]\nrow = \"a\"\ncount = 1\npercent = 4.2\n"));
        assert!(number.contains("line 6") && number.contains("string"), "{number}");
        let word = said(&format!("{head}[[count]]\nrow = \"a\"\ncount = 1\npercent = \"few\"\n"));
        assert!(word.contains("line 6: `few` is no printed number"), "{word}");
        let levels = "[[ordinal]]\nrow = \"s\"\nlevels = [\"0\"]\nbetter = \"first\"\nbefore = [1]\nafter = [1]\n";
        assert!(said(&format!("{head}{levels}")).contains("`s`: give at least two levels"));
        assert!(said("source = \"x\"\nn = 99999999\n").contains("`n`: counts go up to"));
        let missing = read(Path::new("/nowhere/facts.toml")).unwrap_err().to_string();
        assert!(missing.contains("entity not found") && !missing.contains("nowhere"), "{missing}");
    }
}
