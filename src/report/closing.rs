//! The summary that ends a run, for a person to read.

use super::quantity::{count, size, time};
use super::tables::{Case, Message, Tables};
use crate::batch::summary::{Summary, Timing};
use std::time::Duration;

/// The whole summary: counts, cases, failures, times, memory, files.
pub fn text(summary: &Summary, tables: &Tables) -> String {
    let blocks = [counts(summary), cases(tables), failures(tables), stages(summary), files(summary, tables)];
    let mut out: String =
        blocks.iter().filter(|b| !b.is_empty()).map(|block| format!("{}\n\n", block.join("\n"))).collect();
    out.push_str("Research use only. Not a medical device.\n");
    out
}

fn counts(s: &Summary) -> Vec<String> {
    let how = match (s.stopped, s.complete) {
        (true, _) => "Stopped",
        (false, true) => "Done",
        (false, false) => "Not complete",
    };
    let mut lines = vec![format!("{how}: {} in {}", count(s.patients, "patient"), time(s.elapsed))];
    lines.push(format!("  patients  {} measured now, {} reused{}", s.measured, s.reused, put_off(s.put_off)));
    let (fine, review) = (s.exams.saturating_sub(s.failed), s.to_review);
    lines.push(format!("  exams     {} in all, {fine} measured, {} failed, {review} to review", s.exams, s.failed));
    lines
}

fn put_off(patients: usize) -> String {
    match patients {
        0 => String::new(),
        n => format!(", {n} put off: run the same command again"),
    }
}

fn cases(tables: &Tables) -> Vec<String> {
    let graded: Vec<&Case> = tables.cases.iter().filter(|c| c.cells.contains_key("boriani_grade")).collect();
    let mut lines = Vec::new();
    if !graded.is_empty() {
        let header = ["Patient", "Timepoint", "Grade", "Rim", "Ossified", "Diameter"].map(str::to_owned).to_vec();
        lines = columns(std::iter::once(header).chain(graded.into_iter().map(case)).collect());
        if lines.iter().any(|l| l.contains('*')) {
            lines.push("* borderline".to_owned());
        }
    }
    if !tables.grades.is_empty() {
        let grades: Vec<String> = tables.grades.iter().map(|(grade, n)| format!("{grade}: {n}")).collect();
        lines.push(format!("Grades  {}", grades.join(", ")));
    }
    lines
}

fn case(case: &Case) -> Vec<String> {
    let [patient, timepoint, _, series, lesion] = &case.name;
    let mut when = vec![timepoint.as_str()];
    when.extend((series != "main").then_some(series.as_str()));
    when.extend((lesion != "1").then_some(lesion.as_str()));
    let class = |m: &str| case.cells.get(m).map(|c| c.value.replace('_', " ")).unwrap_or_default();
    vec![
        patient.clone(),
        when.join(" "),
        value(case, "boriani_grade", str::to_owned),
        value(case, "rim_coverage", |v| format!("{} {}", rounded(v, 2), class("rim"))),
        value(case, "ossified_fraction", |v| rounded(v, 2)),
        value(case, "max_diameter", |v| format!("{} mm", rounded(v, 1))),
    ]
}

/// A value with a star where borderline, why there is none, or `-` where it was not asked for.
fn value(case: &Case, measure: &str, text: impl Fn(&str) -> String) -> String {
    match case.cells.get(measure) {
        None => "-".to_owned(),
        Some(cell) if cell.value.is_empty() => format!("n/e ({})", cell.reason),
        Some(cell) if cell.status == "borderline" => format!("{} *", text(&cell.value).trim_end()),
        Some(cell) => text(&cell.value).trim_end().to_owned(),
    }
}

fn rounded(number: &str, digits: usize) -> String {
    number.parse::<f64>().map_or_else(|_| number.to_owned(), |n| format!("{n:.digits$}"))
}

/// Cells set in columns two spaces apart.
fn columns(rows: Vec<Vec<String>>) -> Vec<String> {
    let widths = rows.iter().fold(Vec::new(), |mut widths: Vec<usize>, row| {
        widths.resize(widths.len().max(row.len()), 0);
        widths.iter_mut().zip(row).for_each(|(w, cell)| *w = (*w).max(cell.chars().count()));
        widths
    });
    let line = |row: Vec<String>| -> String {
        row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}  ")).collect()
    };
    rows.into_iter().map(|row| line(row).trim_end().to_owned()).collect()
}

