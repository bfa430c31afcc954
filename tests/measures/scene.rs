//! Small exams made of a density and a mask as functions of place, and their rows from the real graph.

use osteon::geometry::{Extent, Geometry};
use osteon::graph::{Graph, Hook};
use osteon::io::acquisition::Acquisition;
use osteon::measure::keys::{FOUND_HERE, IMAGE, SCAN, STRUCTURES, Scan, Structures, TOLD_IN_CANAL, TUMOUR};
use osteon::measure::levels::Levels;
use osteon::measure::rows::ExamRows;
use osteon::measure::{Board, Modality};
use osteon::volume::{Mask, Volume};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::time::Duration;

struct Quiet;

impl Hook for Quiet {
    fn before(&self, _: &'static str) {}
    fn stage(&self, _: &'static str, _: Duration) {}
    fn finished(&self, _: &Board, _: &ExamRows) {}
}

/// An image with its outline, and nothing that could stand in the way of any measure.
#[derive(Clone)]
pub struct Scene {
    pub image: Volume<f32>,
    pub tumour: Mask,
}

impl Scene {
    /// Density and outline by voxel.
    pub fn new(grid: &Geometry, hu: impl Fn([usize; 3]) -> f32, inside: impl Fn([usize; 3]) -> bool) -> Self {
        Self { image: Volume::from_fn(grid.clone(), hu), tumour: Mask::from_fn(grid.clone(), inside) }
    }

    /// The same voxels on another grid: voxel `v` of it is voxel `from(v)` of this.
    pub fn carried(&self, grid: &Geometry, from: impl Fn([usize; 3]) -> [usize; 3]) -> Self {
        let at = |v: [usize; 3]| {
            let [x, y, z] = from(v);
            (z, y, x)
        };
        Self::new(grid, |v| self.image.voxels()[at(v)], |v| self.tumour.voxels()[at(v)])
    }

    /// What the wanted measures come to; all of them where none is named.
    pub fn measured(&self, wanted: &[&str]) -> ExamRows {
        run(self.board(), wanted)
    }

    fn board(&self) -> Board {
        let grid = self.image.geometry();
        let acquisition =
            Acquisition { kvp: Some(120.0), contrast: Some(false), has_rescale: true, ..Acquisition::default() };
        let none = Mask::from_fn(grid.clone(), |_| false);
        let native = Structures::from([("native_bone", none)]);
        board(Modality::Ct, acquisition, self.image.clone(), self.tumour.clone(), native)
    }
}

/// An exam at T8 of which all that its branch asks for is drawn.
pub fn board(
    modality: Modality,
    acquisition: Acquisition,
    image: Volume<f32>,
    tumour: Mask,
    structures: Structures,
) -> Board {
    let whole = image.geometry().clone();
    let scan = Scan {
        modality,
        acquisition,
        region: Extent::whole(whole.dims),
        whole,
        levels: Levels { table: Some("T8".into()), points: Vec::new() },
        cord_points: Vec::new(),
        cut: false,
        prompted: false,
        ambiguous: Vec::new(),
    };
    let mut board = Board::default();
    board.put(&SCAN, scan, &[]);
    board.put(&IMAGE, image, &[]);
    board.put(&TUMOUR, tumour, &[]);
    board.put(&STRUCTURES, structures, &[]);
    board
}

/// An MR exam of which all is drawn, T2-weighted, at T8.
pub fn mr_board(image: Volume<f32>, tumour: Mask, structures: Structures) -> Board {
    let acquisition = Acquisition { weighting: Some("T2".into()), ..Acquisition::default() };
    let mut board = board(Modality::Mr, acquisition, image, tumour, structures);
    board.put(&FOUND_HERE, Vec::new(), &[]);
    board.put(&TOLD_IN_CANAL, (), &[]);
    board
}

/// What the wanted measures of CT come to on a board, by the default settings; all of them where none is named.
pub fn run(board: Board, wanted: &[&str]) -> ExamRows {
    run_branch(Modality::Ct, board, wanted)
}

/// The same of any branch.
pub fn run_branch(modality: Modality, board: Board, wanted: &[&str]) -> ExamRows {
    let (config, _) = osteon::config::load(None, None, &[]).unwrap();
    let wanted = wanted.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>();
    let wanted = if wanted.is_empty() { config.measures } else { wanted };
    Graph::new(modality, &wanted, &[]).unwrap().run(board, &config.settings, &Quiet)
}

/// The same `cases` random cases in every run.
pub fn cases(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}
