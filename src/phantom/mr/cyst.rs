//! A cyst in the lesion: fluid in a rounded hollow, longer than wide, on the side away from the canal.

use super::super::lesion::Lesion;
use super::growth::Growth;
use crate::geometry::{Vec3, add_scaled, norm, sub, unit};

/// How far it lies off the lesion's centre, of the lesion's depth there.
const OFF_CENTRE: f64 = 0.3;
/// It is at least so long along the spine, mm: over three slices.
const SHORTEST_HALF_MM: f64 = 6.5;

/// The cyst.
#[derive(Clone, Debug)]
pub struct Cyst {
    /// Its middle, in the vertebra's frame.
    pub centre: Vec3,
    /// Half its width in the plane, mm.
    pub half_mm: f64,
}

impl Cyst {
    /// A cyst of a width in a lesion.
    pub fn new(lesion: &Lesion, growth: &Growth, width_mm: f64) -> Self {
        let away = [growth.towards[0], growth.towards[1], 0.0];
        let deep_mm =
            unit(away).map_or(0.0, |u| lesion.depth_mm(lesion.direction(add_scaled(lesion.centre(), 1e-3, u))));
        Self { centre: add_scaled(lesion.centre(), OFF_CENTRE * deep_mm, away), half_mm: 0.5 * width_mm }
    }

    /// Half its depth from front to back, mm.
    pub fn depth_half_mm(&self) -> f64 {
        0.85 * self.half_mm
    }

    /// Depth below its surface, first order, mm; negative outside.
    pub fn depth_mm(&self, q: Vec3) -> f64 {
        let half = [self.half_mm, self.depth_half_mm(), (0.8 * self.half_mm).max(SHORTEST_HALF_MM)];
        let from = sub(q, self.centre);
        (1.0 - norm(std::array::from_fn(|a| from[a] / half[a]))) * half[1]
    }
}
