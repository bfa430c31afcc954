//! The peripheral rim of an exam: how much of the border it covers, and its class (method.md 3.3, 3.4).

use super::settings::{Grade, Settings};
use super::{
    Column, Flag, Measure, Measurement, Modality, Reading, Reason, Refusal, View, flag, keys, no_flags, reason,
};
use crate::ops::rim::{Cover, RimSlice, Standing, circular_runs};

/// `rim_coverage`, `rim` and their columns
pub const DEF: Measurement = Measurement {
    measures: &[
        Measure {
            name: "rim_coverage",
            modalities: &[Modality::Ct],
            unit: "1",
            classes: &[],
            about: "outline covered by rim bone / outline that can be judged, by length over all slices that count",
            reads: NEEDS,
            looks_at: &[keys::DOUBT.name],
            compute: |view, settings| {
                let case = RimCase::of(&view.get(&keys::RIM)[0], settings)?;
                let reading = Reading::number(case.coverage).borderline_if(case.borderline(&settings.grade));
                let uncertainty = view.look(&keys::DOUBT).ok().and_then(|d| d[0].coverage_sd);
                Ok(Reading { uncertainty, ..reading })
            },
        },
        Measure {
            name: "rim",
            modalities: &[Modality::Ct],
            unit: "",
            classes: RIM_CLASSES,
            about: "none below 10 % coverage, complete from 90 % with closed slices and no long gap, incomplete between",
            reads: NEEDS,
            looks_at: &[keys::DOUBT.name],
            compute: |view, settings| {
                let case = RimCase::of(&view.get(&keys::RIM)[0], settings)?;
                let reading = Reading::class(RIM_CLASSES[case.class as usize]);
                let uncertainty = view.look(&keys::DOUBT).ok().map(|d| 1.0 - d[0].rim[case.class as usize]);
                let unseen = case.coverage >= settings.grade.rim_none_below && case.seen_mm < SEEN_RUN_MM;
                let reading = Reading { uncertainty, ..reading.borderline_if(case.borderline(&settings.grade)) };
                Ok(reading.flag_if(unseen, flag::RIM_NOT_SEEN))
            },
        },
    ],
    columns: &[
        Column {
            name: "rim_coverage",
            modalities: &[Modality::Ct],
            unit: "1",
            about: "covered / evaluable length of the slice's outline",
            reads: NEEDS,
            cell: |view, k| view.get(&keys::RIM)[0][k].coverage,
            flags: remarks,
        },
        Column {
            name: "rim_gap_mm",
            modalities: &[Modality::Ct],
            unit: "mm",
            about: "longest uncovered run of the slice's outline",
            reads: NEEDS,
            cell: |view, k| view.get(&keys::RIM)[0][k].gap_mm,
            flags: no_flags,
        },
        Column {
            name: "rim_evaluable",
            modalities: &[Modality::Ct],
            unit: "1",
            about: "share of the slice's outline that can be judged",
            reads: NEEDS,
            cell: |view, k| Some(view.get(&keys::RIM)[0][k].evaluable),
            flags: no_flags,
        },
    ],
};

const NEEDS: &[&str] = &[keys::RIM.name, keys::RIM_SLICES.name];
const RIM_CLASSES: &[&str] = &["none", "incomplete", "complete"];

/// A rim is seen only where a covered run of this length stands on two neighbouring slices, mm (method.md 3.4).
pub const SEEN_RUN_MM: f64 = 10.0;

/// Less than this share of the whole outline evaluable: no rim can be read (method.md 3.4).
const MIN_CASE_EVALUABLE: f64 = 0.5;

/// A rim's class, ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RimClass {
    /// No rim.
    None,
    /// Part of the border.
    Incomplete,
    /// All of it, but for short gaps.
    Complete,
}

/// The rim over all slices that count.
pub struct RimCase {
    /// Covered / evaluable length.
    pub coverage: f64,
    /// Its class.
    pub class: RimClass,
    /// Length of rim in one run that neighbouring slices both show, mm: a rim is seen from [`SEEN_RUN_MM`] on.
    pub seen_mm: f64,
}

impl RimCase {
    /// Pools the slices by length.
    ///
    /// # Errors
    /// Too few slices, or too little of the outline, that can be judged.
    pub fn of(slices: &[RimSlice], settings: &Settings) -> Result<Self, Refusal> {
        let counted: Vec<&RimSlice> = slices.iter().filter(|s| s.counts()).collect();
        let inner = slices.get(1..slices.len().saturating_sub(1)).unwrap_or_default();
        let judged = share(inner, evaluable_mm, |s| s.perimeter_mm);
        if judged.is_some_and(|share| share < MIN_CASE_EVALUABLE) {
            return Err(Refusal::of(unreadable(inner), ""));
        }
        if counted.len() < settings.rim.min_slices {
            return Err(Refusal::of(reason::TOO_FEW_SLICES, format!("{} slices", counted.len())));
        }
        let coverage = pooled(&counted);
        let seen_mm = seen_mm(&counted);
        let class = class_of(coverage, 0.0, seen_mm >= SEEN_RUN_MM, &counted, &settings.grade);
        Ok(Self { coverage, class, seen_mm })
    }

