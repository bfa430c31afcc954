//! Rays across an outline: evenly spaced along it, perpendicular to its smoothed course, sampled on a plane.

use super::chord::perimeter_mm;
use super::outline::Point;
use super::plane::Plane;

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

/// Points that are sampled at once: loops over them become loops over registers.
pub const ABREAST: usize = 8;
/// A number for each of these points.
type Lane = [f64; ABREAST];

/// The plane at some points, cubic convolution (Keys 1981, a = -1/2); the nearest pixels beyond its edge.
pub fn sample(plane: &Plane<f32>, at: &[Point; ABREAST]) -> Lane {
    let [(x, wx), (y, wy)] = [0, 1].map(|a| {
        let place: Lane = std::array::from_fn(|i| (at[i][a] - plane.corner_mm[a]) / plane.pixel_mm[a]);
        let before = place.map(whole);
        (before, keys(&std::array::from_fn(|i| place[i] - before[i])))
    });
    let mut hu = [[[0.0; ABREAST]; 4]; 4];
    for i in 0..ABREAST {
        let before = [x[i] as isize, y[i] as isize];
        let pixels = amid(plane, before).unwrap_or_else(|| near_edge(plane, before));
        (0..4).for_each(|j| (0..4).for_each(|k| hu[j][k][i] = pixels[j][k]));
    }
    std::array::from_fn(|i| {
        let sum = |w: &[Lane; 4], of: [f64; 4]| w[0][i] * of[0] + w[1][i] * of[1] + w[2][i] * of[2] + w[3][i] * of[3];
        sum(&wy, [0, 1, 2, 3].map(|j| sum(&wx, [0, 1, 2, 3].map(|k| f64::from(hu[j][k][i])))))
    })
}

/// The four by four pixels about a point after pixel `before`, row by row; `None` near the edge of the plane.
#[inline(always)]
fn amid(plane: &Plane<f32>, before: [isize; 2]) -> Option<[[f32; 4]; 4]> {
    let (ny, nx) = plane.pixels.dim();
    let [x, y] = before.map(|i| usize::try_from(i - 1).ok());
    let (x, y) = x.filter(|x| x + 4 <= nx).zip(y.filter(|y| y + 4 <= ny))?;
    let rows = &plane.pixels.as_slice()?[y * nx..(y + 4) * nx];
    let row = |k: usize| rows[k * nx + x..].first_chunk().copied();
    Some([row(0)?, row(1)?, row(2)?, row(3)?])
}

/// The same anywhere, the nearest pixels standing for what lies beyond the plane.
#[cold]
fn near_edge(plane: &Plane<f32>, before: [isize; 2]) -> [[f32; 4]; 4] {
    let (ny, nx) = plane.pixels.dim();
    let near = |i: isize, k: usize, n: usize| (i + k as isize - 1).clamp(0, n as isize - 1) as usize;
    let row = |j: usize| std::array::from_fn(|k| plane.pixels[(near(before[1], j, ny), near(before[0], k, nx))]);
    std::array::from_fn(row)
}

/// The whole number at or below a number, by way of the nearest: without the call that `floor` is on the oldest
/// processors.
fn whole(v: f64) -> f64 {
    /// A number of this size has no bits after the point.
    const WHOLE: f64 = 6_755_399_441_055_744.0; // 1.5 x 2^52
    let nearest = (v + WHOLE) - WHOLE;
    if nearest > v { nearest - 1.0 } else { nearest }
}

/// The weights of the four pixels about each point that lies `t` beyond the second.
fn keys(t: &Lane) -> [Lane; 4] {
    let near = |d: f64| ((1.5 * d - 2.5) * d) * d + 1.0;
    let far = |d: f64| ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0;
    [t.map(|t| far(1.0 + t)), t.map(near), t.map(|t| near(1.0 - t)), t.map(|t| far(2.0 - t))]
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
        let points: [Point; ABREAST] = std::array::from_fn(|i| [4.3 + 0.41 * i as f64, 1.15 - 0.13 * i as f64]);
        let found = sample(&plane, &points);
        assert!(points.iter().zip(found).all(|(p, hu)| (hu - f(p[0], p[1])).abs() < 1e-4));
    }

    #[test]
    fn beyond_its_edge_a_plane_goes_on_as_it_ends() {
        let pixels = Array2::from_shape_fn((6, 5), |(y, x)| (7 * y * y + 3 * x) as f32);
        let plane = Plane { pixels: pixels.clone(), corner_mm: [0.0; 2], pixel_mm: [1.0; 2] };
        let mut points = [[0.0, 0.0]; ABREAST];
        points[..5].copy_from_slice(&[[-3.0, 2.0], [9.0, 2.0], [2.0, -1e3], [2.0, 40.0], [-7.0, 1e3]]);
        let want = [pixels[(2, 0)], pixels[(2, 4)], pixels[(0, 2)], pixels[(5, 2)], pixels[(5, 0)]];
        assert_eq!(sample(&plane, &points)[..5], want.map(f64::from));
    }
}
