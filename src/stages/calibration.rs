//! Whether what the image calls HU can be HU, by fat and muscle around the lesion (method.md 2, "Calibration").

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, flag, keys, reason};
use crate::ops::calibration::{SoftTissues, soft_tissues};

/// `calibration`
pub const DEF: Stage = Stage {
    name: "calibration",
    about: "fat and muscle around the lesion; refuses an image whose densities are far from HU",
    modalities: &[Modality::Ct],
    reads: &[keys::IMAGE.name, keys::TUMOUR.name, keys::SCAN.name],
    writes: &[keys::HU_SCALE.name],
    reach_mm: |_| REACH_MM,
    bytes_per_voxel: 1.0,
    run,
};

/// How far around the outline's box fat and muscle are looked for, mm: within 10 mm 13 of 32 exams of the
/// `hard` phantom (seed 771) show both, within 20 mm 23. The rim reads 28 mm anyway, so that it costs no reading; the
/// stage takes 1 % of a run.
const REACH_MM: f64 = 20.0;

/// Densities of fat and of muscle, HU (method.md 2).
const FAT_HU: [f64; 2] = [-120.0, -80.0];
const MUSCLE_HU: [f64; 2] = [40.0, 75.0];
/// What may be fat at all in an image that is somewhat off, HU.
const FAT_LIKE_HU: [f64; 2] = [-160.0, -40.0];
/// What contrast medium adds to muscle, HU.
const MUSCLE_ENHANCED_HU: f64 = 10.0;
/// The points that a scale goes through (method.md 2).
const NOMINAL_HU: [f64; 2] = [-100.0, 58.0];
/// The scale may be stretched by this share (method.md 2).
const STRETCH: f64 = 0.1;
/// Fat and muscle both shifted by more than this leave no threshold where it was meant, HU: half way from the mineral
/// threshold to those of the sensitivity grades is 25.
const FAR_HU: f64 = 25.0;

/// What the densities of fat and muscle say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Suspect,
    Wrong,
}

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let acquisition = &view.get(&keys::SCAN).acquisition;
    // Without a rescale it is not even meant to be HU, which is refused for that reason.
    let found =
        acquisition.has_rescale.then(|| soft_tissues(view.get(&keys::IMAGE), view.get(&keys::TUMOUR), REACH_MM));
    let found = found.flatten();
    let verdict = found.map_or(Verdict::Good, |f| judged(&f, acquisition.contrast != Some(false)));
    if verdict == Verdict::Wrong {
        let detail = found.map_or(String::new(), |f| format!("{:.0} and {:.0} HU", f.fat_hu, f.muscle_hu));
        return Err(Refusal::of(reason::HU_SCALE_SUSPECT, detail));
    }
    let mut board = Board::default();
    board.put(&keys::HU_SCALE, (), if verdict == Verdict::Suspect { &[flag::HU_SCALE_SUSPECT] } else { &[] });
    Ok(board)
}

/// Wrong where both are off on the same side and far, or where what should be fat cannot be; suspect where either is
/// off or their distance is. One of two may be off in a sound image: muscle with fat in it has 20 to 40 HU.
fn judged(found: &SoftTissues, maybe_enhanced: bool) -> Verdict {
    let SoftTissues { fat_hu, muscle_hu, fat_in_place } = *found;
    let added_hu = if maybe_enhanced { MUSCLE_ENHANCED_HU } else { 0.0 };
    // Muscle and marrow, or air and lung, may be as far apart as fat and muscle, but there is fat besides.
    if !(FAT_LIKE_HU[0]..=FAT_LIKE_HU[1]).contains(&fat_hu) && fat_in_place {
        return Verdict::Good;
    }
    if !(FAT_LIKE_HU[0]..=FAT_LIKE_HU[1]).contains(&fat_hu) {
        return Verdict::Wrong;
    }
    let shift = (fat_hu - NOMINAL_HU[0]).min(muscle_hu - NOMINAL_HU[1] - added_hu);
    let drop = (NOMINAL_HU[0] - fat_hu).min(NOMINAL_HU[1] - muscle_hu);
    let span_hu = NOMINAL_HU[1] - NOMINAL_HU[0];
    let stretch = (muscle_hu - fat_hu) / span_hu;
    let fat_off = !(FAT_HU[0]..=FAT_HU[1]).contains(&fat_hu);
    let muscle_off = !(MUSCLE_HU[0]..=MUSCLE_HU[1] + added_hu).contains(&muscle_hu);
    let stretched = !(1.0 - STRETCH..=1.0 + STRETCH + added_hu / span_hu).contains(&stretch);
    match (fat_off && muscle_off && shift.max(drop) > FAR_HU, fat_off || muscle_off || stretched) {
        (true, _) => Verdict::Wrong,
        (false, true) => Verdict::Suspect,
        (false, false) => Verdict::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fat_hu: f64, muscle_hu: f64, maybe_enhanced: bool) -> Verdict {
        judged(&SoftTissues { fat_hu, muscle_hu, fat_in_place: false }, maybe_enhanced)
    }

    /// The gates of method.md 2, and what of an image off them is still to be believed.
    #[test]
    fn both_far_off_is_wrong_and_one_off_is_suspect() {
        let table = [
            (-100.0, 58.0, Verdict::Good),
            (-95.0, 55.0, Verdict::Good),
            (-98.0, 28.0, Verdict::Suspect),
            (-75.0, 78.0, Verdict::Suspect),
            // 1.15 times what it should be.
            (-115.0, 67.0, Verdict::Suspect),
            (-55.0, 95.0, Verdict::Wrong),
            (-60.0, 98.0, Verdict::Wrong),
            (-145.0, 10.0, Verdict::Wrong),
            (-250.0, -95.0, Verdict::Wrong),
            (40.0, 213.0, Verdict::Wrong),
            (924.0, 1082.0, Verdict::Wrong),
        ];
        for (fat, muscle, verdict) in table {
            assert_eq!(of(fat, muscle, false), verdict, "{fat} {muscle}");
        }
    }

    #[test]
    fn contrast_medium_raises_muscle_and_marrow_is_not_muscle() {
        assert_eq!((of(-95.0, 80.0, true), of(-95.0, 80.0, false)), (Verdict::Good, Verdict::Suspect));
        assert_eq!(of(-115.0, 78.0, true), Verdict::Suspect);
        let marrow = SoftTissues { fat_hu: 55.0, muscle_hu: 200.0, fat_in_place: true };
        assert_eq!(judged(&marrow, false), Verdict::Good);
    }
}
