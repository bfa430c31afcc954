//! A fluid level in a cyst: blood that has settled behind brighter fluid (method.md 1.6, 4).
//!
//! The patient lies on the back, so the border between the two is a plane across the front-to-back axis: straight and level on
//! every slice, as no wall of a cyst is. What lies behind it is inside the tumour, darker, and of one brightness.

use super::components::pieces_over;
use super::quantile::{quantile, robust_sd};
use super::runs::Neighbours;
use crate::volume::{Mask, Volume};
use std::collections::BTreeMap;

/// The middle share of a bright piece's columns that is looked at: its corners are round.
const MIDDLE: f64 = 0.7;
/// So many columns, and so wide, at least.
const COLUMNS: usize = 8;
const WIDTH_MM: f64 = 5.0;
/// A level may be off the horizontal by so much, degrees.
const LEVEL_DEG: f64 = 10.0;
/// It bends by no more than this share of its width: the middle of a circle by 0.20 of it, of an ellipse half as deep by 0.10.
/// Walls of phantom cysts bend by 0.10 to 0.21, levels by up to 0.05.
const BEND: f64 = 0.06;
/// Columns stray from it by no more than so many pixels (SD): noise.
const STRAY_PIXELS: f64 = 0.5;
/// Within so many pixels on either side of it lies this share of the step.
const SHARP_PIXELS: f64 = 1.5;
const SHARP: f64 = 0.7;
/// What has settled is so deep, mm, and nearly all of that lies in the tumour ...
const DEEP_MM: f64 = 3.0;
const WITHIN: f64 = 0.9;
/// ... and is even: its spread is less than this share of the step.
const EVEN: f64 = 0.25;
/// From one slice to the next it lies where it was, mm, but for the tilt.
const SAME_MM: f64 = 0.7;

/// Whether a bright piece of fluid ends in a level, on two neighbouring slices at one height.
pub fn has_level(image: &Volume<f32>, tumour: &Mask, bright: &Mask) -> bool {
    let Some(part) = bright.extent() else { return false };
    let (found, lo) = (pieces_over(bright.crop(&part).voxels(), Neighbours::Faces), part.lo);
    let mut bottoms: BTreeMap<(u32, usize), BTreeMap<usize, usize>> = BTreeMap::new();
    for ((z, y, x), &label) in found.labels.indexed_iter().filter(|(_, label)| **label > 0) {
        // Rows come from front to back: the last one stays.
        bottoms.entry((label, lo[2] + z)).or_default().insert(lo[0] + x, lo[1] + y);
    }
    let scan = Scan { image, tumour };
    let heights: BTreeMap<(u32, usize), f64> =
        bottoms.iter().filter_map(|(&piece, columns)| Some((piece, scan.level_mm(piece.1, columns)?))).collect();
    let step_mm = image.geometry().spacing[2];
    let may_differ = SAME_MM + step_mm * libm::tan(LEVEL_DEG.to_radians());
    let is_next = |(&(label, z), mm): (&(u32, usize), &f64)| {
        heights.get(&(label, z + 1)).is_some_and(|next| (next - mm).abs() <= may_differ)
    };
    heights.iter().any(is_next)
}

struct Scan<'a> {
    image: &'a Volume<f32>,
    tumour: &'a Mask,
}