    /// Whether the coverage lies in a borderline band.
    pub fn borderline(&self, grade: &Grade) -> bool {
        grade.rim_borderline.iter().any(|band| (band[0]..band[1]).contains(&self.coverage))
    }
}

fn evaluable_mm(slice: &RimSlice) -> f64 {
    slice.evaluable * slice.perimeter_mm
}

fn share<'a>(
    slices: impl IntoIterator<Item = &'a RimSlice>,
    part: impl Fn(&RimSlice) -> f64,
    whole: impl Fn(&RimSlice) -> f64,
) -> Option<f64> {
    let (part, whole) = slices.into_iter().fold((0.0, 0.0), |(p, w), s| (p + part(s), w + whole(s)));
    (whole > 0.0).then(|| part / whole)
}

/// What too little of the outline can be judged for.
fn unreadable(slices: &[RimSlice]) -> Reason {
    let by_metal = share(slices, |s| s.metal * s.perimeter_mm, |s| s.perimeter_mm);
    let metal = by_metal.is_some_and(|share| share > 1.0 - MIN_CASE_EVALUABLE);
    if metal { reason::METAL } else { reason::EVALUABLE_PERIMETER_LT_50PCT }
}

/// Covered / evaluable length over slices.
pub fn pooled(slices: &[&RimSlice]) -> f64 {
    let covered_mm = |s: &RimSlice| s.coverage.unwrap_or(0.0) * evaluable_mm(s);
    share(slices.iter().copied(), covered_mm, evaluable_mm).unwrap_or(0.0)
}

/// The class of slices that count, the coverage of each `shift` more than was found.
pub fn class_of(coverage: f64, shift: f64, seen: bool, counted: &[&RimSlice], grade: &Grade) -> RimClass {
    if coverage < grade.rim_none_below || !seen {
        return RimClass::None;
    }
    let closed = counted.iter().filter(|s| s.coverage.is_some_and(|c| c + shift >= grade.rim_complete_from)).count();
    let mut excess_mm: Vec<f64> = counted.iter().map(|s| gap_excess_mm(s, grade)).collect();
    excess_mm.sort_by(f64::total_cmp);
    let complete = coverage >= grade.rim_complete_from
        && closed as f64 >= grade.rim_complete_slices * counted.len() as f64
        && excess_mm[excess_mm.len() / 2] <= 0.0;
    if complete { RimClass::Complete } else { RimClass::Incomplete }
}

/// How much the slice's longest gap exceeds what a complete rim may have, mm.
fn gap_excess_mm(slice: &RimSlice, grade: &Grade) -> f64 {
    slice.gap_mm.unwrap_or(0.0) - grade.rim_max_gap_mm.max(grade.rim_max_gap_share * slice.perimeter_mm)
}

/// The longest run that two slices next to each other both show, mm.
fn seen_mm(counted: &[&RimSlice]) -> f64 {
    let beside = counted.windows(2).filter(|pair| pair[1].plane == pair[0].plane + 1);
    beside.map(|pair| longest_run_mm(pair[0]).min(longest_run_mm(pair[1]))).fold(0.0, f64::max)
}

/// Arcs that cannot be judged neither join nor break a run.
fn longest_run_mm(slice: &RimSlice) -> f64 {
    let rings = slice.arcs.chunk_by(|a, b| a.ring == b.ring);
    let longest = rings.map(|ring| {
        let judged: Vec<usize> = (0..ring.len()).filter(|&i| ring[i].cover != Cover::Unevaluable).collect();
        let runs = circular_runs(&judged, |i| ring[i].cover == Cover::Covered);
        runs.iter().map(|run| run.iter().map(|&i| ring[i].length_mm).sum()).fold(0.0, f64::max)
    });
    longest.fold(0.0, f64::max)
}

/// Why a slice does not count.
fn remarks(view: &View<'_>, k: usize) -> Vec<Flag> {
    let slice = &view.get(&keys::RIM)[0][k];
    match slice.standing {
        Standing::Counts => Vec::new(),
        Standing::End => vec![flag::END_SLICE],
        Standing::Small => vec![flag::SMALL_AREA],
        Standing::Unevaluable if 2.0 * slice.metal > 1.0 - slice.evaluable => vec![flag::METAL],
        Standing::Unevaluable => vec![flag::TILTED_SURFACE],
    }
}
