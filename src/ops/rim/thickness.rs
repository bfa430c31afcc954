//! How thick a rim is, freed from the scanner's blur.
//!
//! Blur widens a thin shell and lowers it, but leaves its excess over what surrounds it, added up across it, as it was:
//! `excess = thickness x (density - surroundings)` (method.md 2). The density is the exam's own, read where the
//! rim is thick enough to show it.

use super::profile::{Profile, index};
use super::{Arc, RimSlice};
use crate::ops::quantile::quantile;

/// What a covered ray shows of the rim's thickness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Excess {
    /// Excess over the surroundings added up along the ray, HU mm.
    pub sum_hu_mm: f64,
    /// Mean density of the surroundings, HU.
    pub around_hu: f64,
    /// Densest millimetre, freed from blur, HU.
    pub densest_hu: f64,
    /// Cosine of the surface's tilt: what a slice shows of a rim is thicker than the rim.
    pub cos_tilt: f64,
}

/// Tissue beside the rim is read this far inside and outside of the border, mm: beyond blur and the thickest rim.
const INSIDE_MM: [f64; 2] = [-6.0, -4.0];
const OUTSIDE_MM: [f64; 2] = [2.0, 3.5];
/// The density of a rim is what this share of its rays stay below: thin and noisy ones show less of it.
const DENSEST: f64 = 0.6;

impl Excess {
    /// Of a ray whose true border lies at `border_mm`; `None` where bone goes on inside or outside.
    pub fn of(profile: &Profile, border_mm: f64, densest_hu: f64, bone_hu: f64) -> Option<Self> {
        let at = |mm: f64| index((border_mm + mm).clamp(super::PROFILE_MM[0], super::PROFILE_MM[1]));
        let level = |span: [f64; 2]| {
            let mut hu: Vec<f64> = profile.hu[at(span[0])..=at(span[1])].iter().map(|&v| f64::from(v)).collect();
            quantile(&mut hu, 0.5).filter(|&hu| hu < bone_hu)
        };
        let (inside, outside) = (level(INSIDE_MM)?, level(OUTSIDE_MM)?);
        let (from, to) = (at(INSIDE_MM[1]), at(OUTSIDE_MM[0]));
        let span = &profile.hu[from..=to];
        let peak = (0..span.len()).max_by(|&a, &b| span[a].total_cmp(&span[b]))?;
        let over = |i: usize| f64::from(span[i]) - if i < peak { inside } else { outside };
        let sum_hu_mm = (0..span.len()).map(over).sum::<f64>() * super::profile::STEP_MM;
        let around_hu = (inside + outside) / 2.0;
        Some(Self { sum_hu_mm, around_hu, densest_hu, cos_tilt: profile.cos_tilt() })
    }
}

/// The median thickness over the covered rays of some slices, mm.
pub fn thickness_mm(slices: &[&RimSlice]) -> Option<f64> {
    let shown = || slices.iter().flat_map(|s| &s.arcs).filter_map(|a: &Arc| a.excess);
    let rim_hu = quantile(&mut shown().map(|e| e.densest_hu).collect::<Vec<_>>(), DENSEST)?;
    let through = |e: Excess| (rim_hu > e.around_hu).then(|| e.cos_tilt * e.sum_hu_mm / (rim_hu - e.around_hu));
    quantile(&mut shown().filter_map(through).collect::<Vec<_>>(), 0.5).filter(|mm| *mm > 0.0)
}
