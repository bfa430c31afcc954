//! The peripheral rim: rays across the outline, each covered by bone, uncovered, or not to be judged.
//!
//! A rim peaks where many other things peak: native cortex beside the lesion, bone inside it. One ray alone cannot tell
//! them apart, and no window about the outline can, because the outline itself is off by 0.3 to 1.5 mm. So the question
//! asked of all rays together is *where the true border runs*; what lies just inside of it is rim, what lies outside is
//! not. In turn
//! - [`profile`]: density along each ray;
//! - [`streaks`]: which rays the streaks of metal spoil;
//! - [`ringing`]: what a sharp kernel adds beside lung;
//! - [`deblur`]: the mean of each millimetre along it as it was before the scanner's blur, which halves a thin rim;
//! - [`density`]: how likely such a mean is in lesion, surroundings and bone, learned from the exam itself;
//! - [`layers`]: how likely the ray is if the border lay at each of 13 offsets and was bare, abutted by native bone, or
//!   covered by a rim;
//! - [`chain`]: the ring walked as a hidden Markov chain: the outline strays slowly, kinds seldom change, and native
//!   bone comes from and goes to somewhere;
//! - [`border`]: averaged over the hands that may have drawn the outline, and held against the slices above and below.

use super::outline::{Point, SliceOutline};
use super::quantile::{quantile, robust_sd};
use crate::volume::traverse::each;
use serde::{Deserialize, Serialize};

pub mod border;
pub mod chain;
pub mod deblur;
pub mod density;
pub mod layers;
pub mod profile;
pub mod ringing;
pub mod streaks;
pub mod thickness;

use border::{Belief, Neighbours};
use chain::Evidence;
use deblur::Kernel;
use density::Densities;
use layers::{KINDS, Layers, OFFSETS};
pub use profile::{PROFILE_MM, Profile, Source, profiles};
use ringing::Ringing;
use thickness::excess_width_mm;
pub use thickness::thickness_mm;

/// How a rim is told from what is not one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The scanner's point spread in plane, SD, mm.
    pub spread_mm: f64,
    /// Bone counts from this far below the mineral threshold on, HU.
    pub bone_below_hu: f64,
    /// Distance of rays along the outline, mm.
    pub arc_step_mm: f64,
    /// Gaps up to this length are closed, mm.
    pub close_gap_mm: f64,
    /// Runs shorter than this are dropped, mm.
    pub min_run_mm: f64,
    /// Rays where slice distance x tan(surface tilt) exceeds this are not evaluable, mm.
    pub max_slice_smear_mm: f64,
    /// A slice counts if at least this share of its perimeter is evaluable.
    pub min_evaluable: f64,
    /// A slice counts from this area on, mm2.
    pub min_area_mm2: f64,
    /// A case needs this many slices that count.
    pub min_slices: usize,
}

/// What a ray shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// Rim bone.
    Covered,
    /// No rim bone.
    Uncovered,
    /// Cannot be judged: oblique surface, metal, border.
    Unevaluable,
}

/// A short arc of the outline, judged by the ray across it.
#[derive(Clone, Debug)]
pub struct Arc {
    /// Where the ray crosses the outline, mm.
    pub at: Point,
    /// Outward unit normal.
    pub normal: Point,
    /// Length of outline it stands for, mm.
    pub length_mm: f64,
    /// What it shows.
    pub cover: Cover,
    /// Probability that it is covered by a rim, given all rays.
    pub rim_chance: f64,
    /// Where the true border lies off the outline, mm; inside is negative.
    pub border_mm: f64,
    /// Where the rim peaks, mm off the outline; the densest place near the border where there is none.
    pub peak_at_mm: f64,
    /// Full width of the peak at half of its height over its surroundings, mm.
    pub width_mm: Option<f64>,
    /// Where a rim ends inside, mm off the outline: half way down from its peak; `None` where bone goes on.
    pub inner_mm: Option<f64>,
    /// How far a surface so tilted moves within a slice, mm: the rim shows so much thicker.
    pub smear_mm: f64,
    /// Where it is covered and free on both sides: the rim's excess over its surroundings added up / its height, mm.
    pub excess_width_mm: Option<f64>,
    /// Ring of the outline it belongs to, an index into the slice's rings.
    pub ring: usize,
}

