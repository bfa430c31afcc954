//! The truth of an exam, read off the fine grid: nothing here knows how Osteon measures.

use super::scene::Scene;
use super::section::{self, Ring};
use super::slices::{FINE_MM, Section};
use super::tissue::Tissue;
use crate::volume::traverse;

/// A border point is covered where rim bone lies within this distance, mm.
pub const NEAR_MM: f64 = 1.0;

/// The truth of one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceTruth {
    /// Slice of the image, from 0 upwards.
    pub slice: usize,
    /// Its centre, LPS mm.
    pub z_mm: f64,
    /// Area of the true section, mm2.
    pub area_mm2: f64,
    /// Length of its border, mm.
    pub perimeter_mm: f64,
    /// Its largest diameter, mm.
    pub diameter_mm: f64,
    /// Largest diameter of the polygon the hand drew, mm.
    pub drawn_diameter_mm: f64,
    /// Share of the border with rim bone within 1 mm.
    pub rim_coverage: f64,
    /// Area deeper than the peel and not rim, native bone left inside included, mm2.
    pub zone_mm2: f64,
    /// Share of it that is bone the lesion has made; `None` where nothing is that deep.
    pub ossified_fraction: Option<f64>,
}

/// The truth of an exam.
#[derive(Clone, Debug, PartialEq)]
pub struct ExamTruth {
    /// Grade of Boriani by method.md 3.6.
    pub boriani_grade: &'static str,
    /// `none`, `incomplete` or `complete`.
    pub rim: &'static str,
    /// `none`, `under_half` or `over_half`.
    pub interior: &'static str,
    /// Share of the border's length over all slices that is covered.
    pub rim_coverage: f64,
    /// Share of the zone's area over all slices that is bone.
    pub ossified_fraction: f64,
    /// Largest in-plane diameter, mm.
    pub max_diameter_mm: f64,
    /// Largest diameter of a drawn polygon, mm.
    pub drawn_max_diameter_mm: f64,
    /// Volume of the lesion, mm3.
    pub volume_mm3: f64,
}

/// Reads the truth of every section; `drawn` are the polygons drawn on them.
pub fn slices(scene: &Scene, cut: &[Section], drawn: &[Vec<Ring>]) -> Vec<SliceTruth> {
    traverse::each(cut.len(), |k| slice(scene, &cut[k], &drawn[k]))
}

fn slice(scene: &Scene, cut: &Section, drawn: &[Ring]) -> SliceTruth {
    let (perimeter_mm, covered_mm) = covered(scene, cut);
    // The rim counts neither as bone nor as room for it (method.md D6).
    let deep = cut.deeper_than(cut.peel_mm()).into_iter().map(|p| scene.tissue([p[0], p[1], cut.z_mm]));
    let zone: Vec<Tissue> = deep.filter(|&t| t != Tissue::Rim).collect();
    let bone = zone.iter().filter(|&&t| t == Tissue::Ossified).count();
    SliceTruth {
        slice: cut.slice,
        z_mm: cut.z_mm,
        area_mm2: cut.area_mm2(),
        perimeter_mm,
        diameter_mm: section::diameter_mm(&cut.rings),
        drawn_diameter_mm: section::diameter_mm(drawn),
        rim_coverage: covered_mm / perimeter_mm,
        zone_mm2: zone.len() as f64 * FINE_MM * FINE_MM,
        ossified_fraction: (!zone.is_empty()).then(|| bone as f64 / zone.len() as f64),
    }
}

/// Length of the border, and of its part with rim bone near the middle of the side, mm.
fn covered(scene: &Scene, cut: &Section) -> (f64, f64) {
    let is_rim: Vec<bool> = {
        let [nx, ny] = cut.grid.size;
        let at = |i: usize| cut.grid.at(i % nx, i / nx);
        (0..nx * ny).map(|i| scene.tissue([at(i)[0], at(i)[1], cut.z_mm]) == Tissue::Rim).collect()
    };
    cut.sides().fold((0.0, 0.0), |(all, covered), (a, b)| {
        let middle = [0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1])];
        let length = section::distance_mm(a, b);
        let near = cut.grid.near(middle, middle, NEAR_MM).any(|(x, y)| {
            is_rim[y * cut.grid.size[0] + x] && section::distance_mm(cut.grid.at(x, y), middle) <= NEAR_MM
        });
        (all + length, if near { covered + length } else { covered })
    })
}

