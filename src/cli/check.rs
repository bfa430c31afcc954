//! `osteon check`: every row resolved and estimated, no pixel decoded.

use super::layers::LayerArgs;
use super::run::ResourceArgs;
use super::{Common, Failure, exit, job, output};
use crate::batch;
use crate::batch::check::Check;
use crate::batch::failure::Trouble;
use crate::batch::files::Files;
use crate::batch::study;
use crate::report::quantity::{count, size};
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
    let found = batch::check::check(&study, &Files, &job::graphs(&config, &[])?, &config.settings.structures);
    let (threads, memory_bytes) = args.resources.settle(&config);
    output::print(&text(&found, threads, memory_bytes))?;
    Ok(found.troubles.iter().map(|(_, trouble)| code(trouble)).max().unwrap_or(exit::DONE))
}

fn code(trouble: &Trouble) -> i32 {
    match trouble {
        Trouble::Data(_) => exit::SOME_FAILED,
        Trouble::Transient(_) | Trouble::Stopped => exit::TRY_AGAIN,
    }
}

/// `line 17: image: ...`
fn complaint(line: u64, trouble: &Trouble) -> Option<String> {
    match trouble {
        Trouble::Data(failure) | Trouble::Transient(failure) => {
            Some(format!("line {line}: {} ({})", failure.message, failure.reason))
        }
        Trouble::Stopped => None,
    }
}

fn text(found: &Check, threads: usize, memory_bytes: u64) -> String {
    let mut lines: Vec<String> = found.troubles.iter().filter_map(|(line, t)| complaint(*line, t)).collect();
    let doubts = found.doubts.iter().filter_map(|(line, t)| complaint(*line, t));
    lines.extend(doubts.map(|said| format!("{said}, what hangs on it will not be evaluable")));
    let (can, cannot) = (found.exams, found.troubles.len());
    let (patients, rows) = (count(found.patients, "patient"), count(can + cannot, "row"));
    lines.push(format!("{patients}, {rows}: {can} can be measured, {cannot} cannot"));
    lines.push(format!("Work: {} of images and outlines to read", size(found.input_bytes)));
    let (largest, given) = (size(found.largest_bytes), size(memory_bytes));
    lines.push(format!("Memory: at most {largest} for one exam; {given} and {} given", count(threads, "thread")));
    if found.largest_bytes > memory_bytes {
        lines.push("The largest exam will run alone and may need more than is given".to_owned());
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::failure::IMAGE_MISSING;
    use crate::measure::reason::MASK_AMBIGUOUS;

    #[test]
    fn the_text_names_lines_and_adds_up() {
        let trouble = Trouble::data("image", IMAGE_MISSING, "image: not there");
        assert_eq!(code(&trouble), exit::SOME_FAILED);
        let troubles = vec![(2, trouble)];
        let doubts =
            vec![(3, Trouble::data("structures", MASK_AMBIGUOUS, "structures[1]: 3,4 could each be the cord"))];
        let found = Check { troubles, doubts, exams: 1, patients: 2, input_bytes: 5 << 30, largest_bytes: 3 << 20 };
        assert_eq!(
            text(&found, 2, 1 << 20),
            "line 2: image: not there (image_missing)\n\
             line 3: structures[1]: 3,4 could each be the cord (mask_ambiguous), what hangs on it will not be evaluable\n\
             2 patients, 2 rows: 1 can be measured, 1 cannot\n\
             Work: 5.0 GiB of images and outlines to read\n\
             Memory: at most 3.0 MiB for one exam; 1.0 MiB and 2 threads given\n\
             The largest exam will run alone and may need more than is given\n"
        );
    }
}
