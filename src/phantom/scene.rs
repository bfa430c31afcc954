//! Everything that is in the scanner: tissue and density as functions of place.

use super::anatomy::Anatomy;
use super::field::{Texture, Waves};
use super::lesion::Lesion;
use super::metal::Screw;
use super::pose::Pose;
use super::remnants::Remnants;
use super::spec::{ContrastSpec, ExamSpec};
use super::sphere::SphereMap;
use super::stream::Source;
use super::tissue::Tissue;
use crate::geometry::{Vec3, dot};

/// Correlation length of the rim's thickness and density on the unit sphere.
const RIM_LENGTH: f64 = 0.4;
/// Marrow is textured within this distance of the vertebra's centre, mm.
const MARROW_REACH_MM: f64 = 100.0;
/// Size of the marrow's texture, mm.
const MARROW_GRAIN_MM: f64 = 2.2;
/// What the tube voltage leaves alone, HU: mineral is counted from here.
const SOFT_TISSUE_HU: f64 = 60.0;

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
            (field("patches", spec.rim.patch), field("thickness", RIM_LENGTH), field("density", RIM_LENGTH));
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
        Self { texture, threshold: f64::INFINITY, onset_mm: spec.ossified.onset * peel_mm }
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
    /// Native bone left inside it.
    pub remnants: Remnants,
    /// The screw near it.
    pub screw: Option<Screw>,
    anatomy: Anatomy,
    marrow: Texture,
    spec: ExamSpec,
}

impl Scene {
    /// The patient with a lesion of its final size that has made no bone yet.
    pub fn new(source: &Source, spec: &ExamSpec, anatomy: Anatomy, pose: Pose, lesion: Lesion) -> Self {
        let marrow = Texture::new(&mut source.stream("marrow"), [0.0; 3], MARROW_REACH_MM, MARROW_GRAIN_MM);
        let (rim, ossified) = (Rim::new(source, spec), Ossification::new(source, spec, &lesion));
        let remnants = Remnants::new(source, spec, &lesion);
        let screw = spec.metal.and_then(|metal| Screw::beside(&lesion, &anatomy, &metal));
        Self { pose, lesion, rim, ossified, remnants, screw, anatomy, marrow, spec: spec.clone() }
    }

    /// What is at a patient point.
    pub fn tissue(&self, p: Vec3) -> Tissue {
        self.tissue_in_vertebra(self.pose.to_vertebra(p))
    }

    /// Density at a patient point, HU.
    pub fn hu(&self, p: Vec3) -> f64 {
        let q = self.pose.to_vertebra(p);
        let tissue = self.tissue_in_vertebra(q);
        let hu = self.density_hu(tissue, q);
        let excess_hu = if tissue.is_mineral() { hu - SOFT_TISSUE_HU } else { 0.0 };
        hu + (self.spec.scanner.mineral_gain - 1.0) * excess_hu
    }

    /// Density of a tissue at a point of the vertebra's frame at 120 kV, HU.
    fn density_hu(&self, tissue: Tissue, q: Vec3) -> f64 {
        let bone = &self.spec.bone;
        let added = |hu: fn(&ContrastSpec) -> f64| self.spec.contrast.as_ref().map_or(0.0, hu);
        match tissue {
            Tissue::Air => -1000.0,
            Tissue::Lung => -850.0,
            Tissue::Fat => -95.0,
            Tissue::Muscle => 55.0 + added(|c| c.muscle_hu),
            Tissue::Aorta => 55.0 + added(|c| c.aorta_hu),
            Tissue::Canal => 25.0,
            Tissue::Disc => 85.0,
            Tissue::Cortex => bone.cortex_hu,
            Tissue::Arch => bone.arch_hu,
            Tissue::Marrow => bone.marrow_hu + added(|c| c.marrow_hu) + bone.marrow_sd_hu * self.marrow.at(q),
            Tissue::Soft => self.spec.lesion.soft_hu + self.spec.lesion.soft_sd_hu * self.marrow.at(q),
            Tissue::Ossified => self.spec.ossified.density_hu + 40.0 * self.marrow.at(q),
            Tissue::Rim => self.rim.density_hu.at(self.lesion.direction(q)),
            Tissue::Remnant => self.density_hu(self.anatomy.tissue(q), q),
            Tissue::Metal => self.spec.metal.map_or(0.0, |m| m.density_hu),
        }
    }

    /// What is at a point of the vertebra's frame.
    pub fn tissue_in_vertebra(&self, q: Vec3) -> Tissue {
        if self.screw.as_ref().is_some_and(|screw| screw.holds(q)) {
            return Tissue::Metal;
        }
        let d = self.lesion.direction(q);
        let reach = self.lesion.reach_mm();
        if dot(d, d) < reach * reach && self.lesion.holds(d) {
            self.lesion_tissue(q, d)
        } else {
            self.anatomy.tissue(q)
        }
    }

    /// Whether there was bone at a point of the vertebra's frame before the lesion.
    pub fn was_bone(&self, q: Vec3) -> bool {
        self.anatomy.tissue(q).is_native_bone()
    }

    fn lesion_tissue(&self, q: Vec3, d: Vec3) -> Tissue {
        let depth = self.lesion.depth_mm(d);
        if self.rim.threshold < f64::INFINITY
            && self.rim.reaches(d, depth)
            && self.rim.cover.at(d) >= self.rim.threshold
        {
            return Tissue::Rim;
        }
        if self.remnants.leave(q) && self.was_bone(q) {
            return Tissue::Remnant;
        }
        let bony = |o: &Ossification| o.threshold < f64::INFINITY && o.reaches(depth) && o.texture.at(q) >= o.threshold;
        if bony(&self.ossified) { Tissue::Ossified } else { Tissue::Soft }
    }
}
