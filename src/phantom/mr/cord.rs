//! The spinal cord: it gives way to what grows in, and is compressed when there is no more way to give.

use super::super::anatomy::{Anatomy, Region};
use super::growth::Growth;
use crate::geometry::Vec3;

/// Fat between wall and dura, mm.
pub const EPIDURAL_FAT_MM: f64 = 0.9;
/// As much fluid stays before the cord as long as it can give way, mm.
const FLUID_MM: f64 = 1.5;
/// No more than this does a compressed cord widen.
const WIDEST: f64 = 1.15;

/// The cord at rest and beside what has grown in.
#[derive(Clone, Debug)]
pub struct Cord {
    half_mm: [f64; 2],
    canal_y: f64,
}

/// How the cord lies at one height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lie {
    /// Its middle along the direction of growth, mm from the canal's.
    pub shift_mm: f64,
    /// What is left of its thickness along that direction.
    pub squeeze: f64,
    /// Fluid between it and the tumour on the axis, mm.
    pub gap_mm: f64,
}

impl Cord {
    /// The cord of a level; `scale` 1 has the usual diameters (cervical 13 x 8, thoracic 8.4 x 7, conus 8 x 7 mm).
    pub fn new(anatomy: &Anatomy, scale: f64) -> Self {
        let half_mm = match anatomy.size().region {
            Region::Cervical => [6.2, 3.9],
            Region::Thoracic => [4.2, 3.4],
            Region::Lumbar => [4.0, 3.5],
        };
        Self { half_mm: half_mm.map(|mm| mm * scale), canal_y: anatomy.canal_y() }
    }

    /// Half its thickness at rest along a unit direction, mm.
    fn half_along_mm(&self, [x, y]: [f64; 2]) -> f64 {
        1.0 / libm::hypot(x / self.half_mm[0], y / self.half_mm[1])
    }

    /// How it lies at a height beside what has grown in.
    pub fn lie(&self, growth: &Growth, z: f64) -> Lie {
        let (half, wall) = (self.half_along_mm(growth.towards), growth.half_width_mm);
        let (front, back) = (growth.front(z) * wall, EPIDURAL_FAT_MM - wall);
        let room = front.min(-back) - back;
        let gap = (room - 2.0 * half).clamp(0.0, FLUID_MM);
        if room < 2.0 * half {
            return Lie { shift_mm: 0.5 * (front + back), squeeze: (room / (2.0 * half)).max(0.0), gap_mm: 0.0 };
        }
        let shift_mm = (front - gap - half).min(0.0);
        Lie { shift_mm, squeeze: 1.0, gap_mm: front - half - shift_mm }
    }

    /// Depth below its surface, first order, mm; the tumour's front and the dura do not count.
    pub fn depth_mm(&self, growth: &Growth, q: Vec3) -> f64 {
        let lie = self.lie(growth, q[2]);
        if lie.squeeze < 0.05 {
            return -1.0;
        }
        let [gx, gy] = growth.towards;
        let (dx, dy) = (q[0], q[1] - self.canal_y);
        let widen = libm::pow(lie.squeeze, -0.3).min(WIDEST);
        let along = (dx * gx + dy * gy - lie.shift_mm) / lie.squeeze;
        let across = (dx * gy - dy * gx) / widen;
        let [x, y] = [along * gx + across * gy, along * gy - across * gx];
        let q = libm::hypot(x / self.half_mm[0], y / self.half_mm[1]);
        (1.0 - q) * self.half_mm[0].min(self.half_mm[1]) * lie.squeeze
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::exam::example;
    use super::super::super::lesion::Lesion;
    use super::*;

    #[test]
    fn the_cord_rests_then_gives_way_then_is_compressed() {
        let (source, spec) = example("cord", 0);
        let anatomy = Anatomy::new("T9", &spec.bone);
        let lesion = Lesion::of_shape([0.0; 3], |_| 1.0).scaled(20.0);
        let mut growth = Growth::new(&source, "post", &anatomy, &lesion);
        let cord = Cord::new(&anatomy, 1.0);
        let mut lie = |height: f64| {
            growth.height = height;
            cord.lie(&growth, 0.0)
        };
        // Half the canal is 7.8 mm, half the cord 3.4 mm, fat 0.9 mm: it rests up to a front at 4.9 mm, and the fluid is
        // gone from a front at -0.1 mm on.
        let rest = lie(0.0);
        assert!(rest.shift_mm == 0.0 && rest.squeeze == 1.0 && (rest.gap_mm - 4.4).abs() < 1e-9, "{rest:?}");
        assert_eq!(lie(0.3).shift_mm, 0.0);
        let moved = lie(0.6);
        assert!((moved.shift_mm + (3.4 + 1.5 - 0.4 * 7.8)).abs() < 1e-9 && moved.squeeze == 1.0);
        let pressed = lie(1.4);
        assert!((pressed.squeeze - (7.8 - 0.9 - 0.4 * 7.8) / 6.8).abs() < 1e-9 && pressed.gap_mm == 0.0, "{pressed:?}");
    }
}
