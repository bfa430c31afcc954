//! The Boriani grade of ossification, at the mineral threshold and at the two sensitivity thresholds (method.md 3.6).

use super::interior::{InteriorCase, InteriorClass};
use super::rim::{RimCase, RimClass};
use super::settings::Settings;
use super::{Flag, Measure, Measurement, Modality, Reading, Refusal, View, flag, keys, reason};

/// `boriani_grade`, `boriani_grade_150`, `boriani_grade_250`
pub const DEF: Measurement = Measurement {
    measures: &[
        grade_at(
            "boriani_grade",
            "rim and internal bone at the mineral threshold, read in the order 3, 2b, 2a, 1b, 1a, 0",
            |view, settings| {
                let (reading, class) = judged(view, settings, 0)?;
                let differs = (1..=2).any(|i| judged(view, settings, i).is_ok_and(|(_, other)| other != class));
                let reading = reading.flag_if(differs, flag::THRESHOLD_SENSITIVE);
                Ok(match chances(view, 0) {
                    Some(chances) => with_chances(reading, class, &chances),
                    None => reading,
                })
            },
        ),
        grade_at("boriani_grade_150", "the grade at the lower sensitivity threshold", |view, settings| {
            at_sensitivity(view, settings, 1)
        }),
        grade_at("boriani_grade_250", "the grade at the upper sensitivity threshold", |view, settings| {
            at_sensitivity(view, settings, 2)
        }),
    ],
    columns: &[],
};

/// The grades, ascending.
pub const GRADES: &[&str] = &["0", "1a", "1b", "2a", "2b", "3"];

const fn grade_at(
    name: &'static str,
    about: &'static str,
    compute: fn(&View<'_>, &Settings) -> Result<Reading, Refusal>,
) -> Measure {
    Measure {
        name,
        modalities: &[Modality::Ct],
        unit: "",
        classes: GRADES,
        about,
        reads: &[keys::WHOLE_BORDER.name, keys::OUTLINE.name],
        looks_at: &[keys::RIM.name, keys::RIM_SLICES.name, keys::INTERIOR.name, keys::DOUBT.name],
        compute,
    }
}

/// More than half and a complete rim: 3; more than half: 2b; internal bone: 2a; else by the rim 1b, 1a, 0.
pub fn grade(rim: RimClass, interior: InteriorClass) -> &'static str {
    match (interior, rim) {
        (InteriorClass::OverHalf, RimClass::Complete) => "3",
        (InteriorClass::OverHalf, _) => "2b",
        (InteriorClass::UnderHalf, _) => "2a",
        (InteriorClass::None, RimClass::Complete) => "1b",
        (InteriorClass::None, RimClass::Incomplete) => "1a",
        (InteriorClass::None, RimClass::None) => "0",
    }
}

fn judged(view: &View<'_>, settings: &Settings, threshold: usize) -> Result<(Reading, &'static str), Refusal> {
    let rim = view
        .look(&keys::RIM_SLICES)
        .and_then(|()| view.look(&keys::RIM))
        .and_then(|r| RimCase::of(&r[threshold], settings));
    let interior = view.look(&keys::INTERIOR).and_then(|i| InteriorCase::of(&i[threshold], settings));
    let class = match (&rim, &interior) {
        (Ok(r), Ok(i)) => grade(r.class, i.class),
        _ => return undecided(rim.map(|r| r.class), interior.map(|i| i.class)).map(|g| (Reading::class(g), g)),
    };
    let near = |r: &RimCase, i: &InteriorCase| {
        // A rim near its limit matters only where it decides.
        let rim_decides = i.class != InteriorClass::UnderHalf;
        i.borderline(&settings.grade) || rim_decides && r.borderline(&settings.grade)
    };
    let borderline = rim.as_ref().is_ok_and(|r| interior.as_ref().is_ok_and(|i| near(r, i)));
    let exactly_half = interior.is_ok_and(|i| i.fraction == 0.5);
    let slice = largest_slice(view);
    let reading = Reading { slice, ..Reading::class(class) };
    Ok((reading.borderline_if(borderline).flag_if(exactly_half, flag::EXACTLY_HALF), class))
}

/// The grade at a sensitivity threshold, with its chance of being wrong.
fn at_sensitivity(view: &View<'_>, settings: &Settings, threshold: usize) -> Result<Reading, Refusal> {
    let (reading, class) = judged(view, settings, threshold)?;
    let uncertainty = chances(view, threshold).map(|chances| 1.0 - chance_of(class, &chances));
    Ok(Reading { uncertainty, ..reading })
}

/// The chances of all grades; `None` where one side cannot be judged, though its rays or pixels show something.
fn chances(view: &View<'_>, threshold: usize) -> Option<[f64; 6]> {
    view.look(&keys::RIM_SLICES).ok()?;
    view.look(&keys::DOUBT).ok().and_then(|d| d[threshold].grade)
}

fn chance_of(class: &str, chances: &[f64; 6]) -> f64 {
    GRADES.iter().zip(chances).find(|(g, _)| **g == class).map_or(0.0, |(_, c)| *c)
}

