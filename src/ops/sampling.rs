//! What pixels and slices may have cost a number: the border lies somewhere between pixels, the largest section and the
//! ends somewhere between slices.

use super::chord::Chord;
use crate::volume::traverse::each;
use crate::volume::{Mask, count, differing};
use ndarray::ArrayView2;

/// The error that sampling makes, in the unit of the number: its mean and its variance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    mean: f64,
    variance: f64,
}

impl Loss {
    /// An error that is 0 on average.
    pub fn of_sd(sd: f64) -> Self {
        Self { mean: 0.0, variance: sd * sd }
    }

    /// Two independent errors together.
    pub fn and(self, other: Self) -> Self {
        Self { mean: self.mean + other.mean, variance: self.variance + other.variance }
    }

    /// How far off the number is in the root mean square: the mean error is not taken off it.
    pub fn rms(self) -> f64 {
        (self.mean * self.mean + self.variance).sqrt()
    }
}

/// Error of a chord between two points of a sub-pixel ring, pixels, RMS: over random places and turns 0.15 to 0.24 of
/// ellipses of 12 to 35 mm on pixels of 0.5 to 1 mm, up to 0.5 of discs, whose longest chord may choose among all
/// directions; 0.17 of the phantom `hard`'s lesions.
pub const CHORD_PX: f64 = 0.2;

/// Error of a chord in the plane from the pixels it was drawn on: `share_px` of a pixel, measured along the chord.
pub fn on_pixels(chord: &Chord, pixel_mm: [f64; 2], share_px: f64) -> Loss {
    let step = |a: usize| pixel_mm[a] * (chord.to[a] - chord.from[a]);
    Loss::of_sd(share_px * libm::hypot(step(0), step(1)) / chord.length_mm().max(f64::MIN_POSITIVE))
}

/// What the largest of evenly spaced values falls short of the peak between them: `c d^2 / 2` for a peak of curvature
/// `c` that lies anywhere within half a step `d` of it. Where a neighbour is missing, the other stands for both.
pub fn missed_peak(before: Option<f64>, peak: f64, after: Option<f64>) -> Loss {
    let bend = bend(before, peak, after).abs();
    Loss { mean: bend / 24.0, variance: bend * bend / 720.0 }
}

/// How far a value may drift within half a step to either side, by its slope and bend there.
pub fn drift(before: Option<f64>, here: f64, after: Option<f64>) -> Loss {
    let slope = before.zip(after).map_or(0.0, |(b, a)| (a - b) / 2.0);
    let bend = bend(before, here, after);
    Loss { mean: bend / 24.0, variance: slope * slope / 12.0 + bend * bend / 720.0 }
}

fn bend(before: Option<f64>, here: f64, after: Option<f64>) -> f64 {
    let sides = before.or(after).zip(after.or(before));
    sides.map_or(0.0, |(b, a)| b - 2.0 * here + a)
}

/// What lies beyond the last slice: the body ends anywhere within `step` of it.
pub fn beyond(step: f64) -> Loss {
    Loss { mean: step / 2.0, variance: step * step / 12.0 }
}

/// SD of the sum of evenly spaced values as if what differs between neighbours were chance: `sum d_k^2 / 6` of second
/// differences (Wolter 1984 for systematic samples). Right for noise; for structure that runs through several slices it
/// is too large, never too small.
pub fn successive_sd(values: &[f64]) -> f64 {
    let at = |k: isize| usize::try_from(k).ok().and_then(|k| values.get(k)).copied().unwrap_or(0.0);
    let second = |k: isize| at(k - 1) - 2.0 * at(k) + at(k + 1);
    ((-1..=values.len() as isize).map(|k| second(k) * second(k)).sum::<f64>() / 6.0).sqrt()
}

/// Variance of an area found by counting pixels: this times perimeter times pixel^3 (Gundersen and Jensen 1987; on
/// random ellipses and discs its root is within 20 % of what is found).
const COUNTED_AREA: f64 = 0.0724;

/// A slice of a body: area and perimeter.
struct Section {
    area_mm2: f64,
    perimeter_mm: f64,
}

/// Variance of a section's area for being counted in pixels, mm4.
fn counted_mm4(section: &Section, [dx, dy]: [f64; 2]) -> f64 {
    COUNTED_AREA * section.perimeter_mm * dx * dy * (dx * dy).sqrt()
}

/// SD of the area of a body of which a plane shows the section, mm2: pixels counted along its border.
pub fn area_sd_mm2(plane: ArrayView2<'_, bool>, pixel_mm: [f64; 2]) -> f64 {
    counted_mm4(&section(plane, pixel_mm), pixel_mm).sqrt()
}

/// SD of the volume of a mask as that of a body of which slices show sections, mm3: pixels counted along every border,
/// and the two ends between slices.
pub fn volume_sd_mm3(mask: &Mask) -> f64 {
    let [dx, dy, dz] = mask.geometry().spacing;
    let sections = each(mask.geometry().dims[2], |z| section(mask.plane(z), [dx, dy]));
    let counted: f64 = sections.iter().map(|s| counted_mm4(s, [dx, dy])).sum();
    let areas: Vec<f64> = sections.iter().map(|s| s.area_mm2).collect();
    let runs = areas.split(|&a| a == 0.0).filter(|run| !run.is_empty());
    let ends: f64 = runs.map(|run| end_variance(run.iter()) + end_variance(run.iter().rev())).sum();
    dz * (counted + ends).sqrt()
}

