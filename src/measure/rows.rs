//! The rows that an exam ends in, as they are kept in records and projected into the CSV files.

use serde::{Deserialize, Serialize};

/// Everything one row of the study table came to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ExamRows {
    /// Rows of the slice table, upwards.
    pub slices: Vec<SliceRow>,
    /// Rows of `exams.csv`, in the order of the registry.
    pub exams: Vec<ExamRow>,
}

/// A row of `slices_ct.csv` or `slices_mr.csv`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct SliceRow {
    /// Slice of the whole image, from 0 upwards.
    pub slice: usize,
    /// Its centre along the axial normal, LPS mm.
    pub z_mm: f64,
    /// Vertebral level, where known.
    pub level: Option<String>,
    /// The registered columns, in order.
    pub cells: Vec<Option<f64>>,
    /// Remarks, sorted.
    pub flags: Vec<String>,
}

/// A row of `exams.csv`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ExamRow {
    /// Name of the measure.
    pub measure: String,
    /// Its unit.
    pub unit: String,
    /// Whether there is a value.
    pub status: Status,
    /// The value; absent exactly when not evaluable.
    pub value: Option<Value>,
    /// One standard deviation, where known.
    pub uncertainty: Option<f64>,
    /// The slice that decided.
    pub slice: Option<usize>,
    /// Why there is no value.
    pub reason: Option<String>,
    /// Remarks, sorted.
    pub flags: Vec<String>,
}

/// Whether a measure has a value, and how sure its class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A value.
    Ok,
    /// A value near a limit: a person should look.
    Borderline,
    /// No value; the reason says why.
    NotEvaluable,
}

impl Status {
    /// As `exams.csv` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Borderline => "borderline",
            Self::NotEvaluable => "not_evaluable",
        }
    }
}

/// A number or a class, as text.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A number in the unit of the measure.
    Number(f64),
    /// One of the measure's classes.
    Class(String),
}

impl ExamRows {
    /// The row of a measure.
    pub fn exam(&self, measure: &str) -> Option<&ExamRow> {
        self.exams.iter().find(|row| row.measure == measure)
    }
}

impl ExamRow {
    /// The value as a number.
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Some(Value::Number(n)) => Some(n),
            _ => None,
        }
    }

    /// The value as a class.
    pub fn class(&self) -> Option<&str> {
        match &self.value {
            Some(Value::Class(c)) => Some(c),
            _ => None,
        }
    }
}
