//! Slices in order along their normal, and the even, right-angled grid that they are or are brought to.

use super::slice::Slice;
use crate::geometry::{Geometry, Vec3, add_scaled, cross, dot, norm, sub, unit};
use crate::io::fault::{
    BAD_GEOMETRY, DUPLICATE_POSITION, Fault, GANTRY_TILT_UNCORRECTED, NON_UNIFORM_SPACING, SINGLE_SLICE, ZERO_SPACING,
};
use crate::io::grid;

/// Steps may differ from their median by this share (method.md 4) ...
const MAX_UNEVEN: f64 = 0.01;

/// ... or by the rounding of positions that are given with two decimals, mm.
const ROUNDING_MM: f64 = 0.0101;

/// Sideways drift over the whole stack, in pixels, from which it counts as tilted.
const MAX_DRIFT_PIXELS: f64 = 0.5;

/// Direction cosines that are rounded to two digits are this far from length 1.
const MAX_ROUNDING: f64 = 0.01;

/// No slice for measuring is thicker, mm: it would make a gap of any length look filled.
const MAX_THICKNESS_MM: f64 = 20.0;

/// Gantries tilt by up to 30 degrees; positions that lean by more than this are no tilt.
const MAX_TILT_DEG: f64 = 45.0;

/// The grid of a stack, and how its planes are made where slices are not planes of it.
#[derive(Debug)]
pub struct Stack {
    /// Columns, rows, planes.
    pub geometry: Geometry,
    /// `None` where slices are the planes of the grid.
    pub remade: Option<Remade>,
}

/// How the planes of the grid are made of slices.
#[derive(Debug)]
pub struct Remade {
    /// For each slice: column and row of the grid on which its first pixel falls.
    pub shifts: Vec<[f64; 2]>,
    /// For each plane: the slice at or below it, and the share of the slice above that.
    pub planes: Vec<(usize, f64)>,
}

/// Sorts slices by position along the normal of the first and returns their grid.
///
/// A stack that leans to the side (gantry tilt) is sheared back by its positions; one that is uneven is brought to even
/// steps, unless a slice is missing.
///
/// # Errors
/// Fewer than two slices, equal positions, missing slices, positions that are no stack.
pub fn stack(slices: &mut [Slice]) -> Result<Stack, Fault> {
    let first = slices.first().ok_or_else(|| Fault::of(SINGLE_SLICE, "there is none"))?;
    let normal = unit(cross(first.orientation[0], first.orientation[1]));
    let normal = normal.ok_or_else(|| Fault::of(BAD_GEOMETRY, "rows and columns run the same way"))?;
    let (orientation, [dx, dy], [nx, ny]) = (first.orientation, first.spacing, first.dims);
    if orientation.iter().any(|v| (norm(*v) - 1.0).abs() > MAX_ROUNDING) {
        return Err(Fault::of(BAD_GEOMETRY, "direction cosines are not of length 1"));
    }
    if dx <= 0.0 || dy <= 0.0 {
        return Err(Fault::of(ZERO_SPACING, format!("PixelSpacing holds {}", dx.min(dy))));
    }
    if slices.len() < 2 {
        return Err(Fault::of(SINGLE_SLICE, "the series has one"));
    }
    slices.sort_by(|a, b| dot(a.position, normal).total_cmp(&dot(b.position, normal)));
    let positions: Vec<Vec3> = slices.iter().map(|s| s.position).collect();
    check_distinct(&positions, normal)?;
    let leans = drift(&positions, normal)? > MAX_DRIFT_PIXELS * dx.min(dy);
    let steps = steps_mm(&positions, normal);
    let even = even_step(&steps);
    let dz = even.map_or_else(|| remade_step(slices, &steps), Ok)?;
    let shifts = shifts_mm(&positions, orientation.map(|v| unit(v).unwrap_or(v)), leans);
    let [least, most] = [f64::min, f64::max].map(|pick| bounds(&shifts, pick));
    let corner = (0..2).fold(positions[0], |p, a| add_scaled(p, least[a], orientation[a]));
    let scaled = |v: Vec3, k: f64| v.map(|c| c * k);
    let axes = [scaled(orientation[0], dx), scaled(orientation[1], dy), scaled(normal, dz)];
    let wider = |n: usize, a: usize, mm: f64| n + ((most[a] - least[a]) / mm).ceil() as usize;
    let planes = planes(&steps, dz, even.is_some());
    let mut geometry = grid::from_steps([wider(nx, 0, dx), wider(ny, 1, dy), planes.len()], corner, axes)?;
    // Direction cosines are given rounded; PixelSpacing is the spacing.
    geometry.spacing = [dx, dy, dz];
    let shifts = shifts.iter().map(|s| [(s[0] - least[0]) / dx, (s[1] - least[1]) / dy]).collect();
    let remade = (leans || even.is_none()).then_some(Remade { shifts, planes });
    Ok(Stack { geometry, remade })
}

