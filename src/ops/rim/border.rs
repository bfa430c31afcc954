//! The true border of a lesion, weighed by all its rays: over every hand that may have drawn the outline, around each
//! ring, and with the slices above and below.

use super::chain::{self, ABREAST, Evidence, FREQUENCY, Hand, Walks, pass};
use super::layers::{KINDS, NATIVE, OFFSETS, RIM, Weights, offset_mm};
use crate::ops::outline::Point;
use crate::ops::places::Places;
use crate::volume::traverse::each;

/// The hands that are tried, mm: bias and stray.
const BIASES_MM: [f64; 5] = [-0.8, -0.4, 0.0, 0.4, 0.8];
const STRAYS_MM: [f64; 3] = [0.3, 0.6, 1.0];
/// What is thought of hands beforehand: biases have this SD, mm; strays lie about 0.5 mm, within a factor of 1.8.
const BIAS_SD_MM: f64 = 0.3;
const STRAY_MM: f64 = 0.5;
const STRAY_LOG_SD: f64 = 0.6;
/// So many rings tell the hand; where there are more, every second or third of them does for its neighbours too.
const RINGS: usize = 12;
/// Rays of an exam repeat each other when they speak of the hand: they count as this share of independent ones.
const INDEPENDENCE: f64 = 0.1;
/// Hands less likely than this are left out.
const LEAST_CHANCE: f64 = 0.02;

/// Slices up to this far apart inform each other, and neighbours always, mm.
const NEIGHBOUR_MM: f64 = 2.0;
/// How far a rim is alike in the plane and across planes, mm.
const ALIKE_IN_PLANE_MM: f64 = 2.5;
const ALIKE_ACROSS_MM: f64 = 6.0;
/// A ray farther away in the plane is none of its neighbours, mm: its weight would be below 0.01.
const FAR_MM: f64 = 8.0;
/// A ray's neighbours on other slices speak with this power.
const NEIGHBOURS_SAY: f32 = 0.3;
/// What they say is held against this much of nothing seen.
const RESERVE: f64 = 0.15;

/// The rays of one ring of the outline.
pub struct Ring {
    /// Plane of the region it lies in.
    pub plane: usize,
    /// Where its rays cross the outline, mm.
    pub at: Vec<Point>,
    /// What they show.
    pub evidence: Vec<Evidence>,
    /// Distance of its rays, mm.
    pub arc_mm: f64,
}

/// What is believed of one ray.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Belief {
    /// Probability that a rim covers the border here.
    pub rim: f64,
    /// Probability that native bone abuts it from outside.
    pub native: f64,
    /// Where the true border lies off the outline, mm; negative inside.
    pub border_mm: f64,
}

/// A hand and the chance that it drew the outline.
pub type Chance = (Hand, f64);

/// How likely each hand is, by how well it explains all rings: `w ~ prior x evidence^INDEPENDENCE`.
pub fn hands(rings: &[Ring]) -> Vec<Chance> {
    let tried: Vec<Hand> = BIASES_MM
        .iter()
        .flat_map(|&bias_mm| STRAYS_MM.iter().map(move |&stray_mm| Hand { bias_mm, stray_mm }))
        .collect();
    let asked: Vec<&Ring> = rings.iter().step_by(rings.len().div_ceil(RINGS).max(1)).collect();
    let explained = each(asked.len(), |r| {
        let of = |some: &[Hand]| chain::evidence(&asked[r].evidence, &Walks::new(abreast(some), asked[r].arc_mm));
        tried.chunks(ABREAST).flat_map(of).collect::<Vec<_>>()
    });
    let rays = |rings: &mut dyn Iterator<Item = &Ring>| rings.map(|r| r.at.len()).sum::<usize>() as f64;
    let power = INDEPENDENCE * rays(&mut rings.iter()) / rays(&mut asked.iter().copied()).max(1.0);
    let log = |i: usize| power * explained.iter().map(|e| e[i]).sum::<f64>() + log_prior(tried[i]);
    let logs: Vec<f64> = (0..tried.len()).map(log).collect();
    let best = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|l| libm::exp(l - best)).collect();
    let total: f64 = weights.iter().sum();
    let likely = tried.into_iter().zip(weights).filter(|(_, w)| *w >= LEAST_CHANCE * total);
    let likely: Vec<Chance> = likely.collect();
    let kept: f64 = likely.iter().map(|c| c.1).sum();
    likely.into_iter().map(|(hand, w)| (hand, w / kept)).collect()
}

