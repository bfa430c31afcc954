//! The thecal sac below the cord, on each plane of the region.

use super::Stage;
use super::canal::{found_here, has_wall, is_usable, no_sagittal};
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys, reason};
use crate::ops::cord::planes;

/// `sac`
pub const DEF: Stage = Stage {
    name: "sac",
    about: "area of the thecal sac across its course, on each plane",
    modalities: &[Modality::Mr],
    reads: &[keys::STRUCTURES.name, keys::FOUND_HERE.name, keys::AXIAL_STRUCTURES.name, keys::SCAN.name],
    writes: &[keys::SAC.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 1.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    no_sagittal(view)?;
    is_usable(view, "sac")?;
    let sac = view.get(&keys::AXIAL_STRUCTURES).get("sac");
    let sac = sac.ok_or_else(|| Refusal::of(reason::SAC_NOT_DRAWN, ""))?;
    has_wall(view, "sac")?;
    let mut board = Board::default();
    let flags: Vec<_> = found_here(view, &["sac"]).into_iter().collect();
    board.put(&keys::SAC, planes(sac), &flags);
    Ok(board)
}
