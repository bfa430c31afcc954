//! The cord's signal, and how like it others are: half way to the fluid's or to the tumour's nothing can be said.

use super::look::Look;
use super::ring::Ring;
use crate::ops::quantile::quantile;

/// The part of a ring's radius that is surely cord.
const CORE: f64 = 0.7;
/// What lies within so many SD of the cord's signal is like cord, however near the tumour's is.
const LEAST_SD: f64 = 1.5;

/// The signal of the cord, and how far from it, below and above, nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grey {
    cord: f64,
    below: f64,
    above: f64,
    /// What is brighter is fluid rather than cord.
    pub fluid_from: f64,
}

impl Grey {
    /// Learned from first rings of the cord where no tumour is in the canal; `None` where there is no such slice.
    pub fn of(look: &Look<'_>, cord: &[Option<Ring>]) -> Option<Self> {
        let mut seen: Vec<f64> =
            (0..cord.len()).filter(|&z| look.is_clean(z)).flat_map(|z| core(look, cord, z)).collect();
        let cord = quantile(&mut seen, 0.5)?;
        let mut off: Vec<f64> = seen.iter().map(|v| (v - cord).abs()).collect();
        let sd = 1.4826 * quantile(&mut off, 0.5)?;
        let voxels = look.image.as_slice().iter().zip(look.tumour.as_slice());
        let mut solid: Vec<f64> = voxels.filter(|(_, inside)| **inside).map(|(v, _)| f64::from(*v)).collect();
        let tumour = quantile(&mut solid, 0.5).unwrap_or_default();
        Some(Self::between(cord, sd, tumour, look.fluid))
    }

    fn between(cord: f64, sd: f64, tumour: f64, fluid: f64) -> Self {
        let half = |other: f64| (0.5 * (other - cord).abs()).max(LEAST_SD * sd);
        let [below, above] = if tumour < cord { [tumour, fluid] } else { [0.0, tumour.min(fluid)] };
        Self { cord, below: half(below), above: half(above), fluid_from: 0.5 * (cord + fluid) }
    }

    /// How like the cord's a signal is: 1 its own, 0 half way to what else there is, -1 far off.
    pub fn like(&self, signal: f64) -> f64 {
        let off = (signal - self.cord) / if signal < self.cord { self.below } else { self.above };
        (1.0 - off * off).max(-1.0)
    }
}

/// The signals in the middle of a plane's cord.
fn core(look: &Look<'_>, cord: &[Option<Ring>], z: usize) -> Vec<f64> {
    let pixels = cord[z].as_ref().map(|ring| look.pixels(&ring.scaled(CORE))).unwrap_or_default();
    pixels.into_iter().map(|[x, y]| f64::from(look.image.plane(z)[(y, x)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_way_to_tumour_and_fluid_nothing_is_said() {
        let darker = Grey::between(100.0, 2.0, 60.0, 240.0);
        assert_eq!([100.0, 80.0, 170.0, 60.0, 240.0].map(|v| darker.like(v)), [1.0, 0.0, 0.0, -1.0, -1.0]);
        let brighter = Grey::between(100.0, 2.0, 120.0, 240.0);
        assert_eq!([110.0, 50.0].map(|v| brighter.like(v)), [0.0, 0.0]);
        assert_eq!([darker.fluid_from, brighter.fluid_from], [170.0; 2]);
    }

    #[test]
    fn noise_alone_makes_nothing_unlike_cord() {
        let alike = Grey::between(100.0, 8.0, 99.0, 240.0);
        assert!(alike.like(100.0 - 8.0) > 0.5 && alike.like(100.0 - 12.0) == 0.0);
    }
}
