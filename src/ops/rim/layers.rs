//! What a ray says of each hypothesis: how its millimetre layers would have to lie if the true border were there.

use super::density::{Densities, LogChances};
use crate::ops::exp;

/// Kinds of border a ray may cross.
pub const KINDS: usize = 3;
/// No bone at the border.
pub const BARE: usize = 0;
/// Native bone abuts the border from outside.
pub const NATIVE: usize = 1;
/// The lesion's own rim.
pub const RIM: usize = 2;

/// Offsets of the true border from the outline that are weighed: -3 to 3 mm (beyond: no outline of this lesion).
pub const OFFSETS: usize = 13;
/// Distance of offsets, mm.
pub const OFFSET_MM: f64 = 0.5;

/// One weight for each kind of border and offset.
pub type Weights = [[f32; OFFSETS]; KINDS];

/// An offset, mm; negative inside the outline.
pub fn offset_mm(j: usize) -> f64 {
    (j as f64 - (OFFSETS / 2) as f64) * OFFSET_MM
}

/// Layer means every half millimetre are kept from here ...
const FIRST_MM: f64 = -8.0;
/// ... to here.
const LAST_MM: f64 = 6.5;
/// How many layer means that are.
const PLACES: usize = ((LAST_MM - FIRST_MM) / OFFSET_MM) as usize + 1;
/// Layers whose middle is farther than 4.5 mm from the outline say nothing of its border: first and last place that do.
const WINDOW: [usize; 2] = [((-4.5 - FIRST_MM) / OFFSET_MM) as usize, ((4.5 - FIRST_MM) / OFFSET_MM) as usize];
/// Layers deeper than those next to the border, and layers farther out, that are looked at.
const OTHER_INNER: usize = 4;
/// See above.
const OTHER_OUTER: usize = 5;
/// Layers inside the border that an unossified edge leaves free of bone: internal bone begins deeper (method.md 3.9).
const FREE_LAYERS: usize = 2;
/// How much a layer of bone outside a rim is worth against what else lies outside.
const BONE_BEHIND_RIM_LOG: f32 = -0.356_675; // ln 0.7
/// So many further layers must be bone for it to go on: 3 mm with the first, as thick as a rim may be.
const GOES_ON_LAYERS: usize = 2;
/// Chance that it is as dense as what is behind it ...
const GOES_ON: f32 = 0.5;
// What goes on behind the last layer of the window is kept too.
const _: () = assert!(WINDOW[1] + 2 * GOES_ON_LAYERS < PLACES);
/// ... within the texture of marrow (method.md 3.9: 35 HU) and what noise remains, SD, HU.
const GOES_ON_SD_HU: f64 = 40.0;
/// Layers of one ray and neighbouring rays repeat each other: each counts as this share of an independent sample.
const INDEPENDENCE: f32 = 0.2;
/// Layers in the window at any offset, to which those that fit are scaled.
const LAYERS: f32 = 10.0;

/// Layer means of one ray, every half millimetre, HU.
pub struct Layers([f64; PLACES]);

impl Layers {
    /// From a function of the place of a layer's middle, mm.
    pub fn new(mean_hu: impl Fn(f64) -> f64) -> Self {
        Self(std::array::from_fn(|i| mean_hu(FIRST_MM + i as f64 * OFFSET_MM)))
    }

    /// The layer about a place, HU.
    pub fn at(&self, u_mm: f64) -> f64 {
        self.0[((u_mm - FIRST_MM) / OFFSET_MM).round() as usize]
    }

    /// Relative likelihood of every kind and offset, 1 for the best.
    ///
    /// Layers inside the border are the lesion's, layers outside are not; next to the border
    /// - bare: two soft layers inside;
    /// - native: the same, and bone outside;
    /// - rim: bone inside, and behind it anything that the lesion is.
    pub fn likelihood(&self, d: &Densities) -> Weights {
        let at: [LogChances; PLACES] = std::array::from_fn(|i| self.chances(i, d));
        let common = far_from(&at);
        let mut log = [[0.0; OFFSETS]; KINDS];
        for j in 0..OFFSETS {
            let layer = |k: isize| &at[layer_index(j, k)];
            let (first, second, out) = (layer(-1), layer(-2), layer(0));
            let soft = first.soft + second.soft;
            log[BARE][j] = common[j] + (soft + out.outside);
            log[NATIVE][j] = common[j] + (soft + out.bone);
            let rim = first.bone
                + second.soft.max(second.bone).max(second.inside)
                + out.outside.max(out.bone + BONE_BEHIND_RIM_LOG);
            log[RIM][j] = common[j] + rim;
            log.iter_mut().for_each(|of_kind| of_kind[j] *= SCALE[j]);
        }
        let best = log.iter().flatten().fold(f32::NEG_INFINITY, |best, &log| if log > best { log } else { best });
        let all = log.as_flattened_mut();
        all.iter_mut().for_each(|log| *log = INDEPENDENCE * (*log - best));
        exp::of_negatives(all);
        log
    }

