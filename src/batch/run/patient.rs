//! One patient from its turn to its record.

use super::Running;
use super::exam::{Watcher, measure};
use crate::batch::event::Event;
use crate::batch::failure::{Failure, INTERNAL_ERROR, Trouble};
use crate::batch::key;
use crate::batch::record::{Outcome, is_finite};
use crate::batch::study::Row;
use crate::batch::summary::Timing;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Time per stage.
pub type Timings = Mutex<BTreeMap<String, Timing>>;

/// Locks what a panic elsewhere leaves whole.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why a patient has no record.
enum Halt {
    Storage(io::Error),
    PutOff(Failure),
    Stopped,
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Storage(error)
    }
}

impl Running<'_> {
    /// Measures a patient and keeps its record; storage that breaks halts the run.
    pub(super) fn patient(&self, patient: usize) {
        let name = &self.job.study.patients[patient].name;
        let bytes = self.plan[patient].inputs.map_or(0, |i| i.bytes);
        let _span = tracing::info_span!("patient", patient = %name).entered();
        let start = Instant::now();
        self.job.reporter.event(&Event::PatientStarted { patient: name, bytes });
        let kept = self.measured_and_kept(patient);
        let (recorded, failed) = (kept.is_ok(), *kept.as_ref().unwrap_or(&0));
        self.note(kept);
        let elapsed = start.elapsed();
        self.job.reporter.event(&Event::PatientDone { patient: name, bytes, recorded, failed, elapsed });
    }

    fn note(&self, kept: Result<usize, Halt>) {
        match kept {
            Ok(failed) if failed > 0 && self.job.options.fail_fast => self.halted.store(true, Ordering::Relaxed),
            Ok(_) | Err(Halt::Stopped) => {}
            Err(Halt::PutOff(why)) => {
                self.put_off.fetch_add(1, Ordering::Relaxed);
                tracing::warn!("put off until the next run: {}", why.message);
            }
            Err(Halt::Storage(error)) => {
                self.halted.store(true, Ordering::Relaxed);
                lock(&self.broken).get_or_insert(error);
            }
        }
    }

    fn measured_and_kept(&self, patient: usize) -> Result<usize, Halt> {
        let (study, planned) = (self.job.study, &self.plan[patient]);
        let inputs = planned.inputs.expect("who is measured has a key");
        self.attempt.begin(inputs.key)?;
        let mut exams = Vec::new();
        for &row in &study.patients[patient].rows {
            exams.push(self.exam(&study.rows[row])?);
        }
        if key::of(study, &study.patients[patient], self.job.settings_text) != inputs {
            return Err(Halt::PutOff(Failure::new("run", "input_changed", "an input file changed while it was read")));
        }
        Ok(self.keep(patient, planned, exams)?)
    }

    fn exam(&self, row: &Row) -> Result<Outcome, Halt> {
        let watcher = Watcher::new(self.job, row, &self.timings);
        let measured = catch_unwind(AssertUnwindSafe(|| measure(self.job, &self.budget, row, &watcher)));
        let measured = measured.unwrap_or_else(|_| Err(watcher.unwound()));
        let troubled = match measured {
            Ok(rows) if is_finite(&rows) => return self.written(rows, watcher),
            Ok(_) => {
                Trouble::data("measure", INTERNAL_ERROR, "a number came out infinite or undefined: please report it")
            }
            Err(trouble) => trouble,
        };
        match troubled {
            Trouble::Stopped => Err(Halt::Stopped),
            Trouble::Transient(failure) => Err(Halt::PutOff(failure)),
            Trouble::Data(failure) => {
                self.job.reporter.event(&Event::ExamFailed { line: row.line, message: &failure.message });
                Ok(Outcome::Failed(failure))
            }
        }
    }

    /// Writes an exam's files: they are on disk before the record that names them.
    fn written(&self, rows: crate::measure::rows::ExamRows, watcher: Watcher<'_>) -> Result<Outcome, Halt> {
        let mut names = Vec::new();
        for (name, bytes) in watcher.into_files() {
            self.job.disk.write_atomic(&self.job.options.out.join(&name), &bytes)?;
            names.push(name);
        }
        Ok(Outcome::Measured { rows, files: names })
    }
}
