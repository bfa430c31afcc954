//! From millimetres in the slice to pixels of the picture, and the image itself in a bone window.

use super::canvas::{Canvas, Frame, Spot};
use super::palette::{Colour, NO_IMAGE};
use crate::ops::interior::Tissue;
use crate::ops::outline::{Point, SliceOutline};
use crate::ops::plane::Plane;
use ndarray::{ArrayView1, ArrayView2};
use std::ops::Range;

/// Width of the bone window, HU.
pub const WINDOW_HU: f64 = 1500.0;
/// Its centre, HU.
pub const LEVEL_HU: f64 = 300.0;
/// The densities between black and white, or MR units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Black, and what lies below.
    pub low: f64,
    /// White, and what lies above.
    pub high: f64,
}

/// The bone window.
pub const BONE: Window = Window { low: LEVEL_HU - WINDOW_HU / 2.0, high: LEVEL_HU + WINDOW_HU / 2.0 };

/// How much is shown around the lesion, mm.
const AROUND_MM: f64 = 12.0;
/// The least that is shown across, mm.
const LEAST_MM: f64 = 56.0;

/// A place of the picture that shows a piece of the slice plane.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Where on the canvas.
    pub frame: Frame,
    /// Magnification.
    pub pixels_per_mm: f64,
    /// What lies in the middle, mm in the slice.
    pub centre_mm: Point,
}

impl View {
    /// Shows all outlines with some room around them, as large as the frame allows, but hardly more than there is an
    /// image of (`image_mm` across and down).
    pub fn of<'a>(
        outlines: impl IntoIterator<Item = &'a SliceOutline> + Clone,
        image_mm: [f64; 2],
        frame: Frame,
    ) -> Self {
        let points = || outlines.clone().into_iter().flat_map(|s| &s.rings).flat_map(|r| &r.points);
        let low = |a: usize| points().map(|p| p[a]).fold(f64::INFINITY, f64::min);
        let high = |a: usize| points().map(|p| p[a]).fold(f64::NEG_INFINITY, f64::max);
        let wide = |a: usize| (high(a) - low(a) + 2.0 * AROUND_MM).min(image_mm[a]).max(LEAST_MM);
        let pixels_per_mm = (f64::from(frame.width) / wide(0)).min(f64::from(frame.height) / wide(1));
        Self { frame, pixels_per_mm, centre_mm: [0, 1].map(|a| (low(a) + high(a)) / 2.0) }
    }

    /// Where a point of the slice lies on the canvas.
    pub fn spot(&self, at: Point) -> Spot {
        let [cx, cy] = self.centre();
        [cx + (at[0] - self.centre_mm[0]) * self.pixels_per_mm, cy + (at[1] - self.centre_mm[1]) * self.pixels_per_mm]
    }

    /// The point of the slice under the centre of a canvas pixel.
    fn point(&self, x: u32, y: u32) -> Point {
        let [cx, cy] = self.centre();
        let along = |p: u32, c: f64, a: usize| self.centre_mm[a] + (f64::from(p) + 0.5 - c) / self.pixels_per_mm;
        [along(x, cx, 0), along(y, cy, 1)]
    }

    fn centre(&self) -> Spot {
        let half = |from: u32, n: u32| f64::from(from) + f64::from(n) / 2.0;
        [half(self.frame.x, self.frame.width), half(self.frame.y, self.frame.height)]
    }

    /// Paints the image, cubic between its pixels; in-plane coordinates start at its first pixel.
    pub fn paint_image(&self, canvas: &mut Canvas, hu: ArrayView2<'_, f32>, spacing_mm: [f64; 2], window: Window) {
        canvas.fill(self.frame, NO_IMAGE);
        let (rows, columns) = hu.dim();
        // Places in the image follow one another, so that those without a tap stand at either end.
        let across = shown(self.columns(), |x| Taps::at(self.point(x, 0)[0] / spacing_mm[0], columns));
        let down = shown(self.rows(), |y| Taps::at(self.point(0, y)[1] / spacing_mm[1], rows));
        let needed = down.iter().flat_map(|(_, taps)| taps.index);
        let needed = needed.clone().min().unwrap_or(0)..needed.max().map_or(0, |last| last + 1);
        let first = needed.start;
        let lines: Vec<Vec<f64>> = needed.map(|y| line(hu.row(y), &across)).collect();
        let mut values = vec![0.0; across.len()];
        for (y, taps) in &down {
            let [a, b, c, d] = taps.index.map(|i| &lines[i - first][..across.len()]);
            let w = taps.weight;
            for (i, value) in values.iter_mut().enumerate() {
                *value = w[0] * a[i] + w[1] * b[i] + w[2] * c[i] + w[3] * d[i];
            }
            let greys = values.iter().map(|&value| grey(value, window));
            canvas.set_run(across.first().map_or(0, |(x, _)| *x), *y, greys);
        }
    }

    /// Lays a colour over the ossified interior.
    pub fn paint_ossified(&self, canvas: &mut Canvas, tissue: &Plane<Tissue>, colour: Colour) {
        let Some([low, high]) = ossified_box_mm(tissue) else { return };
        let reaches = |at: f64, a: usize| (low[a]..=high[a]).contains(&at);
        let columns: Vec<u32> = self.columns().filter(|&x| reaches(self.point(x, 0)[0], 0)).collect();
        for y in self.rows().filter(|&y| reaches(self.point(0, y)[1], 1)) {
            for &x in &columns {
                if is_ossified(tissue, self.point(x, y)) {
                    let under = canvas.get(x, y).unwrap_or_default();
                    canvas.set(x, y, blend(under, colour));
                }
            }
        }
    }

    fn columns(&self) -> Range<u32> {
        self.frame.x..self.frame.right()
    }

    fn rows(&self) -> Range<u32> {
        self.frame.y..self.frame.bottom()
    }
}

