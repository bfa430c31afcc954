//! The interior's own mineral thresholds: above the lesion's tissue where contrast medium has made that dense
//! (method.md 2, "Contrast-enhanced CT"). The rim keeps the plain ones; its peaks stand out from what is beside them.

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Flag, Modality, Refusal, View, flag, keys, reason};
use crate::ops::soft::{SoftTissue, Source, soft_tissue};

/// `interior_thresholds`
pub const DEF: Stage = Stage {
    name: "interior_thresholds",
    about: "mineral thresholds of the interior: where contrast medium shows, above the lesion's own soft tissue",
    modalities: &[Modality::Ct],
    reads: &[
        keys::AXIAL_IMAGE.name,
        keys::AXIAL_TUMOUR.name,
        keys::AXIAL_NATIVE_BONE.name,
        keys::THRESHOLDS.name,
        keys::SCAN.name,
    ],
    writes: &[keys::INTERIOR_THRESHOLDS.name],
    reach_mm: |_| AROUND_MM,
    bytes_per_voxel: 24.0,
    run,
};

/// The threshold lies this many SD above soft tissue (method.md 2).
const ABOVE_SOFT_SD: f64 = 4.0;

/// No threshold of the interior lies higher, HU: tissue denser than that is bone beyond doubt, and an exam that would need
/// more is refused (method.md 2). Mostly it is faint bone that has passed for soft tissue: of the phantom `hard`, seed 71,
/// it took all four lesions more than half full of bone of 220 to 280 HU whose bone a threshold of 300 would have lost.
const HIGHEST_HU: f64 = 300.0;

/// Where nobody says whether contrast was given, tissue denser than this says so, HU: untreated tumours have 30 to 80,
/// enhanced ones 90 to 150 (method.md 2, where an aorta above 90 says the same: it is rarely near enough to be read).
const ENHANCED_HU: f64 = 90.0;

/// Bone this near to the outline may blur into it, mm.
const AROUND_MM: f64 = 5.0;

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let plain = *view.get(&keys::THRESHOLDS);
    let soft = match view.get(&keys::SCAN).acquisition.contrast {
        Some(false) => None,
        Some(true) => measured(view, settings),
        None => measured(view, settings).filter(|soft| soft.median_hu > ENHANCED_HU),
    };
    let (thresholds, flags) = raised(plain, soft)?;
    let mut board = Board::default();
    board.put(&keys::INTERIOR_THRESHOLDS, thresholds, &flags);
    Ok(board)
}

fn measured(view: &View<'_>, settings: &Settings) -> Option<SoftTissue> {
    let tumour = view.get(&keys::AXIAL_TUMOUR);
    let geometry = tumour.geometry();
    let part = tumour.extent()?.grown(geometry.spacing.map(|mm| (AROUND_MM / mm).ceil() as usize), geometry.dims);
    let (image, tumour) = (view.get(&keys::AXIAL_IMAGE).crop(&part), tumour.crop(&part));
    let native_bone = view.get(&keys::AXIAL_NATIVE_BONE).crop(&part);
    let rules = &settings.interior;
    let (bone_hu, bone_mm3) = (HIGHEST_HU, rules.min_component_mm3);
    let source = Source { image: &image, tumour: &tumour, native_bone: &native_bone, bone_hu, bone_mm3 };
    soft_tissue(&source, |mm2| rules.peel_of(mm2))
}

/// `max(T, median + 4 SD)` of each threshold, with a remark if the main one moved; refused above [`HIGHEST_HU`]. Where the
/// lesion has no soft tissue left clear of bone there is nothing that could be taken for bone, and the thresholds stay.
fn raised(plain: [f64; 3], soft: Option<SoftTissue>) -> Result<([f64; 3], Vec<Flag>), Refusal> {
    let Some(SoftTissue { median_hu, sd_hu }) = soft else { return Ok((plain, Vec::new())) };
    let floor_hu = median_hu + ABOVE_SOFT_SD * sd_hu;
    if floor_hu > HIGHEST_HU {
        return Err(Refusal::of(reason::CONTRAST_TOO_DENSE, format!("{median_hu:.0} +- {sd_hu:.0} HU")));
    }
    let moved = floor_hu > plain[0];
    let flags = if moved { vec![Flag::with(&flag::INTERIOR_THRESHOLD, format!("{floor_hu:.0}"))] } else { Vec::new() };
    Ok((plain.map(|hu| hu.max(floor_hu)), flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: [f64; 3] = [200.0, 150.0, 250.0];

    fn of(median_hu: f64, sd_hu: f64) -> Result<([f64; 3], Vec<Flag>), Refusal> {
        raised(PLAIN, Some(SoftTissue { median_hu, sd_hu }))
    }

    /// method.md 2: T_int = max(T, median + 4 SD), refused above 300.
    #[test]
    fn thresholds_rise_with_the_tissue_and_end_at_three_hundred() {
        assert_eq!(raised(PLAIN, None), Ok((PLAIN, vec![])));
        assert_eq!(of(100.0, 20.0), Ok(([200.0, 180.0, 250.0], vec![])));
        let remark = |hu| vec![Flag::with(&flag::INTERIOR_THRESHOLD, hu)];
        assert_eq!(of(130.0, 25.0), Ok(([230.0, 230.0, 250.0], remark("230"))));
        assert_eq!(of(150.0, 37.5), Ok(([300.0; 3], remark("300"))));
        assert_eq!(of(200.0, 10.0), Ok(([240.0, 240.0, 250.0], remark("240"))));
        assert_eq!(of(150.0, 38.0).unwrap_err().reason, reason::CONTRAST_TOO_DENSE);
    }
}
