//! What a sharp kernel adds beside lung: it overshoots a step by 10 to 20 % (method.md 2), which at 900 HU is as dense as a
//! rim.
//!
//! A kernel answers a step oddly about its edge: what it adds on one side it takes off on the other. Lung has no rim, so
//! the overshoot is read there, from all rays that have lung behind a border without a rim, and taken off inside. Means
//! over many rays are free of noise; a soft kernel has nothing to take off.

use super::profile::{Profile, STEP_MM, index};

/// Half way from soft tissue to lung, HU (method.md 1.2).
const EDGE_HU: f32 = -400.0;
/// Behind the edge lung stays below this, HU: fat and partial volume do not.
const LUNG_HU: f32 = -550.0;
/// Where the edge is looked for, mm off the outline.
const EDGE_MM: [f64; 2] = [-3.0, 3.0];
/// Blur of the edge itself ends within this, mm ...
const BLUR_MM: f64 = 1.5;
/// ... and a kernel is felt no farther from it than this, mm; levels are read beyond.
const REACH_MM: f64 = 3.5;
const REACH: usize = samples(REACH_MM);
/// Length over which levels are read, in samples.
const LEVEL: usize = samples(1.5);
/// With fewer rays than this, noise would pass for overshoot.
const FEWEST_RAYS: usize = 20;
/// What rises above the lesion by more than this share of the step is no overshoot, but a rim.
const MOST: f64 = 0.3;

const fn samples(mm: f64) -> usize {
    (mm / STEP_MM) as usize
}

/// Share of a step that the kernel adds at each sample's distance from its edge.
pub struct Ringing([f64; REACH + 1]);

/// The step from lesion to lung along a ray.
struct Step {
    /// The edge, in samples.
    edge: f64,
    /// Levels on both sides, HU.
    lesion_hu: f64,
    lung_hu: f64,
}

impl Ringing {
    /// Of the rays that can be judged.
    pub fn new<'a>(profiles: impl Iterator<Item = &'a Profile>) -> Self {
        let (mut taken_hu, mut height_hu, mut rays) = ([0.0; REACH + 1], 0.0, 0);
        for hu in profiles.filter(|p| p.evaluable).map(|p| &p.hu) {
            let Some(step) = Step::of(hu).filter(|step| !step.has_rim(hu)) else { continue };
            let below_lung = |i: usize| step.lung_hu - between(hu, step.edge + i as f64);
            taken_hu.iter_mut().enumerate().for_each(|(i, sum)| *sum += below_lung(i));
            height_hu += step.height_hu();
            rays += 1;
        }
        Self(taken_hu.map(|sum| if rays < FEWEST_RAYS { 0.0 } else { (sum / height_hu).clamp(0.0, MOST) }))
    }

    /// Takes the overshoot off a ray that has lung behind.
    pub fn take_off(&self, hu: &mut [f32]) {
        let Some(step) = Step::of(hu) else { return };
        let last = step.edge as usize;
        for (i, hu) in hu.iter_mut().enumerate().take(last + 1).skip(last + 1 - REACH) {
            *hu -= (step.height_hu() * between(&self.0, step.edge - i as f64)) as f32;
        }
    }
}

impl Step {
    fn of(hu: &[f32]) -> Option<Self> {
        let mut places = index(EDGE_MM[0])..index(EDGE_MM[1]);
        let i = places.find(|&i| hu[i] >= EDGE_HU && hu[i + 1] < EDGE_HU)?;
        let (lesion, lung) = (&hu[i - REACH - LEVEL..i - REACH], &hu[i + samples(BLUR_MM)..=i + REACH + LEVEL]);
        let edge = i as f64 + f64::from((hu[i] - EDGE_HU) / (hu[i] - hu[i + 1]));
        let step = || Self { edge, lesion_hu: mean(lesion), lung_hu: mean(&lung[lung.len() - LEVEL..]) };
        lung.iter().all(|&hu| hu < LUNG_HU).then(step)
    }

