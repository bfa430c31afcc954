//! The largest diameter in space.

use super::{Measure, Measurement, Modality, Reading, Refusal, View, keys, reason, settings::Settings};
use crate::ops::chord::{hull, longest_in_space};

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
    let slice_mm = view.get(&keys::AXIAL_TUMOUR).geometry().spacing[2];
    let corners = view.get(&keys::OUTLINE).iter().flat_map(|o| {
        let points: Vec<_> = o.rings.iter().flat_map(|r| r.points.iter().copied()).collect();
        hull(&points).into_iter().map(move |[x, y]| [x, y, o.plane as f64 * slice_mm])
    });
    let longest = longest_in_space(&corners.collect::<Vec<_>>());
    longest.map(Reading::number).ok_or_else(|| Refusal::of(reason::BELOW_2_PIXELS, ""))
}
