//! Which dense pixels are bone of the interior, and how dense soft tissue and bone are.

use super::depth::Depth;
use super::marrow::{marrow, square_mm2};
use super::section::Section;
use super::solid::solid;
use super::{Counts, DEEPER_MM, PARTIAL_MM, Rules, SOFT_HU, Source, flat};
use crate::ops::components::pieces;
use crate::ops::dilation::within;
use crate::ops::quantile::quantile;
use crate::volume::count;
use crate::volume::traverse::each;
use ndarray::{Array2, Array3, Axis, Zip, s};

/// Dense pixels inside the outline that count.
pub fn dense(section: &Section, mineral_hu: f64) -> Array2<bool> {
    let is =
        |&hu: &f32, &inside: &bool, counts: &Counts| inside && *counts == Counts::Yes && f64::from(hu) >= mineral_hu;
    Zip::from(&section.hu.pixels).and(&section.inside).and(&section.counts).map_collect(is)
}

/// The pieces of dense pixels that are bone of the lesion's own.
pub struct Kept {
    /// They, slice by slice.
    pub bone: Vec<Array2<bool>>,
    /// Volume of the largest that lies deep, mm3.
    pub deep_piece_mm3: f64,
    /// Area over all slices of pieces left out because they may be marrow, mm2.
    pub like_marrow_mm2: f64,
    /// Area over all slices of pieces of thin bone left out because they may be cortex, mm2.
    pub like_cortex_mm2: f64,
}

/// How native bone left inside the lesion looks.
#[derive(Clone, Copy)]
pub struct Native {
    /// What is denser than this is no marrow, HU; `None` where that is no question.
    pub core_hu: Option<f64>,
    /// Cortex is thin at this threshold, HU: at one that contrast medium has raised, faint new bone would be as thin.
    pub plain_hu: f64,
}

/// Keeps pieces that are large enough and like neither marrow nor cortex. The peel takes no part: a rim must not lend its size to specks
/// that touch it.
pub fn keep(
    source: &Source<'_>,
    sections: &[Section],
    depths: &[Depth],
    mut bone: Vec<Array2<bool>>,
    rules: &Rules,
    native: Native,
) -> Kept {
    let stack = Stack::new(source, sections);
    let dense = stack.collect(|k| Zip::from(&bone[k]).and(&depths[k].zone).map_collect(|&bone, &zone| bone && zone));
    let own = native.core_hu.map_or_else(|| dense.clone(), |hu| near_cores(sections, &stack, &dense, hu));
    let zone = sections.iter().zip(depths).map(|(section, depth)| counted(section, depth).filter(|&c| c).count()).sum();
    let thick = near_solid(source, sections, &stack, &own, native.plain_hu, zone);
    let found = pieces(&thick);
    let volume_mm3: Vec<f64> = found.sizes.iter().map(|&n| n as f64 * stack.voxel_mm3).collect();
    let mut deepest_mm = vec![f64::NEG_INFINITY; volume_mm3.len()];
    for (k, bone) in bone.iter_mut().enumerate() {
        let (end_mm, peel_mm) = (depths[k].end_mm, sections[k].peel_mm);
        let window = stack.window(k);
        let labels = found.labels.slice(window);
        Zip::from(bone).and(labels).and(&dense.slice(window)).and(&depths[k].in_space_mm).for_each(
            |bone, &label, &dense, &surface_mm| {
                let Some(piece) = (label as usize).checked_sub(1) else {
                    // What is not in the zone is left as it was found.
                    *bone &= !dense;
                    return;
                };
                *bone = volume_mm3[piece] >= rules.min_component_mm3;
                deepest_mm[piece] = deepest_mm[piece].max(f64::from(surface_mm).min(end_mm) - peel_mm);
            },
        );
    }
    let deep = volume_mm3.iter().zip(&deepest_mm).filter(|(_, deepest_mm)| **deepest_mm > DEEPER_MM);
    let deep_piece_mm3 = deep.map(|(mm3, _)| *mm3).fold(0.0, f64::max);
    let left = Zip::from(&dense).and(&own).map_collect(|&dense, &own| dense && !own);
    let like_marrow_mm2 = stack.large_mm3(&left, rules.min_component_mm3) / source.slice_mm;
    let thin = Zip::from(&own).and(&thick).map_collect(|&own, &thick| own && !thick);
    let like_cortex_mm2 = stack.large_mm3(&thin, rules.min_component_mm3) / source.slice_mm;
    Kept { bone, deep_piece_mm3, like_marrow_mm2, like_cortex_mm2 }
}

