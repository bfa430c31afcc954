//! The maximum diameter as PyRadiomics defines it, for comparison with published radiomics.

use super::{Measure, Measurement, Modality, Reading, Refusal, View, keys, reason, settings::Settings};
use crate::ops::mesh::slice_diameters;
use crate::ops::sampling::{missed_peak, on_pixels};

/// `max_diameter_mesh`
pub const DEF: Measurement = Measurement {
    measures: &[Measure {
        name: "max_diameter_mesh",
        modalities: &[Modality::Ct, Modality::Mr],
        unit: "mm",
        classes: &[],
        about: "PyRadiomics' Maximum2DDiameterSlice: largest distance between mesh vertices of equal slice position",
        reads: &[keys::TUMOUR.name, keys::TOUCHES_BORDER.name],
        looks_at: &[],
        compute: mesh_diameter,
    }],
    columns: &[],
};

/// Error of a mesh chord, pixels: vertices stand half a pixel beyond the outermost centres (RMS over the shapes of
/// [`CHORD_PX`](crate::ops::sampling::CHORD_PX), where ellipses give 0.5 and discs 0.85).
const MESH_PX: f64 = 0.55;

fn mesh_diameter(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let mask = view.get(&keys::TUMOUR);
    let chords = slice_diameters(mask);
    let lengths_mm: Vec<f64> = chords.iter().map(|c| c.map_or(0.0, |c| c.length_mm())).collect();
    let longest = (0..chords.len()).max_by(|&a, &b| lengths_mm[a].total_cmp(&lengths_mm[b]));
    let (k, chord) =
        longest.and_then(|k| Some((k, chords[k]?))).ok_or_else(|| Refusal::of(reason::BELOW_2_PIXELS, ""))?;
    // Every second is a slice.
    let beside = |k: Option<usize>| k.and_then(|k| chords.get(k)?.map(|c| c.length_mm()));
    let missed = missed_peak(beside(k.checked_sub(2)), lengths_mm[k], beside(Some(k + 2)));
    let [dx, dy, _] = mask.geometry().spacing;
    let reading = Reading::number(lengths_mm[k]).give_or_take(on_pixels(&chord, [dx, dy], MESH_PX).and(missed).rms());
    Ok(reading.of_what_is_shown(*view.get(&keys::TOUCHES_BORDER)))
}
