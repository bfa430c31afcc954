//! Test values that stand in two rows.

use super::paper::Paper;
use super::printed::{Printed, PrintedP, Span};
use super::{Finding, Verdict};
use crate::stats::distribution::{normal_p, t_p};

/// Fewer digits agree by chance: of a hundred rows with four, one pair in two.
const TELLING_DIGITS: usize = 4;

/// A test value where it stands.
struct Value<'a> {
    row: &'a str,
    printed: &'a Printed,
    own_p_fits: bool,
}

/// Rows that share a test value; where one of them contradicts its own p, that is the copy.
pub fn findings(paper: &Paper) -> Vec<Finding> {
    let values = values(paper);
    let telling: Vec<&Value> = values.iter().filter(|v| v.printed.significant_digits() >= TELLING_DIGITS).collect();
    let mut found = Vec::new();
    for (i, first) in telling.iter().enumerate() {
        for second in telling[i + 1..].iter().filter(|v| v.printed.value.abs() == first.printed.value.abs()) {
            found.push(pair(first, second));
        }
    }
    found
}

fn pair(first: &Value, second: &Value) -> Finding {
    let (copy, source) = if first.own_p_fits || !second.own_p_fits { (second, first) } else { (first, second) };
    let (verdict, why) = match copy.own_p_fits {
        false => (Verdict::Contradiction, ", where it fits its p, as it does not here: copied, it seems"),
        true => (Verdict::Doubtful, ", to the last digit: one may be copied"),
    };
    let why = if source.own_p_fits { why } else { ", and fits the p of neither" };
    Finding::new(copy.row, verdict, format!("test value {}", copy.printed), format!("the same in {}{why}", source.row))
}

fn values(paper: &Paper) -> Vec<Value<'_>> {
    let of_means = paper.mean.iter().map(|r| {
        let df = (r.n.unwrap_or(paper.n) - 1) as f64;
        value(&r.row, &r.t, &r.p, &|t| t_p(t, df))
    });
    let of_ranks = paper.rank.iter().map(|r| value(&r.row, &r.z, &r.p, &normal_p));
    let of_ordinals = paper.ordinal.iter().filter_map(|r| Some(value(&r.row, r.z.as_ref()?, r.p.as_ref()?, &normal_p)));
    of_means.chain(of_ranks).chain(of_ordinals).collect()
}

fn value<'a>(row: &'a str, printed: &'a Printed, p: &PrintedP, p_of: &dyn Fn(f64) -> f64) -> Value<'a> {
    let rebuilt = Span { low: p_of(printed.size().high), high: p_of(printed.size().low) };
    Value { row, printed, own_p_fits: rebuilt.meets(p.span()) }
}

#[cfg(test)]
mod tests {
    use super::super::paper::parse;
    use super::*;

    fn of(rows: &[(&str, &str, &str)]) -> Vec<Finding> {
        let row = |(name, t, p): &(&str, &str, &str)| {
            format!(
                "[[mean]]\nrow = \"{name}\"\nbefore = {{ mean = \"2\", sd = \"1\" }}\nafter = {{ mean = \"1\", sd = \"1\" }}\n\
                 t = \"{t}\"\np = \"{p}\"\n"
            )
        };
        let text: String = rows.iter().map(row).collect();
        findings(&parse(&format!("source = \"x\"\nn = 24\n{text}")).unwrap())
    }

    #[test]
    fn the_copy_is_the_one_that_its_p_denies() {
        for rows in
            [[("a", "6.738", "<0.001"), ("b", "6.738", "0.007")], [("b", "6.738", "0.007"), ("a", "6.738", "<0.001")]]
        {
            let found = of(&rows);
            assert_eq!((found.len(), found[0].row.as_str(), found[0].verdict), (1, "b", Verdict::Contradiction));
        }
        assert_eq!(of(&[("a", "6.738", "<0.001"), ("b", "6.738", "<0.001")])[0].verdict, Verdict::Doubtful);
        assert!(of(&[("a", "2.1", "0.047"), ("b", "2.1", "0.047")]).is_empty(), "two digits agree by chance");
    }
}
