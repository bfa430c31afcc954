//! Native bone that the lesion has left inside itself: islands of what was there before.

use super::field::Texture;
use super::lesion::Lesion;
use super::spec::ExamSpec;
use super::stream::Source;
use crate::geometry::Vec3;

/// Islands of native bone: where the texture reaches the threshold.
#[derive(Clone, Debug)]
pub struct Remnants {
    /// Random field whose high regions are left.
    pub texture: Texture,
    /// Value from which bone is left.
    pub threshold: f64,
}

impl Remnants {
    /// None yet, from a stream of their own.
    pub fn new(source: &Source, spec: &ExamSpec, lesion: &Lesion) -> Self {
        let mut stream = source.stream(&format!("{}/remnants", spec.timepoint));
        let texture = Texture::new(&mut stream, lesion.centre(), lesion.reach_mm(), spec.remnants.grain_mm);
        Self { texture, threshold: f64::INFINITY }
    }

    /// Whether native bone was left at a point of the vertebra's frame, if there was any.
    pub fn leave(&self, q: Vec3) -> bool {
        self.threshold < f64::INFINITY && self.texture.at(q) >= self.threshold
    }
}
