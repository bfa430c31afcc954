//! `osteon agree`: how well two tables of measures agree.

use super::{Common, Failure, exit, output};
use crate::config::LogFormat;
use crate::io::disk::{Disk, LocalDisk, unwritable};
use crate::report::agreement;
use crate::report::bland_altman_plot::bland_altman_plot;
use crate::stats::agreement::{Comparison, Outcome, TABLES, agree as compare};
use crate::stats::table;
use clap::Args;
use std::path::{Path, PathBuf};

/// Compare two tables of measures: kappa, AC2, ICC, Bland-Altman
#[derive(Debug, Args)]
pub struct AgreeArgs {
    /// One reader: exams.csv of a run, or a table with patient,timepoint,modality,measure,value
    #[arg(value_name = "A.csv")]
    a: PathBuf,
    /// The other reader
    #[arg(value_name = "B.csv")]
    b: PathBuf,
    /// Only this measure
    #[arg(long, value_name = "MEASURE")]
    measure: Option<String>,
    /// Write agreement.csv, agreement.md and a plot of each number to DIR
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// `osteon agree`
///
/// # Errors
/// If a table cannot be used, nothing can be compared, or the output cannot be written.
pub fn agree(args: &AgreeArgs, common: &Common) -> Result<i32, Failure> {
    common.start_logging(LogFormat::Text);
    let a = table::read(&args.a, TABLES[0]).map_err(|e| Failure::of(exit::USAGE, e))?;
    let b = table::read(&args.b, TABLES[1]).map_err(|e| Failure::of(exit::USAGE, e))?;
    let found = compare(&a, &b, args.measure.as_deref()).map_err(|e| Failure::of(exit::USAGE, e))?;
    if let Some(out) = &args.out {
        write(&found, out, &LocalDisk)?;
    }
    output::print(&agreement::text(&found))?;
    Ok(exit::DONE)
}

fn write(found: &[Comparison], out: &Path, disk: &dyn Disk) -> Result<(), Failure> {
    let plots: Vec<(String, String, String)> = found.iter().filter_map(plot).collect::<Result<_, _>>()?;
    let names: Vec<(String, String)> = plots.iter().map(|(measure, file, _)| (measure.clone(), file.clone())).collect();
    let (csv, page) = (agreement::csv(found), agreement::markdown(found, &names));
    let files = [("agreement.csv", &csv), ("agreement.md", &page)].into_iter();
    let files = files.chain(plots.iter().map(|(_, file, svg)| (file.as_str(), svg)));
    let unwritable = |e: std::io::Error| Failure::of(exit::UNWRITABLE, unwritable(&e));
    disk.create_dir_all(out).map_err(unwritable)?;
    for (name, text) in files {
        disk.write_atomic(&out.join(name), text.as_bytes()).map_err(unwritable)?;
    }
    Ok(())
}

/// Measure, file name and SVG of a number's plot.
fn plot(comparison: &Comparison) -> Option<Result<(String, String, String), Failure>> {
    let Outcome::Numbers(numbers) = &comparison.outcome else { return None };
    let limits = numbers.limits.ok()?;
    let svg = bland_altman_plot(&comparison.measure, &comparison.unit, &numbers.pairs, &limits);
    let file = format!("bland_altman_{}.svg", file_name(&comparison.measure));
    let named = |svg| (comparison.measure.clone(), file, svg);
    Some(svg.map(named).map_err(|why| Failure::of(exit::UNWRITABLE, why)))
}

/// A measure as part of a file name: a foreign table may call it anything.
fn file_name(measure: &str) -> String {
    measure.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_becomes_a_harmless_file_name() {
        assert_eq!(file_name("vertebral_height:L3"), "vertebral_height-L3");
        assert_eq!(file_name("../../x"), "------x");
    }
}
