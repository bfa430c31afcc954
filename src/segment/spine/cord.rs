//! The cord: a grey ring in the bright fluid of the canal, on each slice; where the tumour lies against it, up to the tumour.

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
/// The middle of the cord is the middle of the darkest disc of this radius in the canal, mm.
const CORE_MM: f64 = 2.5;
/// Middles are looked for this far apart, and no farther from the canal's middle than this, mm.
const LOOKED_MM: [f64; 2] = [0.75, 6.0];
/// What a millimetre between the middles of neighbouring slices costs, squared, of the fluid's brightness.
const SHIFT: f64 = 0.02;
/// A core at least so bright, of the fluid, is no cord: there are but roots in the fluid.
const NO_CORD: f64 = 0.8;
/// The fluid's signal is this quantile of a slice's canal, and of those of all slices.
const FLUID_QUANTILE: f64 = 0.85;
const SLICES_QUANTILE: f64 = 0.75;
/// Neighbours on either side from which a slice takes its prior.
const NEIGHBOURS: usize = 3;
/// The cord ends before the canal's wall by so much, mm: the dura.
const DURA_MM: f64 = 0.5;

/// The ring of the cord on each plane; `None` where there is none.
pub fn rings(image: &Volume<f32>, tumour: &Mask, canal: &[Option<Ring>]) -> Vec<Option<Ring>> {
    let planes = image.geometry().dims[2];
    let fluid = fluid(image, tumour, canal);
    let slices = traverse::each(planes, |z| Some(Candidates::of(image, tumour, z, canal[z].as_ref()?, fluid)));
    let middles = middles(&slices);
    let seen: Vec<Option<Slice>> =
        traverse::each(planes, |z| Some(Slice::of(image, tumour, z, middles[z]?, canal[z].as_ref()?, fluid)));
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

/// Where the cord's middle may be on a slice.
struct Candidates {
    /// Places, pixels, and how bright the disc about each is, of the fluid.
    places: Vec<([f64; 2], f64)>,
    pixel_mm: [f64; 2],
}

/// The pixels of the canal that are no tumour, with their signal.
fn open_pixels(image: &Volume<f32>, tumour: &Mask, z: usize, canal: &Ring) -> Vec<([f64; 2], f64)> {
    let [nx, ny, _] = image.geometry().dims;
    let [sx, sy, _] = image.geometry().spacing;
    let (plane, hidden) = (image.plane(z), tumour.plane(z));
    let seen = canal.pixels([nx, ny], [sx, sy]).into_iter().filter(|[x, y]| !hidden[(*y, *x)]);
    seen.map(|[x, y]| ([x as f64, y as f64], f64::from(plane[(y, x)]))).collect()
}

/// The fluid's signal: bright where there is any, so of the slices with the brightest; a slice full of tumour has none left.
fn fluid(image: &Volume<f32>, tumour: &Mask, canal: &[Option<Ring>]) -> f64 {
    let bright = |z: usize| {
        let mut seen: Vec<f64> = open_pixels(image, tumour, z, canal[z].as_ref()?).iter().map(|p| p.1).collect();
        quantile(&mut seen, FLUID_QUANTILE)
    };
    let mut of_slices: Vec<f64> = traverse::each(canal.len(), bright).into_iter().flatten().collect();
    quantile(&mut of_slices, SLICES_QUANTILE).unwrap_or(1.0).max(f64::MIN_POSITIVE)
}

impl Candidates {
    fn of(image: &Volume<f32>, tumour: &Mask, z: usize, canal: &Ring, fluid: f64) -> Self {
        let spacing = image.geometry().spacing;
        let pixel_mm = [spacing[0], spacing[1]];
        let inside = open_pixels(image, tumour, z, canal);
        let off = |a: [f64; 2], b: [f64; 2]| libm::hypot((a[0] - b[0]) * pixel_mm[0], (a[1] - b[1]) * pixel_mm[1]);
        let middle = canal.middle_px(pixel_mm);
        let steps = (LOOKED_MM[1] / LOOKED_MM[0]) as i32;
        let grid = (-steps..=steps).flat_map(|j| (-steps..=steps).map(move |i| [i, j]));
        let places = grid.map(|[i, j]| [0, 1].map(|a| middle[a] + f64::from([i, j][a]) * LOOKED_MM[0] / pixel_mm[a]));
        let bright = |at: [f64; 2]| {
            let core: Vec<f64> = inside.iter().filter(|(p, _)| off(*p, at) <= CORE_MM).map(|i| i.1).collect();
            // What of the disc is hidden or outside counts as fluid: the cord is not there.
            let whole = std::f64::consts::PI * CORE_MM * CORE_MM / (pixel_mm[0] * pixel_mm[1]);
            let known = (core.len() as f64 / whole).min(1.0);
            let mean = if core.is_empty() { fluid } else { core.iter().sum::<f64>() / core.len() as f64 };
            (known * mean + (1.0 - known) * fluid) / fluid
        };
        let places = places.filter(|p| canal.holds(*p, pixel_mm)).map(|p| (p, bright(p))).collect();
        Self { places, pixel_mm }
    }
}

/// The darkest way from slice to slice; `None` where the core is as bright as fluid, or where there is no canal.
fn middles(slices: &[Option<Candidates>]) -> Vec<Option<[f64; 2]>> {
    let mut sums: Vec<Vec<(f64, usize)>> = Vec::new();
    for (z, slice) in slices.iter().enumerate() {
        let before = z.checked_sub(1).and_then(|b| slices[b].as_ref()).filter(|b| !b.places.is_empty());
        let row = slice.iter().flat_map(|s| s.places.iter().map(move |p| (s, p))).map(|(s, (at, bright))| {
            let Some(before) = before else { return (*bright, 0) };
            let shift = |b: [f64; 2]| {
                let d = [0, 1].map(|a| (at[a] - b[a]) * s.pixel_mm[a]);
                SHIFT * (d[0] * d[0] + d[1] * d[1])
            };
            let through = before.places.iter().enumerate().map(|(j, b)| (sums[z - 1][j].0 + shift(b.0), j));
            let best = through.fold((f64::INFINITY, 0), |a, b| if b.0 < a.0 { b } else { a });
            (best.0 + bright, best.1)
        });
        let row: Vec<(f64, usize)> = row.collect();
        sums.push(row);
    }
    let mut found = vec![None; slices.len()];
    let mut at: Option<usize> = None;
    for z in (0..slices.len()).rev() {
        let cheapest = || (0..sums[z].len()).reduce(|a, b| if sums[z][b].0 < sums[z][a].0 { b } else { a });
        let Some(k) = at.filter(|k| *k < sums[z].len()).or_else(cheapest) else {
            at = None;
            continue;
        };
        let (place, bright) = slices[z].as_ref().map_or(([0.0; 2], 1.0), |s| s.places[k]);
        found[z] = (bright < NO_CORD).then_some(place);
        at = z.checked_sub(1).filter(|b| !sums[*b].is_empty()).map(|_| sums[z][k].1);
    }
    found
}

/// A slice seen from the cord's middle.
struct Slice {
    centre: [f64; 2],
    /// How much brighter it gets at each sample, of the fluid; what lies beyond wall or tumour is out of reach.
    edge: Array2<f64>,
    /// The farthest sample of each ray.
    last: Vec<usize>,
}

impl Slice {
    fn of(image: &Volume<f32>, tumour: &Mask, z: usize, centre: [f64; 2], canal: &Ring, fluid: f64) -> Self {
        let spacing = image.geometry().spacing;
        let count = (LARGEST_MM / STEP_MM) as usize;
        let seen = unrolled(image.plane(z), centre, [spacing[0], spacing[1]], count);
        let edge = falls(&seen, EDGE_MM[0], EDGE_MM[1]) / -fluid;
        let solid = tumour.plane(z).mapv(|t| if t { 1.0_f32 } else { 0.0 });
        let free = |ray: usize, k: usize| {
            let [dx, dy] = super::polar::direction(ray);
            let at = |mm: f64| [centre[0] + dx * mm / spacing[0], centre[1] + dy * mm / spacing[1]];
            let r_mm = k as f64 * STEP_MM;
            canal.holds(at(r_mm + DURA_MM), [spacing[0], spacing[1]]) && linear(solid.view(), at(r_mm)) < 0.5
        };
        let last = (0..RAYS).map(|ray| (1..count).find(|&k| !free(ray, k)).unwrap_or(count).max(2) - 1).collect();
        Self { centre, edge, last }
    }

    /// The ring that follows edges, held to a mean and an SD on each ray; none beyond what is free.
    fn found(&self, prior: &dyn Fn(usize) -> [f64; 2]) -> Ring {
        let cost = Array2::from_shape_fn(self.edge.raw_dim(), |(ray, k)| {
            let [mean, sd] = prior(ray);
            let last_mm = self.last[ray] as f64 * STEP_MM;
            let off = (k as f64 * STEP_MM - mean.min(last_mm)) / sd;
            let beyond = (k as f64 * STEP_MM - last_mm).max(0.0);
            let edge = if beyond > 0.0 { 0.0 } else { self.edge[(ray, k)].clamp(-0.2, 0.6) };
            0.5 * off * off - EDGE_WORTH * edge + 10.0 * beyond
        });
        ring(self.centre, &cheapest(&cost))
    }
}
