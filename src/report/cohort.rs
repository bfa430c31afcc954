//! `osteon cohort` for a person (text and Markdown) and for a program (`patients.csv`, `flow.csv`, `cohort.csv`).

pub mod responses;

use super::grid::Grid;
use super::quantity::count;
use crate::batch::csv::{harmless, line};
use crate::batch::number;
use crate::stats::Interval;
use crate::stats::cohort::Cohort;
use crate::stats::cohort::pairing::{Pair, Pairing, Unit};
use crate::stats::cohort::response::Criterion;
use crate::stats::cohort::reviews::Tally;
use crate::stats::cohort::rows::{Numbers, Part, Row};
use crate::stats::figures::{decimals_for, fixed, p_cell, p_text};
use crate::stats::summary::Summary;
use std::collections::BTreeMap;

/// The columns of `patients.csv`.
pub const PATIENT_COLUMNS: [&str; 12] = [
    "patient",
    "lesion",
    "modality",
    "measure",
    "unit",
    "timepoint_before",
    "before",
    "timepoint_after",
    "after",
    "change",
    "percent",
    "reason",
];
/// The columns of `flow.csv`.
pub const FLOW_COLUMNS: [&str; 5] = ["patient", "lesion", "modality", "measure", "reason"];
/// The columns of `cohort.csv`.
pub const COHORT_COLUMNS: [&str; 14] = [
    "table",
    "row",
    "statistic",
    "before",
    "after",
    "n",
    "test",
    "test_value",
    "p",
    "p_exact",
    "p_holm",
    "effect",
    "ci_low",
    "ci_high",
];

/// `patients.csv`: every measure and score, before, after, after minus before, and that in per cent of before; then the
/// response of each lesion by each criterion, with the change that it rests on; then that of each patient.
pub fn patients_csv(cohort: &Cohort) -> String {
    let pairings = std::iter::once(&cohort.measures).chain(&cohort.scores);
    let rows = pairings.flat_map(|pairing| pairing.pairs.iter().map(move |pair| patient_row(pairing, pair)));
    let responses = Criterion::ALL.into_iter().flat_map(|by| cohort.responses.iter().map(move |r| (by, r)));
    let responses = responses.map(|(by, response)| responses::of_lesion(&cohort.measures, by, response));
    let of_patients = cohort.of_patients.all.iter().flat_map(responses::of_patient);
    line(PATIENT_COLUMNS) + &rows.chain(responses).chain(of_patients).collect::<String>()
}

fn patient_row(pairing: &Pairing, pair: &Pair) -> String {
    let unit = &pairing.units[pair.unit];
    let change = pair.numbers().map(|(before, after)| after - before);
    let percent =
        pair.numbers().filter(|(before, _)| *before != 0.0).map(|(before, after)| 100.0 * (after - before) / before);
    let text = |value: &Option<String>| harmless(value.as_deref().unwrap_or_default());
    let side = |value: &Result<String, String>| value.as_ref().map_or_else(|_| String::new(), |v| as_cell(v));
    line([
        harmless(&unit.patient),
        harmless(&unit.lesion),
        harmless(&pair.modality),
        harmless(&pair.measure),
        harmless(&pair.measured_in),
        text(&unit.before),
        side(&pair.before),
        text(&unit.after),
        side(&pair.after),
        number::cell(change),
        number::cell(percent),
        harmless(&pair.reason().or_else(|| pair.remark.clone()).unwrap_or_default()),
    ])
}

/// A number as it is, words made harmless.
fn as_cell(text: &str) -> String {
    if text.parse::<f64>().is_ok_and(f64::is_finite) { text.to_owned() } else { harmless(text) }
}

/// `flow.csv`: who is in no pair at all, then which measures of the others are not paired, each with the reason.
pub fn flow_csv(cohort: &Cohort) -> String {
    let measures = &cohort.measures;
    let out = measures.units.iter().filter_map(|unit| Some(flow_row(unit, ["", ""], unit.excluded.as_ref()?)));
    let unpaired = measures.pairs.iter().filter_map(|pair| {
        let unit = &measures.units[pair.unit];
        let reason = pair.reason().filter(|_| unit.excluded.is_none())?;
        Some(flow_row(unit, [&pair.modality, &pair.measure], &reason))
    });
    line(FLOW_COLUMNS) + &out.chain(unpaired).collect::<String>()
}