impl Scan<'_> {
    /// The height of the level below a bright piece whose last row in each column is given, LPS y, mm; `None` where its
    /// border is no level.
    fn level_mm(&self, z: usize, columns: &BTreeMap<usize, usize>) -> Option<f64> {
        let trim = (0.5 * (1.0 - MIDDLE) * columns.len() as f64) as usize;
        let middle: Vec<[usize; 2]> =
            columns.iter().map(|(&x, &y)| [x, y]).skip(trim).take(columns.len() - 2 * trim).collect();
        let grid = self.image.geometry();
        let ([sx, sy, _], [first, last]) = (grid.spacing, [middle.first()?[0], middle.last()?[0]]);
        let width_mm = (last - first) as f64 * sx;
        if middle.len() < COLUMNS || width_mm < WIDTH_MM {
            return None;
        }
        let [fluid, dark] = self.sides(z, &middle)?;
        let half = 0.5 * (fluid + dark);
        let border: Vec<[f64; 2]> =
            middle.iter().map(|&[x, y]| Some([x as f64, self.crossing(z, [x, y], half)?])).collect::<Option<_>>()?;
        let centre = 0.5 * (first + last) as f64;
        let in_mm: Vec<[f64; 2]> = border.iter().map(|[x, y]| [(x - centre) * sx, y * sy]).collect();
        let [at, slope, bend] = parabola(&in_mm)?;
        let stray = in_mm.iter().map(|[u, v]| v - (at + slope * u + bend * u * u));
        let stray_mm = libm::sqrt(stray.map(|d| d * d).sum::<f64>() / in_mm.len() as f64);
        let along: [f64; 3] = std::array::from_fn(|a| grid.axes[0][a] + slope * grid.axes[1][a]);
        let off_deg = libm::atan2(along[1].abs(), libm::hypot(along[0], along[2])).to_degrees();
        let straight = (bend * 0.25 * width_mm * width_mm).abs() <= BEND * width_mm && stray_mm <= STRAY_PIXELS * sy;
        let is_level = straight && off_deg <= LEVEL_DEG && self.is_sharp(z, &border, fluid - dark);
        is_level.then(|| grid.to_patient([centre, at / sy, z as f64])[1])
    }

    /// Brightness before the border and of what lies behind it; `None` where that is no even dark content of the tumour.
    fn sides(&self, z: usize, middle: &[[usize; 2]]) -> Option<[f64; 2]> {
        let (inside, [_, sy, _]) = (self.tumour.plane(z), self.image.geometry().spacing);
        let plane = self.image.plane(z);
        let deep = libm::ceil(DEEP_MM / sy) as usize;
        let at = |x: usize, y: usize| plane.get((y, x)).map(|v| f64::from(*v));
        let behind = |[x, y]: [usize; 2]| (y + 2..y + 2 + deep).map(move |y| (x, y));
        let all: Vec<(usize, usize)> = middle.iter().copied().flat_map(behind).collect();
        let within = all.iter().filter(|(x, y)| inside.get((*y, *x)).is_some_and(|m| *m));
        let mut dark: Vec<f64> = within.filter_map(|&(x, y)| at(x, y)).collect();
        let mut fluid: Vec<f64> = middle.iter().filter_map(|&[x, y]| at(x, y.checked_sub(2)?)).collect();
        let sides = [quantile(&mut fluid, 0.5)?, quantile(&mut dark, 0.5)?];
        let is_inside = dark.len() as f64 >= WITHIN * all.len() as f64;
        let is_even = robust_sd(&mut dark)? <= EVEN * (sides[0] - sides[1]);
        (is_inside && is_even).then_some(sides)
    }

    /// Where a column falls to half of the step, rows; `None` where it does not within two pixels of the border.
    fn crossing(&self, z: usize, [x, y]: [usize; 2], half: f64) -> Option<f64> {
        let plane = self.image.plane(z);
        let at = |y: usize| plane.get((y, x)).map(|v| f64::from(*v));
        let falls = |&y: &usize| at(y).zip(at(y + 1)).is_some_and(|(a, b)| a >= half && b < half);
        let y = (y.saturating_sub(1)..y + 3).find(falls)?;
        let (a, b) = (at(y)?, at(y + 1)?);
        Some(y as f64 + (a - half) / (a - b))
    }

    /// Whether most of the step lies within a few pixels.
    fn is_sharp(&self, z: usize, border: &[[f64; 2]], step: f64) -> bool {
        let plane = self.image.plane(z);
        let at = |x: f64, y: f64| {
            let (below, share) = (libm::floor(y) as usize, y - libm::floor(y));
            let value = |y: usize| plane.get((y, x as usize)).map(|v| f64::from(*v));
            Some((1.0 - share) * value(below)? + share * value(below + 1)?)
        };
        let mut falls: Vec<f64> =
            border.iter().filter_map(|&[x, y]| Some(at(x, y - SHARP_PIXELS)? - at(x, y + SHARP_PIXELS)?)).collect();
        quantile(&mut falls, 0.5).is_some_and(|fall| fall >= SHARP * step)
    }
}

