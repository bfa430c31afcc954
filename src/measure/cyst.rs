//! Cysts in the tumour (method.md 1.6).

use super::{Column, Measure, Measurement, Modality, Reading, Refusal, View, keys, no_flags, settings::Settings};
use crate::ops::sampling::{CHORD_PX, Loss, missed_peak, volume_sd_mm3};

/// `cyst_diameter`, `cyst_count`, `cyst_volume`, `cyst_diameter_mm`
pub const DEF: Measurement = Measurement {
    measures: &[
        Measure {
            name: "cyst_diameter",
            modalities: &[Modality::Mr],
            unit: "mm",
            classes: &[],
            about: "largest axial diameter of a cyst: fluid of 25 mm2 on two slices or of 50 mm2 on one; 0 where there is none",
            reads: NEEDS,
            looks_at: &[],
            compute: diameter,
        },
        Measure {
            name: "cyst_count",
            modalities: &[Modality::Mr],
            unit: "1",
            classes: &[],
            about: "how many cysts there are",
            reads: NEEDS,
            looks_at: &[],
            compute: |view, _| Ok(Reading::number(view.get(&keys::CYSTS).count as f64)),
        },
        Measure {
            name: "cyst_volume",
            modalities: &[Modality::Mr],
            unit: "mm3",
            classes: &[],
            about: "voxels of all cysts times the volume of a voxel; 0 where there is none",
            reads: NEEDS,
            looks_at: &[],
            compute: |view, _| {
                let cysts = view.get(&keys::CYSTS);
                let volume = Reading::number(cysts.volume_mm3());
                Ok(if cysts.count > 0 { volume.give_or_take(volume_sd_mm3(&cysts.mask)) } else { volume })
            },
        },
    ],
    columns: &[Column {
        name: "cyst_diameter_mm",
        modalities: &[Modality::Mr],
        unit: "mm",
        about: "largest diameter of a cyst on the slice",
        reads: NEEDS,
        cell: |view, k| view.get(&keys::CYSTS).diameter_mm[view.get(&keys::SLICES)[k].plane],
        flags: no_flags,
    }],
};

const NEEDS: &[&str] = &[keys::CYSTS.name, keys::CYSTS_TOLD.name, keys::SLICES.name];

/// The largest diameter of all cysts on all slices.
fn diameter(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let cysts = view.get(&keys::CYSTS);
    let Some((plane, mm)) = cysts.largest() else { return Ok(Reading::number(0.0)) };
    let place = view.get(&keys::SLICES).iter().find(|place| place.plane == plane);
    let [sx, sy, _] = cysts.mask.geometry().spacing;
    let on = |plane: Option<usize>| cysts.diameter_mm.get(plane?).copied().flatten();
    let missed = missed_peak(on(plane.checked_sub(1)), mm, on(Some(plane + 1)));
    let reading = Reading::number(mm).give_or_take(Loss::of_sd(CHORD_PX * sx.max(sy)).and(missed).rms());
    Ok(place.map_or(reading.clone(), |place| reading.on_slice(place.slice)))
}