fn flow_row(unit: &Unit, [modality, measure]: [&str; 2], reason: &str) -> String {
    line([&unit.patient, &unit.lesion, modality, measure, reason].map(harmless))
}

/// `cohort.csv`: for each row of the tables a line with its test, a line for every other statistic, and the change with
/// its interval.
pub fn cohort_csv(cohort: &Cohort) -> String {
    line(COHORT_COLUMNS) + &cohort.rows.iter().flat_map(row_lines).collect::<String>()
}

fn row_lines(row: &Row) -> Vec<String> {
    let start = |statistic: &str| [row.table.name().to_owned(), harmless(&row.name), harmless(statistic)];
    let plain = |statistic: &str, before: String, after: String, n: usize| {
        let rest = std::iter::repeat_n(String::new(), 8);
        line(start(statistic).into_iter().chain([before, after, n.to_string()]).chain(rest))
    };
    let mut statistics = statistics(row).into_iter();
    let mut lines = Vec::new();
    if let Some((name, before, after)) = statistics.next() {
        let cells = start(&name).into_iter().chain([before, after, row.n.to_string()]);
        lines.push(line(cells.chain(test_cells(row)).chain([String::new(), String::new()])));
    }
    lines.extend(statistics.map(|(name, before, after)| plain(&name, before, after, row.n)));
    let moved = ["fell", "same", "rose"].iter().zip(row.moved);
    lines.extend(moved.map(|(name, n)| plain(name, String::new(), String::new(), n)));
    lines.extend(row.change.map(|(change, interval)| change_line(row, change, interval)));
    lines
}

/// test, test_value, p, p_exact, p_holm, effect
fn test_cells(row: &Row) -> [String; 6] {
    let Ok(test) = row.test else { return Default::default() };
    let chance = |p: Option<f64>| p.map(p_cell).unwrap_or_default();
    let (value, effect) = (number::cell(test.value), number::cell(test.effect));
    [test.name.to_owned(), value, chance(Some(test.p)), chance(test.p_exact), chance(row.p_holm), effect]
}

fn change_line(row: &Row, change: f64, interval: Option<Interval>) -> String {
    let start = [row.table.name().to_owned(), harmless(&row.name), "fall".to_owned()].into_iter();
    let middle = [String::new(), String::new(), row.n.to_string()].into_iter();
    let ends = [number::text(change), number::cell(interval.map(|i| i.low)), number::cell(interval.map(|i| i.high))];
    line(start.chain(middle).chain(std::iter::repeat_n(String::new(), 5)).chain(ends))
}

/// Name, before, after; the one that is tested first.
fn statistics(row: &Row) -> Vec<(String, String, String)> {
    let of = |columns: &[Summary; 2], name: &str, value: fn(&Summary) -> Option<f64>| {
        (name.to_owned(), number::cell(value(&columns[0])), number::cell(value(&columns[1])))
    };
    let mean = |c: &[Summary; 2]| [of(c, "mean", |s| Some(s.mean)), of(c, "sd", |s| s.sd)];
    let median = |c: &[Summary; 2]| {
        [of(c, "median", |s| Some(s.median)), of(c, "min", |s| Some(s.min)), of(c, "max", |s| Some(s.max))]
    };
    match &row.numbers {
        Numbers::Mean(columns) => mean(columns).into_iter().chain(median(columns)).collect(),
        Numbers::Median(columns) => median(columns).into_iter().chain(mean(columns)).collect(),
        Numbers::Counts(classes) => {
            let all = ("classes".to_owned(), row.n.to_string(), row.n.to_string());
            let each = classes.iter().map(|(class, [a, b])| (format!("count:{class}"), a.to_string(), b.to_string()));
            std::iter::once(all).chain(each).collect()
        }
    }
}

