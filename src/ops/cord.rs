//! The spinal cord on axial slices: area and diameter across its course, and what is usual for it above and below a place.

use super::contour::{crossing_x, edges};
use super::outline::{Point, SliceOutline, outlines};
use super::sampling::{CHORD_PX, area_sd_mm2};
use crate::geometry::{Vec3, norm, sub};
use crate::volume::{Mask, ends};

/// The cord on one slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CordSlice {
    /// Area on the slice, mm2.
    pub slice_area_mm2: f64,
    /// Area across its course, mm2: that on the slice times the cosine of its tilt.
    pub area_mm2: f64,
    /// Diameter from front to back across its course, mm.
    pub ap_mm: f64,
    /// SD of the area for being counted in pixels, mm2.
    pub area_sd_mm2: f64,
    /// SD of the diameter for pixels, mm.
    pub ap_sd_mm: f64,
}

/// The direction of the cord is taken over so many slices to either side.
const COURSE_SLICES: usize = 2;
/// The diameter is looked for within the middle third of the cord's width: the ends of a cord that is bent around a tumour
/// point backwards, and are no diameter.
const MIDDLE: f64 = 1.0 / 3.0;
/// Chords are laid this far apart, mm.
const CHORD_STEP_MM: f64 = 0.1;

/// The cord on each plane of the grid; `None` where it has no voxel.
pub fn planes(cord: &Mask) -> Vec<Option<CordSlice>> {
    let outlines = outlines(cord, 0);
    let [sx, sy, _] = cord.geometry().spacing;
    let centres: Vec<Vec3> = outlines.iter().map(|o| centre(cord, o.plane)).collect();
    let mut found = vec![None; cord.geometry().dims[2]];
    for (k, outline) in outlines.iter().enumerate() {
        let [across, sagittal] = cosines(&centres, k);
        let of_chord = |ap_mm: f64| {
            let slice_area_mm2 = outline.area_mm2;
            let area_sd_mm2 = area_sd_mm2(cord.plane(outline.plane), [sx, sy]) * across;
            let (area_mm2, ap_mm, ap_sd_mm) = (slice_area_mm2 * across, ap_mm * sagittal, CHORD_PX * sy * sagittal);
            CordSlice { slice_area_mm2, area_mm2, ap_mm, area_sd_mm2, ap_sd_mm }
        };
        found[outline.plane] = longest_chord_mm(outline).map(of_chord);
    }
    found
}

/// The middle of the mask's pixels on a plane, mm in the axes of the grid.
fn centre(mask: &Mask, plane: usize) -> Vec3 {
    let spacing = mask.geometry().spacing;
    let pixels = mask.plane(plane);
    let inside = || pixels.indexed_iter().filter(|(_, m)| **m).map(|(at, _)| at);
    let n = inside().count() as f64;
    let x = inside().map(|(_, x)| x as f64).sum::<f64>() / n;
    let y = inside().map(|(y, _)| y as f64).sum::<f64>() / n;
    [x * spacing[0], y * spacing[1], plane as f64 * spacing[2]]
}

/// Cosines of the angles between the slice normal and the cord's course: in space, and seen from the side.
fn cosines(centres: &[Vec3], k: usize) -> [f64; 2] {
    let ends = [k.saturating_sub(COURSE_SLICES), (k + COURSE_SLICES).min(centres.len() - 1)];
    let [dx, dy, dz] = sub(centres[ends[1]], centres[ends[0]]);
    if dz == 0.0 { [1.0; 2] } else { [dz / norm([dx, dy, dz]), dz / libm::hypot(dy, dz)] }
}

/// The longest chord from front to back within the middle of the outline, mm.
fn longest_chord_mm(outline: &SliceOutline) -> Option<f64> {
    let [low, high] = outline.bounds_mm();
    let (middle, half) = ((low[0] + high[0]) / 2.0, MIDDLE * (high[0] - low[0]) / 2.0);
    let steps = (half / CHORD_STEP_MM) as i32;
    let at = |step: i32| middle + f64::from(step) * CHORD_STEP_MM;
    (-steps..=steps).filter_map(|step| chord_mm(outline, at(step))).max_by(f64::total_cmp)
}

/// The longest piece of the line x = `x_mm` inside the outline, mm.
fn chord_mm(outline: &SliceOutline, x_mm: f64) -> Option<f64> {
    let swapped = |[x, y]: Point| [y, x];
    let all = outline.rings.iter().flat_map(|ring| edges(&ring.points));
    let mut crossings: Vec<f64> = all.filter_map(|(p, q)| crossing_x((swapped(p), swapped(q)), x_mm)).collect();
    crossings.sort_by(f64::total_cmp);
    crossings.chunks_exact(2).map(|ends| ends[1] - ends[0]).max_by(f64::total_cmp)
}

/// The reference begins this far from the tumour ...
const REFERENCE_FROM_MM: f64 = 10.0;
/// ... and is so long (Spinal Cord Toolbox, `sct_compute_compression`; method.md 1.5).
const REFERENCE_LENGTH_MM: f64 = 20.0;
/// Fewer slices than this are no reference.
const REFERENCE_SLICES: usize = 2;

/// What is usual above and below the tumour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// The mean of the two sides, or the one there is.
    pub value: f64,
    /// Its standard error: what slices of a side differ from each other.
    pub sd: f64,
    /// Whether both sides are known.
    pub both_sides: bool,
}

/// A distance that a header has rounded is let pass, mm.
const ROUNDING_MM: f64 = 1e-3;

