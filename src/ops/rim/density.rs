//! How likely a density is in each kind of tissue, learned from the exam itself.
//!
//! What the lesion looks like is read deep inside the outline, what surrounds it well outside; only bone is known
//! beforehand: any density from the mineral threshold on.

use crate::ops::quantile::quantile;

/// Densities below and above are taken as these, HU.
const RANGE_HU: [f64; 2] = [-200.0, 1000.0];
/// Width of a bin, HU.
const BIN_HU: f64 = 10.0;
const BINS: usize = ((RANGE_HU[1] - RANGE_HU[0]) / BIN_HU) as usize;
/// Histograms are smoothed by this, SD in bins: 20 HU, about the noise that remains.
const SMOOTHING_BINS: f64 = 2.0;
/// Nothing is less likely than this, per HU: what was not seen may yet occur.
const FLOOR: f64 = 8e-5;
/// Bone is as likely at any density over this range, HU (method.md 2: cortex displays 300 to 700 and more).
const BONE_RANGE_HU: f64 = 700.0;
/// Where much of the lesion is bone, a rim is as dense as that bone with this chance. Else bone that reaches the border is
/// likelier as anything but rim, and the border is believed to lie out in the soft tissue beside the lesion ...
const LIKE_OWN_BONE: f64 = 0.9;
/// ... and with half of it where this share is: noise alone lifts as much over the threshold.
const MUCH_BONE: f64 = 0.1;
/// Width of the mineral threshold, HU: about the noise of a layer.
const THRESHOLD_WIDTH_HU: f64 = 20.0;
/// Tissue between the lesion's own and the threshold counts as unossified with half the weight of bone.
const FAINT: f64 = 0.5;
/// With fewer unossified samples than this the lesion's own tissue is taken from the literature.
const MIN_SAMPLES: usize = 50;
/// Untreated tumour, HU: mean and SD (method.md 2: 30 to 80).
const TUMOUR_HU: [f64; 2] = [60.0, 30.0];

/// Logarithms of how likely a density is, per HU, in each kind of tissue along a ray.
#[derive(Clone, Copy, Debug)]
pub struct LogChances {
    /// Anything inside the lesion.
    pub inside: f32,
    /// Anything outside.
    pub outside: f32,
    /// The lesion's tissue without bone.
    pub soft: f32,
    /// Bone.
    pub bone: f32,
}

/// [`LogChances`] of every density, bin by bin.
#[derive(Clone, Debug)]
pub struct Densities {
    chances: Vec<LogChances>,
    bone_hu: f64,
}

impl Densities {
    /// From samples well inside and well outside, HU, and the density from which tissue is bone.
    pub fn new(inside: &[f64], outside: &[f64], bone_hu: f64) -> Self {
        let soft: Vec<f64> = inside.iter().copied().filter(|&hu| hu < bone_hu).collect();
        let known = soft.len() >= MIN_SAMPLES;
        let own = if known { histogram(&soft) } else { tumour() };
        let level_hu = if known { quantile(&mut soft.clone(), 0.5) } else { None };
        let level_hu = level_hu.unwrap_or(TUMOUR_HU[0]);
        let rise = |hu: f64, at: f64| 1.0 / (1.0 + libm::exp(((at - hu) / THRESHOLD_WIDTH_HU).clamp(-50.0, 50.0)));
        let (own_bone, like_own) = own_bone(inside, bone_hu);
        let any = |i: usize| (1.0 - like_own) / BONE_RANGE_HU + like_own * own_bone[i];
        let bone = |i: usize| rise(middle(i), bone_hu) * any(i);
        let faint = |i: usize| rise(middle(i), level_hu) * (1.0 - rise(middle(i), bone_hu)) / BONE_RANGE_HU;
        let (inner, outer) = (histogram(inside), histogram(outside));
        let log = |chance: f64| libm::log(chance) as f32;
        let all = (0..BINS).map(|i| LogChances {
            inside: log(inner[i]),
            outside: log(outer[i]),
            soft: log(own[i] + FAINT * faint(i)),
            bone: log(bone(i) + 1e-6),
        });
        Self { chances: all.collect(), bone_hu }
    }

    /// The density from which tissue is bone, HU.
    pub fn bone_hu(&self) -> f64 {
        self.bone_hu
    }

