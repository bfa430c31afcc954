//! Rows compared by the signed-rank test of which only the numbers of changed patients are known.

use super::paper::{Location, RankRow};
use super::partitions::partitions;
use super::printed::{Printed, PrintedP, Span};
use super::{Finding, SIGNIFICANT, Verdict};
use crate::stats::distribution::normal_p;
use crate::stats::figures::{fixed, p_words};
use crate::stats::signed_rank::{SignedRank, signed_rank};

/// What can be rebuilt of a row; `patients` are all of the paper.
pub fn findings(row: &RankRow, patients: u64) -> Vec<Finding> {
    let n = row.n.unwrap_or(patients);
    let mut found = vec![p_of_z(&row.row, &row.z, &row.p), z(row)];
    found.push(everyone(row, n));
    found.extend(outlier(row, n));
    found
}

/// Whether p is that of Z, by the normal distribution.
pub fn p_of_z(row: &str, z: &Printed, p: &PrintedP) -> Finding {
    let rebuilt = Span { low: normal_p(z.size().high), high: normal_p(z.size().low) };
    let verdict = match rebuilt.meets(p.span()) {
        true => Verdict::Consistent,
        false if p.is_next_to(rebuilt) => Verdict::Doubtful,
        false => Verdict::Contradiction,
    };
    Finding::new(row, verdict, format!("Z {z}, p {p}"), format!("Z gives p {}", p_words(normal_p(z.value))))
}

/// More patterns than this are not searched: of 60 patients there are a million.
const MOST_CHANGED: u64 = 45;
/// More patterns than this are not listed.
const MOST_LISTED: usize = 6;

fn z(row: &RankRow) -> Finding {
    let printed = format!("Z {}, {} improved, {} worse", row.z, row.improved, row.worse);
    let changed = row.improved + row.worse;
    let say = |verdict, text: String| Finding::new(&row.row, verdict, printed.clone(), text);
    match (row.improved.min(row.worse), changed) {
        (_, 0) => say(Verdict::Contradiction, "nobody changed: there is no Z".into()),
        (0, 1..=MOST_CHANGED) => {
            let (verdict, text) = one_way(row, changed);
            say(verdict, text)
        }
        (0, _) => say(Verdict::Note, "too many changed for a search of all ties".into()),
        _ => say(Verdict::Note, "changes both ways: Z hangs on their ranks, which are not stated".into()),
    }
}

/// Everyone changed the same way, so Z hangs on ties alone.
fn one_way(row: &RankRow, changed: u64) -> (Verdict, String) {
    let untied = of_pattern(&vec![1; changed as usize]);
    let exact = untied.p_exact.map_or_else(String::new, |p| format!(", exact {}", p_words(p)));
    let text = format!("{changed} one way without ties give Z {} (p {}{exact})", fixed(untied.z, 4), p_words(untied.p));
    if row.z.size().meets(Span::of([-untied.z])) && row.steps.is_none_or(|steps| steps >= changed) {
        return significance(row, untied, text);
    }
    let patterns = partitions(changed, row.steps.unwrap_or(changed));
    let total = patterns.len();
    let fits = |pattern: &Vec<u64>| row.z.size().meets(Span::of([-of_pattern(pattern).z]));
    let fitting: Vec<Vec<u64>> = patterns.into_iter().filter(fits).collect();
    match fitting.first() {
        None => (Verdict::Contradiction, format!("{text}; of {total} patterns of ties none gives the printed Z")),
        Some(first) => significance(row, of_pattern(first), format!("{text}; {}", list(&fitting, total))),
    }
}

fn list(fitting: &[Vec<u64>], total: usize) -> String {
    let names = fitting.iter().take(MOST_LISTED).map(|p| p.iter().map(u64::to_string).collect::<Vec<_>>().join(","));
    let more = if fitting.len() > MOST_LISTED { " and more" } else { "" };
    let names = names.collect::<Vec<_>>().join(" · ");
    format!("the printed Z needs ties, as in {} of {total} patterns: {names}{more}", fitting.len())
}

/// An exact p that is not significant where the printed one is.
fn significance(row: &RankRow, found: SignedRank, text: String) -> (Verdict, String) {
    let lost = row.p.span().high < SIGNIFICANT && found.p_exact.is_some_and(|p| p >= SIGNIFICANT);
    if lost { (Verdict::Doubtful, text + "; the exact p is not significant") } else { (Verdict::Consistent, text) }
}

/// Differences of one sign, so many of each size.
fn of_pattern(pattern: &[u64]) -> SignedRank {
    let sizes = pattern.iter().enumerate();
    let differences: Vec<f64> = sizes.flat_map(|(i, &n)| std::iter::repeat_n((i + 1) as f64, n as usize)).collect();
    signed_rank(&differences).expect("somebody changed, and by more than 0")
}

fn everyone(row: &RankRow, n: u64) -> Finding {
    let sum = row.improved + row.worse + row.same;
    let verdict = if sum == n { Verdict::Consistent } else { Verdict::Contradiction };
    let printed = format!("{} improved, {} worse, {} the same", row.improved, row.worse, row.same);
    Finding::new(&row.row, verdict, printed, format!("{sum} together, of {n}"))
}

/// From this share on, one patient is what moves the mean.
const LARGE_SHARE: f64 = 0.25;

/// How much of the fall of the mean one patient alone accounts for: the largest value cannot have fallen less than the
/// maximum did.
fn outlier(row: &RankRow, n: u64) -> Option<Finding> {
    let (before, after) = (row.before.as_ref()?, row.after.as_ref()?);
    let fall = |of: fn(&Location) -> &Printed| of(before).value - of(after).value;
    let (largest, sum) = (fall(|l| &l.max), n as f64 * fall(|l| &l.mean));
    let share = largest / sum;
    let text = format!(
        "the patient with the largest value fell by at least {}, {} % of all falls together ({})",
        fixed(largest, 1),
        fixed(100.0 * share, 0),
        fixed(sum, 1)
    );
    let printed = format!("mean {} to {}, maximum {} to {}", before.mean, after.mean, before.max, after.max);
    (largest > 0.0 && sum > 0.0 && share >= LARGE_SHARE).then(|| Finding::new(&row.row, Verdict::Note, printed, text))
}

#[cfg(test)]
mod tests {
    use super::super::paper::parse;
    use super::*;

    fn row(lines: &str) -> Vec<Finding> {
        let text = format!("source = \"x\"\nn = 24\n[[rank]]\nrow = \"r\"\n{lines}\n");
        findings(&parse(&text).unwrap().rank[0], 24)
    }

    #[test]
    fn a_z_that_no_ties_give_is_a_contradiction() {
        let found = row("improved = 21\nworse = 0\nsame = 3\nz = \"-3.915\"\np = \"<0.001\"");
        assert_eq!(found[1].verdict, Verdict::Contradiction, "{found:?}");
        assert!(found[1].rebuilt.contains("of 792 patterns"), "{found:?}");
    }

    #[test]
    fn counts_that_do_not_add_up_and_changes_both_ways_are_told() {
        let found = row("improved = 4\nworse = 2\nsame = 20\nz = \"-1.000\"\np = \"0.317\"");
        let verdicts: Vec<Verdict> = found.iter().map(|f| f.verdict).collect();
        assert_eq!(verdicts, [Verdict::Consistent, Verdict::Note, Verdict::Contradiction], "{found:?}");
        let nobody = row("improved = 0\nworse = 0\nsame = 24\nz = \"-1.000\"\np = \"0.317\"");
        assert_eq!(nobody[1].verdict, Verdict::Contradiction);
    }
}