/// The tables for a terminal.
pub fn text(cohort: &Cohort) -> String {
    let tables = tables(cohort).into_iter().map(|(title, grid)| format!("\n{title}\n{}", grid.text("  ")));
    format!("{}\n{}", flow(cohort), tables.collect::<String>())
}

/// `cohort.md`
pub fn markdown(cohort: &Cohort) -> String {
    let tables = tables(cohort).into_iter().map(|(title, grid)| format!("\n## {title}\n\n{}", grid.markdown()));
    let sentences: String = sentences(&cohort.rows).iter().map(|s| format!("\n{s}\n")).collect();
    format!(
        "# Before and after treatment\n\nOsteon {}. Research use only; not a medical device.\n\n{}\n{}\n{NOTES}\n{}{sentences}",
        env!("CARGO_PKG_VERSION"),
        flow(cohort),
        tables.collect::<String>(),
        responses::rules(cohort).map(|rules| format!("\n{rules}\n")).unwrap_or_default()
    )
}

/// How the tables are made.
pub(super) const NOTES: &str = "Mean ± SD with the paired t test; median (range) and classes with the Wilcoxon signed-rank test \
(zeros dropped, mid-ranks, corrected for ties, not for continuity), its exact p beside; yes and no with McNemar's exact \
test. The fall is before minus after with its 95 % interval: of means the mean, of medians the Hodges-Lehmann estimate. \
p (Holm) counts all rows of its table, by exact p where there is one. Intervals of shares are Wilson's.";

const DEPEND: &str = " Lesions of one patient are rows of their own, which the tests take for independent.";

/// Who is in it and who is not, and why.
pub(super) fn flow(cohort: &Cohort) -> String {
    let measures = &cohort.measures;
    let (paired, all) = measures.patients();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for reason in measures.units.iter().filter_map(|unit| unit.excluded.as_deref()) {
        *reasons.entry(reason).or_default() += 1;
    }
    let left_out: Vec<String> =
        reasons.iter().map(|(reason, n)| format!("{n} {}", reason.replace('_', " ").replace(':', ": "))).collect();
    let left_out = if left_out.is_empty() { String::new() } else { format!(" Left out: {}.", left_out.join(", ")) };
    let whole: usize = measures.units.len();
    let lesions = if whole == all { String::new() } else { format!(", {}", count(whole, "lesion")) };
    let depend = if whole == all { "" } else { DEPEND };
    let reviewed = cohort.reviewed.map(reviewed).unwrap_or_default();
    format!(
        "{}{lesions} in the run, {paired} with a measure before and after.{left_out}{depend}{reviewed}",
        count(all, "patient")
    )
}

fn reviewed(t: Tally) -> String {
    let rest = if t.required { "not reviewed and left out" } else { "not reviewed" };
    format!(
        " Values of exams: {} accepted, {} corrected, {} rejected, {} {rest}.",
        t.accepted, t.corrected, t.rejected, t.unreviewed
    )
}

/// What the table is called that no paper has.
pub(super) const OTHER: &str = "Other measures";

pub(super) fn tables(cohort: &Cohort) -> Vec<(&'static str, Grid)> {
    let titles = ["Table 1: radiologic results", "Table 2: clinical results", OTHER];
    let parts = Part::ALL.into_iter().zip(titles);
    let filled = parts.filter_map(|(part, title)| {
        let rows: Vec<&Row> = cohort.rows.iter().filter(|row| row.table == part).collect();
        (!rows.is_empty()).then(|| (title, grid(&rows)))
    });
    filled.chain(responses::tables(cohort)).collect()
}

fn grid(rows: &[&Row]) -> Grid {
    let mut grid =
        Grid::new(&["", "before", "after", "n", "t or Z", "p", "exact p", "p (Holm)", "fall (95 % interval)"]);
    for row in rows {
        let [before, after] = shown(row);
        grid.add([row.title.clone(), before, after, row.n.to_string()].into_iter().chain(tested(row)));
        if let Numbers::Counts(classes) = &row.numbers {
            for (class, counts) in classes.iter().filter(|(_, [a, b])| a + b > 0) {
                let shares = counts.map(|of| share(of, row.n));
                grid.add(
                    [format!("\u{2003}{}", class.replace('_', " "))]
                        .into_iter()
                        .chain(shares)
                        .chain((0..6).map(|_| String::new())),
                );
            }
        }
    }
    grid
}

