//! Scores compared by the signed-rank test: which ways from the printed counts before to those after give the printed Z.

use super::paper::{Better, OrdinalRow};
use super::printed::Printed;
use super::ranks::p_of_z;
use super::transport::{Moves, tables};
use super::{Finding, SIGNIFICANT, Verdict};
use crate::stats::figures::{fixed, p_words};
use crate::stats::mcnemar::mcnemar_exact;
use crate::stats::signed_rank::signed_rank;
use std::collections::BTreeMap;

/// Tables times the square of patients that are searched: a second or two.
const MOST_WORK: u64 = 200_000_000;

/// What can be rebuilt of a row; `patients` are all of the paper.
pub fn findings(row: &OrdinalRow, patients: u64) -> Vec<Finding> {
    let mut found = vec![margins(row, patients)];
    found.extend(row.z.as_ref().zip(row.p.as_ref()).map(|(z, p)| p_of_z(&row.row, z, p)));
    if found[0].verdict == Verdict::Consistent {
        let most = MOST_WORK / patients.max(1).pow(2);
        let ways = tables(&row.before, &row.after, most as usize).map(|tables| ways(row, &tables));
        match (&row.z, ways) {
            (_, None) => found.push(too_many(row)),
            (Some(z), Some(ways)) => found.extend(by_z(row, z, &ways)),
            (None, Some(ways)) => found.extend(untested(row, &ways)),
        }
    }
    found
}

fn margins(row: &OrdinalRow, patients: u64) -> Finding {
    let sums: [u64; 2] = [row.before.iter().sum(), row.after.iter().sum()];
    let verdict = if sums == [patients; 2] { Verdict::Consistent } else { Verdict::Contradiction };
    let text = format!("{} before and {} after, of {patients}", sums[0], sums[1]);
    Finding::new(&row.row, verdict, format!("{:?} before, {:?} after", row.before, row.after), text)
}

fn too_many(row: &OrdinalRow) -> Finding {
    let text = "too many ways lead from one to the other to search them all";
    Finding::new(&row.row, Verdict::Note, "counts of each level", text)
}

/// A way from before to after, as far as a test sees it.
#[derive(Clone, Debug, PartialEq)]
struct Way {
    /// Patients by the levels they gained (lost if negative), those who stayed left out.
    gains: BTreeMap<i64, u64>,
    z: f64,
    p: f64,
    p_exact: Option<f64>,
}

impl Way {
    fn improved(&self) -> u64 {
        self.gains.range(1..).map(|(_, n)| n).sum()
    }

    fn worse(&self) -> u64 {
        self.gains.range(..0).map(|(_, n)| n).sum()
    }

    /// `10 improved (8 by 1, 2 by 2), none worse`
    fn words(&self) -> String {
        let by = |range: BTreeMap<i64, u64>| {
            range.iter().map(|(levels, n)| format!("{n} by {}", levels.abs())).collect::<Vec<_>>().join(", ")
        };
        let part = |n: u64, name: &str, up: bool| match n {
            0 => format!("none {name}"),
            _ => {
                format!("{n} {name} ({})", by(self.gains.clone().into_iter().filter(|(g, _)| (*g > 0) == up).collect()))
            }
        };
        format!("{}, {}", part(self.improved(), "improved", true), part(self.worse(), "worse", false))
    }
}

/// Every table as a way; those in which nobody moved have no Z and are left out.
fn ways(row: &OrdinalRow, tables: &[Moves]) -> Vec<Way> {
    tables.iter().filter_map(|moves| way(moves, row.better)).collect()
}

fn way(moves: &Moves, better: Better) -> Option<Way> {
    let mut gains = BTreeMap::new();
    for (from, line) in moves.iter().enumerate() {
        for (to, &n) in line.iter().enumerate().filter(|(to, n)| *to != from && **n > 0) {
            let up = to as i64 - from as i64;
            *gains.entry(if better == Better::Last { up } else { -up }).or_insert(0) += n;
        }
    }
    let differences: Vec<f64> =
        gains.iter().flat_map(|(&gain, &n)| std::iter::repeat_n(gain as f64, n as usize)).collect();
    let test = signed_rank(&differences).ok()?;
    Some(Way { gains, z: test.z, p: test.p, p_exact: test.p_exact })
}

/// Whether the claimed number of improved patients goes with the printed Z, and what an exact test says of it.
fn by_z(row: &OrdinalRow, z: &Printed, ways: &[Way]) -> Vec<Finding> {
    let reach = z.size();
    let fitting: Vec<&Way> = ways.iter().filter(|w| (reach.low..=reach.high).contains(&-w.z)).collect();
    let claim = row.improved.map_or_else(String::new, |n| format!(", {n} improved"));
    let printed = format!("Z {z}{claim}");
    let Some(first) = fitting.first() else {
        let text = format!("none of {} ways from before to after gives this Z", ways.len());
        return vec![Finding::new(&row.row, Verdict::Contradiction, printed, text)];
    };
    let is_possible = row.improved.is_none_or(|n| fitting.iter().any(|w| w.improved() == n));
    let mut text = format!("{}: {}", listed(&fitting, ways.len()), z_words(first));
    if !is_possible {
        text += &share(&fitting, row.before.iter().sum());
        text += &as_claimed(row, ways);
    }
    let verdict = if is_possible { Verdict::Consistent } else { Verdict::Contradiction };
    let mut found = vec![Finding::new(&row.row, verdict, printed, text)];
    found.extend(exact(row, &fitting));
    found
}

