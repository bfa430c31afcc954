//! Signal on T2-weighted slices: the cord beyond the tumour, the fluid around it, the solid tumour (method.md 1.7).

use super::dilation::within;
use super::quantile::{quantile, robust_sd};
use crate::geometry::{Geometry, Vec3};
use crate::volume::{Mask, Volume, traverse};

/// The cord at rest begins so far from the tumour ...
pub const REST_FROM_MM: f64 = 10.0;
/// ... and ends so far: as the references of its diameter (method.md 1.5), and the coil is much the same. Where the tumour lies
/// below the end of the cord, the nearest stretch of this length ...
const REST_TO_MM: f64 = 30.0;
/// ... counted from where there is cord, mm.
const REST_LENGTH_MM: f64 = REST_TO_MM - REST_FROM_MM;
/// A slice counts from this much cord within its outermost pixels, mm2.
const CORD_MM2: f64 = 15.0;
/// So many slices make a reference.
const CORD_SLICES: usize = 3;
/// A point marks its slice and so many on either side: three together (method.md 1.7) ...
const MARKED_SLICES: f64 = 1.0;
/// ... and where no cord is drawn this far around it, mm: 20 mm2, within any cord that is 6 mm from front to back.
const MARKED_MM: f64 = 2.5;
/// Fluid is the bright part of what surrounds the cord: fat and vessels are darker.
const FLUID_QUANTILE: f64 = 0.75;
/// So many pixels make a fluid ...
const FLUID_PIXELS: usize = 20;
/// ... so much brighter than the cord; else it is none that can be used.
const FLUID_OVER_CORD: f64 = 1.3;

/// The cord where it is at rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CordSignal {
    /// Median of its pixels.
    pub median: f64,
    /// Largest over smallest median of its slices.
    pub spread: f64,
}

/// Pixels whose four neighbours in the plane are in the mask.
pub fn inner(mask: &Mask) -> Mask {
    let [nx, ny, _] = mask.geometry().dims;
    let mut inner = mask.clone();
    let whole = mask.as_slice();
    traverse::fill_runs(inner.as_mut_slice(), nx, |row, pixels| {
        let y = row % ny;
        for (x, pixel) in pixels.iter_mut().enumerate().filter(|(_, p)| **p) {
            let at = row * nx + x;
            let edge = x == 0 || x + 1 == nx || y == 0 || y + 1 == ny;
            *pixel = !edge && whole[at - 1] && whole[at + 1] && whole[at - nx] && whole[at + nx];
        }
    });
    inner
}

/// The mask and all within a pixel of it in the plane.
pub fn outer(mask: &Mask) -> Mask {
    let planes = traverse::each(mask.geometry().dims[2], |z| within(mask.plane(z), [1.0; 2], 1.0));
    Mask::from_planes(mask.geometry().clone(), &planes)
}

/// Voxels that are looked at together.
const RUN: usize = 256;

/// The values of an image within a mask.
pub fn values(image: &Volume<f32>, mask: &Mask) -> Vec<f64> {
    // Most runs have none: that is known faster than voxel by voxel.
    let runs = image.as_slice().chunks(RUN).zip(mask.as_slice().chunks(RUN)).filter(|(_, mask)| mask.contains(&true));
    let inside = runs.flat_map(|(image, mask)| image.iter().zip(mask).filter(|(_, m)| **m));
    inside.map(|(v, _)| f64::from(*v)).collect()
}

/// The median of an image within a mask; `None` of nothing.
pub fn median(image: &Volume<f32>, mask: &Mask) -> Option<f64> {
    quantile(&mut values(image, mask), 0.5)
}

