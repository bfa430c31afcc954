//! Thickness of the rim.

use super::doubt::rim_thickness_sd_mm;
use super::{Measure, Measurement, Modality, Reading, Refusal, View, keys, reason, settings::Settings};
use crate::ops::rim::{RimSlice, thickness_mm};

/// `rim_thickness`
pub const DEF: Measurement = Measurement {
    measures: &[Measure {
        name: "rim_thickness",
        modalities: &[Modality::Ct],
        unit: "mm",
        classes: &[],
        about: "median thickness of the rim where it is free on both sides, by its excess over the surroundings / its density",
        reads: &[keys::RIM.name, keys::RIM_SLICES.name],
        looks_at: &[],
        compute: rim_thickness,
    }],
    columns: &[],
};

fn rim_thickness(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let slices: Vec<&RimSlice> = view.get(&keys::RIM)[0].iter().filter(|s| s.counts()).collect();
    let thickness = thickness_mm(&slices).ok_or_else(|| Refusal::of(reason::NO_RIM, ""))?;
    Ok(Reading { uncertainty: rim_thickness_sd_mm(&slices), ..Reading::number(thickness) })
}
