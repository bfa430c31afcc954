//! Functions of direction, kept on the six faces of a cube: no angle is ever computed per voxel.

use crate::geometry::Vec3;

/// Cells along one edge of a face: about 1.9 degrees.
const CELLS: usize = 48;

/// A function of direction, bilinear on a cube map.
#[derive(Clone, Debug)]
pub struct SphereMap {
    values: Vec<f64>,
    largest: f64,
}

impl SphereMap {
    /// Samples `f` at the nodes of every face (directions of any length but zero).
    pub fn from_fn(f: impl Fn(Vec3) -> f64 + Sync + Send) -> Self {
        let faces = crate::volume::traverse::each(6, |face| {
            let mut values = Vec::with_capacity((CELLS + 1) * (CELLS + 1));
            for j in 0..=CELLS {
                values.extend((0..=CELLS).map(|i| f(direction(face, node(i as f64), node(j as f64)))));
            }
            values
        });
        let values = faces.concat();
        let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { values, largest }
    }

    /// The function along a direction of any length but zero.
    pub fn at(&self, d: Vec3) -> f64 {
        let (face, u, v) = project(d);
        let (fu, fv) = ((u + 1.0) * 0.5 * CELLS as f64, (v + 1.0) * 0.5 * CELLS as f64);
        let (i, j) = ((fu as usize).min(CELLS - 1), (fv as usize).min(CELLS - 1));
        let (a, b) = (fu - i as f64, fv - j as f64);
        let start = (face * (CELLS + 1) + j) * (CELLS + 1) + i;
        let (low, high) = (&self.values[start..start + 2], &self.values[start + CELLS + 1..start + CELLS + 3]);
        (1.0 - b) * ((1.0 - a) * low[0] + a * low[1]) + b * ((1.0 - a) * high[0] + a * high[1])
    }

    /// `integral f dOmega` over the unit sphere by the midpoint rule on the cells.
    pub fn integral(&self, f: impl Fn(f64) -> f64) -> f64 {
        let side = 2.0 / CELLS as f64;
        let mut sum = 0.0;
        for cell in 0..6 * CELLS * CELLS {
            let (face, i, j) = (cell / (CELLS * CELLS), cell % CELLS, cell / CELLS % CELLS);
            let (u, v) = (node(i as f64 + 0.5), node(j as f64 + 0.5));
            let stretch = 1.0 + u * u + v * v;
            sum += f(self.at(direction(face, u, v))) * side * side / (stretch * stretch.sqrt());
        }
        sum
    }

    /// The largest value.
    pub fn largest(&self) -> f64 {
        self.largest
    }
}

/// Face coordinate of a node, -1 to 1.
fn node(i: f64) -> f64 {
    2.0 * i / CELLS as f64 - 1.0
}

/// The direction through a point of a face: faces 0..3 are +x, +y, +z, 3..6 the opposite ones.
fn direction(face: usize, u: f64, v: f64) -> Vec3 {
    let axis = face % 3;
    let mut d = [0.0; 3];
    d[axis] = if face < 3 { 1.0 } else { -1.0 };
    d[(axis + 1) % 3] = u;
    d[(axis + 2) % 3] = v;
    d
}

/// Face and face coordinates that a direction passes through.
fn project(d: Vec3) -> (usize, f64, f64) {
    let size = d.map(f64::abs);
    let axis = if size[0] >= size[1] && size[0] >= size[2] {
        0
    } else if size[1] >= size[2] {
        1
    } else {
        2
    };
    let face = if d[axis] >= 0.0 { axis } else { axis + 3 };
    (face, d[(axis + 1) % 3] / size[axis], d[(axis + 2) % 3] / size[axis])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::unit;

    #[test]
    fn a_smooth_function_comes_back() {
        let f = |d: Vec3| unit(d).map_or(0.0, |u| 2.0 + u[0] - 0.5 * u[1] * u[2]);
        let map = SphereMap::from_fn(f);
        for d in [[1.0, 0.3, -0.2], [-0.1, 0.1, -3.0], [0.5, 0.5, 0.5], [0.2, -0.9, 0.4]] {
            assert!((map.at(d) - f(d)).abs() < 1e-3, "{d:?}");
        }
    }

    #[test]
    fn the_integral_of_one_is_the_sphere() {
        let whole = SphereMap::from_fn(|_| 1.0).integral(|v| v);
        assert!((whole - 4.0 * std::f64::consts::PI).abs() < 3e-3, "{whole}");
    }
}
