//! The image without the unevenness of the magnet's coil.

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, flag, keys};
use crate::ops::bias::Field;

/// `even`
pub const DEF: Stage = Stage {
    name: "even",
    about: "the coil's unevenness, a quadratic of place in the logarithm of the signal, taken off",
    modalities: &[Modality::Mr],
    reads: &[keys::AXIAL_IMAGE.name],
    writes: &[keys::AXIAL_EVEN.name],
    reach_mm: |_| REACH_MM,
    bytes_per_voxel: 4.0,
    run,
};

/// Muscle and fat around the spine tell most of the coil: they are uniform, and begin some 15 mm from canal and vertebra.
const REACH_MM: f64 = 20.0;

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let image = view.shared(&keys::AXIAL_IMAGE);
    let mut board = Board::default();
    match Field::of(&image) {
        Some(field) => board.put(&keys::AXIAL_EVEN, field.evened(&image, [0; 3]), &[]),
        None => board.put_shared(&keys::AXIAL_EVEN, image, &[flag::BIAS_NOT_CORRECTED]),
    }
    Ok(board)
}
