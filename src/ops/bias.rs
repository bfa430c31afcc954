//! The uneven sensitivity of a magnet's coil: a smooth field that brightens one tissue more than another.
//!
//! Tissues are few and each has one brightness, so the logarithm of an image is a mixture of a few bells plus the field.
//! The field is a quadratic of place (method.md 1.7), found together with the mixture by expectation and maximisation
//! (Wells et al. 1996). Quadratic, because on phantoms whose coils are no polynomials it leaves 0.018 of the tumour's ratio
//! to the cord (0.028 without), and a cubic or quartic one no less than 0.016.

use super::quantile::quantile;
use super::solve::solved;
use crate::geometry::Vec3;
use crate::volume::{Volume, traverse};
use ndarray::{Array2, ArrayView2};

/// Voxels looked at: more do not move the field.
const LOOKED_AT: usize = 20_000;
/// Fewer are too few for a field.
const LEAST_SAMPLES: usize = 400;
/// Air, cortical bone and lung hold more noise than signal: below this share of the bright quantile.
const DARK: f64 = 0.15;
/// What counts as bright.
const BRIGHT: f64 = 0.7;
/// Borders hold mixtures: left out where the signal changes by more than this share from pixel to pixel.
const STEEP: f64 = 0.12;
/// Tissues told apart.
const TISSUES: usize = 5;
/// Rounds; the field moves by less than 0.001 in the last.
const ROUNDS: usize = 12;
/// SD of a tissue's logarithm, at least and at most: noise, and texture.
const SPREAD: [f64; 2] = [0.04, 0.3];
/// Coordinates are in this unit, mm, so that the equations are well conditioned.
const UNIT_MM: f64 = 60.0;
/// Coefficients without the constant, which no ratio can see.
const TERMS: usize = 9;

/// The logarithm of a coil's sensitivity: a quadratic of place, 0 in the middle of the region.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    terms: [f64; TERMS],
    middle: Vec3,
    step: Vec3,
}

/// One voxel: its terms and the logarithm of its signal.
struct Sample {
    terms: [f64; TERMS],
    log: f64,
}

/// A tissue of the mixture.
#[derive(Clone, Copy)]
struct Tissue {
    log: f64,
    sd: f64,
    share: f64,
}

impl Field {
    /// The field of an image; `None` where too little of it is tissue.
    pub fn of(image: &Volume<f32>) -> Option<Self> {
        let grid = image.geometry();
        let middle = grid.dims.map(|n| 0.5 * (n as f64 - 1.0));
        let step = grid.spacing.map(|mm| mm / UNIT_MM);
        let mut field = Self { terms: [0.0; TERMS], middle, step };
        let samples = field.samples(image);
        if samples.len() < LEAST_SAMPLES {
            return None;
        }
        let mut tissues = beginning(&samples);
        for _ in 0..ROUNDS {
            let pulled: Vec<(f64, f64)> = samples.iter().map(|s| pull(&tissues, s.log - field.log(&s.terms))).collect();
            tissues = refined(&tissues, samples.iter().map(|s| s.log - field.log(&s.terms)));
            field.terms = fitted(&samples, &pulled, &field);
        }
        Some(field)
    }

    /// A part of the image, whose first voxel lies at `from`, with the coil's unevenness taken off.
    pub fn evened(&self, part: &Volume<f32>, from: [usize; 3]) -> Volume<f32> {
        let [nx, ny, _] = part.geometry().dims;
        let mut even = part.clone();
        traverse::fill_runs(even.as_mut_slice(), nx, |row, voxels| {
            // Along a row the logarithm is a quadratic: the factor's factor changes by a constant factor.
            let log = |x: usize| -self.log(&self.terms_at([from[0] + x, from[1] + row % ny, from[2] + row / ny]));
            let [first, second, third] = [0, 1, 2].map(log);
            let mut factor = libm::exp(first);
            let mut step = libm::exp(second - first);
            let bend = libm::exp(third - 2.0 * second + first);
            for voxel in voxels {
                *voxel *= factor as f32;
                factor *= step;
                step *= bend;
            }
        });
        even
    }

    fn log(&self, terms: &[f64; TERMS]) -> f64 {
        self.terms.iter().zip(terms).map(|(c, t)| c * t).sum()
    }

    fn terms_at(&self, at: [usize; 3]) -> [f64; TERMS] {
        let [x, y, z] = [0, 1, 2].map(|a| (at[a] as f64 - self.middle[a]) * self.step[a]);
        [x, y, z, x * x, y * y, z * z, x * y, y * z, z * x]
    }

