//! The region on axial slices: the acquired ones where the stack is axial, a reformat where it is not.

use super::Stage;
use super::canal::is_told;
use crate::geometry::Geometry;
use crate::measure::keys::{Scan, Structures};
use crate::measure::settings::{MaskWay, ResampleMode, Settings};
use crate::measure::{Board, Flag, Modality, Refusal, View, flag, keys};
use crate::ops::onto::onto as by_nearest;
use crate::ops::reformat::axial_grid;
use crate::ops::resample::{Beyond, Coarser, Interpolation, by_distance, by_partial_volume, onto};
use crate::volume::Mask;
use std::sync::Arc;

/// `axial`
pub const DEF: Stage = Stage {
    name: "axial",
    about: "acquired slices if axial within 15 degrees, else an axial reformat (CT cubic, MR linear, masks by distance)",
    modalities: &[Modality::Ct, Modality::Mr],
    reads: &[keys::IMAGE.name, keys::TUMOUR.name, keys::STRUCTURES.name, keys::SCAN.name],
    writes: &[
        keys::AXIAL_IMAGE.name,
        keys::AXIAL_TUMOUR.name,
        keys::AXIAL_NATIVE_BONE.name,
        keys::AXIAL_STRUCTURES.name,
    ],
    reach_mm: |_| REACH_MM,
    bytes_per_voxel: 6.0,
    run,
};

/// What a reformat looks at around the lesion: two slices of up to 5 mm, so that no border of the region is taken for one
/// of the lesion, and the spline's mirrored ends count for less than a hundredth.
const REACH_MM: f64 = 10.0;

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let mut board = Board::default();
    let image = view.shared(&keys::IMAGE);
    let wanted = &settings.resample;
    let scan = view.get(&keys::SCAN);
    let oblique = image.geometry().axial_tilt_deg() > wanted.axial_within_deg;
    let spacing = match wanted.mode {
        ResampleMode::Isotropic => Some([wanted.inplane_mm; 3]),
        _ if oblique => Some([wanted.inplane_mm, wanted.inplane_mm, wanted.slice_mm]),
        _ => None,
    };
    let Some(spacing) = spacing else {
        board.put_shared(&keys::AXIAL_IMAGE, image, &[]);
        board.put_shared(&keys::AXIAL_TUMOUR, view.shared(&keys::TUMOUR), &[]);
        put_structures(&mut board, view.shared(&keys::STRUCTURES), view.get(&keys::TUMOUR).geometry(), scan, &[]);
        return Ok(board);
    };
    let flags: &[_] = if oblique { &[flag::AXIAL_REFORMAT] } else { &[] };
    let grid = axial_grid(image.geometry(), spacing, oblique);
    let how = match scan.modality {
        Modality::Ct => Interpolation::Cubic,
        Modality::Mr => Interpolation::Linear,
    };
    let coarser = if wanted.antialias { Coarser::Smooth } else { Coarser::Alias };
    board.put(&keys::AXIAL_IMAGE, onto(&image, &grid, how, Beyond::Edge, coarser), flags);
    board.put(&keys::AXIAL_TUMOUR, moved(view.get(&keys::TUMOUR), &grid, wanted.mask), flags);
    let structures = view.get(&keys::STRUCTURES).iter().map(|(&name, mask)| (name, moved(mask, &grid, wanted.mask)));
    put_structures(&mut board, Arc::new(structures.collect()), &grid, scan, flags);
    Ok(board)
}

/// Native bone is its own artifact too, empty where the study has none: its absence takes nothing away.
fn put_structures(board: &mut Board, structures: Arc<Structures>, grid: &Geometry, scan: &Scan, flags: &[Flag]) {
    let bone = structures.get("native_bone").cloned();
    match is_told(scan, "native_bone") {
        Err(refusal) => board.refuse(keys::AXIAL_NATIVE_BONE.name, refusal),
        Ok(()) => {
            board.put(&keys::AXIAL_NATIVE_BONE, bone.unwrap_or_else(|| Mask::from_fn(grid.clone(), |_| false)), flags);
        }
    }
    board.put_shared(&keys::AXIAL_STRUCTURES, structures, flags);
}

fn moved(mask: &Mask, grid: &Geometry, way: MaskWay) -> Mask {
    match way {
        MaskWay::Nearest => by_nearest(mask, grid),
        MaskWay::Distance => by_distance(mask, grid),
        MaskWay::Partial => by_partial_volume(mask, grid),
    }
}
