//! The commands: arguments in, exit code out. What they do is in the modules to the left.

pub mod agree;
pub mod audit;
pub mod check;
pub mod cohort;
pub mod demo;
pub mod exit;
pub mod graph;
pub mod job;
pub mod layers;
pub mod list;
pub mod logging;
pub mod manual;
pub mod output;
pub mod phantom;
pub mod resources;
pub mod run;
pub mod shard;
pub mod signals;

pub use exit::Failure;

use crate::config::LogFormat;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::process::ExitCode;

/// Version and purpose, as `--version` prints them.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\nResearch use only; not a medical device.");

/// Measures how bone tumours of the spine respond to treatment, over whole imaging archives.
///
/// Research use only; not a medical device.
#[derive(Debug, Parser)]
#[command(name = "osteon", version = VERSION, propagate_version = true, after_help = exit::HELP)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Log more: details, and with -vv everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Log less: warnings only, and with -qq errors only
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    quiet: u8,
    /// How log lines are written [default: text, or what the configuration says]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<LogStyle>,
    /// Name inputs by path in the log; otherwise by line and column of the study table
    #[arg(long, global = true)]
    log_paths: bool,
}

/// `--log-format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LogStyle {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

impl Common {
    /// Starts logging; `configured` is what the configuration says about the format.
    pub fn start_logging(&self, configured: LogFormat) {
        let format = match self.log_format {
            Some(LogStyle::Text) => LogFormat::Text,
            Some(LogStyle::Json) => LogFormat::Json,
            None => configured,
        };
        logging::start(i16::from(self.verbose) - i16::from(self.quiet), format);
    }

    /// Whether the user asked for less.
    pub fn is_quiet(&self) -> bool {
        self.quiet > self.verbose
    }

    /// How inputs are named in the log.
    pub fn naming(&self) -> job::Naming {
        if self.log_paths { job::Naming::Paths } else { job::Naming::Lines }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Phantom(phantom::PhantomArgs),
    Run(Box<run::RunArgs>),
    Check(check::CheckArgs),
    Cohort(cohort::CohortArgs),
    Agree(agree::AgreeArgs),
    Audit(audit::AuditArgs),
    Graph(graph::GraphArgs),
    List(list::ListArgs),
    Completions(manual::CompletionsArgs),
    Man(manual::ManArgs),
}

/// The whole program: reads the command line, does what it says, and answers with a code of [`exit`].
pub fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => finish(dispatch(&cli)),
        Err(error) => {
            // A closed pipe behind `--help` is nobody's fault.
            let _ = error.print();
            exit::exit_code(if error.use_stderr() { exit::USAGE } else { exit::DONE })
        }
    }
}

fn dispatch(cli: &Cli) -> Result<i32, Failure> {
    match &cli.command {
        Command::Demo(args) => demo::demo(args, &cli.common),
        Command::Phantom(args) => phantom::phantom(args, &cli.common),
        Command::Run(args) => run::run(args, &cli.common),
        Command::Check(args) => check::check(args, &cli.common),
        Command::Cohort(args) => cohort::cohort(args, &cli.common),
        Command::Agree(args) => agree::agree(args, &cli.common),
        Command::Audit(args) => audit::audit(args, &cli.common),
        Command::Graph(args) => graph::graph(args),
        Command::List(args) => list::list(args),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
    }
}

fn finish(result: Result<i32, Failure>) -> ExitCode {
    exit::exit_code(result.unwrap_or_else(|failure| {
        output::complain(&failure.message);
        failure.code
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn common_options_stand_before_and_after_the_command() {
        let before = Cli::try_parse_from(["osteon", "-vv", "list", "stages"]).unwrap();
        let after =
            Cli::try_parse_from(["osteon", "list", "stages", "-v", "--log-paths", "--log-format", "json"]).unwrap();
        assert_eq!((before.common.verbose, after.common.verbose), (2, 1));
        assert!(after.common.log_paths && after.common.log_format == Some(LogStyle::Json));
    }

    #[test]
    fn the_version_says_what_osteon_is_for() {
        for args in [["osteon", "--version"].as_slice(), &["osteon", "list", "--version"]] {
            let text = Cli::try_parse_from(args).unwrap_err().to_string();
            assert!(text.contains("not a medical device"), "{text}");
        }
    }
}
