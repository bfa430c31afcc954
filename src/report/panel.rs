//! The column of numbers beside the deciding slice.

use super::canvas::{Canvas, Frame};
use super::exam::{Exam, reasons};
use super::lettering::{BODY, BOLD, HUGE, SMALL, TINY, TITLE, Type, fitting};
use super::palette::{CHORD, Colour, FAINT, INK, PANEL};
use crate::measure::rows::{ExamRow, ExamRows, Status};

/// So many reasons are explained, further ones only named.
const TOLD: usize = 2;

/// Text set line under line in a frame; what does not fit is left out.
pub struct Column<'a> {
    canvas: &'a mut Canvas,
    frame: Frame,
    y: u32,
}

impl<'a> Column<'a> {
    /// An empty column on its own ground.
    pub fn new(canvas: &'a mut Canvas, frame: Frame) -> Self {
        canvas.fill(frame, PANEL);
        let frame = frame.inset(14);
        Self { canvas, y: frame.y, frame }
    }

    /// One line, cut to the width of the column.
    pub fn line(&mut self, text: &str, size: Type, colour: Colour) {
        if self.y + size.height() <= self.frame.bottom() {
            self.canvas.text(self.frame.x, self.y, &size.cut(text, self.frame.width), size, colour);
            self.y += size.height() + 2;
        }
    }

    /// As many lines as a text needs.
    pub fn paragraph(&mut self, text: &str, size: Type, colour: Colour) {
        for line in size.wrap(text, self.frame.width) {
            self.line(&line, size, colour);
        }
    }

    /// Empty space.
    pub fn space(&mut self, pixels: u32) {
        self.y += pixels;
    }

    /// What is left below.
    fn rest(&self) -> Frame {
        Frame { y: self.y, height: self.frame.bottom().saturating_sub(self.y), ..self.frame }
    }
}

/// Writes everything that decided, and returns the space left below.
pub fn write(canvas: &mut Canvas, frame: Frame, exam: &Exam<'_>, chord_mm: Option<f64>) -> Frame {
    let mut column = Column::new(canvas, frame);
    grade(&mut column, exam.rows);
    case(&mut column, exam.rows);
    this_slice(&mut column, exam, chord_mm);
    why_not(&mut column, exam.rows);
    remarks(&mut column, exam.rows);
    column.rest()
}

/// The grade, large, and how sure it is.
pub fn grade(column: &mut Column<'_>, rows: &ExamRows) {
    column.line("BORIANI GRADE", SMALL, FAINT);
    let row = rows.exam("boriani_grade");
    match row.and_then(ExamRow::class) {
        Some(grade) => column.line(grade, HUGE, INK),
        None if row.is_some() => column.line("not evaluable", fitting(&[TITLE, BOLD], "not evaluable", 256), CHORD),
        None => column.line("not asked for", BODY, FAINT),
    }
    if row.is_some_and(|r| r.status == Status::Borderline) {
        column.line("borderline", BOLD, CHORD);
    }
    let feasible = row.and_then(|r| r.flags.iter().find_map(|f| f.strip_prefix("feasible:")));
    if let Some(grades) = feasible {
        column.line(&format!("still possible: {}", grades.replace('|', " or ")), BOLD, INK);
    }
    column.space(8);
}

fn case(column: &mut Column<'_>, rows: &ExamRows) {
    let class = |measure| rows.exam(measure).and_then(ExamRow::class).unwrap_or_default().replace('_', " ");
    measure(column, "RIM COVERAGE", rows.exam("rim_coverage"), |v| format!("{v:.2}  {}", class("rim")));
    measure(column, "OSSIFIED FRACTION", rows.exam("ossified_fraction"), |v| format!("{v:.2}  {}", class("interior")));
    let diameter = rows.exam("max_diameter");
    let place = diameter.and_then(|r| r.slice).map(|s| format!("  slice {s}")).unwrap_or_default();
    measure(column, "LARGEST DIAMETER", diameter, |v| format!("{v:.1} mm{place}"));
}

/// A measure under its heading; nothing where it was not asked for.
pub fn measure(column: &mut Column<'_>, heading: &str, row: Option<&ExamRow>, text: impl Fn(f64) -> String) {
    let Some(row) = row else { return };
    let remark = if row.status == Status::Borderline { ", BORDERLINE" } else { "" };
    column.line(&format!("{heading}{remark}"), SMALL, FAINT);
    match (row.number(), row.class()) {
        (Some(value), _) => column.line(&text(value), BOLD, INK),
        (None, Some(class)) => column.line(class, BOLD, INK),
        (None, None) => column.line("not evaluable", BOLD, CHORD),
    }
    column.space(5);
}

fn this_slice(column: &mut Column<'_>, exam: &Exam<'_>, chord_mm: Option<f64>) {
    let k = exam.deciding();
    let (here, all) = (&exam.outlines[k], exam.slices());
    column.space(4);
    column.line(&format!("SLICE {} OF {} TO {}", here.slice, all.start(), all.end()), SMALL, FAINT);
    let gap = exam.rim(k).and_then(|rim| rim.gap_mm);
    let parts = [
        exam.coverage(k).map(|c| format!("coverage {c:.2}")),
        gap.map(|mm| format!("longest gap {mm:.1} mm")),
        exam.fraction(k).map(|f| format!("ossified {f:.2}")),
        chord_mm.map(|mm| format!("diameter {mm:.1} mm")),
    ];
    for part in parts.iter().flatten() {
        column.line(part, BODY, INK);
    }
    column.space(8);
}

/// Why numbers are missing, and what to do about it.
pub fn why_not(column: &mut Column<'_>, rows: &ExamRows) {
    let reasons = reasons(rows);
    let (told, named) = reasons.split_at(reasons.len().min(TOLD));
    for reason in told {
        column.paragraph(reason.code, BOLD, CHORD);
        column.paragraph(reason.about, SMALL, INK);
        column.paragraph(&format!("Remedy: {}.", reason.remedy), SMALL, INK);
        column.space(6);
    }
    if !named.is_empty() {
        let codes: Vec<&str> = named.iter().map(|r| r.code).collect();
        column.paragraph(&format!("Also: {}", codes.join(", ")), SMALL, INK);
    }
}

/// Flags of the grade, or of everything where it was not asked for.
pub fn remarks(column: &mut Column<'_>, rows: &ExamRows) {
    let of_grade = rows.exam("boriani_grade").map(|r| r.flags.clone());
    let mut flags = of_grade.unwrap_or_else(|| rows.exams.iter().flat_map(|r| r.flags.clone()).collect());
    flags.retain(|f| !f.starts_with("feasible:"));
    flags.sort();
    flags.dedup();
    if !flags.is_empty() {
        column.line("FLAGS", SMALL, FAINT);
        column.paragraph(&flags.join(", "), if flags.len() > 8 { TINY } else { SMALL }, INK);
        column.space(8);
    }
}