fn z_words(way: &Way) -> String {
    format!("Z {}, p {}", fixed(way.z, 4), p_words(way.p))
}

/// Which ways they are, each kind once.
fn listed(fitting: &[&Way], all: usize) -> String {
    let mut kinds: Vec<String> = fitting.iter().map(|way| way.words()).collect();
    kinds.sort();
    kinds.dedup();
    format!("{} of {all} ways from before to after give this Z, {}", fitting.len(), kinds.join("; or "))
}

/// The share of patients that follows, where there is but one number.
fn share(fitting: &[&Way], patients: u64) -> String {
    let improved = fitting[0].improved();
    let only = fitting.iter().all(|way| way.improved() == improved);
    let percent = fixed(100.0 * improved as f64 / patients as f64, 1);
    if only { format!("; {improved} of {patients} are {percent} %") } else { String::new() }
}

/// What Z and p would be if so many improved as claimed and nobody got worse.
fn as_claimed(row: &OrdinalRow, ways: &[Way]) -> String {
    let Some(claim) = row.improved else { return String::new() };
    let claimed = ways.iter().filter(|way| way.improved() == claim && way.worse() == 0);
    let mut said: Vec<String> = claimed.map(z_words).collect();
    said.sort();
    said.dedup();
    match said.is_empty() {
        true => format!("; {claim} improved and none worse is impossible with these counts"),
        false => format!("; {claim} improved and none worse would be {}", said.join(" or ")),
    }
}

/// An exact p that is not significant where the printed one is.
fn exact(row: &OrdinalRow, fitting: &[&Way]) -> Option<Finding> {
    let least = fitting.iter().map(|way| way.p_exact).collect::<Option<Vec<f64>>>()?.into_iter().reduce(f64::min)?;
    let p = row.p.as_ref()?;
    let lost = p.span().high < SIGNIFICANT && least >= SIGNIFICANT;
    let verdict = if lost { Verdict::Doubtful } else { Verdict::Consistent };
    let what = if lost { "not significant" } else { "significant too" };
    let what = if p.span().high < SIGNIFICANT { what } else { "for comparison" };
    Some(Finding::new(&row.row, verdict, format!("p {p}"), format!("the exact p is {}, {what}", p_words(least))))
}

/// What a test would have said, if the claim leaves but one p.
fn untested(row: &OrdinalRow, ways: &[Way]) -> Option<Finding> {
    let claim = row.improved?;
    let claimed: Vec<&Way> = ways.iter().filter(|w| w.improved() == claim).collect();
    let printed = format!("{claim} improved, no test");
    let Some(first) = claimed.first() else {
        let text = format!("no way from before to after has {claim} improved");
        return Some(Finding::new(&row.row, Verdict::Contradiction, printed, text));
    };
    let p = match row.levels.len() {
        2 => mcnemar_exact(first.improved(), first.worse()).ok()?,
        _ => claimed.iter().map(|way| way.p_exact).collect::<Option<Vec<f64>>>()?.into_iter().reduce(f64::min)?,
    };
    let test = if row.levels.len() == 2 { "McNemar's exact p is" } else { "the exact signed-rank p is at least" };
    Some(Finding::new(&row.row, Verdict::Note, printed, format!("{}; {test} {}", first.words(), p_words(p))))
}

#[cfg(test)]
mod tests {
    use super::super::paper::parse;
    use super::*;

    fn row(lines: &str) -> Vec<Finding> {
        let text = format!("source = \"x\"\nn = 24\n[[ordinal]]\nrow = \"r\"\n{lines}\n");
        findings(&parse(&text).unwrap().ordinal[0], 24)
    }

    #[test]
    fn a_claim_that_fits_is_consistent() {
        let ecog = "levels = [\"0\", \"1\", \"2\", \"3\"]\nbetter = \"first\"\nbefore = [1, 12, 7, 4]\nafter = [2, 18, 4, 0]\n";
        let found = row(&format!("{ecog}improved = 10\nz = \"-2.972\"\np = \"0.003\""));
        assert!(found.iter().all(|f| f.verdict == Verdict::Consistent), "{found:#?}");
        let found = row(&format!("{ecog}improved = 10\nz = \"-5.000\"\np = \"<0.001\""));
        assert_eq!(found[2].verdict, Verdict::Contradiction, "{found:#?}");
    }

    #[test]
    fn counts_that_do_not_add_up_end_the_search() {
        let found = row("levels = [\"D\", \"E\"]\nbetter = \"last\"\nbefore = [6, 18]\nafter = [2, 21]\nimproved = 4");
        assert_eq!(found.iter().map(|f| f.verdict).collect::<Vec<_>>(), [Verdict::Contradiction], "{found:?}");
    }

    #[test]
    fn the_better_end_decides_who_improved() {
        let frankel = |better: &str| {
            let lines = "levels = [\"D\", \"E\"]\nbefore = [6, 18]\nafter = [2, 22]\nimproved = 4";
            row(&format!("{lines}\nbetter = \"{better}\""))
        };
        assert_eq!(frankel("last")[1].verdict, Verdict::Note);
        assert_eq!(frankel("first")[1].verdict, Verdict::Contradiction);
    }
}