/// Dense voxels about cores: connected bone, denser than `core_hu`, of [`CORE_MM3`].
fn near_cores(sections: &[Section], stack: &Stack, dense: &Array3<bool>, core_hu: f64) -> Array3<bool> {
    let denser = stack.collect(|k| sections[k].hu.pixels.mapv(|hu| f64::from(hu) >= core_hu));
    let found = pieces(&Zip::from(dense).and(&denser).map_collect(|&dense, &denser| dense && denser));
    let large = |&core: &u32| core > 0 && found.sizes[core as usize - 1] as f64 * stack.voxel_mm3 >= CORE_MM3;
    let cores = found.labels.map(large);
    let pixel_mm = sections.first().map_or([1.0; 2], |s| s.hu.pixel_mm);
    about(&cores, dense, pixel_mm, ABOUT_CORE_MM, 1)
}

/// Without bone that is nowhere near anything thicker than cortex: it may be cortex that was left. Where much of the
/// interior is bone, or more is thin than could be cortex, nothing is left out.
fn near_solid(
    source: &Source<'_>,
    sections: &[Section],
    stack: &Stack,
    own: &Array3<bool>,
    plain_hu: f64,
    zone: usize,
) -> Array3<bool> {
    if number(own) >= (MUCH_BONE * zone as f64) as usize {
        return own.clone();
    }
    let pixel_mm = sections.first().map_or([1.0; 2], |s| s.hu.pixel_mm);
    let solid = solid(&stack.collect(|k| dense(&sections[k], plain_hu)), [source.slice_mm, pixel_mm[1], pixel_mm[0]]);
    let cores = Zip::from(own).and(&solid).map_collect(|&own, &solid| own && solid);
    let near = about(&cores, own, pixel_mm, ABOUT_SOLID_MM, (ABOUT_SOLID_MM / source.slice_mm) as usize);
    let thin = number(own) - number(&near);
    if thin < (MOST_CORTEX * zone as f64) as usize { near } else { own.clone() }
}

/// From this share of the interior on, bone without plates and bone with them are the same class.
const MUCH_BONE: f64 = 0.2;
/// No more than this share of an interior is cortex that was left: a wall of 2 mm through the middle of a lesion of 30 mm.
const MOST_CORTEX: f64 = 0.1;
/// Bone is no farther from thick bone than this, mm: the blurred edge of a lump.
const ABOUT_SOLID_MM: f64 = 2.0;

fn number(mask: &Array3<bool>) -> usize {
    count(mask.as_slice().expect("a volume of its own lies row by row"))
}

/// Voxels of a mask that lie within `reach_mm` in the plane of a core up to `slices` above or below.
fn about(cores: &Array3<bool>, mask: &Array3<bool>, pixel_mm: [f64; 2], reach_mm: f64, slices: usize) -> Array3<bool> {
    let mut own = Array3::from_elem(mask.dim(), false);
    for (z, mut own) in own.outer_iter_mut().enumerate() {
        let beside = cores.slice(s![z.saturating_sub(slices)..(z + slices + 1).min(cores.dim().0), .., ..]);
        let any = beside.map_axis(Axis(0), |line| line.iter().any(|&core| core));
        if any.iter().any(|&core| core) {
            let near = within(any.view(), pixel_mm, reach_mm);
            own.assign(&Zip::from(&near).and(mask.index_axis(Axis(0), z)).map_collect(|&near, &mask| near && mask));
        }
    }
    own
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

    /// Volume of the pieces of a mask that are at least so large, mm3.
    fn large_mm3(&self, mask: &Array3<bool>, least_mm3: f64) -> f64 {
        let volumes = pieces(mask).sizes.into_iter().map(|n| n as f64 * self.voxel_mm3);
        volumes.filter(|&mm3| mm3 >= least_mm3).fold(0.0, |sum, mm3| sum + mm3)
    }

    /// A volume of what is true of the sections' pixels.
    fn collect(&self, is: impl Fn(usize) -> Array2<bool>) -> Array3<bool> {
        let mut volume = Array3::from_elem(self.dim, false);
        for k in 0..self.places.len() {
            volume.slice_mut(self.window(k)).assign(&is(k));
        }
        volume
    }
}