/// Pools the slices of an exam.
pub fn exam(scene: &Scene, slices: &[SliceTruth]) -> ExamTruth {
    let sum = |f: &dyn Fn(&SliceTruth) -> f64| slices.iter().map(f).sum::<f64>();
    let largest = |f: &dyn Fn(&SliceTruth) -> f64| slices.iter().map(f).fold(0.0, f64::max);
    let rim_coverage = sum(&|s| s.rim_coverage * s.perimeter_mm) / sum(&|s| s.perimeter_mm);
    let bone_mm2 = sum(&|s| s.ossified_fraction.unwrap_or(0.0) * s.zone_mm2);
    let ossified_fraction = bone_mm2 / sum(&|s| s.zone_mm2);
    let (rim, interior) = (rim_class(rim_coverage), interior_class(ossified_fraction));
    ExamTruth {
        boriani_grade: grade(rim, interior),
        rim,
        interior,
        rim_coverage,
        ossified_fraction,
        max_diameter_mm: largest(&|s| s.diameter_mm),
        drawn_max_diameter_mm: largest(&|s| s.drawn_diameter_mm),
        volume_mm3: scene.lesion.volume_mm3(),
    }
}

/// The bands of method.md 3.4: 0.10 and 0.90.
fn rim_class(coverage: f64) -> &'static str {
    match coverage {
        c if c < 0.10 => "none",
        c if c < 0.90 => "incomplete",
        _ => "complete",
    }
}

/// The bands of method.md 3.5: 0.05 and 0.50.
fn interior_class(fraction: f64) -> &'static str {
    match fraction {
        f if f < 0.05 => "none",
        f if f <= 0.50 => "under_half",
        _ => "over_half",
    }
}

/// The table of method.md 3.6.
fn grade(rim: &str, interior: &str) -> &'static str {
    match (interior, rim) {
        ("over_half", "complete") => "3",
        ("over_half", _) => "2b",
        ("under_half", _) => "2a",
        (_, "complete") => "1b",
        (_, "incomplete") => "1a",
        _ => "0",
    }
}

#[cfg(test)]
mod tests {
    use super::super::anatomy::Anatomy;
    use super::super::exam::example;
    use super::super::lesion::Lesion;
    use super::super::pose::Pose;
    use super::super::slices::{Stack, sections};
    use super::super::sphere::SphereMap;
    use super::*;

    /// A ball of 20 mm radius, its shell covered and its inside bone as asked for; nothing is calibrated.
    fn ball(cover: impl Fn(crate::geometry::Vec3) -> f64 + Sync + Send, bone: f64) -> ExamTruth {
        let (source, mut spec) = example("ball", 0);
        (spec.rim.thickness_mm, spec.ossified.onset) = (1.5, 0.5);
        let lesion = Lesion::of_shape([0.0; 3], |_| 1.0).scaled(20.0);
        let cut = sections(&lesion, &Pose::still(), &Stack::over(&lesion, &Pose::still(), 2.0, 0.3, 6.0));
        let mut scene = Scene::new(&source, &spec, Anatomy::new("L3", &spec.bone), Pose::still(), lesion);
        scene.rim.cover = SphereMap::from_fn(cover);
        (scene.rim.threshold, scene.ossified.threshold) = (0.0, bone);
        let drawn: Vec<Vec<Ring>> = cut.iter().map(|s| s.rings.clone()).collect();
        exam(&scene, &slices(&scene, &cut, &drawn))
    }

    #[test]
    fn a_ball_in_a_full_shell_is_covered_all_round_and_in_half_a_shell_half_round() {
        let full = ball(|_| 1.0, f64::INFINITY);
        assert_eq!((full.rim_coverage, full.rim, full.boriani_grade), (1.0, "complete", "1b"));
        assert_eq!(ball(|_| -1.0, f64::INFINITY).rim_coverage, 0.0);
        // Half of every ring, and at both its ends as far as 1 mm reaches: of a ring of mean length pi^2 / 2 * 20 mm.
        let half = ball(|d| d[0], f64::INFINITY).rim_coverage;
        let reach = 2.0 * NEAR_MM / (0.5 * std::f64::consts::PI * std::f64::consts::PI * 20.0);
        assert!(half > 0.5 && half < 0.5 + 1.3 * reach, "{half}");
    }

    #[test]
    fn a_ball_full_of_bone_is_all_bone_but_for_its_caps_and_rim_is_no_bone() {
        let full = ball(|_| 1.0, f64::NEG_INFINITY);
        assert!(full.ossified_fraction > 0.97, "{}", full.ossified_fraction);
        assert_eq!((full.interior, full.boriani_grade), ("over_half", "3"));
        assert_eq!(ball(|_| 1.0, f64::INFINITY).ossified_fraction, 0.0);
    }

    #[test]
    fn the_classes_follow_the_papers_words() {
        assert_eq!(grade(rim_class(0.97), interior_class(0.7)), "3");
        assert_eq!(grade(rim_class(0.5), interior_class(0.7)), "2b");
        assert_eq!(grade(rim_class(0.97), interior_class(0.5)), "2a");
        assert_eq!(grade(rim_class(0.97), interior_class(0.01)), "1b");
        assert_eq!(grade(rim_class(0.3), interior_class(0.01)), "1a");
        assert_eq!(grade(rim_class(0.09), interior_class(0.04)), "0");
    }
}
