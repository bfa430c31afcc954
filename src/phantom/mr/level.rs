//! Blood that has settled in a cyst: fluid above, dark below, the level between them nearly horizontal for a patient who lies
//! on the back.

use super::super::stream::Source;
use super::cyst::Cyst;
use crate::geometry::{Vec3, dot, sub};

/// How much has settled, and how.
#[derive(Clone, Debug)]
pub struct LevelSpec {
    /// Share of the cyst, from front to back, that is still bright.
    pub bright: f64,
    /// How far the level is off the horizontal about the body's axis and about the left-right axis, degrees: a patient who
    /// has moved, an image that was turned.
    pub tilt_deg: [f64; 2],
    /// Signal of what has settled, the cord being 1.
    pub dark: f64,
}

impl LevelSpec {
    /// One with so much bright fluid; the rest is drawn: from blood like ligament to blood like solid tumour.
    pub fn drawn(source: &Source, timepoint: &str, bright: f64) -> Self {
        let mut stream = source.stream(&format!("{timepoint}/level"));
        let tilt_deg = [stream.between(-5.0, 5.0), stream.between(-5.0, 5.0)];
        Self { bright, tilt_deg, dark: stream.between(0.25, 0.8) }
    }
}

/// The level of a cyst in the patient.
#[derive(Clone, Debug)]
pub struct Level {
    on: Vec3,
    down: Vec3,
    offset_mm: f64,
    /// Signal below.
    pub dark: f64,
}

impl Level {
    /// The level in a cyst whose middle is at `centre`, LPS mm.
    pub fn new(spec: &LevelSpec, cyst: &Cyst, centre: Vec3) -> Self {
        let [roll, nod] = spec.tilt_deg.map(f64::to_radians);
        let down = [libm::sin(roll), libm::cos(roll) * libm::cos(nod), libm::cos(roll) * libm::sin(nod)];
        Self { on: centre, down, offset_mm: (2.0 * spec.bright - 1.0) * cyst.depth_half_mm(), dark: spec.dark }
    }

    /// Whether a point of the patient is in what has settled.
    pub fn is_below(&self, p: Vec3) -> bool {
        dot(sub(p, self.on), self.down) > self.offset_mm
    }
}