/// The rim on one slice.
#[derive(Clone, Debug)]
pub struct RimSlice {
    /// Plane of the region it lies in.
    pub plane: usize,
    /// Arcs, ring after ring, in order along each.
    pub arcs: Vec<Arc>,
    /// Covered / evaluable length; `None` where nothing is evaluable.
    pub coverage: Option<f64>,
    /// Longest uncovered run, mm.
    pub gap_mm: Option<f64>,
    /// Evaluable / whole length.
    pub evaluable: f64,
    /// Spoilt by metal or its streaks / whole length.
    pub metal: f64,
    /// Length of the outline's outer rings, mm.
    pub perimeter_mm: f64,
    /// Whether the slice counts for the exam.
    pub standing: Standing,
}

/// Whether a slice counts for the exam, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// First or last slice: its outline is a cap.
    End,
    /// Too small.
    Small,
    /// Too little of its outline can be judged.
    Unevaluable,
}

impl RimSlice {
    /// Whether the slice counts for the exam.
    pub fn counts(&self) -> bool {
        self.standing == Standing::Counts
    }
}

/// The rays of an exam with everything that does not depend on the mineral threshold.
pub struct Rays<'a> {
    profiles: &'a [Vec<Profile>],
    layers: Vec<Vec<Layers>>,
    /// Layer means well inside and well outside the outline, of all rays, HU.
    inside_hu: Vec<f64>,
    around_hu: Vec<f64>,
    /// Median of the latter, HU.
    surroundings_hu: f64,
    slice_mm: f64,
}

/// Noise that is assumed where the lesion has too little unossified tissue to measure it, HU.
const UNKNOWN_NOISE_HU: f64 = 25.0;
/// Noise is taken to lie between these, HU: what remains below is texture, above it is streaks.
const NOISE_HU: [f64; 2] = [8.0, 60.0];
/// Where the lesion's own tissue is looked at, mm off the outline: beyond rim and stray, before the far side.
const DEEP_MM: [f64; 5] = [-8.0, -7.0, -6.0, -5.0, -4.0];
/// Where what surrounds it is looked at, mm off the outline.
const AROUND_MM: [f64; 3] = [3.0, 4.0, 5.0];
/// The darkest fat, HU (method.md 2: -120 to -80), and its noise.
const DARKEST_HU: f32 = -150.0;
/// Cortex is denser than what surrounds the lesion by this, HU: marrow may itself be as dense as bone (method.md 2: 226 +- 44
/// in the young), cortex displays 300 to 700.
const CORTEX_ABOVE_HU: f64 = 80.0;
/// Cortex here is bone that leaves the lesion, mm off the outline.
const LEAVING_MM: [f64; 7] = [1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5];
/// Tissue of which this share is as dense as bone is bone: in the marrow of a man of 38 years, where lesions drawn
/// for trial were given a rim, it is 0.39 to 0.52 ...
const BONY_SHARE: f64 = 0.3;
/// ... and it is the same on both sides of the outline if the medians are no farther apart, HU.
const SAME_HU: f64 = 25.0;
/// A rim peaks within this of the border, mm: rims are up to 3 mm thick and lie inside it.
const PEAK_MM: [f64; 2] = [-2.5, 0.5];

