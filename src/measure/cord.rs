//! The spinal cord where the tumour is, against itself above and below (method.md 1.5, 1.8).

use super::{
    Column, Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, no_flags, reason,
    settings::Settings,
};
use crate::ops::cord::{CordSlice, Usual, usual};
use crate::ops::outline::SliceOutline;

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
            reads: &[
                keys::CORD.name,
                keys::CANAL.name,
                keys::SLICES.name,
                keys::WHOLE_BORDER.name,
                keys::TUMOUR_OUTLINED.name,
            ],
            looks_at: &[],
            compute: canal_ratio,
        },
    ],
    columns: &[Column {
        name: "cord_area_mm2",
        modalities: &[Modality::Mr],
        unit: "mm2",
        about: "pixels of the cord times the area of a pixel, times the cosine of the cord's tilt to the slice normal",
        reads: &[keys::CORD.name, keys::SLICES.name],
        cell: |view, k| view.get(&keys::CORD)[view.get(&keys::SLICES)[k].plane].map(|cord| cord.area_mm2),
        flags: no_flags,
    }],
};

const NEEDS: &[&str] = &[keys::CORD.name, keys::OUTLINE.name, keys::AXIAL_TUMOUR.name, keys::TUMOUR_OUTLINED.name];

/// `scale (1 - smallest at the tumour / usual)`
fn loss(view: &View<'_>, of: fn(&CordSlice) -> f64, scale: f64) -> Result<Reading, Refusal> {
    let (cord, outlines) = (view.get(&keys::CORD), view.get(&keys::OUTLINE));
    goes_on(cord, outlines)?;
    let value = |plane: usize| cord[plane].as_ref().map(of);
    let shown: Vec<(usize, f64)> = outlines.iter().filter_map(|o| Some((o.slice, value(o.plane)?))).collect();
    let least = shown.iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let &(slice, least) = least.ok_or_else(|| Refusal::of(reason::CORD_NOT_SEGMENTED, ""))?;
    let Usual { value: usual, both_sides } = usual_beside(view, value)?;
    let reading = Reading::number(scale * (1.0 - least / usual)).on_slice(slice);
    Ok(in_part(view, reading).flag_if(!both_sides, flag::REFERENCE_ONE_SIDE))
}

/// The share of the tumour's slices on which there is cord; reads `cord` and `outline`.
pub fn shown_share(view: &View<'_>) -> f64 {
    let (cord, outlines) = (view.get(&keys::CORD), view.get(&keys::OUTLINE));
    outlines.iter().filter(|o| cord[o.plane].is_some()).count() as f64 / outlines.len() as f64
}

/// With a remark where the cord is not shown beside all of the tumour.
pub fn in_part(view: &View<'_>, reading: Reading) -> Reading {
    let share = shown_share(view);
    reading.flag_if(share < 1.0, Flag::with(&flag::CORD_IN_PART, format!("{share:.2}")))
}

/// What is usual of the cord above and below the tumour; reads `outline`, `axial_tumour` and what `value` reads.
pub fn usual_beside(view: &View<'_>, value: impl Fn(usize) -> Option<f64>) -> Result<Usual, Refusal> {
    let grid = view.get(&keys::AXIAL_TUMOUR).geometry();
    let mut at_tumour = vec![false; grid.dims[2]];
    view.get(&keys::OUTLINE).iter().for_each(|o| at_tumour[o.plane] = true);
    usual(&at_tumour, grid.spacing[2], value).ok_or_else(|| Refusal::of(reason::NO_CORD_REFERENCE, ""))
}

/// Refuses a cord that ends above the lowest slice of the tumour: it tapers there by itself.
pub fn goes_on(cord: &[Option<CordSlice>], outlines: &[SliceOutline]) -> Result<(), Refusal> {
    let lowest_cord = cord.iter().position(Option::is_some);
    let lowest_tumour = outlines.first().map(|o| o.plane);
    let ends_above = lowest_cord.zip(lowest_tumour).is_some_and(|(cord, tumour)| cord > tumour);
    if ends_above { Err(Refusal::of(reason::BELOW_CONUS, "")) } else { Ok(()) }
}

/// `cord / canal`; the tilt, which is that of both, cancels.
fn canal_ratio(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let (cord, canal, places) = (view.get(&keys::CORD), view.get(&keys::CANAL), view.get(&keys::SLICES));
    let (k, _) = super::canal::fullest(canal)?;
    let cord = cord[places[k].plane].ok_or_else(|| Refusal::of(reason::CORD_NOT_SEGMENTED, "not on that slice"))?;
    let reading = Reading::number(cord.slice_area_mm2 / canal[k].canal_mm2).on_slice(places[k].slice);
    Ok(super::canal::in_part(reading, canal))
}
