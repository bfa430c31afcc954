//! Whether a person has drawn where the tumour ends in the canal.

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys, reason};

/// `outlined`
pub const DEF: Stage = Stage {
    name: "outlined",
    about: "whether the tumour is outlined, not segmented here: a proposal takes cord and fluid for tumour where it surrounds them",
    modalities: &[Modality::Mr],
    reads: &[keys::SCAN.name],
    writes: &[keys::TUMOUR_OUTLINED.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 0.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    if view.get(&keys::SCAN).prompted {
        return Err(Refusal::of(reason::TUMOUR_PROPOSED, ""));
    }
    let mut board = Board::default();
    board.put(&keys::TUMOUR_OUTLINED, (), &[]);
    Ok(board)
}
