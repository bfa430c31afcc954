//! One exam as the pictures show it: what its board still holds, and its rows.

use super::canvas::{Canvas, Frame};
use super::gallery::ExamName;
use super::marks;
use super::palette::OSSIFIED;
use super::view::{BONE, View};
use crate::measure::board::Board;
use crate::measure::keys::{AXIAL_IMAGE, INTERIOR, OUTLINE, RIM, RIM_SLICES};
use crate::measure::reason::{OUTLINE_GIVEN, REASONS, Reason, SAC_NOT_DRAWN};
use crate::measure::rows::{ExamRow, ExamRows, Status};
use crate::ops::interior::InteriorSlice;
use crate::ops::outline::SliceOutline;
use crate::ops::rim::{Arc, RimSlice};
use crate::volume::Volume;
use std::ops::RangeInclusive;

/// Measures whose reasons a picture gives, the telling ones first.
const TOLD: [&str; 4] = ["rim_coverage", "ossified_fraction", "boriani_grade", "max_diameter"];

/// An exam with an image and an outline.
pub struct Exam<'a> {
    /// What it came to.
    pub rows: &'a ExamRows,
    /// Its outlines, upwards; at least one.
    pub outlines: &'a [SliceOutline],
    image: &'a Volume<f32>,
    rim: &'a [RimSlice],
    interior: &'a [InteriorSlice],
}

impl<'a> Exam<'a> {
    /// What the board holds; `None` without an image and an outline, since then there is nothing to show.
    pub fn of(board: &'a Board, rows: &'a ExamRows) -> Option<Self> {
        let image = board.find(&AXIAL_IMAGE)?;
        let outlines = board.find(&OUTLINE).filter(|o| !o.is_empty())?;
        let shown = outlines.iter().all(|o| o.plane < image.geometry().dims[2] && !o.rings.is_empty());
        let rim = judged_rim(board).unwrap_or_default();
        let interior = board.find(&INTERIOR).map_or(&[][..], |i| &i[0].slices);
        shown.then_some(Self { rows, outlines, image, rim, interior })
    }

    /// The place of the slices in a picture: the same for all of them.
    pub fn view(&self, frame: Frame) -> View {
        let g = self.image.geometry();
        View::of(self.outlines, [0, 1].map(|a| g.dims[a] as f64 * g.spacing[a]), frame)
    }

    /// Which outline decides: that of the grade's slice, else the largest.
    pub fn deciding(&self) -> usize {
        let graded = self.rows.exam("boriani_grade").and_then(|row| row.slice);
        let largest = (0..self.outlines.len())
            .fold(0, |best, k| if self.outlines[k].area_mm2 > self.outlines[best].area_mm2 { k } else { best });
        graded.and_then(|slice| self.outlines.iter().position(|o| o.slice == slice)).unwrap_or(largest)
    }

    /// First and last slice of the outline.
    pub fn slices(&self) -> RangeInclusive<usize> {
        let ends = [self.outlines.first(), self.outlines.last()].map(|o| o.map_or(0, |o| o.slice));
        ends[0]..=ends[1]
    }

    /// The rim on the k-th outline, where it was looked for.
    pub fn rim(&self, k: usize) -> Option<&'a RimSlice> {
        self.rim.get(k)
    }

    /// Rim coverage of the k-th outline.
    pub fn coverage(&self, k: usize) -> Option<f64> {
        self.rim(k)?.coverage
    }

    /// Ossified share of the interior on the k-th outline.
    pub fn fraction(&self, k: usize) -> Option<f64> {
        self.interior.get(k).filter(|i| i.zone_mm2 > 0.0).map(|i| i.ossified_mm2 / i.zone_mm2)
    }

    /// Paints the image of the k-th outline alone.
    pub fn paint_plain(&self, canvas: &mut Canvas, view: &View, k: usize) {
        let [sx, sy, _] = self.image.geometry().spacing;
        view.paint_image(canvas, self.image.plane(self.outlines[k].plane), [sx, sy], BONE);
    }

    /// Paints the image, the ossified interior and the judged outline, `width` pixels wide.
    pub fn paint(&self, canvas: &mut Canvas, view: &View, k: usize, width: f32) {
        self.paint_plain(canvas, view, k);
        if let Some(interior) = self.interior.get(k) {
            view.paint_ossified(canvas, &interior.tissue, OSSIFIED);
        }
        let arcs: &[Arc] = self.rim(k).map_or(&[], |rim| &rim.arcs);
        marks::outline(canvas, view, &self.outlines[k], arcs, width);
    }
}

/// The rim at the mineral threshold, unless it was refused.
pub fn judged_rim(board: &Board) -> Option<&[RimSlice]> {
    board.find(&RIM_SLICES).and_then(|()| board.find(&RIM)).map(|rims| &rims[0][..])
}

/// `patient  timepoint  CT  level`, that of the lesion's middle slice, with series and lesion where they are not the only ones.
pub fn title(who: &ExamName, rows: &ExamRows, board: &Board) -> String {
    let middle = board.find(&OUTLINE).and_then(|outlines| Some(outlines.get(outlines.len() / 2)?.slice));
    let level = rows.slices.iter().find(|row| Some(row.slice) == middle).and_then(|row| row.level.as_deref());
    let mut parts = vec![who.patient.clone(), who.timepoint.clone(), who.modality.name().to_owned()];
    parts.push(level.map_or_else(|| "level unknown".to_owned(), |l| format!("level {l}")));
    parts.extend((who.series != "main").then(|| format!("series {}", who.series)));
    parts.extend((who.lesion != "1").then(|| format!("lesion {}", who.lesion)));
    parts.join("  ")
}

/// Why what matters has no value, the telling reasons first, each once; a reason that only points to another is left
/// out where that other one is known, and so is that nothing was to be segmented and that no sac is drawn.
pub fn reasons(rows: &ExamRows) -> Vec<&'static Reason> {
    let is_missing =
        |row: &ExamRow| !row.reason.as_deref().is_some_and(|r| [OUTLINE_GIVEN.code, SAC_NOT_DRAWN.code].contains(&r));
    let refused = |row: &&ExamRow| row.status == Status::NotEvaluable && is_missing(row);
    let told = TOLD.iter().filter_map(|m| rows.exam(m)).filter(refused);
    let mut found: Vec<&Reason> = Vec::new();
    for row in told.chain(rows.exams.iter().filter(refused)) {
        let reason = REASONS.iter().find(|r| row.reason.as_deref() == Some(r.code));
        found.extend(reason.filter(|r| !found.contains(r)));
    }
    let points_elsewhere = |r: &Reason| ["rim_ne", "interior_ne"].contains(&r.code);
    if found.iter().any(|r| !points_elsewhere(r)) {
        found.retain(|r| !points_elsewhere(r));
    }
    found
}
