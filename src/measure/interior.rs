//! Bone inside the lesion: fractions of zone and section, and the class (method.md 3.5).

use super::doubt::{largest_fraction_error, section_fraction_sd, slice_fraction_sd};
use super::settings::{Grade, Settings};
use super::{Column, Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, no_flags, reason};
use crate::ops::interior::{Interior, InteriorSlice, Rules};
use crate::ops::sampling::{Loss, drift};

/// `ossified_fraction`, `section_*`, `interior` and their columns
pub const DEF: Measurement = Measurement {
    measures: &[
        Measure {
            looks_at: &[keys::DOUBT.name],
            ..fraction(
                "ossified_fraction",
                "bone deeper than the peel / area deeper than the peel, over all slices, the rim in neither",
                |view, settings| {
                    let case = InteriorCase::of(&view.get(&keys::INTERIOR)[0], settings)?;
                    let reading = case.remarked(Reading::number(case.fraction), &settings.grade);
                    let uncertainty = view.look(&keys::DOUBT).ok().and_then(|d| d[0].fraction_sd);
                    Ok(Reading { uncertainty, ..reading })
                },
            )
        },
        fraction(
            "section_fraction",
            "bone inside the outline, rim included / area of the outline, over all slices",
            |view, _| {
                let slices = sections(view)?;
                let fraction = Reading::number(ratio(slices, |s| s.section_ossified_mm2, |s| s.section_mm2));
                Ok(Reading { uncertainty: section_fraction_sd(slices), ..fraction })
            },
        ),
        fraction(
            "section_largest",
            "fraction deeper than the peel on the slice where the outline is largest",
            |view, _| {
                let (k, fraction) = slice_with_most(view, |s| s.section_mm2)?;
                let (slices, outlines) = (sections(view)?, view.get(&keys::OUTLINE));
                let next = |j: &usize| outlines.get(*j).is_some_and(|o| o.plane.abs_diff(outlines[k].plane) == 1);
                let beside = |j: Option<usize>| j.filter(next).and_then(|j| slice_fraction(&slices[j]));
                let place = drift(beside(k.checked_sub(1)), fraction, beside(Some(k + 1)));
                Ok(on_slice(view, k, fraction).give_or_take(Loss::of_sd(slice_fraction_sd(slices, k)).and(place).rms()))
            },
        ),
        fraction("section_max", "largest fraction deeper than the peel of any slice", |view, _| {
            let (k, fraction) = slice_with_most(view, |s| slice_fraction(s).unwrap_or(f64::NEG_INFINITY))?;
            Ok(on_slice(view, k, fraction).give_or_take(largest_fraction_error(fraction, sections(view)?)))
        }),
        Measure {
            name: "interior",
            modalities: &[Modality::Ct],
            unit: "",
            classes: INTERIOR_CLASSES,
            about: "over_half above 0.5 of the zone, under_half from 5 % and 0.1 mL in one deep piece on, else none",
            reads: NEEDS,
            looks_at: &[keys::DOUBT.name],
            compute: |view, settings| {
                let case = InteriorCase::of(&view.get(&keys::INTERIOR)[0], settings)?;
                let uncertainty = view.look(&keys::DOUBT).ok().map(|d| 1.0 - d[0].interior[case.class as usize]);
                let class = Reading { uncertainty, ..Reading::class(INTERIOR_CLASSES[case.class as usize]) };
                Ok(case
                    .remarked(class, &settings.grade)
                    .flag_if(aggregation_sensitive(view, &case), flag::AGGREGATION_SENSITIVE))
            },
        },
    ],
    columns: &[
        Column {
            name: "ossified_fraction",
            modalities: &[Modality::Ct],
            unit: "1",
            about: "bone deeper than the peel / area deeper than the peel on the slice",
            reads: NEEDS,
            cell: |view, k| slice_fraction(&view.get(&keys::INTERIOR)[0].slices[k]),
            flags: no_flags,
        },
        Column {
            name: "section_fraction",
            modalities: &[Modality::Ct],
            unit: "1",
            about: "bone inside the outline, rim included / area of the outline on the slice",
            reads: NEEDS,
            cell: |view, k| {
                let s = &view.get(&keys::INTERIOR)[0].slices[k];
                (s.section_mm2 > 0.0).then(|| s.section_ossified_mm2 / s.section_mm2)
            },
            flags: no_flags,
        },
    ],
};

