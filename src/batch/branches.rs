//! The stage graphs of both branches as what measures an exam.

use super::measurer::{Measurer, Watch};
use crate::graph::{Graph, GraphError, Hook};
use crate::measure::rows::ExamRows;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality};
use std::time::Duration;

/// One graph for each branch, and the settings they measure by.
pub struct Branches {
    ct: Graph,
    mr: Graph,
    settings: Settings,
}

impl Branches {
    /// Graphs for the `wanted` measures that keep the artifacts in `kept` until the end.
    ///
    /// # Errors
    /// As [`Graph::new`].
    pub fn new(settings: &Settings, wanted: &[String], kept: &[&'static str]) -> Result<Self, GraphError> {
        let graph = |modality| Graph::new(modality, wanted, kept);
        Ok(Self { ct: graph(Modality::Ct)?, mr: graph(Modality::Mr)?, settings: settings.clone() })
    }

    fn of(&self, modality: Modality) -> &Graph {
        match modality {
            Modality::Ct => &self.ct,
            Modality::Mr => &self.mr,
        }
    }
}

impl Measurer for Branches {
    fn reach_mm(&self, modality: Modality) -> f64 {
        self.of(modality).reach_mm(&self.settings)
    }

    fn bytes_per_voxel(&self, modality: Modality) -> f64 {
        self.of(modality).bytes_per_voxel()
    }

    fn run(&self, modality: Modality, board: Board, watch: &dyn Watch) -> ExamRows {
        self.of(modality).run(board, &self.settings, &Watched(watch))
    }
}

/// A watch told through the graph's hook.
struct Watched<'a>(&'a dyn Watch);

impl Hook for Watched<'_> {
    fn before(&self, stage: &'static str) {
        self.0.before(stage);
    }

    fn stage(&self, stage: &'static str, elapsed: Duration) {
        self.0.stage(stage, elapsed);
    }

    fn finished(&self, board: &Board, rows: &ExamRows) {
        self.0.finished(board, rows);
    }
}