    /// What layer i may be. Native bone goes on where a rim ends (method.md 3.9): bone outside is as dense as the bone behind
    /// it, `(1 - c) p(h) + c N(h - h'; sd)`, where more than the thickest rim is bone. What all rays together have outside says
    /// little of marrow that lies behind a few of them.
    fn chances(&self, i: usize, d: &Densities) -> LogChances {
        let alone = d.at(self.0[i]);
        let bone = |k: usize| self.0.get(i + 2 * k).is_some_and(|&hu| hu >= d.bone_hu());
        if !(0..=GOES_ON_LAYERS).all(bone) {
            return alone;
        }
        let off = ((self.0[i] - self.0[i + 2]) / GOES_ON_SD_HU) as f32;
        let alike = libm::expf(-0.5 * off * off) / (GOES_ON_SD_HU * std::f64::consts::TAU.sqrt()) as f32;
        let outside = libm::logf((1.0 - GOES_ON) * libm::expf(alone.outside) + GOES_ON * alike);
        LogChances { outside, ..alone }
    }
}

/// Where layer k outside the border stands among the places; -1 is the first one inside.
const fn layer_index(offset: usize, k: isize) -> usize {
    (BORDER + offset).strict_add_signed(2 * k + 1)
}

/// Where a border at the innermost offset stands among the places.
const BORDER: usize = ((-((OFFSETS / 2) as f64) * OFFSET_MM - FIRST_MM) / OFFSET_MM) as usize;

/// Brings the layers that fit into the window at an offset to [`LAYERS`]: those that kinds of border have in common and
/// those next to it.
const SCALE: [f32; OFFSETS] = {
    let (mut scale, mut j) = ([0.0; OFFSETS], 0);
    while j < OFFSETS {
        let inner = (layer_index(j, -1 - FREE_LAYERS as isize) + 2).saturating_sub(WINDOW[0]) / 2;
        let outer = (WINDOW[1] + 2).saturating_sub(layer_index(j, 1)) / 2;
        let inner = if inner < OTHER_INNER { inner } else { OTHER_INNER };
        let outer = if outer < OTHER_OUTER { outer } else { OTHER_OUTER };
        scale[j] = LAYERS / (inner + outer + FREE_LAYERS + 1) as f32;
        j += 1;
    }
    scale
};

/// For each offset the logarithm of the likelihood of the layers that every kind of border has in common.
fn far_from(at: &[LogChances; PLACES]) -> [f32; OFFSETS] {
    // Layers beyond the window say nothing; with them there are equally many at each offset.
    const BEFORE: usize = 2 * OTHER_INNER;
    let [mut inside, mut outside] = [[0.0; BEFORE + PLACES + 2 * OTHER_OUTER]; 2];
    for i in WINDOW[0]..=WINDOW[1] {
        (inside[BEFORE + i], outside[BEFORE + i]) = (at[i].inside, at[i].outside);
    }
    let inner = |j: usize, n: usize| inside[BEFORE + layer_index(j, -1 - FREE_LAYERS as isize) - 2 * n];
    let outer = |j: usize, n: usize| outside[BEFORE + layer_index(j, 1) + 2 * n];
    std::array::from_fn(|j| {
        let inner = (1..OTHER_INNER).fold(inner(j, 0), |sum, n| sum + inner(j, n));
        inner + (1..OTHER_OUTER).fold(outer(j, 0), |sum, n| sum + outer(j, n))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lesion of 60 HU whose surroundings are fat but for one ray in ten, where there is marrow.
    fn densities(marrow_hu: f64) -> Densities {
        let inside: Vec<f64> = (0..500).map(|i| 60.0 + f64::from(i % 41) - 20.0).collect();
        let around: Vec<f64> = (0..500).map(|i| if i % 10 == 0 { marrow_hu } else { -95.0 }).collect();
        Densities::new(&inside, &around, 180.0)
    }

    /// The likelihood of the best place of a rim over that of the best place of none.
    fn rim_over_bare(hu: impl Fn(f64) -> f64) -> f32 {
        let weights = Layers::new(hu).likelihood(&densities(230.0));
        let best = |kind: usize| weights[kind].iter().copied().fold(0.0, f32::max);
        best(RIM) / best(BARE)
    }

    #[test]
    fn marrow_that_goes_on_behind_the_border_is_no_rim() {
        let marrow = rim_over_bare(|u| if u < 0.0 { 60.0 } else { 230.0 });
        let ridge = rim_over_bare(|u| {
            if u < -1.0 {
                60.0
            } else if u < 0.0 {
                500.0
            } else {
                230.0
            }
        });
        let shell = rim_over_bare(|u| {
            if u < -1.0 {
                60.0
            } else if u < 0.0 {
                300.0
            } else {
                -95.0
            }
        });
        assert!(marrow < 0.8, "marrow without a ridge: {marrow}");
        assert!(ridge > 1.2 && shell > 1.2, "a ridge before marrow {ridge}, a shell in fat {shell}");
    }

    #[test]
    fn a_rim_of_three_millimetres_does_not_go_on() {
        let thick = |u: f64| {
            if u < -3.0 {
                60.0
            } else if u < 0.0 {
                400.0
            } else {
                -95.0
            }
        };
        assert!(rim_over_bare(thick) > 1.2, "{}", rim_over_bare(thick));
    }
}