const NEEDS: &[&str] = &[keys::INTERIOR.name, keys::OUTLINE.name];
const INTERIOR_CLASSES: &[&str] = &["none", "under_half", "over_half"];

/// Fractions by mixture and by plain threshold that differ by more are worth a remark (method.md 3.5).
const SOFT_HARD_DIFFER: f64 = 0.05;

type Compute = fn(&View<'_>, &Settings) -> Result<Reading, Refusal>;

const fn fraction(name: &'static str, about: &'static str, compute: Compute) -> Measure {
    Measure { name, modalities: &[Modality::Ct], unit: "1", classes: &[], about, reads: NEEDS, looks_at: &[], compute }
}

/// How much of the interior is bone, ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InteriorClass {
    /// No internal bone.
    None,
    /// Some, at most half.
    UnderHalf,
    /// More than half.
    OverHalf,
}

/// The interior over all slices.
pub struct InteriorCase {
    /// Bone / zone.
    pub fraction: f64,
    /// Its class.
    pub class: InteriorClass,
    /// Share of the zone that is bone or marrow left inside the lesion, no density tells; it is not in the fraction.
    pub like_marrow: f64,
    /// Share of the zone that is bone as thin as cortex, new or left; it is not in the fraction.
    pub like_cortex: f64,
    hard_fraction: f64,
    section_fraction: f64,
}

/// Less of the zone like marrow or cortex is not worth a remark ...
const LEAST_LIKE_NATIVE: f64 = 0.02;
/// ... and from this share like marrow on a class that it decides, or bone that is less than it, is not given: neither may
/// hang on what cannot be told.
const MUCH_LIKE_MARROW: f64 = 0.1;

impl InteriorCase {
    /// Pools the slices by area.
    ///
    /// # Errors
    /// Too little interior, most of it native bone, or so much of it like the marrow around that the class hangs on it.
    pub fn of(interior: &Interior, settings: &Settings) -> Result<Self, Refusal> {
        let (slices, rules) = (&interior.slices, &settings.interior);
        let zone_mm2: f64 = slices.iter().map(|s| s.zone_mm2).sum();
        // The zone counts without either.
        if interior.native_bone_mm2 + interior.metal_mm2 > zone_mm2 {
            let metal = interior.metal_mm2 > interior.native_bone_mm2;
            return Err(Refusal::of(if metal { reason::METAL } else { reason::NATIVE_BONE_GT_50PCT }, ""));
        }
        if !slices.iter().any(|s| s.zone_mm2 >= rules.min_zone_mm2) {
            return Err(Refusal::of(reason::ZONE_LT_200MM2, ""));
        }
        let fraction = ratio(slices, |s| s.ossified_mm2, |s| s.zone_mm2);
        let class = class_of(fraction, interior.deep_piece_mm3, rules);
        let like_marrow = interior.like_marrow_mm2 / zone_mm2;
        let with_it = class_of(fraction + like_marrow, f64::INFINITY, rules);
        if like_marrow >= MUCH_LIKE_MARROW && (with_it != class || like_marrow > fraction) {
            return Err(Refusal::of(reason::INTERIOR_LIKE_MARROW, format!("{like_marrow:.2} of the interior")));
        }
        let hard_fraction = ratio(slices, |s| s.hard_mm2, |s| s.zone_mm2);
        let section_fraction = ratio(slices, |s| s.section_ossified_mm2, |s| s.section_mm2);
        let like_cortex = interior.like_cortex_mm2 / zone_mm2;
        Ok(Self { fraction, class, like_marrow, like_cortex, hard_fraction, section_fraction })
    }

