//! `osteon phantom`: a synthetic study with its truth.

use super::{Common, Failure, exit, output};
use crate::config::LogFormat;
use crate::io::disk::{LocalDisk, unwritable};
use crate::phantom::{self, Format, PhantomError};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// Write a synthetic study with its truth
#[derive(Debug, Args)]
pub struct PhantomArgs {
    /// Which patients: demo or yuan24
    #[arg(long, value_name = "NAME")]
    cohort: String,
    /// Where to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
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
    write(&args.cohort, &args.out, format)?;
    output::print(&format!("{}\n", args.out.join("study.csv").display()))?;
    Ok(exit::DONE)
}

/// Writes a cohort to local disk.
///
/// # Errors
/// As [`phantom::write`].
pub fn write(cohort: &str, out: &Path, format: Format) -> Result<(), Failure> {
    phantom::write(cohort, out, format, &LocalDisk).map_err(failure)
}

fn failure(error: PhantomError) -> Failure {
    match error {
        PhantomError::UnknownCohort { .. } => Failure::of(exit::USAGE, error),
        PhantomError::Write(why) => Failure::of(exit::UNWRITABLE, unwritable(&why)),
    }
}
