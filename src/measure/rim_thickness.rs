//! Thickness of the rim.

use super::{Measure, Measurement, Modality, Reading, Refusal, View, keys, reason, settings::Settings};
use crate::ops::quantile::quantile;

/// `rim_thickness`
pub const DEF: Measurement = Measurement {
    measures: &[Measure {
        name: "rim_thickness",
        modalities: &[Modality::Ct],
        unit: "mm",
        classes: &[],
        about: "median full width at half maximum of the rim peaks of all slices that count, the scanner's blur included",
        reads: &[keys::RIM.name, keys::RIM_SLICES.name],
        looks_at: &[],
        compute: rim_thickness,
    }],
    columns: &[],
};

fn rim_thickness(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let slices = view.get(&keys::RIM)[0].iter().filter(|s| s.counts());
    let mut widths: Vec<f64> = slices.flat_map(|s| &s.arcs).filter_map(|a| a.width_mm).collect();
    let median = quantile(&mut widths, 0.5);
    median.map(Reading::number).ok_or_else(|| Refusal::of(reason::NO_RIM, ""))
}
