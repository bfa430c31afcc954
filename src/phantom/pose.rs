//! How the patient lies: the vertebra's frame in the scanner's.

use super::stream::Source;
use crate::geometry::{Vec3, add_scaled, dot, sub};

/// A rotation and a shift between the vertebra's frame and patient space.
#[derive(Clone, Debug)]
pub struct Pose {
    rows: [Vec3; 3],
    shift: Vec3,
}

impl Pose {
    /// The two frames are one.
    pub fn still() -> Self {
        Self { rows: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], shift: [0.0; 3] }
    }

    /// The curve of the patient's spine (to 9 degrees) and how the patient lies at this timepoint (2 degrees, cm).
    pub fn new(source: &Source, timepoint: &str) -> Self {
        let curve_deg = source.stream("curve of the spine").between(-9.0, 9.0);
        let mut stream = source.stream(&format!("{timepoint}/pose"));
        let nod = (curve_deg + 2.0 * stream.normal()).to_radians();
        let turn = (2.0 * stream.normal()).to_radians();
        let ((sn, cn), (st, ct)) = (libm::sincos(nod), libm::sincos(turn));
        let rows = [[ct, st, 0.0], [-st * cn, ct * cn, sn], [st * sn, -ct * sn, cn]];
        let n = stream.normal3();
        Self { rows, shift: add_scaled([0.0, 0.0, -300.0], 10.0, n) }
    }

    /// A patient direction in the vertebra's frame.
    pub fn turn(&self, d: Vec3) -> Vec3 {
        self.rows.map(|row| dot(row, d))
    }

    /// A patient point in the vertebra's frame.
    pub fn to_vertebra(&self, p: Vec3) -> Vec3 {
        self.turn(sub(p, self.shift))
    }

    /// A point of the vertebra's frame in patient space.
    pub fn to_patient(&self, q: Vec3) -> Vec3 {
        (0..3).fold(self.shift, |p, a| add_scaled(p, q[a], self.rows[a]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::norm;

    #[test]
    fn there_and_back_is_where_it_was_and_lengths_stay() {
        let pose = Pose::new(&Source::new("t", "1"), "pre");
        let p = pose.to_patient([10.0, -20.0, 30.0]);
        let back = pose.to_vertebra(p);
        assert!(norm(sub(back, [10.0, -20.0, 30.0])) < 1e-9);
        assert!((norm(sub(p, pose.to_patient([0.0; 3]))) - norm([10.0, -20.0, 30.0])).abs() < 1e-9);
    }
}
