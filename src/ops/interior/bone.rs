//! Which dense pixels are bone of the interior, and how dense soft tissue and bone are.

use super::depth::Depth;
use super::section::Section;
use super::{DEEPER_MM, PARTIAL_MM, Rules, SOFT_HU, Source};
use crate::ops::components::{Pieces, pieces};
use crate::ops::dilation::within;
use crate::ops::quantile::quantile;
use crate::volume::traverse::each;
use ndarray::{Array2, Array3, Zip, s};

/// Dense pixels inside the outline that are not excluded.
pub fn dense(section: &Section, mineral_hu: f64) -> Array2<bool> {
    let is = |&hu: &f32, &inside: &bool, &excluded: &bool| inside && !excluded && f64::from(hu) >= mineral_hu;
    Zip::from(&section.hu.pixels).and(&section.inside).and(&section.excluded).map_collect(is)
}

/// Bone of pieces that are large enough and not native, and the volume of the largest that lies deep, mm3. The peel takes
/// no part: a rim must not lend its size to specks that touch it.
pub fn keep_large(
    source: &Source<'_>,
    sections: &[Section],
    depths: &[Depth],
    mut bone: Vec<Array2<bool>>,
    rules: &Rules,
    core_hu: Option<f64>,
) -> (Vec<Array2<bool>>, f64) {
    let stack = Stack::new(source, sections);
    let zone = stack.collect(|k, i| bone[k][i] && depths[k].zone[i]);
    let found = pieces(&zone);
    let volume_mm3: Vec<f64> = found.sizes.iter().map(|&n| n as f64 * stack.voxel_mm3).collect();
    let with_core = core_hu.map_or(vec![true; volume_mm3.len()], |hu| with_core(sections, &stack, &zone, &found, hu));
    let kept = |piece: usize| with_core[piece] && volume_mm3[piece] >= rules.min_component_mm3;
    let mut deepest_mm = vec![f64::NEG_INFINITY; volume_mm3.len()];
    for (k, bone) in bone.iter_mut().enumerate() {
        let (end_mm, peel_mm) = (depths[k].end_mm, sections[k].peel_mm);
        let labels = found.labels.slice(stack.window(k));
        Zip::from(bone).and(labels).and(&depths[k].in_space_mm).for_each(|bone, &label, &surface_mm| {
            let Some(piece) = (label as usize).checked_sub(1) else { return };
            *bone = kept(piece);
            deepest_mm[piece] = deepest_mm[piece].max(f64::from(surface_mm).min(end_mm) - peel_mm);
        });
    }
    let deep = (0..volume_mm3.len()).filter(|&piece| with_core[piece] && deepest_mm[piece] > DEEPER_MM);
    (bone, deep.map(|piece| volume_mm3[piece]).fold(0.0, f64::max))
}

/// Which pieces hold a core: connected bone, denser than `core_hu`, of [`CORE_MM3`].
fn with_core(sections: &[Section], stack: &Stack, zone: &Array3<bool>, found: &Pieces, core_hu: f64) -> Vec<bool> {
    let dense = stack.collect(|k, i| f64::from(sections[k].hu.pixels[i]) >= core_hu);
    let cores = pieces(&Zip::from(zone).and(&dense).map_collect(|&z, &d| z && d));
    let mut with_core = vec![false; found.sizes.len()];
    for (&piece, &core) in found.labels.iter().zip(&cores.labels) {
        if core > 0 && cores.sizes[core as usize - 1] as f64 * stack.voxel_mm3 >= CORE_MM3 {
            with_core[piece as usize - 1] = true;
        }
    }
    with_core
}

/// Sections of different windows on one grid.
struct Stack {
    dim: (usize, usize, usize),
    /// First voxel of each section, and its rows and columns.
    places: Vec<([usize; 3], (usize, usize))>,
    voxel_mm3: f64,
}

impl Stack {
    fn new(source: &Source<'_>, sections: &[Section]) -> Self {
        let low = |a: usize| sections.iter().map(|s| s.hu.corner_mm[a]).fold(f64::INFINITY, f64::min);
        let (left, front, first) = (low(0), low(1), sections.first().map_or(0, |s| s.plane));
        let step = |s: &Section, a: usize, from: f64| ((s.hu.corner_mm[a] - from) / s.hu.pixel_mm[a]).round() as usize;
        let place = |s: &Section| ([s.plane - first, step(s, 1, front), step(s, 0, left)], s.hu.pixels.dim());
        let places: Vec<_> = sections.iter().map(place).collect();
        let dim = places
            .iter()
            .fold((0, 0, 0), |d, ([z, y, x], (ny, nx))| (d.0.max(z + 1), d.1.max(y + ny), d.2.max(x + nx)));
        let voxel_mm3 = source.slice_mm * sections.first().map_or(0.0, |s| s.hu.pixel_area_mm2());
        Self { dim, places, voxel_mm3 }
    }

