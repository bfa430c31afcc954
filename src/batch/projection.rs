//! The CSV files: a projection of the records in output order, grown beside the old files and put in their place when
//! they are complete.

use super::attempt::{Attempt, Place};
use super::csv::{harmless, line};
use super::number;
use super::record::{Outcome, Record};
use super::review;
use super::study::{ExamName, Study};
use crate::io::disk::{Disk, Handle};
use crate::measure::rows::{ExamRow, ExamRows, SliceRow, Value};
use crate::measure::{Modality, columns};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// The first columns of every file.
pub const KEY_COLUMNS: [&str; 5] = ["patient", "timepoint", "modality", "series", "lesion"];
/// The other columns of `exams.csv`.
pub const EXAM_COLUMNS: [&str; 8] = ["measure", "value", "unit", "uncertainty", "slice", "status", "reason", "flags"];
/// The other columns of `failures.csv`.
pub const FAILURE_COLUMNS: [&str; 4] = ["line", "stage", "reason", "message"];
/// The other columns of `review.csv`.
pub const REVIEW_COLUMNS: [&str; 2] = ["doubt", "why"];

/// The slice table of a branch.
pub fn slice_table(modality: Modality) -> &'static str {
    match modality {
        Modality::Ct => "slices_ct.csv",
        Modality::Mr => "slices_mr.csv",
    }
}

/// What is known of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its record is still to come; everything after it waits.
    Pending,
    /// It has no record and is not part of this run.
    Absent,
    /// It has a record.
    Done(Place),
}

/// What the files hold.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Rows of the study table with an outcome.
    pub exams: usize,
    /// Lines of `failures.csv`.
    pub failed: usize,
    /// Lines of `review.csv`.
    pub to_review: usize,
    /// Pictures and masks that belong to these exams, under the output folder.
    pub files: HashSet<String>,
}

struct Doubtful {
    score: f64,
    line: String,
}

/// The files as far as they have grown.
pub struct Projection<'a> {
    study: &'a Study,
    attempt: &'a Attempt<'a>,
    states: Vec<State>,
    next: usize,
    tables: Tables<'a>,
    doubtful: Vec<Doubtful>,
    tally: Tally,
}

impl<'a> Projection<'a> {
    /// Starts all files under `out`; `states` has one for each patient of the study.
    ///
    /// # Errors
    /// Of the storage.
    pub fn start(
        disk: &'a dyn Disk,
        out: &Path,
        study: &'a Study,
        attempt: &'a Attempt<'a>,
        states: Vec<State>,
    ) -> io::Result<Self> {
        let tables = Tables::start(disk, out, study, attempt.number)?;
        let mut new = Self { study, attempt, states, next: 0, tables, doubtful: Vec::new(), tally: Tally::default() };
        new.advance()?;
        Ok(new)
    }

    /// A patient's record has come.
    ///
    /// # Errors
    /// Of the storage.
    pub fn done(&mut self, patient: usize, place: Place) -> io::Result<()> {
        self.states[patient] = State::Done(place);
        self.advance()
    }

    /// What is known of each patient.
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// Failures so far.
    pub fn failed(&self) -> usize {
        self.tally.failed
    }

    /// Whether no record is missing.
    pub fn is_complete(&self) -> bool {
        self.next == self.states.len()
    }

    /// Puts the files in place. Those of the same name are replaced, one by one.
    ///
    /// # Errors
    /// Of the storage; a later run then does it.
    pub fn finish(mut self) -> io::Result<Tally> {
        self.doubtful.sort_by(|a, b| b.score.total_cmp(&a.score));
        for doubtful in &self.doubtful {
            self.tables.review.add(&doubtful.line);
        }
        self.tables.finish()?;
        Ok(Tally { to_review: self.doubtful.len(), ..self.tally })
    }

    fn advance(&mut self) -> io::Result<()> {
        while let Some(state) = self.states.get(self.next) {
            match *state {
                State::Pending => break,
                State::Absent => {}
                State::Done(place) => self.patient(&self.attempt.read(place)?)?,
            }
            self.next += 1;
        }
        self.tables.flush()
    }

    fn patient(&mut self, record: &Record) -> io::Result<()> {
        let study = self.study;
        for (&row, outcome) in study.patients[self.next].rows.iter().zip(&record.exams) {
            let row = &study.rows[row];
            let cells = row.exam.cells();
            self.tally.exams += 1;
            match outcome {
                Outcome::Measured { rows, .. } => self.measured(&row.exam, rows),
                Outcome::Failed(failure) => {
                    let number = row.line.to_string();
                    let own = [&number, &failure.stage, &failure.reason, &failure.message];
                    self.tables.failures.add(&line(cells.into_iter().chain(own.map(String::as_str))));
                    self.tally.failed += 1;
                }
            }
        }
        self.tally.files.extend(record.files().cloned());
        self.tables.flush_if_large()
    }

    fn measured(&mut self, exam: &ExamName, rows: &ExamRows) {
        let cells = exam.cells();
        for slice in &rows.slices {
            self.tables.slices(exam.modality).add(&slice_line(cells, slice));
        }
        for row in &rows.exams {
            self.tables.exams.add(&exam_line(cells, row));
        }
        if let Some(doubt) = review::doubt(rows) {
            let own = [number::text(doubt.score), harmless(&doubt.why.join("; "))];
            let line = line(cells.into_iter().chain(own.iter().map(String::as_str)));
            self.doubtful.push(Doubtful { score: doubt.score, line });
        }
    }
}

fn slice_line(key: [&str; 5], row: &SliceRow) -> String {
    let own = [row.slice.to_string(), number::text(row.z_mm), harmless(row.level.as_deref().unwrap_or_default())];
    let cells = row.cells.iter().map(|c| number::cell(*c));
    line(key.into_iter().map(String::from).chain(own).chain(cells).chain([joined(&row.flags)]))
}

