//! The region on axial slices: the acquired ones where the stack is axial, a reformat where it is not.

use super::Stage;
use crate::measure::settings::{ResampleMode, Settings};
use crate::measure::{Board, Modality, Refusal, View, flag, keys};
use crate::ops::reformat::{axial_grid, linear, nearest};
use std::sync::Arc;

/// `axial`
pub const DEF: Stage = Stage {
    name: "axial",
    about: "acquired slices if axial within 15 degrees, else an axial reformat (image linear, masks nearest)",
    modalities: &[Modality::Ct, Modality::Mr],
    reads: &[keys::IMAGE.name, keys::TUMOUR.name, keys::NATIVE_BONE.name],
    writes: &[keys::AXIAL_IMAGE.name, keys::AXIAL_TUMOUR.name, keys::AXIAL_NATIVE_BONE.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 6.0,
    run,
};

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let mut board = Board::default();
    let image = view.shared(&keys::IMAGE);
    let wanted = &settings.resample;
    let oblique = image.geometry().axial_tilt_deg() > wanted.axial_within_deg;
    let spacing = match wanted.mode {
        ResampleMode::Isotropic => Some([wanted.inplane_mm; 3]),
        _ if oblique => Some([wanted.inplane_mm, wanted.inplane_mm, wanted.slice_mm]),
        _ => None,
    };
    let Some(spacing) = spacing else {
        board.put_shared(&keys::AXIAL_IMAGE, image, &[]);
        board.put_shared(&keys::AXIAL_TUMOUR, view.shared(&keys::TUMOUR), &[]);
        board.put_shared(&keys::AXIAL_NATIVE_BONE, view.shared(&keys::NATIVE_BONE), &[]);
        return Ok(board);
    };
    let flags: &[_] = if oblique { &[flag::AXIAL_REFORMAT] } else { &[] };
    let grid = axial_grid(image.geometry(), spacing, oblique);
    board.put_shared(&keys::AXIAL_IMAGE, Arc::new(linear(&image, &grid)), flags);
    board.put(&keys::AXIAL_TUMOUR, nearest(view.get(&keys::TUMOUR), &grid), flags);
    board.put(&keys::AXIAL_NATIVE_BONE, nearest(view.get(&keys::NATIVE_BONE), &grid), flags);
    Ok(board)
}
