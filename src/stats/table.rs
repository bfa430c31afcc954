//! A table of measures: `exams.csv` of a run, or any table of patient, timepoint, modality, measure and value.

use crate::batch::study::ExamName;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// What a value was read of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The measure.
    pub measure: String,
    /// Patient, timepoint, modality, series, lesion.
    pub exam: [String; 5],
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// As written; `None` if it was not evaluable.
    pub value: Option<String>,
    /// As written; empty if there is no such column.
    pub unit: String,
    /// Why there is no value, as written; empty if there is no such column.
    pub reason: String,
    /// Remarks joined by `;`, as written; empty if there is no such column.
    pub flags: String,
    /// Whether the value is near a limit.
    pub borderline: bool,
    /// Line of the table, from 1.
    pub line: u64,
}

/// All values of a table.
pub type Table = BTreeMap<Key, Entry>;

/// Why a table cannot be used; each names it. No cell is repeated but names of columns and measures.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// No such file, or not to be read.
    #[error("{0} cannot be read: {kind}; give the path of a CSV file that you may read", kind = .1.kind())]
    Unreadable(&'static str, #[source] io::Error),
    /// Another encoding.
    #[error("{0} is not UTF-8: save it as CSV UTF-8")]
    NotUtf8(&'static str),
    /// Another separator.
    #[error("{0} is not separated by commas: save it with commas")]
    NotCommas(&'static str),
    /// Nothing to compare.
    #[error("{0} has no rows: it needs a header and a row for each value")]
    Empty(&'static str),
    /// A required column is not there.
    #[error("{0} has no column `{1}`: it needs patient, timepoint, modality, measure and value")]
    MissingColumn(&'static str, &'static str),
    /// A row is longer or shorter than the header.
    #[error("{0}, line {1}: another number of cells than the header has: check commas and quotes")]
    Ragged(&'static str, u64),
    /// Two rows say something of the same.
    #[error("{0}, lines {1} and {2} have the same patient, timepoint, modality, series, lesion and measure: keep one")]
    Twice(&'static str, u64, u64),
}

/// Columns of the key with what stands in for an absent column or an empty cell; `None` if it must be there.
const EXAM: [(&str, Option<&str>); 5] = [
    ("patient", None),
    ("timepoint", None),
    ("modality", None),
    ("series", Some(ExamName::SERIES)),
    ("lesion", Some(ExamName::LESION)),
];

/// Reads a table from a file.
///
/// # Errors
/// If it cannot be used, with the line and the remedy.
pub fn read(path: &Path, name: &'static str) -> Result<Table, TableError> {
    let bytes = std::fs::read(path).map_err(|e| TableError::Unreadable(name, e))?;
    parse(&bytes, name)
}

/// Reads the text of a table.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], name: &'static str) -> Result<Table, TableError> {
    let (mut csv, mut lines) = records(bytes).ok_or(TableError::NotUtf8(name))?;
    let columns = Columns::of(csv.headers().map_err(|e| TableError::Ragged(name, lines.at(e.position())))?, name)?;
    let mut table = Table::new();
    for record in csv.records() {
        let record = record.map_err(|e| TableError::Ragged(name, lines.at(e.position())))?;
        let line = lines.at(record.position());
        if let Some(earlier) = table.insert(columns.key(&record), columns.entry(&record, line)) {
            return Err(TableError::Twice(name, earlier.line, line));
        }
    }
    if table.is_empty() { Err(TableError::Empty(name)) } else { Ok(table) }
}

/// The records of a text with a header, and their lines; `None` if it is not UTF-8.
pub fn records(bytes: &[u8]) -> Option<(csv::Reader<&[u8]>, Lines<'_>)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Some((csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes()), Lines::of(text)))
}

/// Where a column stands, whatever its case.
pub fn column(header: &csv::StringRecord, name: &str) -> Option<usize> {
    header.iter().position(|there| there.eq_ignore_ascii_case(name))
}

/// Line numbers of records that come in order: the text is walked once.
pub struct Lines<'a> {
    text: &'a [u8],
    byte: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// Before the first record.
    pub fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), byte: 0, line: 1 }
    }

    /// The line where a record starts, no earlier than the one asked before; blank lines before it are not part of it.
    pub fn at(&mut self, position: Option<&csv::Position>) -> u64 {
        let from = position.map_or(self.byte, |p| p.byte() as usize).clamp(self.byte, self.text.len());
        let blank = self.text[from..].iter().take_while(|b| matches!(b, b'\n' | b'\r')).count();
        self.line += self.text[self.byte..from + blank].iter().filter(|&&b| b == b'\n').count() as u64;
        self.byte = from + blank;
        self.line
    }
}