/// The cord at rest without its outermost pixels, and how far from the tumour it begins, mm: 10 to 30 mm beyond the tumour at
/// either side, farther where there is none so near; on slices with enough of it. `at_tumour` says for each plane whether it
/// has tumour.
pub fn resting(cord: &Mask, at_tumour: &[bool]) -> (Mask, f64) {
    let grid = cord.geometry();
    let mut rest = inner(cord);
    let size = grid.dims[0] * grid.dims[1];
    let enough: Vec<bool> = rest.as_slice().chunks_exact(size).map(|pixels| is_enough(pixels, grid)).collect();
    let away_mm: Vec<f64> = distances_mm(at_tumour, grid.spacing[2]);
    let far = (0..enough.len()).filter(|&z| enough[z] && away_mm[z] >= REST_FROM_MM).map(|z| away_mm[z]);
    let from_mm = far.fold(f64::INFINITY, f64::min);
    let reach_mm = REST_FROM_MM..=REST_TO_MM.max(from_mm + REST_LENGTH_MM);
    for (z, pixels) in rest.as_mut_slice().chunks_exact_mut(size).enumerate() {
        if !enough[z] || !reach_mm.contains(&away_mm[z]) {
            pixels.fill(false);
        }
    }
    (rest, from_mm)
}

/// The cord at places that a person has marked as normal, and how far from the tumour it begins, mm: on the slices of the
/// points and those right below and above, as far as they have enough of it. On slices without cord it is taken within 2.5 mm
/// of the point, off the tumour.
pub fn marked(points: &[Vec3], cord: Option<&Mask>, tumour: &Mask) -> (Mask, f64) {
    let grid = tumour.geometry();
    let highest = grid.dims[2].saturating_sub(2).max(1) as f64;
    let places: Vec<Vec3> = points.iter().map(|&p| grid.to_index(p)).collect();
    let is_near =
        |z: usize, place: &Vec3| (z as f64 - libm::round(place[2]).clamp(1.0, highest)).abs() <= MARKED_SLICES;
    let cord = cord.map(inner);
    let mut rest = Mask::from_fn(grid.clone(), |[x, y, z]| {
        let within = |place: &Vec3| {
            let off = [(x as f64 - place[0]) * grid.spacing[0], (y as f64 - place[1]) * grid.spacing[1]];
            is_near(z, place) && libm::hypot(off[0], off[1]) <= MARKED_MM
        };
        match cord.as_ref().filter(|cord| cord.plane(z).iter().any(|&m| m)) {
            Some(cord) => cord.voxels()[[z, y, x]] && places.iter().any(|p| is_near(z, p)),
            None => places.iter().any(within) && !tumour.voxels()[[z, y, x]],
        }
    });
    let size = grid.dims[0] * grid.dims[1];
    for pixels in rest.as_mut_slice().chunks_exact_mut(size) {
        if !is_enough(pixels, grid) {
            pixels.fill(false);
        }
    }
    let away_mm = distances_mm(&at_planes(tumour), grid.spacing[2]);
    let with_cord = at_planes(&rest);
    let from_mm = (0..away_mm.len()).filter(|&z| with_cord[z]).map(|z| away_mm[z]).fold(f64::INFINITY, f64::min);
    (rest, from_mm)
}

/// Whether the pixels of a plane are enough cord to count.
fn is_enough(pixels: &[bool], grid: &Geometry) -> bool {
    pixels.iter().filter(|&&m| m).count() as f64 * grid.pixel_area_mm2() >= CORD_MM2
}

/// Whether each plane of a mask has a voxel.
pub fn at_planes(mask: &Mask) -> Vec<bool> {
    (0..mask.geometry().dims[2]).map(|z| mask.plane(z).iter().any(|&m| m)).collect()
}

/// How far each plane lies from the nearest one with tumour, mm.
fn distances_mm(at_tumour: &[bool], slice_mm: f64) -> Vec<f64> {
    let tumour: Vec<usize> = (0..at_tumour.len()).filter(|&z| at_tumour[z]).collect();
    let steps = |z: usize| tumour.iter().map(|t| z.abs_diff(*t)).min().unwrap_or(0);
    (0..at_tumour.len()).map(|z| steps(z) as f64 * slice_mm).collect()
}