    /// Voxels inside tissues, evenly over the image.
    fn samples(&self, image: &Volume<f32>) -> Vec<Sample> {
        let [nx, ny, nz] = image.geometry().dims;
        // Padding says nothing of how bright tissue is.
        let mut some: Vec<f64> =
            image.as_slice().iter().step_by(7).filter(|&&v| v > 0.0).map(|&v| f64::from(v)).collect();
        let dark = DARK * quantile(&mut some, BRIGHT).unwrap_or_default();
        // Odd, so that it does not keep to some columns of images whose width is a power of 2.
        let stride = (image.as_slice().len() / LOOKED_AT) | 1;
        let planes = traverse::each(nz, |z| {
            let plane = image.plane(z);
            let inner = (1..ny.saturating_sub(1)).flat_map(|y| (1..nx.saturating_sub(1)).map(move |x| [x, y]));
            let calm = inner.step_by(stride).filter_map(|[x, y]| {
                let mean = calm_mean(plane, [x, y]).filter(|&m| m > dark)?;
                Some(Sample { terms: self.terms_at([x, y, z]), log: libm::log(mean) })
            });
            calm.collect::<Vec<_>>()
        });
        planes.into_iter().flatten().collect()
    }
}

/// The mean of a pixel and its eight neighbours; `None` where the signal changes too steeply.
fn calm_mean(plane: ArrayView2<'_, f32>, [x, y]: [usize; 2]) -> Option<f64> {
    let at = |dx: usize, dy: usize| f64::from(plane[(y + dy - 1, x + dx - 1)]);
    let column = |dx: usize| at(dx, 0) + at(dx, 1) + at(dx, 2);
    let row = |dy: usize| at(0, dy) + at(1, dy) + at(2, dy);
    let mean = (row(0) + row(1) + row(2)) / 9.0;
    let slope = ((column(2) - column(0)).abs() + (row(2) - row(0)).abs()) / 6.0;
    (slope < STEEP * mean).then_some(mean)
}

/// Tissues at even quantiles.
fn beginning(samples: &[Sample]) -> [Tissue; TISSUES] {
    let mut logs: Vec<f64> = samples.iter().map(|s| s.log).collect();
    let share = 1.0 / TISSUES as f64;
    std::array::from_fn(|k| Tissue {
        log: quantile(&mut logs, (k as f64 + 0.5) * share).unwrap_or_default(),
        sd: 0.2,
        share,
    })
}

/// How likely a logarithm is of each tissue.
fn membership(tissues: &[Tissue; TISSUES], log: f64) -> [f64; TISSUES] {
    let density = tissues.map(|t| {
        let off = (log - t.log) / t.sd;
        t.share * libm::exp(-0.5 * off * off) / t.sd + 1e-12
    });
    let total: f64 = density.iter().sum();
    density.map(|d| d / total)
}

/// How far a logarithm lies above where its tissues would have it, and how much that weighs: `1 / variance`.
fn pull(tissues: &[Tissue; TISSUES], log: f64) -> (f64, f64) {
    let weights = membership(tissues, log).into_iter().zip(tissues).map(|(p, t)| (p / (t.sd * t.sd), t.log));
    let (weight, off) = weights.fold((0.0, 0.0), |(w, o), (weight, at)| (w + weight, o + weight * (log - at)));
    (off / weight, weight)
}

/// The tissues that fit the logarithms better.
fn refined(tissues: &[Tissue; TISSUES], logs: impl Iterator<Item = f64>) -> [Tissue; TISSUES] {
    // Sums of 1, v and v^2, v about the tissue's own middle so that no digit is lost.
    let mut sums = [[1e-9, 0.0, 0.0]; TISSUES];
    let mut count = 0.0;
    for log in logs {
        count += 1.0;
        for ((sum, p), tissue) in sums.iter_mut().zip(membership(tissues, log)).zip(tissues) {
            let off = log - tissue.log;
            *sum = [sum[0] + p, sum[1] + p * off, sum[2] + p * off * off];
        }
    }
    std::array::from_fn(|k| {
        let [n, first, second] = sums[k];
        let shift = first / n;
        let sd = (second / n - shift * shift).max(0.0).sqrt().clamp(SPREAD[0], SPREAD[1]);
        Tissue { log: tissues[k].log + shift, sd, share: n / count }
    })
}

