//! The dry run: every row resolved, memory and work estimated, no voxel of an image decoded.

use super::failure::{Failure, Trouble};
use super::key;
use super::load::{self, Source};
use super::measurer::Measurer;
use super::study::{Row, Study};
use std::path::Path;

/// What a dry run found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Rows that would fail, each with its line and why.
    pub failures: Vec<(u64, Failure)>,
    /// Rows that can be opened.
    pub exams: usize,
    /// Patients.
    pub patients: usize,
    /// Size of all inputs, bytes.
    pub input_bytes: u64,
    /// Memory that the largest exam takes at most, as if its region were the whole image, bytes.
    pub largest_bytes: u64,
}

/// Opens the headers of every image and looks for every structure file.
pub fn check(study: &Study, source: &dyn Source, measurer: &dyn Measurer) -> Check {
    let mut check = Check { patients: study.patients.len(), ..Check::default() };
    for patient in &study.patients {
        check.input_bytes += key::of(study, patient, "").bytes;
    }
    for row in &study.rows {
        match largest_bytes(row, &study.base, source, measurer) {
            Ok(bytes) => {
                check.exams += 1;
                check.largest_bytes = check.largest_bytes.max(bytes);
            }
            Err(failure) => check.failures.push((row.line, failure)),
        }
    }
    check
}

fn largest_bytes(row: &Row, base: &Path, source: &dyn Source, measurer: &dyn Measurer) -> Result<u64, Failure> {
    let opened = load::open(row, base, source).map_err(|trouble| match trouble {
        Trouble::Data(failure) | Trouble::Transient(failure) => failure,
        Trouble::Stopped => Failure::new("run", "stopped", "the check was stopped"),
    })?;
    if let Some(missing) = row.structures.iter().find(|s| !base.join(&s.file).exists()) {
        let message = format!("structures[{}]: there is no such file: correct the study table", missing.place);
        return Err(Failure::new("structures", "file_missing", message));
    }
    Ok(opened.largest_bytes(measurer.bytes_per_voxel(row.exam.modality)))
}