/// The four samples along one axis that a place lies between, and their weights.
struct Taps {
    index: [usize; 4],
    weight: [f64; 4],
}

impl Taps {
    /// Keys's cubic (a = -1/2), edge samples repeated; `None` beyond the outer edge of the `n` samples.
    fn at(place: f64, n: usize) -> Option<Self> {
        if !(-0.5..n as f64 - 0.5).contains(&place) {
            return None;
        }
        let (base, t) = (place.floor(), place - place.floor());
        let index = std::array::from_fn(|k| (base + k as f64 - 1.0).clamp(0.0, n as f64 - 1.0) as usize);
        let (t2, t3) = (t * t, t * t * t);
        let weight = [
            0.5 * (2.0 * t2 - t - t3),
            0.5 * (2.0 - 5.0 * t2 + 3.0 * t3),
            0.5 * (t + 4.0 * t2 - 3.0 * t3),
            0.5 * (t3 - t2),
        ];
        Some(Self { index, weight })
    }
}

/// Those pixels that show a place of the image, and what they are made of.
fn shown(pixels: Range<u32>, taps: impl Fn(u32) -> Option<Taps>) -> Vec<(u32, Taps)> {
    pixels.filter_map(|p| Some((p, taps(p)?))).collect()
}

/// A row of the image at the columns of the picture.
fn line(hu: ArrayView1<'_, f32>, across: &[(u32, Taps)]) -> Vec<f64> {
    across.iter().map(|(_, taps)| (0..4).map(|k| taps.weight[k] * f64::from(hu[taps.index[k]])).sum()).collect()
}

/// Black at the lower end of the window, white at the upper.
fn grey(value: f64, window: Window) -> [u8; 3] {
    let share = (value - window.low) / (window.high - window.low);
    // Cut after adding a half: `round` is a call.
    [(share.clamp(0.0, 1.0) * 255.0 + 0.5) as u8; 3]
}

/// The corners of a box, a pixel wider than the ossified interior; `None` where there is none.
fn ossified_box_mm(tissue: &Plane<Tissue>) -> Option<[Point; 2]> {
    let bone = || tissue.pixels.indexed_iter().filter(|(_, t)| **t == Tissue::Ossified).map(|((y, x), _)| [x, y]);
    let end = |of: &dyn Fn(usize) -> Option<usize>, by: f64| -> Option<Point> {
        let at = |a: usize| Some(tissue.corner_mm[a] + (of(a)? as f64 + by) * tissue.pixel_mm[a]);
        Some([at(0)?, at(1)?])
    };
    Some([end(&|a| bone().map(|p| p[a]).min(), -1.0)?, end(&|a| bone().map(|p| p[a]).max(), 1.0)?])
}

