//! The maximum diameter as PyRadiomics defines it, for comparison with published radiomics.

use super::{Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, reason, settings::Settings};
use crate::ops::mesh::largest_slice_diameter_mm;

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

fn mesh_diameter(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let diameter = largest_slice_diameter_mm(view.get(&keys::TUMOUR));
    let diameter = diameter.ok_or_else(|| Refusal::of(reason::BELOW_2_PIXELS, ""))?;
    Ok(Reading::number(diameter).flag_if(*view.get(&keys::TOUCHES_BORDER), flag::TOUCHES_BORDER))
}
