//! `osteon phantom`: a synthetic study with its truth.

use super::{Common, Failure, exit, output};
use crate::config::LogFormat;
use crate::io::disk::{LocalDisk, unwritable};
use crate::phantom::{self, Format, Order, PhantomError};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// Write a synthetic study with its truth
#[derive(Debug, Args)]
pub struct PhantomArgs {
    /// Which patients: demo, yuan24, hard, compact, irregular or levels
    #[arg(long, value_name = "NAME")]
    cohort: String,
    /// Where to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Draw everything that is random in the cohort anew; 0 is the cohort itself
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How many patients, if not all
    #[arg(long, value_name = "N")]
    patients: Option<usize>,
    /// How images are written
    #[arg(long, value_name = "FORMAT", default_value = "dicom")]
    format: FileFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FileFormat {
    /// A folder of slices for each image
    Dicom,
    /// One .nii.gz for each image
    Nifti,
}

/// `osteon phantom`
///
/// # Errors
/// If there is no such cohort, or it cannot be written.
pub fn phantom(args: &PhantomArgs, common: &Common) -> Result<i32, Failure> {
    common.start_logging(LogFormat::Text);
    let format = match args.format {
        FileFormat::Dicom => Format::Dicom,
        FileFormat::Nifti => Format::Nifti,
    };
    let order = Order { cohort: &args.cohort, seed: args.seed, patients: args.patients, format };
    write(&order, &args.out)?;
    output::print(&format!("{}\n", args.out.join("study.csv").display()))?;
    Ok(exit::DONE)
}

/// Writes a cohort to local disk.
///
/// # Errors
/// As [`phantom::write`].
pub fn write(order: &Order, out: &Path) -> Result<(), Failure> {
    phantom::write(order, out, &LocalDisk).map_err(failure)
}

fn failure(error: PhantomError) -> Failure {
    match error {
        PhantomError::UnknownCohort { .. } => Failure::of(exit::USAGE, error),
        PhantomError::Write(why) => Failure::of(exit::UNWRITABLE, unwritable(&why)),
    }
}