    fn height_hu(&self) -> f64 {
        self.lesion_hu - self.lung_hu
    }

    fn has_rim(&self, hu: &[f32]) -> bool {
        let last = self.edge as usize;
        let most_hu = self.lesion_hu + MOST * self.height_hu();
        hu[last - REACH..=last].iter().any(|&hu| f64::from(hu) > most_hu)
    }
}

fn mean(hu: &[f32]) -> f64 {
    hu.iter().map(|&hu| f64::from(hu)).sum::<f64>() / hu.len() as f64
}

/// The value between two samples.
fn between<T: Copy + Into<f64>>(values: &[T], at: f64) -> f64 {
    let i = at as usize;
    let [here, next]: [f64; 2] = [values[i].into(), values[i + 1].into()];
    here + (at - i as f64) * (next - here)
}

#[cfg(test)]
mod tests {
    use super::super::profile::{PROFILE_MM, place_mm};
    use super::*;
    use crate::ops::quantile::normal_below;
    use crate::ops::ray::Ray;

    const LESION_HU: f64 = 60.0;
    const AIR_HU: f64 = -840.0;

    /// Answer of a kernel `(1 + lobe) G(0.5 mm) - lobe G(1 mm)` to a step up at 0.
    fn answer(lobe: f64, mm: f64) -> f64 {
        let up = |sd_mm: f64| normal_below(mm / sd_mm);
        (1.0 + lobe) * up(0.5) - lobe * up(1.0)
    }

    /// A lesion whose lung begins `edge_mm` off the outline, behind a rim of 1.5 mm or none.
    fn ray(lobe: f64, edge_mm: f64, rim_hu: Option<f64>) -> Profile {
        let hu = |mm: f64| {
            let step = LESION_HU + (AIR_HU - LESION_HU) * answer(lobe, mm - edge_mm);
            let shell = answer(lobe, mm - edge_mm + 1.5) - answer(lobe, mm - edge_mm);
            step + rim_hu.map_or(0.0, |rim| (rim - LESION_HU) * shell)
        };
        let hu = (0..=index(PROFILE_MM[1])).map(|i| hu(place_mm(i)) as f32).collect();
        let ray = Ray { at: [0.0; 2], normal: [1.0, 0.0], length_mm: 1.0 };
        Profile { ray, ring: 0, hu, tilt_tangent: 0.0, evaluable: true, metal: false }
    }

    /// The densest place of a ray, as it is and without the overshoot learned from `rays`.
    fn densest(of: &Profile, rays: &[Profile]) -> [f32; 2] {
        let most = |hu: &[f32]| hu.iter().copied().fold(f32::MIN, f32::max);
        let mut hu = of.hu.clone();
        Ringing::new(rays.iter()).take_off(&mut hu);
        [most(&of.hu), most(&hu)]
    }

    fn edges(lobe: f64) -> Vec<Profile> {
        (0..40).map(|i| ray(lobe, -2.0 + 0.1 * f64::from(i), None)).collect()
    }

    #[test]
    fn the_overshoot_at_lung_is_taken_off_wherever_the_outline_runs() {
        let rays = edges(1.6);
        for of in &rays {
            let [before, after] = densest(of, &rays);
            assert!(before > 220.0 && after < 80.0, "{before} {after}");
        }
    }

    #[test]
    fn a_rim_before_lung_and_a_soft_kernel_keep_what_they_show() {
        let [_, rim] = densest(&ray(1.6, 0.3, Some(500.0)), &edges(1.6));
        assert!(rim > 450.0, "{rim}");
        let [before, after] = densest(&ray(0.0, 0.3, Some(500.0)), &edges(0.0));
        assert!((before - after).abs() < 2.0, "{before} {after}");
    }

    #[test]
    fn a_few_rays_say_nothing() {
        let [before, after] = densest(&ray(1.6, 0.3, None), &edges(1.6)[..FEWEST_RAYS - 1]);
        assert_eq!(before, after);
    }
}