/// The mean of a number over the planes 10 to 30 mm beyond the tumour, of either side; `None` where neither side has two.
/// `at_tumour` says for each of the planes, which lie `slice_mm` apart, whether it has tumour.
pub fn usual(at_tumour: &[bool], slice_mm: f64, value: impl Fn(usize) -> Option<f64>) -> Option<Usual> {
    let [first, last] = ends(at_tumour, |&is| is)?;
    let reach = REFERENCE_FROM_MM - ROUNDING_MM..=REFERENCE_FROM_MM + REFERENCE_LENGTH_MM + ROUNDING_MM;
    let side = |beyond: &dyn Fn(usize) -> Option<usize>| {
        let far = |plane: &usize| beyond(*plane).is_some_and(|steps| reach.contains(&(steps as f64 * slice_mm)));
        let seen: Vec<f64> = (0..at_tumour.len()).filter(far).filter_map(&value).collect();
        (seen.len() >= REFERENCE_SLICES).then(|| mean_and_error(&seen))
    };
    let (below, above) = (side(&|plane| first.checked_sub(plane)), side(&|plane| plane.checked_sub(last)));
    match (below, above) {
        (Some(below), Some(above)) => {
            let sd = 0.5 * libm::hypot(below.1, above.1);
            Some(Usual { value: (below.0 + above.0) / 2.0, sd, both_sides: true })
        }
        (one, other) => one.or(other).map(|(value, sd)| Usual { value, sd, both_sides: false }),
    }
}

/// The mean of two and more values and its standard error.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    fn grid() -> Geometry {
        Geometry::upright([120, 120, 21], [0.25, 0.25, 3.0])
    }

    /// Millimetres from the middle of the plane.
    fn off([x, y, _]: [usize; 3]) -> [f64; 2] {
        [x, y].map(|i| (i as f64 - 59.5) * 0.25)
    }

    #[test]
    fn an_ellipse_has_its_axis_and_its_area() {
        let cord = Mask::from_fn(grid(), |v| {
            let [x, y] = off(v);
            x * x / 36.0 + y * y / 16.0 < 1.0
        });
        for found in planes(&cord).into_iter().flatten() {
            assert!((found.ap_mm - 8.0).abs() < 0.15, "{}", found.ap_mm);
            assert!((found.area_mm2 / (std::f64::consts::PI * 24.0) - 1.0).abs() < 0.01);
        }
    }

    /// A cord that climbs backwards by 30 degrees is cut too long from front to back and too large.
    #[test]
    fn a_tilted_cord_is_measured_across_its_course() {
        let slope = libm::tan(std::f64::consts::FRAC_PI_6);
        let cord = Mask::from_fn(grid(), |v| {
            let [x, y] = off(v);
            let y = (y - (v[2] as f64 - 10.0) * 3.0 * slope * 0.25) * libm::cos(libm::atan(slope * 0.25));
            x * x / 36.0 + y * y / 16.0 < 1.0
        });
        for found in planes(&cord)[5..16].iter().flatten() {
            assert!((found.ap_mm - 8.0).abs() < 0.2, "{}", found.ap_mm);
            assert!((found.area_mm2 / (std::f64::consts::PI * 24.0) - 1.0).abs() < 0.02);
        }
    }

    /// A band 4 mm thick bent around a tumour in front of it: neither its ends nor its box count.
    #[test]
    fn a_crescent_keeps_its_true_thickness() {
        let cord = Mask::from_fn(grid(), |v| {
            let [x, y] = off(v);
            let r = libm::hypot(x, y + 6.0);
            (8.0..12.0).contains(&r) && y > -6.0
        });
        for found in planes(&cord).into_iter().flatten() {
            assert!((4.0..4.35).contains(&found.ap_mm), "{}", found.ap_mm);
        }
    }

    #[test]
    fn a_cord_of_nothing_is_nothing() {
        assert_eq!(planes(&Mask::from_fn(grid(), |_| false)), vec![None; 21]);
    }

    #[test]
    fn what_is_usual_lies_ten_to_thirty_millimetres_beyond_the_tumour() {
        // 3 mm apart: 10 mm beyond slices 8 to 12 are 4 and 16, the grid ends at 0 and 20.
        let tumour: Vec<bool> = (0..21).map(|i| (8..=12).contains(&i)).collect();
        let area = |i: usize| {
            Some(if i <= 4 {
                60.0
            } else if i >= 16 {
                80.0
            } else {
                40.0
            })
        };
        let told = |usual: Option<Usual>| usual.map(|u| (u.value, u.both_sides));
        assert_eq!(told(usual(&tumour, 3.0, area)), Some((70.0, true)));
        let below = |i: usize| area(i).filter(|_| i < 8);
        assert_eq!(told(usual(&tumour, 3.0, below)), Some((60.0, false)));
        let one_slice = |i: usize| area(i).filter(|_| i == 4);
        assert_eq!(usual(&tumour, 3.0, one_slice), None);
        // Beyond slice 0 upwards: 4 (12 mm) to 10 (30 mm); at a third of 10 mm from 3 on, rounded as headers are.
        let (ramp, lowest) = (|i: usize| Some(i as f64), |i: usize| i == 0);
        let lowest: Vec<bool> = (0..21).map(lowest).collect();
        assert_eq!(told(usual(&lowest, 3.0, ramp)), Some((7.0, false)));
        assert_eq!(told(usual(&lowest, 3.33333, ramp)), Some((6.0, false)));
        // Seven values a step apart: their SD is 2.16.
        assert!((usual(&lowest, 3.0, ramp).unwrap().sd - (28.0_f64 / 6.0 / 7.0).sqrt()).abs() < 1e-12);
        assert_eq!(usual(&[false; 21], 3.0, ramp), None);
    }
}
