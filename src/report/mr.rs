//! The pictures of an MR exam: outlines of tumour, canal and cord on the slice that decides, and on all slices.

use super::canvas::{Canvas, Frame, Pen};
use super::deciding::{HEIGHT, IMAGE, NUMBERS, ORIENTATION, WIDTH, footer, heading, key, window};
use super::lettering::{BODY, BOLD, SMALL};
use super::palette::{CANAL, CORD, CYST, Colour, FAINT, GROUND, HALO, INK, PANEL, TUMOUR};
use super::view::{View, Window};
use super::{marks, panel, sheet};
use crate::measure::board::Board;
use crate::measure::keys::{AXIAL_IMAGE, AXIAL_STRUCTURES, CYSTS, OUTLINE, SLICES};
use crate::measure::rows::{ExamRow, ExamRows};
use crate::measure::{Modality, columns};
use crate::ops::outline::{Place, SliceOutline, outlines};
use crate::ops::quantile::quantile;
use crate::volume::Volume;
use std::borrow::Cow;

/// One of the outlines that are drawn.
struct Drawn<'a> {
    outlines: Cow<'a, [SliceOutline]>,
    pen: Pen,
    name: &'static str,
}

/// An MR exam as its pictures show it.
pub struct Exam<'a> {
    rows: &'a ExamRows,
    image: &'a Volume<f32>,
    places: &'a [Place],
    drawn: Vec<Drawn<'a>>,
    window: Window,
}

/// Colours, and dashes for those who see none.
fn pen(colour: Colour, dash: Option<[f32; 2]>) -> Pen {
    Pen { colour, width: 2.4, dash }
}

impl<'a> Exam<'a> {
    /// What the board holds; `None` without an image and an outline.
    pub fn of(board: &'a Board, rows: &'a ExamRows) -> Option<Self> {
        let image = board.find(&AXIAL_IMAGE)?;
        let tumour = board.find(&OUTLINE).filter(|o| !o.is_empty())?;
        let (places, structures) = (board.find(&SLICES)?, board.find(&AXIAL_STRUCTURES)?);
        let given = |name: &str| structures.get(name).map(|mask| Cow::Owned(outlines(mask, 0)));
        let all = [
            (Some(Cow::Borrowed(tumour.as_slice())), pen(TUMOUR, None), "tumour"),
            (given("canal"), pen(CANAL, Some([9.0, 4.0])), "canal"),
            (given("sac"), pen(CORD, Some([8.0, 3.0])), "sac"),
            (given("cord"), pen(CORD, Some([3.0, 3.0])), "cord"),
            (board.find(&CYSTS).map(|c| Cow::Owned(outlines(&c.mask, 0))), pen(CYST, Some([6.0, 2.0])), "cyst"),
        ];
        let drawn = all.into_iter().filter_map(|(outlines, pen, name)| Some(Drawn { outlines: outlines?, pen, name }));
        Some(Self { rows, image, places, drawn: drawn.collect(), window: usual_window(image) })
    }

    /// The row that decides: the fullest slice of the canal, else that of the smallest cord, else the widest.
    fn deciding(&self) -> usize {
        let named = ["canal_occupancy", "mscc", "max_diameter"];
        let slice = named.iter().find_map(|m| self.rows.exam(m).and_then(|row| row.slice));
        self.places.iter().position(|p| Some(p.slice) == slice).unwrap_or(self.places.len() / 2)
    }

    fn view(&self, frame: Frame) -> View {
        let g = self.image.geometry();
        let all = self.drawn.iter().flat_map(|d| d.outlines.iter());
        View::of(all, [0, 1].map(|a| g.dims[a] as f64 * g.spacing[a]), frame)
    }

    fn paint(&self, canvas: &mut Canvas, view: &View, k: usize) {
        let ([sx, sy, _], plane) = (self.image.geometry().spacing, self.places[k].plane);
        view.paint_image(canvas, self.image.plane(plane), [sx, sy], self.window);
        for drawn in &self.drawn {
            for ring in drawn.outlines.iter().filter(|o| o.plane == plane).flat_map(|o| &o.rings) {
                let spots: Vec<_> = ring.points.iter().map(|p| view.spot(*p)).collect();
                canvas.line(&spots, true, &Pen { colour: HALO, width: drawn.pen.width + 2.0, dash: None });
                canvas.line(&spots, true, &drawn.pen);
            }
        }
    }

    /// The number of a column on the k-th row, with its unit.
    fn cell(&self, k: usize, column: &str) -> Option<f64> {
        let place = columns(Modality::Mr).position(|c| c.name == column)?;
        *self.rows.slices.get(k)?.cells.get(place)?
    }

    fn legend(&self, canvas: &mut Canvas, y: u32) {
        self.drawn.iter().fold(12, |x, drawn| key(canvas, x, y, &drawn.pen, drawn.name));
    }

    fn window_text(&self) -> String {
        format!("{:.0} to {:.0}", self.window.low, self.window.high)
    }
}

