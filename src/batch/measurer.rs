//! What measures an exam, as the job sees it.

use super::study::ExamName;
use crate::graph::{Graph, GraphError, Hook};
use crate::measure::rows::ExamRows;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality};

const BRANCHES: [Modality; 2] = [Modality::Ct, Modality::Mr];

/// Turns what is on a board into rows.
pub trait Measurer: Sync {
    /// How far around the outlines it looks, mm.
    fn reach_mm(&self, modality: Modality) -> f64;

    /// Memory it takes for each voxel of the region, bytes.
    fn bytes_per_voxel(&self, modality: Modality) -> f64;

    /// Measures. Equal boards give equal rows.
    fn run(&self, modality: Modality, board: Board, hook: &dyn Hook) -> ExamRows;
}

/// The graphs of all branches.
pub struct Graphs<'a> {
    settings: &'a Settings,
    graphs: Vec<Graph>,
}

impl<'a> Graphs<'a> {
    /// Graphs for the wanted measures; the artifacts in `also` are kept for galleries.
    ///
    /// # Errors
    /// A registry that does not fit together.
    pub fn new(settings: &'a Settings, wanted: &[String], also: &[&'static str]) -> Result<Self, GraphError> {
        let graph = |modality| Graph::new(modality, wanted, also);
        Ok(Self { settings, graphs: BRANCHES.into_iter().map(graph).collect::<Result<_, _>>()? })
    }

    fn of(&self, modality: Modality) -> &Graph {
        self.graphs.iter().find(|g| g.modality() == modality).expect("there is a graph for every branch")
    }
}

impl Measurer for Graphs<'_> {
    fn reach_mm(&self, modality: Modality) -> f64 {
        self.of(modality).reach_mm(self.settings)
    }

    fn bytes_per_voxel(&self, modality: Modality) -> f64 {
        self.of(modality).bytes_per_voxel()
    }

    fn run(&self, modality: Modality, board: Board, hook: &dyn Hook) -> ExamRows {
        self.of(modality).run(board, self.settings, hook)
    }
}

/// Makes files of an exam while its artifacts are still there: pictures, masks.
pub trait Gallery: Sync {
    /// Names of the artifacts that must be kept for it.
    fn reads(&self) -> &'static [&'static str];

    /// Files, each with its name, which starts with the exam's stem.
    fn pictures(&self, who: &ExamName, board: &Board, rows: &ExamRows) -> Vec<(String, Vec<u8>)>;
}
