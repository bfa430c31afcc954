//! The maximum axial diameter and the short axis across it (RECIST 1.1; method.md 1.1).

use super::{
    Column, Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, no_flags, outline_of, reason,
    rows_beside, settings::Settings,
};
use crate::ops::chord::{Chord, Diameters};
use crate::ops::sampling::{CHORD_PX, Loss, drift, missed_peak, on_pixels};

/// `max_diameter`, `short_axis`, `diameter_mm`, `short_axis_mm`
pub const DEF: Measurement = Measurement {
    measures: &[
        Measure {
            name: "max_diameter",
            modalities: &[Modality::Ct, Modality::Mr],
            unit: "mm",
            classes: &[],
            about: "largest axial distance between two points of the sub-pixel outline, within one piece",
            reads: NEEDS,
            looks_at: &[],
            compute: max_diameter,
        },
        Measure {
            name: "short_axis",
            modalities: &[Modality::Ct, Modality::Mr],
            unit: "mm",
            classes: &[],
            about: "longest chord within 5 degrees of perpendicular to the maximum diameter, on its slice and piece",
            reads: NEEDS,
            looks_at: &[],
            compute: short_axis,
        },
    ],
    columns: &[
        Column {
            name: "diameter_mm",
            modalities: &[Modality::Ct, Modality::Mr],
            unit: "mm",
            about: "largest distance between two points of the slice's outline, within one piece",
            reads: OF_SLICE,
            cell: |view, k| diameters(view, k).map(|d| d.long.length_mm()),
            flags: |view, k| remarks(diameters(view, k)),
        },
        Column {
            name: "short_axis_mm",
            modalities: &[Modality::Ct, Modality::Mr],
            unit: "mm",
            about: "longest chord within 5 degrees of perpendicular to that diameter",
            reads: OF_SLICE,
            cell: |view, k| diameters(view, k)?.short.map(|c| c.length_mm()),
            flags: no_flags,
        },
    ],
};

const NEEDS: &[&str] = &[keys::OUTLINE.name, keys::DIAMETERS.name, keys::WHOLE_BORDER.name, keys::AXIAL_TUMOUR.name];

const OF_SLICE: &[&str] =
    &[keys::SLICES.name, keys::OUTLINE.name, keys::DIAMETERS.name, keys::WHOLE_BORDER.name, keys::AXIAL_TUMOUR.name];

/// Below this share of the chord inside the outline it is worth a remark (method.md 1.1).
const MIN_CHORD_INSIDE: f64 = 0.8;

/// The diameters on the k-th row of the slice table.
fn diameters<'a>(view: &View<'a>, k: usize) -> Option<&'a Diameters> {
    view.get(&keys::DIAMETERS)[outline_of(view, k)?].as_ref()
}

fn remarks(diameters: Option<&Diameters>) -> Vec<Flag> {
    let leaves = diameters.is_some_and(|d| d.share_inside < MIN_CHORD_INSIDE);
    if leaves { vec![flag::CHORD_LEAVES_OUTLINE] } else { Vec::new() }
}

/// The row with the largest diameter; refused where that is not two pixels.
fn widest<'a>(view: &View<'a>) -> Result<(usize, &'a Diameters), Refusal> {
    let rows = view.get(&keys::DIAMETERS).iter().enumerate();
    let found = rows.filter_map(|(k, d)| d.as_ref().map(|d| (k, d)));
    let widest = found.max_by(|a, b| a.1.long.length_mm().total_cmp(&b.1.long.length_mm()));
    let spacing = view.get(&keys::AXIAL_TUMOUR).geometry().spacing;
    let two_pixels = 2.0 * spacing[0].max(spacing[1]);
    widest.filter(|w| w.1.long.length_mm() >= two_pixels).ok_or_else(|| Refusal::of(reason::BELOW_2_PIXELS, ""))
}

/// A length on the slices right below and above the k-th.
fn neighbours(view: &View<'_>, k: usize, length_mm: fn(&Diameters) -> Option<f64>) -> [Option<f64>; 2] {
    let (outlines, diameters) = (view.get(&keys::OUTLINE), view.get(&keys::DIAMETERS));
    let beside = rows_beside(outlines.len(), k, |j| outlines[j].plane);
    beside.map(|j| length_mm(diameters[j?].as_ref()?))
}

fn pixels(view: &View<'_>, chord: &Chord) -> Loss {
    let [dx, dy, _] = view.get(&keys::AXIAL_TUMOUR).geometry().spacing;
    on_pixels(chord, [dx, dy], CHORD_PX)
}

/// What pixels and the place of the slices may have cost the largest diameter.
fn diameter_error(view: &View<'_>, k: usize, long: &Chord) -> Loss {
    let [below, above] = neighbours(view, k, |d| Some(d.long.length_mm()));
    pixels(view, long).and(missed_peak(below, long.length_mm(), above))
}

fn max_diameter(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let (k, widest) = widest(view)?;
    let outline = &view.get(&keys::OUTLINE)[k];
    let error = diameter_error(view, k, &widest.long);
    let mut reading = Reading::number(widest.long.length_mm()).on_slice(outline.slice).give_or_take(error.rms());
    reading.flags.extend(remarks(Some(widest)));
    let pieces = outline.pieces();
    Ok(reading.flag_if(pieces > 1, Flag::with(&flag::PIECES, pieces)))
}

fn short_axis(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let (k, widest) = widest(view)?;
    let short = widest.short.ok_or_else(|| Refusal::of(reason::BELOW_2_PIXELS, ""))?;
    let [below, above] = neighbours(view, k, |d| d.short.map(|c| c.length_mm()));
    let least_mm = widest.long.length_mm() - diameter_error(view, k, &widest.long).rms();
    let place = drift(below, short.length_mm(), above).and(choice(view, least_mm, short.length_mm()));
    let reading = Reading::number(short.length_mm()).on_slice(view.get(&keys::OUTLINE)[k].slice);
    Ok(reading.give_or_take(pixels(view, &short).and(place).rms()))
}

/// How far the short axes lie from this one on slices that may as well be the widest: from `least_mm` on.
fn choice(view: &View<'_>, least_mm: f64, short_mm: f64) -> Loss {
    let rivals = view.get(&keys::DIAMETERS).iter().flatten().filter(|d| d.long.length_mm() >= least_mm);
    let off_mm = rivals.filter_map(|d| d.short).map(|c| c.length_mm() - short_mm);
    let (sum, n) = off_mm.fold((0.0, 0.0), |(sum, n), mm| (sum + mm * mm, n + 1.0));
    Loss::of_sd((sum / f64::max(n, 1.0)).sqrt())
}
