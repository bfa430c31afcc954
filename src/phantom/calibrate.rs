//! Size, coverage and fraction made exactly what was asked for: thresholds at exact quantiles of the random fields.

use super::lesion::Lesion;
use super::pose::Pose;
use super::scene::Scene;
use super::section;
use super::slices::{Section, Stack, sections};
use super::tissue::Tissue;
use super::truth::NEAR_MM;
use crate::geometry::Vec3;
use crate::volume::traverse;

/// The size is searched until the diameter is this near, mm.
const DIAMETER_TOLERANCE_MM: f64 = 0.005;

/// The lesion scaled so that its largest in-plane diameter over the slices is `diameter_mm`, and those slices.
pub fn fit_diameter(
    lesion: &Lesion,
    pose: &Pose,
    diameter_mm: f64,
    slices: impl Fn(&Lesion) -> Stack,
) -> (Lesion, Stack, Vec<Section>) {
    let mut scale_mm = 0.5 * diameter_mm;
    loop {
        let sized = lesion.scaled(scale_mm);
        let stack = slices(&sized);
        let cut = sections(&sized, pose, &stack);
        let widest = cut.iter().map(|s| section::diameter_mm(&s.rings)).fold(0.0, f64::max);
        if (widest - diameter_mm).abs() < DIAMETER_TOLERANCE_MM {
            return (sized, stack, cut);
        }
        scale_mm *= diameter_mm / widest;
    }
}

/// Value of the rim's field from which the wanted share of the border's length has bone within reach.
pub fn rim_threshold(scene: &Scene, cut: &[Section], coverage: f64) -> f64 {
    if coverage <= 0.0 {
        return f64::INFINITY;
    }
    let mut sides: Vec<(f64, f64)> = traverse::each(cut.len(), |k| best_cover(scene, &cut[k])).concat();
    sides.sort_by(|a, b| b.0.total_cmp(&a.0));
    let wanted = coverage * sides.iter().map(|s| s.1).sum::<f64>();
    let mut covered = 0.0;
    for (value, length) in sides {
        covered += length;
        if covered >= wanted {
            return value;
        }
    }
    f64::NEG_INFINITY
}

/// Of each side of the border, the highest value of the rim's field in the shell near its middle, and its length.
fn best_cover(scene: &Scene, cut: &Section) -> Vec<(f64, f64)> {
    let best = |(a, b): (section::Point, section::Point)| {
        let middle = [0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1])];
        let near = cut.grid.near(middle, middle, NEAR_MM).map(|(x, y)| cut.grid.at(x, y));
        let near = near.filter(|&p| section::distance_mm(p, middle) <= NEAR_MM);
        let value = near.filter_map(|p| shell_cover(scene, [p[0], p[1], cut.z_mm])).fold(f64::NEG_INFINITY, f64::max);
        (value, section::distance_mm(a, b))
    };
    cut.sides().map(best).collect()
}

/// The rim's field at a patient point within the shell.
fn shell_cover(scene: &Scene, p: Vec3) -> Option<f64> {
    let d = scene.lesion.direction(scene.pose.to_vertebra(p));
    let inside = scene.lesion.holds(d) && scene.rim.reaches(d, scene.lesion.depth_mm(d));
    inside.then(|| scene.rim.cover.at(d))
}

/// Value of the remnants' texture from which the wanted share of the sections' area is native bone, rim left out; what
/// was no bone cannot be left.
pub fn remnant_threshold(scene: &Scene, cut: &[Section], share: f64) -> f64 {
    if share <= 0.0 {
        return f64::INFINITY;
    }
    quantile(traverse::each(cut.len(), |k| native_values(scene, &cut[k])).concat(), share)
}

/// The remnants' texture inside the border of one slice; minus infinity where nothing can be left.
fn native_values(scene: &Scene, cut: &Section) -> Vec<f64> {
    let inside = cut.deeper_than(0.0).into_iter().map(|p| [p[0], p[1], cut.z_mm]);
    let value = |p: Vec3| {
        let q = scene.pose.to_vertebra(p);
        let left = scene.tissue(p) != Tissue::Rim && scene.was_bone(q);
        if left { scene.remnants.texture.at(q) } else { f64::NEG_INFINITY }
    };
    inside.map(value).collect()
}

/// The value that the wanted share of all values reaches.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(|a, b| b.total_cmp(a));
    let wanted = libm::round(share * values.len() as f64) as usize;
    if wanted == 0 { f64::INFINITY } else { values[wanted - 1] }
}

/// Value of the ossification's texture from which the wanted share of the zones, rim left out, is bone.
pub fn ossification_threshold(scene: &Scene, cut: &[Section], fraction: f64) -> f64 {
    if fraction <= 0.0 {
        return f64::INFINITY;
    }
    quantile(traverse::each(cut.len(), |k| zone_values(scene, &cut[k])).concat(), fraction)
}

/// The texture in the interior of one slice; minus infinity where bone may not form.
fn zone_values(scene: &Scene, cut: &Section) -> Vec<f64> {
    let deep = cut.deeper_than(cut.peel_mm()).into_iter().map(|p| [p[0], p[1], cut.z_mm]);
    let value = |(tissue, p): (Tissue, Vec3)| {
        let q = scene.pose.to_vertebra(p);
        let deep = scene.ossified.reaches(scene.lesion.depth_mm(scene.lesion.direction(q)));
        let may_form = deep && tissue != Tissue::Remnant;
        if may_form { scene.ossified.texture.at(q) } else { f64::NEG_INFINITY }
    };
    deep.map(|p| (scene.tissue(p), p)).filter(|t| t.0 != Tissue::Rim).map(value).collect()
}
