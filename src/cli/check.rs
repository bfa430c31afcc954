//! `osteon check`: every row resolved and estimated, no pixel decoded.

use super::layers::LayerArgs;
use super::run::ResourceArgs;
use super::{Common, Failure, exit, job, output};
use crate::batch::failure::Trouble;
use crate::batch::files::Files;
use crate::batch::load;
use crate::batch::measurer::Measurer;
use crate::batch::study::{self, Row, Study};
use clap::Args;
use std::path::PathBuf;

/// Check a study without measuring it: read headers, estimate memory and work
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The study table
    #[arg(value_name = "STUDY.CSV")]
    study: PathBuf,
    #[command(flatten)]
    layers: LayerArgs,
    #[command(flatten)]
    resources: ResourceArgs,
}

/// `osteon check`: exit code 1 if some row could not be measured.
///
/// # Errors
/// If the configuration or the table cannot be used.
pub fn check(args: &CheckArgs, common: &Common) -> Result<i32, Failure> {
    let (config, _) = args.layers.load()?;
    common.start_logging(config.run.log_format);
    let study = study::read(&args.study).map_err(|e| Failure::of(exit::USAGE, e))?;
    let measurer = job::graphs(&config, &[])?;
    let rows: Vec<Finding> = study.rows.iter().map(|row| finding(row, &study, &measurer)).collect();
    let (threads, memory_bytes) = args.resources.settle(&config);
    output::print(&text(&study, &rows, threads, memory_bytes))?;
    Ok(rows.iter().map(Finding::code).max().unwrap_or(exit::DONE))
}

/// What became of a row.
struct Finding {
    line: u64,
    /// Memory it takes at most, bytes; or why it cannot be measured.
    outcome: Result<u64, Trouble>,
}

impl Finding {
    fn code(&self) -> i32 {
        match self.outcome {
            Ok(_) => exit::DONE,
            Err(Trouble::Data(_)) => exit::SOME_FAILED,
            Err(Trouble::Transient(_) | Trouble::Stopped) => exit::TRY_AGAIN,
        }
    }

    /// `line 17: image: ...`
    fn complaint(&self) -> Option<String> {
        match &self.outcome {
            Err(Trouble::Data(failure) | Trouble::Transient(failure)) => {
                Some(format!("line {}: {} ({})", self.line, failure.message, failure.reason))
            }
            Ok(_) | Err(Trouble::Stopped) => None,
        }
    }
}

fn finding(row: &Row, study: &Study, measurer: &dyn Measurer) -> Finding {
    let per_voxel = measurer.bytes_per_voxel(row.exam.modality);
    let opened = load::open(row, &study.base, &Files);
    Finding { line: row.line, outcome: opened.map(|o| o.largest_bytes(per_voxel)) }
}

fn text(study: &Study, rows: &[Finding], threads: usize, memory_bytes: u64) -> String {
    let mut lines: Vec<String> = rows.iter().filter_map(Finding::complaint).collect();
    let needs: Vec<u64> = rows.iter().filter_map(|f| f.outcome.as_ref().ok().copied()).collect();
    let largest = needs.iter().max().copied().unwrap_or(0);
    lines.push(format!(
        "{} patients, {} rows: {} can be measured, {} cannot",
        study.patients.len(),
        rows.len(),
        needs.len(),
        rows.len() - needs.len()
    ));
    lines.push(format!(
        "Memory: at most {} MiB for one exam; {} MiB and {threads} threads given",
        mib(largest),
        mib(memory_bytes)
    ));
    if largest > memory_bytes {
        lines.push("The largest exam will run alone and may need more than is given".to_owned());
    }
    lines.join("\n") + "\n"
}

fn mib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study() -> Study {
        let table =
            "patient,timepoint,modality,image,structures\nA,pre,CT,a.nii,tumour=t.nii\nB,pre,CT,b.nii,tumour=t.nii\n";
        study::parse(table.as_bytes(), std::path::Path::new("/nonexistent")).unwrap()
    }

    #[test]
    fn the_text_names_lines_and_adds_up() {
        let failed = Finding { line: 2, outcome: Err(Trouble::data("image", "no_file", "image: not there")) };
        let fine = Finding { line: 3, outcome: Ok(3 << 20) };
        assert_eq!((failed.code(), fine.code()), (exit::SOME_FAILED, exit::DONE));
        let text = text(&study(), &[failed, fine], 2, 1 << 20);
        assert_eq!(
            text,
            "line 2: image: not there (no_file)\n2 patients, 2 rows: 1 can be measured, 1 cannot\n\
             Memory: at most 3 MiB for one exam; 1 MiB and 2 threads given\n\
             The largest exam will run alone and may need more than is given\n"
        );
    }
}
