//! Thickness of the rim.

use super::doubt::rim_thickness_sd_mm;
use super::rim::{RimCase, RimClass};
use super::{Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, reason, settings::Settings};
use crate::ops::rim::thickness::THINNEST_MM;
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
    if RimCase::of(&view.get(&keys::RIM)[0], settings)?.class == RimClass::None {
        return Err(Refusal::of(reason::NO_RIM, ""));
    }
    let slices: Vec<&RimSlice> = view.get(&keys::RIM)[0].iter().filter(|s| s.counts()).collect();
    let spread_mm = settings.rim.spread_mm;
    let thickness = thickness_mm(&slices, spread_mm).ok_or_else(|| Refusal::of(reason::NO_RIM, ""))?;
    let reading = Reading { uncertainty: rim_thickness_sd_mm(&slices, spread_mm), ..Reading::number(thickness) };
    Ok(reading.flag_if(thickness <= THINNEST_MM + 1e-3, flag::RIM_THINNER_THAN_BLUR))
}
