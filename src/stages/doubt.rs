//! How sure the classes at the mineral threshold are.

use super::Stage;
use crate::measure::doubt::doubt;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};

/// `doubt`
pub const DEF: Stage = Stage {
    name: "doubt",
    about: "chances of rim, interior and grade by bootstrap over slices",
    modalities: &[Modality::Ct],
    reads: &[keys::RIM.name, keys::INTERIOR.name],
    writes: &[keys::DOUBT.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 0.0,
    run,
};

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let mut board = Board::default();
    board.put(&keys::DOUBT, doubt(&view.get(&keys::RIM)[0], &view.get(&keys::INTERIOR)[0], settings), &[]);
    Ok(board)
}