impl<'a> Rays<'a> {
    /// Frees the profiles from blur, as far as the noise inside the lesion allows.
    pub fn new(profiles: &'a [Vec<Profile>], rules: &Rules, slice_mm: f64, mineral_hu: f64) -> Self {
        let soft = profiles
            .iter()
            .flatten()
            .filter(|p| p.evaluable)
            .flat_map(|p| DEEP_MM.map(|u| f64::from(p.hu[profile::index(u)])));
        let mut soft: Vec<f64> = soft.filter(|&hu| hu < mineral_hu).collect();
        let noise_hu = robust_sd(&mut soft).unwrap_or(UNKNOWN_NOISE_HU).clamp(NOISE_HU[0], NOISE_HU[1]);
        let kernel = Kernel::new(rules.spread_mm, noise_hu, profile::STEP_MM);
        let ringing = Ringing::new(profiles.iter().flatten());
        let layers: Vec<Vec<Layers>> =
            each(profiles.len(), |k| profiles[k].iter().map(|p| layers(&kernel, &ringing, p)).collect());
        let sound = || layers.iter().flatten().zip(profiles.iter().flatten()).filter(|(_, p)| p.evaluable);
        let inside_hu = sound().flat_map(|(l, _)| DEEP_MM.map(|u| l.at(u))).collect();
        let around_hu: Vec<f64> = sound().flat_map(|(l, _)| AROUND_MM.map(|u| l.at(u))).collect();
        let surroundings_hu = quantile(&mut around_hu.clone(), 0.5).unwrap_or(f64::NEG_INFINITY);
        Self { profiles, layers, inside_hu, around_hu, surroundings_hu, slice_mm }
    }

    /// Whether the same bone lies well inside and well outside the outline: then no border is seen, and what is dense near
    /// it may be anything.
    pub fn same_bone(&self, bone_hu: f64) -> bool {
        let bony = |hu: &[f64]| hu.iter().filter(|&&hu| hu >= bone_hu).count() as f64 >= BONY_SHARE * hu.len() as f64;
        let same = |inside_hu: f64| (inside_hu - self.surroundings_hu).abs() <= SAME_HU;
        let dense = bony(&self.inside_hu) && bony(&self.around_hu);
        dense && quantile(&mut self.inside_hu.clone(), 0.5).is_some_and(same)
    }

    /// Every ring with what its rays show at one mineral threshold.
    fn rings(&self, outlines: &[SliceOutline], rules: &Rules, mineral_hu: f64) -> Vec<border::Ring> {
        let bone_hu = mineral_hu - rules.bone_below_hu;
        let densities = Densities::new(&self.inside_hu, &self.around_hu, bone_hu);
        let cortex_hu = bone_hu.max(self.surroundings_hu + CORTEX_ABOVE_HU);
        let slices = each(self.profiles.len(), |k| {
            let evidence: Vec<Evidence> = (0..self.profiles[k].len())
                .map(|i| evidence(&self.profiles[k][i], &self.layers[k][i], &densities, cortex_hu))
                .collect();
            rings(&self.profiles[k], evidence, outlines[k].plane)
        });
        slices.into_iter().flatten().collect()
    }
}

/// A ray freed from blur. Nothing counts as darker than fat: the step to lung would overshoot as high as a rim.
fn layers(kernel: &Kernel, ringing: &Ringing, profile: &Profile) -> Layers {
    let mut hu = profile.hu.clone();
    ringing.take_off(&mut hu);
    hu.iter_mut().for_each(|hu| *hu = hu.max(DARKEST_HU));
    Layers::new(|u| kernel.layer(&hu, profile::index(u)))
}

/// What one ray shows; nothing where it cannot be judged.
fn evidence(profile: &Profile, layers: &Layers, densities: &Densities, cortex_hu: f64) -> Evidence {
    let unknown = [[1.0; OFFSETS]; KINDS];
    let weights = if profile.evaluable { layers.likelihood(densities) } else { unknown };
    Evidence { weights, leaves: LEAVING_MM.iter().any(|&u| layers.at(u) >= cortex_hu) }
}

