//! From an image and a prompt to the tumour's mask: minimum cut, GrowCut beside it, and both held against each other.
//!
//! Every constant was chosen on seeds 1 to 8 of `scripts/oracle/mr_simulate.py`; what was tried is in
//! `scripts/segmentation/README.md`.

use super::agreement::{Agreement, dice, doubts, jittered};
use super::appearance::evidence;
use super::energy::{Borders, Stiffness, borders, least};
use super::growcut::{Seed, grown};
use super::prompt::{Ellipsoid, Mark, Prompt};
use super::smooth::{diffused, noise_sd};
use super::spine::course::Course;
use super::spine::{Foretold, foretold};
use super::texture::roughness;
use super::tidy::tidied;
use super::window::Window;
use crate::geometry::{Extent, Geometry, Vec3, norm, sub};
use crate::ops::t2::at_planes;
use crate::volume::{Mask, Volume, traverse};

/// What was found.
#[derive(Clone, Debug)]
pub struct Segmented {
    /// The tumour, on the grid of the image.
    pub mask: Mask,
    /// How far to trust it.
    pub agreement: Agreement,
    /// Whether cord and fluid were told before it, wherever it meets the canal.
    pub told_in_canal: bool,
}

/// What is known of the canal before the tumour is looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Points along it.
    pub course: Option<&'a Course>,
    /// The canal as a person has drawn it, on the grid of the image.
    pub canal: Option<&'a Mask>,
    /// The cord as a person has drawn it.
    pub cord: Option<&'a Mask>,
}

/// Why nothing was found.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Lost {
    /// The prompt lies beside the image that was read.
    #[error("the prompt's region has no voxel in the image")]
    OffImage,
    /// No voxel is left.
    #[error("no voxel is left of it")]
    Nothing,
    /// It runs on as far as it may: this share of its surface lies at the border of its region.
    #[error("{:.0} % of its surface lies at the border of its region", 100.0 * .0)]
    Leaks(f64),
}

/// What differs between prompts: a box says more of where a tumour ends than a line does.
struct Weights {
    /// Evidence of intensity, and where it ends.
    evidence: f32,
    most_evidence: f32,
    /// Evidence of roughness.
    roughness: f32,
    /// The ellipsoid.
    prior: f32,
    most_prior: f32,
    /// What lies beyond the faces of the box, for each of this many mm.
    beyond: f32,
    beyond_mm: f32,
    /// The border.
    smoothness: f32,
    across: f32,
    /// The border's edges, in noise of the smoothed image.
    edge: f32,
    /// How far around a voxel the background is its own, SD, mm.
    near_mm: f64,
    /// Ellipsoid norms: certain inside below, learned from below; certain outside beyond, learned from beyond.
    core: f64,
    learned_core: f64,
    rim: f64,
    learned_rim: f64,
}

const BOX: Weights = Weights {
    evidence: 0.5,
    most_evidence: 4.0,
    roughness: 0.4,
    prior: 1.8,
    most_prior: 1.0,
    beyond: 2.0,
    beyond_mm: 1.5,
    smoothness: 2.5,
    across: 2.2,
    edge: 3.8,
    near_mm: 5.0,
    core: 0.5,
    learned_core: 0.6,
    rim: 1.5,
    learned_rim: 1.2,
};

const LINE: Weights = Weights {
    evidence: 0.7,
    prior: 2.4,
    most_prior: 1.5,
    beyond_mm: 2.5,
    smoothness: 3.0,
    across: 3.0,
    near_mm: 12.0,
    rim: 1.65,
    ..BOX
};

