//! Fat and muscle around a lesion: whether what an image calls HU can be HU (method.md 2, "Calibration").
//!
//! Nobody outlines them, so they are looked for as the two largest narrow populations whose distance is about that of
//! muscle from fat. Means of small squares are counted, not pixels, so that noise does not blur one into the other.
//! Marrow and cortex vary too much from place to place to be narrow, and lung and air lie below what is counted.

use super::quantile::quantile;
use super::squares::means_outside;
use crate::geometry::Extent;
use crate::volume::traverse::each;
use crate::volume::{Mask, Volume};

/// Two populations of soft tissue, HU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftTissues {
    /// The lower, which should be fat.
    pub fat_hu: f64,
    /// The higher, which should be muscle.
    pub muscle_hu: f64,
    /// Whether there is anything else where fat belongs.
    pub fat_in_place: bool,
}

/// Side of the squares, mm: noise of 45 HU falls below 20, and bellies of muscle hold several across.
const SQUARE_MM: f64 = 3.0;
/// What is counted, HU: from fat in an image whose intercept of -1024 was applied twice up to muscle in one where it was
/// left out.
const COUNTED_HU: [f64; 2] = [-1300.0, 1300.0];
/// Width of a bin, HU.
const BIN_HU: f64 = 5.0;
/// Half width of a population, bins: 20 HU.
const HALF: usize = 4;
/// This far from its top a narrow population has fallen to half, bins: 30 HU.
const SHOULDER: usize = 6;
/// A population has this share of all squares: of 214 pairs found around lesions of the `hard` phantom (seeds 21 and
/// 31), the 209 that have it were fat and muscle, the five that had 0.05 to 0.08 discs, marrow and the like ...
const LEAST_SHARE: f64 = 0.1;
/// ... and this volume, mm3: a cube of 13 mm.
const LEAST_MM3: f64 = 2000.0;
/// Distance of muscle from fat, HU: 158 (method.md 2), less or more by a third.
const SPAN_HU: [f64; 2] = [118.0, 210.0];
/// Where fat belongs even in an image that is somewhat off, HU, and the share of squares below which none is there.
const FAT_HU: [f64; 2] = [-150.0, -50.0];
const NO_FAT_SHARE: f64 = 0.02;
/// What is nearer to the lower population than this may be its own scatter, HU.
const SCATTER_HU: f64 = 60.0;

/// Fat and muscle within `within_mm` of the outline's box, on its outside; `None` where they do not stand out.
pub fn soft_tissues(image: &Volume<f32>, tumour: &Mask, within_mm: f64) -> Option<SoftTissues> {
    let geometry = image.geometry();
    let margin = geometry.spacing.map(|s| (within_mm / s).ceil() as usize);
    let part = tumour.extent()?.grown(margin, geometry.dims);
    let side = [0, 1].map(|a| (SQUARE_MM / geometry.spacing[a]).round().max(1.0) as usize);
    let planes = part.hi[2] - part.lo[2];
    let squares = each(planes, |k| square_means(image, tumour, &part, part.lo[2] + k, side)).concat();
    let square_mm3 = geometry.voxel_volume_mm3() * (side[0] * side[1]) as f64;
    of_squares(&squares, square_mm3)
}

/// Means of the squares of one plane that hold nothing of the outline, as far as they are counted.
fn square_means(image: &Volume<f32>, tumour: &Mask, part: &Extent, z: usize, side: [usize; 2]) -> Vec<f64> {
    let window = ndarray::s![part.lo[1]..part.hi[1], part.lo[0]..part.hi[0]];
    let (hu, inside) = (image.plane(z), tumour.plane(z));
    let mut means = means_outside(hu.slice(window), inside.slice(window), side);
    means.retain(|mean| (COUNTED_HU[0]..COUNTED_HU[1]).contains(mean));
    means
}

fn of_squares(squares: &[f64], square_mm3: f64) -> Option<SoftTissues> {
    let least = (LEAST_SHARE * squares.len() as f64).max(LEAST_MM3 / square_mm3);
    let found = populations(squares, least);
    let pairs = found.iter().enumerate().flat_map(|(i, low)| found[i + 1..].iter().map(move |high| (low, high)));
    let apart = pairs.filter(|(low, high)| (SPAN_HU[0]..=SPAN_HU[1]).contains(&(high.0 - low.0)));
    let (low, high) = apart.max_by_key(|(low, high)| low.1.min(high.1))?;
    let apart = |hu: f64| (FAT_HU[0]..=FAT_HU[1]).contains(&hu) && (hu - low.0).abs() >= SCATTER_HU;
    let fat = squares.iter().filter(|&&hu| apart(hu)).count();
    let fat_in_place = fat as f64 >= NO_FAT_SHARE * squares.len() as f64;
    Some(SoftTissues { fat_hu: low.0, muscle_hu: high.0, fat_in_place })
}