/// The median of an image within a mask on each plane; `None` where there is nothing of it.
pub fn medians(image: &Volume<f32>, mask: &Mask) -> Vec<Option<f64>> {
    traverse::each(mask.geometry().dims[2], |z| {
        let inside = image.plane(z).into_iter().zip(mask.plane(z)).filter(|(_, m)| **m).map(|(v, _)| f64::from(*v));
        quantile(&mut inside.collect::<Vec<f64>>(), 0.5)
    })
}

/// The signal of the resting cord; `None` on fewer than three slices.
pub fn cord(image: &Volume<f32>, rest: &Mask) -> Option<CordSignal> {
    let medians: Vec<f64> = medians(image, rest).into_iter().flatten().collect();
    if medians.len() < CORD_SLICES {
        return None;
    }
    let ends = medians.iter().fold([f64::INFINITY, 0.0], |[lo, hi]: [f64; 2], &m| [lo.min(m), hi.max(m)]);
    Some(CordSignal { median: median(image, rest)?, spread: ends[1] / ends[0] })
}

/// The SD of noise within a mask of an acquired image: that of the difference of pixels beside each other, over the root of 2.
/// Interpolated pixels would show less. Of a sagittal stack, whose slices lie apart along x, the pixels lie beside each other
/// along y.
pub fn noise(image: &Volume<f32>, mask: &Mask) -> f64 {
    let (values, inside) = (image.as_slice(), mask.as_slice());
    let ([nx, ..], [sx, sy, _]) = (image.geometry().dims, image.geometry().spacing);
    let step = if sx > sy * (1.0 + 1e-6) { nx } else { 1 };
    let pairs = (step..values.len()).filter(|&i| inside[i] && inside[i - step]);
    let mut steps: Vec<f64> = pairs.map(|i| f64::from(values[i] - values[i - step])).collect();
    robust_sd(&mut steps).unwrap_or_default() * std::f64::consts::FRAC_1_SQRT_2
}

