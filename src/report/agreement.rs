//! `osteon agree` for a person (text and Markdown) and for a program (`agreement.csv`).

use super::grid::Grid;
use super::quantity::count;
use crate::batch::csv::{harmless, line};
use crate::batch::number;
use crate::stats::agreement::{Classes, Comparison, Numbers, Outcome, Tally};
use crate::stats::bland_altman::Estimate;
use crate::stats::figures::{decimals_for, fixed, p_cell, p_text};
use crate::stats::kappa::Coefficient;
use crate::stats::summary::Summary;
use crate::stats::{Interval, Undefined};

/// The columns of `agreement.csv`.
pub const COLUMNS: [&str; 9] = ["measure", "unit", "statistic", "value", "se", "ci_low", "ci_high", "n", "remark"];

/// A trend of differences over means is mentioned below this p.
const TREND_P: f64 = 0.05;

/// One number with what it is called in tables and in words.
struct Line {
    name: String,
    title: String,
    value: Result<f64, Undefined>,
    se: Option<f64>,
    interval: Option<Interval>,
    form: Form,
}

/// How a number is written for a person.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// With so many decimals.
    Fixed(usize),
    /// As a p.
    Chance,
    /// As a share of all, in per cent.
    Percent,
}

impl Line {
    fn plain(name: &str, title: &str, value: Result<f64, Undefined>, form: Form) -> Self {
        Self { name: name.into(), title: title.into(), value, se: None, interval: None, form }
    }

    fn with(self, se: Option<f64>, interval: Option<Interval>) -> Self {
        Self { se, interval, ..self }
    }

    fn shown(&self, value: f64) -> String {
        match self.form {
            Form::Fixed(decimals) => fixed(value, decimals),
            Form::Chance => p_text(value),
            Form::Percent => format!("{} %", fixed(100.0 * value, 1)),
        }
    }

    /// Title, value, interval, standard error.
    fn cells(&self) -> [String; 4] {
        let value = self.value.map_or_else(|why| format!("none: {why}"), |value| self.shown(value));
        let interval = self.interval.map(|i| format!("{} to {}", self.shown(i.low), self.shown(i.high)));
        [self.title.clone(), value, interval.unwrap_or_default(), self.se.map(|se| self.shown(se)).unwrap_or_default()]
    }

    /// The cells of `agreement.csv` from `statistic` on.
    fn csv(&self, n: usize) -> [String; 7] {
        let cell = |value: f64| if self.form == Form::Chance { p_cell(value) } else { number::text(value) };
        let optional = |value: Option<f64>| value.map(cell).unwrap_or_default();
        let remark = self.value.err().map(|why| why.to_string()).unwrap_or_default();
        let (low, high) = (self.interval.map(|i| i.low), self.interval.map(|i| i.high));
        let value = optional(self.value.ok());
        [self.name.clone(), value, optional(self.se), optional(low), optional(high), n.to_string(), remark]
    }
}

/// The comparison for a terminal.
pub fn text(comparisons: &[Comparison]) -> String {
    let sections = comparisons.iter().map(|c| section(c, &|grid| grid.text("  "), &|remark| format!("  {remark}\n")));
    sections.collect::<Vec<_>>().join("\n")
}

/// The comparison as `agreement.md`; `plots` are the plots' file names.
pub fn markdown(comparisons: &[Comparison], plots: &[(String, String)]) -> String {
    let mut page = format!("# Agreement of A and B\n\nOsteon {}. Differences are A - B.\n", env!("CARGO_PKG_VERSION"));
    for comparison in comparisons {
        let grid = |grid: &Grid| format!("\n{}", grid.markdown());
        page += &format!("\n## {}", section(comparison, &grid, &|remark| format!("\n{remark}\n")));
        for (_, file) in plots.iter().filter(|(measure, _)| *measure == comparison.measure) {
            page += &format!("\n![Bland-Altman plot of {}]({file})\n", comparison.measure);
        }
    }
    page
}

