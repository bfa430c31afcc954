//! Points of a plane, to be found by place.

use super::outline::Point;

/// Points sorted into squares.
pub struct Places {
    points: Vec<Point>,
    /// Lower corner of the first square, mm.
    corner: Point,
    /// Squares along x and y.
    count: [usize; 2],
    /// Where the points of each square begin in `order`, and where those of the last end.
    starts: Vec<usize>,
    /// Indices of the points, square by square, rising in each.
    order: Vec<usize>,
}

/// Side of the squares, mm: some rays of an outline lie in each.
const SQUARE_MM: f64 = 3.0;

impl Places {
    /// Sorts points.
    pub fn new(points: Vec<Point>) -> Self {
        let bound = |a: usize, start: f64, of: fn(f64, f64) -> f64| points.iter().fold(start, |m, p| of(m, p[a]));
        let corner = [0, 1].map(|a| bound(a, f64::INFINITY, f64::min));
        let far = [0, 1].map(|a| bound(a, f64::NEG_INFINITY, f64::max));
        let count = [0, 1].map(|a| ((far[a] - corner[a]) / SQUARE_MM).max(0.0) as usize + 1);
        let square = |p: &Point| {
            let at = |a: usize| (((p[a] - corner[a]) / SQUARE_MM) as usize).min(count[a] - 1);
            at(1) * count[0] + at(0)
        };
        let mut starts = vec![0; count[0] * count[1] + 1];
        points.iter().for_each(|p| starts[square(p) + 1] += 1);
        (1..starts.len()).for_each(|i| starts[i] += starts[i - 1]);
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by_key(|&i| square(&points[i]));
        Self { points, corner, count, starts, order }
    }

    /// The point nearest to a place, if it lies within `reach_mm`, and how far it is, mm; of equals the first.
    pub fn nearest(&self, at: Point, reach_mm: f64) -> Option<(usize, f64)> {
        let span = |a: usize| {
            let square =
                |mm: f64| ((mm - self.corner[a]) / SQUARE_MM).floor().clamp(0.0, self.count[a] as f64) as usize;
            square(at[a] - reach_mm)..(square(at[a] + reach_mm) + 1).min(self.count[a])
        };
        let rows = span(1).map(|y| y * self.count[0]);
        let near = rows.flat_map(|row| {
            let columns = span(0);
            &self.order[self.starts[row + columns.start.min(columns.end)]..self.starts[row + columns.end]]
        });
        let squared = |p: Point| (p[0] - at[0]) * (p[0] - at[0]) + (p[1] - at[1]) * (p[1] - at[1]);
        let found = near.map(|&i| (i, squared(self.points[i]))).min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        found.filter(|(_, squared)| *squared <= reach_mm * reach_mm).map(|(i, squared)| (i, squared.sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_search_through_all(
            points in prop::collection::vec((-30..30i32, -30..30i32), 0..40),
            x in -40..40i32, y in -40..40i32, reach in 0..20i32,
        ) {
            let points: Vec<Point> = points.iter().map(|p| [f64::from(p.0) * 0.7, f64::from(p.1) * 0.7]).collect();
            let (at, reach_mm) = ([f64::from(x) * 0.7, f64::from(y) * 0.7], f64::from(reach) * 0.7);
            let far = |p: &Point| libm::hypot(p[0] - at[0], p[1] - at[1]);
            let want = points.iter().map(far).filter(|d| *d < reach_mm - 1e-9).fold(f64::INFINITY, f64::min);
            let got = Places::new(points.clone()).nearest(at, reach_mm);
            prop_assert!(want.is_infinite() || got.is_some_and(|g| (g.1 - want).abs() < 1e-9));
            prop_assert!(got.is_none_or(|g| (far(&points[g.0]) - g.1).abs() < 1e-9 && g.1 <= reach_mm + 1e-9));
        }
    }
}
