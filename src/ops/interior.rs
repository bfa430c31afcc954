//! Bone inside the lesion: the share of mineral in what lies deeper than the peel (method.md 3.5, 3.9).
//!
//! A threshold finds the bone; how much of each pixel is bone follows from its density between that of the lesion's own
//! soft tissue and that of its own bone, because a plain threshold counts partial pixels whole.

use super::dilation::within;
use super::outline::SliceOutline;
use super::plane::Plane;
use super::rim::RimSlice;
use crate::volume::traverse::each;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

mod bone;
mod depth;
mod marrow;
mod section;
mod solid;

use bone::{Kept, Native, core_hu, dense, keep, levels};
use depth::{Depth, depths};
use section::Section;

/// How the interior is measured.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The peel between outline and interior is min(peel_mm, peel_share x sqrt(area/pi)).
    pub peel_mm: f64,
    /// See `peel_mm`.
    pub peel_share: f64,
    /// Ossified pieces smaller than this are noise, mm3.
    pub min_component_mm3: f64,
    /// Internal bone is present from this fraction on.
    pub present_fraction: f64,
    /// ... and from this volume in one piece on, mm3.
    pub present_mm3: f64,
    /// The interior zone of an exam must have this area on some slice, mm2.
    pub min_zone_mm2: f64,
}

impl Rules {
    /// Depth from which tissue of a section of this area is interior, mm (method.md 3.5).
    pub fn peel_of(&self, area_mm2: f64) -> f64 {
        self.peel_mm.min(self.peel_share * (area_mm2 / std::f64::consts::PI).sqrt())
    }
}

/// How much deeper than the peel a piece must reach to be internal bone and not the rim's inner face, mm (method.md 3.5).
const DEEPER_MM: f64 = 2.0;

/// Partial pixels are counted within this distance of found bone, mm: about one voxel of a clinical CT.
const PARTIAL_MM: f64 = 1.0;

/// Density of soft tissue where the lesion has none left to measure, HU (method.md 2: untreated GCTB 30 to 80).
const SOFT_HU: f64 = 60.0;

/// Whether a pixel counts for the interior, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// It does.
    Yes,
    /// It is native bone.
    NativeBone,
    /// It is metal, or near some.
    Metal,
}

/// What a pixel of the interior picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tissue {
    /// Outside the outline.
    Outside,
    /// Within the peel.
    Peel,
    /// Interior without bone.
    Soft,
    /// Interior bone.
    Ossified,
    /// Interior that does not count: metal, native bone.
    Excluded,
}

/// The interior on one slice.
#[derive(Clone, Debug)]
pub struct InteriorSlice {
    /// Area deeper than the peel, mm2.
    pub zone_mm2: f64,
    /// Its mineral, by partial-volume mixture, mm2.
    pub ossified_mm2: f64,
    /// The same by plain threshold, mm2.
    pub hard_mm2: f64,
    /// Area of the whole section, mm2.
    pub section_mm2: f64,
    /// Its mineral, by mixture, mm2.
    pub section_ossified_mm2: f64,
    /// What each pixel of the resampled plane is.
    pub tissue: Plane<Tissue>,
}

/// The interior of an exam at one threshold.
#[derive(Clone, Debug)]
pub struct Interior {
    /// Slice by slice.
    pub slices: Vec<InteriorSlice>,
    /// Largest piece of bone that reaches deeper than the rim could, mm3.
    pub deep_piece_mm3: f64,
    /// Bone in pieces that may be marrow left inside the lesion and therefore does not count, over all slices, mm2.
    pub like_marrow_mm2: f64,
    /// Bone so thin that it may be cortex left inside the lesion and therefore does not count, over all slices, mm2.
    pub like_cortex_mm2: f64,
    /// Area of interior that is native bone and does not count, over all slices, mm2.
    pub native_bone_mm2: f64,
    /// Area of interior that metal takes, over all slices, mm2.
    pub metal_mm2: f64,
}

/// What the interior is measured from.
pub struct Source<'a> {
    /// The outline, slice by slice.
    pub outlines: &'a [SliceOutline],
    /// The same slices resampled in plane, HU.
    pub planes: &'a [Plane<f32>],
    /// What counts on each slice, on the planes' pixels.
    pub counts: &'a [Array2<Counts>],
    /// Distance of slices, mm.
    pub slice_mm: f64,
}

/// A mineral threshold.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// Bone counts from here on, HU.
    pub bone_hu: f64,
    /// The same before contrast medium raised it, HU.
    pub plain_hu: f64,
}