/// The rays of a slice, ring by ring.
fn rings(profiles: &[Profile], evidence: Vec<Evidence>, plane: usize) -> Vec<border::Ring> {
    let mut evidence = evidence.into_iter();
    profiles
        .chunk_by(|a, b| a.ring == b.ring)
        .map(|ring| border::Ring {
            plane,
            at: ring.iter().map(|p| p.ray.at).collect(),
            arc_mm: ring[0].ray.length_mm,
            evidence: evidence.by_ref().take(ring.len()).collect(),
        })
        .collect()
}

/// Judges every ray and every slice at each mineral threshold; the first one tells whose hand drew the outline.
pub fn judge<const N: usize>(
    rays: &Rays<'_>,
    outlines: &[SliceOutline],
    rules: &Rules,
    minerals_hu: [f64; N],
) -> [Vec<RimSlice>; N] {
    let rings = minerals_hu.map(|hu| rays.rings(outlines, rules, hu));
    let hands = border::hands(&rings[0]);
    let neighbours = Neighbours::new(&rings[0], rays.slice_mm);
    std::array::from_fn(|i| {
        let beliefs = border::beliefs(&rings[i], &neighbours, &hands).into_iter().flatten();
        slices(rays, outlines, beliefs, rules, minerals_hu[i] - rules.bone_below_hu)
    })
}

fn slices(
    rays: &Rays<'_>,
    outlines: &[SliceOutline],
    mut beliefs: impl Iterator<Item = Belief>,
    rules: &Rules,
    bone_hu: f64,
) -> Vec<RimSlice> {
    let last = outlines.len().saturating_sub(1);
    let mut slices = Vec::new();
    for (k, profiles) in rays.profiles.iter().enumerate() {
        let shown = profiles.iter().zip(beliefs.by_ref());
        let mut arcs: Vec<Arc> = shown.map(|(p, b)| arc(p, b, rays.slice_mm, bone_hu)).collect();
        arcs.chunk_by_mut(|a, b| a.ring == b.ring).for_each(|ring| clean(ring, rules));
        let slice = summary(arcs);
        let standing = match (k == 0 || k == last, outlines[k].area_mm2 < rules.min_area_mm2) {
            (true, _) => Standing::End,
            (_, true) => Standing::Small,
            _ if slice.evaluable < rules.min_evaluable => Standing::Unevaluable,
            _ => Standing::Counts,
        };
        slices.push(RimSlice { plane: outlines[k].plane, standing, metal: metal_share(profiles), ..slice });
    }
    slices
}

fn arc(profile: &Profile, belief: Belief, slice_mm: f64, bone_hu: f64) -> Arc {
    let cover = match (profile.evaluable, belief.rim > 0.5) {
        (false, _) => Cover::Unevaluable,
        (true, true) => Cover::Covered,
        (true, false) => Cover::Uncovered,
    };
    let near = PEAK_MM.map(|mm| profile::index(belief.border_mm + mm));
    let densest = (near[0]..=near[1]).max_by(|&a, &b| profile.hu[a].total_cmp(&profile.hu[b]));
    let peak = densest.unwrap_or(near[0]);
    let covered = cover == Cover::Covered;
    let width = if covered { half_width(&profile.hu, peak) } else { None };
    let smear_mm = profile.tilt_tangent * slice_mm;
    let thickest_mm = THICKEST_MM + 0.5 * smear_mm;
    let inner = if covered { inner_face(&profile.hu, peak, belief.border_mm - thickest_mm) } else { None };
    let excess_width_mm = if covered { excess_width_mm(profile, belief.border_mm, bone_hu) } else { None };
    Arc {
        at: profile.ray.at,
        normal: profile.ray.normal,
        length_mm: profile.ray.length_mm,
        cover,
        rim_chance: belief.rim,
        border_mm: belief.border_mm,
        peak_at_mm: profile::place_mm(peak),
        width_mm: width.map(|samples| samples * profile::STEP_MM),
        inner_mm: inner,
        smear_mm,
        excess_width_mm,
        ring: profile.ring,
    }
}

