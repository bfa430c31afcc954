//! How tumour and cord lie to each other on a slice: what compression and its grade are told by (method.md 1.8).

use super::chord::hull;
use super::contour::signed_area;
use super::fenced::Fenced;
use super::outline::{Point, SliceOutline};
use crate::volume::{Mask, Volume};

/// Sectors about the cord in which fluid is looked for.
const SECTORS: usize = 36;

/// The cord beside the tumour on one slice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contact {
    /// The least distance between the borders of cord and tumour, mm; infinite where the slice has no tumour.
    pub gap_mm: f64,
    /// How much of the cord's border, seen from its middle, lies within a pixel of the tumour, degrees.
    pub touching_deg: f64,
    /// Area of the cord over that of its hull.
    pub solidity: f64,
    /// The share of directions from the cord in which there is fluid.
    pub fluid: f64,
}

/// What lies in the canal beside cord and tumour.
pub struct Around<'a> {
    /// The image.
    pub image: &'a Volume<f32>,
    /// The canal with all that is in it.
    pub canal: &'a Mask,
    /// The cord.
    pub cord: &'a Mask,
    /// The tumour.
    pub tumour: &'a Mask,
    /// From this signal on a pixel is fluid.
    pub fluid_from: f64,
}

/// How a cord lies to a tumour on its slice; `None` of a cord without a border.
pub fn contact(
    cord: &SliceOutline,
    tumour: Option<&SliceOutline>,
    pixel_mm: f64,
    around: &Around<'_>,
) -> Option<Contact> {
    let ring = cord.rings.iter().find(|r| !r.hole)?;
    let middle = centroid(&ring.points);
    let fence = tumour.map(|t| Fenced::new(&t.rings));
    let off = |at: Point| fence.as_ref().map_or(f64::INFINITY, |f| f.signed_mm(at));
    let sides: Vec<(Point, Point)> = super::contour::edges(&ring.points).collect();
    let gap_mm = sides.iter().map(|s| off(s.0)).fold(f64::INFINITY, f64::min).max(0.0);
    let touching = sides.iter().filter(|s| off([0.5 * (s.0[0] + s.1[0]), 0.5 * (s.0[1] + s.1[1])]) <= pixel_mm);
    let touching_deg = touching.map(|s| angle_deg(middle, *s)).sum::<f64>();
    let area = |points: &[Point]| signed_area(points).abs();
    let solidity = area(&ring.points) / area(&hull(&ring.points)).max(f64::MIN_POSITIVE);
    Some(Contact { gap_mm, touching_deg, solidity, fluid: fluid(around, cord.plane, middle) })
}

/// The angle that a side takes up as seen from a point, degrees.
fn angle_deg([x, y]: Point, (a, b): (Point, Point)) -> f64 {
    let (u, v) = ([a[0] - x, a[1] - y], [b[0] - x, b[1] - y]);
    libm::atan2(u[0] * v[1] - u[1] * v[0], u[0] * v[0] + u[1] * v[1]).abs().to_degrees()
}

/// The centre of a ring's area.
fn centroid(points: &[Point]) -> Point {
    let mut sum = [0.0; 3];
    for (a, b) in super::contour::edges(points) {
        let doubled = a[0] * b[1] - a[1] * b[0];
        sum = [sum[0] + (a[0] + b[0]) * doubled, sum[1] + (a[1] + b[1]) * doubled, sum[2] + 3.0 * doubled];
    }
    [sum[0] / sum[2], sum[1] / sum[2]]
}

/// The share of directions from a point in which a pixel of the canal, off cord and tumour, is fluid.
fn fluid(around: &Around<'_>, plane: usize, [x, y]: Point) -> f64 {
    let [sx, sy, _] = around.canal.geometry().spacing;
    let mut seen = [false; SECTORS];
    let (cord, tumour) = (around.cord.plane(plane), around.tumour.plane(plane));
    let image = around.image.plane(plane);
    for (at, _) in around.canal.plane(plane).indexed_iter().filter(|(_, m)| **m) {
        if !cord[at] && !tumour[at] && f64::from(image[at]) >= around.fluid_from {
            let (dx, dy) = ((at.1 as f64 + 0.5) * sx - x, (at.0 as f64 + 0.5) * sy - y);
            let turn = libm::atan2(dy, dx) / std::f64::consts::TAU + 0.5;
            seen[((turn * SECTORS as f64) as usize).min(SECTORS - 1)] = true;
        }
    }
    seen.iter().filter(|&&s| s).count() as f64 / SECTORS as f64
}

#[cfg(test)]
mod tests {
    use super::super::outline::outlines;
    use super::*;
    use crate::geometry::Geometry;

    const PIXEL_MM: f64 = 0.5;

    fn mask(inside: impl Fn([f64; 2]) -> bool) -> Mask {
        let grid = Geometry::upright([100, 100, 1], [PIXEL_MM, PIXEL_MM, 3.0]);
        Mask::from_fn(grid, |[x, y, _]| inside([x, y].map(|i| (i as f64 - 49.5) * PIXEL_MM)))
    }

    /// A round cord of 10 mm in a round canal of 20 mm; the tumour fills the canal in front of a line.
    fn found(front_mm: f64, dark_from_deg: f64) -> Contact {
        let r = |p: [f64; 2]| libm::hypot(p[0], p[1]);
        let (cord, canal) = (mask(|p| r(p) < 5.0), mask(|p| r(p) < 10.0));
        let tumour = mask(|p| p[1] < -front_mm && r(p) < 16.0);
        let image = Volume::from_fn(canal.geometry().clone(), |[x, y, _]| {
            let turn = libm::atan2(y as f64 - 49.5, x as f64 - 49.5).to_degrees() + 180.0;
            if turn < dark_from_deg { 700.0 } else { 100.0 }
        });
        let around = Around { image: &image, canal: &canal, cord: &cord, tumour: &tumour, fluid_from: 500.0 };
        contact(&outlines(&cord, 0)[0], outlines(&tumour, 0).first(), PIXEL_MM, &around).unwrap()
    }

    #[test]
    fn a_gap_is_a_gap_and_contact_has_its_angle() {
        let apart = found(7.0, 360.0);
        assert!((apart.gap_mm - 2.0).abs() < 0.3 && apart.touching_deg == 0.0, "{apart:?}");
        // Within a pixel of the line 4.6 mm off: the border lower than 4.1 mm, 2 acos(4.1 / 5) = 70 degrees.
        let near = found(4.6, 360.0);
        assert!((near.touching_deg - 70.0).abs() < 12.0 && near.gap_mm == 0.0, "{near:?}");
        assert!((near.solidity - 1.0).abs() < 0.02);
    }

    #[test]
    fn fluid_is_seen_where_it_is() {
        assert_eq!(found(30.0, 360.0).fluid, 1.0);
        assert_eq!(found(30.0, 0.0).fluid, 0.0);
        // A sector more where it begins within a pixel.
        assert!((found(30.0, 90.0).fluid - 0.25).abs() < 0.06);
        let beside = found(4.6, 360.0).fluid;
        assert!(beside > 0.6 && beside < 0.9, "none behind the tumour: {beside}");
    }
}