    /// Fraction and class if this share of what is like marrow were bone, and what is like cortex, or not.
    pub fn with_more(
        &self,
        fraction: f64,
        marrow: f64,
        cortex: bool,
        deep_mm3: f64,
        rules: &Rules,
    ) -> (f64, InteriorClass) {
        let like_cortex = if cortex { self.like_cortex } else { 0.0 };
        let is_more = self.like_marrow.max(like_cortex) >= LEAST_LIKE_NATIVE;
        let fraction = (fraction + self.like_marrow * marrow + like_cortex).clamp(0.0, 1.0);
        (fraction, class_of(fraction, if is_more { f64::INFINITY } else { deep_mm3 }, rules))
    }

    /// Whether the fraction lies in the band around one half.
    pub fn borderline(&self, grade: &Grade) -> bool {
        (grade.half_borderline[0]..=grade.half_borderline[1]).contains(&self.fraction)
    }

    fn remarked(&self, reading: Reading, grade: &Grade) -> Reading {
        let crosses = (self.fraction > 0.5) != (self.section_fraction > 0.5);
        reading
            .borderline_if(self.borderline(grade))
            .flag_if(self.fraction == 0.5, flag::EXACTLY_HALF)
            .flag_if((self.fraction - self.hard_fraction).abs() > SOFT_HARD_DIFFER, flag::FRACTION_SOFT_HARD_DIFFER)
            .flag_if(crosses, flag::SECTION_CROSSES_HALF)
            .flag_if(
                self.like_marrow >= LEAST_LIKE_NATIVE,
                Flag::with(&flag::LIKE_MARROW, format!("{:.2}", self.like_marrow)),
            )
            .flag_if(
                self.like_cortex >= LEAST_LIKE_NATIVE,
                Flag::with(&flag::LIKE_CORTEX, format!("{:.2}", self.like_cortex)),
            )
    }
}

/// The class of an ossified fraction and the largest deep piece of bone.
pub fn class_of(fraction: f64, deep_piece_mm3: f64, rules: &Rules) -> InteriorClass {
    let present = fraction >= rules.present_fraction && deep_piece_mm3 >= rules.present_mm3;
    match (fraction > 0.5, present) {
        (true, _) => InteriorClass::OverHalf,
        (false, true) => InteriorClass::UnderHalf,
        (false, false) => InteriorClass::None,
    }
}

fn ratio(slices: &[InteriorSlice], part: impl Fn(&InteriorSlice) -> f64, whole: impl Fn(&InteriorSlice) -> f64) -> f64 {
    slices.iter().map(part).sum::<f64>() / slices.iter().map(whole).sum::<f64>()
}

fn sections<'a>(view: &View<'a>) -> Result<&'a [InteriorSlice], Refusal> {
    let slices = &view.get(&keys::INTERIOR)[0].slices;
    let any = slices.iter().any(|s| s.section_mm2 > 0.0);
    any.then_some(slices.as_slice()).ok_or_else(|| Refusal::of(reason::ZONE_LT_200MM2, ""))
}

fn slice_fraction(slice: &InteriorSlice) -> Option<f64> {
    (slice.zone_mm2 > 0.0).then(|| slice.ossified_mm2 / slice.zone_mm2)
}

/// The slice with the largest `by`, and its fraction.
fn slice_with_most(view: &View<'_>, by: impl Fn(&InteriorSlice) -> f64) -> Result<(usize, f64), Refusal> {
    let slices = sections(view)?.iter().enumerate();
    let most = slices.max_by(|a, b| by(a.1).total_cmp(&by(b.1)));
    let found = most.and_then(|(k, s)| slice_fraction(s).map(|f| (k, f)));
    found.ok_or_else(|| Refusal::of(reason::ZONE_LT_200MM2, ""))
}

fn on_slice(view: &View<'_>, k: usize, fraction: f64) -> Reading {
    Reading::number(fraction).on_slice(view.get(&keys::OUTLINE)[k].slice)
}

fn aggregation_sensitive(view: &View<'_>, case: &InteriorCase) -> bool {
    let slices = &view.get(&keys::INTERIOR)[0].slices;
    let largest = slices.iter().max_by(|a, b| a.section_mm2.total_cmp(&b.section_mm2));
    let largest = largest.and_then(slice_fraction);
    largest.is_some_and(|f| (f > 0.5) != (case.fraction > 0.5))
}
