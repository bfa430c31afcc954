//! `osteon cohort`: the paired tables of a finished run.

use super::layers::LayerArgs;
use super::{Common, Failure, exit, output};
use crate::config::Config;
use crate::io::disk::{Disk, LocalDisk, unwritable};
use crate::report::cohort as report;
use crate::report::html::{Request, page};
use crate::report::plots::plots;
use crate::stats::cohort::{Cohort, Sources, read};
use clap::Args;
use std::path::{Path, PathBuf};

/// Pair a finished run before and after treatment: report.html, plots, patients.csv, flow.csv, cohort.csv, cohort.md
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
    let found = make(&sources, &config)?;
    output::print(&format!("{}\nReport: {}\n", report::text(&found), args.run.join(REPORT).display()))?;
    Ok(exit::DONE)
}

/// The page that shows it all.
pub const REPORT: &str = "report.html";

/// Pairs a finished run and writes its tables, plots and report beside it.
///
/// # Errors
/// If the run cannot be used, nothing can be paired, or the output cannot be written.
pub fn make(sources: &Sources, config: &Config) -> Result<Cohort, Failure> {
    let found = read(sources, &config.cohort).map_err(|e| Failure::of(exit::USAGE, e))?;
    write(&found, sources.run, config, &LocalDisk)?;
    Ok(found)
}

/// The report is written last, since it names the others.
fn write(found: &Cohort, run: &Path, config: &Config, disk: &dyn Disk) -> Result<(), Failure> {
    let failed = |why: String| Failure::of(exit::UNWRITABLE, why);
    let plots = plots(found).map_err(failed)?;
    let request =
        Request { run, cohort: found, choice: &config.cohort, pictures: config.report.pictures, plots: &plots };
    let page = page(&request).map_err(failed)?;
    let tables = [
        ("patients.csv", report::patients_csv(found)),
        ("flow.csv", report::flow_csv(found)),
        ("cohort.csv", report::cohort_csv(found)),
        ("cohort.md", report::markdown(found)),
    ];
    let plots = plots.into_iter().map(|plot| (plot.file, plot.svg));
    let files = tables.map(|(name, text)| (name.to_owned(), text)).into_iter().chain(plots);
    for (name, text) in files.chain([(REPORT.to_owned(), page)]) {
        let written = disk.write_atomic(&run.join(name), text.as_bytes());
        written.map_err(|e| Failure::of(exit::UNWRITABLE, unwritable(&e)))?;
    }
    Ok(())
}
