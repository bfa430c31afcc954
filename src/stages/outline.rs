//! The outline of the tumour on each axial slice.

use super::Stage;
use crate::measure::keys::Scan;
use crate::measure::settings::Settings;
use crate::measure::{Board, Flag, Modality, Refusal, View, flag, keys};
use crate::ops::outline::outlines;

/// `outline`
pub const DEF: Stage = Stage {
    name: "outline",
    about: "sub-pixel rings of the tumour on each axial slice",
    modalities: &[Modality::Ct, Modality::Mr],
    reads: &[keys::AXIAL_TUMOUR.name, keys::SCAN.name],
    writes: &[keys::OUTLINE.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 1.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let (mask, scan) = (view.get(&keys::AXIAL_TUMOUR), view.get(&keys::SCAN));
    let acquired = mask.geometry().spacing == scan.whole.spacing;
    let first_slice = if acquired { scan.region.lo[2] } else { 0 };
    let mut board = Board::default();
    let outlines = outlines(mask, first_slice);
    let heights_mm: Vec<f64> = outlines.iter().map(|o| o.z_mm).collect();
    let mut flags = remarks(mask.geometry().spacing[2], scan);
    flags.extend(scan.levels.along(mask.geometry().axes[2], &heights_mm).remark);
    board.put(&keys::OUTLINE, outlines, &flags);
    Ok(board)
}

fn remarks(slice_mm: f64, scan: &Scan) -> Vec<Flag> {
    let raised = [
        (slice_mm > 5.0, flag::SLICE_GT_5MM),
        (slice_mm > 3.0 && slice_mm <= 5.0, flag::SLICE_GT_3MM),
        (scan.acquisition.resampled, flag::SLICES_RESAMPLED),
    ];
    raised.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag).collect()
}