/// A rim is no thicker than this, mm: what is thicker is internal bone that touches it.
const THICKEST_MM: f64 = 3.5;

/// Where a ray falls to half way between the peak and its lowest point down to `deepest_mm`, mm off the outline; `None`
/// where it stays above half of the peak.
fn inner_face(hu: &[f32], peak: usize, deepest_mm: f64) -> Option<f64> {
    let deepest = profile::index(deepest_mm.max(PROFILE_MM[0])).min(peak);
    let lowest = hu[deepest..=peak].iter().copied().fold(f32::INFINITY, f32::min);
    let half = (hu[peak] + lowest) / 2.0;
    let below = (deepest..peak).rev().find(|&i| hu[i] < half).filter(|_| lowest < 0.5 * hu[peak])?;
    let share = f64::from((half - hu[below]) / (hu[below + 1] - hu[below]));
    Some(profile::place_mm(below) + share * profile::STEP_MM)
}

/// Full width at half height over the higher of the two valleys, in samples; `None` if a side never falls so far.
fn half_width(hu: &[f32], i: usize) -> Option<f64> {
    let valley = |side: &mut dyn Iterator<Item = f32>| side.take_while(|&v| v <= hu[i]).fold(hu[i], f32::min);
    let base = valley(&mut hu[..i].iter().rev().copied()).max(valley(&mut hu[i + 1..].iter().copied()));
    let half = (hu[i] + base) / 2.0;
    let cut = |above: f32, below: f32| f64::from((above - half) / (above - below));
    let inner = (0..i).rev().find(|&j| hu[j] < half).map(|j| (i - j - 1) as f64 + cut(hu[j + 1], hu[j]))?;
    let outer = (i + 1..hu.len()).find(|&j| hu[j] < half).map(|j| (j - i - 1) as f64 + cut(hu[j - 1], hu[j]))?;
    Some(inner + outer)
}

/// Closes short gaps, then drops short runs, along a closed ring; arcs that cannot be judged are passed over.
fn clean(arcs: &mut [Arc], rules: &Rules) {
    replace_short_runs(arcs, Cover::Uncovered, Cover::Covered, |mm| mm <= rules.close_gap_mm);
    replace_short_runs(arcs, Cover::Covered, Cover::Uncovered, |mm| mm < rules.min_run_mm);
}

fn replace_short_runs(arcs: &mut [Arc], of: Cover, by: Cover, short: impl Fn(f64) -> bool) {
    let judged: Vec<usize> = (0..arcs.len()).filter(|&i| arcs[i].cover != Cover::Unevaluable).collect();
    for run in circular_runs(&judged, |i| arcs[i].cover == of) {
        if run.len() < judged.len() && short(run.iter().map(|&i| arcs[i].length_mm).sum()) {
            run.iter().for_each(|&i| arcs[i].cover = by);
        }
    }
}

/// Runs of members that satisfy `is`, the list taken as closed.
pub fn circular_runs(members: &[usize], is: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let Some(start) = members.iter().position(|&i| !is(i)) else {
        return if members.is_empty() { Vec::new() } else { vec![members.to_vec()] };
    };
    let turned: Vec<usize> = members[start..].iter().chain(&members[..start]).copied().collect();
    turned.split(|&i| !is(i)).filter(|run| !run.is_empty()).map(<[usize]>::to_vec).collect()
}

fn summary(arcs: Vec<Arc>) -> RimSlice {
    // An empty `sum` of floats is -0.
    let length = |of: &dyn Fn(&Arc) -> bool| arcs.iter().filter(|a| of(a)).fold(0.0, |mm, a| mm + a.length_mm);
    let perimeter_mm = length(&|_| true);
    let evaluable_mm = length(&|a| a.cover != Cover::Unevaluable);
    let covered_mm = length(&|a| a.cover == Cover::Covered);
    let known = evaluable_mm > 0.0;
    let gap_mm = arcs.chunk_by(|a, b| a.ring == b.ring).map(longest_gap_mm).fold(0.0, f64::max);
    RimSlice {
        plane: 0,
        coverage: known.then(|| covered_mm / evaluable_mm),
        gap_mm: known.then_some(gap_mm),
        evaluable: if perimeter_mm > 0.0 { evaluable_mm / perimeter_mm } else { 0.0 },
        metal: 0.0,
        perimeter_mm,
        standing: Standing::Counts,
        arcs,
    }
}

