//! How a run ended.

use std::collections::BTreeMap;
use std::time::Duration;

/// All work is done.
pub const DONE: i32 = 0;
/// Some exams are in `failures.csv`.
pub const SOME_FAILED: i32 = 1;
/// Usage, configuration or a study table that cannot be used.
pub const USAGE: i32 = 2;
/// The output cannot be written.
pub const UNWRITABLE: i32 = 3;
/// To be tried again: storage trouble, time, memory.
pub const TRY_AGAIN: i32 = 75;

/// How much time a stage took over all exams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// How often it ran.
    pub runs: u64,
    /// All together.
    pub total: Duration,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Patients of this run.
    pub patients: usize,
    /// Whose record held.
    pub reused: usize,
    /// Who were measured now.
    pub measured: usize,
    /// Who were put off until the next run: storage trouble, or their input changed meanwhile.
    pub put_off: usize,
    /// Rows of the study table that belong to this run and have an outcome.
    pub exams: usize,
    /// Those in `failures.csv`.
    pub failed: usize,
    /// Those in `review.csv`.
    pub to_review: usize,
    /// Whether the CSV files are complete.
    pub complete: bool,
    /// Whether it was told to stop.
    pub stopped: bool,
    /// Whether as many exams failed as were allowed to, or fewer.
    pub tolerated: bool,
    /// Time per stage.
    pub timings: BTreeMap<String, Timing>,
    /// How long it took.
    pub elapsed: Duration,
    /// Most memory the process ever held, bytes.
    pub peak_bytes: Option<u64>,
}

impl Summary {
    /// The exit code; after a signal the program ends by that signal instead.
    pub fn exit_code(&self) -> i32 {
        if self.put_off > 0 || (self.stopped && !self.complete) {
            TRY_AGAIN
        } else if self.failed > 0 && !self.tolerated {
            SOME_FAILED
        } else {
            DONE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_whether_to_try_again() {
        let done = Summary { complete: true, ..Summary::default() };
        assert_eq!(done.exit_code(), DONE);
        let failed = Summary { failed: 1, ..done.clone() };
        assert_eq!(failed.exit_code(), SOME_FAILED);
        assert_eq!(Summary { tolerated: true, ..failed.clone() }.exit_code(), DONE);
        assert_eq!(Summary { put_off: 1, ..failed.clone() }.exit_code(), TRY_AGAIN);
        assert_eq!(Summary { stopped: true, complete: false, ..failed }.exit_code(), TRY_AGAIN);
    }
}
