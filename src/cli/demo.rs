//! `osteon demo`: a phantom study, everything run on it, the result printed and shown.

use super::cohort::{self, REPORT};
use super::job::{self, Progress};
use super::layers::LayerArgs;
use super::run::ResourceArgs;
use super::signals::Stop;
use super::{Common, Failure, exit, output, phantom};
use crate::batch::run::RunOptions;
use crate::batch::summary::Summary;
use crate::batch::tolerance::Tolerance;
use crate::config::Config;
use crate::phantom::{Format, Order};
use crate::stats::cohort::Sources;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// Write a small phantom study, measure it, print the grades and where pictures and report are
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where to write: the study to DIR/study, the results to DIR/results
    #[arg(long, value_name = "DIR", default_value = "osteon-demo")]
    out: PathBuf,
}

/// `osteon demo`
///
/// # Errors
/// If it cannot be written.
pub fn demo(args: &DemoArgs, common: &Common) -> Result<i32, Failure> {
    let (config, _) = LayerArgs::default().load()?;
    common.start_logging(config.run.log_format);
    let (study, results) = (args.out.join("study"), args.out.join("results"));
    let order = Order { cohort: "demo", seed: 0, patients: None, format: Format::Dicom };
    phantom::write(&order, &study)?;
    let stop = Stop::listen().map_err(|e| Failure::of(exit::TRY_AGAIN, e))?;
    let shown = if common.is_quiet() { Progress::Quiet } else { Progress::Shown };
    let (threads, memory_bytes) = ResourceArgs::default().settle(&config);
    let options = options(&results, threads, memory_bytes, stop.flag());
    let summary = job::measure(&study.join("study.csv"), &config, &options, shown, common.naming());
    let told = summary.and_then(|s| Ok((s.exit_code(), ending(&s, &results, &config)?)));
    let printed = told.and_then(|(code, text)| output::print(&text).map(|()| code));
    stop.end_by_signal();
    printed
}

/// The summary of the run; of a whole run also the report, and where it is.
fn ending(summary: &Summary, results: &Path, config: &Config) -> Result<String, Failure> {
    let text = job::closing(summary, results)?;
    if !summary.complete {
        return Ok(text);
    }
    cohort::make(&Sources { run: results, clinical: None, reviews: None }, config)?;
    let places = [("Pictures of every exam", "qc"), ("Report of all patients", REPORT)];
    Ok(text + &places.map(|(what, name)| format!("{what}: {}\n", results.join(name).display())).concat())
}

fn options<'a>(out: &Path, threads: usize, memory_bytes: u64, stop: &'a AtomicBool) -> RunOptions<'a> {
    RunOptions {
        out: out.to_path_buf(),
        threads,
        memory_bytes,
        only: Vec::new(),
        fresh: false,
        retry_failed: false,
        fail_fast: false,
        allow_failures: Tolerance::Nothing,
        shard: None,
        stop,
    }
}
