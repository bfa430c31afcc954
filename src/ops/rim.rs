//! The peripheral rim: rays across the outline, each covered by bone, uncovered, or not to be judged.
//!
//! Method 3.9 with two changes found on phantoms: see [`Rules::prominence_hu`] and [`Rules::window_mm`].

use super::contour::{contains, edges};
use super::outline::{Point, Ring, SliceOutline};
use super::plane::Plane;
use super::ray::{Ray, rays, sample};
use crate::volume::traverse::each;
use serde::{Deserialize, Serialize};

/// How a rim is told from what is not one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Where along a ray a rim peak may lie, mm; inside the outline is negative.
    pub window_mm: [f64; 2],
    /// A peak counts from this far below the mineral threshold on, HU.
    pub peak_below_hu: f64,
    /// A peak stands out by this much from the valleys on both of its sides, HU.
    pub prominence_hu: f64,
    /// Distance of rays along the outline, mm.
    pub arc_step_mm: f64,
    /// Distance of samples along a ray, mm.
    pub ray_step_mm: f64,
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

/// How far a profile reaches inside and outside the outline, mm: as far as method.md 3.2 looks (I and O).
pub const PROFILE_MM: [f64; 2] = [-8.0, 6.0];

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
    /// Highest density of the candidate peak, HU; of the window where there is no peak.
    pub peak_hu: f64,
    /// Where that is, mm; inside is negative.
    pub peak_at_mm: f64,
    /// Full width of the peak at half of its height over its surroundings, mm.
    pub width_mm: Option<f64>,
    /// Ring of the outline it belongs to, an index into the slice's rings.
    pub ring: usize,
}

/// The rim on one slice.
#[derive(Clone, Debug)]
pub struct RimSlice {
    /// Arcs, ring after ring, in order along each.
    pub arcs: Vec<Arc>,
    /// Covered / evaluable length; `None` where nothing is evaluable.
    pub coverage: Option<f64>,
    /// Longest uncovered run, mm.
    pub gap_mm: Option<f64>,
    /// Evaluable / whole length.
    pub evaluable: f64,
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

/// Density along one ray, from [`PROFILE_MM`]`[0]` on, and whether the ray can be judged.
pub struct Profile {
    ray: Ray,
    ring: usize,
    hu: Vec<f64>,
    evaluable: bool,
}

/// What the profiles of an exam are taken from.
pub struct Source<'a> {
    /// The outline, slice by slice.
    pub outlines: &'a [SliceOutline],
    /// The same slices resampled in plane, HU.
    pub planes: &'a [Plane<f32>],
    /// Distance of slices, mm.
    pub slice_mm: f64,
    /// Metal from this density on, HU ...
    pub metal_hu: f64,
    /// ... spoils rays this near to it, mm.
    pub metal_margin_mm: f64,
}

/// Profiles of every ray of every slice.
pub fn profiles(source: &Source<'_>, rules: &Rules) -> Vec<Vec<Profile>> {
    each(source.outlines.len(), |k| slice_profiles(source, rules, k))
}

fn slice_profiles(source: &Source<'_>, rules: &Rules, k: usize) -> Vec<Profile> {
    let (outline, plane) = (&source.outlines[k], &source.planes[k]);
    let metal = metal_pixels(plane, source.metal_hu);
    let steps = ((PROFILE_MM[1] - PROFILE_MM[0]) / rules.ray_step_mm).round() as usize;
    let mut found = Vec::new();
    for (ring, outer) in outline.outer() {
        for ray in rays(&outer.points, rules.arc_step_mm) {
            let u = |i: usize| PROFILE_MM[0] + i as f64 * rules.ray_step_mm;
            let hu = (0..=steps).map(|i| sample(plane, ray.point(u(i)))).collect();
            let near_metal =
                metal.iter().any(|m| libm::hypot(m[0] - ray.at[0], m[1] - ray.at[1]) < source.metal_margin_mm);
            let smear_mm = tilt_tangent(source, k, ray.at) * source.slice_mm;
            found.push(Profile { ray, ring, hu, evaluable: !near_metal && smear_mm <= rules.max_slice_smear_mm });
        }
    }
    found
}

fn metal_pixels(plane: &Plane<f32>, metal_hu: f64) -> Vec<Point> {
    let dense = plane.pixels.indexed_iter().filter(|(_, v)| f64::from(**v) >= metal_hu);
    dense.map(|((y, x), _)| plane.at(x, y)).collect()
}

/// How fast the surface moves sideways from slice to slice at a point of outline k: tan of its tilt; 0 where a neighbour is missing.
fn tilt_tangent(source: &Source<'_>, k: usize, at: Point) -> f64 {
    let below = k.checked_sub(1).and_then(|i| source.outlines.get(i));
    let Some((below, above)) = below.zip(source.outlines.get(k + 1)) else { return 0.0 };
    let gap_mm = (above.plane - below.plane) as f64 * source.slice_mm;
    ((signed_distance_mm(&above.rings, at) - signed_distance_mm(&below.rings, at)) / gap_mm).abs()
}

/// Distance to the nearest ring, mm; negative inside.
fn signed_distance_mm(rings: &[Ring], at: Point) -> f64 {
    let inside = rings.iter().filter(|r| contains(&r.points, at)).count() % 2 == 1;
    let squared = rings.iter().flat_map(|r| edges(&r.points)).map(|(p, q)| squared_to_segment(at, p, q));
    let distance = squared.fold(f64::INFINITY, f64::min).sqrt();
    if inside { -distance } else { distance }
}

