//! Cysts in the tumour (method.md 1.6).

use super::{Column, Measure, Measurement, Modality, Reading, Refusal, View, keys, no_flags, settings::Settings};

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
            compute: |view, _| Ok(Reading::number(view.get(&keys::CYSTS).volume_mm3())),
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
    let Some((plane, mm)) = view.get(&keys::CYSTS).largest() else { return Ok(Reading::number(0.0)) };
    let place = view.get(&keys::SLICES).iter().find(|place| place.plane == plane);
    let reading = Reading::number(mm);
    Ok(place.map_or(reading.clone(), |place| reading.on_slice(place.slice)))
}
