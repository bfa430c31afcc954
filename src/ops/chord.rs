//! Diameters of an outline: the longest chord, the longest across it, the longest in space.

use super::contour::{crossing_x, edges};
use super::outline::{Point, Ring, SliceOutline};

/// A straight line between two points of an outline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chord {
    /// One end, mm.
    pub from: Point,
    /// The other end, mm.
    pub to: Point,
}

/// Half the angle within which the short axis may lean away from the perpendicular, degrees (method.md 1.1).
const SHORT_AXIS_LEAN_DEG: f64 = 5.0;

impl Chord {
    /// `|to - from|`, mm.
    pub fn length_mm(&self) -> f64 {
        libm::hypot(self.to[0] - self.from[0], self.to[1] - self.from[1])
    }

    /// Share of the chord that lies inside the rings of one piece, by 200 points along it.
    pub fn share_inside(&self, rings: &[&Ring]) -> f64 {
        const POINTS: usize = 200;
        let at: [Point; POINTS] = std::array::from_fn(|k| {
            let t = (k as f64 + 0.5) / POINTS as f64;
            [self.from[0] + t * (self.to[0] - self.from[0]), self.from[1] + t * (self.to[1] - self.from[1])]
        });
        let mut inside = [false; POINTS];
        // The points rise or fall evenly: an edge meets a run of them.
        let falls = self.to[1] < self.from[1];
        let reached = |y: f64| at.partition_point(|p| if falls { p[1] >= y } else { p[1] < y });
        for (p, q) in rings.iter().flat_map(|ring| edges(&ring.points)) {
            let ends = [reached(p[1]), reached(q[1])];
            for k in ends[0].min(ends[1])..ends[0].max(ends[1]) {
                inside[k] ^= crossing_x((p, q), at[k][1]).is_some_and(|x| at[k][0] < x);
            }
        }
        inside.iter().filter(|&&inside| inside).count() as f64 / POINTS as f64
    }
}

/// The diameters of the outline on one slice.
#[derive(Clone, Debug, PartialEq)]
pub struct Diameters {
    /// The longest chord within one piece.
    pub long: Chord,
    /// Which piece that is.
    pub piece: usize,
    /// The longest chord across it, in the same piece.
    pub short: Option<Chord>,
    /// Share of `long` that lies inside the piece.
    pub share_inside: f64,
}

/// The diameters of a slice's outline; `None` where it has no two points.
pub fn diameters(outline: &SliceOutline) -> Option<Diameters> {
    let chords = outline.outer().filter_map(|(_, ring)| longest(&ring.points).map(|chord| (chord, ring)));
    let (long, ring) = chords.max_by(|a, b| a.0.length_mm().total_cmp(&b.0.length_mm()))?;
    let share_inside = long.share_inside(&outline.piece(ring.piece));
    Some(Diameters { long, piece: ring.piece, short: across(&ring.points, &long), share_inside })
}

/// `max |p - q|` over the points; `None` for fewer than two.
///
/// All pairs of corners of the hull, not rotating calipers: on points of a pixel grid edges are parallel but for rounding,
/// and calipers then pass by the corner that is farthest.
pub fn longest(points: &[Point]) -> Option<Chord> {
    farthest(&hull(points)).map(|[from, to]| Chord { from, to })
}

/// The longest chord between two points that lies within 5 degrees of perpendicular to `main`.
pub fn across(points: &[Point], main: &Chord) -> Option<Chord> {
    let length = main.length_mm();
    let along = [(main.to[0] - main.from[0]) / length, (main.to[1] - main.from[1]) / length];
    let lean = libm::sin(SHORT_AXIS_LEAN_DEG.to_radians());
    let mut best: Option<(f64, Chord)> = None;
    for (i, &p) in points.iter().enumerate() {
        for &q in &points[i + 1..] {
            let d = [q[0] - p[0], q[1] - p[1]];
            let squared = d[0] * d[0] + d[1] * d[1];
            let drift = d[0] * along[0] + d[1] * along[1];
            if drift * drift <= lean * lean * squared && best.is_none_or(|(s, _)| squared > s) {
                best = Some((squared, Chord { from: p, to: q }));
            }
        }
    }
    best.map(|(_, chord)| chord)
}

/// The two points that are farthest apart, in a plane or in space.
pub fn farthest<const N: usize>(points: &[[f64; N]]) -> Option<[[f64; N]; 2]> {
    let centre: [f64; N] = std::array::from_fn(|a| points.iter().map(|p| p[a]).sum::<f64>() / points.len() as f64);
    let mut outer: Vec<(f64, [f64; N])> = points.iter().map(|p| (squared(p, &centre).sqrt(), *p)).collect();
    outer.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best = (f64::NEG_INFINITY, None);
    for (i, &(r, p)) in outer.iter().enumerate() {
        // No two points are farther apart than by way of the centre, but for the rounding of either.
        let within_reach = |s: f64| (r + s) * (r + s) * (1.0 + 1e-9) > best.0;
        let last = outer[i + 1..].partition_point(|&(s, _)| within_reach(s));
        for (_, q) in &outer[i + 1..][..last] {
            let squared = squared(&p, q);
            if squared > best.0 {
                best = (squared, Some([p, *q]));
            }
        }
    }
    best.1
}

