//! Rays across an outline: evenly spaced along it, perpendicular to its smoothed course, sampled on a plane.

use super::chord::perimeter_mm;
use super::outline::Point;
use super::plane::Plane;
use ndarray::ArrayView1;

/// The course of the outline is taken over this length, so that one stair does not turn a ray (method.md 3.1).
const COURSE_MM: f64 = 5.0;

/// A ray that crosses an outline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ray {
    /// Where it crosses, mm.
    pub at: Point,
    /// Outward unit normal.
    pub normal: Point,
    /// Length of outline it stands for, mm.
    pub length_mm: f64,
}

impl Ray {
    /// The point `u_mm` outside the outline (inside where negative).
    pub fn point(&self, u_mm: f64) -> Point {
        [self.at[0] + u_mm * self.normal[0], self.at[1] + u_mm * self.normal[1]]
    }
}

/// Rays about every `step_mm` along an anticlockwise ring.
pub fn rays(ring: &[Point], step_mm: f64) -> Vec<Ray> {
    let course = Course::new(ring);
    let count = (course.length_mm / step_mm).round().max(3.0) as usize;
    let length_mm = course.length_mm / count as f64;
    let half = (COURSE_MM / 2.0).min(course.length_mm / 8.0);
    (0..count)
        .filter_map(|i| {
            let s = (i as f64 + 0.5) * length_mm;
            let (before, after) = (course.at(s - half), course.at(s + half));
            let tangent = [after[0] - before[0], after[1] - before[1]];
            let n = libm::hypot(tangent[0], tangent[1]);
            let normal = [tangent[1] / n, -tangent[0] / n];
            (n > 0.0).then(|| Ray { at: course.at(s), normal, length_mm })
        })
        .collect()
}

/// A closed curve by arc length.
struct Course<'a> {
    ring: &'a [Point],
    /// Arc length at each corner.
    reached_mm: Vec<f64>,
    length_mm: f64,
}

impl<'a> Course<'a> {
    fn new(ring: &'a [Point]) -> Self {
        let mut reached_mm = vec![0.0];
        for pair in ring.windows(2) {
            let step = libm::hypot(pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
            reached_mm.push(reached_mm[reached_mm.len() - 1] + step);
        }
        Self { ring, reached_mm, length_mm: perimeter_mm(ring) }
    }

    fn at(&self, s_mm: f64) -> Point {
        let s = s_mm.rem_euclid(self.length_mm);
        let i = self.reached_mm.partition_point(|&r| r <= s) - 1;
        let end = self.reached_mm.get(i + 1).copied().unwrap_or(self.length_mm);
        let t = if end > self.reached_mm[i] { (s - self.reached_mm[i]) / (end - self.reached_mm[i]) } else { 0.0 };
        let (p, q) = (self.ring[i], self.ring[(i + 1) % self.ring.len()]);
        [p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]
    }
}

/// The plane at a point, cubic convolution (Keys 1981, a = -1/2); the nearest pixels beyond its edge.
pub fn sample(plane: &Plane<f32>, at: Point) -> f64 {
    let (ny, nx) = plane.pixels.dim();
    let place: [f64; 2] = std::array::from_fn(|a| (at[a] - plane.corner_mm[a]) / plane.pixel_mm[a]);
    let before = place.map(whole);
    let [wx, wy] = [0, 1].map(|a| keys(place[a] - before[a] as f64));
    let near =
        |first: isize, n: usize| std::array::from_fn(|k| (first + k as isize - 1).clamp(0, n as isize - 1) as usize);
    let (columns, rows): ([usize; 4], [usize; 4]) = (near(before[0], nx), near(before[1], ny));
    let along = |row: ArrayView1<'_, f32>| (0..4).map(|k| wx[k] * f64::from(row[columns[k]])).sum::<f64>();
    (0..4).map(|k| wy[k] * along(plane.pixels.row(rows[k]))).sum()
}

/// The whole number at or below a number, without the call that `floor` is on the oldest processors.
fn whole(v: f64) -> isize {
    let cut = v as isize;
    cut - isize::from(v < cut as f64)
}

fn keys(t: f64) -> [f64; 4] {
    let near = |d: f64| ((1.5 * d - 2.5) * d) * d + 1.0;
    let far = |d: f64| ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0;
    [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn rays_of_a_circle_point_away_from_its_centre() {
        let circle: Vec<Point> = (0..200)
            .map(|i| libm::sincos(std::f64::consts::TAU * i as f64 / 200.0))
            .map(|(s, c)| [20.0 * c, 20.0 * s])
            .collect();
        let rays = rays(&circle, 1.0);
        assert_eq!(rays.len(), 126);
        let total: f64 = rays.iter().map(|r| r.length_mm).sum();
        assert!((total - perimeter_mm(&circle)).abs() < 1e-9);
        for r in rays {
            let outward = (r.at[0] * r.normal[0] + r.at[1] * r.normal[1]) / 20.0;
            assert!(outward > 0.999);
        }
    }

    #[test]
    fn a_quadratic_is_sampled_exactly() {
        let f = |x: f64, y: f64| 0.5 * x * x - x * y + 3.0;
        let pixels = Array2::from_shape_fn((20, 20), |(y, x)| f(x as f64 * 0.5 + 1.0, y as f64 * 0.5 - 2.0) as f32);
        let plane = Plane { pixels, corner_mm: [1.0, -2.0], pixel_mm: [0.5, 0.5] };
        assert!((sample(&plane, [4.3, 1.15]) - f(4.3, 1.15)).abs() < 1e-4);
    }
}
