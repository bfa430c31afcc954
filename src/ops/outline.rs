//! The outline of a structure on each slice: sub-pixel rings, area, place.

/// A point in the slice plane, mm; see [`super::plane::Plane`].
pub type Point = [f64; 2];

/// A closed curve; the last point joins the first. Outer rings run anticlockwise in (x, y), holes clockwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// Its corners, mm.
    pub points: Vec<Point>,
    /// Which connected piece of the slice it bounds, 0 the largest.
    pub piece: usize,
    /// Whether it bounds a hole.
    pub hole: bool,
}

/// The outline on one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct SliceOutline {
    /// Plane of the region.
    pub plane: usize,
    /// Slice of the whole image, from 0 upwards.
    pub slice: usize,
    /// Centre along the axial normal, LPS mm.
    pub z_mm: f64,
    /// Area of the outline's voxels, mm2.
    pub area_mm2: f64,
    /// Rings of all pieces.
    pub rings: Vec<Ring>,
}
