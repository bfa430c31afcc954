//! The stack of slices an exam is scanned in, and the true section of the lesion on each.

use super::lesion::Lesion;
use super::pose::Pose;
use super::section::{self, PlaneGrid, Point, Ring};
use crate::geometry::Vec3;
use crate::volume::traverse;

/// Step of the fine grid that anatomy and truth are drawn on, mm.
pub const FINE_MM: f64 = 0.5;

/// Slice centres along z.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    /// Centre of slice 0, LPS mm.
    pub first_mm: f64,
    /// Distance between centres, mm.
    pub step_mm: f64,
    /// Number of slices.
    pub count: usize,
}

impl Stack {
    /// Slices over a lesion and `margin_mm` beyond it at either end; one centre `phase_mm` off the lesion's centre.
    pub fn over(lesion: &Lesion, pose: &Pose, step_mm: f64, phase_mm: f64, margin_mm: f64) -> Self {
        let up = pose.turn([0.0, 0.0, 1.0]);
        let slices = |mm: f64| libm::ceil((mm + margin_mm) / step_mm);
        let below = slices(lesion.extent_mm(up.map(|c| -c)) + phase_mm);
        let above = slices(lesion.extent_mm(up) - phase_mm);
        let middle = pose.to_patient(lesion.centre())[2] + phase_mm;
        Self { first_mm: round_um(middle - below * step_mm), step_mm, count: (below + above) as usize + 1 }
    }

    /// Centre of a slice, LPS mm.
    pub fn z_mm(&self, slice: usize) -> f64 {
        self.first_mm + slice as f64 * self.step_mm
    }
}

/// To whole micrometres, so that a header can hold it in decimals.
pub fn round_um(mm: f64) -> f64 {
    libm::round(mm * 1000.0) / 1000.0
}

/// The true border on one slice.
#[derive(Clone, Debug)]
pub struct Section {
    /// The slice.
    pub slice: usize,
    /// Its centre, LPS mm.
    pub z_mm: f64,
    /// The fine grid it was traced on.
    pub grid: PlaneGrid,
    /// The border.
    pub rings: Vec<Ring>,
}

/// Traces the lesion on every slice; slices without it are left out.
pub fn sections(lesion: &Lesion, pose: &Pose, stack: &Stack) -> Vec<Section> {
    let [x, y, _] = pose.to_patient(lesion.centre());
    let grid = PlaneGrid::about([x, y], lesion.reach_mm() + FINE_MM, FINE_MM);
    sections_of(stack, |_| grid, |p| lesion.depth_mm(lesion.direction(pose.to_vertebra(p))))
}

/// Traces what has a depth above 0 at patient points, on the grid of each slice's height; slices without it are left out.
pub fn sections_of(
    stack: &Stack,
    grid: impl Fn(f64) -> PlaneGrid + Sync + Send,
    depth_mm: impl Fn(Vec3) -> f64 + Sync + Send,
) -> Vec<Section> {
    let all = traverse::each(stack.count, |slice| {
        let z_mm = stack.z_mm(slice);
        let grid = grid(z_mm);
        let depths: Vec<f64> = grid.points().map(|[x, y]| depth_mm([x, y, z_mm])).collect();
        Section { slice, z_mm, grid, rings: section::trace(&grid, &depths) }
    });
    all.into_iter().filter(|s| !s.rings.is_empty()).collect()
}

impl Section {
    /// Area, mm2.
    pub fn area_mm2(&self) -> f64 {
        section::area_mm2(&self.rings)
    }

    /// Depth from which the interior counts: `min(3 mm, 0.2 sqrt(A / pi))`, method.md 3.5.
    pub fn peel_mm(&self) -> f64 {
        (0.2 * (self.area_mm2() / std::f64::consts::PI).sqrt()).min(3.0)
    }

    /// Sides of all rings.
    pub fn sides(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        self.rings.iter().flat_map(|r| section::sides(r))
    }

    /// Points of the fine grid inside the border and farther than `peel_mm` from it.
    pub fn deeper_than(&self, peel_mm: f64) -> Vec<Point> {
        let [nx, ny] = self.grid.size;
        let mut deep = vec![false; nx * ny];
        for y in 0..ny {
            let xs = section::crossings(&self.rings, self.grid.at(0, y)[1]);
            for x in 0..nx {
                deep[y * nx + x] = xs.iter().filter(|&&c| c < self.grid.at(x, y)[0]).count() % 2 == 1;
            }
        }
        for side in self.sides() {
            for (x, y) in self.grid.near(side.0, side.1, peel_mm) {
                deep[y * nx + x] &= section::distance_to_side_mm(self.grid.at(x, y), side) > peel_mm;
            }
        }
        (0..nx * ny).filter(|&i| deep[i]).map(|i| self.grid.at(i % nx, i / nx)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_a_ball_are_disks_and_their_zones_smaller_disks() {
        let ball = Lesion::of_shape([0.0; 3], |_| 1.0).scaled(20.0);
        let pose = Pose::still();
        let stack = Stack::over(&ball, &pose, 3.0, 1.0, 6.0);
        assert!(stack.first_mm <= -26.0 && stack.z_mm(stack.count - 1) > 26.0);
        let all = sections(&ball, &pose, &stack);
        assert_eq!(all.len(), 13);
        let middle = all.iter().find(|s| (s.z_mm - 1.0).abs() < 1e-9).unwrap();
        assert!((middle.area_mm2() - std::f64::consts::PI * 399.0).abs() < 1.0);
        assert_eq!(middle.peel_mm(), 3.0);
        let zone_mm2 = middle.deeper_than(3.0).len() as f64 * FINE_MM * FINE_MM;
        let deeper = 399.0_f64.sqrt() - 3.0;
        assert!((zone_mm2 / (std::f64::consts::PI * deeper * deeper) - 1.0).abs() < 0.01, "{zone_mm2}");
    }
}
