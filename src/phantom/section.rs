//! Plane sections of the true lesion: rings traced on the fine plane, their area, length and diameter.

use std::collections::BTreeMap;

/// A point in a slice plane, LPS mm.
pub type Point = [f64; 2];

/// A closed curve; the last point joins the first. Lesion on its left: outer rings anticlockwise in (x, y).
pub type Ring = Vec<Point>;

/// A regular grid of points in a slice plane.
#[derive(Clone, Copy, Debug)]
pub struct PlaneGrid {
    /// First point, mm.
    pub corner: Point,
    /// Distance between neighbours, mm.
    pub step_mm: f64,
    /// Points along x and y.
    pub size: [usize; 2],
}

impl PlaneGrid {
    /// The grid of `step_mm` over the square about `centre`.
    pub fn about(centre: Point, radius_mm: f64, step_mm: f64) -> Self {
        let n = 2 * libm::ceil(radius_mm / step_mm) as usize + 3;
        let half = 0.5 * (n - 1) as f64 * step_mm;
        Self { corner: centre.map(|c| c - half), step_mm, size: [n; 2] }
    }

    /// A point of the grid.
    pub fn at(&self, x: usize, y: usize) -> Point {
        [self.corner[0] + x as f64 * self.step_mm, self.corner[1] + y as f64 * self.step_mm]
    }

    /// All its points, row by row.
    pub fn points(&self) -> impl Iterator<Item = Point> + '_ {
        (0..self.size[1]).flat_map(move |y| (0..self.size[0]).map(move |x| self.at(x, y)))
    }

    /// Indices of the points within `radius_mm` of the box from `a` to `b`, row by row.
    pub fn near(&self, a: Point, b: Point, radius_mm: f64) -> impl Iterator<Item = (usize, usize)> {
        let range = |k: usize| {
            let to_index = |mm: f64| (mm - self.corner[k]) / self.step_mm;
            let lo = libm::ceil(to_index(a[k].min(b[k]) - radius_mm)).max(0.0) as usize;
            let hi = libm::floor(to_index(a[k].max(b[k]) + radius_mm)).min(self.size[k] as f64 - 1.0);
            lo..(hi + 1.0).max(0.0) as usize
        };
        let (xs, ys) = (range(0), range(1));
        ys.flat_map(move |y| xs.clone().map(move |x| (x, y)))
    }
}

/// Traces `value > 0` (points of `grid`, x fastest) by marching squares with linear crossings.
pub fn trace(grid: &PlaneGrid, value: &[f64]) -> Vec<Ring> {
    let mut next = BTreeMap::new();
    for y in 0..grid.size[1] - 1 {
        for x in 0..grid.size[0] - 1 {
            link_cell(grid, value, [x, y], &mut next);
        }
    }
    let mut rings = Vec::new();
    while let Some((&first, _)) = next.first_key_value() {
        let mut ring = Vec::new();
        let mut edge = first;
        while let Some(to) = next.remove(&edge) {
            ring.push(crossing(grid, value, edge));
            edge = to;
        }
        rings.push(ring);
    }
    rings
}

/// A grid edge: its lower point and whether it runs along y.
type Edge = ([usize; 2], bool);

/// Links where the border enters each of a cell's edges to where it leaves, lesion on the left.
fn link_cell(grid: &PlaneGrid, value: &[f64], [x, y]: [usize; 2], next: &mut BTreeMap<Edge, Edge>) {
    let corner = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]];
    let edges: [Edge; 4] = [(corner[0], false), (corner[1], true), (corner[3], false), (corner[0], true)];
    let v = corner.map(|[x, y]| value[y * grid.size[0] + x]);
    let inside = v.map(|v| v > 0.0);
    let joined = v.iter().sum::<f64>() > 0.0;
    for e in (0..4).filter(|&e| inside[e] && !inside[(e + 1) % 4]) {
        let ends = |k: usize| !inside[k] && inside[(k + 1) % 4];
        let turn = if joined { [1, 2, 3] } else { [3, 2, 1] };
        let end = turn.map(|t| (e + t) % 4).into_iter().find(|&k| ends(k));
        next.insert(edges[e], edges[end.expect("a border that enters a cell leaves it")]);
    }
}