    /// At a density, HU.
    pub fn at(&self, hu: f64) -> LogChances {
        self.chances[bin(hu)]
    }
}

/// Densities of the lesion's own bone, and the chance that a rim is like it.
fn own_bone(inside: &[f64], bone_hu: f64) -> (Vec<f64>, f64) {
    let bone: Vec<f64> = inside.iter().copied().filter(|&hu| hu >= bone_hu).collect();
    let share = bone.len() as f64 / inside.len().max(1) as f64;
    (histogram(&bone), LIKE_OWN_BONE * share / (share + MUCH_BONE))
}

fn bin(hu: f64) -> usize {
    (((hu - RANGE_HU[0]) / BIN_HU).max(0.0) as usize).min(BINS - 1)
}

fn middle(i: usize) -> f64 {
    RANGE_HU[0] + (i as f64 + 0.5) * BIN_HU
}

/// A smoothed histogram, per HU, with its floor.
fn histogram(values: &[f64]) -> Vec<f64> {
    let mut count = vec![0.0; BINS];
    values.iter().for_each(|&hu| count[bin(hu)] += 1.0);
    let total: f64 = values.len().max(1) as f64;
    let reach = (3.0 * SMOOTHING_BINS) as isize;
    let bell: Vec<f64> = (-reach..=reach).map(|d| d as f64 / SMOOTHING_BINS).map(|t| libm::exp(-0.5 * t * t)).collect();
    let area: f64 = bell.iter().sum();
    let near = |i: usize, k: usize| (i as isize + k as isize - reach).clamp(0, BINS as isize - 1) as usize;
    let smooth = |i: usize| bell.iter().enumerate().map(|(k, w)| w * count[near(i, k)]).sum::<f64>() / area;
    floored((0..BINS).map(|i| smooth(i) / (total * BIN_HU)))
}

/// The literature's tumour.
fn tumour() -> Vec<f64> {
    let [mean, sd] = TUMOUR_HU;
    let bell = |t: f64| libm::exp(-0.5 * t * t) / (sd * std::f64::consts::TAU.sqrt());
    floored((0..BINS).map(|i| bell((middle(i) - mean) / sd)))
}

fn floored(density: impl Iterator<Item = f64>) -> Vec<f64> {
    density.map(|d| (d + FLOOR) / (1.0 + FLOOR * BIN_HU * BINS as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_a_density_with_a_floor() {
        let h = histogram(&[40.0, 50.0, 60.0, 60.0, 70.0]);
        assert!((h.iter().sum::<f64>() * BIN_HU - 1.0).abs() < 0.02);
        assert!(h[bin(60.0)] > 20.0 * h[bin(200.0)] && h[bin(800.0)] > 7e-5);
    }

    #[test]
    fn a_rim_may_be_as_dense_as_the_lesions_own_bone() {
        // Four fifths of the lesion are bone of 480 to 680 HU, evenly: 1/200 per HU.
        let inside: Vec<f64> = (0..1000).map(|i| if i % 5 == 0 { 60.0 } else { 480.0 + 0.2 * f64::from(i) }).collect();
        let bone = |inside: &[f64]| f64::from(Densities::new(inside, &[-90.0], 180.0).at(580.0).bone);
        let like_own = 0.9 * 0.8 / 0.9;
        let exact = libm::log((1.0 - like_own) / 700.0 + like_own / 200.0);
        // The floor of what was not seen takes a tenth of the evenly spread.
        assert!((bone(&inside) - exact).abs() < 0.1, "{} is not {exact}", bone(&inside));
        assert!((bone(&[60.0; 100]) - libm::log(1.0 / 700.0)).abs() < 0.01);
    }

    #[test]
    fn the_threshold_parts_bone_from_the_lesions_own_tissue() {
        let inside: Vec<f64> = (0..500).map(|i| 55.0 + f64::from(i % 41) - 20.0).collect();
        let d = Densities::new(&inside, &[-90.0, 55.0, 170.0], 180.0);
        let favours_bone = |hu: f64| d.at(hu).bone > d.at(hu).soft;
        assert!(favours_bone(260.0) && favours_bone(700.0) && favours_bone(200.0));
        assert!(!favours_bone(60.0) && !favours_bone(140.0) && !favours_bone(-90.0));
        assert!(d.at(60.0).soft > d.at(-90.0).soft + 4.0, "fat is no lesion");
    }
}
