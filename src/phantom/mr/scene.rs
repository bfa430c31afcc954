//! Everything that is in the magnet: structures as depths below their surfaces, signal as a function of place.

use super::super::anatomy::Anatomy;
use super::super::field::Texture;
use super::super::pose::Pose;
use super::super::scene::Scene;
use super::super::stream::Source;
use super::super::tissue::Tissue;
use super::cord::{Cord, EPIDURAL_FAT_MM};
use super::cyst::Cyst;
use super::growth::Growth;
use super::level::Level;
use super::signal;
use super::spec::MrSpec;
use crate::geometry::Vec3;

/// Texture is drawn within this distance of the lesion's centre, mm.
const TEXTURE_REACH_MM: f64 = 100.0;
/// Farther than this no border runs between neighbouring points of the fine grid, mm.
const FAR_MM: f64 = 1.5;
/// Its grain, mm.
const TEXTURE_GRAIN_MM: f64 = 3.0;

/// The patient of a CT in the magnet.
#[derive(Clone, Debug)]
pub struct MrScene {
    /// Bone and lesion, as CT shows them.
    pub body: Scene,
    /// How the patient lies in the magnet.
    pub pose: Pose,
    /// What has grown into the canal.
    pub growth: Growth,
    /// The cord.
    pub cord: Cord,
    /// The cyst, if there is one.
    pub cyst: Option<Cyst>,
    /// The level of what has settled in it, if anything has.
    pub level: Option<Level>,
    /// What the lesion's signal is multiplied by.
    pub gain: f64,
    anatomy: Anatomy,
    texture: Texture,
}

impl MrScene {
    /// The patient with a lesion that has not grown into the canal yet and has no cyst.
    pub fn new(source: &Source, timepoint: &str, body: Scene, anatomy: Anatomy, spec: &MrSpec) -> Self {
        let growth = Growth::new(source, timepoint, &anatomy, &body.lesion);
        let cord = Cord::new(&anatomy, spec.cord_scale);
        let centre = body.lesion.centre();
        let texture = Texture::new(&mut source.stream("mr texture"), centre, TEXTURE_REACH_MM, TEXTURE_GRAIN_MM);
        let pose = Pose::new(source, &format!("{timepoint}/mr"));
        Self { body, pose, growth, cord, cyst: None, level: None, gain: 1.0, anatomy, texture }
    }

    /// Depth in the canal, everything in it included, at a point of the vertebra's frame, mm; negative outside.
    pub fn canal_depth_mm(&self, q: Vec3) -> f64 {
        self.anatomy.canal_depth_mm(q)
    }

    /// Depth in the tumour: lesion and gap outside the canal, growth within it.
    pub fn tumour_depth_mm(&self, q: Vec3) -> f64 {
        let (canal, lesion) = (self.canal_depth_mm(q), self.body.lesion.depth_mm(self.body.lesion.direction(q)));
        let outside = lesion.max(self.growth.gap_depth_mm(q)).min(-canal);
        // Far from the canal what has grown into it is out of question, and dear to ask for.
        if canal < -FAR_MM { outside } else { outside.max(self.growth.depth_mm(q).min(canal)) }
    }

    /// Depth in the cord: within the dura, where no tumour is.
    pub fn cord_depth_mm(&self, q: Vec3) -> f64 {
        let dura = self.canal_depth_mm(q) - EPIDURAL_FAT_MM;
        self.cord.depth_mm(&self.growth, q).min(dura).min(-self.growth.depth_mm(q))
    }

    /// Depth in the cyst, which is in the tumour outside the canal.
    pub fn cyst_depth_mm(&self, q: Vec3) -> f64 {
        let cyst = self.cyst.as_ref().map_or(f64::NEG_INFINITY, |c| c.depth_mm(q));
        if cyst < -FAR_MM { cyst } else { cyst.min(-self.canal_depth_mm(q)).min(self.tumour_depth_mm(q)) }
    }

    /// Signal at a point of the vertebra's frame, the cord being 1.
    pub fn signal(&self, q: Vec3) -> f64 {
        let canal = self.canal_depth_mm(q);
        if canal > 0.0 {
            return self.canal_signal(q, canal);
        }
        let tissue = self.body.tissue_in_vertebra(q);
        let is_tumour = signal::is_lesion(tissue) || self.growth.gap_depth_mm(q) > 0.0;
        match is_tumour {
            true if self.cyst_depth_mm(q) > 0.0 => self.fluid(q),
            true => self.lesion_signal(if signal::is_lesion(tissue) { tissue } else { Tissue::Soft }, q),
            false if tissue == Tissue::Marrow => signal::of(tissue) * self.textured(q),
            false => signal::of(tissue),
        }
    }

    /// Growth, cord, fat around the dura, fluid.
    fn canal_signal(&self, q: Vec3, canal: f64) -> f64 {
        if self.growth.depth_mm(q) > 0.0 {
            return self.lesion_signal(Tissue::Soft, q);
        }
        match (canal < EPIDURAL_FAT_MM, self.cord_depth_mm(q) > 0.0) {
            (true, _) => signal::EPIDURAL_FAT,
            (false, true) => signal::CORD,
            (false, false) => signal::FLUID,
        }
    }

    /// The cyst's fluid, or what has settled in it.
    fn fluid(&self, q: Vec3) -> f64 {
        let below = self.level.as_ref().filter(|level| level.is_below(self.pose.to_patient(q)));
        below.map_or(signal::CYST, |level| level.dark)
    }

    fn lesion_signal(&self, tissue: Tissue, q: Vec3) -> f64 {
        self.gain * signal::of(tissue) * self.textured(q)
    }

    fn textured(&self, q: Vec3) -> f64 {
        1.0 + signal::TEXTURE * self.texture.at(q).clamp(-2.5, 2.5)
    }

    /// Where the middle of the canal is at a height of the magnet, mm.
    pub fn canal_middle(&self, z_mm: f64) -> [f64; 2] {
        let at = |along: f64| self.pose.to_patient([0.0, self.anatomy.canal_y(), along]);
        let (start, up) = (at(0.0), at(1.0));
        let [x, y, _] = at((z_mm - start[2]) / (up[2] - start[2]));
        [x, y]
    }

    /// Half the canal's widths, mm.
    pub fn canal_half_mm(&self) -> [f64; 2] {
        self.anatomy.size().canal
    }
}