fn section(comparison: &Comparison, grid: &dyn Fn(&Grid) -> String, remark: &dyn Fn(&str) -> String) -> String {
    let unit = if comparison.unit.is_empty() { String::new() } else { format!(" [{}]", comparison.unit) };
    let head = format!("{}{unit}\n{}", comparison.measure, remark(&tally(&comparison.tally)));
    let dependent = dependence(&comparison.tally).map(|text| remark(&text)).unwrap_or_default();
    let body = match &comparison.outcome {
        Outcome::Not(why) => remark(&format!("Not compared: {why}.")),
        Outcome::Classes(classes) => grid(&confusion(classes)) + &grid(&lines_grid(&comparison.outcome)),
        Outcome::Numbers(numbers) => {
            let remarks = trend_remark(numbers).map(|text| remark(&text)).unwrap_or_default();
            grid(&columns(numbers)) + &grid(&lines_grid(&comparison.outcome)) + &remarks
        }
    };
    head + &body + &dependent
}

fn tally(t: &Tally) -> String {
    format!(
        "{} compared; only in A {}, only in B {}; not evaluable in A {}, in B {}, in both {}",
        t.compared, t.only_a, t.only_b, t.refused_a, t.refused_b, t.refused_both
    )
}

/// Intervals take rows for independent.
fn dependence(t: &Tally) -> Option<String> {
    (t.patients < t.compared).then(|| {
        format!(
            "The {} rows are of {}: rows of one patient are not independent, and intervals are too narrow.",
            t.compared,
            count(t.patients, "patient")
        )
    })
}

fn lines_grid(outcome: &Outcome) -> Grid {
    let mut grid = Grid::new(&["", "value", "95 % interval", "SE"]);
    for line in lines(outcome) {
        grid.add(line.cells());
    }
    grid
}

/// Who called what, with margins.
fn confusion(classes: &Classes) -> Grid {
    let table = &classes.table;
    let header: Vec<&str> = std::iter::once("A \\ B").chain(table.classes.iter().map(String::as_str)).collect();
    let mut grid = Grid::new(&[&header[..], &["all"]].concat());
    for (i, class) in table.classes.iter().enumerate() {
        let counts = table.counts[i].iter().chain([&table.of_a(i)]).map(ToString::to_string).collect::<Vec<_>>();
        grid.add(std::iter::once(class.clone()).chain(counts));
    }
    let margins = (0..table.classes.len()).map(|j| table.of_b(j)).chain([table.n()]);
    grid.add(std::iter::once("all".to_owned()).chain(margins.map(|n| n.to_string())));
    grid
}

/// What each reader's numbers come to.
fn columns(numbers: &Numbers) -> Grid {
    let mut grid = Grid::new(&["", "mean", "SD", "median", "range"]);
    let decimals = decimals(numbers);
    let text = |value| fixed(value, decimals);
    let mut add = |reader: &str, s: &Summary| {
        let range = format!("{} to {}", text(s.min), text(s.max));
        grid.add([reader.into(), text(s.mean), s.sd.map(text).unwrap_or_default(), text(s.median), range]);
    };
    add("A", &numbers.a);
    add("B", &numbers.b);
    grid
}

/// Decimals that suit the differences, or the values where there is only one.
fn decimals(numbers: &Numbers) -> usize {
    let spread = numbers.limits.map_or(numbers.a.mean.abs(), |limits| limits.sd);
    decimals_for(if spread > 0.0 { spread } else { numbers.a.sd.unwrap_or(1.0) })
}

fn trend_remark(numbers: &Numbers) -> Option<String> {
    let trend = numbers.limits.ok()?.trend.filter(|trend| trend.p < TREND_P)?;
    Some(format!(
        "The difference changes by {} for each unit of the mean (p {}): the limits do not hold alike over the whole \
         range; see the plot, and consider ratios.",
        fixed(trend.slope, 3),
        p_text(trend.p)
    ))
}

fn lines(outcome: &Outcome) -> Vec<Line> {
    match outcome {
        Outcome::Not(_) => Vec::new(),
        Outcome::Classes(classes) => class_lines(classes),
        Outcome::Numbers(numbers) => number_lines(numbers),
    }
}