/// From the 1st to the 99th of a hundred values: MR units mean nothing by themselves.
fn usual_window(image: &Volume<f32>) -> Window {
    let mut values: Vec<f64> = image.as_slice().iter().map(|v| f64::from(*v)).collect();
    let [low, high] = [0.01, 0.99].map(|share| quantile(&mut values, share).unwrap_or_default());
    Window { low, high: high.max(low + 1e-6) }
}

/// The slice that decides, and the numbers.
pub fn deciding(exam: &Exam<'_>, title: &str) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT, GROUND);
    let (view, k) = (exam.view(IMAGE), exam.deciding());
    heading(&mut canvas, title);
    exam.paint(&mut canvas, &view, k);
    marks::scale_bar(&mut canvas, &view);
    marks::directions(&mut canvas, &view, BOLD);
    window(&mut canvas, IMAGE, &exam.window_text());
    numbers(&mut canvas, exam, k);
    exam.legend(&mut canvas, IMAGE.bottom() + 12);
    footer(&mut canvas, ORIENTATION);
    canvas
}

/// How a number is written.
type Text = fn(f64) -> String;

/// Whole per cents; what rounds to 0 from below is 0.
fn per_cent(value: f64) -> String {
    format!("{:.0} %", value.round() + 0.0)
}

fn numbers(canvas: &mut Canvas, exam: &Exam<'_>, k: usize) {
    let mut column = panel::Column::new(canvas, NUMBERS);
    let place = |row: Option<&ExamRow>| row.and_then(|r| r.slice).map(|s| format!("  slice {s}")).unwrap_or_default();
    let shown: [(&str, &str, Text); 9] = [
        ("CANAL TAKEN BY TUMOUR", "canal_occupancy", |v| per_cent(100.0 * v)),
        ("CORD COMPRESSED", "cord_compression", |v| v.to_string()),
        ("EPIDURAL COMPRESSION (ESCC)", "escc", |v| v.to_string()),
        ("CORD NARROWER BY (MSCC)", "mscc", per_cent),
        ("CORD AREA LOST", "cord_area_loss", |v| per_cent(100.0 * v)),
        ("SIGNAL, TUMOUR / CORD", "si_ratio", |v| format!("{v:.2}")),
        ("LARGEST CYST", "cyst_diameter", |v| format!("{v:.1} mm")),
        ("LARGEST DIAMETER", "max_diameter", |v| format!("{v:.1} mm")),
        ("VOLUME", "volume", |v| format!("{:.1} ml", v / 1000.0)),
    ];
    for (heading, name, text) in shown {
        let row = exam.rows.exam(name);
        panel::measure(&mut column, heading, row, |v| format!("{}{}", text(v), place(row)));
    }
    column.line(&format!("SLICE {}", exam.places[k].slice), SMALL, FAINT);
    let here =
        [("canal_area_mm2", "canal", "mm2"), ("cord_area_mm2", "cord", "mm2"), ("tumour_area_mm2", "tumour", "mm2")];
    for (name, what, unit) in here {
        if let Some(value) = exam.cell(k, name) {
            column.line(&format!("{what} {value:.0} {unit}"), BODY, INK);
        }
    }
    column.space(8);
    panel::why_not(&mut column, exam.rows);
    panel::remarks(&mut column, exam.rows);
}

/// All slices with tumour or canal.
pub fn all_slices(exam: &Exam<'_>, title: &str) -> Canvas {
    let n = exam.places.len();
    let described = |tiles: usize| {
        format!("{tiles} of {n} slices, upwards; yellow frame: the deciding slice; {}", exam.window_text())
    };
    let view = |frame: Frame| exam.view(frame);
    let mut canvas = sheet::arranged(title, n, exam.deciding(), described, view, |canvas, view, k| {
        exam.paint(canvas, view, k);
        caption(canvas, sheet::below(view.frame), exam, k);
    });
    let height = canvas.frame().height;
    exam.legend(&mut canvas, height - sheet::BOTTOM + 8);
    canvas
}

fn caption(canvas: &mut Canvas, frame: Frame, exam: &Exam<'_>, k: usize) {
    canvas.fill(frame, PANEL);
    canvas.text(frame.x + 8, frame.y + 4, &format!("slice {}", exam.places[k].slice), BOLD, INK);
    let taken = exam.cell(k, "canal_occupancy").map_or("n/e".into(), |v| format!("{v:.2}"));
    let cord = exam.cell(k, "cord_area_mm2").map_or("n/e".into(), |v| format!("{v:.0}"));
    canvas.text(frame.x + 8, frame.y + 25, &format!("canal {taken}  cord {cord}"), BODY, INK);
}

#[cfg(test)]
mod tests {
    use super::per_cent;

    #[test]
    fn nothing_lost_is_no_minus_nothing() {
        assert_eq!([-0.4, 0.0, 12.6, -3.0].map(per_cent), ["0 %", "0 %", "13 %", "-3 %"]);
    }
}