/// The columns that name an exam.
pub const EXAM_COLUMNS: [&str; 5] = [EXAM[0].0, EXAM[1].0, EXAM[2].0, EXAM[3].0, EXAM[4].0];

/// The exam that a record is of; `columns` are the places of [`EXAM_COLUMNS`].
pub fn exam_of(record: &csv::StringRecord, columns: [Option<usize>; 5]) -> [String; 5] {
    let cell = |i: usize| {
        let written = columns[i].map_or("", |at| &record[at]);
        if written.is_empty() { EXAM[i].1.unwrap_or_default() } else { written }.to_owned()
    };
    let mut exam = [0, 1, 2, 3, 4].map(cell);
    exam[2].make_ascii_uppercase();
    exam
}

/// Where the columns stand.
struct Columns {
    exam: [Option<usize>; 5],
    measure: usize,
    value: usize,
    unit: Option<usize>,
    status: Option<usize>,
    reason: Option<usize>,
    flags: Option<usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord, name: &'static str) -> Result<Self, TableError> {
        if header.len() == 1 && header[0].contains([';', '\t']) {
            return Err(TableError::NotCommas(name));
        }
        let find = |name: &str| column(header, name);
        let must = |column| find(column).ok_or(TableError::MissingColumn(name, column));
        for (column, _) in EXAM.iter().filter(|(_, stand_in)| stand_in.is_none()) {
            must(column)?;
        }
        let exam = EXAM.map(|(column, _)| find(column));
        let (measure, value) = (must("measure")?, must("value")?);
        let [unit, status, reason, flags] = ["unit", "status", "reason", "flags"].map(find);
        Ok(Self { exam, measure, value, unit, status, reason, flags })
    }

    fn key(&self, record: &csv::StringRecord) -> Key {
        Key { measure: record[self.measure].to_owned(), exam: exam_of(record, self.exam) }
    }

    fn entry(&self, record: &csv::StringRecord, line: u64) -> Entry {
        let cell = |at: Option<usize>| at.map_or("", |at| &record[at]);
        let text = |at: Option<usize>| cell(at).to_owned();
        let refused = cell(self.status) == "not_evaluable";
        let value = Some(&record[self.value]).filter(|v| !v.is_empty() && !refused).map(str::to_owned);
        let borderline = cell(self.status) == "borderline";
        Entry { value, unit: text(self.unit), reason: text(self.reason), flags: text(self.flags), borderline, line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMS: &str = "patient,timepoint,modality,series,lesion,measure,value,unit,uncertainty,slice,status,reason,flags\n\
                         P1,pre,CT,main,1,rim,complete,,0.1,3,ok,,\n\
                         P1,post,CT,main,1,rim,,,,,not_evaluable,metal,metal\n";

    #[test]
    fn both_forms_give_the_same_keys() {
        let exams = parse(EXAMS.as_bytes(), "table A").unwrap();
        let plain = "\u{feff}Patient, Timepoint, Modality, Measure, Value\nP1, pre, ct, rim, complete\n";
        let plain = parse(plain.as_bytes(), "table B").unwrap();
        let (key, entry) = plain.iter().next().unwrap();
        assert_eq!(exams[key].value, entry.value);
        assert_eq!(exams.values().filter(|e| e.value.is_none()).count(), 1);
        assert_eq!(entry.line, 2);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let said = |text: &str| parse(text.as_bytes(), "table B").unwrap_err().to_string();
        let head = "patient,timepoint,modality,measure,value\n";
        let twice = format!("{head}P,pre,CT,rim,none\n\nP,pre,CT,rim,complete\n");
        assert!(said(&twice).starts_with("table B, lines 2 and 4 have the same patient"), "{}", said(&twice));
        assert!(said("patient,timepoint,modality,measure\n").contains("has no column `value`"));
        assert!(said("patient;timepoint\n").contains("commas"));
        assert!(said(head).contains("no rows"));
        assert!(said(&format!("{head}P,pre,CT\n")).contains("line 2: another number of cells"));
        assert!(parse(b"\xff\xfe", "table A").unwrap_err().to_string().contains("table A is not UTF-8"));
        let missing = read(Path::new("/nowhere/at/all.csv"), "table A").unwrap_err().to_string();
        assert!(missing.contains("entity not found") && !missing.contains("nowhere"), "{missing}");
    }
}