fn share(of: usize, n: usize) -> String {
    format!("{of} ({} %)", fixed(100.0 * of as f64 / n as f64, 1))
}

fn shown(row: &Row) -> [String; 2] {
    match &row.numbers {
        Numbers::Counts(_) => Default::default(),
        Numbers::Mean(columns) => [&columns[0], &columns[1]].map(|s| {
            let decimals = decimals(row, s);
            let sd = s.sd.map(|sd| format!(" ± {}", fixed(sd, decimals))).unwrap_or_default();
            format!("{}{sd}", fixed(s.mean, decimals))
        }),
        Numbers::Median(columns) if row.table == Part::Two => [&columns[0], &columns[1]]
            .map(|s| format!("{} ({}, {})", number::text(s.median), number::text(s.min), number::text(s.max))),
        Numbers::Median(columns) => [&columns[0], &columns[1]].map(|s| {
            let decimals = decimals(row, s);
            format!("{} ({}, {})", fixed(s.median, decimals), fixed(s.min, decimals), fixed(s.max, decimals))
        }),
    }
}

/// As the paper prints it; otherwise as many as show three digits of the spread.
fn decimals(row: &Row, s: &Summary) -> usize {
    let spread = s.sd.filter(|sd| *sd > 0.0).unwrap_or(s.mean.abs());
    row.decimals.unwrap_or_else(|| if spread > 0.0 { decimals_for(spread) } else { 0 })
}

/// Test value, p, exact p, p by Holm, fall.
fn tested(row: &Row) -> [String; 5] {
    let fall = row.change.map(|(change, interval)| {
        let decimals = row.decimals.unwrap_or_else(|| decimals_for(change.abs()).min(3));
        let ends = interval.map(|i| format!(" ({} to {})", fixed(i.low, decimals), fixed(i.high, decimals)));
        format!("{}{}", fixed(change, decimals), ends.unwrap_or_default())
    });
    match row.test {
        Err(why) => [format!("none: {why}"), String::new(), String::new(), String::new(), fall.unwrap_or_default()],
        Ok(test) => {
            let value = test.value.map_or_else(|| "McNemar".to_owned(), |value| fixed(value, 3));
            let p = |p: Option<f64>| p.map(p_text).unwrap_or_default();
            [value, p(Some(test.p)), p(test.p_exact), p(row.p_holm), fall.unwrap_or_default()]
        }
    }
}

