//! How bright cord and fluid are.

use super::Stage;
use super::canal::found_here;
use crate::measure::keys::References;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};
use crate::ops::t2;

/// `references`
pub const DEF: Stage = Stage {
    name: "references",
    about: "signal of the cord 10 mm and more beyond the tumour, and of the fluid around it",
    modalities: &[Modality::Mr],
    reads: &[
        keys::AXIAL_EVEN.name,
        keys::AXIAL_IMAGE.name,
        keys::AXIAL_TUMOUR.name,
        keys::AXIAL_STRUCTURES.name,
        keys::IMAGE.name,
        keys::STRUCTURES.name,
        keys::FOUND_HERE.name,
    ],
    writes: &[keys::REFERENCES.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 6.0,
    run,
};

/// The noise within the cord as it was acquired; 0 where there is none.
fn native_noise(view: &View<'_>) -> f64 {
    let drawn = view.get(&keys::STRUCTURES).get("cord");
    drawn.map_or(0.0, |cord| t2::noise(view.get(&keys::IMAGE), &t2::inner(cord)))
}

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let (even, raw, tumour) =
        (view.get(&keys::AXIAL_EVEN), view.get(&keys::AXIAL_IMAGE), view.get(&keys::AXIAL_TUMOUR));
    let structures = view.get(&keys::AXIAL_STRUCTURES);
    let mut found = References::default();
    if let Some(cord) = structures.get("cord") {
        let at_tumour: Vec<bool> = (0..tumour.geometry().dims[2]).map(|z| tumour.plane(z).iter().any(|&m| m)).collect();
        let (rest, from_mm) = t2::resting(cord, &at_tumour);
        found = References {
            cord: t2::cord(even, &rest),
            raw_cord: t2::median(raw, &rest),
            from_mm,
            fluid: None,
            noise: native_noise(view),
        };
        if let Some((cord_signal, canal)) = found.cord.zip(structures.get("canal")) {
            found.fluid = t2::fluid(even, canal, [cord, tumour], cord_signal.median);
        }
    }
    let mut board = Board::default();
    let flags: Vec<_> = found_here(view, &["canal", "cord"]).into_iter().collect();
    board.put(&keys::REFERENCES, found, &flags);
    Ok(board)
}
