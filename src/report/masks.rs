//! The masks of what was found in an exam, on the grid of its image, under the names they have in `masks/`.

use super::exam::judged_rim;
use crate::batch::measurer::Gallery;
use crate::batch::study::ExamName;
use crate::geometry::Geometry;
use crate::io::nifti::write::encode;
use crate::measure::Board;
use crate::measure::keys::{
    AXIAL_IMAGE, CYSTS, FOUND_HERE, INTERIOR, OUTLINE, RIM, RIM_SLICES, SCAN, SEGMENTATION, STRUCTURES, Structures,
    TUMOUR,
};
use crate::measure::rows::ExamRows;
use crate::ops::interior::{Interior, Tissue};
use crate::ops::onto::onto;
use crate::ops::outline::{Point, SliceOutline};
use crate::ops::rim::{Arc, Cover, RimSlice};
use crate::volume::Mask;

/// How far along a ray the rim is marked around its peak where its width is unknown, mm.
const UNKNOWN_WIDTH_MM: f64 = 1.0;

/// `{stem}_tumour.nii.gz`, `{stem}_canal.nii.gz`, `{stem}_cord.nii.gz` and `{stem}_sac.nii.gz` where they were segmented here,
/// `{stem}_rim.nii.gz` and `{stem}_ossified.nii.gz`; what was refused has no mask.
pub struct Masks;

impl Gallery for Masks {
    fn reads(&self) -> &'static [&'static str] {
        const {
            &[
                SCAN.name,
                TUMOUR.name,
                SEGMENTATION.name,
                STRUCTURES.name,
                FOUND_HERE.name,
                CYSTS.name,
                AXIAL_IMAGE.name,
                OUTLINE.name,
                RIM.name,
                RIM_SLICES.name,
                INTERIOR.name,
            ]
        }
    }

    fn pictures(&self, who: &ExamName, board: &Board, _: &ExamRows) -> Vec<(String, Vec<u8>)> {
        let Some(scan) = board.find(&SCAN) else { return Vec::new() };
        let segmented = board.find(&SEGMENTATION).and(board.find(&TUMOUR)).map(|mask| ("tumour", mask.clone()));
        let file = |(name, mask): (&str, Mask)| {
            (format!("{}_{name}.nii.gz", who.stem()), encode(&onto(&mask, &scan.whole), true))
        };
        segmented.into_iter().chain(of_spine(board)).chain(of_cysts(board)).chain(of_bone(board)).map(file).collect()
    }
}

/// Canal, cord and sac, as far as they were segmented here.
fn of_spine(board: &Board) -> Vec<(&'static str, Mask)> {
    let found = board.find(&FOUND_HERE).zip(board.find(&STRUCTURES));
    let named = |(names, all): (&Vec<&'static str>, &Structures)| -> Vec<(&'static str, Mask)> {
        names.iter().filter_map(|name| Some((*name, all.get(name)?.clone()))).collect()
    };
    found.map_or_else(Vec::new, named)
}

/// Cysts that nobody drew.
fn of_cysts(board: &Board) -> Option<(&'static str, Mask)> {
    let drawn = board.find(&STRUCTURES)?.contains_key("cyst");
    let cysts = board.find(&CYSTS).filter(|cysts| !drawn && cysts.count > 0)?;
    Some(("cyst", cysts.mask.clone()))
}

/// The rim and the bone inside it, as far as they were judged.
fn of_bone(board: &Board) -> Vec<(&'static str, Mask)> {
    let found = board.find(&AXIAL_IMAGE).zip(board.find(&OUTLINE));
    let Some((image, outlines)) = found else { return Vec::new() };
    let grid = image.geometry();
    let rim = judged_rim(board).map(|r| ("rim", rim_mask(grid, outlines, r)));
    let ossified = board.find(&INTERIOR).map(|i| ("ossified", ossified_mask(grid, outlines, &i[0])));
    rim.into_iter().chain(ossified).collect()
}

/// The voxel of a slice that holds an in-plane point.
fn voxel(grid: &Geometry, at: Point, plane: usize) -> Option<(usize, usize, usize)> {
    let near = |a: usize| (at[a] / grid.spacing[a]).round();
    let inside = (0..2).all(|a| near(a) >= 0.0 && near(a) < grid.dims[a] as f64);
    inside.then(|| (plane, near(1) as usize, near(0) as usize))
}

/// Voxels that a covered ray crosses within the width of its peak.
fn rim_mask(grid: &Geometry, outlines: &[SliceOutline], slices: &[RimSlice]) -> Mask {
    let mut marked = std::collections::BTreeSet::new();
    for (outline, slice) in outlines.iter().zip(slices) {
        for arc in slice.arcs.iter().filter(|a| a.cover == Cover::Covered) {
            marked.extend(across(arc).filter_map(|at| voxel(grid, at, outline.plane)));
        }
    }
    Mask::from_fn(grid.clone(), |[x, y, z]| marked.contains(&(z, y, x)))
}

/// Points through the rim along an arc's ray.
fn across(arc: &Arc) -> impl Iterator<Item = Point> {
    const STEPS: i32 = 8;
    let half_mm = arc.width_mm.unwrap_or(UNKNOWN_WIDTH_MM) / 2.0;
    let (at, normal, peak_mm) = (arc.at, arc.normal, arc.peak_at_mm);
    (-STEPS..=STEPS).map(move |k| {
        let u = peak_mm + half_mm * f64::from(k) / f64::from(STEPS);
        [at[0] + u * normal[0], at[1] + u * normal[1]]
    })
}

/// Voxels whose centre lies on interior bone.
fn ossified_mask(grid: &Geometry, outlines: &[SliceOutline], interior: &Interior) -> Mask {
    let row = |z: usize| outlines.iter().position(|o| o.plane == z);
    let rows: Vec<Option<usize>> = (0..grid.dims[2]).map(row).collect();
    Mask::from_fn(grid.clone(), |[x, y, z]| {
        let Some(k) = rows[z] else { return false };
        let tissue = &interior.slices[k].tissue;
        let index = |a: usize, v: usize| {
            let pixel = (v as f64 * grid.spacing[a] - tissue.corner_mm[a]) / tissue.pixel_mm[a];
            (pixel.round() >= 0.0).then(|| pixel.round() as usize)
        };
        let pixel = index(1, y).zip(index(0, x)).and_then(|i| tissue.pixels.get(i));
        pixel == Some(&Tissue::Ossified)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn masks_hold_the_covered_side_and_the_bone() {
        let (board, rows) = (example::board(), example::rows());
        let files = Masks.pictures(&example::name(), &board, &rows);
        assert_eq!(
            files.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(),
            ["YU07_post_CT_rim.nii.gz", "YU07_post_CT_ossified.nii.gz"]
        );
        let (image, outlines) = (board.find(&AXIAL_IMAGE).unwrap(), board.find(&OUTLINE).unwrap());
        let grid = image.geometry();
        let rim = rim_mask(grid, outlines, &board.find(&RIM).unwrap()[0]);
        // The example is covered on the half with angle 0 to 180 degrees: behind the centre, towards growing y.
        let behind = |y: usize| y as f64 * grid.spacing[1] > example::CENTRE[1] - 3.0;
        let (inside, outside): (Vec<_>, Vec<_>) =
            rim.voxels().indexed_iter().filter(|(_, m)| **m).partition(|((_, y, _), _)| behind(*y));
        assert!(inside.len() > 300 && outside.is_empty(), "{} {}", inside.len(), outside.len());
        assert!(ossified_mask(grid, outlines, &board.find(&INTERIOR).unwrap()[0]).count() > 100);
    }
}
