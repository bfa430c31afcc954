//! Codes as sentences: why a value is missing, and what to do.

use crate::batch::failure::FAILURES;
use crate::io::fault::FAULTS;
use crate::measure::reason::REASONS;

/// Reasons that arise when exams are paired: code, what it means, what to do.
const PAIRING: &[(&str, &str, &str)] = &[
    ("one_timepoint", "Examined once.", "add an exam before or after treatment to the study table"),
    ("no_exam", "There is no such exam.", "add it to the study table if it was made"),
    ("no_exam_before", "There is no exam at the timepoint before.", "see cohort.before"),
    ("no_exam_after", "There is no exam at the timepoint after.", "see cohort.after"),
    ("no_value", "The exam has no value, and no reason is given.", "see exams.csv"),
    (
        "nothing_evaluable_twice",
        "No measure could be taken both before and after.",
        "see the reasons of each measure below",
    ),
    ("absent_both", "There was nothing to measure, before or after.", "none"),
    ("several_series", "Several series of the exam give a value.", "pick one: cohort.series.MEASURE = \"SERIES\""),
    ("rejected", "A reader rejected the value.", "none, or correct it in the file of reviews"),
    ("not_reviewed", "No reader has looked at the value.", "review it, or set cohort.require_review = false"),
    ("excluded_patient", "Left out by cohort.exclude_patients.", "none"),
    ("excluded_flag", "Left out by cohort.exclude_flags.", "none"),
    ("excluded_borderline", "Borderline, left out by cohort.exclude_borderline.", "look at the exam and review it"),
    ("excluded_diameter_below_least", "Smaller than cohort.least_diameter_mm before treatment.", "none"),
    (
        "excluded_diameter_unknown",
        "No diameter before treatment, which cohort.least_diameter_mm asks for.",
        "measure it",
    ),
    ("below_recist_10mm", "Less than 10 mm before treatment: not measurable by RECIST 1.1.", "none"),
    (
        "new_or_unlisted",
        "A lesion of the patient stands in the study table only after treatment began: new, or not listed before.",
        "list it before treatment if it was there; if it is new, RECIST 1.1 calls that progression",
    ),
    (
        "grown",
        "A lesion outside the sum has grown by 20 % and 5 mm or more.",
        "a reader must say whether the disease is progressive",
    ),
    (
        "timepoint_ambiguous",
        "The tables of patients or lesions contradict each other on which timepoint is earlier.",
        "list the exams of every patient in the order of time",
    ),
    ("no_density", "The mean density was not measured.", "measure mean_density"),
    (
        "mean_density_not_positive",
        "The density before treatment is not above 0 HU: no percentage of it means anything.",
        "none",
    ),
];

/// What a code means and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What it means.
    pub about: String,
    /// What to do.
    pub remedy: String,
}

/// The words of one code, which may end in particulars after a colon; of an unknown one the code itself.
pub fn words(code: &str) -> Words {
    let plain = code.split(':').next().unwrap_or_default();
    let of = |about: &str, remedy: &str| Words { about: about.to_owned(), remedy: remedy.to_owned() };
    if let Some((_, about, remedy)) = PAIRING.iter().find(|(known, ..)| *known == plain) {
        return of(about, remedy);
    }
    let mut measured = REASONS.iter().chain(FAULTS).chain(FAILURES);
    measured.find(|reason| reason.code == plain).map_or_else(
        || of(&as_sentence(&plain.replace('_', " ")), "see exams.csv and failures.csv"),
        |reason| of(&as_sentence(reason.about), reason.remedy),
    )
}

/// With a capital and a full stop, which the words of file faults lack.
fn as_sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// A reason of a pair, `before:code;after:code`, taken apart into sides and codes.
pub fn sides(reason: &str) -> Vec<(&str, &str)> {
    let side = |part| match str::split_once(part, ':') {
        Some((side @ ("before" | "after"), code)) => (side, code),
        _ => ("", part),
    };
    reason.split(';').map(side).collect()
}

/// A reason of a pair as sentences.
pub fn sentence(reason: &str) -> String {
    let said = |(side, code): (&str, &str)| match side {
        "" => words(code).about,
        _ => format!("{side}: {}", words(code).about),
    };
    sides(reason).into_iter().map(said).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_every_origin_become_sentences() {
        assert_eq!(sentence("one_timepoint"), "Examined once.");
        let both = sentence("before:metal;after:excluded_flag:metal");
        assert!(
            both.starts_with("before: Metal and its streaks")
                && both.ends_with("after: Left out by cohort.exclude_flags.")
        );
        assert!(words("truncated_file").remedy.contains("copy"), "a fault of a file");
        assert_eq!(words("some_new_code").about, "Some new code.");
        assert_eq!(sides("before:a;after:excluded_flag:b"), [("before", "a"), ("after", "excluded_flag:b")]);
    }
}
