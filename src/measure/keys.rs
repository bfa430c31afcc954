//! The artifacts of an exam, by name and type.

use super::doubt::Doubt;
use super::levels::Levels;
use super::{Key, Modality};
use crate::geometry::{Extent, Geometry, Vec3};
use crate::io::acquisition::Acquisition;
use crate::ops::canal::CanalSlice;
use crate::ops::chord::Diameters;
use crate::ops::compression::Contact;
use crate::ops::cord::CordSlice;
use crate::ops::cyst::Cysts;
use crate::ops::interior::{Counts, Interior};
use crate::ops::outline::{Place, SliceOutline};
use crate::ops::plane::Plane;
use crate::ops::rim::RimSlice;
use crate::ops::t2::CordSignal;
use crate::segment::agreement::Agreement;
use crate::segment::prompt::Prompt;
use crate::volume::{Mask, Volume};
use ndarray::Array2;
use std::collections::BTreeMap;

/// What is known of the exam besides voxels.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Which branch the exam is of.
    pub modality: Modality,
    /// How the image was made; the study table fills what the header leaves open.
    pub acquisition: Acquisition,
    /// Grid of the whole image, canonical axes.
    pub whole: Geometry,
    /// Which part of it the region is.
    pub region: Extent,
    /// Vertebral levels, from the study table and from points.
    pub levels: Levels,
    /// Places of normal cord that a person has marked, LPS mm.
    pub cord_points: Vec<Vec3>,
    /// Whether the outline reaches the border of a slice that the grid, put straight from a tilted stack, goes beyond.
    pub cut: bool,
    /// Whether the tumour is segmented from a prompt, for want of an outline.
    pub prompted: bool,
    /// Structures that nobody can tell among the parts of DICOM files.
    pub ambiguous: Vec<Ambiguous>,
}

/// A structure that several parts of DICOM files could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    /// What it is called in the study table.
    pub name: &'static str,
    /// The numbers of those parts.
    pub numbers: Vec<i64>,
}

/// Metal in the slices of the lesion.
#[derive(Clone, Debug)]
pub struct Metal {
    /// From this density on a voxel is metal, HU.
    pub from_hu: f64,
    /// Whether there is any in each slice of `outline`, on it or around it.
    pub in_slice: Vec<bool>,
}

/// How bright cord and fluid are on T2-weighted slices.
#[derive(Clone, Copy, Debug, Default)]
pub struct References {
    /// The cord at rest on the evened image; `None` where there is none.
    pub cord: Option<CordSignal>,
    /// Its median on the image as it was acquired.
    pub raw_cord: Option<f64>,
    /// How far from the tumour it begins, mm.
    pub from_mm: f64,
    /// The fluid around the cord; `None` where it cannot be used.
    pub fluid: Option<f64>,
    /// SD of the noise on the acquired image.
    pub noise: f64,
}

impl References {
    /// From this signal on something is fluid: half-way from the cord (method.md 1.6).
    pub fn fluid_from(&self) -> Option<f64> {
        self.cord.zip(self.fluid).map(|(cord, fluid)| 0.5 * (cord.median + fluid))
    }
}

/// Signal of the solid tumour and of the cord.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Median of the solid tumour on each plane of the region, evened.
    pub tumour: Vec<Option<f64>>,
    /// Median of the cord on each plane, evened.
    pub cord: Vec<Option<f64>>,
    /// Median of all the solid tumour, evened and as acquired.
    pub solid: Option<[f64; 2]>,
    /// Its largest area on a plane, mm2.
    pub solid_mm2: f64,
}

/// Masks by the names of the study table.
pub type Structures = BTreeMap<&'static str, Mask>;

