//! `osteon list`: what is registered, as a table or as JSON.

use super::{Failure, exit, output};
use crate::batch::failure::FAILURES;
use crate::io::fault::FAULTS;
use crate::measure::flag::FLAGS;
use crate::measure::reason::{REASONS, Reason};
use crate::measure::{Column, MEASUREMENTS, Measure, Modality};
use crate::stages::{STAGES, Stage};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

/// List what is registered: stages, measures, columns, flags or reasons
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to list
    registry: Registry,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Registry {
    /// Steps of an exam
    Stages,
    /// Measures of exams.csv
    Measures,
    /// Measured columns of slices_ct.csv and slices_mr.csv
    Columns,
    /// Remarks beside a number
    Flags,
    /// Why a number is not given
    Reasons,
}

type Row = Map<String, Value>;

/// `osteon list WHAT [--json]`
///
/// # Errors
/// If standard output cannot be written.
pub fn list(args: &ListArgs) -> Result<i32, Failure> {
    let rows = rows(args.registry);
    let text = if args.json { json_text(&rows) } else { table_text(&rows) };
    output::print(&text)?;
    Ok(exit::DONE)
}

fn rows(registry: Registry) -> Vec<Row> {
    let objects: Vec<Value> = match registry {
        Registry::Stages => STAGES.iter().map(stage).collect(),
        Registry::Measures => MEASUREMENTS.iter().flat_map(|m| m.measures).map(measure).collect(),
        Registry::Columns => MEASUREMENTS.iter().flat_map(|m| m.columns).map(column).collect(),
        Registry::Flags => FLAGS.iter().map(|(code, about)| json!({"flag": code, "about": about})).collect(),
        Registry::Reasons => reasons(),
    };
    objects.into_iter().filter_map(|o| if let Value::Object(row) = o { Some(row) } else { None }).collect()
}

/// Why a measure is not given, then why a whole exam is not: faults of its files, and what the job finds.
fn reasons() -> Vec<Value> {
    let row = |r: &Reason, of| json!({"reason": r.code, "of": of, "remedy": r.remedy, "about": r.about});
    let exams = FAULTS.iter().chain(FAILURES).map(|r| row(r, "exam"));
    REASONS.iter().map(|r| row(r, "measure")).chain(exams).collect()
}

fn stage(s: &Stage) -> Value {
    let on = branches(s.modalities);
    json!({"stage": s.name, "on": on, "reads": s.reads, "writes": s.writes, "about": s.about})
}

fn measure(m: &Measure) -> Value {
    json!({"measure": m.name, "on": branches(m.modalities), "unit": m.unit, "classes": m.classes, "about": m.about})
}

fn column(c: &Column) -> Value {
    json!({"column": c.name, "on": branches(c.modalities), "unit": c.unit, "about": c.about})
}

fn branches(modalities: &[Modality]) -> Vec<&'static str> {
    modalities.iter().map(|m| m.name()).collect()
}

fn json_text(rows: &[Row]) -> String {
    format!("{:#}\n", Value::from(rows.iter().cloned().map(Value::Object).collect::<Vec<_>>()))
}

/// A header and aligned columns; the last one runs free.
fn table_text(rows: &[Row]) -> String {
    let Some(first) = rows.first() else { return String::new() };
    let header = first.keys().cloned().collect();
    let lines: Vec<Vec<String>> =
        std::iter::once(header).chain(rows.iter().map(|row| row.values().map(plain).collect())).collect();
    let widths: Vec<usize> =
        (0..first.len()).map(|i| lines.iter().map(|l| l[i].chars().count()).max().unwrap_or(0)).collect();
    lines.iter().map(|line| aligned(line, &widths)).collect()
}

fn aligned(line: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = line.iter().zip(widths).map(|(cell, &width)| format!("{cell:width$}")).collect();
    format!("{}\n", cells.join("  ").trim_end())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join("|"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registry_is_listed_in_both_forms() {
        for registry in Registry::value_variants() {
            let rows = rows(*registry);
            assert_eq!(table_text(&rows).lines().count(), if rows.is_empty() { 0 } else { rows.len() + 1 });
            let back: Vec<Row> = serde_json::from_str(&json_text(&rows)).unwrap();
            assert_eq!(back, rows);
        }
        assert_eq!(rows(Registry::Flags).len(), FLAGS.len());
        assert_eq!(rows(Registry::Reasons).len(), REASONS.len() + FAULTS.len() + FAILURES.len());
    }

    #[test]
    fn a_reason_means_one_thing_in_the_whole_program() {
        let mut seen = std::collections::BTreeSet::new();
        let twice: Vec<&str> =
            REASONS.iter().chain(FAULTS).chain(FAILURES).map(|r| r.code).filter(|code| !seen.insert(*code)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn columns_of_a_table_stand_under_one_another() {
        let row = |name: &str, reads: &[&str]| match json!({"stage": name, "reads": reads, "about": "x"}) {
            Value::Object(row) => row,
            _ => unreachable!("an object was written"),
        };
        let text = table_text(&[row("outline", &["a", "b"]), row("rim", &[])]);
        assert_eq!(text, "stage    reads  about\noutline  a|b    x\nrim             x\n");
    }
}
