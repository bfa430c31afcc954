//! Log lines on standard error.

use crate::config::LogFormat;
use std::io::{IsTerminal, stderr};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// Starts logging: `verbosity` 0 is information, each step up or down one level.
///
/// Only Osteon's own lines are written, at any verbosity: libraries that read files quote what they find in them,
/// and that may be a name. Lines carry no time; whoever keeps the log adds it.
pub fn start(verbosity: i16, format: LogFormat) {
    let own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level(verbosity));
    // A log that cannot be written must not end the run, so the layers keep quiet about it.
    let lines = fmt::layer().with_writer(stderr).without_time().with_target(false).log_internal_errors(false);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).boxed(),
    };
    // Fails only if logging was started before, which then stays as it is.
    let _ = tracing_subscriber::registry().with(lines.with_filter(own)).try_init();
}

fn level(verbosity: i16) -> LevelFilter {
    match verbosity {
        ..=-2 => LevelFilter::ERROR,
        -1 => LevelFilter::WARN,
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        2.. => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_is_one_level() {
        let levels = [-3, -2, -1, 0, 1, 2, 9].map(level);
        assert!(levels.is_sorted());
        assert_eq!(level(0), LevelFilter::INFO);
    }
}
