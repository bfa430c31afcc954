//! How bright cord and fluid are.

use super::Stage;
use super::canal::{found_here, is_told};
use crate::measure::keys::References;
use crate::measure::settings::Settings;
use crate::measure::{Board, Flag, Modality, Refusal, View, flag, keys};
use crate::ops::t2;
use crate::volume::Mask;

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
        keys::SCAN.name,
        keys::TUMOUR.name,
    ],
    writes: &[keys::REFERENCES.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 6.0,
    run,
};

/// The noise within the cord as it was acquired, or about the points that mark it; 0 where there is neither.
fn native_noise(view: &View<'_>) -> f64 {
    let image = view.get(&keys::IMAGE);
    let points = &view.get(&keys::SCAN).cord_points;
    match view.get(&keys::STRUCTURES).get("cord") {
        Some(cord) => t2::noise(image, &t2::inner(cord)),
        None => t2::noise(image, &t2::marked(points, None, view.get(&keys::TUMOUR)).0),
    }
}

/// The cord to compare with, and how far from the tumour it begins, mm: where a person has marked it, else beyond the tumour;
/// `None` where there is none.
fn at_rest(view: &View<'_>) -> Option<(Mask, f64)> {
    let tumour = view.get(&keys::AXIAL_TUMOUR);
    let (cord, points) = (view.get(&keys::AXIAL_STRUCTURES).get("cord"), &view.get(&keys::SCAN).cord_points);
    match points.is_empty() {
        true => cord.map(|cord| t2::resting(cord, &t2::at_planes(tumour))),
        false => Some(t2::marked(points, cord, tumour)),
    }
}

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let (even, raw, tumour) =
        (view.get(&keys::AXIAL_EVEN), view.get(&keys::AXIAL_IMAGE), view.get(&keys::AXIAL_TUMOUR));
    let structures = view.get(&keys::AXIAL_STRUCTURES);
    let scan = view.get(&keys::SCAN);
    if scan.cord_points.is_empty() {
        is_told(scan, "cord")?;
    }
    let mut found = References::default();
    if let Some((rest, from_mm)) = at_rest(view) {
        found = References {
            cord: t2::cord(even, &rest),
            raw_cord: t2::median(raw, &rest),
            from_mm,
            fluid: None,
            noise: native_noise(view),
        };
        let drawn = structures.get("cord").zip(structures.get("canal"));
        if let Some((signal, (cord, canal))) = found.cord.zip(drawn) {
            found.fluid = t2::fluid(even, canal, [cord, tumour], signal.median);
        }
    }
    let mut board = Board::default();
    let marked_near = !scan.cord_points.is_empty() && found.from_mm < t2::REST_FROM_MM;
    let near = marked_near.then(|| Flag::with(&flag::CORD_REF_NEAR, format!("{:.0}", found.from_mm)));
    let flags: Vec<_> = found_here(view, &["canal", "cord"]).into_iter().chain(near).collect();
    board.put(&keys::REFERENCES, found, &flags);
    Ok(board)
}