/// How far each slice lies to the side of the first, along rows and columns; nothing where the stack does not lean.
fn shifts_mm(positions: &[Vec3], directions: [Vec3; 2], leans: bool) -> Vec<[f64; 2]> {
    let aside = |p: &Vec3| directions.map(|d| dot(sub(*p, positions[0]), d));
    positions.iter().map(|p| if leans { aside(p) } else { [0.0; 2] }).collect()
}

fn bounds(shifts: &[[f64; 2]], pick: fn(f64, f64) -> f64) -> [f64; 2] {
    shifts.iter().fold([0.0; 2], |b, s| [pick(b[0], s[0]), pick(b[1], s[1])])
}

/// The slices around each plane of the grid: its own where the stack is even, two neighbours where it is not.
fn planes(steps: &[f64], dz: f64, even: bool) -> Vec<(usize, f64)> {
    if even {
        return (0..=steps.len()).map(|k| (k, 0.0)).collect();
    }
    let heights: Vec<f64> = std::iter::once(0.0)
        .chain(steps.iter().scan(0.0, |h, step| {
            *h += step;
            Some(*h)
        }))
        .collect();
    let last = (heights[steps.len()] / dz).round() as usize;
    let plane = |z: usize| {
        let height = (z as f64 * dz).min(heights[steps.len()]);
        let below = (heights.partition_point(|h| *h <= height) - 1).min(steps.len() - 1);
        (below, (height - heights[below]) / steps[below])
    };
    (0..=last).map(plane).collect()
}

/// Distances between neighbours along the normal, mm.
fn steps_mm(positions: &[Vec3], normal: Vec3) -> Vec<f64> {
    positions.windows(2).map(|p| dot(sub(p[1], p[0]), normal)).collect()
}

fn check_distinct(positions: &[Vec3], normal: Vec3) -> Result<(), Fault> {
    let places = 1 + steps_mm(positions, normal).iter().filter(|mm| **mm > ROUNDING_MM).count();
    match places == positions.len() {
        true => Ok(()),
        false => Err(Fault::of(DUPLICATE_POSITION, format!("{} slices at {places} positions", positions.len()))),
    }
}

/// How far positions stray to the side from the normal through the first, mm.
fn drift(positions: &[Vec3], normal: Vec3) -> Result<f64, Fault> {
    let along = dot(sub(positions[positions.len() - 1], positions[0]), normal);
    let aside = |p: &Vec3| {
        let from_first = sub(*p, positions[0]);
        norm(add_scaled(from_first, -dot(from_first, normal), normal))
    };
    let drift = positions.iter().map(aside).fold(0.0, f64::max);
    let degrees = libm::atan2(drift, along).to_degrees();
    match degrees <= MAX_TILT_DEG {
        true => Ok(drift),
        false => Err(Fault::of(GANTRY_TILT_UNCORRECTED, format!("positions lean by {degrees:.1} degrees"))),
    }
}

/// The middle step; the lower of two, so that one missing slice of three does not pass for the rule.
fn median_step(steps: &[f64]) -> f64 {
    let mut sorted = steps.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) / 2]
}

/// How far a step may be from the median one and still be the same.
fn allowed_mm(median: f64) -> f64 {
    (MAX_UNEVEN * median).max(ROUNDING_MM)
}

/// The mean step, if all are alike.
fn even_step(steps: &[f64]) -> Option<f64> {
    let median = median_step(steps);
    let alike = steps.iter().all(|s| (s - median).abs() <= allowed_mm(median));
    alike.then(|| steps.iter().sum::<f64>() / steps.len() as f64)
}

/// The step of the even grid for uneven slices: near the median one, so that both ends are planes of it.
///
/// # Errors
/// A span without slices into which one would fit: what lies there is not known.
fn remade_step(slices: &[Slice], steps: &[f64]) -> Result<f64, Fault> {
    let median = median_step(steps);
    for (pair, step) in slices.windows(2).zip(steps) {
        let stated = pair.iter().filter_map(|s| s.acquisition.thickness_mm);
        let thickness = stated.filter(|mm| *mm <= MAX_THICKNESS_MM).fold(0.0, f64::max);
        if *step >= 2.0 * (thickness.max(median) - allowed_mm(median)) {
            let least = steps.iter().copied().fold(f64::INFINITY, f64::min);
            return Err(Fault::of(NON_UNIFORM_SPACING, format!("steps from {least:.3} to {step:.3} mm")));
        }
    }
    let total: f64 = steps.iter().sum();
    Ok(total / (total / median).round().max(1.0))
}
