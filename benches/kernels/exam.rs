//! A made-up exam, and the stages that carry kernels, run as the graph runs them.
//!
//! Going through the stages keeps the benches true to what a run does, whatever the kernels' own arguments become.

use crate::beside_copy;
use bytemuck::cast_slice;
use criterion::Criterion;
use osteon::geometry::{Extent, Geometry};
use osteon::graph::{Graph, Hook};
use osteon::io::acquisition::Acquisition;
use osteon::measure::keys::{IMAGE, SCAN, STRUCTURES, Scan, Structures, TUMOUR};
use osteon::measure::levels::Levels;
use osteon::measure::settings::Settings;
use osteon::measure::{Board, Modality, measures};
use osteon::volume::{Mask, Volume};

/// Stages, each with the kernel that it is.
const STAGES: [(&str, &str); 5] = [
    ("outline", "contour"),
    ("diameters", "chord"),
    ("planes", "spline_resampling"),
    ("rim", "rim_profiles_and_judge"),
    ("interior", "interior"),
];

/// Distance of a voxel's centre from the lesion's border along the radius, mm; inside is negative.
fn border_mm(grid: &Geometry, voxel: [usize; 3]) -> f64 {
    let [x, y, z] = std::array::from_fn(|a| (voxel[a] as f64 - (grid.dims[a] - 1) as f64 / 2.0) * grid.spacing[a]);
    let bumps = 1.0 + 0.08 * libm::sin(3.0 * libm::atan2(y, x)) + 0.05 * libm::cos(0.2 * z);
    (x * x + y * y + z * z).sqrt() - 26.0 * bumps
}

/// The region of a lesion of 52 mm on a clinical CT: 0.7 mm pixels, slices 2.5 mm apart.
fn grid() -> Geometry {
    Geometry::upright([128, 128, 26], [0.7, 0.7, 2.5])
}

/// The lesion.
pub fn tumour() -> Mask {
    Mask::from_fn(grid(), |voxel| border_mm(&grid(), voxel) < 0.0)
}

/// Soft tissue with a rim over three quarters of the border and trabeculae inside, all a little rough.
pub fn image() -> Volume<f32> {
    let grid = grid();
    Volume::from_fn(grid.clone(), |[x, y, z]| {
        let rough = ((x * 7919 + y * 104_729 + z * 1_299_709) % 41) as f32 - 20.0;
        let border = border_mm(&grid, [x, y, z]);
        let base = match border {
            b if (-2.0..0.0).contains(&b) && (x > 50 || y > 50) => 550.0,
            b if b < -5.0 && (x / 4 + y / 5 + z) % 3 == 0 => 380.0,
            _ => 60.0,
        };
        base + rough
    })
}

fn given() -> Board {
    let (image, tumour) = (image(), tumour());
    let whole = image.geometry().clone();
    let region = Extent::whole(whole.dims);
    let acquisition = Acquisition { has_rescale: true, kvp: Some(120.0), ..Acquisition::default() };
    let mut board = Board::default();
    board.put(&STRUCTURES, Structures::from([("native_bone", Mask::from_fn(whole.clone(), |_| false))]), &[]);
    board.put(
        &SCAN,
        Scan {
            modality: Modality::Ct,
            acquisition,
            whole,
            region,
            levels: Levels::default(),
            cord_points: Vec::new(),
            cut: false,
            prompted: false,
            ambiguous: Vec::new(),
        },
        &[],
    );
    board.put(&IMAGE, image, &[]);
    board.put(&TUMOUR, tumour, &[]);
    board
}

/// The default settings, and the graph of every measure of CT.
fn everything() -> (Settings, Graph) {
    let config = osteon::config::load(None, None, &[]).expect("the built-in configuration loads").0;
    let wanted: Vec<String> = measures(Modality::Ct).map(|m| m.name.into()).collect();
    (config.settings, Graph::new(Modality::Ct, &wanted, &[]).expect("the registries fit together"))
}

/// All stages and measures of the exam, as a run does them after reading.
pub fn whole(criterion: &mut Criterion) {
    let (settings, graph) = everything();
    let (image, board) = (image(), given());
    beside_copy(criterion, "exam", cast_slice(image.as_slice()), || graph.run(board.clone(), &settings, &Unwatched));
}

/// Nobody looks on.
struct Unwatched;

impl Hook for Unwatched {
    fn before(&self, _: &'static str) {}
    fn stage(&self, _: &'static str, _: std::time::Duration) {}
    fn finished(&self, _: &Board, _: &osteon::measure::rows::ExamRows) {}
}

/// Each of [`STAGES`], on everything that the stages before it have made.
pub fn stages(criterion: &mut Criterion) {
    let (settings, graph) = everything();
    let (image, mut board) = (image(), given());
    for stage in graph.stages() {
        let run = |board: &Board| (stage.run)(&board.view(stage.reads, &[]), &settings).expect("nothing is refused");
        if let Some((_, kernel)) = STAGES.iter().find(|(name, _)| *name == stage.name) {
            beside_copy(criterion, kernel, cast_slice(image.as_slice()), || run(&board));
        }
        let made = run(&board);
        board.merge(made);
    }
}
