//! The course of the canal: points that a person has set, joined by straight lines.

use crate::geometry::{Geometry, Vec3};

/// Points along the canal on the grid of an image, upwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Fractional indices, in the order of z.
    points: Vec<Vec3>,
}

impl Course {
    /// The course through points in LPS mm; `None` of fewer than two at different heights.
    pub fn of(points: &[Vec3], grid: &Geometry) -> Option<Self> {
        let mut points: Vec<Vec3> = points.iter().map(|&p| grid.to_index(p)).collect();
        points.sort_by(|a, b| a[2].total_cmp(&b[2]));
        points.dedup_by(|a, b| (a[2] - b[2]).abs() < 0.5);
        (points.len() > 1).then_some(Self { points })
    }

    /// Where it passes a plane, pixels; `None` more than half a slice beyond its ends.
    pub fn at(&self, plane: usize) -> Option<[f64; 2]> {
        let z = plane as f64;
        let (first, last) = (self.points.first()?, self.points.last()?);
        if z < first[2] - 0.5 || z > last[2] + 0.5 {
            return None;
        }
        let above = self.points.iter().position(|p| p[2] >= z).unwrap_or(self.points.len() - 1).max(1);
        let (a, b) = (self.points[above - 1], self.points[above]);
        let t = ((z - a[2]) / (b[2] - a[2])).clamp(0.0, 1.0);
        Some([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_runs_from_point_to_point_and_not_beyond() {
        let grid = Geometry::upright([50, 50, 20], [0.5, 0.5, 4.0]);
        let course = Course::of(&[[10.0, 10.0, 60.0], [5.0, 10.0, 8.0], [10.0, 6.0, 40.0]], &grid).unwrap();
        assert_eq!(course.at(2), Some([10.0, 20.0]));
        assert_eq!(course.at(6), Some([15.0, 16.0]));
        assert_eq!(course.at(15), Some([20.0, 20.0]));
        assert_eq!((course.at(1), course.at(16)), (None, None));
        assert_eq!(Course::of(&[[5.0, 5.0, 8.0]], &grid), None);
        assert_eq!(Course::of(&[[5.0, 5.0, 8.0], [9.0, 5.0, 8.5]], &grid), None, "one height");
    }
}
