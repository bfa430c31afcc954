//! What is drawn over the image: the judged outline, the diameter, scale bar and directions.

use super::canvas::{Canvas, Frame, Pen, Spot};
use super::lettering::{BODY, BOLD, Type};
use super::palette::{self, CHORD, Colour, HALO, INK, PLATE};
use super::view::View;
use crate::ops::chord::{Chord, longest};
use crate::ops::outline::SliceOutline;
use crate::ops::rim::{Arc, Cover};

/// Lengths a scale bar may have, mm.
const BARS_MM: [f64; 7] = [100.0, 50.0, 30.0, 20.0, 10.0, 5.0, 2.0];

/// The pen of the longest diameter.
pub const CHORD_PEN: Pen = Pen { colour: CHORD, width: 1.8, dash: Some([10.0, 5.0]) };

/// The pen for an arc: colour says what it shows, and so does the line, for those who see no colours.
pub fn pen(cover: Cover, width: f32) -> Pen {
    let dash = match cover {
        Cover::Covered => None,
        Cover::Uncovered => Some([3.5 * width, 1.5 * width]),
        Cover::Unevaluable => Some([width, width]),
    };
    Pen { colour: palette::of(cover), width, dash }
}

/// Draws the outline: judged arcs in their colours, rings without arcs as not judged.
pub fn outline(canvas: &mut Canvas, view: &View, outline: &SliceOutline, arcs: &[Arc], width: f32) {
    for (index, ring) in outline.rings.iter().enumerate() {
        let own: Vec<&Arc> = arcs.iter().filter(|a| a.ring == index).collect();
        if own.is_empty() {
            let spots: Vec<Spot> = ring.points.iter().map(|p| view.spot(*p)).collect();
            canvas.line(&spots, true, &Pen { colour: HALO, width: width + 2.0, dash: None });
            canvas.line(&spots, true, &pen(Cover::Unevaluable, width));
        }
        for (cover, spots) in runs(&own, view) {
            canvas.line(&spots, false, &Pen { colour: HALO, width: width + 2.0, dash: None });
            canvas.line(&spots, false, &pen(cover, width));
        }
    }
}

/// Consecutive arcs of one kind along a ring, each run as a line from half-way to half-way.
fn runs(arcs: &[&Arc], view: &View) -> Vec<(Cover, Vec<Spot>)> {
    let n = arcs.len();
    let start = (0..n).find(|&i| arcs[i].cover != arcs[(i + n - 1) % n].cover).unwrap_or(0);
    let mut runs: Vec<(Cover, Vec<Spot>)> = Vec::new();
    for i in (0..n).map(|k| (start + k) % n) {
        let [before, here, after] = [(i + n - 1) % n, i, (i + 1) % n].map(|k| view.spot(arcs[k].at));
        if runs.last().is_none_or(|(cover, _)| *cover != arcs[i].cover) {
            runs.push((arcs[i].cover, vec![middle(before, here)]));
        }
        if let Some((_, spots)) = runs.last_mut() {
            spots.extend([here, middle(here, after)]);
        }
    }
    runs
}

fn middle(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0]
}

/// The longest chord within one piece of an outline.
pub fn longest_chord(outline: &SliceOutline) -> Option<Chord> {
    let chords = outline.rings.iter().filter(|r| !r.hole).filter_map(|r| longest(&r.points));
    chords.reduce(|best, next| if next.length_mm() > best.length_mm() { next } else { best })
}

/// Draws the longest diameter with its length beside the middle.
pub fn chord(canvas: &mut Canvas, view: &View, chord: &Chord) {
    let spots = [chord.from, chord.to].map(|p| view.spot(p));
    canvas.line(&spots, false, &Pen { colour: HALO, width: 4.0, dash: None });
    canvas.line(&spots, false, &CHORD_PEN);
    for end in spots {
        let diamond = [[0.0, -6.0], [6.0, 0.0], [0.0, 6.0], [-6.0, 0.0]].map(|d| [end[0] + d[0], end[1] + d[1]]);
        canvas.polygon(&diamond, CHORD);
    }
    let ([x, y], label) = (middle(spots[0], spots[1]), format!("{:.1} mm", chord.length_mm()));
    plated(canvas, view.frame, (x + 14.0) as u32, (y + 10.0) as u32, &label, BOLD, CHORD);
}

/// Writes text on a dark plate, moved so that the plate stays in the frame.
pub fn plated(canvas: &mut Canvas, within: Frame, x: u32, y: u32, text: &str, size: Type, colour: Colour) {
    let (width, height) = (size.width(text) + 10, size.height() + 4);
    let x = x.min(within.right().saturating_sub(width)).max(within.x);
    let y = y.min(within.bottom().saturating_sub(height)).max(within.y);
    canvas.fill(Frame { x, y, width, height }, PLATE);
    canvas.text(x + 5, y + 2, text, size, colour);
}

/// Length of the scale bar, mm: the longest that takes at most a quarter of the view.
pub fn bar_mm(view: &View) -> f64 {
    let room_mm = f64::from(view.frame.width) / 4.0 / view.pixels_per_mm;
    *BARS_MM.iter().find(|&&mm| mm <= room_mm).unwrap_or(&BARS_MM[BARS_MM.len() - 1])
}

