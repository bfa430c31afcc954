//! Everything that is in the scanner: tissue and density as functions of place.

use super::anatomy::Anatomy;
use super::field::{Texture, Waves};
use super::lesion::Lesion;
use super::pose::Pose;
use super::spec::ExamSpec;
use super::sphere::SphereMap;
use super::stream::Source;
use super::tissue::Tissue;
use crate::geometry::{Vec3, dot};

/// Correlation length of the rim's patches on the unit sphere.
const PATCH_LENGTH: f64 = 0.55;
/// Correlation length of its thickness and density.
const RIM_LENGTH: f64 = 0.4;
/// Marrow is textured within this distance of the vertebra's centre, mm.
const MARROW_REACH_MM: f64 = 100.0;
/// Size of the marrow's texture, mm.
const MARROW_GRAIN_MM: f64 = 2.2;
/// Internal bone begins at this share of the peel, so that the peel cuts through it.
const ONSET: f64 = 0.8;

/// The bony shell: where `cover` reaches the threshold, down to `thickness_mm`.
#[derive(Clone, Debug)]
pub struct Rim {
    /// Random field whose high patches are covered.
    pub cover: SphereMap,
    /// Value from which the surface is covered.
    pub threshold: f64,
    thickness_mm: SphereMap,
    density_hu: SphereMap,
}

impl Rim {
    fn new(source: &Source, spec: &ExamSpec) -> Self {
        let stream = |what: &str| source.stream(&format!("{}/rim {what}", spec.timepoint));
        let field = |what: &str, length: f64| Waves::new(&mut stream(what), [length; 3]);
        let unit = |d: Vec3| crate::geometry::unit(d).unwrap_or(d);
        let (cover, thickness, density) =
            (field("patches", PATCH_LENGTH), field("thickness", RIM_LENGTH), field("density", RIM_LENGTH));
        let about = |mean: f64, sd: f64, value: f64| mean * (1.0 + sd * value.clamp(-2.0, 2.0));
        Self {
            cover: SphereMap::from_fn(|d| cover.at(unit(d))),
            threshold: f64::INFINITY,
            thickness_mm: SphereMap::from_fn(|d| about(spec.rim.thickness_mm, 0.14, thickness.at(unit(d)))),
            density_hu: SphereMap::from_fn(|d| about(spec.rim.density_hu, 0.1, density.at(unit(d)))),
        }
    }

    /// Whether a depth below the surface, along a direction, is within the shell, covered there or not.
    pub fn reaches(&self, d: Vec3, depth_mm: f64) -> bool {
        (0.0..=self.thickness_mm.at(d)).contains(&depth_mm)
    }
}

/// Bone inside the lesion: where the texture reaches the threshold, deeper than its onset.
#[derive(Clone, Debug)]
pub struct Ossification {
    /// Random field whose high regions are bone.
    pub texture: Texture,
    /// Value from which tissue is bone.
    pub threshold: f64,
    onset_mm: f64,
}

impl Ossification {
    fn new(source: &Source, spec: &ExamSpec, lesion: &Lesion) -> Self {
        let mut stream = source.stream(&format!("{}/ossification", spec.timepoint));
        let texture = Texture::new(&mut stream, lesion.centre(), lesion.reach_mm(), spec.ossified.grain_mm);
        let peel_mm = (0.1 * spec.lesion.diameter_mm).min(3.0);
        Self { texture, threshold: f64::INFINITY, onset_mm: ONSET * peel_mm }
    }

    /// Whether bone may form at a depth.
    pub fn reaches(&self, depth_mm: f64) -> bool {
        depth_mm >= self.onset_mm
    }
}

/// Patient, lesion and the bone it has made.
#[derive(Clone, Debug)]
pub struct Scene {
    /// How the patient lies.
    pub pose: Pose,
    /// The lesion.
    pub lesion: Lesion,
    /// Its shell.
    pub rim: Rim,
    /// The bone inside it.
    pub ossified: Ossification,
    anatomy: Anatomy,
    marrow: Texture,
    spec: ExamSpec,
}

impl Scene {
    /// The patient with a lesion of its final size that has made no bone yet.
    pub fn new(source: &Source, spec: &ExamSpec, anatomy: Anatomy, pose: Pose, lesion: Lesion) -> Self {
        let marrow = Texture::new(&mut source.stream("marrow"), [0.0; 3], MARROW_REACH_MM, MARROW_GRAIN_MM);
        let (rim, ossified) = (Rim::new(source, spec), Ossification::new(source, spec, &lesion));
        Self { pose, lesion, rim, ossified, anatomy, marrow, spec: spec.clone() }
    }

    /// What is at a patient point.
    pub fn tissue(&self, p: Vec3) -> Tissue {
        self.tissue_at(self.pose.to_vertebra(p))
    }

    /// Density at a patient point, HU.
    pub fn hu(&self, p: Vec3) -> f64 {
        let q = self.pose.to_vertebra(p);
        let bone = &self.spec.bone;
        match self.tissue_at(q) {
            Tissue::Air => -1000.0,
            Tissue::Lung => -850.0,
            Tissue::Fat => -95.0,
            Tissue::Muscle => 55.0,
            Tissue::Canal => 25.0,
            Tissue::Disc => 85.0,
            Tissue::Cortex => bone.cortex_hu,
            Tissue::Arch => bone.arch_hu,
            Tissue::Marrow => bone.marrow_hu + bone.marrow_sd_hu * self.marrow.at(q),
            Tissue::Soft => self.spec.lesion.soft_hu + 10.0 * self.marrow.at(q),
            Tissue::Ossified => self.spec.ossified.density_hu + 40.0 * self.marrow.at(q),
            Tissue::Rim => self.rim.density_hu.at(self.lesion.direction(q)),
        }
    }

    fn tissue_at(&self, q: Vec3) -> Tissue {
        let d = self.lesion.direction(q);
        let reach = self.lesion.reach_mm();
        if dot(d, d) < reach * reach && self.lesion.holds(d) {
            self.lesion_tissue(q, d)
        } else {
            self.anatomy.tissue(q)
        }
    }

    fn lesion_tissue(&self, q: Vec3, d: Vec3) -> Tissue {
        let depth = self.lesion.depth_mm(d);
        if self.rim.threshold < f64::INFINITY
            && self.rim.reaches(d, depth)
            && self.rim.cover.at(d) >= self.rim.threshold
        {
            return Tissue::Rim;
        }
        let bony = |o: &Ossification| o.threshold < f64::INFINITY && o.reaches(depth) && o.texture.at(q) >= o.threshold;
        if bony(&self.ossified) { Tissue::Ossified } else { Tissue::Soft }
    }
}
