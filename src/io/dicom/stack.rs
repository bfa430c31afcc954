//! Slices in order along their normal, and whether they are an even, untilted stack.

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

/// Sorts slices by position along the normal of the first and returns their grid.
///
/// # Errors
/// Fewer than two slices, equal or uneven positions, a tilt.
pub fn stack(slices: &mut [Slice]) -> Result<Geometry, Fault> {
    let first = slices.first().ok_or_else(|| Fault::of(SINGLE_SLICE, "there is none"))?;
    let normal = unit(cross(first.orientation[0], first.orientation[1]));
    let normal = normal.ok_or_else(|| Fault::of(BAD_GEOMETRY, "rows and columns run the same way"))?;
    let (orientation, [dx, dy], dims) = (first.orientation, first.spacing, first.dims);
    if dx <= 0.0 || dy <= 0.0 {
        return Err(Fault::of(ZERO_SPACING, format!("PixelSpacing holds {}", dx.min(dy))));
    }
    if slices.len() < 2 {
        return Err(Fault::of(SINGLE_SLICE, "the series has one"));
    }
    slices.sort_by(|a, b| dot(a.position, normal).total_cmp(&dot(b.position, normal)));
    let positions: Vec<Vec3> = slices.iter().map(|s| s.position).collect();
    check_distinct(&positions, normal)?;
    check_straight(&positions, normal, dx.min(dy))?;
    let dz = even_step(&positions, normal)?;
    let scaled = |v: Vec3, k: f64| v.map(|c| c * k);
    let steps = [scaled(orientation[0], dx), scaled(orientation[1], dy), scaled(normal, dz)];
    let mut geometry = grid::from_steps([dims[0], dims[1], slices.len()], positions[0], steps)?;
    // Direction cosines are given rounded; PixelSpacing is the spacing.
    geometry.spacing = [dx, dy, dz];
    Ok(geometry)
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

/// The stack must rise along the normal: a drift to the side is a gantry tilt.
fn check_straight(positions: &[Vec3], normal: Vec3, pixel_mm: f64) -> Result<(), Fault> {
    let rise = sub(positions[positions.len() - 1], positions[0]);
    let along = dot(rise, normal);
    let aside = |p: &Vec3| {
        let from_first = sub(*p, positions[0]);
        norm(add_scaled(from_first, -dot(from_first, normal), normal))
    };
    let drift = positions.iter().map(aside).fold(0.0, f64::max);
    if drift <= MAX_DRIFT_PIXELS * pixel_mm {
        return Ok(());
    }
    let degrees = libm::atan2(drift, along).to_degrees();
    Err(Fault::of(GANTRY_TILT_UNCORRECTED, format!("positions lean by {degrees:.1} degrees")))
}

/// The mean step, if all are alike.
fn even_step(positions: &[Vec3], normal: Vec3) -> Result<f64, Fault> {
    let mut steps = steps_mm(positions, normal);
    let mean = steps.iter().sum::<f64>() / steps.len() as f64;
    steps.sort_by(f64::total_cmp);
    let median = steps[steps.len() / 2];
    let allowed = (MAX_UNEVEN * median).max(ROUNDING_MM);
    let (least, most) = (steps[0], steps[steps.len() - 1]);
    if median - least > allowed || most - median > allowed {
        return Err(Fault::of(NON_UNIFORM_SPACING, format!("steps from {least:.3} to {most:.3} mm")));
    }
    Ok(mean)
}
