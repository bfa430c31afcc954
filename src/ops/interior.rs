//! Bone inside the lesion: the share of mineral in what lies deeper than the peel (method.md 3.5, 3.9).
//!
//! A threshold finds the bone; how much of each pixel is bone follows from its density between that of the lesion's own
//! soft tissue and that of its own bone, because a plain threshold counts partial pixels whole.

use super::components::pieces;
use super::contour::edges;
use super::distance::to_outside_mm;
use super::outline::SliceOutline;
use super::plane::Plane;
use super::quantile::quantile;
use super::rim::RimSlice;
use super::shell::{Shell, shell, typical_depth_mm};
use crate::volume::traverse::each;
use ndarray::{Array2, Array3};
use serde::{Deserialize, Serialize};

/// How the interior is measured.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The peel between outline and interior is min(peel_mm, peel_share x sqrt(area/pi)).
    pub peel_mm: f64,
    /// See `peel_mm`.
    pub peel_share: f64,
    /// Ossified pieces smaller than this are noise, mm3.
    pub min_component_mm3: f64,
    /// Internal bone is present from this fraction on.
    pub present_fraction: f64,
    /// ... and from this volume in one piece on, mm3.
    pub present_mm3: f64,
    /// The interior zone of an exam must have this area on some slice, mm2.
    pub min_zone_mm2: f64,
}

/// How much deeper than the peel a piece must reach to be internal bone and not the rim's inner face, mm (method.md 3.5).
const DEEPER_MM: f64 = 2.0;

/// Partial pixels are counted within this distance of found bone, mm: about one voxel of a clinical CT.
const PARTIAL_MM: f64 = 1.0;

/// Density of soft tissue where the lesion has none left to measure, HU (method.md 2: untreated GCTB 30 to 80).
const SOFT_HU: f64 = 60.0;

/// What a pixel of the interior picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tissue {
    /// Outside the outline.
    Outside,
    /// Within the peel.
    Peel,
    /// Interior without bone.
    Soft,
    /// Interior bone.
    Ossified,
    /// Interior that does not count: metal, native bone.
    Excluded,
}

/// The interior on one slice.
#[derive(Clone, Debug)]
pub struct InteriorSlice {
    /// Area deeper than the peel, mm2.
    pub zone_mm2: f64,
    /// Its mineral, by partial-volume mixture, mm2.
    pub ossified_mm2: f64,
    /// The same by plain threshold, mm2.
    pub hard_mm2: f64,
    /// Area of the whole section, mm2.
    pub section_mm2: f64,
    /// Its mineral, by mixture, mm2.
    pub section_ossified_mm2: f64,
    /// What each pixel of the resampled plane is.
    pub tissue: Plane<Tissue>,
}

/// The interior of an exam at one threshold.
#[derive(Clone, Debug)]
pub struct Interior {
    /// Slice by slice.
    pub slices: Vec<InteriorSlice>,
    /// Largest piece of bone that reaches deeper than the rim could, mm3.
    pub deep_piece_mm3: f64,
    /// Median density of the unossified interior, HU.
    pub soft_hu: f64,
    /// Density of the interior's own bone, HU.
    pub bone_hu: f64,
    /// Area of interior that does not count, over all slices, mm2.
    pub excluded_mm2: f64,
}

/// What the interior is measured from.
pub struct Source<'a> {
    /// The outline, slice by slice.
    pub outlines: &'a [SliceOutline],
    /// The same slices resampled in plane, HU.
    pub planes: &'a [Plane<f32>],
    /// What does not count on each slice (native bone, metal), on the planes' pixels.
    pub excluded: &'a [Array2<bool>],
    /// Distance of slices, mm.
    pub slice_mm: f64,
}

/// One slice on its way: where it is and how deep.
struct Depth {
    inside: Array2<bool>,
    /// Distance to the true border on the slice, as the rim's rays found it, mm.
    depth_mm: Array2<f64>,
    /// How deep the rim reaches here, mm; 0 where there is none.
    rim_mm: Array2<f64>,
    /// Whether a rim covers most of the border of the slice.
    closed: bool,
    peel_mm: f64,
    /// Distance to the surface in space, mm: where it slopes, less than `depth_mm`. Known up to [`Depth::far_mm`].
    surface_mm: Array2<f64>,
    /// Distance to the nearest plane without outline, mm: the ends of the lesion.
    end_mm: f64,
}

