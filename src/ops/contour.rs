//! Sub-pixel rings of a binary plane: a smoothed field that still agrees with every pixel, cut at one half.

use super::outline::{Point, Ring};
use ndarray::{Array2, ArrayView2};

/// Width of the smoothing that turns stairs into a curve, pixels. Mean error of the largest chord against the drawn
/// polygon on the 567 slices of `yuan24`: 1.0 gives 0.122 mm (bias 0.10), 1.25 gives 0.091 (0.04). On 120 other random
/// outlines (radius 12 to 40 mm, 0.5 to 0.9 mm pixels) 0.5 gives 0.23, 1.0 gives 0.11, 1.5 gives 0.18: wider begins to
/// round small bumps off.
const SMOOTHING_PX: f64 = 1.25;

/// How far from one half the field stays at a pixel's centre, so that each pixel keeps its side of the ring.
const KEEP_SIDE: f64 = 0.02;

/// Rings of a binary plane, in-plane mm (`pixel_mm` along x and y, 0 at the centre of pixel (0, 0)).
///
/// Outer rings anticlockwise, each hole clockwise and numbered with the piece that holds it; pieces by falling area.
pub fn rings(mask: ArrayView2<'_, bool>, pixel_mm: [f64; 2]) -> Vec<Ring> {
    let loops = march(&smooth_field(mask));
    sort_into_pieces(loops.iter().map(|l| place(l, pixel_mm)).collect())
}

/// The padded mask, smoothed, and held to its side of one half at every pixel.
fn smooth_field(mask: ArrayView2<'_, bool>) -> Array2<f64> {
    let (ny, nx) = mask.dim();
    let padded = Array2::from_shape_fn((ny + 2 * PAD, nx + 2 * PAD), |(y, x)| {
        let inside = y >= PAD && x >= PAD && y < ny + PAD && x < nx + PAD;
        if inside && mask[(y - PAD, x - PAD)] { 1.0 } else { 0.0 }
    });
    let mut field = transposed(&blur_rows(&transposed(&blur_rows(&padded))));
    field.zip_mut_with(&padded, |f, &m| {
        *f = if m > 0.5 { f.max(0.5 + KEEP_SIDE) } else { f.min(0.5 - KEEP_SIDE) };
    });
    field
}

fn transposed(plane: &Array2<f64>) -> Array2<f64> {
    plane.t().as_standard_layout().into_owned()
}

/// Empty pixels around the plane: the smoothing reaches three of its widths.
const PAD: usize = 5;

/// Gaussian along each row.
fn blur_rows(plane: &Array2<f64>) -> Array2<f64> {
    let weights: [f64; PAD] = std::array::from_fn(|k| libm::exp(-0.5 * (k as f64 / SMOOTHING_PX).powi(2)));
    let total = weights[0] + 2.0 * weights[1..].iter().sum::<f64>();
    let nx = plane.ncols();
    let mut blurred = Array2::zeros(plane.dim());
    let mut padded = vec![0.0; nx + 2 * PAD];
    for (row, mut blurred) in plane.rows().into_iter().zip(blurred.rows_mut()) {
        padded[PAD..PAD + nx].copy_from_slice(row.as_slice().expect("rows are contiguous"));
        for (x, out) in blurred.iter_mut().enumerate() {
            let near: &[f64; 2 * PAD + 1] = padded[x..].first_chunk().expect("there is padding on both sides");
            let side = |k: usize| near[PAD + k] + near[PAD - k];
            *out = (weights[0] * near[PAD] + (1..PAD).map(|k| weights[k] * side(k)).sum::<f64>()) / total;
        }
    }
    blurred
}

/// An edge of the pixel grid that a ring crosses: from pixel (x, y) to its right (`false`) or upper (`true`) neighbour.
type Edge = (usize, usize, bool);

/// Closed loops of the half level, in padded pixel coordinates, the inside on the left.
fn march(field: &Array2<f64>) -> Vec<Vec<Point>> {
    let mut next = std::collections::BTreeMap::<Edge, Edge>::new();
    let (ny, nx) = field.dim();
    let is_inside = |y: usize, x: usize| field[(y, x)] > 0.5;
    for y in 0..ny - 1 {
        let mut right = is_inside(y, 0) as u8 + is_inside(y + 1, 0) as u8;
        for x in 0..nx - 1 {
            let left = right;
            right = is_inside(y, x + 1) as u8 + is_inside(y + 1, x + 1) as u8;
            // Most cells lie wholly on one side.
            if left + right == 0 || left + right == 4 {
                continue;
            }
            for (from, to) in cell_segments(field, x, y) {
                next.insert(from, to);
            }
        }
    }
    let mut loops = Vec::new();
    while let Some((&start, _)) = next.first_key_value() {
        let mut points = Vec::new();
        let mut edge = start;
        while let Some(to) = next.remove(&edge) {
            points.push(crossing(field, edge));
            edge = to;
        }
        loops.push(points);
    }
    loops
}

/// Segments of one cell, each from the edge it comes from to the edge it goes to, the inside on its left.
///
/// Walking the corners anticlockwise, a segment comes from the edge where we step outside and goes to the edge where
/// that run of inner corners began; at a saddle whose mean is inside it goes round the outer corner instead.
fn cell_segments(field: &Array2<f64>, x: usize, y: usize) -> impl Iterator<Item = (Edge, Edge)> {
    let corners = [field[(y, x)], field[(y, x + 1)], field[(y + 1, x + 1)], field[(y + 1, x)]];
    let inside = corners.map(|c| c > 0.5);
    let edges: [Edge; 4] = [(x, y, false), (x + 1, y, true), (x, y + 1, false), (x, y, true)];
    let saddle = inside[0] == inside[2] && inside[1] == inside[3] && inside[0] != inside[1];
    let joined = saddle && corners.iter().sum::<f64>() > 2.0;
    (0..4).filter(move |&k| inside[k] && !inside[(k + 1) % 4]).filter_map(move |k| {
        let back = if joined { Some(3) } else { (1..4).find(|&s| !inside[(k + 4 - s) % 4]) };
        back.map(|s| (edges[k], edges[(k + 4 - s) % 4]))
    })
}

