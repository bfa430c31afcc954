//! How thick a rim is, freed from the scanner's blur.
//!
//! Blur lowers and widens a thin shell but leaves its excess over what surrounds it, added up across it, as it was
//! (method.md 2). A shell of thickness w and density B behind a Gaussian of SD s adds up to `w B` and is `B erf(w / (2
//! sqrt(2) s))` high, so that its sum over its height, `w / erf(w / (2 sqrt(2) s))`, tells w whatever B is.

use super::profile::{Profile, STEP_MM, index};
use super::{Arc, RimSlice};
use crate::ops::quantile::quantile;

/// Tissue beside the rim is read this far inside and outside of the border, mm: beyond blur and the thickest rim.
const INSIDE_MM: [f64; 2] = [-6.0, -4.0];
const OUTSIDE_MM: [f64; 2] = [2.0, 3.5];
/// Rims are no thinner than this, mm: below, blur shows nothing but itself ...
pub const THINNEST_MM: f64 = 0.3;
/// ... and no thicker.
const THICKEST_MM: f64 = 6.0;

/// The mean of three samples about the peak blurs as much, SD, mm: `STEP_MM sqrt(2/3)`.
const TOP_SPREAD_MM: f64 = 0.204;

/// Excess of a rim over its surroundings added up across it / its height, mm, on a ray whose true border lies at
/// `border_mm`; `None` where bone goes on inside or outside.
pub fn excess_width_mm(profile: &Profile, border_mm: f64, bone_hu: f64) -> Option<f64> {
    let at = |mm: f64| index((border_mm + mm).clamp(super::PROFILE_MM[0], super::PROFILE_MM[1]));
    let level = |span: [f64; 2]| {
        let mut hu: Vec<f64> = profile.hu[at(span[0])..=at(span[1])].iter().map(|&v| f64::from(v)).collect();
        quantile(&mut hu, 0.5).filter(|&hu| hu < bone_hu)
    };
    let (inside, outside) = (level(INSIDE_MM)?, level(OUTSIDE_MM)?);
    let span = &profile.hu[at(INSIDE_MM[1])..=at(OUTSIDE_MM[0])];
    let peak = (0..span.len()).max_by(|&a, &b| span[a].total_cmp(&span[b]))?;
    let over = |i: usize| f64::from(span[i]) - if i < peak { inside } else { outside };
    // A sharp kernel overshoots at the peak: the mean about it does so less.
    let top = &span[peak.saturating_sub(1)..(peak + 2).min(span.len())];
    let top_hu = top.iter().map(|&hu| f64::from(hu)).sum::<f64>() / top.len() as f64;
    let height_hu = top_hu - (inside + outside) / 2.0;
    let sum_hu_mm = (0..span.len()).map(over).sum::<f64>() * STEP_MM;
    // A slice shows a sloping shell thicker than it is.
    (height_hu > 0.0).then(|| profile.cos_tilt() * sum_hu_mm / height_hu)
}

/// The thickness of the rim over the covered rays of some slices behind a blur of `spread_mm` (SD), mm.
pub fn thickness_mm(slices: &[&RimSlice], spread_mm: f64) -> Option<f64> {
    let shown = slices.iter().flat_map(|s| &s.arcs).filter_map(|a: &Arc| a.excess_width_mm);
    quantile(&mut shown.collect::<Vec<_>>(), 0.5).map(|width_mm| unblurred_mm(width_mm, spread_mm))
}

/// `w` of `width = w / erf(w / (2 sqrt(2) spread))`, which rises with w: halved until it is known to a micrometre.
fn unblurred_mm(width_mm: f64, spread_mm: f64) -> f64 {
    let spread_mm = libm::hypot(spread_mm, TOP_SPREAD_MM);
    let seen = |w: f64| w / libm::erf(w / (2.0 * std::f64::consts::SQRT_2 * spread_mm));
    let [mut low, mut high] = [THINNEST_MM, THICKEST_MM];
    while high - low > 1e-3 {
        let middle = (low + high) / 2.0;
        if seen(middle) < width_mm { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::ray::Ray;

    /// A shell of some thickness and density between two tissues, behind a Gaussian of 0.65 mm.
    fn shell(thickness_mm: f64, hu: f64) -> Profile {
        let up = |u: f64, at: f64| 0.5 * (1.0 + libm::erf((u - at) / (0.65 * std::f64::consts::SQRT_2)));
        let at = |u: f64| 60.0 + (hu - 60.0) * up(u, -thickness_mm) + (-90.0 - hu) * up(u, 0.0);
        let hu = (0..=index(crate::ops::rim::PROFILE_MM[1])).map(|i| at(super::super::profile::place_mm(i)) as f32);
        let ray = Ray { at: [0.0; 2], normal: [1.0, 0.0], length_mm: 1.0 };
        Profile { ray, ring: 0, hu: hu.collect(), tilt_tangent: 0.0, evaluable: true, metal: false }
    }

    #[test]
    fn a_shell_has_its_thickness_whatever_its_density() {
        // Behind such a blur a shell of 1 mm is 1.79 mm wide, and one of no thickness 1.63: where the step from soft tissue to
        // fat beneath it is cut, at its peak, costs some hundredths of the width, and thin shells as many tenths.
        for (thickness_mm, hu, within_mm) in
            [(1.0, 400.0, 0.6), (1.0, 900.0, 0.4), (1.5, 500.0, 0.3), (2.0, 500.0, 0.3), (3.0, 700.0, 0.2)]
        {
            let width_mm = excess_width_mm(&shell(thickness_mm, hu), 0.0, 180.0).unwrap();
            let mm = unblurred_mm(width_mm, 0.65);
            assert!((mm - thickness_mm).abs() < within_mm, "{thickness_mm} mm of {hu} HU: {mm}");
        }
    }

    #[test]
    fn bone_beyond_the_rim_says_nothing_of_its_thickness() {
        let mut profile = shell(1.5, 500.0);
        profile.hu.iter_mut().take(index(-3.5)).for_each(|hu| *hu = 400.0);
        assert_eq!(excess_width_mm(&profile, 0.0, 180.0), None);
    }
}
