//! Checks that every format shares before a grid is believed.

use super::fault::{BAD_GEOMETRY, Fault, SHEARED_AXES, ZERO_SPACING};
use crate::geometry::{Geometry, Vec3, add_scaled, dot, norm, unit};
use std::ops::RangeInclusive;

/// Cosine between two axes up to which rounding, not shear, is to blame.
const MAX_COSINE: f64 = 1e-3;

/// Voxels of no scanner for patients are nearer or farther than this, mm: a spacing beyond is one in another unit.
const STEPS_MM: RangeInclusive<f64> = 0.01..=100.0;

/// No scanner, nor any of its coordinates, reaches farther, mm.
const FARTHEST_MM: f64 = 1e5;

/// The grid whose voxel steps along x, y, z are `steps` (LPS, mm).
///
/// # Errors
/// A step that is zero, not finite or beyond all scanners, or steps that are not at right angles.
pub fn from_steps(dims: [usize; 3], origin: Vec3, steps: [Vec3; 3]) -> Result<Geometry, Fault> {
    if !origin.iter().chain(steps.iter().flatten()).all(|v| v.is_finite()) {
        return Err(Fault::of(BAD_GEOMETRY, "the affine holds a value that is not finite"));
    }
    let spacing = steps.map(norm);
    let axes = steps.map(unit);
    let [Some(x), Some(y), Some(z)] = axes else {
        return Err(Fault::of(ZERO_SPACING, "two voxels share one place"));
    };
    if let Some(mm) = spacing.iter().find(|mm| !STEPS_MM.contains(mm)) {
        return Err(Fault::of(BAD_GEOMETRY, format!("voxels are {mm:e} mm apart")));
    }
    if let Some(mm) = origin.iter().find(|mm| mm.abs() > FARTHEST_MM) {
        return Err(Fault::of(BAD_GEOMETRY, format!("the first voxel lies at {mm:e} mm")));
    }
    Ok(Geometry { dims, spacing, origin, axes: orthogonal([x, y, z])? })
}

/// Unit axes made exactly orthogonal (Gram-Schmidt, x kept); axes already at right angles keep their bits.
fn orthogonal([x, y, z]: [Vec3; 3]) -> Result<[Vec3; 3], Fault> {
    let worst = dot(x, y).abs().max(dot(x, z).abs()).max(dot(y, z).abs());
    if worst > MAX_COSINE {
        let degrees = libm::asin(worst.min(1.0)).to_degrees();
        return Err(Fault::of(SHEARED_AXES, format!("they stray by {degrees:.1} degrees")));
    }
    let straight = |v: Vec3, from: Vec3| match dot(v, from) {
        0.0 => v,
        along => unit(add_scaled(v, -along, from)).unwrap_or(v),
    };
    let y = straight(y, x);
    Ok([x, y, straight(straight(z, x), y)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_straightened_and_shear_refused() {
        let g = from_steps([2; 3], [0.0; 3], [[1.0, 0.0, 0.0], [2e-4, 2.0, 0.0], [0.0, 0.0, 3.0]]).unwrap();
        assert!(dot(g.axes[0], g.axes[1]).abs() < 1e-15);
        let sheared = from_steps([2; 3], [0.0; 3], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.3, 1.0]]);
        assert_eq!(sheared.unwrap_err().kind, SHEARED_AXES);
    }

    #[test]
    fn voxels_in_another_unit_and_out_of_the_world_are_refused() {
        let upright = |mm: f64| [[mm, 0.0, 0.0], [0.0, mm, 0.0], [0.0, 0.0, mm]];
        for (mm, origin) in [(500.0, 0.0), (1e-3, 0.0), (1e-30, 0.0), (1.0, 1e30)] {
            let fault = from_steps([2; 3], [0.0, origin, 0.0], upright(mm)).unwrap_err();
            assert_eq!(fault.kind, BAD_GEOMETRY, "{fault}");
        }
        assert!(from_steps([2; 3], [-900.0; 3], upright(0.06)).is_ok());
    }

    #[test]
    fn zero_and_nan_steps_are_refused() {
        let zero = from_steps([2; 3], [0.0; 3], [[1.0, 0.0, 0.0], [0.0; 3], [0.0, 0.0, 3.0]]);
        assert_eq!(zero.unwrap_err().kind, ZERO_SPACING);
        let nan = from_steps([2; 3], [f64::NAN; 3], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 3.0]]);
        assert_eq!(nan.unwrap_err().kind, BAD_GEOMETRY);
    }
}