/// Where the border crosses a grid edge.
fn crossing(grid: &PlaneGrid, value: &[f64], ([x, y], upward): Edge) -> Point {
    let at = |x: usize, y: usize| value[y * grid.size[0] + x];
    let other = if upward { at(x, y + 1) } else { at(x + 1, y) };
    let t = at(x, y) / (at(x, y) - other) * grid.step_mm;
    let [px, py] = grid.at(x, y);
    if upward { [px, py + t] } else { [px + t, py] }
}

/// The sides of a ring.
pub fn sides(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()]))
}

/// Distance between two points, mm.
pub fn distance_mm(a: Point, b: Point) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    (x * x + y * y).sqrt()
}

/// Distance from a point to a side, mm.
pub fn distance_to_side_mm(p: Point, (a, b): (Point, Point)) -> f64 {
    let (d, q) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length2 = d[0] * d[0] + d[1] * d[1];
    let t = if length2 > 0.0 { ((q[0] * d[0] + q[1] * d[1]) / length2).clamp(0.0, 1.0) } else { 0.0 };
    distance_mm(p, [a[0] + t * d[0], a[1] + t * d[1]])
}

/// Area within the rings, holes taken off, mm2.
pub fn area_mm2(rings: &[Ring]) -> f64 {
    let doubled = |ring: &Ring| sides(ring).map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum::<f64>();
    0.5 * rings.iter().map(doubled).sum::<f64>()
}

/// Largest distance between two points of one ring, by trying all pairs, mm.
pub fn diameter_mm(rings: &[Ring]) -> f64 {
    widest(rings).map_or(0.0, |(a, b)| distance_mm(a, b))
}

/// The two points of one ring that lie farthest apart, by trying all pairs.
pub fn widest(rings: &[Ring]) -> Option<(Point, Point)> {
    let pairs = |ring: &'_ Ring| -> Vec<(Point, Point)> {
        let farthest = |i: usize| {
            let apart = |q: &&Point| distance_mm(ring[i], **q);
            let other = ring[i + 1..].iter().max_by(|p, q| apart(p).total_cmp(&apart(q)));
            other.map(|&q| (ring[i], q))
        };
        (0..ring.len()).filter_map(farthest).collect()
    };
    let all = rings.iter().flat_map(pairs);
    all.max_by(|a, b| distance_mm(a.0, a.1).total_cmp(&distance_mm(b.0, b.1)))
}

/// Where the rings cross the line at height `y`, in ascending x: even-odd, inside between the 1st and 2nd and so on.
pub fn crossings(rings: &[Ring], y: f64) -> Vec<f64> {
    let cross = |(a, b): (Point, Point)| {
        ((a[1] <= y) != (b[1] <= y)).then(|| a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
    };
    let mut xs: Vec<f64> = rings.iter().flat_map(|r| sides(r)).filter_map(cross).collect();
    xs.sort_by(f64::total_cmp);
    xs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traced(f: impl Fn(Point) -> f64) -> Vec<Ring> {
        let grid = PlaneGrid::about([3.0, -2.0], 15.0, 0.5);
        let points = (0..grid.size[1]).flat_map(|y| (0..grid.size[0]).map(move |x| grid.at(x, y)));
        trace(&grid, &points.map(f).collect::<Vec<_>>())
    }

    #[test]
    fn a_disk_has_its_area_and_diameter() {
        let rings = traced(|p| 12.0 - distance_mm(p, [3.1, -1.8]));
        assert_eq!(rings.len(), 1);
        assert!((area_mm2(&rings) - std::f64::consts::PI * 144.0).abs() < 0.5);
        assert!((diameter_mm(&rings) - 24.0).abs() < 0.01);
    }

    #[test]
    fn a_hole_is_taken_off() {
        let rings = traced(|p| 3.0 - (distance_mm(p, [3.0, -2.0]) - 8.0).abs());
        assert_eq!(rings.len(), 2);
        assert!((area_mm2(&rings) - std::f64::consts::PI * (121.0 - 25.0)).abs() < 0.6);
        assert_eq!(crossings(&rings, -2.03).len(), 4);
    }

    #[test]
    fn points_near_a_side_are_all_found() {
        let grid = PlaneGrid::about([0.0, 0.0], 5.0, 0.5);
        let near: Vec<_> = grid.near([0.0, 0.0], [1.0, 0.0], 1.0).collect();
        assert_eq!(near.len(), 7 * 5);
        assert!((distance_to_side_mm([2.0, 1.0], ([0.0, 0.0], [1.0, 0.0])) - 2.0_f64.sqrt()).abs() < 1e-12);
    }
}
