//! The outline of a structure on each slice: sub-pixel rings, area, place.

use super::contour;
use crate::geometry::{Extent, Geometry, dot};
use crate::volume::traverse::each;
use crate::volume::{Mask, ends};
use ndarray::{ArrayView2, s};

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

/// A slice of the axial grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Plane of the region.
    pub plane: usize,
    /// Slice of the whole image, from 0 upwards.
    pub slice: usize,
    /// Its centre along the axial normal, LPS mm.
    pub z_mm: f64,
}

impl Place {
    /// Plane `plane` of a region whose first one is slice `first_slice`.
    pub fn new(grid: &Geometry, plane: usize, first_slice: usize) -> Self {
        let z_mm = dot(grid.to_patient([0.0, 0.0, plane as f64]), grid.axes[2]);
        Self { plane, slice: first_slice + plane, z_mm }
    }
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

impl SliceOutline {
    /// Number of separate pieces.
    pub fn pieces(&self) -> usize {
        self.rings.iter().filter(|r| !r.hole).count()
    }

    /// The rings of one piece: its outer ring, then its holes.
    pub fn piece(&self, piece: usize) -> Vec<&Ring> {
        self.rings.iter().filter(|r| r.piece == piece).collect()
    }

    /// The outer rings.
    pub fn outer(&self) -> impl Iterator<Item = (usize, &Ring)> {
        self.rings.iter().enumerate().filter(|(_, r)| !r.hole)
    }

    /// The box around all rings, mm: lowest and highest corner.
    pub fn bounds_mm(&self) -> [Point; 2] {
        let start = [[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]];
        self.rings
            .iter()
            .flat_map(|r| &r.points)
            .fold(start, |[lo, hi], p| [[lo[0].min(p[0]), lo[1].min(p[1])], [hi[0].max(p[0]), hi[1].max(p[1])]])
    }
}

/// The outline on every plane that has a voxel of the mask, upwards; `first_slice` is the whole image's slice number of
/// the mask's first plane.
pub fn outlines(mask: &Mask, first_slice: usize) -> Vec<SliceOutline> {
    each(mask.geometry().dims[2], |z| outline(mask, z, first_slice)).into_iter().flatten().collect()
}

fn outline(mask: &Mask, z: usize, first_slice: usize) -> Option<SliceOutline> {
    let plane = mask.plane(z);
    let e = tight_box(plane)?;
    let g = mask.geometry();
    let pixel_mm = [g.spacing[0], g.spacing[1]];
    let part = plane.slice(s![e.lo[1]..e.hi[1], e.lo[0]..e.hi[0]]);
    let mut rings = contour::rings(part, pixel_mm);
    for point in rings.iter_mut().flat_map(|r| &mut r.points) {
        *point = [point[0] + e.lo[0] as f64 * pixel_mm[0], point[1] + e.lo[1] as f64 * pixel_mm[1]];
    }
    let Place { plane, slice, z_mm } = Place::new(g, z, first_slice);
    let area_mm2 = part.iter().filter(|&&m| m).count() as f64 * g.pixel_area_mm2();
    Some(SliceOutline { plane, slice, z_mm, area_mm2, rings })
}

fn tight_box(plane: ArrayView2<'_, bool>) -> Option<Extent> {
    let boxes = plane.rows().into_iter().enumerate().filter_map(|(y, row)| {
        let [first, last] = ends(row.to_slice().expect("a plane of a volume is contiguous"), |&inside| inside)?;
        Some(Extent { lo: [first, y, 0], hi: [last + 1, y + 1, 1] })
    });
    boxes.reduce(|a, b| a.union(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    #[test]
    fn each_slice_with_a_voxel_has_a_row_at_its_place() {
        let mut grid = Geometry::upright([20, 20, 4], [0.5, 0.5, 3.0]);
        grid.origin = [-5.0, 7.0, 100.0];
        let mask = Mask::from_fn(grid, |[x, y, z]| (5..15).contains(&x) && (4..12).contains(&y) && (1..3).contains(&z));
        let found = outlines(&mask, 40);
        assert_eq!(
            found.iter().map(|o| (o.plane, o.slice, o.z_mm)).collect::<Vec<_>>(),
            [(1, 41, 103.0), (2, 42, 106.0)]
        );
        assert_eq!(found[0].area_mm2, 20.0);
        let [lo, hi] = found[0].bounds_mm();
        assert!((lo[0] - 2.25).abs() < 0.1 && (hi[0] - 7.25).abs() < 0.1 && (lo[1] - 1.75).abs() < 0.1);
    }
}
