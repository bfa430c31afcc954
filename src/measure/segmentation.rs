//! How far a tumour that was segmented here can be trusted (method.md 6.3, "QC"): it sorts, it does not certify.

use super::settings::Settings;
use super::{Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys};
use crate::segment::agreement::Doubt;

/// `segmentation_agreement`
pub const DEF: Measurement = Measurement {
    measures: &[Measure {
        name: "segmentation_agreement",
        modalities: &[Modality::Mr],
        unit: "1",
        classes: &[],
        about: "2 |a and b| / (|a| + |b|), a the tumour by minimum cut and b by GrowCut from the same prompt",
        reads: &[keys::SEGMENTATION.name],
        looks_at: &[],
        compute: agreement,
    }],
    columns: &[],
};

/// Below these a person should look (method.md 6.3).
const METHODS_FROM: f64 = 0.85;
const JITTER_FROM: f64 = 0.90;

fn agreement(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let found = view.get(&keys::SEGMENTATION);
    let (disagree, unstable) = (found.methods < METHODS_FROM, found.jitter < JITTER_FROM);
    let reading = Reading::number(found.methods)
        .borderline_if(disagree || unstable)
        .flag_if(disagree, flag::SEGMENTERS_DISAGREE)
        .flag_if(unstable, Flag::with(&flag::SEGMENTATION_UNSTABLE, format_args!("{:.2}", found.jitter)));
    Ok(found.doubts.iter().fold(reading, |reading, doubt| reading.flag_if(true, flagged(doubt))))
}

fn flagged(doubt: &Doubt) -> Flag {
    match doubt {
        Doubt::Volume(times) => Flag::with(&flag::SEGMENTATION_VOLUME, format_args!("{times:.2}")),
        Doubt::AreaJump(share) => Flag::with(&flag::SEGMENTATION_AREA_JUMP, format_args!("{share:.2}")),
        Doubt::Bright => flag::SEGMENTATION_BRIGHT,
    }
}
