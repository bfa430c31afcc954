//! How sure the classes at each threshold are.

use super::Stage;
use crate::measure::doubt::{Slopes, doubt};
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};

/// `doubt`
pub const DEF: Stage = Stage {
    name: "doubt",
    about: "chances of rim, interior and grade by bootstrap over slices, at the three mineral thresholds",
    modalities: &[Modality::Ct],
    reads: &[keys::THRESHOLDS.name, keys::RIM.name, keys::INTERIOR.name],
    writes: &[keys::DOUBT.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 0.0,
    run,
};

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let mut board = Board::default();
    let (rims, interiors) = (view.get(&keys::RIM), view.get(&keys::INTERIOR));
    let thresholds = view.get(&keys::THRESHOLDS);
    let at = |i: usize| doubt(&rims[i], Slopes::new(rims, thresholds, i, settings), &interiors[i], settings);
    board.put(&keys::DOUBT, std::array::from_fn::<_, 3, _>(at), &[]);
    Ok(board)
}
