//! One patient from its turn to its record.

use super::Running;
use super::exam::{Begun, Watcher, begin};
use crate::batch::budget::Grant;
use crate::batch::event::Event;
use crate::batch::failure::{INTERNAL_ERROR, Trouble};
use crate::batch::key;
use crate::batch::record::{Outcome, is_finite};
use crate::batch::study::{Patient, Row};
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
    PutOff(String),
    Stopped,
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Storage(error)
    }
}

/// What `work` came to, also where it unwound.
fn guarded<T>(watcher: &Watcher<'_>, work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(watcher.unwound()))
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
                tracing::warn!("put off until the next run: {why}");
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
        let exams = self.exams(&study.patients[patient])?;
        if key::of(study, &study.patients[patient], self.job.settings_text) != inputs {
            return Err(Halt::PutOff("an input file changed while it was read".into()));
        }
        Ok(self.keep(patient, planned, exams)?)
    }

    /// Measures a patient's exams one after another, in memory that stays the patient's until the last is done.
    ///
    /// All headers are read first: the patient is admitted by its largest exam, and later exams may need what earlier
    /// ones leave behind (registration), for which memory given back in between might not come again.
    fn exams(&self, patient: &Patient) -> Result<Vec<Outcome>, Halt> {
        let rows: Vec<&Row> = patient.rows.iter().map(|&row| &self.job.study.rows[row]).collect();
        let begin = |row| {
            let watcher = Watcher::new(self.job, row, &self.timings);
            let begun = guarded(&watcher, || begin(self.job, row, &watcher));
            (row, watcher, begun)
        };
        let exams: Vec<_> = rows.into_iter().map(begin).collect();
        let largest = exams.iter().filter_map(|(.., begun)| begun.as_ref().ok()).map(Begun::outline_bytes).max();
        let mut grant = self.budget.take(largest.unwrap_or(0));
        exams.into_iter().map(|(row, watcher, begun)| self.exam(row, watcher, begun, &mut grant)).collect()
    }

    fn exam(
        &self,
        row: &Row,
        watcher: Watcher<'_>,
        begun: Result<Begun<'_>, Trouble>,
        grant: &mut Grant<'_>,
    ) -> Result<Outcome, Halt> {
        let measured = begun.and_then(|exam| guarded(&watcher, || exam.measure(self.job, grant, &watcher)));
        let troubled = match measured {
            Ok(rows) if is_finite(&rows) => return self.written(rows, watcher),
            Ok(_) => {
                Trouble::data("measure", INTERNAL_ERROR, "a number came out infinite or undefined: please report it")
            }
            Err(trouble) => trouble,
        };
        match troubled {
            Trouble::Stopped => Err(Halt::Stopped),
            Trouble::Transient(failure) => Err(Halt::PutOff(failure.message)),
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
