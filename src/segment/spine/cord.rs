//! The cord: a grey ring in the bright fluid of the canal, on each slice; where the tumour lies against it, up to the tumour.

use super::conus;
use super::grey::Grey;
use super::look::Look;
use super::middle::middles;
use super::polar::{RAYS, STEP_MM, falls, linear, unrolled};
use super::ring::{Ring, cheapest, ring};
use crate::ops::quantile::quantile;
use crate::volume::{Mask, Volume, traverse};
use ndarray::Array2;

/// No cord reaches farther from its middle, mm (radius 3 to 7: method.md 6.3).
const LARGEST_MM: f64 = 9.0;
/// What a cord's radius is like before anything is known, mean and SD, mm.
const USUAL_MM: [f64; 2] = [4.5, 2.5];
/// How far a radius strays from that of the slices around, SD, mm.
const BETWEEN_MM: f64 = 0.9;
/// The edge is taken over this much on either side, so far off it, mm.
const EDGE_MM: [f64; 2] = [0.25, 0.75];
/// What a full edge is worth against one SD of stray.
const EDGE_WORTH: f64 = 4.0;
/// Neighbours on either side from which a slice takes its prior.
const NEIGHBOURS: usize = 3;
/// What a square millimetre of cord within the ring is worth against one SD of stray: with 2 the cord of 10 hard exams of the
/// phantom `yuan24`, seed 7, had a Dice of 0.915, with 3 of 0.907 (discs of 2.5 mm), with 6 less.
const LIKE_WORTH: f64 = 2.0;
/// What lies within is weighed up to half way to the fluid: the ring is where the cord ends.
const OUTWARD_MM: f64 = 0.0;
/// The cord ends before the canal's wall by so much, mm: the dura.
const DURA_MM: f64 = 0.5;

/// The cord as it lies in a canal.
pub struct Cord {
    /// Its ring on each plane; `None` where there is none.
    pub rings: Vec<Option<Ring>>,
    /// The lowest plane that may have cord.
    pub lowest: usize,
}

/// The cord beside a tumour, as far down as it goes; its signal is not learned from roots below it.
pub fn rings(image: &Volume<f32>, tumour: &Mask, canal: &[Option<Ring>]) -> Cord {
    let look = Look::at(image, tumour, canal);
    let mut rings = found(&look);
    let lowest = conus::lowest(&look, &rings);
    rings[..lowest].fill(None);
    if let Some(grey) = Grey::of(&look, &rings) {
        rings = found(&Look { grey: Some(grey), ..look });
        rings[..lowest].fill(None);
    }
    Cord { rings, lowest }
}

/// The cord before the tumour is known.
pub struct Foretold {
    /// Its ring on each plane.
    pub rings: Vec<Option<Ring>>,
    /// What of the canal is brighter is fluid.
    pub fluid_from: f64,
}

/// The cord as if no tumour were in the canal; its signal is learned where a rough idea of the tumour leaves the canal alone.
/// `None` where it nowhere does. `beside` is the rough tumour outside the canal.
pub fn foretold(image: &Volume<f32>, rough: &Mask, beside: &Mask, canal: &[Option<Ring>]) -> Option<Foretold> {
    let look = Look::at(image, rough, canal);
    let grey = Grey::of(&look, &found(&look))?;
    let rings = found(&Look { tumour: beside, grey: Some(grey), ..look });
    Some(Foretold { rings, fluid_from: grey.fluid_from })
}

