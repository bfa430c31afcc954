//! The longest chord of each slice's outline and the longest across it.

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};
use crate::ops::chord::diameters;
use crate::volume::traverse::each;

/// `diameters`
pub const DEF: Stage = Stage {
    name: "diameters",
    about: "longest chord of each slice's outline within one piece, and the longest across it",
    modalities: &[Modality::Ct, Modality::Mr],
    reads: &[keys::OUTLINE.name],
    writes: &[keys::DIAMETERS.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 0.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let outlines = view.get(&keys::OUTLINE);
    let mut board = Board::default();
    board.put(&keys::DIAMETERS, each(outlines.len(), |k| diameters(&outlines[k])), &[]);
    Ok(board)
}