fn squared_to_segment(at: Point, p: Point, q: Point) -> f64 {
    let d = [q[0] - p[0], q[1] - p[1]];
    let along = (at[0] - p[0]) * d[0] + (at[1] - p[1]) * d[1];
    let t = (along / (d[0] * d[0] + d[1] * d[1]).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    let off = [p[0] + t * d[0] - at[0], p[1] + t * d[1] - at[1]];
    off[0] * off[0] + off[1] * off[1]
}

/// Judges every ray at one mineral threshold, and every slice by its rays.
pub fn judge(profiles: &[Vec<Profile>], outlines: &[SliceOutline], rules: &Rules, mineral_hu: f64) -> Vec<RimSlice> {
    let last = outlines.len().saturating_sub(1);
    each(outlines.len(), |k| {
        let mut arcs: Vec<Arc> = profiles[k].iter().map(|p| arc(p, rules, mineral_hu)).collect();
        for ring in arcs.chunk_by_mut(|a, b| a.ring == b.ring) {
            clean(ring, rules);
        }
        let slice = summary(arcs);
        let standing = match (k == 0 || k == last, outlines[k].area_mm2 < rules.min_area_mm2) {
            (true, _) => Standing::End,
            (_, true) => Standing::Small,
            _ if slice.evaluable < rules.min_evaluable => Standing::Unevaluable,
            _ => Standing::Counts,
        };
        RimSlice { standing, ..slice }
    })
}

fn arc(profile: &Profile, rules: &Rules, mineral_hu: f64) -> Arc {
    let u = |i: usize| PROFILE_MM[0] + i as f64 * rules.ray_step_mm;
    let window: Vec<usize> = (1..profile.hu.len() - 1)
        .filter(|&i| u(i) >= rules.window_mm[0] - 1e-9 && u(i) <= rules.window_mm[1] + 1e-9)
        .collect();
    let highest = |a: &usize, b: &usize| profile.hu[*a].total_cmp(&profile.hu[*b]);
    let peak = window.iter().copied().filter(|&i| stands_out(&profile.hu, i, rules.prominence_hu)).max_by(highest);
    let rim = peak.filter(|&i| profile.hu[i] >= mineral_hu - rules.peak_below_hu);
    let shown = peak.or_else(|| window.iter().copied().max_by(highest)).unwrap_or(0);
    let cover = match (profile.evaluable, rim) {
        (false, _) => Cover::Unevaluable,
        (true, Some(_)) => Cover::Covered,
        (true, None) => Cover::Uncovered,
    };
    Arc {
        at: profile.ray.at,
        normal: profile.ray.normal,
        length_mm: profile.ray.length_mm,
        cover,
        peak_hu: profile.hu[shown],
        peak_at_mm: u(shown),
        width_mm: rim.and_then(|i| half_width(&profile.hu, i)).map(|n| n * rules.ray_step_mm),
        ring: profile.ring,
    }
}

/// Whether sample i is a maximum of its ray that rises by `prominence` over the lowest point on each side before
/// the ray rises higher: a ridge, not the flank of something deeper or farther out.
fn stands_out(hu: &[f64], i: usize, prominence: f64) -> bool {
    if hu[i] < hu[i - 1] || hu[i] < hu[i + 1] {
        return false;
    }
    let valley = |side: &mut dyn Iterator<Item = f64>| side.take_while(|&v| v <= hu[i]).fold(hu[i], f64::min);
    let inner = valley(&mut hu[..i].iter().rev().copied());
    let outer = valley(&mut hu[i + 1..].iter().copied());
    hu[i] - inner >= prominence && hu[i] - outer >= prominence
}

/// Full width at half height over the higher of the two valleys, in samples; `None` if a side never falls so far.
fn half_width(hu: &[f64], i: usize) -> Option<f64> {
    let valley = |side: &mut dyn Iterator<Item = f64>| side.take_while(|&v| v <= hu[i]).fold(hu[i], f64::min);
    let base = valley(&mut hu[..i].iter().rev().copied()).max(valley(&mut hu[i + 1..].iter().copied()));
    let half = (hu[i] + base) / 2.0;
    let cut = |above: f64, below: f64| (above - half) / (above - below);
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
        coverage: known.then(|| covered_mm / evaluable_mm),
        gap_mm: known.then_some(gap_mm),
        evaluable: if perimeter_mm > 0.0 { evaluable_mm / perimeter_mm } else { 0.0 },
        perimeter_mm,
        standing: Standing::Counts,
        arcs,
    }
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
            peak_hu: 0.0,
            peak_at_mm: 0.0,
            width_mm: None,
            ring: 0,
        };
        covers.chars().map(arc).collect()
    }

    fn rules() -> Rules {
        Rules {
            window_mm: [-2.2, 0.4],
            peak_below_hu: 20.0,
            prominence_hu: 40.0,
            arc_step_mm: 1.0,
            ray_step_mm: 0.25,
            close_gap_mm: 3.0,
            min_run_mm: 5.0,
            max_slice_smear_mm: 3.0,
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
    fn a_flank_is_no_peak() {
        let flank = [50.0, 60.0, 120.0, 240.0, 400.0, 520.0, 300.0];
        assert!(!stands_out(&flank, 3, 40.0));
        assert!(stands_out(&flank, 5, 40.0));
        let notch = [300.0, 280.0, 300.0, 60.0];
        assert!(!stands_out(&notch, 2, 40.0));
    }

    #[test]
    fn a_triangle_has_half_its_base_as_width() {
        let hu = [0.0, 0.0, 100.0, 200.0, 300.0, 200.0, 100.0, 0.0, 0.0];
        assert!((half_width(&hu, 4).unwrap() - 3.0).abs() < 1e-12);
        assert_eq!(half_width(&[300.0, 300.0, 300.0, 0.0], 1), None);
    }
}
