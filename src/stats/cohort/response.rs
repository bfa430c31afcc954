//! Response to treatment, lesion by lesion, by the criteria that are in use beside the paper's numbers (method.md 1.9).

use super::pairing::{Pair, Pairing, Unit};
use std::collections::BTreeMap;
use std::ops::Range;

/// A criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criterion {
    /// RECIST 1.1: the largest axial diameter alone.
    Recist,
    /// Choi: smaller, or less dense.
    Choi,
    /// Inverse Choi density/size: smaller, or denser, as bone tumours become that ossify.
    Icds,
}

impl Criterion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Recist, Self::Choi, Self::Icds];

    /// As `patients.csv` writes it.
    pub fn measure(self) -> &'static str {
        ["response_recist", "response_choi", "response_icds"][self as usize]
    }

    /// What a paper calls it.
    pub fn title(self) -> &'static str {
        ["RECIST 1.1", "Choi", "ICDS"][self as usize]
    }

    /// Its rule in a sentence.
    pub fn rule(self) -> &'static str {
        match self {
            Self::Recist => {
                "PR: diameter -30 % or less of that before treatment; PD: +20 % or more and +5 mm or more of the smallest \
                 so far; lesions of less than 10 mm before treatment are not measurable"
            }
            Self::Choi => "PR: diameter -10 % or less, or density -15 % or less; PD: diameter +10 % or more otherwise",
            Self::Icds => "PR: diameter -10 % or less, or density above +15 %; PD: diameter +10 % or more otherwise",
        }
    }
}

/// What became of a lesion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Partial response.
    Partial,
    /// Stable disease.
    Stable,
    /// Progressive disease.
    Progressive,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Partial, Self::Stable, Self::Progressive];

    /// `PR`, `SD` or `PD`.
    pub fn code(self) -> &'static str {
        ["PR", "SD", "PD"][self as usize]
    }
}

/// The response of one lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Index into [`Pairing::units`].
    pub unit: usize,
    /// Change of the largest axial diameter on CT, per cent of that before treatment.
    pub size: Option<f64>,
    /// Change of the mean density on CT, per cent of that before treatment.
    pub density: Option<f64>,
    /// The class by each of [`Criterion::ALL`], or why there is none.
    pub classes: [Result<Class, String>; 3],
}

/// The fall of partial response by RECIST 1.1 (Eisenhauer 2009), per cent.
pub const RECIST_FALL: f64 = 30.0;
/// The rise of progression by RECIST 1.1, per cent.
pub const RECIST_RISE: f64 = 20.0;
/// The least rise of progression by RECIST 1.1, mm.
const RECIST_RISE_MM: f64 = 5.0;
/// Smaller lesions are not measurable by RECIST 1.1, mm.
pub(super) const MEASURABLE_MM: f64 = 10.0;
/// The steps of Choi (2007) and ICDS (Engellau 2018), per cent.
const SIZE_STEP: f64 = 10.0;
const DENSITY_STEP: f64 = 15.0;
/// Five decimals are written: a share that is nearer to a limit than this is at the limit.
const AT_LIMIT: f64 = 1e-9;

/// The response of every lesion that is in some pair and should have a diameter on CT.
pub fn responses(measures: &Pairing) -> Vec<Response> {
    let of = |name: &str| -> BTreeMap<usize, &Pair> {
        let found = measures.pairs.iter().filter(|p| p.modality == "CT" && p.measure == name);
        let found = found.filter(|pair| measures.units[pair.unit].excluded.is_none());
        found.map(|pair| (pair.unit, pair)).collect()
    };
    let densities = of("mean_density");
    of("max_diameter").values().map(|size| response(measures, size, densities.get(&size.unit).copied())).collect()
}

fn response(measures: &Pairing, size: &Pair, density: Option<&Pair>) -> Response {
    let sized = change(size);
    let dense = density.map_or_else(|| Err("no_density".to_owned()), change);
    let with = |responds: fn(f64) -> bool| by_size_or_density(sized.clone(), dense.clone().map(responds));
    let choi = with(|percent| percent <= -DENSITY_STEP + AT_LIMIT);
    let icds = with(|percent| percent > DENSITY_STEP + AT_LIMIT);
    let classes = [recist(measures, size), choi, icds];
    Response { unit: size.unit, size: sized.ok(), density: dense.ok(), classes }
}

/// The change in per cent of what was before, or why there is none.
fn change(pair: &Pair) -> Result<f64, String> {
    let (before, after) = pair.numbers().ok_or_else(|| pair.reason().unwrap_or_else(|| "no_number".into()))?;
    if before > 0.0 {
        Ok(100.0 * (after - before) / before)
    } else {
        Err(format!("before:{}_not_positive", pair.measure))
    }
}

fn recist(measures: &Pairing, size: &Pair) -> Result<Class, String> {
    change(size)?;
    let (before, after) = size.numbers().ok_or("no_number")?;
    if before < MEASURABLE_MM {
        return Err("before:below_recist_10mm".into());
    }
    let nadir = nadir(measures, size)?.min(before);
    Ok(match (has_grown(nadir, after), has_shrunk(before, after)) {
        (true, _) => Class::Progressive,
        (_, true) => Class::Partial,
        _ => Class::Stable,
    })
}

/// Progression by RECIST 1.1 from the smallest size so far, mm.
pub(super) fn has_grown(nadir: f64, after: f64) -> bool {
    let (risen_mm, risen) = (after - nadir, 100.0 * (after - nadir) / nadir);
    risen >= RECIST_RISE - AT_LIMIT && risen_mm >= RECIST_RISE_MM - AT_LIMIT
}