/// `|p - q|^2`
fn squared<const N: usize>(p: &[f64; N], q: &[f64; N]) -> f64 {
    p.iter().zip(q).map(|(p, q)| (p - q) * (p - q)).sum()
}

/// Corners of the convex hull, anticlockwise (monotone chain).
pub fn hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let mut corners = half_hull(sorted.iter().copied());
    corners.pop();
    corners.extend(half_hull(sorted.iter().rev().copied()));
    corners.pop();
    corners
}

fn half_hull(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut chain: Vec<Point> = Vec::new();
    for p in points {
        while chain.len() >= 2 && doubled_area(chain[chain.len() - 2], chain[chain.len() - 1], p) <= 0.0 {
            chain.pop();
        }
        chain.push(p);
    }
    chain
}

/// Twice the signed area of a triangle.
fn doubled_area(a: Point, b: Point, c: Point) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Length of a closed curve, mm.
pub fn perimeter_mm(points: &[Point]) -> f64 {
    edges(points).map(|(p, q)| Chord { from: p, to: q }.length_mm()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ellipse(a: f64, b: f64, turn: f64, n: usize) -> Vec<Point> {
        let (s, c) = libm::sincos(turn);
        let at = |t: f64| [a * libm::cos(t), b * libm::sin(t)];
        (0..n)
            .map(|i| at(std::f64::consts::TAU * i as f64 / n as f64))
            .map(|[x, y]| [c * x - s * y, s * x + c * y])
            .collect()
    }

    #[test]
    fn an_ellipse_has_its_axes() {
        let points = ellipse(20.0, 12.0, 0.4, 400);
        let long = longest(&points).unwrap();
        assert!((long.length_mm() - 40.0).abs() < 1e-9);
        let short = across(&points, &long).unwrap().length_mm();
        // Within 5 degrees of perpendicular a chord through the centre is at most 0.3 % longer than the axis.
        assert!((24.0..24.1).contains(&short), "{short}");
    }

    #[test]
    fn a_chord_across_a_notch_is_partly_outside() {
        let ring =
            Ring { points: vec![[0.0, 0.0], [10.0, 0.0], [10.0, 4.0], [5.0, 1.0], [0.0, 4.0]], piece: 0, hole: false };
        let chord = Chord { from: [0.0, 3.0], to: [10.0, 3.0] };
        assert!((chord.share_inside(&[&ring]) - 1.0 / 3.0).abs() < 0.02);
    }

    #[test]
    fn the_diameters_of_a_slice_are_those_of_its_longest_piece() {
        let square = |at: f64, side: f64, piece| {
            let points = vec![[at, 0.0], [at + side, 0.0], [at + side, side], [at, side]];
            Ring { points, piece, hole: false }
        };
        let hole = Ring { hole: true, ..square(2.0, 6.0, 0) };
        // The far corners of different pieces are no chord.
        let rings = vec![square(0.0, 10.0, 0), hole, square(100.0, 3.0, 1)];
        let outline = SliceOutline { plane: 0, slice: 0, z_mm: 0.0, area_mm2: 0.0, rings };
        let found = diameters(&outline).unwrap();
        let diagonal = 200f64.sqrt();
        assert_eq!((found.long.length_mm(), found.piece), (diagonal, 0));
        assert_eq!(found.short.unwrap().length_mm(), diagonal);
        assert!((found.share_inside - 0.6).abs() < 0.25, "the diagonal crosses the hole: {}", found.share_inside);
        assert_eq!(diameters(&SliceOutline { rings: Vec::new(), ..outline }), None);
    }

    proptest! {
        /// Few places on a grid, so that edges are parallel and chords equal: there rotating calipers went wrong by 0.4 %.
        #[test]
        fn equals_the_search_over_all_pairs(
            points in prop::collection::vec((0..12i32, 0..10i32), 2..60), step in 0.3..2.0f64, half in 0.0..1.0f64,
        ) {
            let points: Vec<Point> = points.iter().map(|&(x, y)| [0.8 * f64::from(x) - half, step * f64::from(y)]).collect();
            let brute = points.iter().flat_map(|p| points.iter().map(move |q| libm::hypot(p[0] - q[0], p[1] - q[1])));
            let brute = brute.fold(0.0, f64::max);
            prop_assert!((longest(&points).map_or(0.0, |c| c.length_mm()) - brute).abs() < 1e-9);
            let space: Vec<[f64; 3]> = points.iter().map(|p| [p[0], 1.0, p[1]]).collect();
            let [p, q] = farthest(&space).unwrap();
            prop_assert!((libm::hypot(p[0] - q[0], p[2] - q[2]) - brute).abs() < 1e-9);
        }
    }
}
