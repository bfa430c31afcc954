//! Signed distance to the rings of an outline, found without looking at every edge.

use super::contour::{crossing_x, edges};
use super::outline::{Point, Ring};

/// The edges of rings in runs, each run with the box around it.
pub struct Fenced {
    runs: Vec<Run>,
}

struct Run {
    lo: Point,
    hi: Point,
    edges: Vec<(Point, Point)>,
}

/// Edges in a run: runs of an outline are then some 5 mm long.
const RUN: usize = 16;

impl Fenced {
    /// Of the rings of one slice.
    pub fn new(rings: &[Ring]) -> Self {
        let runs_of =
            |ring: &Ring| edges(&ring.points).collect::<Vec<_>>().chunks(RUN).map(Run::new).collect::<Vec<_>>();
        Self { runs: rings.iter().flat_map(runs_of).collect() }
    }

    /// Distance to the nearest ring, mm; negative inside.
    pub fn signed_mm(&self, at: Point) -> f64 {
        let mut squared = f64::INFINITY;
        for run in self.runs.iter().filter(|r| !r.edges.is_empty()) {
            if run.squared_to_box(at) < squared {
                squared = run.edges.iter().map(|e| squared_to_segment(at, e)).fold(squared, f64::min);
            }
        }
        let crossings: usize =
            self.runs.iter().filter(|r| r.lo[1] <= at[1] && at[1] < r.hi[1]).map(|r| r.crossings(at)).sum();
        if crossings % 2 == 1 { -squared.sqrt() } else { squared.sqrt() }
    }
}

impl Run {
    fn new(edges: &[(Point, Point)]) -> Self {
        let corners = || edges.iter().flat_map(|e| [e.0, e.1]);
        let lo = [0, 1].map(|a| corners().map(|p| p[a]).fold(f64::INFINITY, f64::min));
        let hi = [0, 1].map(|a| corners().map(|p| p[a]).fold(f64::NEG_INFINITY, f64::max));
        Self { lo, hi, edges: edges.to_vec() }
    }

    fn squared_to_box(&self, at: Point) -> f64 {
        let off = [0, 1].map(|a| (self.lo[a] - at[a]).max(at[a] - self.hi[a]).max(0.0));
        off[0] * off[0] + off[1] * off[1]
    }

    /// How many edges a line from the point towards growing x crosses.
    fn crossings(&self, at: Point) -> usize {
        self.edges.iter().filter(|&&e| crossing_x(e, at[1]).is_some_and(|x| at[0] < x)).count()
    }
}

fn squared_to_segment(at: Point, &(p, q): &(Point, Point)) -> f64 {
    let d = [q[0] - p[0], q[1] - p[1]];
    let along = (at[0] - p[0]) * d[0] + (at[1] - p[1]) * d[1];
    let t = (along / (d[0] * d[0] + d[1] * d[1]).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
    let off = [p[0] + t * d[0] - at[0], p[1] + t * d[1] - at[1]];
    off[0] * off[0] + off[1] * off[1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::contour::contains;
    use proptest::prelude::*;

    fn circle(centre: Point, radius_mm: f64, hole: bool) -> Ring {
        let points = (0..90).map(|i| libm::sincos(std::f64::consts::TAU * f64::from(i) / 90.0));
        Ring {
            points: points.map(|(s, c)| [centre[0] + radius_mm * c, centre[1] + radius_mm * s]).collect(),
            piece: 0,
            hole,
        }
    }

    proptest! {
        #[test]
        fn equals_the_search_over_all_edges(x in -20.0..30.0f64, y in -20.0..20.0f64) {
            let rings = [circle([0.0, 0.0], 12.0, false), circle([1.0, 0.0], 5.0, true), circle([18.0, 3.0], 4.0, false)];
            let all = rings.iter().flat_map(|r| edges(&r.points));
            let mm = all.map(|e| squared_to_segment([x, y], &e)).fold(f64::INFINITY, f64::min).sqrt();
            let inside = rings.iter().filter(|r| contains(&r.points, [x, y])).count() % 2 == 1;
            prop_assert_eq!(Fenced::new(&rings).signed_mm([x, y]), if inside { -mm } else { mm });
        }
    }

    #[test]
    fn far_from_nothing() {
        assert_eq!(Fenced::new(&[]).signed_mm([0.0, 0.0]), f64::INFINITY);
    }
}
