//! Rows compared by the paired t test: p from t, the spread of differences and the correlation they imply.

use super::paper::{MeanRow, MeanSd};
use super::printed::Span;
use super::{Finding, Verdict, some};
use crate::stats::distribution::{t_of_p, t_p};
use crate::stats::figures::{decimals_for, fixed, p_words};

/// What can be rebuilt of a row; `patients` are all of the paper.
pub fn findings(row: &MeanRow, patients: u64) -> Vec<Finding> {
    let n = row.n.unwrap_or(patients);
    let mut found = vec![p_of_t(row, n)];
    found.push(spread(row, n, patients));
    let scale = row.before.sd.value > 0.0;
    found.extend(row.single_before.iter().filter(|_| scale).map(|value| single(row, value.value, n)));
    found
}

fn p_span(t: Span, df: f64) -> Span {
    Span::of([t_p(t.low, df), t_p(t.high, df)])
}

fn p_of_t(row: &MeanRow, n: u64) -> Finding {
    let df = (n - 1) as f64;
    let rebuilt = p_span(row.t.size(), df);
    let gives = format!("t with {df} degrees of freedom gives p {}", p_words(t_p(row.t.value, df)));
    let printed = format!("t {}, p {}", row.t, row.p);
    if rebuilt.meets(row.p.span()) {
        return Finding::new(&row.row, Verdict::Consistent, printed, gives);
    }
    let verdict = if row.p.is_next_to(rebuilt) { Verdict::Doubtful } else { Verdict::Contradiction };
    let rounding = format!(" ({} to {} over rounding)", p_words(rebuilt.low), p_words(rebuilt.high));
    Finding::new(&row.row, verdict, printed, gives + &rounding + &what_would_fit(row, n))
}

/// The largest n that is tried.
const MOST_N: u64 = 1000;

/// The t that the printed p asks for, and the n at which both would be right.
fn what_would_fit(row: &MeanRow, n: u64) -> String {
    let t = t_of_printed_p(row, n);
    let fits = |other: &u64| p_span(row.t.size(), (other - 1) as f64).meets(row.p.span());
    let others: Vec<u64> = (2..=(4 * n).min(MOST_N)).filter(fits).collect();
    let at = if others.is_empty() { "no n".to_owned() } else { format!("n = {}", some(&others)) };
    format!("; p {} needs |t| {} to {}; both fit at {at}", row.p, fixed(t.low, 3), fixed(t.high, 3))
}

fn t_of_printed_p(row: &MeanRow, n: u64) -> Span {
    let (p, df) = (row.p.span(), (n - 1) as f64);
    // A p of 0 would need an infinite t.
    Span { low: t_of_p(p.high.clamp(f64::MIN_POSITIVE, 1.0), df), high: t_of_p(p.low.max(f64::MIN_POSITIVE), df) }
}

/// What a t says of the differences.
struct Implied {
    sd: f64,
    sd_span: Span,
    correlation: f64,
    correlation_span: Span,
}

/// `s_d = |mean difference| sqrt n / |t|` and `r = (s1^2 + s2^2 - s_d^2) / (2 s1 s2)`, over all that rounds to what is
/// printed; `None` if t or an SD may be 0.
fn implied(row: &MeanRow, n: u64, t: f64, t_span: Span) -> Option<Implied> {
    let (root_n, change) = ((n as f64).sqrt(), (row.before.mean.value - row.after.mean.value).abs());
    let reach = row.before.mean.half + row.after.mean.half;
    let (s1, s2) = (row.before.sd.size(), row.after.sd.size());
    if t_span.low <= 0.0 || s1.low <= 0.0 || s2.low <= 0.0 {
        return None;
    }
    let sd_span =
        Span { low: (change - reach).max(0.0) * root_n / t_span.high, high: (change + reach) * root_n / t_span.low };
    let correlation = |a: f64, b: f64, sd: f64| (a * a + b * b - sd * sd) / (2.0 * a * b);
    let sd = change * root_n / t;
    let ends = |span: Span| [span.low, span.high];
    let corners = ends(s1).into_iter().flat_map(|a| ends(s2).map(|b| ends(sd_span).map(|sd| correlation(a, b, sd))));
    Some(Implied {
        sd,
        sd_span,
        correlation: correlation(row.before.sd.value, row.after.sd.value, sd),
        correlation_span: Span::of(corners.flatten()),
    })
}

/// Two exams months apart hardly ever correlate more than this, even of what does not change.
const RARE_CORRELATION: f64 = 0.98;