/// What is known of the exam besides voxels (given).
pub const SCAN: Key<Scan> = Key::new("scan");
/// The region of the image, HU or MR units (given).
pub const IMAGE: Key<Volume<f32>> = Key::new("image");
/// What a person has marked of a tumour without outline (given).
pub const PROMPT: Key<Prompt> = Key::new("prompt");
/// The tumour on the grid of `image` (given, or made from `prompt`).
pub const TUMOUR: Key<Mask> = Key::new("tumour");
/// The structures that the study names (given).
pub const DRAWN: Key<Structures> = Key::new("drawn");
/// Points along the canal, LPS mm (given; none where nothing marks it).
pub const COURSE: Key<Vec<Vec3>> = Key::new("course");
/// Which structures were segmented here (given, and then none, where nothing was to be found).
pub const FOUND_HERE: Key<Vec<&'static str>> = Key::new("found_here");
/// The other structures of the branch on the grid of `image`, by name; those that the study names, with or without a
/// voxel, and those that were segmented here (given where nothing was to be found).
pub const STRUCTURES: Key<Structures> = Key::new("structures");
/// How far a tumour segmented here can be trusted.
pub const SEGMENTATION: Key<Agreement> = Key::new("segmentation");
/// The region on axial slices: `image` itself, or its reformat.
pub const AXIAL_IMAGE: Key<Volume<f32>> = Key::new("axial_image");
/// The tumour on axial slices.
pub const AXIAL_TUMOUR: Key<Mask> = Key::new("axial_tumour");
/// Native bone on axial slices.
pub const AXIAL_NATIVE_BONE: Key<Mask> = Key::new("axial_native_bone");
/// The other structures on axial slices, by name.
pub const AXIAL_STRUCTURES: Key<Structures> = Key::new("axial_structures");
/// Whether the outline reaches the border of the image.
pub const TOUCHES_BORDER: Key<bool> = Key::new("touches_border");
/// The slices that have a row in the slice table, upwards.
pub const SLICES: Key<Vec<Place>> = Key::new("slices");
/// The vertebral level of each of `slices`, where known.
pub const LEVELS: Key<Vec<Option<String>>> = Key::new("levels");
/// The outline on each slice that has tumour, upwards.
pub const OUTLINE: Key<Vec<SliceOutline>> = Key::new("outline");
/// The diameters of each slice of `outline`; `None` where it has no two points.
pub const DIAMETERS: Key<Vec<Option<Diameters>>> = Key::new("diameters");
/// Present only where the image shows the whole border of the lesion.
pub const WHOLE_BORDER: Key<()> = Key::new("whole_border");
/// Each slice of `outline` resampled in plane, HU.
pub const PLANES: Key<Vec<Plane<f32>>> = Key::new("planes");
/// Present only where nothing says that the densities of the image are far from HU.
pub const HU_SCALE: Key<()> = Key::new("hu_scale");
/// Mineral thresholds of the rim: the main one and the two of the sensitivity grades, HU.
pub const THRESHOLDS: Key<[f64; 3]> = Key::new("thresholds");
/// The same three for the interior, raised where contrast medium makes the lesion itself dense, HU.
pub const INTERIOR_THRESHOLDS: Key<[f64; 3]> = Key::new("interior_thresholds");
/// Metal in the slices of the lesion.
pub const METAL: Key<Metal> = Key::new("metal");
/// What does not count on each slice of `outline`: native bone and metal, on the pixels of `planes`.
pub const COUNTS: Key<Vec<Array2<Counts>>> = Key::new("counts");
/// The rim on each slice of `outline`, at the mineral threshold and at the two sensitivity thresholds.
pub const RIM: Key<[Vec<RimSlice>; 3]> = Key::new("rim");
/// Present only where a rim can be read: slices near enough to each other, and not the same bone on both sides.
pub const RIM_SLICES: Key<()> = Key::new("rim_slices");
/// The interior, at the same three thresholds.
pub const INTERIOR: Key<[Interior; 3]> = Key::new("interior");
/// The canal on each of `slices`, with the tumour that has grown into it.
pub const CANAL: Key<Vec<CanalSlice>> = Key::new("canal");
/// The cord on each plane of the region; `None` where there is none.
pub const CORD: Key<Vec<Option<CordSlice>>> = Key::new("cord");
/// The thecal sac on each plane of the region; `None` where there is none.
pub const SAC: Key<Vec<Option<CordSlice>>> = Key::new("sac");
/// Present only where the tumour is told from cord and fluid: it is outlined (given), or they were known when it was segmented.
pub const TOLD_IN_CANAL: Key<()> = Key::new("told_in_canal");
/// Present only where a person has drawn where the tumour ends in the canal.
pub const TUMOUR_OUTLINED: Key<()> = Key::new("tumour_outlined");
/// Present only where the image is T2-weighted, or nothing says that it is not: for ratios of signals.
pub const T2_RATIO: Key<()> = Key::new("t2_ratio");
/// The same, for what is told by its brightness.
pub const T2: Key<()> = Key::new("t2");
/// `axial_image` without the coil's unevenness.
pub const AXIAL_EVEN: Key<Volume<f32>> = Key::new("axial_even");
/// How bright cord and fluid are.
pub const REFERENCES: Key<References> = Key::new("references");
/// Cysts in the tumour.
pub const CYSTS: Key<Cysts> = Key::new("cysts");
/// Present only where a cyst could be told from the rest of the tumour.
pub const CYSTS_TOLD: Key<()> = Key::new("cysts_told");
/// Signal of the solid tumour and of the cord.
pub const SIGNALS: Key<Signals> = Key::new("signals");
/// How tumour and cord lie on each slice of `outline`.
pub const CONTACT: Key<Vec<Option<Contact>>> = Key::new("contact");
/// How sure the classes are, at the same three thresholds.
pub const DOUBT: Key<[Doubt; 3]> = Key::new("doubt");
