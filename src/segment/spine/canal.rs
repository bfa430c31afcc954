//! The canal: a ring at which bright fluid or fat ends, on each slice; where the tumour hides the wall, what the nearest clean
//! slices above and below have there.

use super::course::Course;
use super::polar::{RAYS, STEP_MM, falls, unrolled};
use super::ring::{Ring, cheapest, ring};
use crate::ops::quantile::quantile;
use crate::volume::{Mask, Volume, traverse};
use ndarray::{Array2, ArrayView2, s};

/// No canal reaches farther from its middle, mm.
const LARGEST_MM: f64 = 17.0;
/// What a canal's radius is like before anything is known, mean and SD, mm (6 to 12: method.md 6.3).
const USUAL_MM: [f64; 2] = [8.5, 3.5];
/// How far a clean slice's radius strays from that of its neighbours, SD, mm.
const BETWEEN_CLEAN_MM: f64 = 1.2;
/// How far one beside tumour strays from what is interpolated, SD, mm.
const BESIDE_TUMOUR_MM: f64 = 0.7;
/// The edge is taken over this much on either side, so far off it, mm: pixels are 0.5 to 0.9 mm.
const EDGE_MM: [f64; 2] = [0.25, 0.75];
/// Bone, ligament and air are all dark: below this share of the brightest.
const DARK: f64 = 0.1;
/// What a full edge is worth against one SD of stray.
const EDGE_WORTH: f64 = 3.0;
/// A disc's edge behind a blur is steepest a little inside it: by `spread^2 / 2 radius`, 0.05 mm, and by what pixels lose. On
/// phantoms rings came out 0.15 mm too tight.
const OUTWARD_MM: f64 = 0.1;
/// Neighbours on either side from which a slice takes its prior.
const NEIGHBOURS: usize = 3;
/// Rounds of finding rings and moving their middles.
const ROUNDS: usize = 3;

/// The ring of the canal on each plane; `None` where the course does not pass.
pub fn rings(image: &Volume<f32>, tumour: &Mask, course: &Course) -> Vec<Option<Ring>> {
    let planes = image.geometry().dims[2];
    let mut middles: Vec<Option<[f64; 2]>> = (0..planes).map(|z| course.at(z)).collect();
    let mut found = traverse::each(planes, |z| Some(Slice::of(image, tumour, z, middles[z]?).found(&|_| USUAL_MM)));
    for _ in 1..ROUNDS {
        middles = recentred(&found, [image.geometry().spacing[0], image.geometry().spacing[1]]);
        let slices: Vec<Option<Slice>> = traverse::each(planes, |z| Some(Slice::of(image, tumour, z, middles[z]?)));
        let clean = |z: usize| slices[z].as_ref().is_some_and(|s| !s.hidden.iter().any(|h| *h));
        let clean: Vec<bool> = (0..planes).map(clean).collect();
        found = traverse::each(planes, |z| {
            let priors = prior(&found, &clean, z);
            Some(slices[z].as_ref()?.found(&|ray| priors.as_ref().map_or(USUAL_MM, |p| p[ray])))
        });
    }
    found
}

/// The middles of rings, each the mean of its own and its neighbours'.
fn recentred(rings: &[Option<Ring>], pixel_mm: [f64; 2]) -> Vec<Option<[f64; 2]>> {
    let middles: Vec<Option<[f64; 2]>> = rings.iter().map(|r| r.as_ref().map(|r| r.middle_px(pixel_mm))).collect();
    let smooth = |z: usize| {
        middles[z]?;
        let near = &middles[z.saturating_sub(1)..(z + 2).min(middles.len())];
        let known: Vec<[f64; 2]> = near.iter().flatten().copied().collect();
        Some([0, 1].map(|a| known.iter().map(|m| m[a]).sum::<f64>() / known.len() as f64))
    };
    (0..middles.len()).map(smooth).collect()
}