impl Depth {
    /// Beyond this depth nothing depends on how deep a pixel lies.
    fn far_mm(&self) -> f64 {
        self.peel_mm + DEEPER_MM + 1.0
    }

    /// Deeper than the peel in the slice.
    fn in_zone(&self, i: (usize, usize)) -> bool {
        self.depth_mm[i] > self.peel_mm
    }

    /// The rim may run under a sloping surface far into the slice: what lies here, bone or not, it hides.
    fn in_shell(&self, i: (usize, usize)) -> bool {
        self.rim_mm[i] > 0.0 && self.surface_mm[i] <= self.peel_mm.max(self.rim_mm[i])
    }
}

/// Measures the interior at one threshold; `rim` is what was found at the same one.
pub fn interior(source: &Source<'_>, rim: &[RimSlice], rules: &Rules, mineral_hu: f64) -> Interior {
    let stack = Stack::new(source);
    let rim_mm = typical_depth_mm(rim.iter().flat_map(|r| &r.arcs)).unwrap_or(rules.peel_mm);
    let flat = each(source.outlines.len(), |k| depth(&source.outlines[k], &source.planes[k], &rim[k], rules, rim_mm));
    let surfaces = each(flat.len(), |k| surface_and_end_mm(source, &stack, &flat, k));
    let joined = flat.into_iter().zip(surfaces);
    let depths: Vec<Depth> = joined.map(|(d, (surface_mm, end_mm))| Depth { surface_mm, end_mm, ..d }).collect();
    let hard = each(depths.len(), |k| dense(source, &depths[k], k, mineral_hu));
    let (bone, deep_piece_mm3) = keep_large(source, &stack, &depths, hard, rules);
    let (soft_hu, bone_hu) = levels(source, &depths, &bone, mineral_hu);
    let mixture = |hu: f32| ((f64::from(hu) - soft_hu) / (bone_hu - soft_hu)).clamp(0.0, 1.0);
    let slices = each(depths.len(), |k| slice(source, &depths[k], &bone[k], k, mixture));
    let excluded_mm2 = (0..depths.len()).map(|k| excluded_mm2(source, &depths[k], k)).sum();
    Interior { slices, deep_piece_mm3, soft_hu, bone_hu, excluded_mm2 }
}

fn depth(outline: &SliceOutline, plane: &Plane<f32>, rim: &RimSlice, rules: &Rules, rim_mm: f64) -> Depth {
    let inside = fill(outline, plane);
    let mut depth_mm = to_outside_mm(inside.view(), plane.pixel_mm);
    // The border runs about half a pixel before the nearest centre outside.
    depth_mm.mapv_inplace(|d| (d - plane.pixel_mm[0] / 2.0).max(0.0));
    let radius_mm = (outline.area_mm2 / std::f64::consts::PI).sqrt();
    let peel_mm = rules.peel_mm.min(rules.peel_share * radius_mm);
    let Shell { depth_mm, rim_mm, closed } = shell(plane, depth_mm, &rim.arcs, peel_mm + DEEPER_MM + 1.0, rim_mm);
    Depth { inside, surface_mm: depth_mm.clone(), depth_mm, rim_mm, closed, peel_mm, end_mm: f64::INFINITY }
}

/// How far each pixel of slice k is from the surface in space, by what its neighbours' outlines leave outside, and how
/// far the slice is from the ends of the lesion. A slice shows all that lies within half its thickness:
/// `min over slices j of sqrt((distance of slices - half a slice)^2 + (depth in slice j)^2)`.
fn surface_and_end_mm(source: &Source<'_>, stack: &Stack, depths: &[Depth], k: usize) -> (Array2<f64>, f64) {
    let (mut surface_mm, mut end_mm) = (depths[k].depth_mm.clone(), f64::INFINITY);
    let reach = (depths[k].far_mm() / source.slice_mm).ceil() as isize;
    let here = source.outlines[k].plane as isize;
    for plane in here - reach..=here + reach {
        let across_mm = plane.abs_diff(here) as f64 * source.slice_mm;
        let Some(j) = source.outlines.iter().position(|o| o.plane as isize == plane) else {
            end_mm = across_mm.min(end_mm);
            continue;
        };
        let between_mm = (across_mm - 0.5 * source.slice_mm).max(0.0);
        for (i, s) in surface_mm.indexed_iter_mut() {
            let there = stack.inverse(j, stack.at(k, i)).and_then(|i| depths[j].depth_mm.get(i));
            *s = s.min(libm::hypot(between_mm, there.copied().unwrap_or(0.0)));
        }
    }
    // The flat end of an outline is a surface only where a rim closes it.
    if depths[k].closed {
        let cap_mm = (end_mm - 0.5 * source.slice_mm).max(0.0);
        surface_mm.mapv_inplace(|s| s.min(cap_mm));
    }
    (surface_mm, end_mm)
}

