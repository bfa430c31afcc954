//! A pedicle screw near the lesion, and the streaks that it draws over the slices it lies in.

use super::anatomy::Anatomy;
use super::lesion::Lesion;
use super::pose::Pose;
use super::spec::{ExamSpec, MetalSpec};
use super::stream::Source;
use crate::geometry::{Geometry, Vec3, add_scaled, dot, norm, sub};

/// The screw ends this far outside the lesion, mm: what metal hides within it is not the phantom's question.
const CLEARANCE_MM: f64 = 2.0;
/// A shorter piece of screw would hold nothing, mm.
const SHORTEST_MM: f64 = 15.0;

/// A cylinder from behind through the pedicle into the body, in the vertebra's frame.
#[derive(Clone, Debug)]
pub struct Screw {
    head: Vec3,
    tip: Vec3,
    radius_mm: f64,
}

impl Screw {
    /// Through the pedicle on the side away from the lesion: of its own vertebra, else of the next one with room.
    pub fn beside(lesion: &Lesion, anatomy: &Anatomy, spec: &MetalSpec) -> Option<Self> {
        let levels = [0.0, 1.0, -1.0];
        let all = levels.map(|level| Self::through(anatomy, lesion, level * anatomy.pitch_mm(), spec));
        all.into_iter().find(|screw| norm(sub(screw.tip, screw.head)) >= SHORTEST_MM)
    }

    /// Driven as far as it keeps clear of the lesion, `up_mm` above its vertebra.
    fn through(anatomy: &Anatomy, lesion: &Lesion, up_mm: f64, spec: &MetalSpec) -> Self {
        let ([a, b], canal_x) = (anatomy.size().body, anatomy.size().canal[0]);
        let side = if lesion.centre()[0] > 0.0 { -1.0 } else { 1.0 };
        let z = up_mm + 0.13 * anatomy.size().height;
        let head = [side * (canal_x + 7.0), anatomy.canal_y() + 14.0, z];
        let way = sub([side * 0.35 * a, -0.35 * b, z], head);
        const STEPS: i32 = 80;
        let along = |i: i32| add_scaled(head, f64::from(i) / f64::from(STEPS), way);
        let clear = |p: &Vec3| lesion.depth_mm(lesion.direction(*p)) < -(spec.radius_mm + CLEARANCE_MM);
        let tip = (0..=STEPS).map(along).take_while(clear).last().unwrap_or(head);
        Self { head, tip, radius_mm: spec.radius_mm }
    }

    /// Whether a point of the vertebra's frame is metal.
    pub fn holds(&self, q: Vec3) -> bool {
        let (axis, d) = (sub(self.tip, self.head), sub(q, self.head));
        let t = dot(d, axis) / dot(axis, axis);
        let across = add_scaled(d, -t, axis);
        (0.0..=1.0).contains(&t) && dot(across, across) <= self.radius_mm * self.radius_mm
    }
}

/// Dark bands beyond the ends of the screw, bright ones beside it and a fan of both, falling with distance.
#[derive(Clone, Debug)]
pub struct Streaks {
    head: Vec3,
    tip: Vec3,
    radius_mm: f64,
    reach_mm: f64,
    strength_hu: f64,
    phase: f64,
}

impl Streaks {
    /// The streaks of a screw in the scanner's frame.
    pub fn new(screw: &Screw, source: &Source, spec: &ExamSpec, pose: &Pose) -> Self {
        let turn = source.stream(&format!("{}/streaks", spec.timepoint)).uniform();
        Self {
            head: pose.to_patient(screw.head),
            tip: pose.to_patient(screw.tip),
            radius_mm: screw.radius_mm,
            reach_mm: screw.radius_mm + 0.5 * spec.scanner.thickness_mm,
            strength_hu: spec.metal.map_or(0.0, |m| m.streak_hu),
            phase: std::f64::consts::TAU * turn,
        }
    }

    /// Adds them to a slice.
    pub fn add(&self, slice: &mut [f32], grid: &Geometry, z_mm: f64) {
        let [nx, ..] = grid.dims;
        for (i, hu) in slice.iter_mut().enumerate() {
            let x = grid.origin[0] + (i % nx) as f64 * grid.spacing[0];
            let y = grid.origin[1] + (i / nx) as f64 * grid.spacing[1];
            *hu += self.at([x, y, z_mm]) as f32;
        }
    }

    /// What they add at a patient point, HU.
    fn at(&self, p: Vec3) -> f64 {
        let (axis, d) = (sub(self.tip, self.head), sub(p, self.head));
        let length = (axis[0] * axis[0] + axis[1] * axis[1]).sqrt();
        let along = (d[0] * axis[0] + d[1] * axis[1]) / length;
        let across = (d[0] * axis[1] - d[1] * axis[0]) / length;
        let nearest = along.clamp(0.0, length);
        // A slice has streaks only where the screw lies in it.
        let off = (d[2] - nearest / length * axis[2]).abs();
        let share = ((self.reach_mm - off) / self.radius_mm).clamp(0.0, 1.0);
        if share > 0.0 {
            share * self.strength_hu * self.pattern(along - 0.5 * length, along - nearest, across)
        } else {
            0.0
        }
    }

    /// The streaks of unit strength: place along the screw from its middle, beyond its end, and across it, mm.
    fn pattern(&self, along: f64, beyond: f64, across: f64) -> f64 {
        let fall = |mm: f64, by_mm: f64| libm::exp(-mm.max(0.0) / by_mm);
        let bell = |t: f64| libm::exp(-t * t);
        let width = self.radius_mm + 0.15 * beyond.abs();
        let away = (beyond * beyond + across * across).sqrt() - self.radius_mm;
        let dark = bell(across / width) * fall(beyond.abs(), 25.0);
        let bright = 0.4 * bell((across.abs() - 2.5 * width) / width) * fall(away, 20.0);
        let fan = 0.3 * libm::cos(9.0 * libm::atan2(across, along) + self.phase) * fall(away, 15.0);
        bright + fan - dark
    }
}

#[cfg(test)]
mod tests {
    use super::super::exam::example;
    use super::super::spec::Site;
    use super::*;

    #[test]
    fn a_screw_is_a_cylinder_clear_of_the_lesion_with_streaks_only_in_its_slices() {
        let (source, mut spec) = example("screw", 1);
        let metal = MetalSpec { radius_mm: 3.0, density_hu: 6500.0, streak_hu: 400.0 };
        (spec.lesion.site, spec.metal) = (Site::Wall, Some(metal));
        let anatomy = Anatomy::new("L3", &spec.bone);
        let lesion = Lesion::new(&source, &anatomy, &spec.lesion).scaled(14.0);
        let screw = Screw::beside(&lesion, &anatomy, &metal).unwrap();
        let points = (0..120_i32.pow(3)).map(|i| [i % 120, i / 120 % 120, i / 14_400].map(|c| f64::from(c - 60)));
        let held: Vec<Vec3> = points.filter(|p| screw.holds(*p)).collect();
        let volume = std::f64::consts::PI * 9.0 * norm(sub(screw.tip, screw.head));
        assert!((held.len() as f64 / volume - 1.0).abs() < 0.05);
        assert!(held.iter().all(|&p| lesion.depth_mm(lesion.direction(p)) < -1.0));
        let streaks = Streaks::new(&screw, &source, &spec, &Pose::still());
        let beyond = add_scaled(screw.tip, 0.1, sub(screw.tip, screw.head));
        assert!(streaks.at(beyond) < -200.0);
        assert_eq!(streaks.at(add_scaled(beyond, 1.0, [0.0, 0.0, 10.0])), 0.0);
    }
}