/// Background is learned up to here (method.md 6.3), in ellipsoid norms.
const LEARNED_TO: f64 = 1.7;
/// What lies this far beyond the faces of a box is background too, whatever its norm, mm: twice a hand's error.
const SURELY_BEYOND_MM: f64 = 4.0;
/// Steps of smoothing, and the edges it keeps, in noise of single voxels.
const STEPS: usize = 3;
const KEPT_EDGE: f32 = 4.5;
/// Noise is at least this share of what the intensities of the region span: images without any have edges too.
const LEAST_NOISE: f32 = 0.002;
/// A box's first segmentation that is as near as this to its ellipsoid is of a compact tumour, from the lower Dice (not at
/// all) to the upper (for certain): compact lesions of the tuning seeds have 0.83 to 0.89, irregular ones 0.71 to 0.82.
const ROUND: [f64; 2] = [0.80, 0.83];
/// The prior that a compact tumour is held by, and where it expects the surface: cuts shrink round ends.
const ROUND_PRIOR: f32 = 3.0;
const ROUND_SIZE: f32 = 1.05;
/// A click of the user settles what lies this near, mm (method.md 6.3), and at least the voxel that it lies in.
const CLICK_MM: f64 = 2.0;
/// GrowCut: its seeds, in ellipsoid norms, and what a millimetre costs in noise (method.md 6.2: large seeds do best).
const GROWCUT_SEEDS: [f64; 2] = [0.7, 1.2];
const GROWCUT_PER_MM: f64 = 0.3;
/// More of the surface than this at the border of the region, and the tumour is not what was found.
const MOST_LEAK: f64 = 0.25;

/// Segments the tumour that a prompt marks. Cord and fluid are no tumour: they are as drawn, or, where the course of the canal
/// is known, told first by what a cut without them gives.
///
/// # Errors
/// If nothing is found, or what is found runs out of its region.
pub fn segmented(image: &Volume<f32>, prompt: &Prompt, known: Known<'_>) -> Result<Segmented, Lost> {
    let window = Window::of(image.geometry(), prompt).ok_or(Lost::OffImage)?;
    let mut scene = Scene::of(window.pixels(window.evened(image)), weights(&prompt.mark));
    if scene.has_no_outside(prompt) {
        return Err(Lost::Leaks(1.0));
    }
    let free = scene.foretell(image, prompt, known, &window);
    let hands = [vec![prompt.clone()], jittered(prompt).to_vec()].concat();
    let found = traverse::each(hands.len() + 1, |k| match hands.get(k) {
        Some(hand) => scene.cut(hand),
        None => scene.grown(prompt),
    });
    let mask = &found[0];
    if mask.count() == 0 {
        return Err(Lost::Nothing);
    }
    let leak = scene.leak(mask, prompt);
    if leak > MOST_LEAK {
        return Err(Lost::Leaks(leak));
    }
    let jitter = found[1..hands.len()].iter().map(|other| dice(mask, other)).fold(1.0, f64::min);
    let doubts = doubts(mask, &scene.smooth, &prompt.mark.ellipsoid());
    let agreement = Agreement { methods: dice(mask, &found[hands.len()]), jitter, doubts };
    let told_in_canal = scene.is_told(mask);
    let mask = window.placed(mask).without(&free);
    if mask.count() == 0 { Err(Lost::Nothing) } else { Ok(Segmented { mask, agreement, told_in_canal }) }
}

/// What of an image does not depend on where the prompt is.
struct Scene {
    smooth: Volume<f32>,
    rough: Volume<f32>,
    noise: f32,
    borders: Borders,
    /// The canal as far as it is known, and what of it is cord or fluid.
    canal: Mask,
    free: Mask,
    /// On which slices cord and fluid are told.
    told: Vec<bool>,
}

impl Scene {
    fn of(image: Volume<f32>, w: &Weights) -> Self {
        let (lo, hi) = image.as_slice().iter().fold((f32::MAX, f32::MIN), |(lo, hi), v| (lo.min(*v), hi.max(*v)));
        let noise = noise_sd(&image).max(LEAST_NOISE * (hi - lo)).max(f32::MIN_POSITIVE);
        let smooth = diffused(&image, KEPT_EDGE * noise, STEPS);
        // A twenty-fifth of the noise: what is smoother than that is only smooth.
        let rough = roughness(&smooth, noise / 25.0);
        let edge = w.edge * noise_sd(&smooth).max(LEAST_NOISE * noise);
        let borders = borders(&smooth, &Stiffness { smoothness: w.smoothness, across: w.across, edge });
        let none = Mask::from_fn(smooth.geometry().clone(), |_| false);
        let told = vec![false; smooth.geometry().dims[2]];
        Self { smooth, rough, noise, borders, canal: none.clone(), free: none, told }
    }

