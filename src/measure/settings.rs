//! The parameters that can change a number, section by section as in `configs/default.toml`, which gives every default and its source.

use crate::ops::{interior, rim};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything in the configuration that can change a number; part of each record's content key.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Grids.
    pub resample: Resample,
    /// Thresholds of density on CT.
    pub density: Density,
    /// The peripheral rim.
    pub rim: rim::Rules,
    /// Bone inside the lesion.
    pub interior: interior::Rules,
    /// Classes and their bands.
    pub grade: Grade,
    /// What structures are called in DICOM files.
    pub structures: Patterns,
}

/// `[structures]`: for each structure the names, with `*`, that its segments and regions have in DICOM files.
pub type Patterns = BTreeMap<String, Vec<String>>;

/// On which grid things are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResampleMode {
    /// Contours, rays and fractions on the acquired pixels.
    Native,
    /// On the region resampled in plane (the default).
    Inplane,
    /// On the region resampled to cubes of `inplane_mm`.
    Isotropic,
}

/// How an outline is brought onto the slices of a reformat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskWay {
    /// A voxel is inside where the nearest voxel of the outline's grid is.
    Nearest,
    /// By distance to the border, linear between voxels (the default).
    Distance,
    /// Inside where at least half of the voxel is.
    Partial,
}

/// `[resample]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Resample {
    /// Which grid.
    pub mode: ResampleMode,
    /// Pixel of the resampled plane, mm.
    pub inplane_mm: f64,
    /// Slice distance of an axial reformat, mm.
    pub slice_mm: f64,
    /// How the outline comes onto a reformat or onto cubes.
    pub mask: MaskWay,
    /// Whether detail that a coarser reformat or cubes cannot hold is smoothed away first.
    pub antialias: bool,
    /// A stack within this angle of axial is measured on its own slices, degrees.
    pub axial_within_deg: f64,
}

/// `[density]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Density {
    /// Mineral threshold at 120 kV, HU.
    pub mineral_hu: f64,
    /// Thresholds of the two sensitivity grades, HU.
    pub sensitivity_hu: [f64; 2],
    /// Metal, HU.
    pub metal_hu: f64,
    /// How far around metal rays are not used, mm.
    pub metal_margin_mm: f64,
    /// Rays where tissue strays this many times as far as in slices without metal are not used.
    pub streak_ratio: f64,
}

/// `[grade]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// Coverage below this is no rim.
    pub rim_none_below: f64,
    /// Coverage from this on may be a complete rim.
    pub rim_complete_from: f64,
    /// A complete rim is closed to `rim_complete_from` on this share of slices.
    pub rim_complete_slices: f64,
    /// A complete rim has a median longest gap of at most this, mm ...
    pub rim_max_gap_mm: f64,
    /// ... or of this share of the perimeter.
    pub rim_max_gap_share: f64,
    /// Coverage within this band of a limit is borderline.
    pub rim_borderline: [[f64; 2]; 2],
    /// A fraction within this band is borderline.
    pub half_borderline: [f64; 2],
}