/// Measures the interior at each mineral threshold; `rims` are what was found at the same ones.
pub fn interior<const N: usize>(
    source: &Source<'_>,
    rims: &[Vec<RimSlice>; N],
    rules: &Rules,
    thresholds: [Threshold; N],
) -> [Interior; N] {
    // Rays cross the outline at the same places whatever they show.
    let sections = each(source.outlines.len(), |k| Section::new(source, &rims[0][k], rules, k));
    std::array::from_fn(|i| at_threshold(source, &sections, &rims[i], rules, thresholds[i]))
}

fn at_threshold(
    source: &Source<'_>,
    sections: &[Section],
    rim: &[RimSlice],
    rules: &Rules,
    threshold: Threshold,
) -> Interior {
    let mineral_hu = threshold.bone_hu;
    let depths = depths(source, sections, rim, rules.peel_mm);
    let hard = each(sections.len(), |k| dense(&sections[k], mineral_hu));
    let native = Native { core_hu: core_hu(sections, mineral_hu), plain_hu: threshold.plain_hu };
    let Kept { bone, deep_piece_mm3, like_marrow_mm2, like_cortex_mm2 } =
        keep(source, sections, &depths, hard, rules, native);
    let near = each(sections.len(), |k| within(bone[k].view(), sections[k].hu.pixel_mm, PARTIAL_MM));
    let (soft_hu, bone_hu) = levels(sections, &depths, &bone, &near, mineral_hu);
    let mixture = |hu: f32| ((f64::from(hu) - soft_hu) / (bone_hu - soft_hu)).clamp(0.0, 1.0);
    let slices = each(sections.len(), |k| slice(&sections[k], &depths[k], &bone[k], &near[k], mixture));
    let lost_mm2 = |to: Counts| sections.iter().zip(&depths).map(|(s, d)| lost_mm2(s, d, to)).sum();
    let (native_bone_mm2, metal_mm2) = (lost_mm2(Counts::NativeBone), lost_mm2(Counts::Metal));
    Interior { slices, deep_piece_mm3, like_marrow_mm2, like_cortex_mm2, native_bone_mm2, metal_mm2 }
}

fn slice(
    section: &Section,
    depth: &Depth,
    bone: &Array2<bool>,
    near_bone: &Array2<bool>,
    mixture: impl Fn(f32) -> f64,
) -> InteriorSlice {
    let [inside, inner, near_bone, bone] = [&section.inside, &depth.zone, near_bone, bone].map(flat);
    let counts = flat(&section.counts);
    let [mut zone, mut ossified, mut hard, mut whole, mut section_ossified] = [0.0; 5];
    let mut pixel = |i: usize, hu: f32| {
        if !inside[i] {
            return Tissue::Outside;
        }
        if counts[i] != Counts::Yes {
            return if inner[i] { Tissue::Excluded } else { Tissue::Peel };
        }
        let mineral = if near_bone[i] { mixture(hu) } else { 0.0 };
        whole += 1.0;
        section_ossified += mineral;
        if !inner[i] {
            return Tissue::Peel;
        }
        zone += 1.0;
        ossified += mineral;
        hard += f64::from(u8::from(bone[i]));
        if bone[i] { Tissue::Ossified } else { Tissue::Soft }
    };
    let tissue = flat(&section.hu.pixels).iter().enumerate().map(|(i, &hu)| pixel(i, hu)).collect();
    let tissue = Array2::from_shape_vec(section.hu.pixels.dim(), tissue).expect("one tissue for each pixel");
    let area = section.hu.pixel_area_mm2();
    InteriorSlice {
        zone_mm2: area * zone,
        ossified_mm2: area * ossified,
        hard_mm2: area * hard,
        section_mm2: area * whole,
        section_ossified_mm2: area * section_ossified,
        tissue: Plane { pixels: tissue, corner_mm: section.hu.corner_mm, pixel_mm: section.hu.pixel_mm },
    }
}

/// Interior of a slice that does not count, mm2.
fn lost_mm2(section: &Section, depth: &Depth, to: Counts) -> f64 {
    let pixels = flat(&section.counts).iter().zip(flat(&depth.zone));
    let lost = pixels.filter(|(counts, zone)| **counts == to && **zone).count();
    lost as f64 * section.hu.pixel_area_mm2()
}

/// The pixels row by row: loops over them need not know where a row ends.
fn flat<T>(pixels: &Array2<T>) -> &[T] {
    pixels.as_slice().expect("the pixels of a section lie row by row")
}
