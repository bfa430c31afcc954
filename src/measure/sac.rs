//! The thecal sac where the tumour is, against itself above and below: what stands in for the cord below its end (method.md 1.8).

use super::cord::{loss, shown_share};
use super::{Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, reason, settings::Settings};

/// `sac_area_loss`
pub const DEF: Measurement = Measurement {
    measures: &[Measure {
        name: "sac_area_loss",
        modalities: &[Modality::Mr],
        unit: "1",
        classes: &[],
        about: "1 - smallest area of the thecal sac at the tumour, with what unsteadily drawn slices fall short by chance, / its mean area 10 to 30 mm above and below the tumour",
        reads: &[keys::SAC.name, keys::OUTLINE.name, keys::AXIAL_TUMOUR.name, keys::TUMOUR_OUTLINED.name],
        looks_at: &[],
        compute: area_loss,
    }],
    columns: &[],
};

/// `1 - smallest at the tumour / usual`
fn area_loss(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let (sac, outlines) = (view.get(&keys::SAC), view.get(&keys::OUTLINE));
    let share = shown_share(sac, outlines);
    let reading = loss(
        view,
        sac,
        |sac| [sac.area_mm2, sac.area_sd_mm2],
        1.0,
        [reason::SAC_NOT_SEGMENTED, reason::NO_SAC_REFERENCE],
    )?;
    Ok(reading.flag_if(share < 1.0, Flag::with(&flag::SAC_IN_PART, format!("{share:.2}"))))
}