/// Some hands, the last of them again where they are too few.
fn abreast<T: Copy>(some: &[T]) -> [T; ABREAST] {
    std::array::from_fn(|i| some[i.min(some.len() - 1)])
}

fn log_prior(hand: Hand) -> f64 {
    let bias = hand.bias_mm / BIAS_SD_MM;
    let stray = libm::log(hand.stray_mm / STRAY_MM) / STRAY_LOG_SD;
    -0.5 * (bias * bias + stray * stray)
}

/// A ray on another slice near to one on this, and how much it says of it.
struct Neighbour {
    ring: usize,
    ray: usize,
    weight: f64,
}

/// For every ray of every ring its neighbours above and below.
pub struct Neighbours(Vec<Vec<Vec<Neighbour>>>);

impl Neighbours {
    /// Of rings on slices `slice_mm` apart.
    pub fn new(rings: &[Ring], slice_mm: f64) -> Self {
        let reach = ((NEIGHBOUR_MM / slice_mm) as usize).max(1);
        let last = rings.iter().map(|r| r.plane).max().unwrap_or(0);
        let planes = each(last + 1, |plane| PlaneRays::new(rings, plane));
        let near = |ring: &Ring, at: Point| {
            let others = ring.plane.saturating_sub(reach)..(ring.plane + reach).min(last) + 1;
            let others = others.filter(|&p| p != ring.plane);
            others.filter_map(|p| planes[p].neighbour(at, ring.plane.abs_diff(p) as f64 * slice_mm)).collect()
        };
        Self(each(rings.len(), |r| rings[r].at.iter().map(|&at| near(&rings[r], at)).collect()))
    }
}

/// The rays of one plane, to be looked up by place.
struct PlaneRays {
    places: Places,
    /// Ring and ray of each place.
    owners: Vec<(usize, usize)>,
}

impl PlaneRays {
    fn new(rings: &[Ring], plane: usize) -> Self {
        let there = || rings.iter().enumerate().filter(move |(_, r)| r.plane == plane);
        let owners = there().flat_map(|(ring, r)| (0..r.at.len()).map(move |ray| (ring, ray))).collect();
        Self { places: Places::new(there().flat_map(|(_, r)| r.at.iter().copied()).collect()), owners }
    }

    fn neighbour(&self, at: Point, across_mm: f64) -> Option<Neighbour> {
        let (place, distance_mm) = self.places.nearest(at, FAR_MM)?;
        let (d, z) = (distance_mm / ALIKE_IN_PLANE_MM, across_mm / ALIKE_ACROSS_MM);
        let (ring, ray) = self.owners[place];
        Some(Neighbour { ring, ray, weight: libm::exp(-0.5 * d * d - z) })
    }
}

/// What is believed of every ray: each ring by itself first, then again with what its neighbours above and below say.
pub fn beliefs(rings: &[Ring], neighbours: &Neighbours, hands: &[Chance]) -> Vec<Vec<Belief>> {
    let alone = each(rings.len(), |r| ring(&rings[r], &rings[r].evidence, hands));
    each(rings.len(), |r| {
        let mut evidence = rings[r].evidence.clone();
        for (e, near) in evidence.iter_mut().zip(&neighbours.0[r]) {
            let says = say(near, &alone);
            e.weights.iter_mut().zip(says).for_each(|(kind, s)| kind.iter_mut().for_each(|w| *w *= s));
        }
        ring(&rings[r], &evidence, hands)
    })
}