/// The signal of the fluid in the canal, off tumour and cord; `None` where there is too little, or where it is no brighter
/// than the cord.
pub fn fluid(image: &Volume<f32>, canal: &Mask, others: [&Mask; 2], cord: f64) -> Option<f64> {
    let [cord_mask, tumour] = others;
    let room = inner(canal).without(&outer(cord_mask)).without(&outer(tumour));
    let mut values = values(image, &room);
    let bright = quantile(&mut values, FLUID_QUANTILE).filter(|_| values.len() >= FLUID_PIXELS)?;
    (bright > FLUID_OVER_CORD * cord).then_some(bright)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Geometry {
        Geometry::upright([40, 40, 24], [0.8, 0.8, 4.0])
    }

    fn disc(radius: f64, planes: std::ops::Range<usize>) -> Mask {
        Mask::from_fn(grid(), |[x, y, z]| {
            planes.contains(&z) && libm::hypot(x as f64 - 19.5, y as f64 - 19.5) * 0.8 < radius
        })
    }

    #[test]
    fn the_cord_rests_ten_to_thirty_millimetres_beyond_the_tumour() {
        let at_tumour: Vec<bool> = (0..24).map(|z| (10..13).contains(&z)).collect();
        let planes = |rest: &Mask| (0..24).filter(|&z| rest.plane(z).iter().any(|&m| m)).collect::<Vec<usize>>();
        let (rest, from_mm) = resting(&disc(4.0, 0..24), &at_tumour);
        // 12 to 32 mm: 20 from where it begins.
        assert_eq!((planes(&rest), from_mm), (vec![2, 3, 4, 5, 6, 7, 15, 16, 17, 18, 19, 20], 12.0));
        assert_eq!(resting(&disc(2.0, 0..24), &at_tumour).0.count(), 0, "too little of it");
        // The cord ends 40 mm above a tumour at the lowest slices: its lowest 20 mm.
        let low: Vec<bool> = (0..24).map(|z| z < 3).collect();
        let (rest, from_mm) = resting(&disc(4.0, 12..24), &low);
        assert_eq!((planes(&rest), from_mm), ((12..18).collect(), 40.0));
    }

    #[test]
    fn cord_is_normal_where_a_person_says_so() {
        let tumour = disc(12.0, 10..13);
        let planes = |rest: &Mask| (0..24).filter(|&z| rest.plane(z).iter().any(|&m| m)).collect::<Vec<usize>>();
        let found = |z: f64, cord: Option<&Mask>| marked(&[grid().to_patient([19.5, 19.5, z])], cord, &tumour);
        let (rest, from_mm) = found(3.3, Some(&disc(4.0, 0..24)));
        assert_eq!((planes(&rest), from_mm, rest.count()), (vec![2, 3, 4], 24.0, inner(&disc(4.0, 2..5)).count()));
        let (rest, from_mm) = found(3.3, None);
        assert_eq!((planes(&rest), from_mm, rest.count()), (vec![2, 3, 4], 24.0, disc(2.5, 2..5).count()));
        let (rest, from_mm) = found(3.3, Some(&disc(4.0, 4..24)));
        assert_eq!((planes(&rest), from_mm), (vec![2, 3, 4], 24.0), "drawn from the highest of the three on");
        assert_eq!(planes(&found(0.0, None).0), [0, 1, 2], "three at the end too");
        assert_eq!(planes(&found(11.0, None).0), [0; 0], "nothing but tumour");
        assert_eq!(planes(&found(3.3, Some(&disc(2.0, 0..24))).0), [0; 0], "too little of it");
    }

    #[test]
    fn medians_noise_and_fluid_are_those_of_the_tissues() {
        let (canal, cord_mask, tumour) = (disc(10.0, 0..24), disc(4.0, 0..24), disc(0.0, 0..0));
        // Even over +- 10 root 3 has the SD 10.
        let noise = |i: usize| {
            let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            17.32 * (2.0 * ((mixed >> 33) % 1000) as f32 / 999.0 - 1.0)
        };
        let image = Volume::from_fn(grid(), |[x, y, z]| {
            let r = libm::hypot(x as f64 - 19.5, y as f64 - 19.5) * 0.8;
            let tissue = if r < 4.0 {
                300.0
            } else if r < 9.0 {
                720.0
            } else {
                400.0
            };
            tissue + noise(x + 40 * (y + 40 * z))
        });
        let found = cord(&image, &inner(&cord_mask)).unwrap();
        assert!((found.median - 300.0).abs() < 3.0 && (found.spread - 1.0).abs() < 0.05, "{found:?}");
        let sd = super::noise(&image, &inner(&cord_mask));
        assert!((sd - 10.0).abs() < 1.5, "{sd}");
        let bright = fluid(&image, &canal, [&cord_mask, &tumour], 300.0).unwrap();
        assert!((bright - 727.0).abs() < 10.0, "{bright}");
        assert_eq!(fluid(&image, &canal, [&cord_mask, &tumour], 600.0), None, "no brighter than the cord");
        assert_eq!(fluid(&image, &canal, [&canal, &tumour], 300.0), None, "no room");
        assert_eq!(cord(&image, &disc(4.0, 0..2)), None);
    }

    #[test]
    fn inner_and_outer_lose_and_gain_one_pixel() {
        let block = |x: std::ops::Range<usize>| {
            Mask::from_fn(grid(), |[i, j, k]| x.contains(&i) && (10..20).contains(&j) && k == 3)
        };
        assert_eq!(inner(&block(10..20)).count(), 8 * 8);
        assert_eq!(outer(&block(10..20)).count(), 12 * 12 - 4, "corners lie farther");
        assert_eq!(inner(&block(0..5)).count(), 4 * 8 - 8, "the border of the image is no inside");
    }
}
