//! Counts, shares and sums: whether they can be true together.

use super::paper::{ChangeRow, CountRow, Paper, SubsetRow, SumRow, ValuesRow};
use super::printed::Span;
use super::{Finding, Verdict, some};
use crate::stats::figures::{fixed, p_words};
use crate::stats::paired_t::paired_t;
use crate::stats::pairs::Pairs;
use crate::stats::signed_rank::signed_rank;

/// Everything in the paper that is counted or single.
pub fn findings(paper: &Paper) -> Vec<Finding> {
    let shares = paper.count.iter().map(|row| share(row, paper.n));
    let sums = paper.sum.iter().map(sum);
    let changes = paper.change.iter().map(change);
    let subsets = paper.subset.iter().map(subset);
    let values = paper.values.iter().map(values);
    shares.chain(sums).chain(changes).chain(subsets).chain(values).collect()
}

fn share(row: &CountRow, patients: u64) -> Finding {
    let of = row.of.unwrap_or(patients);
    let percent = |of: u64| 100.0 * row.count as f64 / of as f64;
    let fits = |of: u64| row.percent.span().meets(Span::of([percent(of)]));
    let printed = format!("{} of {of}, {} %", row.count, row.percent);
    let gives = format!("{} %", fixed(percent(of), 2));
    let (verdict, text) = match (row.count <= of && fits(of), of == patients) {
        (true, true) => (Verdict::Consistent, gives),
        (true, false) => {
            (Verdict::Note, format!("{gives}; of all {patients} patients {} %", fixed(percent(patients), 1)))
        }
        (false, _) => {
            let others: Vec<u64> = (row.count.max(1)..=4 * patients).filter(|n| fits(*n)).collect();
            let others = if others.is_empty() { "no number".into() } else { some(&others) };
            (Verdict::Contradiction, format!("{gives}; the printed share is that of {others}"))
        }
    };
    Finding::new(&row.row, verdict, printed, text)
}

fn sum(row: &SumRow) -> Finding {
    let certain: u64 = row.parts.iter().sum();
    let parts = row.parts.iter().map(u64::to_string).collect::<Vec<_>>().join(" + ");
    let shared = certain.saturating_sub(row.total);
    let (is_possible, text) = match (row.some_of, row.overlapping) {
        (Some(some), _) => {
            let more = row.total.checked_sub(certain);
            let missing = more.map_or_else(|| "too many already".into(), |more| format!("{more} of {some} more"));
            (more.is_some_and(|more| more <= some), format!("{parts} = {certain}, {missing}"))
        }
        (None, true) => {
            let most = row.parts.iter().copied().max().unwrap_or(0);
            (most <= row.total && row.total <= certain, format!("{parts} = {certain}, {shared} counted twice"))
        }
        (None, false) => (certain == row.total, format!("{parts} = {certain}")),
    };
    let verdict = if is_possible { Verdict::Consistent } else { Verdict::Contradiction };
    Finding::new(&row.row, verdict, format!("{} in all", row.total), text)
}

fn change(row: &ChangeRow) -> Finding {
    let fall = |before: f64, after: f64| 100.0 * (before - after) / before;
    let (before, after) = (row.before.span(), row.after.span());
    let rebuilt = Span::of([fall(before.low, after.high), fall(before.high, after.low)]);
    let gives = fall(row.before.value, row.after.value);
    let verdict = if rebuilt.meets(row.percent.span()) { Verdict::Consistent } else { Verdict::Contradiction };
    let printed = format!("{} to {}, {} %", row.before, row.after, row.percent);
    Finding::new(&row.row, verdict, printed, format!("the means fall by {} %", fixed(gives, 2)))
}

fn subset(row: &SubsetRow) -> Finding {
    let verdict = if row.part <= row.whole { Verdict::Consistent } else { Verdict::Contradiction };
    let text = format!("{} of {}", row.part, row.whole);
    Finding::new(&row.row, verdict, format!("{} among {}", row.part, row.whole), text)
}

/// What tests would say of single values.
fn values(row: &ValuesRow) -> Finding {
    let pairs: Pairs = row.before.iter().zip(&row.after).map(|(a, b)| (a.value, b.value)).collect();
    let differences = pairs.differences();
    let t = paired_t(&differences).map_or_else(
        |why| format!("no t: {why}"),
        |test| format!("t {} with {} degrees of freedom, p {}", fixed(test.t, 3), test.df, p_words(test.p)),
    );
    let exact = signed_rank(&differences).ok().and_then(|test| test.p_exact);
    let exact = exact.map_or_else(String::new, |p| format!("; exact signed-rank p {}", p_words(p)));
    let list = |values: &[f64]| values.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
    let printed = format!("{} to {}", list(&pairs.first), list(&pairs.second));
    Finding::new(&row.row, Verdict::Note, printed, t + &exact)
}

#[cfg(test)]
mod tests {
    use super::super::paper::parse;
    use super::*;

    fn only(lines: &str) -> Finding {
        let mut found = findings(&parse(&format!("source = \"x\"\nn = 24\n{lines}\n")).unwrap());
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    #[test]
    fn a_share_is_checked_and_its_denominator_named() {
        assert_eq!(only("[[count]]\nrow = \"r\"\ncount = 22\npercent = \"91.7\"").verdict, Verdict::Consistent);
        let part = only("[[count]]\nrow = \"r\"\ncount = 4\nof = 6\npercent = \"66.7\"");
        assert!(part.verdict == Verdict::Note && part.rebuilt.contains("16.7 %"), "{part:?}");
        let wrong = only("[[count]]\nrow = \"r\"\ncount = 4\npercent = \"66.7\"");
        assert!(wrong.verdict == Verdict::Contradiction && wrong.rebuilt.ends_with("that of 6"), "{wrong:?}");
    }

    #[test]
    fn sums_may_overlap_or_leave_room() {
        let verdict = |lines: &str| only(&format!("[[sum]]\nrow = \"r\"\n{lines}")).verdict;
        assert_eq!(verdict("total = 24\nparts = [8, 16]"), Verdict::Consistent);
        assert_eq!(verdict("total = 24\nparts = [8, 15]"), Verdict::Contradiction);
        assert_eq!(verdict("total = 15\nparts = [12, 6]\noverlapping = true"), Verdict::Consistent);
        assert_eq!(verdict("total = 11\nparts = [12, 6]\noverlapping = true"), Verdict::Contradiction);
        assert_eq!(verdict("total = 14\nparts = [2, 9]\nsome_of = 7"), Verdict::Consistent);
        assert_eq!(verdict("total = 14\nparts = [2, 9]\nsome_of = 2"), Verdict::Contradiction);
        assert_eq!(verdict("total = 10\nparts = [2, 9]\nsome_of = 2"), Verdict::Contradiction);
    }

    #[test]
    fn changes_and_groups_are_checked() {
        let change = |percent: &str| {
            only(&format!("[[change]]\nrow = \"r\"\nbefore = \"58.3\"\nafter = \"52.1\"\npercent = \"{percent}\""))
                .verdict
        };
        assert_eq!([change("10.6"), change("11.2")], [Verdict::Consistent, Verdict::Contradiction]);
        let subset = |part: u64| only(&format!("[[subset]]\nrow = \"r\"\npart = {part}\nwhole = 21")).verdict;
        assert_eq!([subset(21), subset(22)], [Verdict::Consistent, Verdict::Contradiction]);
        let same = only("[[values]]\nrow = \"r\"\nbefore = [\"1.0\"]\nafter = [\"1.0\"]");
        assert!(same.rebuilt == "no t: fewer than two pairs", "{same:?}");
    }
}
