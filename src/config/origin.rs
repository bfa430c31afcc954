//! Where a configured value came from.

use std::fmt;

/// The layer that gave a value, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `configs/default.toml`, built into the program.
    Default,
    /// The file of `--config`.
    File {
        /// Line, from 1.
        line: usize,
    },
    /// A profile of the config file or of the program.
    Profile {
        /// Its name.
        name: String,
        /// Line in the config file, from 1; `None` if the profile is built in.
        line: Option<usize>,
    },
    /// A `--set` option.
    Set,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::File { line } => write!(f, "config file, line {line}"),
            Self::Profile { name, line: Some(line) } => write!(f, "profile {name}, config file, line {line}"),
            Self::Profile { name, line: None } => write!(f, "profile {name}, built in"),
            Self::Set => write!(f, "--set"),
        }
    }
}