/// The mean over hands of what the chain makes of a ring.
fn ring(ring: &Ring, evidence: &[Evidence], hands: &[Chance]) -> Vec<Belief> {
    let mut mean = vec![Belief::default(); evidence.len()];
    for some in hands.chunks(ABREAST) {
        let chances = std::array::from_fn(|i| some.get(i).map_or(0.0, |c| c.1 as f32));
        let walks = Walks::new(abreast(some).map(|c| c.0), ring.arc_mm);
        mean.iter_mut().zip(&pass(evidence, &walks, chances)).for_each(|(m, w)| add(m, w));
    }
    mean
}

fn add(mean: &mut Belief, weights: &Weights) {
    let sum = |kind: usize| f64::from(weights[kind].iter().sum::<f32>());
    mean.rim += sum(RIM);
    mean.native += sum(NATIVE);
    let at = |j: usize| f64::from((0..KINDS).map(|c| weights[c][j]).sum::<f32>()) * offset_mm(j);
    mean.border_mm += (0..OFFSETS).map(at).sum::<f64>();
}

/// What neighbours say of each kind of border.
fn say(near: &[Neighbour], alone: &[Vec<Belief>]) -> [f32; KINDS] {
    let mut sum = FREQUENCY.map(|f| RESERVE * f64::from(f));
    let mut heard = RESERVE;
    for neighbour in near {
        let belief = &alone[neighbour.ring][neighbour.ray];
        let kinds = [1.0 - belief.rim - belief.native, belief.native, belief.rim];
        sum.iter_mut().zip(kinds).for_each(|(s, k)| *s += neighbour.weight * k);
        heard += neighbour.weight;
    }
    std::array::from_fn(|c| libm::powf((sum[c].max(0.0) / heard) as f32 / FREQUENCY[c], NEIGHBOURS_SAY))
}

#[cfg(test)]
mod tests {
    use super::super::layers::BARE;
    use super::*;

    fn circle(plane: usize, weights: impl Fn(usize, usize) -> f32) -> Ring {
        let at = (0..60).map(|i| libm::sincos(std::f64::consts::TAU * f64::from(i) / 60.0));
        let evidence =
            Evidence { weights: std::array::from_fn(|c| std::array::from_fn(|j| weights(c, j))), leaves: false };
        Ring { plane, at: at.map(|(s, c)| [10.0 * c, 10.0 * s]).collect(), evidence: vec![evidence; 60], arc_mm: 1.05 }
    }

    #[test]
    fn the_border_is_where_the_rim_says_though_the_outline_was_drawn_too_tight() {
        let tight = |c: usize, j: usize| if c == RIM && (offset_mm(j) - 0.5).abs() < 0.1 { 1.0 } else { 0.01 };
        let rings: Vec<Ring> = (0..6).map(|p| circle(p, tight)).collect();
        let found = hands(&rings);
        assert!((found.iter().map(|c| c.1).sum::<f64>() - 1.0).abs() < 1e-12);
        let believed = beliefs(&rings, &Neighbours::new(&rings, 3.0), &found);
        assert!(believed.iter().flatten().all(|b| b.rim > 0.95 && (b.border_mm - 0.5).abs() < 0.15));
    }

    #[test]
    fn slices_above_and_below_decide_a_doubtful_one() {
        let rim = |c: usize, _: usize| if c == RIM { 1.0 } else { 0.3 };
        let bare = |c: usize, _: usize| if c == BARE { 1.0 } else { 0.3 };
        let unknown = |_: usize, _: usize| 1.0;
        let between = |f: &dyn Fn(usize, usize) -> f32| {
            let rings = [circle(4, f), circle(5, unknown), circle(6, f)];
            beliefs(&rings, &Neighbours::new(&rings, 3.0), &[(Hand { bias_mm: 0.0, stray_mm: 0.5 }, 1.0)])[1][7].rim
        };
        assert!(between(&rim) > 0.8 && between(&bare) < 0.1, "{} {}", between(&rim), between(&bare));
    }
}
