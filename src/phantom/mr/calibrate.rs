//! Growth, cyst and signal made exactly what was asked for.

use super::super::section;
use super::super::slices::{Section, Stack};
use super::cyst::Cyst;
use super::exam::cyst;
use super::scene::MrScene;
use super::signal;
use crate::geometry::Vec3;
use crate::volume::traverse;

/// The cyst's width lies between these, of its largest diameter over slices that need not pass its middle.
const WIDTHS: [f64; 2] = [0.95, 2.0];
/// Halvings of that range: to a hundredth of a millimetre.
const HALVINGS: usize = 12;

/// Raises the growth until it takes the wanted share of the canal on the slice where it takes most.
pub fn grow(scene: &mut MrScene, canal: &[Section], share: f64) {
    let needed = |section: &Section| {
        let mut heights: Vec<f64> =
            in_vertebra(scene, section).into_iter().map(|q| scene.growth.needed_height(q)).collect();
        let wanted = libm::round(share * heights.len() as f64) as usize;
        if wanted == 0 { 0.0 } else { *heights.select_nth_unstable_by(wanted - 1, f64::total_cmp).1 }
    };
    let of_slices = traverse::each(canal.len(), |k| needed(&canal[k]));
    // A point is reached by any height above the one it needs.
    let least = of_slices.into_iter().fold(f64::INFINITY, f64::min);
    scene.growth.height = if least > 0.0 { least * (1.0 + f64::EPSILON) } else { 0.0 };
}

/// Points of the fine grid within a section, in the vertebra's frame.
pub fn in_vertebra(scene: &MrScene, section: &Section) -> Vec<Vec3> {
    let inside = section.deeper_than(0.0).into_iter();
    inside.map(|[x, y]| scene.pose.to_vertebra([x, y, section.z_mm])).collect()
}

/// Gives the lesion a cyst whose largest diameter over the slices is `cyst_mm`; 0: none.
pub fn hollow(scene: &mut MrScene, stack: &Stack, cyst_mm: f64) {
    let [mut low_mm, mut high_mm] = WIDTHS.map(|times| times * cyst_mm);
    for _ in 0..if cyst_mm > 0.0 { HALVINGS } else { 0 } {
        let width_mm = 0.5 * (low_mm + high_mm);
        scene.cyst = Some(Cyst::new(&scene.body.lesion, &scene.growth, width_mm));
        let widest = cyst(scene, stack).iter().map(|s| section::diameter_mm(&s.rings)).fold(0.0, f64::max);
        if widest < cyst_mm { low_mm = width_mm } else { high_mm = width_mm }
    }
}

/// Scales the lesion's signal so that the median of what is no cyst is `ratio` times the cord's.
pub fn shade(scene: &mut MrScene, tumour: &[Section], ratio: f64) {
    scene.gain = 1.0;
    scene.gain = ratio * signal::CORD / median_signal(scene, tumour);
}

/// The median signal of the tumour without its cyst, over its sections.
pub fn median_signal(scene: &MrScene, tumour: &[Section]) -> f64 {
    let solid = |section: &Section| -> Vec<f64> {
        let points = in_vertebra(scene, section).into_iter();
        points.filter(|q| scene.cyst_depth_mm(*q) <= 0.0).map(|q| scene.signal(q)).collect()
    };
    let mut all = traverse::each(tumour.len(), |k| solid(&tumour[k])).concat();
    let middle = all.len() / 2;
    *all.select_nth_unstable_by(middle, f64::total_cmp).1
}
