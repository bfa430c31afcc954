//! Bone inside the lesion: the share of mineral in what lies deeper than the peel.

use super::plane::Plane;

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
