//! The dry run: every row resolved, memory and work estimated, no voxel of an image decoded.

use super::failure::Trouble;
use super::key;
use super::load::{self, Opened, Source};
use super::measurer::Measurer;
use super::study::{Row, Study};
use crate::measure::settings::Patterns;
use std::path::Path;

/// What a dry run found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// Rows that could not be measured, each with its line and why.
    pub troubles: Vec<(u64, Trouble)>,
    /// Rows of which a part could not be measured, each with its line and why.
    pub doubts: Vec<(u64, Trouble)>,
    /// Rows that can be opened.
    pub exams: usize,
    /// Patients.
    pub patients: usize,
    /// Size of all inputs, bytes.
    pub input_bytes: u64,
    /// Memory that the largest exam takes at most, as if its region were the whole image, bytes.
    pub largest_bytes: u64,
}

/// Opens the headers of every image, and looks for every structure file that a run would read and for the parts of those
/// that hold several.
pub fn check(study: &Study, source: &dyn Source, measurer: &dyn Measurer, patterns: &Patterns) -> Check {
    let mut check = Check { patients: study.patients.len(), ..Check::default() };
    for patient in &study.patients {
        check.input_bytes += key::of(study, patient, "").bytes;
    }
    for row in &study.rows {
        match looked_at(row, &study.base, source, patterns) {
            Ok(opened) => {
                let bytes = opened.largest_bytes(measurer.bytes_per_voxel(row.exam.modality));
                check.exams += 1;
                check.largest_bytes = check.largest_bytes.max(bytes);
                check.doubts.extend(opened.unclear().iter().map(|unclear| (row.line, unclear.trouble.clone())));
            }
            Err(trouble) => check.troubles.push((row.line, trouble)),
        }
    }
    check
}

fn looked_at<'a>(
    row: &'a Row,
    base: &'a Path,
    source: &dyn Source,
    patterns: &Patterns,
) -> Result<Opened<'a>, Trouble> {
    let opened = load::open(row, base, source, patterns)?;
    opened.look_for_outlines()?;
    Ok(opened)
}
