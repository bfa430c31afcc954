//! What single cells of the study table may hold.

use super::table::Line;
use super::{ExamName, ImageFile, StudyError};
use crate::io::acquisition::Acquisition;
use crate::measure::Modality;
use std::path::PathBuf;

type Problem = &'static str;

const NAME: Problem = "must be 1 to 64 letters, digits, `.`, `_` or `-`, the first a letter or digit, without `..`";
const SHORT: Problem = "must be 1 to 16 letters or digits";
const WORD: Problem = "must be at most 64 plain characters, the first a letter or digit";

/// Which exam a line is.
///
/// # Errors
/// If a cell of the key may not become part of a file name.
pub fn exam(line: &Line) -> Result<ExamName, StudyError> {
    Ok(ExamName {
        patient: text(line, "patient", is_name, NAME)?,
        timepoint: text(line, "timepoint", is_name, NAME)?,
        modality: checked(line, "modality", modality, "must be CT or MR")?,
        series: or_default(line, "series", ExamName::SERIES)?,
        lesion: or_default(line, "lesion", ExamName::LESION)?,
    })
}

/// What the line says of how the image was made.
///
/// # Errors
/// If a cell is no number, or neither yes nor no.
pub fn acquisition(line: &Line) -> Result<Acquisition, StudyError> {
    Ok(Acquisition {
        modality: None,
        kvp: positive(line, "kvp")?,
        contrast: yes_no(line, "contrast")?,
        kernel: word(line, "kernel")?,
        thickness_mm: positive(line, "thickness_mm")?,
        weighting: word(line, "weighting")?,
        te_ms: positive(line, "te_ms")?,
        tr_ms: positive(line, "tr_ms")?,
        fat_sat: yes_no(line, "fat_sat")?,
        laminectomy: yes_no(line, "laminectomy")?,
        has_rescale: false,
        resampled: false,
        scaling_lost: false,
    })
}

/// A short text such as a level; `None` if empty.
///
/// # Errors
/// If it could be a formula or is too long.
pub fn word(line: &Line, column: &'static str) -> Result<Option<String>, StudyError> {
    optional(line, column, |w| is_word(w).then(|| w.to_string()), WORD)
}

/// The image, `folder#SeriesInstanceUID` taken apart; `None` if the cell is empty.
pub fn image(line: &Line) -> Option<ImageFile> {
    let cell = line.cell("image");
    let parts = cell.rsplit_once('#').filter(|(folder, uid)| !folder.is_empty() && is_uid(uid));
    let (path, series_uid) = parts.map_or((cell, None), |(folder, uid)| (folder, Some(uid.to_string())));
    (!path.is_empty()).then(|| ImageFile { path: PathBuf::from(path), series_uid })
}

fn is_name(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    plain && text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && !text.contains("..")
}

fn is_short(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_word(text: &str) -> bool {
    text.len() <= 64 && text.starts_with(char::is_alphanumeric)
}

fn is_uid(text: &str) -> bool {
    text.contains('.') && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn modality(text: &str) -> Option<Modality> {
    [Modality::Ct, Modality::Mr].into_iter().find(|m| m.name() == text)
}

fn positive(line: &Line, column: &'static str) -> Result<Option<f64>, StudyError> {
    let number = |t: &str| t.parse().ok().filter(|n: &f64| n.is_finite() && *n > 0.0);
    optional(line, column, number, "must be a number above 0, with a decimal point")
}

fn yes_no(line: &Line, column: &'static str) -> Result<Option<bool>, StudyError> {
    let answer = |t: &str| match t.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Some(true),
        "no" | "false" | "0" => Some(false),
        _ => None,
    };
    optional(line, column, answer, "must be yes or no")
}

fn or_default(line: &Line, column: &'static str, default: &str) -> Result<String, StudyError> {
    let given = optional(line, column, |t| is_short(t).then(|| t.to_string()), SHORT)?;
    Ok(given.unwrap_or_else(|| default.into()))
}

fn text(line: &Line, column: &'static str, fits: fn(&str) -> bool, problem: Problem) -> Result<String, StudyError> {
    checked(line, column, |t| fits(t).then(|| t.to_string()), problem)
}

fn optional<T>(
    line: &Line,
    column: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    problem: Problem,
) -> Result<Option<T>, StudyError> {
    if line.cell(column).is_empty() { Ok(None) } else { checked(line, column, parse, problem).map(Some) }
}

// The cell itself is never repeated: it may hold what a site must not log.
fn checked<T>(
    line: &Line,
    column: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    problem: Problem,
) -> Result<T, StudyError> {
    parse(line.cell(column)).ok_or_else(|| StudyError::cell(line.number, column, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_folder_or_calculate() {
        assert!(["p01", "A.b_c-d", "0"].into_iter().all(is_name));
        let long = "x".repeat(65);
        assert!(!["", "../x", "-x", "a..b", ".a", "a/b", "a b", "ä", "=1", long.as_str()].into_iter().any(is_name));
        assert!(is_word("T4/5") && !is_word("=T4") && !is_word("-1"));
    }

    #[test]
    fn a_laminectomy_is_told_by_yes_or_no() {
        let told = |cell: &str| {
            let table = format!("patient,timepoint,modality,image,structures,laminectomy\np,a,MR,i,s,{cell}\n");
            acquisition(&super::super::table::lines(table.as_bytes()).unwrap()[0]).map(|a| a.laminectomy)
        };
        assert_eq!((told("yes").unwrap(), told("no").unwrap(), told("").unwrap()), (Some(true), Some(false), None));
        assert!(told("T8").is_err());
    }

    #[test]
    fn a_series_uid_is_told_from_a_path() {
        assert!(is_uid("1.2.840.113619"));
        assert!(!is_uid("12") && !is_uid("1.2.nii"));
    }
}