/// The sentences of a results section, as far as there are rows for them.
pub(super) fn sentences(rows: &[Row]) -> Vec<String> {
    let find = |name: &str| rows.iter().find(|row| row.name == name);
    [
        find("CT rim").and_then(rim),
        find("CT interior").and_then(interior),
        find("CT boriani_grade").and_then(grades),
        find("CT max_diameter").and_then(diameter),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How many are of a class after treatment.
fn after(row: &Row, wanted: &str) -> Option<usize> {
    let Numbers::Counts(classes) = &row.numbers else { return None };
    classes.iter().find(|(class, _)| class == wanted).map(|(_, [_, after])| *after)
}

fn rim(row: &Row) -> Option<String> {
    let (complete, incomplete) = (after(row, "complete")?, after(row, "incomplete")?);
    let any = share(complete + incomplete, row.n);
    Some(format!(
        "After treatment {any} of {} had a marginal rim; in {} it was complete.",
        row.n,
        share(complete, row.n)
    ))
}

fn interior(row: &Row) -> Option<String> {
    let (over, under) = (after(row, "over_half")?, after(row, "under_half")?);
    let any = share(over + under, row.n);
    Some(format!(
        "Bone had formed inside in {any} of {}, in more than half of the section in {}.",
        row.n,
        share(over, row.n)
    ))
}

fn grades(row: &Row) -> Option<String> {
    let Numbers::Counts(classes) = &row.numbers else { return None };
    let each: Vec<String> = classes.iter().map(|(class, [_, after])| format!("{after} grade {class}")).collect();
    Some(format!("By the Boriani grading, of {} after treatment {}.", row.n, each.join(", ")))
}

fn diameter(row: &Row) -> Option<String> {
    let Numbers::Median(columns) = &row.numbers else { return None };
    let one = |value: f64| fixed(value, 1);
    let [a, b] = columns.as_ref();
    let p = row.test.ok().map(|test| p_text(test.p)).unwrap_or_else(|| "not defined".into());
    Some(format!(
        "The median maximum diameter went from {} mm (mean {}; range {} to {}) to {} mm (mean {}; range {} to {}; p {p}); \
         it fell in {} of {}, stayed in {} and rose in {}.",
        one(a.median),
        one(a.mean),
        one(a.min),
        one(a.max),
        one(b.median),
        one(b.mean),
        one(b.min),
        one(b.max),
        row.moved[0],
        row.n,
        row.moved[1],
        row.moved[2]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cohort::pairing::Failures;
    use crate::stats::cohort::{clinical, cohort};
    use crate::stats::table::parse;

    fn example() -> Cohort {
        let head = "patient,timepoint,modality,measure,value,unit\n";
        let row = |i: usize, timepoint: &str, diameter: f64, rim: &str| {
            format!("P{i},{timepoint},CT,max_diameter,{diameter},mm\nP{i},{timepoint},CT,rim,{rim},\n")
        };
        let rows: String = (0..6)
            .map(|i| row(i, "pre", 50.0 + i as f64, "none") + &row(i, "post", 48.0 - i as f64, "complete"))
            .collect();
        let exams = parse(format!("{head}{rows}=P9,pre,CT,rim,none,\n").as_bytes(), "exams.csv").unwrap();
        let scores = clinical::parse(b"patient,timepoint,kps\nP1,pre,60\nP1,post,70\nP2,pre,70\nP2,post,90\n").unwrap();
        let choice = crate::config::load(None, None, &[]).unwrap().0.cohort;
        cohort(exams, &Failures::default(), Some(&scores), &choice).unwrap()
    }

    #[test]
    fn the_page_has_flow_tables_and_sentences() {
        let page = markdown(&example());
        for part in [
            "7 patients in the run, 6 with a measure before and after. Left out: 1 one timepoint.",
            "| Maximum diameter (mm) | 52.5 (50.0, 55.0) | 45.5 (43.0, 48.0) | 6 | -2.201 | 0.028 | 0.031 | 0.062 | 7.0 (2.0 to 12.0) |",
            "| \u{2003}complete | 0 (0.0 %) | 6 (100.0 %) |",
            "| KPS | 65 (60, 70) | 80 (70, 90) | 2 |",
            "| RECIST 1.1 | 0 (0.0 %) | 0.0 to 39.0 % | 6 (100.0 %) | 0 (0.0 %) | 0 |\n| Choi | 0 |  | 0 | 0 | 6 |",
            "| RECIST 1.1, sum of up to 2 lesions | 0 (0.0 %) | 0.0 to 39.0 % | 6 (100.0 %) | 0 (0.0 %) | 0 |",
            "After treatment 6 (100.0 %) of 6 had a marginal rim; in 6 (100.0 %) it was complete.",
            "it fell in 6 of 6, stayed in 0 and rose in 0.",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(text(&example()).contains("Table 2: clinical results\n"));
    }

    #[test]
    fn tables_have_their_columns_and_no_formula() {
        let found = example();
        for (table, columns) in [
            (patients_csv(&found), PATIENT_COLUMNS.len()),
            (flow_csv(&found), FLOW_COLUMNS.len()),
            (cohort_csv(&found), COHORT_COLUMNS.len()),
        ] {
            assert!(table.lines().all(|line| line.matches(',').count() == columns - 1), "{table}");
            assert!(!table.contains("\n="), "{table}");
        }
        assert!(patients_csv(&found).contains("P0,1,CT,max_diameter,mm,pre,50,post,48,-2,-4,\n"));
        assert!(flow_csv(&found).contains("'=P9,1,,,one_timepoint\n"));
    }
}
