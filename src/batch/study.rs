//! The study table: which images, structures and facts make up each exam, and which exams a patient has.

use crate::io::acquisition::Acquisition;
use crate::measure::Modality;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

mod cell;
pub mod structures;
mod table;

pub use structures::Structure;
use table::Line;

/// A study table that can be used.
#[derive(Clone, Debug)]
pub struct Study {
    /// The folder that relative paths start from.
    pub base: PathBuf,
    /// Its rows, in order.
    pub rows: Vec<Row>,
    /// Its patients, by first appearance.
    pub patients: Vec<Patient>,
}

/// All rows with one pseudonym: the unit of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Patient {
    /// The pseudonym.
    pub name: String,
    /// Its rows, as indices into [`Study::rows`].
    pub rows: Vec<usize>,
}

/// One image and lesion.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its line in the table, from 1.
    pub line: u64,
    /// Which exam it is.
    pub exam: ExamName,
    /// The image; `None` if the cell is empty.
    pub image: Option<ImageFile>,
    /// Its structures, in order.
    pub structures: Vec<Structure>,
    /// Its prompt files.
    pub prompts: Vec<PathBuf>,
    /// The vertebral level.
    pub level: Option<String>,
    /// What the table says of how the image was made.
    pub given: Acquisition,
    /// Hash over its cells.
    pub digest: [u8; 32],
}

/// An image as the table names it.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageFile {
    /// A file or a folder.
    pub path: PathBuf,
    /// Which series of the folder.
    pub series_uid: Option<String>,
}

/// The key of a row; everything written about it is named after it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExamName {
    /// Pseudonym.
    pub patient: String,
    /// `pre`, `post`, ...
    pub timepoint: String,
    /// The branch it is measured in.
    pub modality: Modality,
    /// Tells apart several images; [`ExamName::SERIES`] by default.
    pub series: String,
    /// Tells apart several lesions; [`ExamName::LESION`] by default.
    pub lesion: String,
}

impl ExamName {
    /// The series where the table names none.
    pub const SERIES: &str = "main";
    /// The lesion where the table names none.
    pub const LESION: &str = "1";

    /// What its files are called: `{patient}_{timepoint}_{modality}`, then series and lesion where not the default.
    pub fn stem(&self) -> String {
        let mut stem = format!("{}_{}_{}", self.patient, self.timepoint, self.modality.name());
        for part in [(&self.series, Self::SERIES), (&self.lesion, Self::LESION)] {
            if part.0 != part.1 {
                stem += "_";
                stem += part.0;
            }
        }
        stem
    }

    /// The first five cells of every line about it.
    pub fn cells(&self) -> [&str; 5] {
        [&self.patient, &self.timepoint, self.modality.name(), &self.series, &self.lesion]
    }
}

