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
        about: "median thickness of the rim where it is free on both sides, freed from the scanner's blur",
        reads: &[keys::RIM.name, keys::RIM_SLICES.name],
        looks_at: &[],
        compute: rim_thickness,
    }],
    columns: &[],
};

fn rim_thickness(view: &View<'_>, settings: &Settings) -> Result<Reading, Refusal> {
    let slices: Vec<&RimSlice> = view.get(&keys::RIM)[0].iter().filter(|s| s.counts()).collect();
    let spread_mm = settings.rim.spread_mm;
    let thickness = thickness_mm(&slices, spread_mm).ok_or_else(|| Refusal::of(reason::NO_RIM, ""))?;
    Ok(Reading { uncertainty: rim_thickness_sd_mm(&slices, spread_mm), ..Reading::number(thickness) })
}
