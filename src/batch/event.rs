//! What a run tells those who watch it.

use super::summary::Summary;
use std::time::Duration;

/// Something that happened. Events of different patients interleave.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The work is known.
    Started {
        /// Patients of this run.
        patients: usize,
        /// Those whose record holds already.
        reused: usize,
        /// Size of the inputs of all others, bytes.
        bytes: u64,
    },
    /// A patient's turn has come.
    PatientStarted {
        /// Pseudonym.
        patient: &'a str,
        /// Size of its inputs, bytes.
        bytes: u64,
    },
    /// A stage of an exam is done.
    StageDone {
        /// Pseudonym.
        patient: &'a str,
        /// The exam's line in the study table.
        line: u64,
        /// The stage.
        stage: &'a str,
        /// How long it took.
        elapsed: Duration,
    },
    /// An exam could not be measured at all.
    ExamFailed {
        /// The exam's line in the study table.
        line: u64,
        /// What is wrong, in one line.
        message: &'a str,
    },
    /// A patient's record is on disk, or it was put off until the next run.
    PatientDone {
        /// Pseudonym.
        patient: &'a str,
        /// Size of its inputs, bytes.
        bytes: u64,
        /// Whether there is a record.
        recorded: bool,
        /// Its exams in `failures.csv`.
        failed: usize,
        /// How long it took.
        elapsed: Duration,
    },
    /// The end.
    Finished(&'a Summary),
}

/// Watches a run: progress bar, job log, closing summary.
pub trait Reporter: Sync {
    /// Is told of an event, from any thread.
    fn event(&self, event: &Event<'_>);
}