/// Why a study table cannot be used. No cell is repeated: it may hold what a site must not log.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// No such file, or not to be read.
    #[error("the study table cannot be read: {}; give the path of a CSV file that you may read", .0.kind())]
    Unreadable(#[source] io::Error),
    /// Another encoding.
    #[error("the study table is not UTF-8 (line {line}): save it as CSV UTF-8")]
    NotUtf8 {
        /// First line that is not.
        line: u64,
    },
    /// Another separator.
    #[error("the study table is not separated by commas: save it with commas")]
    NotCommas,
    /// Nothing to do.
    #[error("the study table has no rows: it needs a header and a row for each image and lesion")]
    Empty,
    /// A required column is not there.
    #[error("the study table has no column `{0}`: it needs patient, timepoint, modality, image and structures")]
    MissingColumn(&'static str),
    /// A column is almost a known one.
    #[error("column {at} of the study table is not known: did you mean `{known}`?")]
    MisspeltColumn {
        /// Which column, from 1.
        at: usize,
        /// What it resembles.
        known: &'static str,
    },
    /// A column is there twice.
    #[error("column `{0}` is twice in the study table: remove one")]
    DoubledColumn(&'static str),
    /// A row is longer or shorter than the header.
    #[error("line {line} has {got} cells, the header has {want}: check commas and quotes")]
    Ragged {
        /// The line.
        line: u64,
        /// Its cells.
        got: usize,
        /// The header's cells.
        want: usize,
    },
    /// A cell is not what its column allows.
    #[error("line {line}, {column}: {problem}")]
    Cell {
        /// The line.
        line: u64,
        /// The column, with the place in it.
        column: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Two rows cannot be told apart.
    #[error("lines {first} and {second} have {what}: {remedy}")]
    Clash {
        /// The first line.
        first: u64,
        /// The second.
        second: u64,
        /// What they share.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
}

impl StudyError {
    fn cell(line: u64, column: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Cell { line, column: column.into(), problem: problem.into() }
    }
}

/// Reads a study table; relative paths in it start from its folder.
///
/// # Errors
/// If it cannot be used: all of design.md 2 that makes a table useless, with the line and the remedy.
pub fn read(path: &Path) -> Result<Study, StudyError> {
    let bytes = std::fs::read(path).map_err(StudyError::Unreadable)?;
    parse(&bytes, path.parent().unwrap_or(Path::new("")))
}

/// Reads the text of a study table whose relative paths start from `base`.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], base: &Path) -> Result<Study, StudyError> {
    let rows = table::lines(bytes)?.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    unique_keys(&rows)?;
    unique_stems(&rows)?;
    let patients = patients(&rows);
    Ok(Study { base: base.to_path_buf(), rows, patients })
}

fn row(line: &Line) -> Result<Row, StudyError> {
    let prompts = line.cell("prompts").split(';').map(str::trim).filter(|p| !p.is_empty());
    Ok(Row {
        line: line.number,
        exam: cell::exam(line)?,
        image: cell::image(line),
        structures: structures::parse(line)?,
        prompts: prompts.map(PathBuf::from).collect(),
        level: cell::word(line, "level")?,
        given: cell::acquisition(line)?,
        digest: line.digest(),
    })
}

fn unique_keys(rows: &[Row]) -> Result<(), StudyError> {
    let mut seen = HashMap::new();
    for row in rows {
        if let Some(first) = seen.insert(&row.exam, row.line) {
            let what = "the same patient, timepoint, modality, series and lesion";
            return Err(StudyError::Clash {
                first,
                second: row.line,
                what,
                remedy: "tell them apart by series or lesion",
            });
        }
    }
    Ok(())
}

/// Every exam owns `{stem}` and `{stem}_sheet`, on file systems that ignore case too.
fn unique_stems(rows: &[Row]) -> Result<(), StudyError> {
    let mut seen: HashMap<String, u64> = HashMap::new();
    for row in rows {
        let stem = row.exam.stem().to_lowercase();
        for name in [format!("{stem}_sheet"), stem] {
            if let Some(&first) = seen.get(&name) {
                let what = "the same file names";
                return Err(StudyError::Clash { first, second: row.line, what, remedy: "rename one of the two" });
            }
            seen.insert(name, row.line);
        }
    }
    Ok(())
}

fn patients(rows: &[Row]) -> Vec<Patient> {
    let mut found: Vec<Patient> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (i, row) in rows.iter().enumerate() {
        let name = &row.exam.patient;
        let place = *places.entry(name).or_insert_with(|| {
            found.push(Patient { name: name.clone(), rows: Vec::new() });
            found.len() - 1
        });
        found[place].rows.push(i);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "patient,timepoint,modality,series,lesion,image,structures,kvp,contrast";

    fn study(rows: &[&str]) -> Study {
        parse(format!("{HEAD}\n{}\n", rows.join("\n")).as_bytes(), Path::new("/t")).map_err(|e| e.to_string()).unwrap()
    }

    fn error(table: impl AsRef<[u8]>) -> String {
        parse(table.as_ref(), Path::new("")).unwrap_err().to_string()
    }

    #[test]
    fn patients_come_by_first_appearance_with_their_rows() {
        let s = study(&["b,pre,CT,,,i#1.2.3,tumour=t,,", "a,pre,CT,,,i,tumour=t,100,yes", "b,post,CT,,,,,,no"]);
        assert_eq!(s.patients[0], Patient { name: "b".into(), rows: vec![0, 2] });
        assert_eq!(s.patients[1].rows, [1]);
        assert_eq!(s.rows[0].image.as_ref().unwrap().series_uid.as_deref(), Some("1.2.3"));
        assert_eq!((s.rows[1].given.kvp, s.rows[1].given.contrast), (Some(100.0), Some(true)));
        assert_eq!((s.rows[2].line, s.rows[2].image.is_none()), (4, true));
        assert_eq!(s.rows[0].exam.cells(), ["b", "pre", "CT", "main", "1"]);
    }

    #[test]
    fn stems_name_only_what_is_not_default() {
        let s = study(&["a,pre,CT,,,i,,,", "a,pre,CT,bone,,i,,,", "a,pre,MR,main,2,i,,,"]);
        let stems: Vec<_> = s.rows.iter().map(|r| r.exam.stem()).collect();
        assert_eq!(stems, ["a_pre_CT", "a_pre_CT_bone", "a_pre_MR_2"]);
    }

    #[test]
    fn a_table_that_cannot_be_used_is_answered_in_one_line() {
        let with = |rows: &str| format!("{HEAD}\n{rows}");
        let name = "must be 1 to 64 letters, digits, `.`, `_` or `-`, the first a letter or digit, without `..`";
        let cases = [
            (String::new(), "the study table has no rows: it needs a header and a row for each image and lesion".into()),
            (with(""), "the study table has no rows: it needs a header and a row for each image and lesion".into()),
            ("patient;timepoint\na;b\n".into(), "the study table is not separated by commas: save it with commas".into()),
            (
                "patient,timepoint,image,structures\na,b,c,d\n".into(),
                "the study table has no column `modality`: it needs patient, timepoint, modality, image and structures".into(),
            ),
            (
                "patient,timepoint,modalty,image,structures\n".into(),
                "column 3 of the study table is not known: did you mean `modality`?".into(),
            ),
            (
                "Patient,timepoint,modality,image,structures\n".into(),
                "column 1 of the study table is not known: did you mean `patient`?".into(),
            ),
            (format!("{HEAD},image\n"), "column `image` is twice in the study table: remove one".into()),
            (with("a,pre,CT\n"), "line 2 has 3 cells, the header has 9: check commas and quotes".into()),
            (with("a,pre,CT,,,i,,,\n../x,pre,CT,,,i,,,\n"), format!("line 3, patient: {name}")),
            (with("-x,pre,CT,,,i,,,\n"), format!("line 2, patient: {name}")),
            (with("a,,CT,,,i,,,\n"), format!("line 2, timepoint: {name}")),
            (with("a,pre,PT,,,i,,,\n"), "line 2, modality: must be CT or MR".into()),
            (with("a,pre,CT,a b,,i,,,\n"), "line 2, series: must be 1 to 16 letters or digits".into()),
            (
                with("a,pre,CT,,,i,,-1,\n"),
                "line 2, kvp: must be a number above 0, with a decimal point".into(),
            ),
            (with("a,pre,CT,,,i,,,maybe\n"), "line 2, contrast: must be yes or no".into()),
            (with("a,pre,CT,,,i\u{7}i,,,\n"), "line 2, image: holds a control character: remove it".into()),
            (
                with("a,pre,CT,,,i,,,\na,post,CT,,,i,,,\na,pre,CT,main,1,i,,,\n"),
                "lines 2 and 4 have the same patient, timepoint, modality, series and lesion: tell them apart by series or lesion".into(),
            ),
            (
                with("a,pre,CT,,,i,,,\nA,pre,CT,,,i,,,\n"),
                "lines 2 and 3 have the same file names: rename one of the two".into(),
            ),
            (
                with("a,pre,CT,2,,i,,,\na,pre,CT,,2,i,,,\n"),
                "lines 2 and 3 have the same file names: rename one of the two".into(),
            ),
            (
                with("a,pre,CT,,,i,,,\na,pre,CT,sheet,,i,,,\n"),
                "lines 2 and 3 have the same file names: rename one of the two".into(),
            ),
        ];
        for (table, expected) in cases {
            assert_eq!(error(table), expected);
        }
        assert_eq!(error(b"patient\n\xff\xfe\n"), "the study table is not UTF-8 (line 2): save it as CSV UTF-8");
        assert_eq!(
            read(Path::new("/no/such/table")).unwrap_err().to_string(),
            "the study table cannot be read: entity not found; give the path of a CSV file that you may read"
        );
    }
}