    /// Tells the canal and what of it is cord or fluid, which is given; what is drawn goes before what is found.
    fn foretell(&mut self, image: &Volume<f32>, prompt: &Prompt, known: Known<'_>, window: &Window) -> Mask {
        let found = known.course.and_then(|course| foretold(image, &window.placed(&self.cut(prompt)), course));
        let Foretold { canal, cord, fluid } = found.unwrap_or_else(|| Foretold::nothing(image.geometry()));
        let drawn = known.canal.unwrap_or(&canal);
        let free = unclicked(known.cord.unwrap_or(&cord).or(&fluid.and(drawn)), prompt);
        self.told = at_planes(&window.mask(&canal));
        // A cord drawn without its canal, or beyond it: no tumour is learned there.
        (self.canal, self.free) = (window.mask(&drawn.or(&free)), window.mask(&free));
        free
    }

    /// The tumour by the minimum cut. One that comes out round is cut again with a prior that holds it rounder.
    fn cut(&self, prompt: &Prompt) -> Mask {
        let case = Case::of(self, prompt);
        let first = case.least(case.weights.prior, 1.0);
        let round = if case.is_box { firmness(dice(&first, &case.ellipsoid())) } else { 0.0 };
        let prior = case.weights.prior + round * (ROUND_PRIOR - case.weights.prior);
        let found = if round == 0.0 { first } else { case.least(prior, 1.0 + round * (ROUND_SIZE - 1.0)) };
        found.placed(self.smooth.geometry(), case.part.lo)
    }

    /// What is certain by norms, clicks and the canal; clicks go first, and in the canal no norm makes tumour certain.
    fn seeds(&self, prompt: &Prompt, norms: &Volume<f64>, core: f64, rim: f64) -> Volume<Seed> {
        let click_mm = click_mm(self.smooth.geometry());
        self.at_places(|i, p| {
            let e = norms.as_slice()[i];
            if clicked(&prompt.inside, p, click_mm) {
                Seed::Inside
            } else if clicked(&prompt.outside, p, click_mm) || e > rim || self.free.as_slice()[i] {
                Seed::Outside
            } else if e < core && !self.canal.as_slice()[i] {
                Seed::Inside
            } else {
                Seed::Open
            }
        })
    }

    /// What `f` makes of each voxel's number and place, LPS mm.
    fn at_places<T>(&self, mut f: impl FnMut(usize, Vec3) -> T) -> Volume<T> {
        let grid = self.smooth.geometry();
        let [nx, ny, _] = grid.dims;
        Volume::from_fn(grid.clone(), |v| f(v[0] + nx * (v[1] + ny * v[2]), grid.to_patient(v.map(|i| i as f64))))
    }

    fn norms(&self, ellipsoid: &Ellipsoid) -> Volume<f64> {
        self.at_places(|_, place| ellipsoid.norm(place))
    }

    /// Whether cord and fluid are told on every slice where a tumour lies in the canal, and on some.
    fn is_told(&self, tumour: &Mask) -> bool {
        let meets = at_planes(&self.canal.and(tumour));
        self.told.contains(&true) && self.told.iter().zip(meets).all(|(told, meets)| *told || !meets)
    }

    /// Whether nothing of the region is outside for certain: the prompt is larger than what the image shows.
    fn has_no_outside(&self, prompt: &Prompt) -> bool {
        let (ellipsoid, rim) = (prompt.mark.ellipsoid(), weights(&prompt.mark).rim);
        self.norms(&ellipsoid).as_slice().iter().all(|e| *e <= rim)
    }