/// `v = a + b u + c u^2` by least squares; `None` where the points do not tell it.
fn parabola(points: &[[f64; 2]]) -> Option<[f64; 3]> {
    let n = points.len() as f64;
    let mean = |of: fn(f64, f64) -> f64| points.iter().map(|[u, v]| of(*u, *v)).sum::<f64>() / n;
    let (m1, m2) = (mean(|u, _| u), mean(|u, _| u * u));
    let (m3, m4) = (mean(|u, _| u * u * u), mean(|u, _| u * u * u * u));
    let (v0, v1, v2) = (mean(|_, v| v), mean(|u, v| u * v), mean(|u, v| u * u * v));
    // Centred on the mean of u and of u^2.
    let (s11, s12, s22) = (m2 - m1 * m1, m3 - m1 * m2, m4 - m2 * m2);
    let (t1, t2) = (v1 - m1 * v0, v2 - m2 * v0);
    let determinant = s11 * s22 - s12 * s12;
    let [b, c] = [(t1 * s22 - t2 * s12) / determinant, (t2 * s11 - t1 * s12) / determinant];
    (determinant > 0.0).then_some([v0 - b * m1 - c * m2, b, c])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use crate::ops::cyst::find;

    const SOLID: f64 = 250.0;
    const FLUID: f64 = 650.0;
    /// Middle of tumour and cyst, mm.
    const MIDDLE: f64 = 35.0;

    fn grid() -> Geometry {
        Geometry::upright([100, 100, 10], [0.7, 0.7, 3.8])
    }

    fn tumour() -> Mask {
        let from = |i: usize| i as f64 * 0.7 - MIDDLE;
        Mask::from_fn(grid(), |v| libm::hypot(from(v[0]), from(v[1])) < 25.0 && (1..9).contains(&v[2]))
    }

    /// A cyst of these half axes on slices 3 to 6; what lies `below_mm` its middle and more is as bright as `dark`, the level
    /// being tilted.
    #[derive(Clone, Copy)]
    struct Drawn {
        half_mm: [f64; 2],
        below_mm: f64,
        tilt_deg: f64,
        dark: f64,
        noise: f64,
    }

    const LEVEL: Drawn = Drawn { half_mm: [8.0, 7.0], below_mm: 0.0, tilt_deg: 0.0, dark: 200.0, noise: 25.0 };

    impl Drawn {
        /// The mean over 5 x 5 points of each pixel, as a magnet would see it, with noise.
        fn image(self) -> Volume<f32> {
            let at = |x: f64, y: f64| {
                let is_cyst = libm::hypot((x - MIDDLE) / self.half_mm[0], (y - MIDDLE) / self.half_mm[1]) < 1.0;
                let level = MIDDLE + self.below_mm + (x - MIDDLE) * libm::tan(self.tilt_deg.to_radians());
                [SOLID, if y > level { self.dark } else { FLUID }][usize::from(is_cyst)]
            };
            Volume::from_fn(grid(), |v| {
                let off = |i: usize, k: usize| 0.7 * i as f64 + 0.14 * (k as f64 - 2.0);
                let seen = (0..25).map(|k| at(off(v[0], k % 5), off(v[1], k / 5))).sum::<f64>() / 25.0;
                let mixed = ((v[0] + 100 * (v[1] + 100 * v[2])) as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                let noise = 3.0_f64.sqrt() * (2.0 * ((mixed >> 33) % 1000) as f64 / 999.0 - 1.0);
                let inside = (3..7).contains(&v[2]);
                (if inside { seen } else { SOLID } + self.noise * noise) as f32
            })
        }

        fn has_level(self) -> bool {
            let (image, tumour) = (self.image(), tumour());
            has_level(&image, &tumour, &find(&image, &tumour, 500.0).mask)
        }
    }

    #[test]
    fn a_level_is_found_wherever_it_lies_and_a_little_askew() {
        for below_mm in [-3.0, 0.0, 3.0] {
            for tilt_deg in [-6.0, 0.0, 4.0] {
                for dark in [80.0, 200.0, 300.0] {
                    assert!(Drawn { below_mm, tilt_deg, dark, ..LEVEL }.has_level(), "{below_mm} {tilt_deg} {dark}");
                }
            }
        }
    }

    #[test]
    fn walls_are_no_levels() {
        let full = Drawn { below_mm: 100.0, ..LEVEL };
        for half_mm in [[8.0, 8.0], [8.0, 5.0], [10.0, 4.0], [4.0, 8.0], [5.0, 5.0], [14.0, 14.0]] {
            for noise in [0.0, 25.0, 50.0] {
                assert!(!Drawn { half_mm, noise, ..full }.has_level(), "{half_mm:?} {noise}");
            }
        }
    }

    #[test]
    fn a_steep_border_or_dark_content_that_is_uneven_is_none() {
        assert!(!Drawn { tilt_deg: 25.0, ..LEVEL }.has_level(), "a septum");
        let image = LEVEL.image();
        let bright = find(&image, &tumour(), 500.0).mask;
        let (whole, is_in) = (tumour(), |mask: &Mask, v: [usize; 3]| mask.plane(v[2])[(v[1], v[0])]);
        let cut = Mask::from_fn(grid(), |v| is_in(&whole, v) && v[1] as f64 * 0.7 < MIDDLE + 1.0);
        assert!(!has_level(&image, &cut, &bright), "what lies behind is no tumour");
        let lone = Mask::from_fn(grid(), |v| is_in(&bright, v) && v[2] == 4);
        assert!(!has_level(&image, &whole, &lone), "on one slice only");
        let spotted = Volume::from_fn(grid(), |v| {
            let own = image.plane(v[2])[(v[1], v[0])];
            if own < 400.0 && (v[0] / 3 + v[1] / 3) % 2 == 0 { own + 200.0 } else { own }
        });
        assert!(!has_level(&spotted, &whole, &bright), "mixed tissue");
    }
}
