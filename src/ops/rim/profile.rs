//! What lies along each ray across the outline, and whether the ray can be judged.

use super::Rules;
use crate::ops::fenced::Fenced;
use crate::ops::outline::{Point, SliceOutline};
use crate::ops::plane::Plane;
use crate::ops::ray::{ABREAST, Ray, rays, sample};
use crate::volume::traverse::each;

/// How far a profile reaches inside and outside the outline, mm.
pub const PROFILE_MM: [f64; 2] = [-10.0, 8.0];

/// Distance of samples along a ray, mm: half a resampled pixel, so that no peak falls between two.
pub const STEP_MM: f64 = 0.25;

/// What lies this far outside the outline, mm, must be seen to tell a rim from bone that leaves the lesion.
const SURROUNDINGS_MM: f64 = 5.0;

/// Density along one ray, from [`PROFILE_MM`]`[0]` on every [`STEP_MM`], and whether the ray can be judged.
pub struct Profile {
    /// The ray.
    pub ray: Ray,
    /// Ring of the outline it belongs to, an index into the slice's rings.
    pub ring: usize,
    /// Density, HU.
    pub hu: Vec<f32>,
    /// How fast the surface moves sideways across slices here: tan of its tilt.
    pub tilt_tangent: f64,
    /// Whether it can be judged: neither metal nor a surface too oblique, nor at the end of the image.
    pub evaluable: bool,
    /// Whether metal or its streaks spoil it.
    pub metal: bool,
}

impl Profile {
    /// Cosine of the surface's tilt.
    pub fn cos_tilt(&self) -> f64 {
        1.0 / (1.0 + self.tilt_tangent * self.tilt_tangent).sqrt()
    }
}

/// Where the sample nearest to `u_mm` stands in a profile.
pub fn index(u_mm: f64) -> usize {
    ((u_mm - PROFILE_MM[0]) / STEP_MM).round() as usize
}

/// Where along the ray sample `i` of a profile was taken, mm.
pub fn place_mm(i: usize) -> f64 {
    PROFILE_MM[0] + i as f64 * STEP_MM
}

/// What the profiles of an exam are taken from.
pub struct Source<'a> {
    /// The outline, slice by slice.
    pub outlines: &'a [SliceOutline],
    /// The same slices resampled in plane, HU.
    pub planes: &'a [Plane<f32>],
    /// Distance of slices, mm.
    pub slice_mm: f64,
    /// Where the image ends, from and to, in-plane coordinates, mm.
    pub image_mm: [Point; 2],
    /// Metal from this density on, HU ...
    pub metal_hu: f64,
    /// ... spoils rays this near to it, mm.
    pub metal_margin_mm: f64,
}

/// Profiles of every ray of every slice.
pub fn profiles(source: &Source<'_>, rules: &Rules) -> Vec<Vec<Profile>> {
    let fences = each(source.outlines.len(), |k| Fenced::new(&source.outlines[k].rings));
    each(source.outlines.len(), |k| slice_profiles(source, &fences, rules, k))
}

fn slice_profiles(source: &Source<'_>, fences: &[Fenced], rules: &Rules, k: usize) -> Vec<Profile> {
    let (outline, plane) = (&source.outlines[k], &source.planes[k]);
    let metal = metal_pixels(plane, source.metal_hu);
    let mut found = Vec::new();
    for (ring, outer) in outline.outer() {
        for ray in rays(&outer.points, rules.arc_step_mm) {
            let hu = densities(plane, &ray);
            let metal = metal.iter().any(|m| libm::hypot(m[0] - ray.at[0], m[1] - ray.at[1]) < source.metal_margin_mm);
            let tilt_tangent = tilt_tangent(source, fences, k, ray.at);
            let seen = shown(source.image_mm, ray.point(SURROUNDINGS_MM));
            let evaluable = seen && !metal && tilt_tangent * source.slice_mm <= rules.max_slice_smear_mm;
            found.push(Profile { ray, ring, hu, tilt_tangent, evaluable, metal });
        }
    }
    found
}

/// Density along a ray, HU.
fn densities(plane: &Plane<f32>, ray: &Ray) -> Vec<f32> {
    let count = index(PROFILE_MM[1]) + 1;
    let mut hu = Vec::with_capacity(count.next_multiple_of(ABREAST));
    for first in (0..count).step_by(ABREAST) {
        let points = std::array::from_fn(|i| ray.point(place_mm(first + i)));
        hu.extend(sample(plane, &points).map(|hu| hu as f32));
    }
    hu.truncate(count);
    hu
}

/// Whether the image reaches a point; beyond it a plane only repeats itself.
fn shown([from, to]: [Point; 2], at: Point) -> bool {
    (0..2).all(|a| (from[a]..=to[a]).contains(&at[a]))
}

fn metal_pixels(plane: &Plane<f32>, metal_hu: f64) -> Vec<Point> {
    let is_metal = |hu: f32| f64::from(hu) >= metal_hu;
    // No early end, so that many pixels are looked at in one go; mostly there is none.
    if !plane.pixels.iter().fold(false, |any, &hu| any | is_metal(hu)) {
        return Vec::new();
    }
    let dense = plane.pixels.indexed_iter().filter(|(_, hu)| is_metal(**hu));
    dense.map(|((y, x), _)| plane.at(x, y)).collect()
}

/// How fast the surface moves sideways from slice to slice at a point of outline k: tan of its tilt; 0 where a neighbour
/// is missing.
fn tilt_tangent(source: &Source<'_>, fences: &[Fenced], k: usize, at: Point) -> f64 {
    let below = k.checked_sub(1).filter(|&i| i < fences.len());
    let Some((below, above)) = below.zip(Some(k + 1).filter(|&i| i < fences.len())) else { return 0.0 };
    let gap_mm = (source.outlines[above].plane - source.outlines[below].plane) as f64 * source.slice_mm;
    ((fences[above].signed_mm(at) - fences[below].signed_mm(at)) / gap_mm).abs()
}