    /// The tumour by GrowCut.
    fn grown(&self, prompt: &Prompt) -> Mask {
        let [core, rim] = GROWCUT_SEEDS;
        let seeds = self.seeds(prompt, &self.norms(&prompt.mark.ellipsoid()), core, rim);
        let part = part(&seeds);
        let (image, seeds) = (self.smooth.crop(&part), seeds.crop(&part));
        let found = grown(&image, seeds.as_slice(), self.noise, GROWCUT_PER_MM);
        tidied(&found, &seeds).placed(self.smooth.geometry(), part.lo)
    }

    /// The share of the mask's surface in its slices that lies against what is outside for certain. Where the image ends
    /// there is no surface: that is for those who ask whether the image shows all of it.
    fn leak(&self, mask: &Mask, prompt: &Prompt) -> f64 {
        let (ellipsoid, rim) = (prompt.mark.ellipsoid(), weights(&prompt.mark).rim);
        let [nx, ny, _] = mask.geometry().dims;
        let norm =
            |x: usize, y: usize, z: usize| ellipsoid.norm(mask.geometry().to_patient([x, y, z].map(|i| i as f64)));
        let inside = mask.voxels();
        let (mut surface, mut leaks) = (0_usize, 0_usize);
        for ((z, y, x), _) in inside.indexed_iter().filter(|(_, m)| **m) {
            let around = [(y, x.wrapping_sub(1)), (y, x + 1), (y.wrapping_sub(1), x), (y + 1, x)];
            for (y, x) in around.into_iter().filter(|&(y, x)| y < ny && x < nx && !inside[(z, y, x)]) {
                surface += 1;
                leaks += usize::from(norm(x, y, z) > rim);
            }
        }
        leaks as f64 / surface.max(1) as f64
    }
}

/// How much of the firmer prior a first segmentation asks for, by its Dice with the ellipsoid of its prompt: 0 to 1.
fn firmness(dice: f64) -> f32 {
    let [none, all] = ROUND;
    ((dice - none) / (all - none)).clamp(0.0, 1.0) as f32
}

/// How far a click reaches on a grid, mm.
fn click_mm(grid: &Geometry) -> f64 {
    CLICK_MM.max(0.5 * norm(grid.spacing))
}

fn clicked(clicks: &[Vec3], place: Vec3, within_mm: f64) -> bool {
    clicks.iter().any(|click| norm(sub(*click, place)) <= within_mm)
}

/// The mask but for what the user has clicked as tumour.
fn unclicked(mut mask: Mask, prompt: &Prompt) -> Mask {
    if !prompt.inside.is_empty() {
        let grid = mask.geometry().clone();
        let click_mm = click_mm(&grid);
        let is_clicked = |v: [usize; 3]| clicked(&prompt.inside, grid.to_patient(v.map(|i| i as f64)), click_mm);
        let tumour = Mask::from_fn(grid.clone(), is_clicked);
        mask = mask.without(&tumour);
    }
    mask
}

/// The voxels that may be tumour, and those around them.
fn part(seeds: &Volume<Seed>) -> Extent {
    let grid = seeds.geometry();
    let may_be = seeds.as_slice().iter().map(|seed| *seed != Seed::Outside).collect();
    let may_be = Mask::new(grid.clone(), may_be).expect("a seed for each voxel");
    may_be.extent().unwrap_or(Extent { lo: [0; 3], hi: [1; 3] }).grown([1; 3], grid.dims)
}

/// A scene with a prompt: of each voxel of the part that is cut, what is known.
struct Case {
    part: Extent,
    weights: &'static Weights,
    is_box: bool,
    borders: Borders,
    norms: Volume<f64>,
    /// What speaks for the tumour but for the ellipsoid: intensity, roughness, the faces of the box.
    seen: Vec<f32>,
    seeds: Volume<Seed>,
}

