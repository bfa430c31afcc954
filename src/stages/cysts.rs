//! Cysts in the tumour: those drawn, or those found.

use super::Stage;
use super::canal::not_empty;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, flag, keys};
use crate::ops::cyst::{Cysts, find, parting};
use crate::ops::t2::{inner, values};

/// `cysts`
pub const DEF: Stage = Stage {
    name: "cysts",
    about: "pieces of the tumour brighter than half-way between cord and fluid, or the cysts drawn",
    modalities: &[Modality::Mr],
    reads: &[
        keys::T2.name,
        keys::AXIAL_EVEN.name,
        keys::AXIAL_TUMOUR.name,
        keys::STRUCTURES.name,
        keys::AXIAL_STRUCTURES.name,
        keys::REFERENCES.name,
    ],
    writes: &[keys::CYSTS.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 8.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    not_empty(view.get(&keys::STRUCTURES), "cyst")?;
    let mut board = Board::default();
    if let Some(drawn) = view.get(&keys::AXIAL_STRUCTURES).get("cyst") {
        board.put(&keys::CYSTS, Cysts::of(drawn.clone()), &[]);
        return Ok(board);
    }
    let (even, tumour) = (view.get(&keys::AXIAL_EVEN), view.get(&keys::AXIAL_TUMOUR));
    let known = view.get(&keys::REFERENCES);
    match known.cord.zip(known.fluid) {
        Some((cord, fluid)) => board.put(&keys::CYSTS, find(even, tumour, 0.5 * (cord.median + fluid)), &[]),
        None => {
            let from = parting(&values(even, &inner(tumour))).unwrap_or(f64::INFINITY);
            board.put(&keys::CYSTS, find(even, tumour, from), &[flag::CYST_BY_CONTRAST]);
        }
    }
    Ok(board)
}