/// A grade less likely than this is stated with the others that may be true.
const SURE_CHANCE: f64 = 0.8;
/// A grade less likely than this is borderline: the others together are likelier.
const LIKELY_CHANCE: f64 = 0.5;
/// A grade with this chance may be true.
const FEASIBLE_CHANCE: f64 = 0.1;

/// The grade with its chance of being wrong, the chances of all, and those feasible where it is not sure.
fn with_chances(reading: Reading, class: &'static str, chances: &[f64; 6]) -> Reading {
    let named = || GRADES.iter().zip(chances);
    let chance = chance_of(class, chances);
    let possible = named().filter(|(g, c)| **g == class || **c >= FEASIBLE_CHANCE).map(|(g, _)| *g);
    let possible: Vec<&str> = possible.collect();
    let shares = named().filter(|(_, c)| **c >= 0.01).map(|(g, c)| format!("{g}={c:.2}")).collect::<Vec<_>>();
    let unsure = chance < SURE_CHANCE && possible.len() > 1;
    reading
        .borderline_if(chance < LIKELY_CHANCE)
        .give_or_take(1.0 - chance)
        .flag_if(!shares.is_empty(), Flag::with(&flag::GRADE_CHANCE, shares.join("|")))
        .flag_if(unsure, Flag::with(&flag::FEASIBLE, possible.join("|")))
}

/// What can still be said when one side cannot be judged: a single grade, or a refusal with those still possible.
fn undecided(
    rim: Result<RimClass, Refusal>,
    interior: Result<InteriorClass, Refusal>,
) -> Result<&'static str, Refusal> {
    let rims = [RimClass::None, RimClass::Incomplete, RimClass::Complete];
    let interiors = [InteriorClass::None, InteriorClass::UnderHalf, InteriorClass::OverHalf];
    let rims = rims.into_iter().filter(|r| rim.as_ref().map_or(true, |known| known == r));
    let mut feasible: Vec<&str> = rims
        .flat_map(|r| {
            interiors.iter().filter(|i| interior.as_ref().map_or(true, |k| k == *i)).map(move |&i| grade(r, i))
        })
        .collect();
    feasible.sort_unstable();
    feasible.dedup();
    match (feasible.as_slice(), rim, interior) {
        ([only], _, _) => Ok(only),
        (all, Err(why), Ok(_)) => Err(still_possible(reason::RIM_NE, why, all)),
        (all, _, Err(why)) => Err(still_possible(reason::INTERIOR_NE, why, all)),
        (all, Ok(_), Ok(_)) => Err(Refusal::of(reason::RIM_NE, all.join("|"))),
    }
}

fn still_possible(reason: super::Reason, why: Refusal, grades: &[&str]) -> Refusal {
    let refusal = Refusal::of(reason, why.reason.code);
    if grades.len() < GRADES.len() { refusal.flagged(Flag::with(&flag::FEASIBLE, grades.join("|"))) } else { refusal }
}

/// The grade is shown on the largest section, as a reader would choose it.
fn largest_slice(view: &View<'_>) -> Option<usize> {
    let outlines = view.get(&keys::OUTLINE);
    outlines.iter().max_by(|a, b| a.area_mm2.total_cmp(&b.area_mm2)).map(|o| o.slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use InteriorClass as I;
    use RimClass as R;

    /// The vectors of method.md 10.
    #[test]
    fn grades_follow_the_table() {
        let table = [
            (R::Complete, I::OverHalf, "3"),
            (R::Incomplete, I::OverHalf, "2b"),
            (R::Complete, I::UnderHalf, "2a"),
            (R::Complete, I::None, "1b"),
            (R::Incomplete, I::None, "1a"),
            (R::None, I::None, "0"),
        ];
        assert!(table.iter().all(|&(r, i, g)| grade(r, i) == g));
    }

    #[test]
    fn more_mineral_never_lowers_the_grade() {
        let rims = [R::None, R::Incomplete, R::Complete];
        let interiors = [I::None, I::UnderHalf, I::OverHalf];
        for r in rims {
            assert!(interiors.windows(2).all(|i| grade(r, i[0]) <= grade(r, i[1])));
        }
        for i in interiors {
            assert!(rims.windows(2).all(|r| grade(r[0], i) <= grade(r[1], i)));
        }
    }

    #[test]
    fn an_unknown_rim_leaves_what_is_possible() {
        let no_rim = || Err(Refusal::of(reason::EVALUABLE_PERIMETER_LT_50PCT, ""));
        assert_eq!(undecided(no_rim(), Ok(I::UnderHalf)), Ok("2a"));
        let refusal = undecided(no_rim(), Ok(I::OverHalf)).unwrap_err();
        assert_eq!(refusal.reason, reason::RIM_NE);
        assert_eq!(refusal.flags, [Flag::with(&flag::FEASIBLE, "2b|3")]);
        let refusal = undecided(Ok(R::None), Err(Refusal::of(reason::ZONE_LT_200MM2, ""))).unwrap_err();
        assert_eq!(refusal.flags, [Flag::with(&flag::FEASIBLE, "0|2a|2b")]);
    }
}
