//! From a finished board to rows: every wanted measure has a row, whatever its status.

use super::rows::{ExamRow, ExamRows, SliceRow, Status, Value};
use super::settings::Settings;
use super::{Answer, Board, Column, Flag, Measure, Modality, Reading, Refusal, columns, keys, measures};

/// The rows of one exam; `wants` says which measures were asked for.
pub fn rows(board: &Board, modality: Modality, settings: &Settings, wants: &dyn Fn(&str) -> bool) -> ExamRows {
    let exams = measures(modality).filter(|m| wants(m.name)).map(|m| exam_row(board, m, settings)).collect();
    ExamRows { slices: slice_rows(board, modality, wants), exams }
}

/// Whether a column is filled: one of its file's measures is wanted.
pub fn fills(column: &Column, wants: &dyn Fn(&str) -> bool) -> bool {
    let file = super::MEASUREMENTS.iter().find(|m| m.columns.iter().any(|c| std::ptr::eq(c, column)));
    file.is_some_and(|m| m.measures.iter().any(|measure| wants(measure.name)))
}

fn exam_row(board: &Board, measure: &Measure, settings: &Settings) -> ExamRow {
    let outcome = match board.first_refusal(measure.reads) {
        Some(refusal) => Err(refusal),
        None => (measure.compute)(&board.view(measure.reads, measure.looks_at), settings),
    };
    let mut flags = board.flags_of(measure.reads);
    flags.extend(board.flags_of(measure.looks_at));
    let row = ExamRow {
        measure: measure.name.into(),
        unit: measure.unit.into(),
        status: Status::NotEvaluable,
        value: None,
        uncertainty: None,
        slice: None,
        reason: None,
        flags: Vec::new(),
    };
    match outcome {
        Ok(reading) => with_reading(row, reading, flags),
        Err(refusal) => with_refusal(row, refusal, flags),
    }
}

fn with_reading(row: ExamRow, reading: Reading, mut flags: Vec<Flag>) -> ExamRow {
    flags.extend(reading.flags);
    let value = match reading.answer {
        Answer::Number(n) => Value::Number(n),
        Answer::Class(c) => Value::Class(c.into()),
    };
    let status = if reading.borderline { Status::Borderline } else { Status::Ok };
    ExamRow {
        status,
        value: Some(value),
        uncertainty: reading.uncertainty,
        slice: reading.slice,
        flags: texts(flags),
        ..row
    }
}

fn with_refusal(row: ExamRow, refusal: Refusal, mut flags: Vec<Flag>) -> ExamRow {
    flags.extend(refusal.flags);
    ExamRow { reason: Some(refusal.reason.code.into()), flags: texts(flags), ..row }
}

fn texts(mut flags: Vec<Flag>) -> Vec<String> {
    flags.sort();
    flags.dedup();
    flags.into_iter().map(|f| f.0.into_owned()).collect()
}

fn slice_rows(board: &Board, modality: Modality, wants: &dyn Fn(&str) -> bool) -> Vec<SliceRow> {
    let needs = &[keys::SLICES.name, keys::LEVELS.name];
    if board.first_refusal(needs).is_some() {
        return Vec::new();
    }
    let view = board.view(needs, &[]);
    let places = view.get(&keys::SLICES).iter().zip(view.get(&keys::LEVELS)).enumerate();
    let columns: Vec<(&Column, bool)> = columns(modality).map(|c| (c, fills(c, wants))).collect();
    places
        .map(|(k, (place, level))| {
            let (cells, flags) = columns
                .iter()
                .map(|&(c, filled)| if filled { cell(board, c, k) } else { (None, Vec::new()) })
                .unzip::<_, _, Vec<_>, Vec<_>>();
            let flags = texts(flags.concat());
            SliceRow { slice: place.slice, z_mm: place.z_mm, level: level.clone(), cells, flags }
        })
        .collect()
}

fn cell(board: &Board, column: &Column, k: usize) -> (Option<f64>, Vec<Flag>) {
    if let Some(refusal) = board.first_refusal(column.reads) {
        return (None, vec![Flag(refusal.reason.code.into())]);
    }
    let view = board.view(column.reads, &[]);
    ((column.cell)(&view, k), (column.flags)(&view, k))
}