/// The ring on each plane: one by itself, then one held to those around.
fn found(look: &Look<'_>) -> Vec<Option<Ring>> {
    let (middles, planes) = (middles(look), look.canal.len());
    let seen: Vec<Option<Slice>> =
        traverse::each(planes, |z| Some(Slice::of(look, z, middles[z]?, look.canal[z].as_ref()?)));
    let first = traverse::each(planes, |z| Some(seen[z].as_ref()?.found(&|_| USUAL_MM)));
    traverse::each(planes, |z| {
        let near = &first[z.saturating_sub(NEIGHBOURS)..(z + NEIGHBOURS + 1).min(planes)];
        let usual = |ray: usize| {
            let mut all: Vec<f64> = near.iter().flatten().map(|r| r.radius_mm[ray]).collect();
            [quantile(&mut all, 0.5).unwrap_or(USUAL_MM[0]), BETWEEN_MM]
        };
        Some(seen[z].as_ref()?.found(&usual))
    })
}

/// A slice seen from the cord's middle.
struct Slice {
    centre: [f64; 2],
    /// How much brighter it gets at each sample, of the fluid; what lies beyond wall or tumour is out of reach.
    edge: Array2<f64>,
    /// How much more of what lies within is like cord than unlike it, mm2.
    like: Array2<f64>,
    /// The farthest sample of each ray.
    last: Vec<usize>,
}

impl Slice {
    fn of(look: &Look<'_>, z: usize, centre: [f64; 2], canal: &Ring) -> Self {
        let spacing = look.pixel_mm();
        let count = (LARGEST_MM / STEP_MM) as usize;
        let seen = unrolled(look.image.plane(z), centre, spacing, count);
        let edge = falls(&seen, EDGE_MM[0], EDGE_MM[1]) / -look.fluid;
        let like = within(&seen.mapv(|v| look.grey.map_or(0.0, |grey| grey.like(v))));
        let solid = look.tumour.plane(z).mapv(|t| if t { 1.0_f32 } else { 0.0 });
        let free = |ray: usize, k: usize| {
            let [dx, dy] = super::polar::direction(ray);
            let at = |mm: f64| [centre[0] + dx * mm / spacing[0], centre[1] + dy * mm / spacing[1]];
            let r_mm = k as f64 * STEP_MM;
            canal.holds(at(r_mm + DURA_MM), spacing) && linear(solid.view(), at(r_mm)) < 0.5
        };
        let last = (0..RAYS).map(|ray| (1..count).find(|&k| !free(ray, k)).unwrap_or(count).max(2) - 1).collect();
        Self { centre, edge, like, last }
    }

    /// The ring that follows edges, held to a mean and an SD on each ray; none beyond what is free.
    fn found(&self, prior: &dyn Fn(usize) -> [f64; 2]) -> Ring {
        let cost = Array2::from_shape_fn(self.edge.raw_dim(), |(ray, k)| {
            let [mean, sd] = prior(ray);
            let last_mm = self.last[ray] as f64 * STEP_MM;
            let off = (k as f64 * STEP_MM - mean.min(last_mm)) / sd;
            let beyond = (k as f64 * STEP_MM - last_mm).max(0.0);
            let edge = if beyond > 0.0 { 0.0 } else { self.edge[(ray, k)].clamp(-0.2, 0.6) };
            0.5 * off * off - EDGE_WORTH * edge - LIKE_WORTH * self.like[(ray, k)] + 10.0 * beyond
        });
        ring(self.centre, &cheapest(&cost), OUTWARD_MM)
    }
}

/// Sums of a density within each sample of a ray, over the ray's share of the circle.
fn within(density: &Array2<f64>) -> Array2<f64> {
    let mut sums = density.clone();
    let per_mm = STEP_MM * std::f64::consts::TAU / RAYS as f64;
    for mut ray in sums.rows_mut() {
        let mut sum = 0.0;
        for (k, v) in ray.iter_mut().enumerate() {
            sum += *v * per_mm * k as f64 * STEP_MM;
            *v = sum;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_of_one_sums_up_to_the_area_of_the_circle() {
        let sums = within(&Array2::from_elem((RAYS, 25), 1.0));
        let area: f64 = sums.column(24).sum();
        // 6 mm; a sample counts as far as half a step beyond it.
        assert!((area / (std::f64::consts::PI * 36.0) - 1.0).abs() < 0.05, "{area}");
    }
}
