//! `osteon run`: the overnight job.

use super::job::{self, Progress};
use super::layers::LayerArgs;
use super::resources::Host;
use super::signals::Stop;
use super::{Common, Failure, exit, output};
use crate::batch::run::RunOptions;
use crate::batch::shard::Shard;
use crate::batch::tolerance::Tolerance;
use crate::config::{Config, size};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Measure a study; continues what an earlier run left
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The study table
    #[arg(value_name = "STUDY.CSV", required_unless_present = "show_config")]
    study: Option<PathBuf>,
    /// Where everything is written
    #[arg(long, value_name = "DIR", required_unless_present = "show_config")]
    out: Option<PathBuf>,
    #[command(flatten)]
    layers: LayerArgs,
    /// Print the merged configuration and where each value came from, and stop
    #[arg(long)]
    show_config: bool,
    #[command(flatten)]
    resources: ResourceArgs,
    /// Only these patients
    #[arg(long, value_name = "ID", num_args = 1..)]
    patient: Vec<String>,
    /// Do not use the records of earlier runs
    #[arg(long)]
    fresh: bool,
    /// Try again what failed in earlier runs
    #[arg(long)]
    retry_failed: bool,
    /// Stop at the first failure
    #[arg(long)]
    fail_fast: bool,
    /// Exit 0 although so many rows of the table failed
    #[arg(long, value_name = "N|P%")]
    allow_failures: Option<Tolerance>,
    /// Only the I-th of N parts of the patients; auto takes I from the array task of the scheduler
    #[arg(long, value_name = "I/N|auto/N", value_parser = shard)]
    shard: Option<Shard>,
}

/// `--threads`, `--memory`
#[derive(Clone, Debug, Default, Args)]
pub struct ResourceArgs {
    /// Threads [default: what the job was given]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Memory, such as 8GiB [default: what the job was given]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    memory: Option<u64>,
}

impl ResourceArgs {
    /// Threads and bytes: the options, else the configuration, else what the job was given.
    pub fn settle(&self, config: &Config) -> (usize, u64) {
        let configured = Some(config.run.threads).filter(|&n| n > 0);
        let host = Host { variable: &|name| std::env::var(name).ok(), root: Path::new("/") };
        let threads = self.threads.map(usize::from).or(configured).unwrap_or_else(|| host.threads());
        let memory_bytes = self.memory.or(config.run.memory_bytes()).unwrap_or_else(|| host.memory_bytes(threads));
        (threads, memory_bytes)
    }
}

/// `osteon run`
///
/// # Errors
/// If the configuration, the table or the output cannot be used.
pub fn run(args: &RunArgs, common: &Common) -> Result<i32, Failure> {
    let (config, origins) = args.layers.load()?;
    let (Some(study), Some(out), false) = (&args.study, &args.out, args.show_config) else {
        output::print(&origins.to_string())?;
        return Ok(exit::DONE);
    };
    common.start_logging(config.run.log_format);
    let stop = Stop::listen().map_err(|e| Failure::of(exit::TRY_AGAIN, e))?;
    let shown = if config.run.progress && !common.is_quiet() { Progress::Shown } else { Progress::Quiet };
    let summary = job::measure(study, &config, &args.options(out, &config, stop.flag()), shown, common.naming());
    // Whatever came of it, a signal that arrived meanwhile is how the program ends.
    let told = summary.and_then(|s| Ok((s.exit_code(), job::closing(&s, out)?)));
    let printed = told.and_then(|(code, text)| output::print(&text).map(|()| code));
    stop.end_by_signal();
    printed
}

impl RunArgs {
    fn options<'a>(&self, out: &Path, config: &Config, stop: &'a AtomicBool) -> RunOptions<'a> {
        let (threads, memory_bytes) = self.resources.settle(config);
        RunOptions {
            out: out.to_path_buf(),
            threads,
            memory_bytes,
            only: self.patient.clone(),
            fresh: self.fresh,
            retry_failed: self.retry_failed,
            fail_fast: self.fail_fast,
            allow_failures: self.allow_failures.unwrap_or_default(),
            shard: self.shard,
            stop,
        }
    }
}

fn shard(text: &str) -> Result<Shard, String> {
    Shard::parse(text, |name| std::env::var(name).ok()).map_err(|e| e.to_string())
}

fn bytes(text: &str) -> Result<u64, &'static str> {
    size::parse(text).ok_or("give a size such as 8GiB or 500MB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        run: RunArgs,
    }

    fn parse(line: &str) -> Result<RunArgs, clap::Error> {
        Line::try_parse_from(std::iter::once("run").chain(line.split_whitespace())).map(|l| l.run)
    }

    #[test]
    fn options_mean_what_they_say() {
        let args =
            parse("s.csv --out o --threads 3 --memory 2GiB --shard 2/4 --patient a b --allow-failures 2%").unwrap();
        let (config, _) = args.layers.load().unwrap();
        let stop = AtomicBool::new(false);
        let options = args.options(Path::new("o"), &config, &stop);
        assert_eq!((options.threads, options.memory_bytes), (3, 2 << 30));
        assert_eq!(options.only, ["a", "b"]);
        assert_eq!(options.allow_failures, Tolerance::Percent(2.0));
        assert!(options.shard.is_some() && !options.fresh);
    }

    #[test]
    fn the_option_goes_before_the_setting() {
        let threads = |line: &str| {
            let args = parse(line).unwrap();
            args.resources.settle(&args.layers.load().unwrap().0).0
        };
        assert_eq!(threads("s.csv --out o --set run.threads=5"), 5);
        assert_eq!(threads("s.csv --out o --set run.threads=5 --threads 2"), 2);
    }

    #[test]
    fn the_configuration_can_be_shown_without_a_study() {
        assert!(parse("--show-config").unwrap().show_config);
        for wrong in [
            "s.csv",
            "--out o",
            "s.csv --out o --threads 0",
            "s.csv --out o --memory lots",
            "s.csv --out o --shard 5/4",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