type Window = ndarray::SliceInfo<[ndarray::SliceInfoElem; 3], ndarray::Ix3, ndarray::Ix2>;

/// Densities of the unossified interior (median), and of the core of interior bone (its upper quartile where it has no
/// core), HU; `near` is all that lies within [`PARTIAL_MM`] of bone.
///
/// Noise and texture leave holes in faint bone. What lies amid bone is bone, whatever its own density: its denser pixels
/// alone would show it too dense, and its fainter ones are no soft tissue.
pub fn levels(
    sections: &[Section],
    depths: &[Depth],
    bone: &[Array2<bool>],
    near: &[Array2<bool>],
    mineral_hu: f64,
) -> (f64, f64) {
    let of_slices = each(sections.len(), |k| samples(&sections[k], &depths[k], &bone[k], &near[k], mineral_hu));
    let [mut soft, mut edge, mut core] =
        [0, 1, 2].map(|i| of_slices.iter().flat_map(|s| &s[i]).copied().collect::<Vec<f64>>());
    let soft_hu = quantile(&mut soft, 0.5).unwrap_or(SOFT_HU).min(mineral_hu - 1.0);
    let bone_hu = if core.len() >= 50 { quantile(&mut core, 0.5) } else { quantile(&mut edge, 0.75) };
    (soft_hu, bone_hu.unwrap_or(2.0 * mineral_hu - soft_hu).max(mineral_hu + 1.0))
}

/// Whether each pixel of a slice counts as interior.
fn counted(section: &Section, depth: &Depth) -> impl Iterator<Item = bool> {
    flat(&depth.zone).iter().zip(flat(&section.counts)).map(|(zone, counts)| *zone && *counts == Counts::Yes)
}

/// Densities of a slice's interior: away from bone, bone near its edge, all that lies amid bone, HU.
fn samples(
    section: &Section,
    depth: &Depth,
    bone: &Array2<bool>,
    near: &Array2<bool>,
    mineral_hu: f64,
) -> [Vec<f64>; 3] {
    let edge = within(near.mapv(|near| !near).view(), section.hu.pixel_mm, 2.0 * PARTIAL_MM);
    let mut samples = [Vec::new(), Vec::new(), Vec::new()];
    let [bone, near, edge] = [bone, near, &edge].map(flat);
    for (i, _) in counted(section, depth).enumerate().filter(|(_, counted)| *counted) {
        let hu = f64::from(flat(&section.hu.pixels)[i]);
        match (edge[i], bone[i]) {
            (false, _) => samples[2].push(hu),
            (true, true) => samples[1].push(hu),
            (true, false) if hu < mineral_hu && !near[i] => samples[0].push(hu),
            (true, false) => {}
        }
    }
    samples
}

/// The core of bone that the lesion has made is denser than the marrow around by this, or by its SD if that is more, HU, ...
const CORE_ABOVE_HU: f64 = 60.0;
/// ... and so large, mm3. On the phantom `hard` (seed 71, where new bone has 220 to 550 HU) 40 to 80 HU and 30 to 50 mm3
/// do the same within two of 200 exams; by two SD faint bone is lost that is denser than any marrow.
const CORE_MM3: f64 = 50.0;
/// Bone is no farther from a core than this, mm: texture makes new bone fainter here and there, but what goes on beyond is
/// marrow that touches it.
const ABOUT_CORE_MM: f64 = 3.0;

/// From which density on bone inside the lesion cannot be marrow that was left, HU; `None` where that is no question,
/// because the marrow around is not as dense as the mineral threshold.
pub fn core_hu(sections: &[Section], mineral_hu: f64) -> Option<f64> {
    let square_mm2 = sections.first().map_or(0.0, |s| square_mm2(&s.hu));
    let marrow = marrow(sections.iter().flat_map(|s| &s.marrow_hu), square_mm2)?;
    let hu = marrow.mean_hu + CORE_ABOVE_HU.max(marrow.sd_hu);
    (hu > mineral_hu).then_some(hu)
}
