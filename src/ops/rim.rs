//! The peripheral rim: rays across the outline, each covered by bone, uncovered, or not to be judged.

use super::outline::Point;

/// What a ray shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    /// Rim bone.
    Covered,
    /// No rim bone.
    Uncovered,
    /// Cannot be judged: oblique surface, metal, border.
    Unevaluable,
}

/// A short arc of the outline, judged by the ray across it.
#[derive(Clone, Debug)]
pub struct Arc {
    /// Where the ray crosses the outline, mm.
    pub at: Point,
    /// Outward unit normal.
    pub normal: Point,
    /// Length of outline it stands for, mm.
    pub length_mm: f64,
    /// What it shows.
    pub cover: Cover,
    /// Highest density of the candidate peak, HU.
    pub peak_hu: f64,
    /// Where that peak lies, mm; inside is negative.
    pub peak_at_mm: f64,
    /// Ring of the outline it belongs to, an index into the slice's rings.
    pub ring: usize,
}

/// The rim on one slice.
#[derive(Clone, Debug)]
pub struct RimSlice {
    /// Arcs, ring after ring, in order along each.
    pub arcs: Vec<Arc>,
    /// Covered / evaluable length; `None` where nothing is evaluable.
    pub coverage: Option<f64>,
    /// Longest uncovered run, mm.
    pub gap_mm: Option<f64>,
    /// Evaluable / whole length.
    pub evaluable: f64,
    /// Length of the outline's outer rings, mm.
    pub perimeter_mm: f64,
    /// Whether the slice counts for the exam.
    pub counts: bool,
}
