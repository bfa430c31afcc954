//! The tumour's signal over the cord's on T2-weighted slices (method.md 1.7).

use super::{
    Column, Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, no_flags, reason,
    settings::Settings,
};

use crate::io::acquisition::Acquisition;

/// `si_ratio`, `tumour_si`, `cord_si`
pub const DEF: Measurement = Measurement {
    measures: &[Measure {
        name: "si_ratio",
        modalities: &[Modality::Mr],
        unit: "1",
        classes: &[],
        about: "median signal of the tumour without cysts and border / median of the cord 10 to 30 mm beyond it, both without the coil's unevenness",
        reads: &[keys::T2_RATIO.name, keys::SIGNALS.name, keys::REFERENCES.name, keys::SCAN.name],
        looks_at: &[],
        compute: ratio,
    }],
    columns: &[
        Column {
            name: "tumour_si",
            modalities: &[Modality::Mr],
            unit: "",
            about: "median signal of the solid tumour on the slice, without the coil's unevenness, in units of the image",
            reads: ON_SLICE,
            cell: |view, k| scaled(view, view.get(&keys::SIGNALS).tumour[view.get(&keys::SLICES)[k].plane]),
            flags: no_flags,
        },
        Column {
            name: "cord_si",
            modalities: &[Modality::Mr],
            unit: "",
            about: "median signal of the cord on the slice, without the coil's unevenness, in units of the image",
            reads: ON_SLICE,
            cell: |view, k| scaled(view, view.get(&keys::SIGNALS).cord[view.get(&keys::SLICES)[k].plane]),
            flags: no_flags,
        },
    ],
};

const ON_SLICE: &[&str] = &[keys::SIGNALS.name, keys::SLICES.name, keys::SCAN.name];

/// A signal, but of a saved window: what two of them are to each other it does not say.
fn scaled(view: &View<'_>, signal: Option<f64>) -> Option<f64> {
    signal.filter(|_| !view.get(&keys::SCAN).acquisition.scaling_lost)
}

/// With less solid tumour than this on every slice there is none to speak of, mm2 (method.md 4).
const SOLID_MM2: f64 = 50.0;
/// Below this ratio of the cord to the noise a magnitude image is not linear (method.md 1.7).
const LEAST_SNR: f64 = 5.0;
/// Slices of a normal cord do not differ by more than this factor.
const LARGEST_SPREAD: f64 = 1.5;
/// The coil's unevenness may move the ratio by so much without a remark (method.md 1.7).
const BIAS_MAY_MOVE: f64 = 0.10;
/// A cord farther than this from the tumour is remarked on, mm.
const NEAR_MM: f64 = 30.0;

/// `median(solid tumour) / median(cord at rest)`
fn ratio(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    if view.get(&keys::SCAN).acquisition.scaling_lost {
        return Err(Refusal::of(reason::SCALING_LOST, ""));
    }
    let (signals, references) = (view.get(&keys::SIGNALS), view.get(&keys::REFERENCES));
    let known = references.cord.zip(references.raw_cord);
    let marked = !view.get(&keys::SCAN).cord_points.is_empty();
    let lacks = if marked { reason::CORD_REF_UNUSABLE } else { reason::NO_CORD_IN_FOV };
    let (cord, raw_cord) = known.ok_or_else(|| Refusal::of(lacks, ""))?;
    let solid = signals.solid.filter(|_| signals.solid_mm2 >= SOLID_MM2);
    let [solid, raw_solid] =
        solid.ok_or_else(|| Refusal::of(reason::NO_SOLID_COMPONENT, format!("{:.0} mm2", signals.solid_mm2)))?;
    if raw_cord <= 0.0 || raw_solid <= 0.0 || raw_cord < LEAST_SNR * references.noise {
        return Err(Refusal::of(reason::SNR_LT_5, format!("{raw_cord:.1} over {:.1}", references.noise)));
    }
    if cord.spread > LARGEST_SPREAD {
        return Err(Refusal::of(reason::CORD_ABNORMAL, format!("{:.2}", cord.spread)));
    }
    let ratio = solid / cord.median;
    let moved = ratio / (raw_solid / raw_cord);
    let far = Flag::with(&flag::CORD_FAR, format!("{:.0}", references.from_mm));
    let sequence = sequence(&view.get(&keys::SCAN).acquisition);
    let made = Flag::with(&flag::SEQUENCE, &sequence);
    Ok(Reading::number(ratio)
        .flag_if(!sequence.is_empty(), made)
        .give_or_take(ratio * unsure(moved))
        .flag_if((moved - 1.0).abs() > BIAS_MAY_MOVE, Flag::with(&flag::BIAS_MATTERS, format!("{moved:.2}")))
        .flag_if(references.from_mm > NEAR_MM, far))
}

/// What is known of how an image was made, as the cohort compares it: `te_ms=98|tr_ms=3500|fat_sat=no`.
fn sequence(how: &Acquisition) -> String {
    let time = |name: &str, ms: Option<f64>| ms.map(|ms| format!("{name}={ms:.0}"));
    let fat_sat = how.fat_sat.map(|is| format!("fat_sat={}", if is { "yes" } else { "no" }));
    let known = [time("te_ms", how.te_ms), time("tr_ms", how.tr_ms), fat_sat];
    known.into_iter().flatten().collect::<Vec<_>>().join("|")
}

/// SD of the ratio as a share of it: half of what was taken off, and what the smoothest field cannot follow.
fn unsure(moved: f64) -> f64 {
    libm::hypot(0.5 * (moved - 1.0), UNEVEN_STILL)
}

/// On phantoms whose coils are no quadratics, 0.03 of the ratio is left.
const UNEVEN_STILL: f64 = 0.03;
