//! What a person has marked of a tumour, and the ellipsoid that it says the tumour is about.

use crate::geometry::{Extent, Geometry, Vec3, add_scaled, cross, dot, norm, sub, unit};
use crate::io::markups::Roi;

/// The seeds of one tumour.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// Its box or its longest diameter.
    pub mark: Mark,
    /// Points in it for certain, LPS mm.
    pub inside: Vec<Vec3>,
    /// Points outside it for certain, LPS mm.
    pub outside: Vec<Vec3>,
}

/// What says where a tumour is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// The box around it.
    Roi(Roi),
    /// The ends of its longest diameter in a slice, LPS mm.
    Line([Vec3; 2]),
}

/// The other axes of a line's ellipsoid, as a share of the line (method.md 6.2).
const ACROSS: f64 = 0.8;
/// The region that is looked at: the ellipsoid this many times as large. Background is learned up to 1.7 times
/// (method.md 6.3); a voxel more, so that no smoothing ends there.
const LOOKED_AT: f64 = 1.75;

/// An ellipsoid, and the box around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ellipsoid {
    /// Its middle, LPS mm.
    pub centre: Vec3,
    /// Unit direction of each axis, LPS; at right angles.
    pub axes: [Vec3; 3],
    /// Half the length of each axis, mm.
    pub half_mm: Vec3,
}

impl Mark {
    /// The ellipsoid in the box, or around the line: its other axes are 0.8 of it.
    pub fn ellipsoid(&self) -> Ellipsoid {
        match self {
            Self::Roi(roi) => Ellipsoid { centre: roi.centre, axes: roi.axes, half_mm: roi.size_mm.map(|s| s / 2.0) },
            Self::Line([a, b]) => {
                let (way, half) = (sub(*b, *a), norm(sub(*b, *a)) / 2.0);
                let half_mm = [half, ACROSS * half, ACROSS * half];
                Ellipsoid { centre: add_scaled(*a, 0.5, way), axes: frame(way), half_mm }
            }
        }
    }
}

/// Three directions at right angles, the first along `way`.
fn frame(way: Vec3) -> [Vec3; 3] {
    const UP: Vec3 = [0.0, 0.0, 1.0];
    const LEFT: Vec3 = [1.0, 0.0, 0.0];
    let along = unit(way).unwrap_or(LEFT);
    let aside = if along[2].abs() < 0.9 { UP } else { LEFT };
    let across = unit(cross(aside, along)).unwrap_or(LEFT);
    [along, across, cross(along, across)]
}

impl Ellipsoid {
    /// `sqrt(sum_a (d . axis_a / half_a)^2)`: 1 on the surface.
    pub fn norm(&self, point: Vec3) -> f64 {
        let d = sub(point, self.centre);
        norm(std::array::from_fn(|a| dot(d, self.axes[a]) / self.half_mm[a]))
    }

    /// How far a point lies beyond the faces of the box around it, mm; negative inside.
    pub fn beyond_mm(&self, point: Vec3) -> f64 {
        let d = sub(point, self.centre);
        (0..3).map(|a| dot(d, self.axes[a]).abs() - self.half_mm[a]).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Its volume, mm3.
    pub fn volume_mm3(&self) -> f64 {
        4.0 / 3.0 * std::f64::consts::PI * self.half_mm.iter().product::<f64>()
    }

    /// How far it reaches along a direction, from end to end, mm.
    pub fn width_mm(&self, along: Vec3) -> f64 {
        let half = |i: usize| self.half_mm[i] * dot(self.axes[i], along);
        2.0 * norm([half(0), half(1), half(2)])
    }

    /// The voxels of a grid that must be looked at for it; `None` if the grid does not reach there.
    pub fn looked_at(&self, grid: &Geometry) -> Option<Extent> {
        let middle = grid.to_index(self.centre);
        let half = |a: usize| LOOKED_AT * 0.5 * self.width_mm(grid.axes[a]) / grid.spacing[a];
        let ends: [Option<[usize; 2]>; 3] = std::array::from_fn(|a| {
            let (lo, hi) = ((middle[a] - half(a)).floor() - 1.0, (middle[a] + half(a)).ceil() + 2.0);
            let reaches = hi > 0.0 && lo < grid.dims[a] as f64;
            reaches.then(|| [lo.max(0.0) as usize, (hi as usize).min(grid.dims[a])])
        });
        let [x, y, z] = [ends[0]?, ends[1]?, ends[2]?];
        Some(Extent { lo: [x[0], y[0], z[0]], hi: [x[1], y[1], z[1]] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_long_axis_of_its_ellipsoid() {
        for way in [[30.0, 0.0, 0.0], [12.0, -16.0, 0.0], [0.0, 0.0, 20.0], [1.0, 2.0, 3.0]] {
            let (a, b) = ([5.0, 6.0, 7.0], add_scaled([5.0, 6.0, 7.0], 1.0, way));
            let e = Mark::Line([a, b]).ellipsoid();
            assert!((e.norm(a) - 1.0).abs() < 1e-12 && (e.norm(b) - 1.0).abs() < 1e-12);
            let across = add_scaled(e.centre, 0.4 * norm(way), e.axes[1]);
            assert!((e.norm(across) - 1.0).abs() < 1e-12 && e.beyond_mm(across).abs() < 1e-12);
            assert!((0..9).all(|i| (dot(e.axes[i / 3], e.axes[i % 3]) - f64::from(i / 3 == i % 3)).abs() < 1e-12));
        }
    }

    #[test]
    fn what_is_looked_at_holds_the_ellipsoid_and_stays_in_the_image() {
        let grid = Geometry::upright([100, 100, 20], [0.5, 0.5, 3.0]);
        let axes = grid.axes;
        let roi = |centre| Mark::Roi(Roi { centre, axes, size_mm: [10.0, 20.0, 12.0] }).ellipsoid();
        let found = roi([20.0, 20.0, 30.0]).looked_at(&grid).unwrap();
        assert_eq!(found, Extent { lo: [21, 4, 5], hi: [60, 77, 16] });
        assert_eq!(roi([0.0, 20.0, 30.0]).looked_at(&grid).unwrap().lo[0], 0);
        assert_eq!(roi([-20.0, 20.0, 30.0]).looked_at(&grid), None);
    }
}