/// Pixels whose centre lies inside the rings: crossings of each pixel row with every ring, filled between pairs.
fn fill(outline: &SliceOutline, plane: &Plane<f32>) -> Array2<bool> {
    let mut inside = Array2::from_elem(plane.pixels.dim(), false);
    for (y, mut row) in inside.rows_mut().into_iter().enumerate() {
        let at = plane.at(0, y)[1];
        let crossing = |(p, q): ([f64; 2], [f64; 2])| {
            ((p[1] > at) != (q[1] > at)).then(|| p[0] + (at - p[1]) / (q[1] - p[1]) * (q[0] - p[0]))
        };
        let mut crossings: Vec<f64> =
            outline.rings.iter().flat_map(|r| edges(&r.points)).filter_map(crossing).collect();
        crossings.sort_by(f64::total_cmp);
        let column = |mm: f64| ((mm - plane.corner_mm[0]) / plane.pixel_mm[0]).ceil().max(0.0) as usize;
        for pair in crossings.chunks_exact(2) {
            (column(pair[0])..column(pair[1]).min(row.len())).for_each(|x| row[x] = true);
        }
    }
    inside
}

/// Dense pixels inside the outline that are not excluded.
fn dense(source: &Source<'_>, depth: &Depth, k: usize, mineral_hu: f64) -> Array2<bool> {
    let hu = &source.planes[k].pixels;
    Array2::from_shape_fn(hu.dim(), |i| depth.inside[i] && !source.excluded[k][i] && f64::from(hu[i]) >= mineral_hu)
}

/// Bone of pieces that are large enough, and the largest piece that lies deep. The peel takes no part: a rim must not
/// lend its size to specks that touch it.
fn keep_large(
    source: &Source<'_>,
    stack: &Stack,
    depths: &[Depth],
    hard: Vec<Array2<bool>>,
    rules: &Rules,
) -> (Vec<Array2<bool>>, f64) {
    let mut zone = Array3::from_elem(stack.dim, false);
    for (k, plane) in hard.iter().enumerate() {
        for (i, _) in plane.indexed_iter().filter(|(i, m)| **m && depths[k].in_zone(*i) && !depths[k].in_shell(*i)) {
            zone[stack.at(k, i)] = true;
        }
    }
    let found = pieces(&zone);
    let voxel_mm3 = source.slice_mm * source.planes.first().map_or(0.0, Plane::pixel_area_mm2);
    let mut deepest = vec![f64::NEG_INFINITY; found.sizes.len()];
    let mut bone = hard;
    for (k, plane) in bone.iter_mut().enumerate() {
        for (i, m) in plane.indexed_iter_mut() {
            let label = found.labels[stack.at(k, i)] as usize;
            if label > 0 {
                *m = found.sizes[label - 1] as f64 * voxel_mm3 >= rules.min_component_mm3;
                deepest[label - 1] =
                    deepest[label - 1].max(depths[k].surface_mm[i].min(depths[k].end_mm) - depths[k].peel_mm);
            }
        }
    }
    let deep = found.sizes.iter().zip(&deepest).filter(|(_, d)| **d > DEEPER_MM).map(|(&n, _)| n as f64 * voxel_mm3);
    (bone, deep.fold(0.0, f64::max))
}

/// Planes of different windows on one grid.
struct Stack {
    dim: (usize, usize, usize),
    offsets: Vec<(usize, usize, usize)>,
}

impl Stack {
    fn new(source: &Source<'_>) -> Self {
        let low = |a: usize| source.planes.iter().map(|p| p.corner_mm[a]).fold(f64::INFINITY, f64::min);
        let (left, front) = (low(0), low(1));
        let first = source.outlines.first().map_or(0, |o| o.plane);
        let place = |(o, p): (&SliceOutline, &Plane<f32>)| {
            let step = |a: usize, from: f64| ((p.corner_mm[a] - from) / p.pixel_mm[a]).round() as usize;
            (o.plane - first, step(1, front), step(0, left))
        };
        let offsets: Vec<_> = source.outlines.iter().zip(source.planes).map(place).collect();
        let dim = offsets.iter().zip(source.planes).fold((0, 0, 0), |d, (o, p)| {
            (d.0.max(o.0 + 1), d.1.max(o.1 + p.pixels.nrows()), d.2.max(o.2 + p.pixels.ncols()))
        });
        Self { dim, offsets }
    }