fn class_lines(classes: &Classes) -> Vec<Line> {
    let share = classes.table.agreed() as f64 / classes.table.n() as f64;
    let title = format!("same class ({} of {})", classes.table.agreed(), classes.table.n());
    let mut lines = vec![Line::plain("agreed", &title, Ok(share), Form::Percent)];
    for found in &classes.coefficients {
        let weights = found.weights.name();
        lines.push(coefficient(&format!("kappa_{weights}"), &format!("kappa, {weights}"), found.kappa));
        lines.push(coefficient(&format!("ac2_{weights}"), &format!("Gwet AC2, {weights}"), found.ac2));
    }
    lines
}

fn coefficient(name: &str, title: &str, found: Result<Coefficient, Undefined>) -> Line {
    let interval = found.ok().and_then(|c| c.interval).map(|i| i.within(-1.0, 1.0));
    let se = found.ok().filter(|c| c.interval.is_some()).map(|c| c.se);
    Line::plain(name, title, found.map(|c| c.value), Form::Fixed(3)).with(se, interval)
}

fn number_lines(numbers: &Numbers) -> Vec<Line> {
    let measured = Form::Fixed(decimals(numbers));
    let correlation = |name, title, of: fn(&crate::stats::icc::Icc) -> crate::stats::icc::Correlation| {
        let found = numbers.icc.as_ref().map(of).map_err(|why| *why);
        let interval = found.ok().map(|c| c.interval);
        Line::plain(name, title, found.map(|c| c.value), Form::Fixed(3)).with(None, interval)
    };
    let limits = numbers.limits;
    let estimate = |name, title, of: fn(&crate::stats::bland_altman::BlandAltman) -> Estimate| {
        let found = limits.as_ref().map(of).map_err(|why| *why);
        let (se, interval) = (found.ok().map(|e| e.se), found.ok().map(|e| e.interval));
        Line::plain(name, title, found.map(|e| e.value), measured).with(se, interval)
    };
    let correlations = [
        correlation("icc_2_1", "ICC(2,1), absolute agreement", |icc| icc.agreement),
        correlation("icc_3_1", "ICC(3,1), consistency", |icc| icc.consistency),
    ];
    if let Some(always) = limits.ok().filter(|l| l.sd == 0.0).map(|l| l.bias.value) {
        let bias = Line::plain("bias", "every difference A - B", Ok(always), measured);
        return correlations.into_iter().chain([bias]).collect();
    }
    let mut lines = Vec::from(correlations);
    lines.extend([
        estimate("bias", "bias A - B", |limits| limits.bias),
        Line::plain("bias_p", "p of the bias", numbers.bias_p, Form::Chance),
        Line::plain("difference_sd", "SD of differences", limits.map(|l| l.sd), measured),
        estimate("limit_lower", "lower limit of agreement", |limits| limits.lower),
        estimate("limit_upper", "upper limit of agreement", |limits| limits.upper),
        Line::plain("repeatability", "repeatability coefficient", limits.map(|l| l.repeatability), measured),
    ]);
    if let Some(trend) = limits.ok().and_then(|l| l.trend) {
        lines.push(Line::plain(
            "trend_slope",
            "trend: difference for each unit of the mean",
            Ok(trend.slope),
            Form::Fixed(3),
        ));
        lines.push(Line::plain("trend_p", "p of the trend", Ok(trend.p), Form::Chance));
    }
    lines
}

/// The comparison as `agreement.csv`: a row for each statistic, each count of rows and each cell of a confusion table.
pub fn csv(comparisons: &[Comparison]) -> String {
    line(COLUMNS) + &comparisons.iter().flat_map(rows).collect::<String>()
}

fn rows(comparison: &Comparison) -> Vec<String> {
    let start = [harmless(&comparison.measure), harmless(&comparison.unit)];
    let row = |cells: [String; 7]| line(start.iter().cloned().chain(cells.map(|cell| harmless_text(&cell))));
    let n = comparison.tally.compared;
    let counted = |name: String, of: usize| Line::plain(&name, "", Ok(of as f64), Form::Fixed(0)).csv(n);
    let t = &comparison.tally;
    let counts = [
        ("rows_compared", t.compared),
        ("patients_compared", t.patients),
        ("rows_only_a", t.only_a),
        ("rows_only_b", t.only_b),
        ("rows_not_evaluable_a", t.refused_a),
        ("rows_not_evaluable_b", t.refused_b),
        ("rows_not_evaluable_both", t.refused_both),
    ];
    let mut rows: Vec<String> = counts.iter().map(|(name, of)| row(counted((*name).to_owned(), *of))).collect();
    if let Outcome::Classes(classes) = &comparison.outcome {
        let name = |i: usize, j: usize| format!("a={};b={}", classes.table.classes[i], classes.table.classes[j]);
        rows.extend(classes.table.cells().map(|(i, j, of)| row(counted(name(i, j), of))));
    }
    rows.extend(lines(&comparison.outcome).iter().map(|line| row(line.csv(n))));
    rows
}

