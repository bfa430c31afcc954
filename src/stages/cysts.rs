//! Cysts in the tumour: those drawn, or those found.

use super::Stage;
use super::canal::{is_told, is_usable};
use crate::measure::settings::Settings;
use crate::measure::{Board, Flag, Modality, Refusal, View, flag, keys, reason};
use crate::ops::cyst::{Cysts, find, parting, touching};
use crate::ops::fluid_level::has_level;
use crate::ops::t2::{inner, outer, values};
use crate::volume::{Mask, Volume};

/// `cysts`
pub const DEF: Stage = Stage {
    name: "cysts",
    about: "pieces of the tumour brighter than half-way between cord and fluid, or the cysts drawn",
    modalities: &[Modality::Mr],
    reads: &[
        keys::T2.name,
        keys::SCAN.name,
        keys::AXIAL_EVEN.name,
        keys::AXIAL_TUMOUR.name,
        keys::STRUCTURES.name,
        keys::AXIAL_STRUCTURES.name,
        keys::REFERENCES.name,
    ],
    writes: &[keys::CYSTS.name, keys::CYSTS_TOLD.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 8.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    is_usable(view, "cyst")?;
    let (even, tumour) = (view.get(&keys::AXIAL_EVEN), view.get(&keys::AXIAL_TUMOUR));
    if let Some(drawn) = view.get(&keys::AXIAL_STRUCTURES).get("cyst") {
        let own = Cysts::of(touching(drawn, tumour));
        return if own.count > 0 { Ok(told(own, &[])) } else { Err(Refusal::of(reason::MASK_EMPTY, "cyst")) };
    }
    // Without the canal nobody knows how bright fluid is.
    is_told(view.get(&keys::SCAN), "canal")?;
    let canal = view.get(&keys::AXIAL_STRUCTURES).get("canal").filter(|_| view.get(&keys::SCAN).prompted);
    // A proposal may have taken the fluid of the canal for tumour.
    let looked_at = canal.map_or_else(|| tumour.clone(), |canal| tumour.without(&outer(canal)));
    if let Some(from) = view.get(&keys::REFERENCES).fluid_from() {
        return Ok(found(find(even, &looked_at, from), even, &looked_at, &[]));
    }
    Ok(match parting(&values(even, &inner(&looked_at))) {
        Some(from) => found(find(even, &looked_at, from), even, &looked_at, &[flag::CYST_BY_CONTRAST]),
        None => untold(tumour),
    })
}

/// Cysts found in an image: of one with a fluid level only the bright part is.
fn found(cysts: Cysts, image: &Volume<f32>, tumour: &Mask, flags: &[Flag]) -> Board {
    if !has_level(image, tumour, &cysts.mask) {
        return told(cysts, flags);
    }
    let mut board = Board::default();
    board.put(&keys::CYSTS, cysts, &[flags, &[flag::FLUID_LEVEL]].concat());
    board.refuse(keys::CYSTS_TOLD.name, Refusal::of(reason::HAEMORRHAGIC_T2_DARK, ""));
    board
}

fn told(cysts: Cysts, flags: &[Flag]) -> Board {
    let mut board = Board::default();
    board.put(&keys::CYSTS, cysts, flags);
    board.put(&keys::CYSTS_TOLD, (), flags);
    board
}

/// Nothing is bright enough to be left out of the solid tumour, and nobody knows whether there is a cyst.
fn untold(tumour: &Mask) -> Board {
    let mut board = Board::default();
    board.put(&keys::CYSTS, Cysts::of(Mask::from_fn(tumour.geometry().clone(), |_| false)), &[]);
    board.refuse(keys::CYSTS_TOLD.name, Refusal::of(reason::NO_FLUID, ""));
    board
}
