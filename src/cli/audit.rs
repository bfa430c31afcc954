//! `osteon audit`: what of a paper's printed statistics can be true together.

use super::{Common, Failure, exit, output};
use crate::config::LogFormat;
use crate::report::audit as report;
use crate::stats::audit::{findings, paper};
use clap::Args;
use std::path::PathBuf;

/// Recompute published statistics from their summaries
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The facts of a paper, as configs/yuan2022.toml shows
    #[arg(value_name = "FILE.toml")]
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `osteon audit`: exit code 0 whatever it finds.
///
/// # Errors
/// If the file cannot be used.
pub fn audit(args: &AuditArgs, common: &Common) -> Result<i32, Failure> {
    common.start_logging(LogFormat::Text);
    let paper = paper::read(&args.file).map_err(|e| Failure::of(exit::USAGE, e))?;
    let found = findings(&paper);
    output::print(&if args.json { report::json(&found) } else { report::text(&paper.source, &found) })?;
    Ok(exit::DONE)
}
