//! Tumour in the canal: a bulge with a lumpy, convex front that comes from the lesion's side, and the gap in the wall that it
//! came through.

use super::super::anatomy::Anatomy;
use super::super::field::Waves;
use super::super::lesion::Lesion;
use super::super::stream::Source;
use crate::geometry::{Vec3, add_scaled, dot, norm, sub};

/// How far the front falls back from its axis to the walls beside it, of the canal's half width.
const CONVEX: f64 = 0.45;
/// SD of the front's lumps, of the canal's half width.
const LUMPS: f64 = 0.03;
/// Size of the lumps, of the canal's half width along the plane, mm along the canal.
const LUMP_LENGTH: Vec3 = [0.9, 0.9, 9.0];
/// Radius of the gap in the wall, mm.
const GAP_MM: f64 = 5.0;
/// The bulge goes so much farther along the canal than the lesion's centre is from its ends, mm.
const BEYOND_MM: f64 = 5.0;

/// The tumour's part in the canal.
#[derive(Clone, Debug)]
pub struct Growth {
    canal: [f64; 2],
    canal_y: f64,
    /// Unit direction from the canal's middle to the lesion, in the plane, mm.
    pub towards: [f64; 2],
    /// From the canal's middle to its wall along that direction, mm.
    pub half_width_mm: f64,
    middle_mm: f64,
    half_length_mm: f64,
    lumps: Waves,
    centre: Vec3,
    /// How far it comes in at its middle: 0 not at all, 1 to the middle of the canal, 2 to the far wall.
    pub height: f64,
}

impl Growth {
    /// The growth of a patient's lesion, not begun yet.
    pub fn new(source: &Source, timepoint: &str, anatomy: &Anatomy, lesion: &Lesion) -> Self {
        let (canal, canal_y) = (anatomy.size().canal, anatomy.canal_y());
        let [x, y, z] = lesion.centre();
        let length = libm::hypot(x, y - canal_y).max(1e-9);
        let towards = [x / length, (y - canal_y) / length];
        let half_width_mm = 1.0 / libm::hypot(towards[0] / canal[0], towards[1] / canal[1]);
        let up = [0.0, 0.0, 1.0];
        Self {
            canal,
            canal_y,
            towards,
            half_width_mm,
            middle_mm: z,
            half_length_mm: 0.7 * lesion.extent_mm(up) + BEYOND_MM,
            lumps: Waves::new(&mut source.stream(&format!("{timepoint}/mr lumps")), LUMP_LENGTH),
            centre: lesion.centre(),
            height: 0.0,
        }
    }

    /// Where its front stands on the axis at a height: 1 is the wall it comes through, 0 the middle, -1 the far wall.
    pub fn front(&self, z: f64) -> f64 {
        1.0 - self.height * self.bell(z)
    }

    /// How high it is at a height, of what it is at its middle.
    fn bell(&self, z: f64) -> f64 {
        let t = (z - self.middle_mm) / self.half_length_mm;
        (1.0 - t * t).max(0.0).sqrt()
    }

    /// Depth behind its front, first order, mm; what lies outside the canal does not count.
    pub fn depth_mm(&self, q: Vec3) -> f64 {
        (self.ahead(q) - self.front(q[2])) * self.half_width_mm
    }

    /// The height from which on it reaches a point; infinite where it never does.
    pub fn needed_height(&self, q: Vec3) -> f64 {
        let bell = self.bell(q[2]);
        if bell > 0.0 { (1.0 - self.ahead(q)) / bell } else { f64::INFINITY }
    }

    /// Where its front stands on the axis when it is about to reach a point.
    fn ahead(&self, q: Vec3) -> f64 {
        let [u, v] = [q[0] / self.canal[0], (q[1] - self.canal_y) / self.canal[1]];
        let axis = [self.towards[0] / self.canal[0], self.towards[1] / self.canal[1]].map(|c| c * self.half_width_mm);
        let (along, across) = (u * axis[0] + v * axis[1], u * axis[1] - v * axis[0]);
        along - CONVEX * across * across - LUMPS * (2.0 + self.lumps.at([u, v, q[2]]).clamp(-2.0, 2.0))
    }

    /// Depth within the gap between the lesion's centre and the canal, mm; negative outside.
    pub fn gap_depth_mm(&self, q: Vec3) -> f64 {
        let wall = [self.towards[0] * self.half_width_mm, self.canal_y + self.towards[1] * self.half_width_mm];
        let to = sub([wall[0], wall[1], self.middle_mm], self.centre);
        let from = sub(q, self.centre);
        let t = (dot(from, to) / dot(to, to).max(1e-9)).clamp(0.0, 1.0);
        GAP_MM - norm(add_scaled(from, -t, to))
    }
}
