//! Which rays the streaks of metal spoil (method.md 3.8): those in sectors where the lesion's own tissue strays from
//! its usual density more than three times as far as it does in slices without metal.
//!
//! A streak is some millimetres wide and runs far, so that one ray may lie in it from end to end and look smooth: it is
//! told by how far the tissue strays, not by how restless it is. Only the inner side is looked at; what surrounds a lesion
//! is fat, muscle, marrow and air anyway.

use super::profile::{Profile, index};
use crate::ops::quantile::quantile;

/// Where the lesion's own tissue is looked at, mm off the outline: beyond rim and stray.
const TISSUE_MM: [f64; 6] = [-8.0, -7.0, -6.0, -5.0, -4.0, -3.0];

/// Length of outline whose rays are judged together, mm: about the width of a streak.
const SECTOR_MM: f64 = 9.0;

/// Tissue strays at least so far, HU: what remains below is rounding and interpolation (`NOISE_HU` of the rim).
const LEAST_STRAY_HU: f64 = 8.0;

/// Fewer samples of tissue without bone than this say nothing of a sector.
const LEAST_SAMPLES: usize = 20;

/// A bright streak makes tissue as dense as bone: a sector where the share of dense samples is higher than usual by this
/// is one, or a rare piece of bone.
const BRIGHT_SHARE: f64 = 0.5;

/// Rays of slices with metal whose sector strays `ratio` times as far as usual cannot be judged.
pub fn spoil(profiles: &mut [Vec<Profile>], metal_in_slice: &[bool], mineral_hu: f64, ratio: f64) {
    if !metal_in_slice.contains(&true) {
        return;
    }
    // Where every slice has metal, most of the outline is still free of streaks.
    let clean = |k: usize| !metal_in_slice[k] || !metal_in_slice.contains(&false);
    let reference: Vec<&[Profile]> = (0..profiles.len()).filter(|&k| clean(k)).map(|k| &profiles[k][..]).collect();
    let mut tissue: Vec<f64> = reference.iter().copied().flatten().flat_map(|p| tissue_hu(p, mineral_hu)).collect();
    let Some(soft_hu) = quantile(&mut tissue, 0.5) else { return };
    let mut usual: Vec<f64> = reference.iter().flat_map(|s| strays_hu(s, soft_hu, mineral_hu)).flatten().collect();
    let Some(usual_hu) = quantile(&mut usual, 0.5) else { return };
    let most_hu = ratio * usual_hu.max(LEAST_STRAY_HU);
    let most_dense = BRIGHT_SHARE + mean(reference.iter().copied().flatten().map(|p| dense_share(p, mineral_hu)));
    for (slice, _) in profiles.iter_mut().zip(metal_in_slice).filter(|(_, metal)| **metal) {
        let dark = strays_hu(slice, soft_hu, mineral_hu).into_iter().map(|s| s.is_some_and(|hu| hu > most_hu));
        let bright = sectors(slice, |sector| mean(sector.map(|p| dense_share(p, mineral_hu))) > most_dense);
        let streaked: Vec<bool> = dark.zip(bright).map(|(dark, bright)| dark || bright).collect();
        for (profile, _) in slice.iter_mut().zip(streaked).filter(|(_, streaked)| *streaked) {
            (profile.evaluable, profile.metal) = (false, true);
        }
    }
}

/// Densities of the lesion's own tissue along a ray, bone left out, HU.
fn tissue_hu(profile: &Profile, mineral_hu: f64) -> impl Iterator<Item = f64> + '_ {
    TISSUE_MM.iter().map(|&u| f64::from(profile.hu[index(u)])).filter(move |&hu| hu < mineral_hu)
}

/// How far tissue strays from `soft_hu` in the sector about each ray, root mean square, HU; `None` where too little of it
/// is free of bone.
fn strays_hu(slice: &[Profile], soft_hu: f64, mineral_hu: f64) -> Vec<Option<f64>> {
    sectors(slice, |sector| stray_hu(sector, soft_hu, mineral_hu))
}

