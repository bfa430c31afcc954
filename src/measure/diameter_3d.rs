//! The largest diameter in space.

use super::{Measure, Measurement, Modality, Reading, Refusal, View, keys, reason, settings::Settings};
use crate::geometry::{Vec3, dot, norm, sub, unit};
use crate::ops::chord::{Chord, farthest, hull};
use crate::ops::sampling::{CHORD_PX, Loss, beyond, missed_peak, on_pixels};

/// `diameter_3d`
pub const DEF: Measurement = Measurement {
    measures: &[Measure {
        name: "diameter_3d",
        modalities: &[Modality::Ct, Modality::Mr],
        unit: "mm",
        classes: &[],
        about: "largest distance between two points of the outline on any slices, all pieces",
        reads: &[keys::OUTLINE.name, keys::WHOLE_BORDER.name, keys::AXIAL_TUMOUR.name],
        looks_at: &[],
        compute: diameter_3d,
    }],
    columns: &[],
};

/// `max |p - q|`; only corners of a slice's hull can be an end of it.
fn diameter_3d(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let spacing = view.get(&keys::AXIAL_TUMOUR).geometry().spacing;
    let corners: Vec<Vec<Vec3>> = view
        .get(&keys::OUTLINE)
        .iter()
        .map(|o| {
            let points: Vec<_> = o.rings.iter().flat_map(|r| r.points.iter().copied()).collect();
            hull(&points).into_iter().map(|[x, y]| [x, y, o.plane as f64 * spacing[2]]).collect()
        })
        .collect();
    let [p, q] = farthest(&corners.concat()).ok_or_else(|| Refusal::of(reason::BELOW_2_PIXELS, ""))?;
    let direction = unit(sub(q, p)).unwrap_or_default();
    let flat = Chord { from: [p[0], p[1]], to: [q[0], q[1]] };
    let share_in_plane = flat.length_mm() / norm(sub(q, p));
    let pixels = on_pixels(&flat, [spacing[0], spacing[1]], CHORD_PX * share_in_plane);
    let ends = [(q, direction), (p, direction.map(|d| -d))].map(|(end, out)| missed(&corners, end, out, spacing[2]));
    Ok(Reading::number(norm(sub(q, p))).give_or_take(pixels.and(ends[0]).and(ends[1]).rms()))
}

/// What lies beyond an end of the diameter in its direction `out`: between its slice and the next, or beyond the last.
fn missed(corners: &[Vec<Vec3>], end: Vec3, out: Vec3, slice_mm: f64) -> Loss {
    let on_slice = |steps: f64| {
        let points =
            corners.iter().filter(|c| c.first().is_some_and(|p| ((p[2] - end[2]) / slice_mm - steps).abs() < 0.5));
        points.flatten().map(|&p| dot(sub(p, end), out)).max_by(f64::total_cmp)
    };
    match on_slice(out[2].signum()) {
        None => beyond(out[2].abs() * slice_mm),
        further => missed_peak(on_slice(-out[2].signum()), 0.0, further),
    }
}
