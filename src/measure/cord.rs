//! The spinal cord where the tumour is, against itself above and below (method.md 1.5, 1.8).

use super::reason::Reason;
use super::{
    Column, Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, no_flags, reason,
    settings::Settings,
};
use crate::ops::cord::{CordSlice, Usual, usual};
use crate::ops::outline::SliceOutline;
use crate::ops::sampling::{Loss, missed_peak};
use crate::ops::unsteady::{Drawn, excess, unsteady_sd};

/// `cord_area_loss`, `mscc`, `cord_canal_ratio`, `cord_area_mm2`
pub const DEF: Measurement = Measurement {
    measures: &[
        Measure {
            name: "cord_area_loss",
            modalities: &[Modality::Mr],
            unit: "1",
            classes: &[],
            about: "1 - smallest area of the cord at the tumour, with what unsteadily drawn slices fall short by chance, / its mean area 10 to 30 mm above and below the tumour",
            reads: NEEDS,
            looks_at: &[],
            compute: |view, _| cord_loss(view, |cord| [cord.area_mm2, cord.area_sd_mm2], 1.0),
        },
        Measure {
            name: "mscc",
            modalities: &[Modality::Mr],
            unit: "%",
            classes: &[],
            about: "100 (1 - smallest sagittal diameter of the cord at the tumour, with what unsteadily drawn slices fall short by chance, / its mean 10 to 30 mm above and below it)",
            reads: NEEDS,
            looks_at: &[],
            compute: |view, _| cord_loss(view, |cord| [cord.ap_mm, cord.ap_sd_mm], 100.0),
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

fn cord_loss(view: &View<'_>, of: fn(&CordSlice) -> [f64; 2], scale: f64) -> Result<Reading, Refusal> {
    let (cord, outlines) = (view.get(&keys::CORD), view.get(&keys::OUTLINE));
    goes_on(cord, outlines)?;
    Ok(in_part(view, loss(view, cord, of, scale, LACKS)?))
}

/// Why there is no loss of the cord: none at the tumour, none to compare with.
const LACKS: [Reason; 2] = [reason::CORD_NOT_SEGMENTED, reason::NO_CORD_REFERENCE];

/// `scale (1 - smallest at the tumour / usual)` of the cord or the sac, the smallest with what unsteadily drawn slices fall short
/// by chance; reads `outline` and `axial_tumour`. `of` gives a value and its SD, `lacks` are the reasons where there is none of it
/// at the tumour, or none to compare with.
pub fn loss(
    view: &View<'_>,
    tube: &[Option<CordSlice>],
    of: fn(&CordSlice) -> [f64; 2],
    scale: f64,
    lacks: [Reason; 2],
) -> Result<Reading, Refusal> {
    let value = |plane: usize| tube.get(plane)?.as_ref().map(|of_plane| of(of_plane)[0]);
    let shown = view.get(&keys::OUTLINE).iter().filter_map(|o| Some((o, value(o.plane)?)));
    let least = shown.min_by(|a, b| a.1.total_cmp(&b.1));
    let (outline, least) = least.ok_or_else(|| Refusal::of(lacks[0], ""))?;
    let usual = usual_beside(view, value).ok_or_else(|| Refusal::of(lacks[1], ""))?;
    let at_tumour = at_tumour(view);
    let values = |at: bool| -> Vec<Option<f64>> {
        (0..tube.len()).map(|plane| value(plane).filter(|_| at_tumour[plane] == at)).collect()
    };
    let drawn_sd = unsteady_sd(&values(false));
    let turned = |value: Option<f64>| value.map(|value| Drawn { value: -value, sd: drawn_sd });
    let short = excess(&values(true).into_iter().map(turned).collect::<Vec<_>>());
    let beside = [outline.plane.checked_sub(1), Some(outline.plane + 1)].map(|plane| value(plane?));
    // Pixels are in what slices differ by too.
    let here_sd = tube[outline.plane].as_ref().map_or(0.0, |here| of(here)[1]).max(drawn_sd);
    let least_sd = Loss::of_sd(here_sd).and(missed_peak(beside[0], least, beside[1])).rms();
    let share = (least + short) / usual.value;
    let sd = libm::hypot(least_sd, share * usual.sd) / usual.value;
    let reading = Reading::number(scale * (1.0 - share)).on_slice(outline.slice).give_or_take(scale * sd);
    Ok(reading.flag_if(!usual.both_sides, flag::REFERENCE_ONE_SIDE))
}

/// Whether each plane has tumour; reads `outline` and `axial_tumour`.
fn at_tumour(view: &View<'_>) -> Vec<bool> {
    let mut at_tumour = vec![false; view.get(&keys::AXIAL_TUMOUR).geometry().dims[2]];
    view.get(&keys::OUTLINE).iter().for_each(|o| at_tumour[o.plane] = true);
    at_tumour
}

/// The share of the tumour's slices on which there is cord, or sac.
pub fn shown_share(tube: &[Option<CordSlice>], outlines: &[SliceOutline]) -> f64 {
    outlines.iter().filter(|o| tube[o.plane].is_some()).count() as f64 / outlines.len() as f64
}

/// With a remark where the cord is not shown beside all of the tumour; reads `cord` and `outline`.
pub fn in_part(view: &View<'_>, reading: Reading) -> Reading {
    let (cord, outlines) = (view.get(&keys::CORD), view.get(&keys::OUTLINE));
    let share = shown_share(cord, outlines);
    reading.flag_if(share < 1.0, Flag::with(&flag::CORD_IN_PART, format!("{share:.2}")))
}

/// What is usual of the cord above and below the tumour; reads `outline`, `axial_tumour` and what `value` reads.
pub fn usual_beside(view: &View<'_>, value: impl Fn(usize) -> Option<f64>) -> Option<Usual> {
    usual(&at_tumour(view), view.get(&keys::AXIAL_TUMOUR).geometry().spacing[2], value)
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
    let ratio = cord.slice_area_mm2 / canal[k].canal_mm2;
    let sd = ratio * libm::hypot(cord.area_sd_mm2 / cord.area_mm2, canal[k].canal_sd_mm2() / canal[k].canal_mm2);
    let reading = Reading::number(ratio).on_slice(places[k].slice).give_or_take(sd);
    Ok(super::canal::in_part(reading, canal))
}