/// What the rays about each ray come to together.
fn sectors<T>(slice: &[Profile], of: impl Fn(&mut dyn Iterator<Item = &Profile>) -> T) -> Vec<T> {
    let rings = slice.chunk_by(|a, b| a.ring == b.ring);
    rings.flat_map(|ring| (0..ring.len()).map(|i| of(&mut sector(ring, i))).collect::<Vec<_>>()).collect()
}

fn sector(ring: &[Profile], i: usize) -> impl Iterator<Item = &Profile> {
    let reach = ((SECTOR_MM / 2.0 / ring[i].ray.length_mm) as usize).min((ring.len() - 1) / 2);
    (0..=2 * reach).map(move |j| &ring[(i + ring.len() + j - reach) % ring.len()])
}

/// Share of the samples where the lesion's own tissue is looked at that are as dense as bone.
fn dense_share(profile: &Profile, mineral_hu: f64) -> f64 {
    1.0 - tissue_hu(profile, mineral_hu).count() as f64 / TISSUE_MM.len() as f64
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0, 0.0), |(n, sum), value| (n + 1, sum + value));
    sum / f64::from(n.max(1))
}

fn stray_hu(sector: &mut dyn Iterator<Item = &Profile>, soft_hu: f64, mineral_hu: f64) -> Option<f64> {
    let squares = sector.flat_map(|p| tissue_hu(p, mineral_hu)).map(|hu| (hu - soft_hu) * (hu - soft_hu));
    let (n, sum) = squares.fold((0, 0.0), |(n, sum), square| (n + 1, sum + square));
    (n >= LEAST_SAMPLES).then(|| (sum / n as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::ray::Ray;

    /// A ring of 60 rays through tissue of 60 HU that scatters by 20, `dark` lower on rays 10 to 29; bright where that is
    /// less than 0.
    fn ring(dark: f32) -> Vec<Profile> {
        let profile = |i: usize| Profile {
            ray: Ray { at: [0.0; 2], normal: [1.0, 0.0], length_mm: 1.0 },
            ring: 0,
            hu: (0..73)
                .map(|j| {
                    let scatter = if (i * 7 + j * 5).is_multiple_of(3) { 28.0 } else { -14.0 };
                    60.0 + scatter - if (10..30).contains(&i) { dark } else { 0.0 }
                })
                .collect(),
            tilt_tangent: 0.0,
            evaluable: true,
            metal: false,
        };
        (0..60).map(profile).collect()
    }

    fn spoilt(slices: &mut [Vec<Profile>], metal: &[bool]) -> Vec<usize> {
        spoil(slices, metal, 200.0, 3.0);
        slices.iter().map(|s| s.iter().filter(|p| p.metal && !p.evaluable).count()).collect()
    }

    #[test]
    fn a_dark_streak_spoils_its_sector_and_only_where_there_is_metal() {
        let slices = || vec![ring(0.0), ring(150.0), ring(150.0)];
        let found = spoilt(&mut slices(), &[false, true, false]);
        assert!(found[0] == 0 && (18..=26).contains(&found[1]) && found[2] == 0, "{found:?}");
        assert_eq!(spoilt(&mut slices(), &[false; 3]), [0, 0, 0]);
    }

    #[test]
    fn a_bright_streak_as_dense_as_bone_spoils_its_sector() {
        let found = spoilt(&mut [ring(0.0), ring(-250.0), ring(-250.0)], &[false, true, false]);
        assert!(found[0] == 0 && (15..=26).contains(&found[1]) && found[2] == 0, "{found:?}");
        let bony = || ring(0.0).into_iter().map(|p| Profile { hu: p.hu.iter().map(|hu| hu + 250.0).collect(), ..p });
        assert_eq!(spoilt(&mut [bony().collect(), bony().collect()], &[false, true]), [0, 0], "a lesion full of bone");
    }

    #[test]
    fn where_every_slice_has_metal_the_rest_of_the_outline_is_the_reference() {
        let found = spoilt(&mut [ring(150.0), ring(150.0)], &[true, true]);
        assert!(found.iter().all(|n| (18..=26).contains(n)), "{found:?}");
    }

    #[test]
    fn tissue_that_scatters_as_usual_is_kept() {
        assert_eq!(spoilt(&mut [ring(0.0), ring(20.0)], &[false, true]), [0, 0]);
    }
}
