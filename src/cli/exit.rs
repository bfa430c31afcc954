//! How a command ends. Codes above 128 belong to signals and are never ours.

use crate::config::ConfigError;
use std::fmt::Display;
use std::process::ExitCode;

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything asked for is done.
    Done = 0,
    /// Some exams are in `failures.csv`.
    SomeFailed = 1,
    /// The command line, the configuration or the study table cannot be used; nothing was begun.
    Usage = 2,
    /// Output cannot be written: no space, quota, read-only, permission.
    Output = 3,
    /// Storage trouble, time or memory: the same command may succeed later.
    TryAgain = 75,
}

/// The codes as the help text lists them.
pub const HELP: &str = "\
Exit codes: 0 all done; 1 some exams are in failures.csv; 2 usage, configuration or study table;
3 output cannot be written; 75 try again.";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What to tell the user.
    pub message: String,
}

impl Failure {
    /// A failure that is told in the words of its cause.
    pub fn of(exit: Exit, cause: impl Display) -> Self {
        Self { exit, message: cause.to_string() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::of(Exit::Usage, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code() {
        let codes = [Exit::Done, Exit::SomeFailed, Exit::Usage, Exit::Output, Exit::TryAgain];
        assert_eq!(codes.map(|c| c as u8), [0, 1, 2, 3, 75]);
        assert!(codes.iter().all(|&c| HELP.contains(&format!("{} ", c as u8))));
    }
}
