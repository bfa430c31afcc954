//! The cord on each slice of the table.

use super::Stage;
use super::canal::SAGITTAL_MM;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys, reason};
use crate::ops::cord::slices;

/// `cord`
pub const DEF: Stage = Stage {
    name: "cord",
    about: "area and sagittal diameter of the cord across its course, on each slice",
    modalities: &[Modality::Mr],
    reads: &[keys::AXIAL_STRUCTURES.name, keys::SLICES.name, keys::SCAN.name],
    writes: &[keys::CORD.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 1.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let width_mm = view.get(&keys::SCAN).whole.spacing[0];
    if width_mm > SAGITTAL_MM {
        return Err(Refusal::of(reason::SAG_ONLY, format!("{width_mm:.2} mm")));
    }
    let cord = view.get(&keys::AXIAL_STRUCTURES).get("cord");
    let cord = cord.ok_or_else(|| Refusal::of(reason::CORD_NOT_SEGMENTED, ""))?;
    let places = view.get(&keys::SLICES);
    let mut board = Board::default();
    board.put(&keys::CORD, slices(cord, places), &[]);
    Ok(board)
}