/// What the radius on each ray should be, mean and SD: of a clean slice the median of its clean neighbours, of one beside
/// tumour linear between the nearest clean slices below and above; `None` where no slice is clean.
fn prior(rings: &[Option<Ring>], clean: &[bool], z: usize) -> Option<[[f64; 2]; RAYS]> {
    let radius = |z: usize, ray: usize| rings[z].as_ref().map(|r| r.radius_mm[ray]);
    if clean[z] {
        let near: Vec<usize> =
            (z.saturating_sub(NEIGHBOURS)..(z + NEIGHBOURS + 1).min(clean.len())).filter(|&k| clean[k]).collect();
        return Some(std::array::from_fn(|ray| {
            let mut all: Vec<f64> = near.iter().filter_map(|&k| radius(k, ray)).collect();
            [quantile(&mut all, 0.5).unwrap_or(USUAL_MM[0]), BETWEEN_CLEAN_MM]
        }));
    }
    let below = (0..z).rev().find(|&k| clean[k]);
    let above = (z + 1..clean.len()).find(|&k| clean[k]);
    let (a, b) = (below.or(above)?, above.or(below)?);
    let t = if a == b { 0.0 } else { (z - a) as f64 / (b - a) as f64 };
    Some(std::array::from_fn(|ray| {
        let [low, high] = [a, b].map(|k| radius(k, ray).unwrap_or(USUAL_MM[0]));
        [low + t * (high - low), BESIDE_TUMOUR_MM]
    }))
}

/// A slice seen from the canal's middle.
struct Slice {
    centre: [f64; 2],
    /// The edge at each sample: 1 from the brightest to the darkest.
    edge: Array2<f64>,
    /// On which rays tumour hides the wall.
    hidden: Vec<bool>,
}

impl Slice {
    fn of(image: &Volume<f32>, tumour: &Mask, z: usize, centre: [f64; 2]) -> Self {
        let [sx, sy, _] = image.geometry().spacing;
        let count = (LARGEST_MM / STEP_MM) as usize;
        let seen = unrolled(image.plane(z), centre, [sx, sy], count);
        let mut inner: Vec<f64> = seen.columns().into_iter().take(count / 2).flatten().copied().collect();
        let bright = quantile(&mut inner, 0.9).unwrap_or(1.0).max(f64::MIN_POSITIVE);
        // Of logarithms: fat that is half as bright as fluid ends at bone as sharply as fluid does, and outside it.
        let logs = seen.mapv(|v| libm::log((v / bright).max(DARK)));
        let mut edge = falls(&logs, EDGE_MM[0], EDGE_MM[1]) / -libm::log(DARK);
        let hides = tumour_at(tumour.plane(z), centre, [sx, sy], count);
        let reach = ((EDGE_MM[0] + EDGE_MM[1]) / STEP_MM) as usize;
        for (mut edges, hides) in edge.rows_mut().into_iter().zip(hides.rows()) {
            for (k, _) in hides.iter().enumerate().filter(|(_, hides)| **hides) {
                edges.slice_mut(s![k.saturating_sub(reach)..(k + reach + 1).min(count)]).fill(0.0);
            }
        }
        let hidden = (0..RAYS).map(|ray| hides.row(ray).iter().any(|h| *h)).collect();
        Self { centre, edge, hidden }
    }

    /// The ring that follows edges, held to a mean and an SD on each ray.
    fn found(&self, prior: &dyn Fn(usize) -> [f64; 2]) -> Ring {
        let cost = Array2::from_shape_fn(self.edge.raw_dim(), |(ray, k)| {
            let [mean, sd] = prior(ray);
            let off = (k as f64 * STEP_MM - mean) / sd;
            0.5 * off * off - EDGE_WORTH * self.edge[(ray, k)].clamp(-0.2, 1.0)
        });
        ring(self.centre, &cheapest(&cost), OUTWARD_MM)
    }
}

/// Where along the rays there is tumour.
fn tumour_at(plane: ArrayView2<'_, bool>, centre: [f64; 2], pixel_mm: [f64; 2], count: usize) -> Array2<bool> {
    let (ny, nx) = plane.dim();
    Array2::from_shape_fn((RAYS, count), |(ray, k)| {
        let [dx, dy] = super::polar::direction(ray);
        let r_mm = k as f64 * STEP_MM;
        let at = |c: f64, d: f64, mm: f64, n: usize| {
            let i = (c + d * r_mm / mm).round();
            (i >= 0.0 && i < n as f64).then_some(i as usize)
        };
        let pixel = at(centre[1], dy, pixel_mm[1], ny).zip(at(centre[0], dx, pixel_mm[0], nx));
        pixel.is_some_and(|i| plane[i])
    })
}
