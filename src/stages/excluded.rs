//! What does not count inside the outline: metal with its margin, and native bone where the study gives it.

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};
use crate::ops::distance::to_outside_mm;
use crate::ops::plane::Plane;
use crate::volume::Mask;
use crate::volume::traverse::each;
use ndarray::Array2;

/// `excluded`
pub const DEF: Stage = Stage {
    name: "excluded",
    about: "metal with its margin, and native bone where the study gives it, on the resampled planes",
    modalities: &[Modality::Ct],
    reads: &[keys::PLANES.name, keys::OUTLINE.name, keys::AXIAL_NATIVE_BONE.name, keys::METAL.name],
    writes: &[keys::EXCLUDED.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 4.0,
    run,
};

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let (planes, outlines) = (view.get(&keys::PLANES), view.get(&keys::OUTLINE));
    let native = view.get(&keys::AXIAL_NATIVE_BONE);
    let metal_hu = view.get(&keys::METAL).from_hu;
    let metal = each(planes.len(), |k| near_metal(&planes[k], metal_hu, settings.density.metal_margin_mm));
    let excluded = each(planes.len(), |k| {
        let bone = on_plane(native, outlines[k].plane, &planes[k]);
        Array2::from_shape_fn(bone.dim(), |i| bone[i] || metal[k][i])
    });
    let mut board = Board::default();
    board.put(&keys::EXCLUDED, excluded, &[]);
    Ok(board)
}

fn near_metal(plane: &Plane<f32>, metal_hu: f64, margin_mm: f64) -> Array2<bool> {
    let clear = plane.pixels.mapv(|hu| f64::from(hu) < metal_hu);
    if clear.iter().all(|&c| c) {
        return Array2::from_elem(clear.dim(), false);
    }
    to_outside_within(&clear, plane.pixel_mm, margin_mm)
}

/// Pixels within `margin_mm` of a pixel that is not clear. What lies beyond the plane is taken as clear.
fn to_outside_within(clear: &Array2<bool>, pixel_mm: [f64; 2], margin_mm: f64) -> Array2<bool> {
    let pad = (margin_mm / pixel_mm[0]).ceil() as usize + 1;
    let (ny, nx) = clear.dim();
    let mut padded = Array2::from_elem((ny + 2 * pad, nx + 2 * pad), true);
    padded.slice_mut(ndarray::s![pad..pad + ny, pad..pad + nx]).assign(clear);
    let distance = to_outside_mm(padded.view(), pixel_mm);
    distance.slice(ndarray::s![pad..pad + ny, pad..pad + nx]).mapv(|d| d <= margin_mm)
}

/// A mask's plane on the pixels of a resampled plane, nearest.
fn on_plane(mask: &Mask, z: usize, plane: &Plane<f32>) -> Array2<bool> {
    let pixels = mask.plane(z);
    let spacing = mask.geometry().spacing;
    Array2::from_shape_fn(plane.pixels.dim(), |(y, x)| {
        let [px, py] = plane.at(x, y);
        let near = |mm: f64, step: f64| (mm / step).round();
        let (i, j) = (near(px, spacing[0]), near(py, spacing[1]));
        i >= 0.0 && j >= 0.0 && pixels.get((j as usize, i as usize)).copied().unwrap_or(false)
    })
}