/// Whether more than half of what surrounds a point, weighed linearly by nearness, is ossified interior.
fn is_ossified(tissue: &Plane<Tissue>, at: Point) -> bool {
    let place: [f64; 2] = std::array::from_fn(|a| (at[a] - tissue.corner_mm[a]) / tissue.pixel_mm[a]);
    let (rows, columns) = tissue.pixels.dim();
    let inside = |p: f64, n: usize| p >= 0.0 && p < n as f64 - 1.0;
    if !inside(place[0], columns) || !inside(place[1], rows) {
        return false;
    }
    let (x, y) = (place[0] as usize, place[1] as usize);
    let (fx, fy) = (place[0] - x as f64, place[1] - y as f64);
    let bone = |dx: usize, dy: usize| f64::from(u8::from(tissue.pixels[[y + dy, x + dx]] == Tissue::Ossified));
    let upper = bone(0, 0) * (1.0 - fx) + bone(1, 0) * fx;
    let lower = bone(0, 1) * (1.0 - fx) + bone(1, 1) * fx;
    upper * (1.0 - fy) + lower * fy > 0.5
}

fn blend(under: [u8; 3], [r, g, b, a]: Colour) -> [u8; 3] {
    let mix = |u: u8, o: u8| ((u32::from(u) * (255 - u32::from(a)) + u32::from(o) * u32::from(a) + 127) / 255) as u8;
    [mix(under[0], r), mix(under[1], g), mix(under[2], b)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::outline::Ring;
    use ndarray::Array2;

    const FRAME: Frame = Frame { x: 10, y: 20, width: 200, height: 100 };

    fn square(side_mm: f64) -> Vec<SliceOutline> {
        let points = vec![[0.0, 0.0], [side_mm, 0.0], [side_mm, side_mm], [0.0, side_mm]];
        let rings = vec![Ring { points, piece: 0, hole: false }];
        vec![SliceOutline { plane: 0, slice: 0, z_mm: 0.0, area_mm2: side_mm * side_mm, rings }]
    }

    #[test]
    fn the_lesion_stands_in_the_middle_with_its_surroundings() {
        let view = View::of(&square(76.0), [900.0; 2], FRAME);
        assert!((view.pixels_per_mm - 1.0).abs() < 1e-12);
        assert_eq!(view.spot([38.0, 38.0]), [110.0, 70.0]);
        assert_eq!(view.spot([76.0, 0.0]), [148.0, 32.0]);
        assert_eq!(View::of(&square(76.0), [900.0, 80.0], FRAME).pixels_per_mm, 1.25);
        let back = view.point(110, 70);
        assert!((back[0] - 38.5).abs() < 1e-12 && (back[1] - 38.5).abs() < 1e-12);
    }

    #[test]
    fn the_window_ends_at_black_and_white() {
        assert_eq!([-450.0, 300.0, 1050.0].map(|hu| grey(hu, BONE)), [[0; 3], [128; 3], [255; 3]]);
        assert_eq!([-9e9, 9e9].map(|hu| grey(hu, BONE)), [[0; 3], [255; 3]]);
    }

    #[test]
    fn a_ramp_stays_a_ramp_and_outside_is_no_image() {
        let ramp = Array2::from_shape_fn((100, 100), |(_, x)| 8.0 * x as f32 - 100.0);
        let mut canvas = Canvas::new(220, 130, [9, 9, 9, 255]);
        let view = View::of(&square(76.0), [900.0; 2], FRAME);
        view.paint_image(&mut canvas, ramp.view(), [1.0, 1.0], BONE);
        let want = grey(8.0 * view.point(120, 70)[0] - 100.0, BONE);
        assert_eq!(canvas.get(120, 70), Some(want));
        assert!(canvas.get(130, 70) > canvas.get(90, 70), "patient left is on the right");
        assert_eq!(canvas.get(12, 70).unwrap(), NO_IMAGE[..3], "beside the region");
        assert_eq!(canvas.get(5, 70), Some([9; 3]), "outside the frame");
    }

    #[test]
    fn only_ossified_pixels_are_tinted() {
        let mut pixels = Array2::from_elem((40, 40), Tissue::Soft);
        pixels.slice_mut(ndarray::s![10..20, 10..20]).fill(Tissue::Ossified);
        let tissue = Plane { pixels, corner_mm: [0.0, 0.0], pixel_mm: [1.0, 1.0] };
        assert!(is_ossified(&tissue, [14.5, 14.5]) && is_ossified(&tissue, [10.0, 12.0]));
        assert!(!is_ossified(&tissue, [9.4, 12.0]) && !is_ossified(&tissue, [200.0, 12.0]));
        assert_eq!(blend([100; 3], [200, 0, 100, 51]), [120, 80, 100]);
    }
}
