//! What a ray says of each hypothesis: how its millimetre layers would have to lie if the true border were there.

use super::deblur::LAYER_MM;
use super::density::Densities;

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
pub type Weights = [[f64; OFFSETS]; KINDS];

/// An offset, mm; negative inside the outline.
pub fn offset_mm(j: usize) -> f64 {
    (j as f64 - (OFFSETS / 2) as f64) * OFFSET_MM
}

/// Layer means every half millimetre are kept from here ...
const FIRST_MM: f64 = -8.0;
/// ... to here.
const LAST_MM: f64 = 6.0;
/// Layers whose middle is farther from the outline than this say nothing of its border, mm.
const WINDOW_MM: f64 = 4.6;
/// Layers inside the border that an unossified edge leaves free of bone: internal bone begins deeper (method.md 3.9).
const FREE_LAYERS: usize = 2;
/// How much a layer of bone outside a rim is worth against what else lies outside.
const BONE_BEHIND_RIM: f64 = 0.7;
/// Layers of one ray and neighbouring rays repeat each other: each counts as this share of an independent sample.
const INDEPENDENCE: f64 = 0.2;
/// Layers in the window at any offset, to which those that fit are scaled.
const LAYERS: f64 = 10.0;

/// Layer means of one ray, every half millimetre.
pub struct Layers(Vec<f64>);

/// Places of the layer means, mm.
pub fn places_mm() -> impl Iterator<Item = f64> {
    let count = ((LAST_MM - FIRST_MM) / OFFSET_MM).round() as usize + 1;
    (0..count).map(|i| FIRST_MM + i as f64 * OFFSET_MM)
}

impl Layers {
    /// From a function of the place of a layer's middle, mm.
    pub fn new(mean_hu: impl Fn(f64) -> f64) -> Self {
        Self(places_mm().map(mean_hu).collect())
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
    /// - rim: bone inside.
    pub fn likelihood(&self, d: &Densities) -> Weights {
        let rim_deep = d.soft.or(&d.bone, 1.0);
        let behind = d.outside.or(&d.bone, BONE_BEHIND_RIM);
        let log: [[f64; KINDS]; OFFSETS] = std::array::from_fn(|j| {
            let border = offset_mm(j);
            let layer = |k: f64| self.at(border + (k + 0.5) * LAYER_MM);
            let (common, count) = self.far_from(border, d);
            let (first, second, out) = (layer(-1.0), layer(-2.0), layer(0.0));
            let soft = d.soft.at(first) + d.soft.at(second);
            let scale = LAYERS / (count + FREE_LAYERS + 1) as f64;
            let mut kinds = [common; KINDS];
            kinds[BARE] += soft + d.outside.at(out);
            kinds[NATIVE] += soft + d.bone.at(out);
            kinds[RIM] += d.bone.at(first) + rim_deep.at(second) + behind.at(out);
            kinds.map(|l| scale * l)
        });
        let best = log.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
        std::array::from_fn(|kind| log.map(|at| libm::exp(INDEPENDENCE * (at[kind] - best))))
    }

    /// Logarithm of the likelihood of the layers that every kind of border has in common, and how many they are.
    fn far_from(&self, border_mm: f64, d: &Densities) -> (f64, usize) {
        let inner = (FREE_LAYERS..6).map(|k| border_mm - (k as f64 + 0.5) * LAYER_MM).filter(|u| *u >= -WINDOW_MM);
        let outer = (1..6).map(|k| border_mm + (k as f64 + 0.5) * LAYER_MM).filter(|u| *u <= WINDOW_MM);
        let log = inner.clone().map(|u| d.inside.at(self.at(u))).sum::<f64>()
            + outer.clone().map(|u| d.outside.at(self.at(u))).sum::<f64>();
        (log, inner.count() + outer.count())
    }
}
