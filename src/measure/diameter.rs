//! The maximum axial diameter and the short axis across it (RECIST 1.1; method.md 1.1).

use super::{
    Column, Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, no_flags, reason,
    settings::Settings,
};
use crate::ops::chord::Diameters;

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
            modalities: &[Modality::Ct],
            unit: "mm",
            about: "largest distance between two points of the slice's outline, within one piece",
            reads: NEEDS,
            cell: |view, k| view.get(&keys::DIAMETERS)[k].as_ref().map(|d| d.long.length_mm()),
            flags: leaves_outline,
        },
        Column {
            name: "short_axis_mm",
            modalities: &[Modality::Ct],
            unit: "mm",
            about: "longest chord within 5 degrees of perpendicular to that diameter",
            reads: NEEDS,
            cell: |view, k| view.get(&keys::DIAMETERS)[k].as_ref()?.short.map(|c| c.length_mm()),
            flags: no_flags,
        },
    ],
};

const NEEDS: &[&str] = &[keys::OUTLINE.name, keys::DIAMETERS.name, keys::WHOLE_BORDER.name, keys::AXIAL_TUMOUR.name];

/// Below this share of the chord inside the outline it is worth a remark (method.md 1.1).
const MIN_CHORD_INSIDE: f64 = 0.8;

fn leaves_outline(view: &View<'_>, k: usize) -> Vec<Flag> {
    let leaves = view.get(&keys::DIAMETERS)[k].as_ref().is_some_and(|d| d.share_inside < MIN_CHORD_INSIDE);
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

fn max_diameter(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let (k, widest) = widest(view)?;
    let outline = &view.get(&keys::OUTLINE)[k];
    let mut reading = Reading::number(widest.long.length_mm()).on_slice(outline.slice);
    reading.flags.extend(leaves_outline(view, k));
    let pieces = outline.pieces();
    Ok(reading.flag_if(pieces > 1, Flag::with(&flag::PIECES, pieces)))
}

fn short_axis(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let (k, widest) = widest(view)?;
    let chord = widest.short.ok_or_else(|| Refusal::of(reason::BELOW_2_PIXELS, ""))?;
    Ok(Reading::number(chord.length_mm()).on_slice(view.get(&keys::OUTLINE)[k].slice))
}
