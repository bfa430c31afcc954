//! `{stem}_sheet.png`: all slices of the outline, upwards, in the order one reads.

use super::canvas::{Canvas, Frame};
use super::deciding::{ORIENTATION, footer, heading, legend, window_text};
use super::exam::Exam;
use super::lettering::{BODY, BOLD, SMALL};
use super::marks;
use super::palette::{CHORD, FAINT, GROUND, INK, PANEL};
use super::view::View;
use crate::ops::rim::Standing;

/// More slices than this are shown with equal steps between them, and the sheet says so.
const MOST_TILES: usize = 240;
const TOP: u32 = 88;
/// Room below the tiles, for the legend.
pub const BOTTOM: u32 = 68;
const GAP: u32 = 8;
/// Height of what is written below a tile.
const CAPTION: u32 = 48;

/// Which outlines a sheet shows: all, or every n-th and the deciding one.
fn shown(n: usize, deciding: usize) -> Vec<usize> {
    let step = n.div_ceil(MOST_TILES).max(1);
    (0..n).filter(|k| k % step == 0 || *k == deciding).collect()
}

/// Columns and side of a tile, pixels, such that a sheet is at most 1600 pixels wide.
fn grid(tiles: usize) -> (u32, u32) {
    match tiles {
        0..=12 => (4, 300),
        13..=30 => (6, 248),
        _ => (8, 190),
    }
}

/// Draws the contact sheet.
pub fn picture(exam: &Exam<'_>, title: &str) -> Canvas {
    let n = exam.outlines.len();
    let described = |tiles: usize| subtitle(exam, tiles);
    let view = |frame: Frame| exam.view(frame);
    let mut canvas = arranged(title, n, exam.deciding(), described, view, |canvas, view, k| {
        exam.paint(canvas, view, k, 2.2);
        caption(canvas, below(view.frame), exam, k);
    });
    let height = canvas.frame().height;
    legend(&mut canvas, 12, height - BOTTOM + 8);
    canvas
}

/// Tiles for `n` slices, each drawn into its place with room for a caption below; the deciding one is framed. All show the
/// same piece of their slice, which `view` finds for a frame of their size.
pub fn arranged(
    title: &str,
    n: usize,
    deciding: usize,
    subtitle: impl Fn(usize) -> String,
    view: impl Fn(Frame) -> View,
    mut tile: impl FnMut(&mut Canvas, &View, usize),
) -> Canvas {
    let tiles = shown(n, deciding);
    let (columns, side) = grid(tiles.len());
    let rows = tiles.len().div_ceil(columns as usize) as u32;
    let (width, height) = (12 + columns * (side + GAP) + 4, TOP + rows * (side + CAPTION + GAP) + BOTTOM);
    let mut canvas = Canvas::new(width, height, GROUND);
    heading(&mut canvas, title);
    canvas.text(12, 60, &subtitle(tiles.len()), BODY, FAINT);
    let view = view(Frame { x: 0, y: 0, width: side, height: side });
    for (i, k) in tiles.into_iter().enumerate() {
        let (column, row) = (i as u32 % columns, i as u32 / columns);
        let frame =
            Frame { x: 12 + column * (side + GAP), y: TOP + row * (side + CAPTION + GAP), width: side, height: side };
        tile(&mut canvas, &View { frame, ..view }, k);
        sides(&mut canvas, frame);
        if k == deciding {
            canvas.border(Frame { height: frame.height + CAPTION, ..frame }, 4, CHORD);
        }
    }
    footer(&mut canvas, ORIENTATION);
    canvas
}

/// Patient right and left.
fn sides(canvas: &mut Canvas, frame: Frame) {
    for (letter, x) in [("R", frame.x + 2), ("L", frame.right() - 20)] {
        marks::plated(canvas, frame, x, frame.y + frame.height / 2 - 8, letter, SMALL, INK);
    }
}

fn subtitle(exam: &Exam<'_>, tiles: usize) -> String {
    let (n, all) = (exam.outlines.len(), exam.slices());
    let which = if tiles < n { format!("{tiles} of {n} slices") } else { format!("{n} slices") };
    format!("{which}, {} to {}, upwards; yellow frame: the deciding slice; {}", all.start(), all.end(), window_text())
}

/// Where the caption of a tile stands.
pub fn below(tile: Frame) -> Frame {
    Frame { y: tile.bottom(), height: CAPTION, ..tile }
}

fn caption(canvas: &mut Canvas, frame: Frame, exam: &Exam<'_>, k: usize) {
    canvas.fill(frame, PANEL);
    let unused = exam.rim(k).and_then(|rim| unused(rim.standing));
    let number = format!("slice {}", exam.outlines[k].slice);
    canvas.text(frame.x + 8, frame.y + 4, &number, BOLD, INK);
    if let Some(why) = unused {
        let room = frame.x + 8 + BOLD.width(&number) + 8;
        canvas.text(room, frame.y + 7, &SMALL.cut(why, frame.right() - room), SMALL, FAINT);
    }
    let text = format!("rim {}  oss {}", share(exam.coverage(k)), share(exam.fraction(k)));
    canvas.text(frame.x + 8, frame.y + 25, &text, BODY, if unused.is_none() { INK } else { FAINT });
}

/// Why the rim of a slice does not count for the exam.
fn unused(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Counts => None,
        Standing::End => Some("end slice"),
        Standing::Small => Some("small"),
        Standing::Unevaluable => Some("not judged"),
    }
}

fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "n/e".to_owned(), |v| format!("{v:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sheet_is_at_most_1600_wide_and_holds_its_captions() {
        for tiles in [1, 12, 13, 30, 31, 500] {
            let (columns, side) = grid(tiles);
            assert!(12 + columns * (side + GAP) + 4 <= 1600);
            assert!(8 + BODY.width("rim 0.87  oss 0.31") <= side);
            for standing in [Standing::End, Standing::Small, Standing::Unevaluable] {
                assert!(8 + BOLD.width("slice 123") + 8 + SMALL.width(unused(standing).unwrap()) <= side);
            }
        }
    }

    #[test]
    fn a_long_lesion_is_thinned_and_keeps_the_deciding_slice() {
        assert_eq!(shown(3, 1), [0, 1, 2]);
        let some = shown(500, 101);
        assert!(some.len() <= MOST_TILES && some.contains(&101) && some.contains(&0) && some.contains(&102));
    }
}
