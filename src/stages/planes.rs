//! Each slice of the outline resampled in plane.

use super::Stage;
use crate::measure::settings::{ResampleMode, Settings};
use crate::measure::{Board, Modality, Refusal, View, keys};
use crate::ops::rim::PROFILE_MM;
use crate::ops::spline::resample;
use crate::volume::traverse::each;

/// `planes`
pub const DEF: Stage = Stage {
    name: "planes",
    about: "each slice around the outline resampled in plane by cubic B-spline",
    modalities: &[Modality::Ct],
    reads: &[keys::AXIAL_IMAGE.name, keys::OUTLINE.name],
    writes: &[keys::PLANES.name],
    reach_mm: |_| WINDOW_MM + PREFILTER_MM,
    bytes_per_voxel: 16.0,
    run,
};

/// How far around the outline the planes reach: as far as the rays do.
const WINDOW_MM: f64 = if -PROFILE_MM[0] > PROFILE_MM[1] { -PROFILE_MM[0] } else { PROFILE_MM[1] };

/// What the spline's prefilter needs beyond: its pole falls to 1e-6 within ten pixels of up to 1 mm.
const PREFILTER_MM: f64 = 10.0;

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let (image, outlines) = (view.get(&keys::AXIAL_IMAGE), view.get(&keys::OUTLINE));
    let spacing = image.geometry().spacing;
    let pixel_mm = match settings.resample.mode {
        ResampleMode::Native => [spacing[0], spacing[1]],
        _ => [settings.resample.inplane_mm; 2],
    };
    let planes = each(outlines.len(), |k| {
        let [lo, hi] = outlines[k].bounds_mm();
        let window = [lo.map(|v| v - WINDOW_MM), hi.map(|v| v + WINDOW_MM)];
        resample(image.plane(outlines[k].plane), [spacing[0], spacing[1]], window, pixel_mm)
    });
    let mut board = Board::default();
    board.put(&keys::PLANES, planes, &[]);
    Ok(board)
}
