//! Closed contours on one plane.

use super::planes::Shape;

/// Contours, by the even-odd rule: what lies inside an odd number of them is inside, so that a contour in another one
/// is a hole, and the bridge of a keyhole, walked both ways, is nothing.
pub struct Rings {
    edges: Vec<[[f64; 2]; 2]>,
    bounds: [[f64; 2]; 2],
}

impl Rings {
    /// The contours through the given points, each closed; one of fewer than three points encloses nothing.
    pub fn new(contours: &[Vec<[f64; 2]>]) -> Self {
        let (mut edges, mut bounds) = (Vec::new(), [[f64::INFINITY; 2], [f64::NEG_INFINITY; 2]]);
        for contour in contours {
            for (k, point) in contour.iter().enumerate() {
                edges.push([*point, contour[(k + 1) % contour.len()]]);
                for (end, pick) in [f64::min, f64::max].into_iter().enumerate() {
                    (0..2).for_each(|a| bounds[end][a] = pick(bounds[end][a], point[a]));
                }
            }
        }
        Self { edges, bounds }
    }
}

/// Whether a ray from the point along the first axis crosses the edge; of two edges that meet there, one does.
fn crosses([a, b]: [[f64; 2]; 2], [u, v]: [f64; 2]) -> bool {
    (a[1] > v) != (b[1] > v) && u < a[0] + (v - a[1]) / (b[1] - a[1]) * (b[0] - a[0])
}

impl Shape for Rings {
    fn bounds(&self) -> [[f64; 2]; 2] {
        self.bounds
    }

    fn line(&self, start: [f64; 2], step: [f64; 2], inside: &mut [bool]) {
        let end = start[1] + step[1] * inside.len() as f64;
        let (low, high) = (start[1].min(end), start[1].max(end));
        let near = |e: &&[[f64; 2]; 2]| e[0][1].min(e[1][1]) <= high && e[0][1].max(e[1][1]) >= low;
        let near: Vec<_> = self.edges.iter().filter(near).copied().collect();
        for (k, inside) in inside.iter_mut().enumerate() {
            let point = std::array::from_fn(|a| start[a] + k as f64 * step[a]);
            *inside = near.iter().filter(|e| crosses(**e, point)).count() % 2 == 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(lo: f64, hi: f64) -> Vec<[f64; 2]> {
        vec![[lo, lo], [hi, lo], [hi, hi], [lo, hi]]
    }

    fn row(rings: &Rings, v: f64) -> String {
        let mut inside = [false; 8];
        rings.line([0.0, v], [1.0, 0.0], &mut inside);
        inside.map(|i| if i { '#' } else { '.' }).iter().collect()
    }

    #[test]
    fn a_contour_in_a_contour_is_a_hole() {
        let rings = Rings::new(&[square(0.5, 6.5), square(2.5, 4.5)]);
        assert_eq!([row(&rings, 1.0), row(&rings, 3.0), row(&rings, 7.0)], [".######.", ".##..##.", "........"]);
        assert_eq!(rings.bounds(), [[0.5, 0.5], [6.5, 6.5]]);
    }

    #[test]
    fn a_keyhole_is_the_same_hole() {
        let mut keyhole = square(0.5, 6.5);
        keyhole.push([0.5, 0.5]);
        keyhole.extend(square(2.5, 4.5).into_iter().rev());
        keyhole.extend([[2.5, 4.5]]);
        let rings = Rings::new(&[keyhole]);
        assert_eq!([row(&rings, 1.0), row(&rings, 3.0)], [".######.", ".##..##."]);
    }

    #[test]
    fn points_lines_and_nothing_enclose_nothing() {
        let rings = Rings::new(&[vec![[1.0, 1.0]], vec![[0.0, 1.0], [5.0, 1.0]], Vec::new()]);
        assert_eq!(row(&rings, 1.0), "........");
    }
}
