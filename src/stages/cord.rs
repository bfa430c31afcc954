//! The cord on each plane of the region.

use super::Stage;
use super::canal::{found_here, is_usable, no_sagittal};
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys, reason};
use crate::ops::cord::planes;

/// `cord`
pub const DEF: Stage = Stage {
    name: "cord",
    about: "area and sagittal diameter of the cord across its course, on each plane",
    modalities: &[Modality::Mr],
    reads: &[keys::STRUCTURES.name, keys::FOUND_HERE.name, keys::AXIAL_STRUCTURES.name, keys::SCAN.name],
    writes: &[keys::CORD.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 1.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    no_sagittal(view)?;
    is_usable(view, "cord")?;
    let structures = view.get(&keys::AXIAL_STRUCTURES);
    // A sac without a cord: all that is shown lies below its end.
    let lacks = if structures.contains_key("sac") { reason::BELOW_CONUS } else { reason::CORD_NOT_SEGMENTED };
    let cord = structures.get("cord").ok_or_else(|| Refusal::of(lacks, ""))?;
    let mut board = Board::default();
    let flags: Vec<_> = found_here(view, &["cord"]).into_iter().collect();
    board.put(&keys::CORD, planes(cord), &flags);
    Ok(board)
}
