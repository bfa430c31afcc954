//! Which slices have a row in the slice table: those with tumour, on MR also those with canal.

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};
use crate::ops::outline::Place;

/// `slices`
pub const DEF: Stage = Stage {
    name: "slices",
    about: "the slices of the table, with tumour, on MR also with canal, and their vertebral levels",
    modalities: &[Modality::Ct, Modality::Mr],
    reads: &[keys::OUTLINE.name, keys::AXIAL_TUMOUR.name, keys::AXIAL_STRUCTURES.name, keys::SCAN.name],
    writes: &[keys::SLICES.name, keys::LEVELS.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 0.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let (outlines, grid) = (view.get(&keys::OUTLINE), view.get(&keys::AXIAL_TUMOUR).geometry());
    let canal = view.get(&keys::AXIAL_STRUCTURES).get("canal");
    let has_canal = |plane: usize| canal.is_some_and(|mask| mask.plane(plane).iter().any(|&m| m));
    let has_tumour = |plane: usize| outlines.iter().any(|o| o.plane == plane);
    let first_slice = outlines.first().map_or(0, |o| o.slice - o.plane);
    let planes = (0..grid.dims[2]).filter(|&plane| has_tumour(plane) || has_canal(plane));
    let places: Vec<Place> = planes.map(|plane| Place::new(grid, plane, first_slice)).collect();
    let heights_mm: Vec<f64> = outlines.iter().map(|o| o.z_mm).collect();
    let levels = view.get(&keys::SCAN).levels.along(grid.axes[2], &heights_mm);
    let mut board = Board::default();
    board.put(&keys::LEVELS, places.iter().map(|place| levels.at(place.z_mm)).collect(), &[]);
    board.put(&keys::SLICES, places, &[]);
    Ok(board)
}