fn failures(tables: &Tables) -> Vec<String> {
    let mut lines = Vec::new();
    if !tables.failures.is_empty() {
        lines.push("Failed, by reason; lines are those of the study table".to_owned());
    }
    for (reason, group) in &tables.failures {
        lines.push(format!("  {} x {reason}", group.exams));
        lines.extend(group.messages.iter().map(message));
        let others = group.exams - group.messages.iter().map(|m| m.exams).sum::<usize>();
        lines.extend((others > 0).then(|| format!("      and {others} more: see failures.csv")));
    }
    lines
}

/// `      lines 6, 8: what is wrong; what to do`
fn message(message: &Message) -> String {
    let word = if message.exams == 1 { "line" } else { "lines" };
    let more = if message.exams > message.lines.len() { ", ..." } else { "" };
    format!("      {word} {}{more}: {}", message.lines.join(", "), message.text)
}

fn stages(summary: &Summary) -> Vec<String> {
    if summary.timings.is_empty() {
        return Vec::new();
    }
    let all: Duration = summary.timings.values().map(|t| t.total).sum();
    let mut timings: Vec<(&String, &Timing)> = summary.timings.iter().collect();
    timings.sort_by_key(|(_, t)| std::cmp::Reverse(t.total));
    let share = |t: &Timing| 100.0 * t.total.as_secs_f64() / all.as_secs_f64().max(f64::MIN_POSITIVE);
    let row = |name: &str, runs: &str, total: &str, share: &str| format!("{name:<24}{runs:>8}{total:>14}{share:>8}");
    let mut lines = vec![row("Stage", "Calls", "Total", "Share")];
    lines.extend(
        timings
            .into_iter()
            .map(|(name, t)| row(name, &t.runs.to_string(), &time(t.total), &format!("{:.1} %", share(t)))),
    );
    lines
}

fn files(summary: &Summary, tables: &Tables) -> Vec<String> {
    let memory = summary.peak_bytes.map(|b| format!("Peak memory {}", size(b)));
    let heading = (!tables.files.is_empty()).then(|| "In the output folder:".to_owned());
    let names = tables.files.iter().map(|(name, about)| format!("  {name:<14} {about}"));
    memory.into_iter().chain(heading).chain(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tables::tests::example;

    fn summary() -> Summary {
        let timing = |runs, ms| Timing { runs, total: Duration::from_millis(ms) };
        let timings = [("outline", timing(3, 1500)), ("rim", timing(3, 6000)), ("interior", timing(2, 2500))];
        Summary {
            patients: 4,
            reused: 1,
            measured: 3,
            exams: 6,
            failed: 4,
            to_review: 2,
            complete: true,
            timings: timings.map(|(name, t)| (name.to_owned(), t)).into(),
            elapsed: Duration::from_millis(12_340),
            peak_bytes: Some(412 << 20),
            ..Summary::default()
        }
    }

    #[test]
    fn the_summary_reads() {
        let want = "\
Done: 4 patients in 12.3 s
  patients  3 measured now, 1 reused
  exams     6 in all, 2 measured, 4 failed, 2 to review

Patient  Timepoint    Grade         Rim              Ossified  Diameter
P1       pre          0             0.02 none        0.01      52.5 mm
P1       post thin 2  3 *           0.91 complete *  0.61      48.2 mm
P2       post         n/e (rim_ne)  -                -         n/e (fov_truncated)
* borderline
Grades  0: 1, 3: 1, not evaluable: 1

Failed, by reason; lines are those of the study table
  2 x gzip_truncated
      lines 6, 8: the gzip stream ends early; copy the file again
  2 x mask_empty
      line 7: structures[1]: the outline has no voxel; draw it
      line 9: structures[2]: the outline has no voxel; draw it

Stage                      Calls         Total   Share
rim                            3         6.0 s  60.0 %
interior                       2         2.5 s  25.0 %
outline                        3         1.5 s  15.0 %

Peak memory 412.0 MiB
In the output folder:
  exams.csv      every measure of every exam
  failures.csv   exams of which nothing could be measured
  qc             pictures: the deciding slice and all slices of each exam

Research use only. Not a medical device.
";
        assert_eq!(text(&summary(), &example()), want);
    }

    #[test]
    fn a_stopped_run_says_so_and_what_to_do() {
        let stopped = Summary { stopped: true, put_off: 2, patients: 1, ..Summary::default() };
        let want = "\
Stopped: 1 patient in 0.0 s
  patients  0 measured now, 0 reused, 2 put off: run the same command again
  exams     0 in all, 0 measured, 0 failed, 0 to review

Research use only. Not a medical device.
";
        assert_eq!(text(&stopped, &Tables::default()), want);
    }
}
