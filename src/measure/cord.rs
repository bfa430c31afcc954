//! The spinal cord where the tumour is, against itself above and below (method.md 1.5, 1.8).

use super::{
    Column, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, no_flags, reason, settings::Settings,
};
use crate::ops::cord::{CordSlice, Usual, usual};

/// `cord_area_loss`, `mscc`, `cord_canal_ratio`, `cord_area_mm2`
pub const DEF: Measurement = Measurement {
    measures: &[
        Measure {
            name: "cord_area_loss",
            modalities: &[Modality::Mr],
            unit: "1",
            classes: &[],
            about: "1 - smallest area of the cord at the tumour / its mean area 10 to 30 mm above and below the tumour",
            reads: NEEDS,
            looks_at: &[],
            compute: |view, _| loss(view, |cord| cord.area_mm2, 1.0),
        },
        Measure {
            name: "mscc",
            modalities: &[Modality::Mr],
            unit: "%",
            classes: &[],
            about: "100 (1 - smallest sagittal diameter of the cord at the tumour / its mean 10 to 30 mm above and below it)",
            reads: NEEDS,
            looks_at: &[],
            compute: |view, _| loss(view, |cord| cord.ap_mm, 100.0),
        },
        Measure {
            name: "cord_canal_ratio",
            modalities: &[Modality::Mr],
            unit: "1",
            classes: &[],
            about: "area of the cord / area of the canal on the slice where the tumour takes most of the canal, both as they lie on it",
            reads: &[keys::CORD.name, keys::CANAL.name, keys::SLICES.name, keys::WHOLE_BORDER.name],
            looks_at: &[],
            compute: canal_ratio,
        },
    ],
    columns: &[Column {
        name: "cord_area_mm2",
        modalities: &[Modality::Mr],
        unit: "mm2",
        about: "pixels of the cord times the area of a pixel, times the cosine of the cord's tilt to the slice normal",
        reads: &[keys::CORD.name],
        cell: |view, k| view.get(&keys::CORD)[k].map(|cord| cord.area_mm2),
        flags: no_flags,
    }],
};

const NEEDS: &[&str] = &[keys::CORD.name, keys::SLICES.name, keys::OUTLINE.name];

/// `scale (1 - smallest at the tumour / usual)`
fn loss(view: &View<'_>, of: fn(&CordSlice) -> f64, scale: f64) -> Result<Reading, Refusal> {
    let (cord, places) = (view.get(&keys::CORD), view.get(&keys::SLICES));
    let value = |k: usize| cord[k].as_ref().map(of);
    let at_tumour = |k: usize| super::outline_of(view, k).is_some();
    let shown = (0..cord.len()).filter(|&k| at_tumour(k)).filter_map(|k| value(k).map(|v| (k, v)));
    let (k, least) = shown.min_by(|a, b| a.1.total_cmp(&b.1)).ok_or_else(|| no_cord(view))?;
    let Usual { value: usual, both_sides } =
        usual(places, at_tumour, value).ok_or_else(|| Refusal::of(reason::NO_CORD_REFERENCE, ""))?;
    let reading = Reading::number(scale * (1.0 - least / usual)).on_slice(places[k].slice);
    Ok(reading.flag_if(!both_sides, flag::REFERENCE_ONE_SIDE))
}

/// Why the tumour's slices show no cord: it ends above them, or it was not drawn there.
fn no_cord(view: &View<'_>) -> Refusal {
    let (cord, places) = (view.get(&keys::CORD), view.get(&keys::SLICES));
    let highest_mm = view.get(&keys::OUTLINE).iter().map(|o| o.z_mm).fold(f64::NEG_INFINITY, f64::max);
    let mut shown = (0..cord.len()).filter(|&k| cord[k].is_some()).peekable();
    let ends_above = shown.peek().is_some() && shown.all(|k| places[k].z_mm > highest_mm);
    Refusal::of(if ends_above { reason::BELOW_CONUS } else { reason::CORD_NOT_SEGMENTED }, "")
}

/// `cord / canal`; the tilt, which is that of both, cancels.
fn canal_ratio(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let (cord, canal, places) = (view.get(&keys::CORD), view.get(&keys::CANAL), view.get(&keys::SLICES));
    let shown = (0..places.len()).filter(|&k| canal[k].at_tumour).filter_map(|k| Some((k, canal[k].occupancy()?)));
    let fullest = shown.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    let (k, _) = fullest.ok_or_else(|| Refusal::of(reason::NO_CANAL_AT_LEVEL, ""))?;
    let cord = cord[k].ok_or_else(|| Refusal::of(reason::CORD_NOT_SEGMENTED, "not on that slice"))?;
    Ok(Reading::number(cord.slice_area_mm2 / canal[k].canal_mm2).on_slice(places[k].slice))
}
