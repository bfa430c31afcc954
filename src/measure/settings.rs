//! The parameters that can change a number, section by section as in `configs/default.toml`, which gives every default and its source.

use serde::{Deserialize, Serialize};

/// Everything in the configuration that can change a number; part of each record's content key.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Grids.
    pub resample: Resample,
    /// Thresholds of density on CT.
    pub density: Density,
    /// The peripheral rim.
    pub rim: Rim,
    /// Bone inside the lesion.
    pub interior: Interior,
    /// Classes and their bands.
    pub grade: Grade,
}

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
}

/// `[rim]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rim {
    /// Where along a ray a rim peak may lie, mm; inside the outline is negative.
    pub window_mm: [f64; 2],
    /// A peak counts from this far below the mineral threshold on, HU.
    pub peak_below_hu: f64,
    /// Distance of rays along the outline, mm.
    pub arc_step_mm: f64,
    /// Distance of samples along a ray, mm.
    pub ray_step_mm: f64,
    /// Gaps up to this length are closed, mm.
    pub close_gap_mm: f64,
    /// Runs shorter than this are dropped, mm.
    pub min_run_mm: f64,
    /// Rays where slice thickness x tan(surface tilt) exceeds this are not evaluable, mm.
    pub max_slice_smear_mm: f64,
    /// A slice counts if at least this share of its perimeter is evaluable.
    pub min_evaluable: f64,
    /// A slice counts from this area on, mm2.
    pub min_area_mm2: f64,
    /// A case needs this many slices that count.
    pub min_slices: usize,
}

/// `[interior]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Interior {
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
