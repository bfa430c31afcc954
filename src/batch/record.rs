//! What is kept of a finished patient.

use super::failure::Failure;
use super::key::Key;
use crate::measure::rows::{ExamRows, Value};
use serde::{Deserialize, Serialize};
use std::io::{self, ErrorKind};

/// All rows of a patient.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Record {
    /// Pseudonym.
    pub patient: String,
    /// Folders for which files were made (`qc`, `masks`), or would have been.
    pub folders: Vec<String>,
    /// What each of its rows in the study table came to, in order.
    pub exams: Vec<Outcome>,
}

/// What a row of the study table came to.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was measured.
    Measured {
        /// Its rows.
        rows: ExamRows,
        /// Its files under the output folder, `qc/...`.
        files: Vec<String>,
    },
    /// Nothing could be measured.
    Failed(Failure),
}

impl Record {
    /// The payload of a frame: key, then JSON.
    pub fn encode(&self, key: Key) -> Vec<u8> {
        let json = serde_json::to_vec(self).expect("a record has text keys only and writes to memory");
        [&key.0[..], &json].concat()
    }

    /// Reads a payload back.
    ///
    /// # Errors
    /// `InvalidData` if it is no record.
    pub fn decode(payload: &[u8]) -> io::Result<Self> {
        let json = payload.get(key_len()..).ok_or(ErrorKind::InvalidData)?;
        serde_json::from_slice(json).map_err(|_| ErrorKind::InvalidData.into())
    }

    /// How many of its exams failed.
    pub fn failed(&self) -> usize {
        self.exams.iter().filter(|e| matches!(e, Outcome::Failed(_))).count()
    }

    /// Its files under the output folder.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.exams.iter().flat_map(|e| match e {
            Outcome::Measured { files, .. } => files.as_slice(),
            Outcome::Failed(_) => &[],
        })
    }
}

/// The key at the head of a payload.
pub fn key_of(payload: &[u8]) -> Option<Key> {
    payload.get(..key_len())?.try_into().ok().map(Key)
}

const fn key_len() -> usize {
    size_of::<Key>()
}

/// Whether every number is one: JSON and the CSV files know no other.
pub fn is_finite(rows: &ExamRows) -> bool {
    let slices = rows.slices.iter().flat_map(|s| s.cells.iter().flatten().copied().chain([s.z_mm]));
    let values = rows.exams.iter().filter_map(|e| match e.value {
        Some(Value::Number(n)) => Some(n),
        _ => None,
    });
    let spreads = rows.exams.iter().filter_map(|e| e.uncertainty);
    slices.chain(values).chain(spreads).all(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fault::TRUNCATED_FILE;
    use crate::measure::rows::SliceRow;

    #[test]
    fn a_record_comes_back_as_it_went() {
        let failure = Failure::new("image", TRUNCATED_FILE, "ends early;\ncopy it again");
        assert_eq!(failure.message, "ends early; copy it again");
        let slice =
            SliceRow { slice: 3, z_mm: -1.5, level: None, cells: vec![None, Some(0.1)], flags: vec!["x".into()] };
        let rows = ExamRows { slices: vec![slice], exams: vec![] };
        let exams = vec![Outcome::Failed(failure), Outcome::Measured { rows, files: vec!["qc/a.png".into()] }];
        let record = Record { patient: "a".into(), folders: vec!["qc".into()], exams };
        let payload = record.encode(Key([7; 32]));
        assert_eq!(key_of(&payload), Some(Key([7; 32])));
        assert_eq!(Record::decode(&payload).unwrap(), record);
        assert_eq!((record.failed(), record.files().count()), (1, 1));
        assert!(Record::decode(&payload[..40]).is_err() && key_of(&payload[..31]).is_none());
    }

    #[test]
    fn a_number_that_is_none_is_noticed() {
        let slice = SliceRow { slice: 0, z_mm: 0.0, level: None, cells: vec![Some(f64::NAN)], flags: vec![] };
        assert!(!is_finite(&ExamRows { slices: vec![slice], exams: vec![] }));
        assert!(is_finite(&ExamRows::default()));
    }
}
