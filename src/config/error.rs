//! Why a configuration cannot be used.

use super::Origin;

/// Why a configuration cannot be used; every text says where and what to do.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// The file of `--config` cannot be read.
    #[error("the config file cannot be read: {why}; give a readable text file of at most 1 MiB")]
    Unreadable {
        /// What the system says.
        why: String,
    },
    /// The text is not TOML.
    #[error("config file, line {line}: {message}; the file must be TOML, see `osteon run --show-config`")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// No setting has this name.
    #[error("{origin}: unknown key `{key}`; {}", super::nearest::hint(nearest.as_deref(), "osteon run --show-config"))]
    UnknownKey {
        /// The dotted key.
        key: String,
        /// Who gave it.
        origin: Origin,
        /// The known key that resembles it most.
        nearest: Option<String>,
    },
    /// A value of the wrong type or outside its range.
    #[error("{origin}: `{key}` must be {expected}, not {found}")]
    Unfit {
        /// The dotted key.
        key: String,
        /// Who gave it.
        origin: Origin,
        /// What fits.
        expected: String,
        /// What was given.
        found: String,
    },
    /// `--profile` names none.
    #[error("unknown profile `{name}`; {}", super::nearest::hint(nearest.as_deref(), "osteon run --show-config"))]
    UnknownProfile {
        /// What was asked for.
        name: String,
        /// The profile that resembles it most.
        nearest: Option<String>,
    },
    /// `measures.wanted` names none.
    #[error("{origin}: unknown measure `{name}`; {}", super::nearest::hint(nearest.as_deref(), "osteon list measures"))]
    UnknownMeasure {
        /// What was asked for.
        name: String,
        /// Who asked.
        origin: Origin,
        /// The measure that resembles it most.
        nearest: Option<String>,
    },
    /// `--set` without a key and a value.
    #[error("--set takes key=value, for example --set rim.min_slices=4")]
    NotAnAssignment,
}
