//! Synthetic studies whose truth is known: a scanner simulator, not voxels painted in.
//!
//! Anatomy, lesion, rim and internal bone are functions of place ([`scene`]); the scanner averages them over its slice
//! profile and point spread, samples, and adds noise ([`scanner`]); a hand draws the outline ([`hand`]); the truth is
//! read off the fine grid by code that knows nothing of how Osteon measures ([`truth`]).

pub mod anatomy;
pub mod calibrate;
pub mod clinical;
pub mod cohort;
pub mod exam;
pub mod field;
pub mod hand;
pub mod hard;
pub mod lesion;
pub mod metal;
pub mod mr;
pub mod parameters;
pub mod pose;
pub mod remnants;
pub mod scanner;
pub mod scene;
pub mod section;
pub mod slices;
pub mod spec;
pub mod sphere;
pub mod stream;
pub mod tissue;
pub mod truth;
pub mod writer;

use crate::io::disk::Disk;
use std::path::Path;

pub use exam::{Exam, exam};
pub use writer::Format;

/// Why a phantom was not written.
#[derive(Debug, thiserror::Error)]
pub enum PhantomError {
    /// No cohort of that name.
    #[error("there is no cohort of that name; choose one of {known}")]
    UnknownCohort {
        /// The names there are.
        known: String,
    },
    /// The storage.
    #[error("a file of the study could not be written ({0}); give a folder with room that can be written to")]
    Write(#[from] std::io::Error),
}

/// The cohorts: name and one sentence each.
pub fn cohorts() -> impl Iterator<Item = (&'static str, &'static str)> {
    cohort::COHORTS.iter().map(|c| (c.name, c.about))
}

/// Which study is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Name of the cohort.
    pub cohort: &'a str,
    /// 0 for the cohort itself; any other number draws everything that is random in it anew.
    pub seed: u64,
    /// How many patients, if not all.
    pub patients: Option<usize>,
    /// How images are written.
    pub format: Format,
}

/// Writes a cohort with its truth: `study.csv`, `truth_slices.csv`, `truth_exams.csv`, `truth_params.csv`, images and
/// outlines.
///
/// # Errors
/// If there is no such cohort, or of the storage.
pub fn write(order: &Order, out: &Path, disk: &dyn Disk) -> Result<(), PhantomError> {
    let found = cohort::COHORTS.iter().find(|c| c.name == order.cohort);
    let known = || cohorts().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    let cohort = found.ok_or_else(|| PhantomError::UnknownCohort { known: known() })?;
    disk.create_dir_all(out)?;
    writer::write(cohort, order, out, disk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::disk::LocalDisk;

    #[test]
    fn an_unknown_cohort_is_answered_with_those_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let order = Order { cohort: "yuan", seed: 0, patients: None, format: Format::Dicom };
        let error = write(&order, folder.path(), &LocalDisk).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no cohort of that name; choose one of demo, yuan24, hard, compact, irregular, levels"
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