    /// Where a pixel of slice k lies in the stack.
    fn at(&self, k: usize, (y, x): (usize, usize)) -> (usize, usize, usize) {
        let o = self.offsets[k];
        (o.0, o.1 + y, o.2 + x)
    }

    /// The pixel of slice k at a place of the stack, if its plane reaches so far to the left and front.
    fn inverse(&self, k: usize, (_, y, x): (usize, usize, usize)) -> Option<(usize, usize)> {
        let o = self.offsets[k];
        Some((y.checked_sub(o.1)?, x.checked_sub(o.2)?))
    }
}

/// Median density of unossified interior, and of the core of interior bone (its upper quartile where it has no core).
fn levels(source: &Source<'_>, depths: &[Depth], bone: &[Array2<bool>], mineral_hu: f64) -> (f64, f64) {
    let (mut soft, mut dense, mut core) = (Vec::new(), Vec::new(), Vec::new());
    for (k, depth) in depths.iter().enumerate() {
        let in_bone = to_outside_mm(bone[k].view(), source.planes[k].pixel_mm);
        for (i, &hu) in source.planes[k].pixels.indexed_iter() {
            if !depth.in_zone(i) || depth.in_shell(i) || source.excluded[k][i] {
                continue;
            }
            match (bone[k][i], in_bone[i] > PARTIAL_MM) {
                (true, true) => core.push(f64::from(hu)),
                (true, false) => dense.push(f64::from(hu)),
                (false, _) if f64::from(hu) < mineral_hu => soft.push(f64::from(hu)),
                (false, _) => {}
            }
        }
    }
    let soft_hu = quantile(&mut soft, 0.5).unwrap_or(SOFT_HU).min(mineral_hu - 1.0);
    let bone_hu = if core.len() >= 50 { quantile(&mut core, 0.5) } else { quantile(&mut dense, 0.75) };
    (soft_hu, bone_hu.unwrap_or(2.0 * mineral_hu - soft_hu).max(mineral_hu + 1.0))
}

fn slice(
    source: &Source<'_>,
    depth: &Depth,
    bone: &Array2<bool>,
    k: usize,
    mixture: impl Fn(f32) -> f64,
) -> InteriorSlice {
    let plane = &source.planes[k];
    let from_bone = to_outside_mm(bone.mapv(|b| !b).view(), plane.pixel_mm);
    let area = plane.pixel_area_mm2();
    let mut sum = [0.0; 5];
    let tissue = Array2::from_shape_fn(plane.pixels.dim(), |i| {
        if !depth.inside[i] {
            return Tissue::Outside;
        }
        let zone = depth.in_zone(i) && !depth.in_shell(i);
        if source.excluded[k][i] {
            return if zone { Tissue::Excluded } else { Tissue::Peel };
        }
        let mineral = if from_bone[i] <= PARTIAL_MM { mixture(plane.pixels[i]) } else { 0.0 };
        let hard = f64::from(u8::from(bone[i]));
        let inner = f64::from(u8::from(zone));
        let parts = [inner, inner * mineral, inner * hard, 1.0, mineral];
        sum.iter_mut().zip(parts).for_each(|(s, p)| *s += area * p);
        match (zone, bone[i]) {
            (false, _) => Tissue::Peel,
            (true, true) => Tissue::Ossified,
            (true, false) => Tissue::Soft,
        }
    });
    let [zone_mm2, ossified_mm2, hard_mm2, section_mm2, section_ossified_mm2] = sum;
    let tissue = Plane { pixels: tissue, corner_mm: plane.corner_mm, pixel_mm: plane.pixel_mm };
    InteriorSlice { zone_mm2, ossified_mm2, hard_mm2, section_mm2, section_ossified_mm2, tissue }
}

fn excluded_mm2(source: &Source<'_>, depth: &Depth, k: usize) -> f64 {
    let lost = source.excluded[k].indexed_iter().filter(|(i, m)| **m && depth.in_zone(*i)).count();
    lost as f64 * source.planes[k].pixel_area_mm2()
}
