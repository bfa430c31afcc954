//! The truth of an MR exam, read off the fine grid: nothing here knows how Osteon measures.

use super::super::section::{self, Ring};
use super::super::slices::Section;
use super::calibrate::{in_vertebra, median_signal};
use super::cord::EPIDURAL_FAT_MM;
use super::exam::{Cut, cyst};
use super::scene::MrScene;
use super::signal;
use crate::geometry::Vec3;
use crate::volume::traverse;

/// A cord that is left less than this of its thickness is compressed (method.md 1.8: a loss of 15 %).
const COMPRESSED: f64 = 0.85;
/// Tumour this near to the cord abuts it, mm.
const ABUTS_MM: f64 = 0.4;
/// With less fluid than this share of the canal none is seen.
const NO_FLUID: f64 = 0.04;

/// The truth of one slice.
#[derive(Clone, Debug, Default)]
pub struct MrSliceTruth {
    /// The slice.
    pub slice: usize,
    /// Its centre, LPS mm.
    pub z_mm: f64,
    /// Area of the tumour, mm2.
    pub tumour_mm2: f64,
    /// Its largest diameter, mm.
    pub diameter_mm: f64,
    /// Area of the canal with all that is in it, mm2.
    pub canal_mm2: f64,
    /// Share of the canal that is tumour.
    pub canal_share: f64,
    /// Share of the canal that is fluid.
    pub fluid_share: f64,
    /// Area of the cord as it lies on the slice, mm2.
    pub cord_mm2: f64,
    /// Largest diameter of the cyst, mm; 0: none.
    pub cyst_mm: f64,
}

/// The truth of an exam.
#[derive(Clone, Debug)]
pub struct MrTruth {
    /// Largest in-plane diameter, mm.
    pub max_diameter_mm: f64,
    /// Largest diameter of a drawn polygon, mm.
    pub drawn_max_diameter_mm: f64,
    /// Sum of areas times the distance of slices, mm3.
    pub volume_mm3: f64,
    /// Largest share of the canal that is tumour.
    pub canal_share: f64,
    /// The same summed over the slices with tumour.
    pub canal_share_volume: f64,
    /// Median signal of the tumour without its cyst over that of the cord.
    pub si_ratio: f64,
    /// Largest diameter of the cyst, mm; 0: none.
    pub cyst_mm: f64,
    /// Whether the cord is compressed.
    pub compressed: bool,
    /// Grade of epidural compression, `0` to `3`.
    pub escc: &'static str,
    /// What the cord has lost of its area where it has least.
    pub cord_area_loss: f64,
}

/// Reads the truth of every slice.
pub fn slices(scene: &MrScene, cut: &Cut) -> Vec<MrSliceTruth> {
    let cyst = cyst(scene, &cut.stack);
    let on = |sections: &[Section], slice: usize| sections.iter().find(|s| s.slice == slice).cloned();
    let area = |section: Option<&Section>| section.map_or(0.0, Section::area_mm2);
    let width = |section: Option<&Section>| section.map_or(0.0, |s| section::diameter_mm(&s.rings));
    let truth = |slice: usize| {
        let (tumour, canal) = (on(&cut.tumour, slice), on(&cut.canal, slice));
        let points = canal.as_ref().map_or_else(Vec::new, |s| in_vertebra(scene, s));
        let share = |is: &dyn Fn(Vec3) -> bool| points.iter().filter(|q| is(**q)).count() as f64 / points.len() as f64;
        MrSliceTruth {
            slice,
            z_mm: cut.stack.z_mm(slice),
            tumour_mm2: area(tumour.as_ref()),
            diameter_mm: width(tumour.as_ref()),
            canal_mm2: area(canal.as_ref()),
            canal_share: share(&|q| scene.tumour_depth_mm(q) > 0.0),
            fluid_share: share(&|q| scene.signal(q) == signal::FLUID),
            cord_mm2: area(on(&cut.cord, slice).as_ref()),
            cyst_mm: width(on(&cyst, slice).as_ref()),
        }
    };
    traverse::each(cut.stack.count, truth)
}

/// Pools the slices of an exam; `drawn` are the polygons of the tumour.
pub fn exam(scene: &MrScene, cut: &Cut, slices: &[MrSliceTruth], drawn: &[Vec<Ring>]) -> MrTruth {
    let at_tumour = || slices.iter().filter(|s| s.tumour_mm2 > 0.0);
    let largest = |of: fn(&MrSliceTruth) -> f64| at_tumour().map(of).fold(0.0, f64::max);
    let sum = |of: fn(&MrSliceTruth) -> f64| at_tumour().map(of).sum::<f64>();
    let rest_mm2 = slices.iter().map(|s| s.cord_mm2).fold(0.0, f64::max);
    let least_mm2 = at_tumour().map(|s| s.cord_mm2).fold(f64::INFINITY, f64::min);
    let heights = || (0..cut.stack.count).map(|k| height(scene, cut.stack.z_mm(k)));
    let squeeze = heights().map(|z| scene.cord.lie(&scene.growth, z).squeeze).fold(1.0, f64::min);
    MrTruth {
        max_diameter_mm: largest(|s| s.diameter_mm),
        drawn_max_diameter_mm: drawn.iter().map(|rings| section::diameter_mm(rings)).fold(0.0, f64::max),
        volume_mm3: sum(|s| s.tumour_mm2) * cut.stack.step_mm,
        canal_share: largest(|s| s.canal_share),
        canal_share_volume: sum(|s| s.canal_share * s.canal_mm2) / sum(|s| s.canal_mm2),
        si_ratio: median_signal(scene, &cut.tumour) / signal::CORD,
        cyst_mm: largest(|s| s.cyst_mm),
        compressed: squeeze < COMPRESSED,
        escc: escc(scene, slices, squeeze, heights()),
        cord_area_loss: 1.0 - least_mm2 / rest_mm2,
    }
}

/// Height of a slice in the vertebra's frame where it meets the canal's middle, mm.
fn height(scene: &MrScene, z_mm: f64) -> f64 {
    let [x, y] = scene.canal_middle(z_mm);
    scene.pose.to_vertebra([x, y, z_mm])[2]
}

/// The grade of Bilsky et al. 2010 by what grows in, the fluid before the cord, and its shape (method.md 1.8).
fn escc(scene: &MrScene, slices: &[MrSliceTruth], squeeze: f64, heights: impl Iterator<Item = f64>) -> &'static str {
    let worst = slices.iter().max_by(|a, b| a.canal_share.total_cmp(&b.canal_share));
    let worst = worst.cloned().unwrap_or_default();
    let growth = &scene.growth;
    let (mut gap_mm, mut in_mm) = (f64::INFINITY, 0.0_f64);
    for z in heights {
        gap_mm = gap_mm.min(scene.cord.lie(growth, z).gap_mm);
        in_mm = in_mm.max((1.0 - growth.front(z)) * growth.half_width_mm);
    }
    match () {
        () if worst.canal_share == 0.0 => "0",
        () if squeeze < COMPRESSED && worst.fluid_share < NO_FLUID => "3",
        () if squeeze < COMPRESSED => "2",
        () if gap_mm <= ABUTS_MM => "1c",
        () if in_mm > EPIDURAL_FAT_MM => "1b",
        () => "1a",
    }
}
