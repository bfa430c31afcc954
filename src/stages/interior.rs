//! Bone inside the lesion, at the three thresholds.

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};
use crate::ops::interior::{Source, Threshold, interior};

/// `interior`
pub const DEF: Stage = Stage {
    name: "interior",
    about: "bone deeper than the peel, by partial-volume mixture, at the three mineral thresholds",
    modalities: &[Modality::Ct],
    reads: &[
        keys::PLANES.name,
        keys::OUTLINE.name,
        keys::COUNTS.name,
        keys::AXIAL_TUMOUR.name,
        keys::THRESHOLDS.name,
        keys::INTERIOR_THRESHOLDS.name,
        keys::RIM.name,
        keys::WHOLE_BORDER.name,
    ],
    writes: &[keys::INTERIOR.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 24.0,
    run,
};

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let (outlines, planes, counts) = (view.get(&keys::OUTLINE), view.get(&keys::PLANES), view.get(&keys::COUNTS));
    let slice_mm = view.get(&keys::AXIAL_TUMOUR).geometry().spacing[2];
    let (plain, raised, rims) =
        (view.get(&keys::THRESHOLDS), view.get(&keys::INTERIOR_THRESHOLDS), view.get(&keys::RIM));
    let thresholds = std::array::from_fn(|i| Threshold { bone_hu: raised[i], plain_hu: plain[i] });
    let source = Source { outlines, planes, counts, slice_mm };
    let mut board = Board::default();
    board.put(&keys::INTERIOR, interior(&source, rims, &settings.interior, thresholds), &[]);
    Ok(board)
}
