//! How tumour and cord lie to each other on each slice.

use super::Stage;
use super::canal::is_told;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys, reason};
use crate::ops::canal::with_cord;
use crate::ops::compression::{Around, contact};
use crate::ops::outline::outlines;

/// `contact`
pub const DEF: Stage = Stage {
    name: "contact",
    about: "distance and contact of tumour and cord, the cord's solidity and the fluid around it, on each plane",
    modalities: &[Modality::Mr],
    reads: &[
        keys::AXIAL_EVEN.name,
        keys::AXIAL_TUMOUR.name,
        keys::AXIAL_STRUCTURES.name,
        keys::CORD.name,
        keys::OUTLINE.name,
        keys::REFERENCES.name,
        keys::SCAN.name,
    ],
    writes: &[keys::CONTACT.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 2.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    is_told(view.get(&keys::SCAN), "canal")?;
    let (image, tumour) = (view.get(&keys::AXIAL_EVEN), view.get(&keys::AXIAL_TUMOUR));
    let structures = view.get(&keys::AXIAL_STRUCTURES);
    let cord = structures.get("cord").ok_or_else(|| Refusal::of(reason::CORD_NOT_SEGMENTED, ""))?;
    let canal = structures.get("canal").ok_or_else(|| Refusal::of(reason::MASK_MISSING, "canal"))?;
    let (canal, _) = with_cord(canal, cord);
    let fluid_from = view.get(&keys::REFERENCES).fluid_from().unwrap_or(f64::INFINITY);
    let around = Around { image, canal: &canal, cord, tumour, fluid_from };
    let [sx, sy, _] = tumour.geometry().spacing;
    let mut found = vec![None; tumour.geometry().dims[2]];
    for outline in outlines(cord, 0) {
        let beside = view.get(&keys::OUTLINE).iter().find(|o| o.plane == outline.plane);
        found[outline.plane] = contact(&outline, beside, sx.max(sy), &around);
    }
    let mut board = Board::default();
    board.put(&keys::CONTACT, found, &[]);
    Ok(board)
}