/// Median and size of each narrow population, upwards.
fn populations(squares: &[f64], least: f64) -> Vec<(f64, usize)> {
    let bin = |hu: f64| ((hu - COUNTED_HU[0]) / BIN_HU) as usize;
    let mut counts = vec![0_usize; bin(COUNTED_HU[1])];
    squares.iter().for_each(|&hu| counts[bin(hu)] += 1);
    // Weights 1, 2, 3, 2, 1.
    let smooth: Vec<usize> = counts.windows(5).map(|w| w[0] + 2 * w[1] + 3 * w[2] + 2 * w[3] + w[4]).collect();
    let tops = (SHOULDER..smooth.len() - SHOULDER).filter(|&i| {
        let before = smooth[i - SHOULDER..i].iter().all(|&n| n < smooth[i]);
        let after = smooth[i..=i + SHOULDER].iter().all(|&n| n <= smooth[i]);
        before && after && 2 * smooth[i - SHOULDER].max(smooth[i + SHOULDER]) < smooth[i]
    });
    // A window of five bins begins two before its middle.
    let all = tops.filter_map(|i| population(squares, (i as f64 + 2.5) * BIN_HU + COUNTED_HU[0]));
    all.filter(|(_, size)| *size as f64 >= least).collect()
}

fn population(squares: &[f64], top_hu: f64) -> Option<(f64, usize)> {
    let near = |hu: &&f64| (**hu - top_hu).abs() < HALF as f64 * BIN_HU;
    let mut near: Vec<f64> = squares.iter().filter(near).copied().collect();
    Some((quantile(&mut near, 0.5)?, near.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use crate::volume::Volume;

    /// Layers along x, each so many pixels of a density that scatters evenly by 30 HU, around a small outline.
    fn found(layers: &[(usize, f64)], scale: impl Fn(f64) -> f64) -> Option<SoftTissues> {
        let grid = Geometry::upright([120, 60, 12], [1.0, 1.0, 3.0]);
        let hu = |[x, y, z]: [usize; 3]| {
            let ends = layers.iter().scan(0, |end, l| {
                *end += l.0;
                Some((*end, l.1))
            });
            let base = ends.into_iter().find(|l| x < l.0).map_or(-1000.0, |l| l.1);
            scale(base + ((x * 7 + y * 13 + z * 29) % 31) as f64 - 15.0) as f32
        };
        let tumour =
            Mask::from_fn(grid.clone(), |[x, y, z]| x.abs_diff(60) < 5 && y.abs_diff(30) < 5 && z.abs_diff(6) < 2);
        soft_tissues(&Volume::from_fn(grid, hu), &tumour, 60.0)
    }

    #[test]
    fn fat_and_muscle_are_found_under_any_scale() {
        let body = [(40, -100.0), (40, 58.0), (20, 700.0)];
        for (gain, offset) in [(1.0, 0.0), (1.0, 40.0), (1.15, 150.0), (1.0, -150.0), (1.0, 1024.0), (1.0, -1024.0)] {
            let scale = |hu: f64| gain * hu + offset;
            let got = found(&body, scale).unwrap();
            assert!((got.fat_hu - scale(-100.0)).abs() < 6.0 && (got.muscle_hu - scale(58.0)).abs() < 6.0, "{got:?}");
        }
        assert!(!found(&body, |hu| hu + 65.0).unwrap().fat_in_place);
        assert!(!found(&body, |hu| 1.15 * hu + 150.0).unwrap().fat_in_place);
        let little_fat = [(6, -100.0), (40, 58.0), (40, 200.0), (34, 700.0)];
        assert!(found(&little_fat, |hu| hu).unwrap().fat_in_place);
    }

    #[test]
    fn air_lung_bone_and_a_single_tissue_say_nothing() {
        assert_eq!(found(&[], |hu| hu), None);
        assert_eq!(found(&[(60, -850.0), (60, 700.0)], |hu| hu), None);
        assert_eq!(found(&[(120, 58.0)], |hu| hu), None);
        assert_eq!(found(&[(60, -100.0), (60, -10.0)], |hu| hu), None);
    }
}
