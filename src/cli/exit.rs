//! How a command ends. Codes above 128 belong to signals and are never ours.

pub use crate::batch::summary::{DONE, SOME_FAILED, TRY_AGAIN, UNWRITABLE, USAGE};
use crate::config::ConfigError;
use std::fmt::Display;
use std::process::ExitCode;

/// The codes as the help text lists them.
pub const HELP: &str = "\
Exit codes: 0 all done; 1 some exams are in failures.csv; 2 usage, configuration or study table;
3 output cannot be written; 75 try again.";

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: i32,
    /// What to tell the user.
    pub message: String,
}

impl Failure {
    /// A failure that is told in the words of its cause.
    pub fn of(code: i32, cause: impl Display) -> Self {
        Self { code, message: cause.to_string() }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::of(USAGE, error)
    }
}

/// The code as the system takes it.
pub fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).expect("every code is between 0 and 128"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code() {
        let codes = [DONE, SOME_FAILED, USAGE, UNWRITABLE, TRY_AGAIN];
        assert_eq!(codes, [0, 1, 2, 3, 75]);
        assert!(codes.iter().all(|code| HELP.contains(&format!("{code} "))));
    }
}
