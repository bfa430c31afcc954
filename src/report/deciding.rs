//! `{stem}.png`: the slice that decides, and the numbers that decided.

use super::canvas::{Canvas, Frame, Pen};
use super::exam::Exam;
use super::lettering::{BODY, BOLD, SMALL, TINY, TITLE, fitting};
use super::palette::{FAINT, GROUND, INK, OSSIFIED};
use super::view::{LEVEL_HU, WINDOW_HU};
use super::{marks, panel};
use crate::measure::rows::ExamRows;
use crate::ops::rim::Cover;

/// Pixels across a deciding slice with its numbers.
pub const WIDTH: u32 = 960;
/// Pixels down.
pub const HEIGHT: u32 = 724;
/// Where the slice stands.
pub const IMAGE: Frame = Frame { x: 12, y: 56, width: 640, height: 600 };
/// Where the numbers stand.
pub const NUMBERS: Frame = Frame { x: 664, y: 56, width: 284, height: 600 };
/// What there is to read where there is nothing to see.
const CARD: Frame = Frame { x: 12, y: 56, width: 936, height: 300 };
/// The plain image beside the drawn one is shown if it can have this height.
const PLAIN_LEAST: u32 = 110;

/// How to look at a slice.
pub const ORIENTATION: &str = "Patient's left is on the right.";
/// What every picture says at its lower edge.
pub const DISCLAIMER: &str = "Research use only. Not a medical device.";

/// Draws the deciding slice.
pub fn picture(exam: &Exam<'_>, title: &str) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, GROUND);
    let (view, k) = (exam.view(IMAGE), exam.deciding());
    heading(&mut canvas, title);
    exam.paint(&mut canvas, &view, k, 3.2);
    let chord = marks::longest_chord(&exam.outlines[k]);
    if let Some(chord) = &chord {
        marks::chord(&mut canvas, &view, chord);
    }
    marks::scale_bar(&mut canvas, &view);
    marks::directions(&mut canvas, &view, BOLD);
    window(&mut canvas, IMAGE, &window_text());
    let rest = panel::write(&mut canvas, NUMBERS, exam, chord.map(|c| c.length_mm()));
    plain(&mut canvas, rest, exam, k);
    let end = legend(&mut canvas, IMAGE.x, IMAGE.bottom() + 12);
    key(&mut canvas, end, IMAGE.bottom() + 12, &marks::CHORD_PEN, "longest diameter");
    footer(&mut canvas, ORIENTATION);
    canvas
}

/// Says why there is no image to show.
pub fn without_image(title: &str, rows: &ExamRows) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, CARD.bottom() + 36, GROUND);
    heading(&mut canvas, title);
    let mut column = panel::Column::new(&mut canvas, CARD);
    panel::grade(&mut column, rows);
    column.line("No slice can be shown.", BODY, INK);
    column.space(12);
    panel::why_not(&mut column, rows);
    footer(&mut canvas, "");
    canvas
}

/// Writes the title as large as it fits.
pub fn heading(canvas: &mut Canvas, title: &str) {
    let room = canvas.frame().width - 24;
    let size = fitting(&[TITLE, BOLD, SMALL, TINY], title, room);
    canvas.text(12, 28 - size.height() / 2, &size.cut(title, room), size, INK);
}

/// Writes a remark into the lower left corner, and the disclaimer into the right.
pub fn footer(canvas: &mut Canvas, remark: &str) {
    let all = canvas.frame();
    let y = all.height - SMALL.height() - 6;
    canvas.text(12, y, remark, SMALL, FAINT);
    canvas.text(all.width - 12 - SMALL.width(DISCLAIMER), y, DISCLAIMER, SMALL, INK);
}

/// Says which window the image is shown in.
pub fn window(canvas: &mut Canvas, within: Frame, text: &str) {
    let (x, y) = (within.right() - BODY.width(text) - 18, within.bottom() - BODY.height() - 12);
    marks::plated(canvas, within, x, y, text, BODY, INK);
}

/// `bone W 1500 L 300 HU`
pub fn window_text() -> String {
    format!("bone W {WINDOW_HU} L {LEVEL_HU} HU")
}

/// The same slice without anything drawn over it, where there is room.
fn plain(canvas: &mut Canvas, room: Frame, exam: &Exam<'_>, k: usize) {
    let caption = SMALL.height() + 4;
    if room.height < PLAIN_LEAST + caption {
        return;
    }
    let side = room.width.min(room.height - caption);
    let frame = Frame { y: room.bottom() - side, width: room.width, height: side, ..room };
    canvas.text(room.x, frame.y - caption, "SAME SLICE, NOTHING DRAWN", SMALL, FAINT);
    exam.paint_plain(canvas, &exam.view(frame), k);
}

/// Explains colours and lines; returns where it ends.
pub fn legend(canvas: &mut Canvas, x: u32, y: u32) -> u32 {
    let covers = [(Cover::Covered, "rim bone"), (Cover::Uncovered, "no rim bone"), (Cover::Unevaluable, "not judged")];
    let mut x = x;
    for (cover, text) in covers {
        x = key(canvas, x, y, &marks::pen(cover, 4.0), text);
    }
    let [r, g, b, _] = OSSIFIED;
    canvas.fill(Frame { x, y: y + 2, width: 28, height: 14 }, [r, g, b, 255]);
    label(canvas, x + 36, y, "ossified interior")
}

/// One kind of line with its meaning; returns where it ends.
pub fn key(canvas: &mut Canvas, x: u32, y: u32, pen: &Pen, text: &str) -> u32 {
    let middle = f64::from(y + BODY.height() / 2);
    canvas.line(&[[f64::from(x), middle], [f64::from(x + 40), middle]], false, pen);
    label(canvas, x + 48, y, text)
}

fn label(canvas: &mut Canvas, x: u32, y: u32, text: &str) -> u32 {
    canvas.text(x, y, text, BODY, INK);
    x + BODY.width(text) + 18
}
