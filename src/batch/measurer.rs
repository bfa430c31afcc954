//! What measures an exam, as the job sees it.

use super::study::ExamName;
use crate::measure::rows::ExamRows;
use crate::measure::{Board, Modality};
use std::time::Duration;

/// Turns what is on a board into rows.
pub trait Measurer: Sync {
    /// How far around the outlines it looks, mm.
    fn reach_mm(&self, modality: Modality) -> f64;

    /// Memory it takes for each voxel of the region, bytes.
    fn bytes_per_voxel(&self, modality: Modality) -> f64;

    /// Measures. Equal boards give equal rows.
    fn run(&self, modality: Modality, board: Board, watch: &dyn Watch) -> ExamRows;
}

/// Is told how an exam comes along.
pub trait Watch: Sync {
    /// A stage begins. May unwind, which ends the exam.
    fn before(&self, stage: &str);

    /// A stage has ended.
    fn stage(&self, stage: &str, elapsed: Duration);

    /// All rows are there, and what a gallery wanted is still on the board.
    fn finished(&self, board: &Board, rows: &ExamRows);
}

/// Makes files of an exam while its artifacts are still there: pictures, masks.
pub trait Gallery: Sync {
    /// Names of the artifacts that must be kept for it.
    fn reads(&self) -> &'static [&'static str];

    /// Files, each with its name, which starts with the exam's stem.
    fn pictures(&self, who: &ExamName, board: &Board, rows: &ExamRows) -> Vec<(String, Vec<u8>)>;
}