/// By Euler and Maclaurin: a sum over slices misses a jump of the area at an end by `J^2/12` and a slope that sets in there
/// by `(A1 - A0)^2/720`, both in the mean over all places of the slices. What remains of the last section when its slope
/// is followed by a slice is the jump.
fn end_variance<'a>(mut inwards: impl Iterator<Item = &'a f64>) -> f64 {
    let last = inwards.next().copied().unwrap_or(0.0);
    let slope = inwards.next().map_or(0.0, |next| next - last);
    let jump = (last - slope).clamp(0.0, last);
    jump * jump / 12.0 + slope * slope / 720.0
}

/// Area and perimeter of a plane; a border in all directions is pi/4 of its stairs (Cauchy and Crofton).
fn section(plane: ArrayView2<'_, bool>, [dx, dy]: [f64; 2]) -> Section {
    let plane = plane.as_standard_layout();
    let rows = plane.as_slice().expect("standard layout is contiguous").chunks_exact(plane.ncols().max(1));
    let pixels: usize = rows.clone().map(count).sum();
    // What lies at an end of the plane borders on nothing.
    let along = |row: &[bool]| match row {
        [first, .., last] => usize::from(*first) + usize::from(*last) + differing(row, &row[1..]),
        _ => 2 * count(row),
    };
    let across_x: usize = rows.clone().map(along).sum();
    let ends: usize = [rows.clone().next(), rows.clone().next_back()].into_iter().flatten().map(count).sum();
    let across_y = ends + rows.clone().zip(rows.skip(1)).map(|(a, b)| differing(a, b)).sum::<usize>();
    let stairs_mm = across_x as f64 * dy + across_y as f64 * dx;
    Section { area_mm2: pixels as f64 * dx * dy, perimeter_mm: std::f64::consts::FRAC_PI_4 * stairs_mm }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root mean square of `error` over a thousand places of the slices.
    fn over_places(error: impl Fn(f64) -> f64) -> f64 {
        const PLACES: usize = 1000;
        let at = |i: usize| (i as f64 + 0.5) / PLACES as f64 - 0.5;
        ((0..PLACES).map(|i| error(at(i)) * error(at(i))).sum::<f64>() / PLACES as f64).sqrt()
    }

    #[test]
    fn a_peak_between_slices_is_missed_by_as_much_as_said() {
        let parabola = |z: f64| 40.0 - 0.7 * z * z;
        let stated = missed_peak(Some(parabola(-1.0)), parabola(0.0), Some(parabola(1.0))).rms();
        assert!((over_places(|d| 40.0 - parabola(d)) - stated).abs() < 1e-5);
        assert_eq!(missed_peak(None, 40.0, Some(39.3)), missed_peak(Some(39.3), 40.0, Some(39.3)));
        assert_eq!(missed_peak(None, 40.0, None).rms(), 0.0);
    }

    #[test]
    fn a_slope_drifts_and_an_end_lies_beyond_by_as_much_as_said() {
        let curve = |z: f64| 10.0 + 3.0 * z - 0.7 * z * z;
        let stated = drift(Some(curve(-1.0)), curve(0.0), Some(curve(1.0))).rms();
        assert!((over_places(|d| curve(d) - curve(0.0)) - stated).abs() < 1e-5);
        assert!((over_places(|d| 3.0 * (d + 0.5)) - beyond(3.0).rms()).abs() < 1e-5);
    }

    #[test]
    fn ends_are_missed_by_as_much_as_said() {
        // One end of a body whose area begins with a jump, or with a slope, at place d.
        let sum = |area: &dyn Fn(f64) -> f64, d: f64| (0..20).map(|k| area(k as f64 - 5.0 + d)).sum::<f64>();
        let step = |z: f64| if z > 0.0 { 7.0 } else { 0.0 };
        let ramp = |z: f64| 7.0 * z.max(0.0);
        let end = |area: &dyn Fn(f64) -> f64, d: f64| {
            let all: Vec<f64> = (0..20).map(|k| area(k as f64 - 5.0 + d)).filter(|&a| a > 0.0).collect();
            end_variance(all.iter())
        };
        // The last slice stands for half a step beyond it, where the ramp's sum is 1/24 of its slope too small.
        let whole = |d: f64| 14.0 + d;
        let jump = over_places(|d| sum(&step, d) - 7.0 * (whole(d) + 0.5));
        assert!((jump - end(&step, 0.3).sqrt()).abs() < 1e-3, "{jump}");
        let slope = over_places(|d| sum(&ramp, d) - 3.5 * (whole(d) + 0.5) * (whole(d) + 0.5) + 7.0 / 24.0);
        let stated = over_places(|d| end(&ramp, d).sqrt());
        assert!((slope - stated).abs() < 1e-3, "{slope} {stated}");
    }
}
