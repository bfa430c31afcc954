//! `osteon cohort`: the paired tables of a finished run.

use super::layers::LayerArgs;
use super::{Common, Failure, exit, output};
use crate::io::disk::{Disk, LocalDisk, unwritable};
use crate::report::cohort as report;
use crate::stats::cohort::{Cohort, Sources, read};
use clap::Args;
use std::path::{Path, PathBuf};

/// Pair a finished run before and after treatment: patients.csv, flow.csv, cohort.csv, cohort.md
#[derive(Debug, Args)]
pub struct CohortArgs {
    /// The --out folder of a finished run; the tables are written there
    #[arg(value_name = "DIR")]
    run: PathBuf,
    /// Clinical scores: patient,timepoint,vas,kps,ecog,frankel
    #[arg(long, value_name = "FILE")]
    clinical: Option<PathBuf>,
    /// What readers said of single values: patient,timepoint,modality,series,lesion,measure,verdict,value,reader
    #[arg(long, value_name = "FILE")]
    reviews: Option<PathBuf>,
    #[command(flatten)]
    layers: LayerArgs,
}

/// `osteon cohort`
///
/// # Errors
/// If the run or a file beside it cannot be used, nothing can be paired, or the output cannot be written.
pub fn cohort(args: &CohortArgs, common: &Common) -> Result<i32, Failure> {
    let (config, _) = args.layers.load()?;
    common.start_logging(config.run.log_format);
    let sources = Sources { run: &args.run, clinical: args.clinical.as_deref(), reviews: args.reviews.as_deref() };
    let found = read(&sources, &config.cohort).map_err(|e| Failure::of(exit::USAGE, e))?;
    write(&found, &args.run, &LocalDisk)?;
    output::print(&report::text(&found))?;
    Ok(exit::DONE)
}

fn write(found: &Cohort, out: &Path, disk: &dyn Disk) -> Result<(), Failure> {
    let files = [
        ("patients.csv", report::patients_csv(found)),
        ("flow.csv", report::flow_csv(found)),
        ("cohort.csv", report::cohort_csv(found)),
        ("cohort.md", report::markdown(found)),
    ];
    for (name, text) in files {
        let written = disk.write_atomic(&out.join(name), text.as_bytes());
        written.map_err(|e| Failure::of(exit::UNWRITABLE, unwritable(&e)))?;
    }
    Ok(())
}