/// Numbers may be negative; words are made harmless.
fn harmless_text(cell: &str) -> String {
    if cell.parse::<f64>().is_ok() { cell.to_owned() } else { harmless(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::agreement::agree;
    use crate::stats::table::parse;

    fn compared(rows: &[(&str, &str, &str)]) -> Vec<Comparison> {
        let table = |pick: fn(&(&str, &str, &str)) -> String, name| {
            let rows: String =
                rows.iter().enumerate().map(|(i, row)| format!("P{i},post,CT,{}\n", pick(row))).collect();
            parse(format!("patient,timepoint,modality,measure,value\n{rows}").as_bytes(), name).unwrap()
        };
        let a = table(|(measure, a, _)| format!("{measure},{a}"), "table A");
        let b = table(|(measure, _, b)| format!("{measure},{b}"), "table B");
        agree(&a, &b, None).unwrap()
    }

    #[test]
    fn classes_are_shown_with_their_table_and_coefficients() {
        let found = compared(&[("rim", "none", "none"), ("rim", "complete", "incomplete"), ("rim", "none", "none")]);
        let text = text(&found);
        for line in [
            "rim\n  3 compared; only in A 0, only in B 0; not evaluable in A 0, in B 0, in both 0\n",
            "  A \\ B       none  incomplete  complete  all\n  none        2     0           0         2\n",
            "  same class (2 of 3)   66.7 %\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
        let csv = csv(&found);
        assert!(csv.contains("rim,,a=complete;b=incomplete,1,,,,3,\nrim,,"), "{csv}");
        assert!(csv.contains("\nrim,,kappa_unweighted,0.4,"), "{csv}");
        assert!(csv.lines().all(|line| line.matches(',').count() == COLUMNS.len() - 1), "{csv}");
    }

    #[test]
    fn rows_of_one_patient_are_said_to_depend() {
        let table = |value| {
            let text = format!("patient,timepoint,modality,measure,value\nP,pre,CT,rim,none\nP,post,CT,rim,{value}\n");
            parse(text.as_bytes(), "table A").unwrap()
        };
        let shown = text(&agree(&table("none"), &table("complete"), None).unwrap());
        assert!(shown.contains("The 2 rows are of 1 patient:"), "{shown}");
    }

    #[test]
    fn numbers_are_shown_with_limits_and_what_has_no_value_says_why() {
        let found = compared(&[("volume", "10.0", "9.0"), ("volume", "20.0", "21.5"), ("volume", "35.0", "33.0")]);
        let shown = text(&found);
        assert!(shown.starts_with("volume [mm3]\n  3 compared"), "{shown}");
        for title in ["ICC(2,1)", "ICC(3,1)", "bias A - B", "upper limit of agreement", "repeatability coefficient"] {
            assert!(shown.contains(title), "{title}");
        }
        let page = markdown(&found, &[("volume".into(), "x.svg".into())]);
        assert!(page.contains("## volume [mm3]\n") && page.contains("](x.svg)"), "{page}");
        let same = text(&compared(&[("volume", "10", "10"), ("volume", "20", "20")]));
        assert!(same.contains("every difference A - B        0") && !same.contains("limit"), "{same}");
        let single = text(&compared(&[("volume", "10", "9")]));
        assert!(single.contains("none: fewer than two pairs") && !single.contains("NaN"), "{single}");
        let row = csv(&compared(&[("volume", "10", "9")]));
        assert!(row.contains("volume,mm3,icc_2_1,,,,,1,fewer than two pairs\n"), "{row}");
    }
}