    /// Where section k lies.
    fn window(&self, k: usize) -> Window {
        let ([z, y, x], (ny, nx)) = self.places[k];
        s![z, y..y + ny, x..x + nx]
    }

    /// A volume of what is true of the sections' pixels.
    fn collect(&self, is: impl Fn(usize, (usize, usize)) -> bool) -> Array3<bool> {
        let mut volume = Array3::from_elem(self.dim, false);
        for k in 0..self.places.len() {
            volume.slice_mut(self.window(k)).indexed_iter_mut().for_each(|(i, v)| *v = is(k, i));
        }
        volume
    }
}

type Window = ndarray::SliceInfo<[ndarray::SliceInfoElem; 3], ndarray::Ix3, ndarray::Ix2>;

/// Densities of the unossified interior (median), and of the core of interior bone (its upper quartile where it has no
/// core), HU.
pub fn levels(sections: &[Section], depths: &[Depth], bone: &[Array2<bool>], mineral_hu: f64) -> (f64, f64) {
    let of_slices = each(sections.len(), |k| samples(&sections[k], &depths[k], &bone[k], mineral_hu));
    let [mut soft, mut edge, mut core] =
        [0, 1, 2].map(|i| of_slices.iter().flat_map(|s| &s[i]).copied().collect::<Vec<f64>>());
    let soft_hu = quantile(&mut soft, 0.5).unwrap_or(SOFT_HU).min(mineral_hu - 1.0);
    let bone_hu = if core.len() >= 50 { quantile(&mut core, 0.5) } else { quantile(&mut edge, 0.75) };
    (soft_hu, bone_hu.unwrap_or(2.0 * mineral_hu - soft_hu).max(mineral_hu + 1.0))
}

/// Densities of a slice's interior: without bone, bone near its edge, bone in its core, HU.
fn samples(section: &Section, depth: &Depth, bone: &Array2<bool>, mineral_hu: f64) -> [Vec<f64>; 3] {
    let edge = within(bone.mapv(|b| !b).view(), section.hu.pixel_mm, PARTIAL_MM);
    let mut samples = [Vec::new(), Vec::new(), Vec::new()];
    let pixels = section.hu.pixels.iter().zip(&depth.zone).zip(&section.excluded).zip(bone).zip(&edge);
    for ((((&hu, _), _), &bone), &edge) in pixels.filter(|((((_, zone), excluded), _), _)| **zone && !**excluded) {
        let hu = f64::from(hu);
        match (bone, edge) {
            (true, false) => samples[2].push(hu),
            (true, true) => samples[1].push(hu),
            (false, _) if hu < mineral_hu => samples[0].push(hu),
            (false, _) => {}
        }
    }
    samples
}

/// What is denser than the mineral threshold by more than this is taken for cortex and not marrow, HU.
const CORTEX_HU: f64 = 150.0;
/// Less dense marrow around the lesion than this tells nothing, mm2 over all slices.
const LEAST_MARROW_MM2: f64 = 125.0;
/// The core of bone that the lesion has made is denser than dense marrow by this, HU, ...
const CORE_ABOVE_HU: f64 = 60.0;
/// ... and so large, mm3. Both from phantoms (`hard`, seed 21), where islands of native marrow left inside the lesion
/// were read as internal bone in 15 of 200 exams, and are in 4 with these; true bone was lost in none, but there it has
/// 330 HU and more. Fainter bone is lost: edges of cortex count as dense marrow and raise the limit to 300 to 340 HU.
const CORE_MM3: f64 = 50.0;

/// From which density on bone inside the lesion has a core that is not native, HU. Young marrow is as dense as the
/// mineral threshold, and the lesion leaves islands of it: only the marrow around shows what they look like. `None`
/// where there is none.
pub fn core_hu(sections: &[Section], mineral_hu: f64) -> Option<f64> {
    let (mut sum, mut mm2) = (0.0, 0.0);
    for section in sections {
        let area = section.hu.pixel_area_mm2();
        let hu = section.bony_around_hu.iter().map(|&hu| f64::from(hu));
        for hu in hu.filter(|hu| (mineral_hu..mineral_hu + CORTEX_HU).contains(hu)) {
            sum += hu * area;
            mm2 += area;
        }
    }
    (mm2 > LEAST_MARROW_MM2).then(|| sum / mm2 + CORE_ABOVE_HU)
}