/// The quadratic that takes the pulls off, by weighted least squares.
fn fitted(samples: &[Sample], pulled: &[(f64, f64)], so_far: &Field) -> [f64; TERMS] {
    let n = TERMS + 1;
    let (mut normal, mut right) = (Array2::<f64>::zeros((n, n)), vec![0.0; n]);
    for (sample, &(off, weight)) in samples.iter().zip(pulled) {
        let row: [f64; TERMS + 1] = std::array::from_fn(|i| if i < TERMS { sample.terms[i] } else { 1.0 });
        let wanted = off + so_far.log(&sample.terms);
        for i in 0..n {
            right[i] += weight * row[i] * wanted;
            (0..n).for_each(|j| normal[(i, j)] += weight * row[i] * row[j]);
        }
    }
    // A region of one slice says nothing of the third axis: what is not known stays 0.
    let ridge = 1e-6 * normal.diag().sum();
    normal.diag_mut().iter_mut().for_each(|d| *d += ridge);
    let found = solved(normal, right);
    std::array::from_fn(|i| found[i])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Extent, Geometry};

    /// Blocks of three tissues with some noise, under a field that is no quadratic.
    fn blocks(bias: f64) -> (Volume<f32>, Volume<f32>) {
        let grid = Geometry::upright([96, 80, 12], [0.9, 0.9, 4.0]);
        let noise = |i: usize| ((i * 7919 + 13) % 101) as f32 / 101.0 - 0.5;
        let clean = Volume::from_fn(grid.clone(), |[x, y, z]| {
            let tissue = [100.0, 180.0, 420.0][(x / 16 + y / 20 + z / 6) % 3];
            tissue + 12.0 * noise(x + 96 * (y + 80 * z))
        });
        let seen = Volume::from_fn(grid, |v| {
            let [x, y, z] = [v[0] as f64 / 96.0, v[1] as f64 / 80.0, v[2] as f64 / 12.0];
            let field = libm::sin(3.0 * x + 0.5) + 0.5 * libm::cos(4.0 * y) + 0.4 * z * x;
            clean.plane(v[2])[(v[1], v[0])] * libm::exp(bias * field) as f32
        });
        (clean, seen)
    }

    /// The spread of `image / clean`, as a share of its mean.
    fn unevenness(image: &Volume<f32>, clean: &Volume<f32>) -> f64 {
        let ratios: Vec<f64> = image.as_slice().iter().zip(clean.as_slice()).map(|(i, c)| f64::from(i / c)).collect();
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        (ratios.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / ratios.len() as f64).sqrt() / mean
    }

    #[test]
    fn a_smooth_field_is_taken_off_and_an_even_image_left_as_it_is() {
        let (clean, seen) = blocks(0.25);
        let before = unevenness(&seen, &clean);
        let after = unevenness(&Field::of(&seen).unwrap().evened(&seen, [0; 3]), &clean);
        // What is left is what a quadratic cannot follow: 0.13 before, a fifth of it after.
        assert!(before > 0.12 && after < 0.2 * before, "{before} {after}");
        let even = unevenness(&Field::of(&clean).unwrap().evened(&clean, [0; 3]), &clean);
        assert!(even < 0.004, "{even}");
    }

    #[test]
    fn a_part_is_evened_as_the_whole_is() {
        let (_, seen) = blocks(0.25);
        let (field, part) = (Field::of(&seen).unwrap(), Extent { lo: [20, 31, 4], hi: [70, 66, 9] });
        let whole = field.evened(&seen, [0; 3]).crop(&part);
        let alone = field.evened(&seen.crop(&part), part.lo);
        // The factors of a row are made by multiplying: 2e-7 is a bit or two of an f32.
        let pairs = whole.as_slice().iter().zip(alone.as_slice());
        assert!(pairs.clone().count() == 50 * 35 * 5 && pairs.into_iter().all(|(w, a)| (w / a - 1.0).abs() < 2e-7));
    }

    #[test]
    fn an_image_of_nothing_has_no_field_and_one_slice_has_one() {
        let grid = Geometry::upright([40, 40, 1], [1.0, 1.0, 3.0]);
        assert_eq!(Field::of(&Volume::from_fn(grid.clone(), |_| 0.0)), None);
        assert_eq!(Field::of(&Volume::from_fn(Geometry::upright([2, 2, 2], [1.0; 3]), |_| 5.0)), None);
        let ramp = Volume::from_fn(grid, |[x, _, _]| 100.0 * libm::expf(0.01 * x as f32));
        let even = Field::of(&ramp).unwrap().evened(&ramp, [0; 3]);
        assert!(even.as_slice().iter().all(|v| v.is_finite()));
    }
}