fn metal_share(profiles: &[Profile]) -> f64 {
    let mm = |of: &dyn Fn(&Profile) -> bool| profiles.iter().filter(|p| of(p)).fold(0.0, |mm, p| mm + p.ray.length_mm);
    mm(&|p| p.metal) / mm(&|_| true).max(f64::MIN_POSITIVE)
}

fn longest_gap_mm(ring: &[Arc]) -> f64 {
    let judged: Vec<usize> = (0..ring.len()).filter(|&i| ring[i].cover != Cover::Unevaluable).collect();
    let gaps = circular_runs(&judged, |i| ring[i].cover == Cover::Uncovered);
    gaps.iter().map(|run| run.iter().map(|&i| ring[i].length_mm).sum()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring_of(covers: &str) -> Vec<Arc> {
        let arc = |c: char| Arc {
            at: [0.0; 2],
            normal: [1.0, 0.0],
            length_mm: 1.0,
            cover: match c {
                '#' => Cover::Covered,
                '?' => Cover::Unevaluable,
                _ => Cover::Uncovered,
            },
            rim_chance: 0.0,
            border_mm: 0.0,
            peak_at_mm: 0.0,
            width_mm: None,
            inner_mm: None,
            smear_mm: 0.0,
            excess_width_mm: None,
            ring: 0,
        };
        covers.chars().map(arc).collect()
    }

    fn rules() -> Rules {
        Rules {
            spread_mm: 0.65,
            bone_below_hu: 20.0,
            arc_step_mm: 1.0,
            close_gap_mm: 3.0,
            min_run_mm: 5.0,
            max_slice_smear_mm: 6.0,
            min_evaluable: 0.6,
            min_area_mm2: 100.0,
            min_slices: 3,
        }
    }

    fn cleaned(covers: &str) -> String {
        let mut arcs = ring_of(covers);
        clean(&mut arcs, &rules());
        let letter = |a: &Arc| match a.cover {
            Cover::Covered => '#',
            Cover::Uncovered => '.',
            Cover::Unevaluable => '?',
        };
        arcs.iter().map(letter).collect()
    }

    #[test]
    fn short_gaps_close_and_short_runs_go_also_across_the_seam() {
        assert_eq!(cleaned("##...####......."), "#########.......");
        assert_eq!(
            cleaned("##........###..."),
            "################".replace("################", "##........######").as_str()
        );
        assert_eq!(cleaned("###.........."), ".............");
        assert_eq!(cleaned("##?##........##"), "##?##........##");
        assert_eq!(cleaned("...."), "....");
        assert_eq!(cleaned("####"), "####");
    }

    #[test]
    fn arcs_that_cannot_be_judged_neither_join_nor_break_a_gap() {
        let slice = summary(ring_of("####..??..####"));
        assert_eq!(slice.gap_mm, Some(4.0));
        assert!((slice.coverage.unwrap() - 8.0 / 12.0).abs() < 1e-12);
        assert!((slice.evaluable - 12.0 / 14.0).abs() < 1e-12);
        assert_eq!(summary(ring_of("????")).coverage, None);
    }

    #[test]
    fn a_triangle_has_half_its_base_as_width() {
        let hu = [0.0, 0.0, 100.0, 200.0, 300.0, 200.0, 100.0, 0.0, 0.0];
        assert!((half_width(&hu, 4).unwrap() - 3.0).abs() < 1e-12);
        assert_eq!(half_width(&[300.0, 300.0, 300.0, 0.0], 1), None);
    }
}