fn spread(row: &MeanRow, n: u64, patients: u64) -> Finding {
    let printed = format!("{}, {}, t {}", words(&row.before), words(&row.after), row.t);
    let Some(found) = implied(row, n, row.t.value.abs(), row.t.size()) else {
        return Finding::new(&row.row, Verdict::Note, printed, "a t or an SD of 0 says nothing of the differences");
    };
    let possible = found.correlation_span.meets(Span { low: -1.0, high: 1.0 });
    let verdict = match possible {
        false => Verdict::Contradiction,
        true if found.correlation >= RARE_CORRELATION => Verdict::Doubtful,
        true => Verdict::Consistent,
    };
    let mut text = in_words(&found);
    if verdict > Verdict::Consistent {
        text += &near_the_limit(row, n, patients);
    }
    if !p_span(row.t.size(), (n - 1) as f64).meets(row.p.span()) {
        text += &by_the_p(row, n);
    }
    Finding::new(&row.row, verdict, printed, text)
}

fn words(column: &MeanSd) -> String {
    format!("{} ± {}", column.mean, column.sd)
}

fn in_words(found: &Implied) -> String {
    let (sd, r) = (found.sd_span, found.correlation_span);
    let decimals = decimals_for(found.sd).max(2);
    format!(
        "differences have SD {} ({} to {}), before and after correlate with r {} ({} to {})",
        fixed(found.sd, decimals),
        fixed(sd.low, decimals),
        fixed(sd.high, decimals),
        fixed(found.correlation, 3),
        fixed(r.low, 3),
        fixed(r.high, 3)
    )
}

/// How near the largest possible t it is, and what that means.
fn near_the_limit(row: &MeanRow, n: u64, patients: u64) -> String {
    let change = (row.before.mean.value - row.after.mean.value).abs();
    let apart = (row.before.sd.value - row.after.sd.value).abs();
    let mut text = String::new();
    if apart > 0.0 {
        text += &format!("; t can be {} at most", fixed(change * (n as f64).sqrt() / apart, 3));
    }
    if row.before.mean.value != 0.0 {
        let (means, sds) = (row.after.mean.value / row.before.mean.value, row.after.sd.value / row.before.sd.value);
        text += &format!("; means change by a factor of {}, SDs of {}", fixed(means, 3), fixed(sds, 3));
    }
    let with_all = implied(row, patients, row.t.value.abs(), row.t.size()).filter(|_| patients != n);
    if let Some(all) = with_all {
        text += &format!("; with all {patients} patients r would be {}", fixed(all.correlation, 2));
    }
    text
}

/// The same by the printed p, where it does not go with the printed t.
fn by_the_p(row: &MeanRow, n: u64) -> String {
    let t = t_of_printed_p(row, n);
    let found = implied(row, n, (t.low + t.high) / 2.0, t);
    found.map_or_else(String::new, |found| {
        format!("; by the printed p the SD is {} and r {}", fixed(found.sd, 2), fixed(found.correlation, 2))
    })
}

/// Whether one of `n` values may lie so far from their mean: `SD >= |x - mean| sqrt n / (n - 1)` (Samuelson 1968).
fn single(row: &MeanRow, value: f64, n: u64) -> Finding {
    let (mean, sd) = (row.before.mean.value, row.before.sd.value);
    let n = n as f64;
    let least = (value - mean).abs() * n.sqrt() / (n - 1.0);
    let verdict = if least > row.before.sd.span().high { Verdict::Contradiction } else { Verdict::Note };
    let text = format!(
        "it lies {} SD from the mean; one such value needs an SD of at least {}",
        fixed((value - mean).abs() / sd, 1),
        fixed(least, 2)
    );
    Finding::new(&row.row, verdict, format!("{}, one value {value}", words(&row.before)), text)
}

#[cfg(test)]
mod tests {
    use super::super::paper::parse;
    use super::*;

    fn row(n: u64, before: [&str; 2], after: [&str; 2], t: &str, p: &str) -> Vec<Finding> {
        let text = format!(
            "source = \"x\"\nn = {n}\n[[mean]]\nrow = \"r\"\nbefore = {{ mean = \"{}\", sd = \"{}\" }}\n\
             after = {{ mean = \"{}\", sd = \"{}\" }}\nt = \"{t}\"\np = \"{p}\"\n",
            before[0], before[1], after[0], after[1]
        );
        findings(&parse(&text).unwrap().mean[0], n)
    }

    #[test]
    fn an_impossible_correlation_is_a_contradiction() {
        // The largest possible t is 6.877.
        let found = row(20, ["36.8", "23.8"], ["18.5", "11.9"], "7.738", "<0.001");
        assert_eq!(found[1].verdict, Verdict::Contradiction, "{found:?}");
        let found = row(20, ["36.8", "23.8"], ["18.5", "11.9"], "3.738", "0.001");
        assert_eq!([found[0].verdict, found[1].verdict], [Verdict::Consistent; 2], "{found:?}");
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        let found = row(9, ["3.0", "0.0"], ["3.0", "1.0"], "0.000", "1.000");
        assert_eq!([found[0].verdict, found[1].verdict], [Verdict::Consistent, Verdict::Note], "{found:?}");
        let found = row(9, ["3.0", "1.0"], ["3.0", "1.0"], "4.000", "0.000");
        assert!(found.iter().all(|f| !f.rebuilt.contains("NaN")), "{found:?}");
    }
}
