//! What of a slice does not depend on the mineral threshold: its pixels, which of them lie inside the outline, how deep.

use super::{Counts, Rules, Source, marrow};
use crate::ops::contour::{crossing_x, edges};
use crate::ops::distance::{Nearest, to_outside_mm};
use crate::ops::outline::SliceOutline;
use crate::ops::plane::Plane;
use crate::ops::rim::RimSlice;
use ndarray::{Array2, s};
use std::ops::Range;

/// A slice cut to its outline.
pub struct Section {
    /// Plane of the region it lies in.
    pub plane: usize,
    /// Its pixels, HU.
    pub hu: Plane<f32>,
    /// What counts of it.
    pub counts: Array2<Counts>,
    /// Inside the outline.
    pub inside: Array2<bool>,
    /// Depth below the outline as drawn, mm; 0 outside.
    pub outline_mm: Array2<f32>,
    /// Means of small squares of marrow around the outline, HU.
    pub marrow_hu: Vec<f64>,
    /// The ray of the slice that crosses the outline nearest to each pixel.
    pub ray: Array2<u32>,
    /// Depth from which tissue is interior, mm.
    pub peel_mm: f64,
}

/// Pixels kept around the outline: more than partial pixels are counted beyond it.
const MARGIN_PX: usize = 3;

impl Section {
    /// Slice k; `rim` gives the rays, whatever they show.
    pub fn new(source: &Source<'_>, rim: &RimSlice, rules: &Rules, k: usize) -> Self {
        let (outline, plane) = (&source.outlines[k], &source.planes[k]);
        let [rows, columns] = window(outline, plane);
        let [left, front] = plane.at(columns.start, rows.start);
        let cut = s![rows, columns];
        let pixels = plane.pixels.slice(cut).to_owned();
        let hu = Plane { pixels, corner_mm: [left, front], pixel_mm: plane.pixel_mm };
        let filled = fill(outline, plane);
        let inside = filled.slice(cut).to_owned();
        // The border runs about half a pixel before the nearest centre outside.
        let depth = |mm: f64| (mm - plane.pixel_mm[0] / 2.0).max(0.0) as f32;
        let outline_mm = to_outside_mm(inside.view(), plane.pixel_mm).mapv(depth);
        Self {
            plane: outline.plane,
            counts: source.counts[k].slice(cut).to_owned(),
            marrow_hu: marrow::squares(plane, &filled),
            inside,
            outline_mm,
            ray: nearest_rays(rim, &hu),
            peel_mm: rules.peel_of(outline.area_mm2),
            hu,
        }
    }

    /// Rows and columns that another section has in common with this one: where they begin in either, and how many.
    pub fn common(&self, other: &Self) -> [[usize; 3]; 2] {
        [1, 0].map(|a| {
            let by = ((other.hu.corner_mm[a] - self.hu.corner_mm[a]) / self.hu.pixel_mm[a]).round() as isize;
            let (here, there) = (by.max(0) as usize, (-by).max(0) as usize);
            let length = |section: &Self| section.hu.pixels.shape()[1 - a];
            [here, there, length(self).saturating_sub(here).min(length(other).saturating_sub(there))]
        })
    }
}

/// Rows and columns of a plane about its outline.
fn window(outline: &SliceOutline, plane: &Plane<f32>) -> [Range<usize>; 2] {
    let [lo, hi] = outline.bounds_mm();
    [1, 0].map(|a| {
        let n = plane.pixels.shape()[1 - a];
        let pixel = |mm: f64| ((mm - plane.corner_mm[a]) / plane.pixel_mm[a]).max(0.0);
        let first = (pixel(lo[a]).floor() as usize).saturating_sub(MARGIN_PX).min(n);
        first..(pixel(hi[a]).ceil() as usize + MARGIN_PX + 1).clamp(first, n)
    })
}

/// Pixels whose centre lies inside the rings: crossings of each pixel row with every ring, filled between pairs.
fn fill(outline: &SliceOutline, plane: &Plane<f32>) -> Array2<bool> {
    let (ny, nx) = plane.pixels.dim();
    let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); ny];
    for edge in outline.rings.iter().flat_map(|r| edges(&r.points)) {
        let (low, high) = (edge.0[1].min(edge.1[1]), edge.0[1].max(edge.1[1]));
        let row = |mm: f64| ((mm - plane.corner_mm[1]) / plane.pixel_mm[1]).max(0.0) as usize;
        let first = row(low).min(ny);
        let rows = first..(row(high) + 2).clamp(first, ny);
        for (y, crossings) in rows.clone().zip(&mut crossings[rows]) {
            crossings.extend(crossing_x(edge, plane.at(0, y)[1]));
        }
    }
    let mut inside = Array2::from_elem((ny, nx), false);
    let column = |mm: f64| (((mm - plane.corner_mm[0]) / plane.pixel_mm[0]).ceil().max(0.0) as usize).min(nx);
    for (mut row, mut crossings) in inside.rows_mut().into_iter().zip(crossings) {
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            row.slice_mut(s![column(pair[0])..column(pair[1]).max(column(pair[0]))]).fill(true);
        }
    }
    inside
}

/// For each pixel the nearest ray, by the pixel in which it crosses the outline.
fn nearest_rays(rim: &RimSlice, plane: &Plane<f32>) -> Array2<u32> {
    let mut owner = Array2::from_elem(plane.pixels.dim(), u32::MAX);
    for (i, arc) in rim.arcs.iter().enumerate() {
        let [x, y] = [0, 1].map(|a| ((arc.at[a] - plane.corner_mm[a]) / plane.pixel_mm[a]).round().max(0.0) as usize);
        if let Some(pixel) = owner.get_mut((y, x)) {
            *pixel = (*pixel).min(i as u32);
        }
    }
    let nearest = Nearest::of(owner.mapv(|o| o < u32::MAX).view(), plane.pixel_mm);
    nearest.at.mapv(|(y, x)| owner[(y as usize, x as usize)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::contour::rings;
    use ndarray::Array2;

    #[test]
    fn a_filled_outline_with_a_hole_is_the_mask_it_came_from() {
        let mask = Array2::from_shape_fn((40, 50), |(y, x)| {
            let r = libm::hypot(x as f64 - 24.0, y as f64 - 20.0);
            (5.0..15.0).contains(&r)
        });
        let rings = rings(mask.view(), [0.5, 0.5]);
        let outline = SliceOutline { plane: 0, slice: 0, z_mm: 0.0, area_mm2: 0.0, rings };
        let plane = Plane { pixels: Array2::zeros((40, 50)), corner_mm: [0.0, 0.0], pixel_mm: [0.5, 0.5] };
        assert_eq!(fill(&outline, &plane), mask);
        let [rows, columns] = window(&outline, &plane);
        assert!(rows.start <= 3 && rows.end >= 37 && columns.start <= 7 && columns.end >= 41, "{rows:?} {columns:?}");
    }
}
