//! What does not count inside the outline: metal with its margin, and native bone where the study gives it.

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};
use crate::ops::dilation::within;
use crate::ops::interior::Counts;
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
    writes: &[keys::COUNTS.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 4.0,
    run,
};

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let (planes, outlines) = (view.get(&keys::PLANES), view.get(&keys::OUTLINE));
    let native = view.get(&keys::AXIAL_NATIVE_BONE);
    let metal_hu = view.get(&keys::METAL).from_hu;
    let counts = each(planes.len(), |k| {
        let metal = near_metal(&planes[k], metal_hu, settings.density.metal_margin_mm);
        let bone = on_plane(native, outlines[k].plane, &planes[k]);
        counts(planes[k].pixels.dim(), metal, bone)
    });
    let mut board = Board::default();
    board.put(&keys::COUNTS, counts, &[]);
    Ok(board)
}

/// What counts of a plane; `None` says that there is no metal, or no native bone.
fn counts(dim: (usize, usize), metal: Option<Array2<bool>>, bone: Option<Array2<bool>>) -> Array2<Counts> {
    let mut counts = Array2::from_elem(dim, Counts::Yes);
    for (is, what) in [(bone, Counts::NativeBone), (metal, Counts::Metal)] {
        is.into_iter().for_each(|is| counts.zip_mut_with(&is, |counts, &is| *counts = if is { what } else { *counts }));
    }
    counts
}

fn near_metal(plane: &Plane<f32>, metal_hu: f64, margin_mm: f64) -> Option<Array2<bool>> {
    let is_metal = |hu: f32| f64::from(hu) >= metal_hu;
    // No early end, so that many pixels are looked at in one go.
    let any = plane.pixels.iter().fold(false, |any, &hu| any | is_metal(hu));
    any.then(|| within(plane.pixels.mapv(is_metal).view(), plane.pixel_mm, margin_mm))
}

/// A mask's plane on the pixels of a resampled plane, nearest.
fn on_plane(mask: &Mask, z: usize, plane: &Plane<f32>) -> Option<Array2<bool>> {
    let (pixels, spacing) = (mask.plane(z), mask.geometry().spacing);
    if !pixels.iter().fold(false, |any, &m| any | m) {
        return None;
    }
    let near = |mm: f64, step: f64| Some((mm / step).round()).filter(|&i| i >= 0.0).map(|i| i as usize);
    Some(Array2::from_shape_fn(plane.pixels.dim(), |(y, x)| {
        let [px, py] = plane.at(x, y);
        let pixel = near(py, spacing[1]).zip(near(px, spacing[0]));
        pixel.and_then(|i| pixels.get(i)).copied().unwrap_or(false)
    }))
}
