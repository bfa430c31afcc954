//! How much of the vertebral canal the tumour takes (method.md 1.5).

use super::{
    Column, Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, no_flags, reason, rows_beside,
    settings::Settings,
};
use crate::ops::canal::CanalSlice;

/// `canal_occupancy`, `canal_occupancy_volume`, `canal_area_mm2`, `canal_occupancy` of slices
pub const DEF: Measurement = Measurement {
    measures: &[
        Measure {
            name: "canal_occupancy",
            modalities: &[Modality::Mr],
            unit: "1",
            classes: &[],
            about: "a / (a + b) on the slice where it is largest, a spike too: a the tumour inside the canal, b what is left of it, cord included",
            reads: NEEDS,
            looks_at: &[],
            compute: worst,
        },
        Measure {
            name: "canal_occupancy_volume",
            modalities: &[Modality::Mr],
            unit: "1",
            classes: &[],
            about: "the tumour inside the canal over the canal, summed over the slices that have tumour",
            reads: NEEDS,
            looks_at: &[],
            compute: by_volume,
        },
    ],
    columns: &[
        Column {
            name: "canal_area_mm2",
            modalities: &[Modality::Mr],
            unit: "mm2",
            about: "pixels of the canal, cord and tumour in it included, times the area of a pixel",
            reads: &[keys::CANAL.name],
            cell: |view, k| Some(view.get(&keys::CANAL)[k].canal_mm2).filter(|&mm2| mm2 > 0.0),
            flags: no_flags,
        },
        Column {
            name: "canal_occupancy",
            modalities: &[Modality::Mr],
            unit: "1",
            about: "the tumour's share of the canal's area on the slice",
            reads: NEEDS,
            cell: |view, k| view.get(&keys::CANAL)[k].occupancy(),
            flags: no_flags,
        },
    ],
};

const NEEDS: &[&str] = &[keys::CANAL.name, keys::SLICES.name, keys::WHOLE_BORDER.name, keys::TUMOUR_OUTLINED.name];

/// A slice this many times as full as both of its neighbours is a spike (method.md 1.5).
const SPIKE: f64 = 1.5;

/// The rows with tumour and canal.
fn shown(canal: &[CanalSlice]) -> Result<Vec<usize>, Refusal> {
    let both: Vec<usize> = (0..canal.len()).filter(|&k| canal[k].at_tumour && canal[k].canal_mm2 > 0.0).collect();
    if both.is_empty() { Err(Refusal::of(reason::NO_CANAL_AT_LEVEL, "")) } else { Ok(both) }
}

/// The row with tumour whose canal it takes most of, of equal ones the lowest, and the share.
pub fn fullest(canal: &[CanalSlice]) -> Result<(usize, f64), Refusal> {
    let share = |k: usize| canal[k].occupancy().unwrap_or_default();
    let rows = shown(canal)?.into_iter();
    let k = rows.max_by(|&a, &b| share(a).total_cmp(&share(b)).then(b.cmp(&a))).unwrap_or_default();
    Ok((k, share(k)))
}

/// With a remark where the canal is not drawn on all slices of the tumour.
pub fn in_part(reading: Reading, canal: &[CanalSlice]) -> Reading {
    let tumour = canal.iter().filter(|c| c.at_tumour);
    let share = tumour.clone().filter(|c| c.canal_mm2 > 0.0).count() as f64 / tumour.count() as f64;
    reading.flag_if(share < 1.0, Flag::with(&flag::CANAL_IN_PART, format!("{share:.2}")))
}

/// `max_k a_k / (a_k + b_k)`
fn worst(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let canal = view.get(&keys::CANAL);
    let (k, share) = fullest(canal)?;
    let reading = Reading::number(share).on_slice(view.get(&keys::SLICES)[k].slice);
    Ok(in_part(reading, canal).flag_if(is_spike(view, k, share), flag::SINGLE_SLICE_SPIKE))
}

/// Whether a slice is far fuller than those right below and above, both of which have canal.
fn is_spike(view: &View<'_>, k: usize, occupancy: f64) -> bool {
    let (places, canal) = (view.get(&keys::SLICES), view.get(&keys::CANAL));
    let [below, above] = rows_beside(places.len(), k, |j| places[j].plane).map(|j| canal[j?].occupancy());
    below.zip(above).is_some_and(|(below, above)| occupancy > SPIKE * below.max(above))
}

/// `sum_k a_k / sum_k (a_k + b_k)`
fn by_volume(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let canal = view.get(&keys::CANAL);
    let rows = shown(canal)?;
    let sum = |of: fn(&CanalSlice) -> f64| rows.iter().map(|&k| of(&canal[k])).sum::<f64>();
    Ok(in_part(Reading::number(sum(|c| c.filled_mm2) / sum(|c| c.canal_mm2)), canal))
}