/// Partial response by RECIST 1.1 from the size before treatment, mm.
pub(super) fn has_shrunk(before: f64, after: f64) -> bool {
    100.0 * (after - before) / before <= -RECIST_FALL + AT_LIMIT
}

/// The class by the change of size, and by whether the density responds. Both must be known, even where one would do:
/// otherwise only responders could be judged without a density, and their share would be too large.
fn by_size_or_density(size: Result<f64, String>, responds: Result<bool, String>) -> Result<Class, String> {
    let (size, responds) = (size?, responds?);
    if size <= -SIZE_STEP + AT_LIMIT || responds {
        return Ok(Class::Partial);
    }
    Ok(if size >= SIZE_STEP - AT_LIMIT { Class::Progressive } else { Class::Stable })
}

/// The smallest value from before treatment on and earlier than the one after it.
fn nadir(measures: &Pairing, pair: &Pair) -> Result<f64, String> {
    let between = &pair.course[span(measures, &measures.units[pair.unit])?];
    let values = between.iter().flatten().filter_map(|text| text.parse().ok()).filter(|v: &f64| *v > 0.0);
    values.reduce(f64::min).ok_or_else(|| "no_number".into())
}

/// The tables of patients contradict each other on which timepoint is earlier (method.md 4).
pub const TIMEPOINT_AMBIGUOUS: &str = "timepoint_ambiguous";

/// The timepoints from the one before on and earlier than the one after, among all of the pairing.
///
/// # Errors
/// If the tables of the patients contradict each other on which is earlier.
pub fn span(measures: &Pairing, unit: &Unit) -> Result<Range<usize>, String> {
    let place = |name: &Option<String>| measures.timepoints.iter().position(|t| Some(t) == name.as_ref());
    let ends = place(&unit.before).zip(place(&unit.after)).filter(|(before, after)| before < after);
    ends.map(|(before, after)| before..after).ok_or_else(|| TIMEPOINT_AMBIGUOUS.into())
}

/// How many lesions are of each of [`Class::ALL`] by a criterion.
pub fn counts(responses: &[Response], criterion: Criterion) -> [usize; 3] {
    tally(responses.iter().filter_map(|r| r.classes[criterion as usize].as_ref().ok()).copied())
}

/// How many there are of each of [`Class::ALL`].
pub fn tally(classes: impl Iterator<Item = Class>) -> [usize; 3] {
    let mut counts = [0; 3];
    classes.for_each(|class| counts[class as usize] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use super::super::pairing::{Failures, pair};
    use super::super::usual;
    use super::*;
    use crate::stats::table::parse;

    /// Diameter and density of one lesion at each timepoint; what is empty is not there.
    fn of(times: &[(&str, &str)]) -> Response {
        let row = |(i, (size, density)): (usize, &(&str, &str))| {
            format!("P,t{i},CT,max_diameter,{size},mm\nP,t{i},CT,mean_density,{density},HU\n")
        };
        let rows: String = times.iter().enumerate().map(row).collect();
        let text = format!("patient,timepoint,modality,measure,value,unit\n{rows}");
        let table = parse(text.as_bytes(), "exams.csv").unwrap();
        responses(&pair(&table, &Failures::default(), &usual())).remove(0)
    }

    fn codes(times: &[(&str, &str)]) -> String {
        let code = |class: &Result<Class, String>| class.as_ref().map_or("NE", |class| class.code());
        of(times).classes.iter().map(code).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn limits_belong_to_the_class_that_names_them() {
        assert_eq!(codes(&[("50", "100"), ("35", "100")]), "PR PR PR", "-30 % exactly");
        assert_eq!(codes(&[("50", "100"), ("35.1", "100")]), "SD PR PR");
        assert_eq!(codes(&[("50", "100"), ("45.1", "85")]), "SD PR SD", "-15 % of density exactly");
        assert_eq!(codes(&[("50", "100"), ("45.1", "115")]), "SD SD SD", "ICDS asks for more than +15 %");
        assert_eq!(codes(&[("50", "100"), ("50", "116")]), "SD SD PR");
        assert_eq!(codes(&[("50", "100"), ("60", "100")]), "PD PD PD", "+20 % and +5 mm");
        assert_eq!(codes(&[("20", "100"), ("24.4", "100")]), "SD PD PD", "+22 % is only 4.4 mm");
        assert_eq!(codes(&[("50", "100"), ("56", "130")]), "SD PD PR", "larger and denser");
    }

    #[test]
    fn progression_is_judged_from_the_smallest_so_far() {
        assert_eq!(codes(&[("50", "100"), ("30", "100"), ("38", "100")]), "PD PR PR");
        assert_eq!(codes(&[("50", "100"), ("", ""), ("38", "100")]), "SD PR PR");
    }

    #[test]
    fn what_cannot_be_judged_has_a_reason() {
        let small = of(&[("9.9", "100"), ("5", "100")]);
        assert_eq!(small.classes[0], Err("before:below_recist_10mm".into()));
        assert_eq!(small.classes[1], Ok(Class::Partial));
        assert_eq!(codes(&[("50", ""), ("40", "100")]), "SD NE NE", "smaller, but no density");
        let blind = of(&[("50", "-3"), ("50", "100")]);
        assert_eq!(blind.classes[1], Err("before:mean_density_not_positive".into()));
        assert_eq!(blind.density, None);
        let gone = of(&[("50", "100"), ("", "100")]);
        assert!(gone.classes.iter().all(|class| class == &Err("after:no_value".into())), "{gone:?}");
        assert_eq!(counts(&[small, blind], Criterion::Choi), [1, 0, 0]);
    }
}