fn exam_line(key: [&str; 5], row: &ExamRow) -> String {
    let value = match &row.value {
        None => String::new(),
        Some(Value::Number(n)) => number::text(*n),
        Some(Value::Class(class)) => class.clone(),
    };
    let own = [
        row.measure.clone(),
        value,
        row.unit.clone(),
        number::cell(row.uncertainty),
        row.slice.map(|s| s.to_string()).unwrap_or_default(),
        row.status.name().into(),
        row.reason.clone().unwrap_or_default(),
        joined(&row.flags),
    ];
    line(key.into_iter().map(String::from).chain(own))
}

fn joined(flags: &[String]) -> String {
    let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    flags.sort_unstable();
    flags.dedup();
    harmless(&flags.join(";"))
}

/// Bytes a file may wait in memory before they are written.
const BUFFER_BYTES: usize = 1 << 18;

struct Table {
    aside: PathBuf,
    path: PathBuf,
    file: Box<dyn Handle>,
    buffer: Vec<u8>,
}

impl Table {
    fn start(disk: &dyn Disk, out: &Path, name: &str, attempt: u32, columns: &[&str]) -> io::Result<Self> {
        let path = out.join(name);
        let aside = path.with_extension(format!("{attempt:06}.csv.part"));
        let file = disk.create_new(&aside)?;
        let header = line(KEY_COLUMNS.iter().chain(columns));
        Ok(Self { aside, path, file, buffer: header.into_bytes() })
    }

    fn add(&mut self, line: &str) {
        self.buffer.extend_from_slice(line.as_bytes());
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.file.write(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

/// All files of a run; slice tables only of the branches that the study has.
struct Tables<'a> {
    disk: &'a dyn Disk,
    out: PathBuf,
    ct: Option<Table>,
    mr: Option<Table>,
    exams: Table,
    failures: Table,
    review: Table,
}

impl<'a> Tables<'a> {
    fn start(disk: &'a dyn Disk, out: &Path, study: &Study, attempt: u32) -> io::Result<Self> {
        let start = |name, columns: &[&str]| Table::start(disk, out, name, attempt, columns);
        let slices = |modality: Modality| {
            let names: Vec<&str> = slice_header(modality).collect();
            let present = study.rows.iter().any(|row| row.exam.modality == modality);
            present.then(|| start(slice_table(modality), &names)).transpose()
        };
        Ok(Self {
            disk,
            out: out.to_path_buf(),
            ct: slices(Modality::Ct)?,
            mr: slices(Modality::Mr)?,
            exams: start("exams.csv", &EXAM_COLUMNS)?,
            failures: start("failures.csv", &FAILURE_COLUMNS)?,
            review: start("review.csv", &REVIEW_COLUMNS)?,
        })
    }

    fn slices(&mut self, modality: Modality) -> &mut Table {
        let table = match modality {
            Modality::Ct => &mut self.ct,
            Modality::Mr => &mut self.mr,
        };
        table.as_mut().expect("a row of this branch is in the study, or there would be no exam")
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Table> {
        let slices = self.ct.iter_mut().chain(&mut self.mr);
        slices.chain([&mut self.exams, &mut self.failures, &mut self.review])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.each().try_for_each(Table::flush)
    }

    fn flush_if_large(&mut self) -> io::Result<()> {
        self.each().filter(|t| t.buffer.len() > BUFFER_BYTES).try_for_each(Table::flush)
    }

    fn finish(mut self) -> io::Result<()> {
        self.each().try_for_each(|table| table.flush().and_then(|()| table.file.sync()))?;
        let disk = self.disk;
        self.each().try_for_each(|table| disk.rename(&table.aside, &table.path))?;
        disk.sync_dir(&self.out)
    }
}

/// The columns of a slice table after the key.
pub fn slice_header(modality: Modality) -> impl Iterator<Item = &'static str> {
    let named = columns(modality).map(|c| c.name);
    ["slice", "z_mm", "level"].into_iter().chain(named).chain(["flags"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::rows::Status;

    const KEY: [&str; 5] = ["a", "pre", "CT", "main", "1"];

    #[test]
    fn a_row_is_written_as_the_contract_says() {
        let flags = vec!["pieces:2".into(), "metal".into(), "metal".into()];
        let slice = SliceRow { slice: 7, z_mm: -12.25, level: Some("T4".into()), cells: vec![Some(1.0), None], flags };
        assert_eq!(slice_line(KEY, &slice), "a,pre,CT,main,1,7,-12.25,T4,1,,metal;pieces:2\n");
        let mut row = ExamRow {
            measure: "rim_coverage".into(),
            unit: "1".into(),
            status: Status::Borderline,
            value: Some(Value::Number(2.0 / 3.0)),
            uncertainty: Some(0.05),
            slice: None,
            reason: None,
            flags: vec![],
        };
        assert_eq!(exam_line(KEY, &row), "a,pre,CT,main,1,rim_coverage,0.66667,1,0.05,,borderline,,\n");
        row = ExamRow {
            status: Status::NotEvaluable,
            value: None,
            uncertainty: None,
            reason: Some("metal".into()),
            ..row
        };
        assert_eq!(exam_line(KEY, &row), "a,pre,CT,main,1,rim_coverage,,1,,,not_evaluable,metal,\n");
        row = ExamRow { value: Some(Value::Class("2b".into())), flags: vec!["=1".into()], ..row };
        assert_eq!(exam_line(KEY, &row), "a,pre,CT,main,1,rim_coverage,2b,1,,,not_evaluable,metal,'=1\n");
    }
}
