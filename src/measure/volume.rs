//! Volume of the outline, and its area on each slice.

use super::{
    Column, Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, outline_of, settings::Settings,
};
use crate::ops::sampling::volume_sd_mm3;

/// `volume`, `area_mm2`
pub const DEF: Measurement = Measurement {
    measures: &[Measure {
        name: "volume",
        modalities: &[Modality::Ct, Modality::Mr],
        unit: "mm3",
        classes: &[],
        about: "voxels of the outline times the volume of a voxel, all pieces",
        reads: &[keys::TUMOUR.name, keys::TOUCHES_BORDER.name],
        looks_at: &[],
        compute: volume,
    }],
    columns: &[
        Column { name: "area_mm2", modalities: &[Modality::Ct], ..AREA },
        Column { name: "tumour_area_mm2", modalities: &[Modality::Mr], ..AREA },
    ],
};

/// The area under either name.
const AREA: Column = Column {
    name: "",
    modalities: &[],
    unit: "mm2",
    about: "pixels of the outline on the slice times the area of a pixel, all pieces",
    reads: &[keys::OUTLINE.name, keys::SLICES.name],
    cell: |view, k| outline_of(view, k).map(|k| view.get(&keys::OUTLINE)[k].area_mm2),
    flags: pieces,
};

/// `V = n dx dy dz`
fn volume(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let mask = view.get(&keys::TUMOUR);
    let volume = mask.count() as f64 * mask.geometry().voxel_volume_mm3();
    let reading = Reading::number(volume).give_or_take(volume_sd_mm3(mask));
    Ok(reading.of_what_is_shown(*view.get(&keys::TOUCHES_BORDER)))
}

fn pieces(view: &View<'_>, k: usize) -> Vec<Flag> {
    let pieces = outline_of(view, k).map_or(1, |k| view.get(&keys::OUTLINE)[k].pieces());
    if pieces > 1 { vec![Flag::with(&flag::PIECES, pieces)] } else { Vec::new() }
}