impl Case {
    fn of(scene: &Scene, prompt: &Prompt) -> Self {
        let (ellipsoid, weights) = (prompt.mark.ellipsoid(), weights(&prompt.mark));
        let norms = scene.norms(&ellipsoid);
        let seeds = scene.seeds(prompt, &norms, weights.core, weights.rim);
        let part = part(&seeds);
        let seen = seen(scene, prompt, &norms, &seeds, &part);
        let is_box = matches!(prompt.mark, Mark::Roi(_));
        let (borders, norms, seeds) = (scene.borders.crop(&part), norms.crop(&part), seeds.crop(&part));
        Self { part, weights, is_box, borders, norms, seen, seeds }
    }

    /// The minimum cut with a prior of this weight that expects the surface at the norm `size`.
    fn least(&self, prior: f32, size: f32) -> Mask {
        let w = self.weights;
        let shape = |norm: f64| prior * (size - norm as f32).clamp(-w.most_prior, w.most_prior);
        let unary = self.seen.iter().zip(self.norms.as_slice()).map(|(seen, norm)| seen + shape(*norm));
        let unary: Vec<f32> = unary.collect();
        tidied(&least(&self.borders, &unary, self.seeds.as_slice()), &self.seeds)
    }

    fn ellipsoid(&self) -> Mask {
        let inside = self.norms.as_slice().iter().map(|norm| *norm <= 1.0);
        Mask::new(self.norms.geometry().clone(), inside.collect()).expect("a norm for each voxel")
    }
}

/// What speaks for the tumour, but for the ellipsoid, where a part of a scene is open.
fn seen(scene: &Scene, prompt: &Prompt, norms: &Volume<f64>, seeds: &Volume<Seed>, part: &Extent) -> Vec<f32> {
    let (w, ellipsoid) = (weights(&prompt.mark), prompt.mark.ellipsoid());
    let is_box = matches!(prompt.mark, Mark::Roi(_));
    let (norms, free) = (norms.as_slice(), scene.free.as_slice());
    let learned = scene.at_places(|i, place| {
        let is_beyond = || is_box && ellipsoid.beyond_mm(place) > SURELY_BEYOND_MM;
        norms[i] < LEARNED_TO && (free[i] || norms[i] > w.learned_rim || is_beyond())
    });
    let inside = |i: usize| norms[i] < w.learned_core && !scene.canal.as_slice()[i];
    let outside = |i: usize| learned.as_slice()[i];
    let open = |i: usize| seeds.as_slice()[i] == Seed::Open;
    let [intensity, rough] =
        [&scene.smooth, &scene.rough].map(|image| evidence(image, w.near_mm, inside, outside, (part, open)));
    let within = |value: f32| value.clamp(-w.most_evidence, w.most_evidence);
    let grid = scene.smooth.geometry();
    let faces = Volume::from_fn(grid.crop(part), |v| {
        let place = grid.to_patient([0, 1, 2].map(|a| (v[a] + part.lo[a]) as f64));
        w.beyond * (beyond_mm(&prompt.mark, &ellipsoid, place) as f32 / w.beyond_mm).clamp(0.0, 3.0)
    });
    let told = intensity.iter().zip(&rough).zip(faces.as_slice());
    told.map(|((light, rough), faces)| w.evidence * within(*light) + w.roughness * within(*rough) - faces).collect()
}

fn weights(mark: &Mark) -> &'static Weights {
    match mark {
        Mark::Roi(_) => &BOX,
        Mark::Line(_) => &LINE,
    }
}

/// How far a place lies beyond what the prompt says, mm: the faces of the box; of a line, the distance from either end
/// that no point of the tumour can have, the line being its longest diameter.
fn beyond_mm(mark: &Mark, ellipsoid: &Ellipsoid, place: Vec3) -> f64 {
    match mark {
        Mark::Roi(_) => ellipsoid.beyond_mm(place),
        Mark::Line([a, b]) => norm(sub(place, *a)).max(norm(sub(place, *b))) - norm(sub(*b, *a)),
    }
}