/// Where the half level crosses an edge, linear between its two pixels.
fn crossing(field: &Array2<f64>, (x, y, up): Edge) -> Point {
    let a = field[(y, x)];
    let b = if up { field[(y + 1, x)] } else { field[(y, x + 1)] };
    let t = (0.5 - a) / (b - a);
    if up { [x as f64, y as f64 + t] } else { [x as f64 + t, y as f64] }
}

/// Padded pixel coordinates to in-plane mm.
fn place(points: &[Point], pixel_mm: [f64; 2]) -> Vec<Point> {
    points.iter().map(|p| [(p[0] - PAD as f64) * pixel_mm[0], (p[1] - PAD as f64) * pixel_mm[1]]).collect()
}

/// Outer loops by falling area, each followed by its holes.
fn sort_into_pieces(loops: Vec<Vec<Point>>) -> Vec<Ring> {
    let (mut outer, holes): (Vec<_>, Vec<_>) = loops.into_iter().partition(|l| signed_area(l) > 0.0);
    outer.sort_by(|a, b| signed_area(b).total_cmp(&signed_area(a)));
    let mut rings: Vec<Ring> = holes
        .into_iter()
        .map(|points| {
            // The smallest outer loop around it: a piece may lie in the hole of another.
            let piece = outer.iter().rposition(|o| contains(o, points[0])).unwrap_or(0);
            Ring { points, piece, hole: true }
        })
        .collect();
    rings.extend(outer.into_iter().enumerate().map(|(piece, points)| Ring { points, piece, hole: false }));
    rings.sort_by_key(|r| (r.piece, r.hole));
    rings
}

/// `1/2 sum (x_i y_{i+1} - x_{i+1} y_i)`, mm2; positive when anticlockwise.
pub fn signed_area(points: &[Point]) -> f64 {
    edges(points).map(|(p, q)| p[0] * q[1] - q[0] * p[1]).sum::<f64>() / 2.0
}

/// The closed polygon's edges, the last one back to the first point.
pub fn edges(points: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    (0..points.len()).map(|i| (points[i], points[(i + 1) % points.len()]))
}

/// Where an edge crosses the line at `y` along x, if it does; of its ends it has only the lower one.
pub fn crossing_x((p, q): (Point, Point), y: f64) -> Option<f64> {
    ((p[1] > y) != (q[1] > y)).then(|| p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0]))
}

/// Whether a point lies inside a closed polygon (crossing number).
pub fn contains(points: &[Point], at: Point) -> bool {
    edges(points).filter(|&e| crossing_x(e, at[1]).is_some_and(|x| at[0] < x)).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disc(radius_mm: f64, pixel_mm: f64, centre: Point) -> Array2<bool> {
        let n = (2.4 * radius_mm / pixel_mm) as usize + 4;
        Array2::from_shape_fn((n, n), |(y, x)| {
            let d = [x as f64 * pixel_mm - centre[0], y as f64 * pixel_mm - centre[1]];
            d[0] * d[0] + d[1] * d[1] < radius_mm * radius_mm
        })
    }

    #[test]
    fn a_disc_has_its_area_wherever_it_lies() {
        for k in 0..20 {
            let centre = [24.0 + 0.037 * k as f64, 24.3 - 0.051 * k as f64];
            let rings = rings(disc(20.0, 0.7, centre).view(), [0.7, 0.7]);
            assert_eq!(rings.len(), 1);
            let exact = std::f64::consts::PI * 400.0;
            // Smoothing narrows a disc by sigma^2 / 2R = 0.02 mm all round, 2.4 mm2; the pixels are good for as much.
            assert!((signed_area(&rings[0].points) - exact).abs() < 6.0);
        }
    }

    #[test]
    fn every_pixel_keeps_its_side() {
        let mask = Array2::from_shape_fn((9, 9), |(y, x)| (x * 7 + y * 13 + x * y) % 3 == 0);
        let rings = rings(mask.view(), [1.0, 1.0]);
        for ((y, x), &m) in mask.indexed_iter() {
            let around = rings.iter().filter(|r| contains(&r.points, [x as f64, y as f64])).count();
            assert_eq!(around % 2 == 1, m, "pixel {x},{y}");
        }
    }

    #[test]
    fn a_hole_belongs_to_its_piece() {
        let mask = Array2::from_shape_fn((30, 30), |(y, x)| {
            let ring = |c: f64, lo: f64, hi: f64| {
                let d = libm::hypot(x as f64 - c, y as f64 - c);
                d >= lo && d < hi
            };
            ring(10.0, 4.0, 9.0) || ring(25.0, 0.0, 3.0)
        });
        let found: Vec<(usize, bool)> = rings(mask.view(), [1.0, 1.0]).iter().map(|r| (r.piece, r.hole)).collect();
        assert_eq!(found, [(0, false), (0, true), (1, false)]);
    }

    #[test]
    fn a_single_pixel_has_a_ring() {
        let mask = Array2::from_shape_fn((3, 3), |i| i == (1, 1));
        assert_eq!(rings(mask.view(), [1.0, 1.0]).len(), 1);
    }
}
