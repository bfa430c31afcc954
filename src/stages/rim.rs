//! The rim on every slice, at the three thresholds.

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys, reason};
use crate::ops::rim::{PROFILE_MM, Source, judge, profiles};

/// `rim`
pub const DEF: Stage = Stage {
    name: "rim",
    about: "rays across the outline, covered by a rim or not, at the three mineral thresholds",
    modalities: &[Modality::Ct],
    reads: &[
        keys::PLANES.name,
        keys::OUTLINE.name,
        keys::AXIAL_TUMOUR.name,
        keys::THRESHOLDS.name,
        keys::WHOLE_BORDER.name,
    ],
    writes: &[keys::RIM.name],
    reach_mm: |_| PROFILE_MM[1],
    bytes_per_voxel: 4.0,
    run,
};

/// Rims thinner than a third of the slice distance are lost between slices (method.md 4).
const MAX_SLICE_MM: f64 = 3.5;

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let slice_mm = view.get(&keys::AXIAL_TUMOUR).geometry().spacing[2];
    if slice_mm > MAX_SLICE_MM {
        return Err(Refusal::of(reason::SLICE_GT_3_5MM, format!("{slice_mm:.2} mm")));
    }
    let (outlines, planes) = (view.get(&keys::OUTLINE), view.get(&keys::PLANES));
    let source = Source {
        outlines,
        planes,
        slice_mm,
        metal_hu: settings.density.metal_hu,
        metal_margin_mm: settings.density.metal_margin_mm,
    };
    let profiles = profiles(&source, &settings.rim);
    let rims = view.get(&keys::THRESHOLDS).map(|hu| judge(&profiles, outlines, &settings.rim, hu));
    let mut board = Board::default();
    board.put(&keys::RIM, rims, &[]);
    Ok(board)
}
