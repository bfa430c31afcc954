//! Signal of the solid tumour and of the cord.

use super::Stage;
use crate::measure::keys::Signals;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};
use crate::ops::t2::{inner, median, medians, outer};

/// `signals`
pub const DEF: Stage = Stage {
    name: "signals",
    about: "medians of the tumour without cysts and border, and of the cord without border, on each plane and of all",
    modalities: &[Modality::Mr],
    reads: &[
        keys::AXIAL_EVEN.name,
        keys::AXIAL_IMAGE.name,
        keys::AXIAL_TUMOUR.name,
        keys::AXIAL_STRUCTURES.name,
        keys::CYSTS.name,
    ],
    writes: &[keys::SIGNALS.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 8.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let (even, raw) = (view.get(&keys::AXIAL_EVEN), view.get(&keys::AXIAL_IMAGE));
    let solid = inner(view.get(&keys::AXIAL_TUMOUR)).without(&outer(&view.get(&keys::CYSTS).mask));
    let planes = 0..solid.geometry().dims[2];
    let cord = view.get(&keys::AXIAL_STRUCTURES).get("cord");
    let largest = planes.clone().map(|z| solid.plane(z).iter().filter(|&&m| m).count()).max().unwrap_or(0);
    let signals = Signals {
        tumour: medians(even, &solid),
        cord: cord.map_or_else(|| planes.map(|_| None).collect(), |cord| medians(even, &inner(cord))),
        solid: median(even, &solid).zip(median(raw, &solid)).map(|(even, raw)| [even, raw]),
        solid_mm2: largest as f64 * solid.geometry().pixel_area_mm2(),
    };
    let mut board = Board::default();
    board.put(&keys::SIGNALS, signals, &[]);
    Ok(board)
}