/// Draws the scale bar in the lower left corner: a bar as long as it says, to the pixel, with ends.
pub fn scale_bar(canvas: &mut Canvas, view: &View) {
    let mm = bar_mm(view);
    let f = view.frame;
    let bar = Frame { x: f.x + 18, y: f.bottom() - 24, width: (mm * view.pixels_per_mm).round() as u32, height: 4 };
    canvas.fill(Frame { x: f.x + 10, y: f.bottom() - 48, width: bar.width.max(60) + 16, height: 40 }, PLATE);
    canvas.fill(bar, INK);
    for x in [bar.x, bar.right() - 2] {
        canvas.fill(Frame { x, y: bar.y - 4, width: 2, height: 12 }, INK);
    }
    canvas.text(bar.x, f.bottom() - 47, &format!("{mm} mm"), BODY, INK);
}

/// Writes patient right, left, anterior and posterior on the edges, as radiologists look at a patient: from the feet.
pub fn directions(canvas: &mut Canvas, view: &View, size: Type) {
    let f = view.frame;
    let (w, h) = (size.width("R") + 10, size.height() + 4);
    let (midx, midy) = (f.x + (f.width - w) / 2, f.y + (f.height - h) / 2);
    let places =
        [("R", f.x + 4, midy), ("L", f.right() - w - 4, midy), ("A", midx, f.y + 4), ("P", midx, f.bottom() - h - 4)];
    for (letter, x, y) in places {
        plated(canvas, f, x, y, letter, size, INK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::outline::{Point, Ring};
    use crate::report::palette::{COVERED, UNCOVERED};

    fn ring(points: Vec<Point>) -> SliceOutline {
        let rings = vec![Ring { points, piece: 0, hole: false }];
        SliceOutline { plane: 0, slice: 0, z_mm: 0.0, area_mm2: 1.0, rings }
    }

    fn view() -> View {
        let box_80 = ring(vec![[0.0, 0.0], [76.0, 76.0]]);
        View::of(&[box_80], [900.0; 2], Frame { x: 0, y: 0, width: 600, height: 600 })
    }

    fn arc(at: Point, cover: Cover) -> Arc {
        Arc {
            at,
            normal: [1.0, 0.0],
            length_mm: 1.0,
            cover,
            rim_chance: 0.0,
            border_mm: 0.0,
            peak_at_mm: 0.0,
            width_mm: None,
            inner_mm: None,
            smear_mm: 0.0,
            excess_width_mm: None,
            ring: 0,
        }
    }

    #[test]
    fn the_bar_is_as_long_as_it_says() {
        let (view, mut canvas) = (view(), Canvas::new(600, 600, [0, 0, 0, 255]));
        scale_bar(&mut canvas, &view);
        let white = (0..600).filter(|&x| canvas.get(x, 600 - 22) == Some([245, 246, 248])).count();
        assert_eq!(bar_mm(&view), 20.0);
        assert_eq!(white, (20.0 * view.pixels_per_mm).round() as usize);
    }

    #[test]
    fn the_chord_of_a_rectangle_is_its_diagonal_and_pieces_are_apart() {
        let mut outline = ring(vec![[0.0, 0.0], [30.0, 0.0], [30.0, 40.0], [0.0, 40.0]]);
        assert_eq!(longest_chord(&outline).unwrap().length_mm(), 50.0);
        outline.rings.push(Ring { points: vec![[500.0, 0.0], [510.0, 0.0]], piece: 1, hole: false });
        assert_eq!(longest_chord(&outline).unwrap().length_mm(), 50.0);
    }

    #[test]
    fn runs_go_half_way_to_their_neighbours_and_over_the_start() {
        use Cover::{Covered, Uncovered};
        let at = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];
        let covers = [Covered, Uncovered, Covered, Covered];
        let arcs: Vec<Arc> = at.into_iter().zip(covers).map(|(p, c)| arc(p, c)).collect();
        let runs = runs(&arcs.iter().collect::<Vec<_>>(), &view());
        assert_eq!(runs.iter().map(|r| (r.0, r.1.len())).collect::<Vec<_>>(), [(Uncovered, 3), (Covered, 7)]);
        assert_eq!(runs[1].1[6], view().spot([5.0, 0.0]));
    }

    #[test]
    fn arcs_have_the_colour_of_what_they_show() {
        let (view, mut canvas) = (view(), Canvas::new(600, 600, [0, 0, 0, 255]));
        let outline_ring = ring(vec![[0.0, 0.0]]);
        let covered = (0..30).map(|i| arc([f64::from(i), 10.0], Cover::Covered));
        let uncovered = (0..30).map(|i| arc([30.0 - f64::from(i), 40.0], Cover::Uncovered));
        outline(&mut canvas, &view, &outline_ring, &covered.chain(uncovered).collect::<Vec<_>>(), 4.0);
        let colour_at = |p: Point| canvas.get(view.spot(p)[0] as u32, view.spot(p)[1] as u32).unwrap();
        assert_eq!(colour_at([15.0, 10.0]), COVERED[..3]);
        assert!((10..20).any(|x| colour_at([f64::from(x), 40.0]) == UNCOVERED[..3]));
        assert!((10..20).all(|x| colour_at([f64::from(x), 40.0]) != COVERED[..3]));
    }
}
