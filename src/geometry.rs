//! Where a voxel grid sits in the patient: LPS, millimetres, voxel centres at whole indices.

/// A point or direction in patient space (LPS, mm) or a fractional voxel index (x, y, z).
pub type Vec3 = [f64; 3];

/// `a . b`
pub fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// `a x b`
pub fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// `a - b`
pub fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// `a + k b`
pub fn add_scaled(a: Vec3, k: f64, b: Vec3) -> Vec3 {
    [a[0] + k * b[0], a[1] + k * b[1], a[2] + k * b[2]]
}

/// `|a|`
pub fn norm(a: Vec3) -> f64 {
    dot(a, a).sqrt()
}

/// `a / |a|`, or `None` where the length is zero or not finite.
pub fn unit(a: Vec3) -> Option<Vec3> {
    let n = norm(a);
    (n.is_finite() && n > 0.0).then(|| [a[0] / n, a[1] / n, a[2] / n])
}

/// A box of voxels: `lo` inclusive, `hi` exclusive, (x, y, z).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First voxel.
    pub lo: [usize; 3],
    /// One past the last voxel.
    pub hi: [usize; 3],
}

impl Extent {
    /// The whole grid of `dims` voxels.
    pub fn whole(dims: [usize; 3]) -> Self {
        Self { lo: [0; 3], hi: dims }
    }

    /// Voxels along each axis.
    pub fn dims(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.hi[a].saturating_sub(self.lo[a]))
    }

    /// The smallest box that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            lo: std::array::from_fn(|a| self.lo[a].min(other.lo[a])),
            hi: std::array::from_fn(|a| self.hi[a].max(other.hi[a])),
        }
    }

    /// What lies in both; no voxel if they are apart.
    pub fn intersection(&self, other: &Self) -> Self {
        let lo: [usize; 3] = std::array::from_fn(|a| self.lo[a].max(other.lo[a]));
        Self { lo, hi: std::array::from_fn(|a| self.hi[a].min(other.hi[a]).max(lo[a])) }
    }

    /// Moved by `by` voxels.
    pub fn moved(&self, by: [usize; 3]) -> Self {
        Self { lo: std::array::from_fn(|a| self.lo[a] + by[a]), hi: std::array::from_fn(|a| self.hi[a] + by[a]) }
    }

    /// Grown by `margin` voxels on every side and cut to the grid of `dims`.
    pub fn grown(&self, margin: [usize; 3], dims: [usize; 3]) -> Self {
        Self {
            lo: std::array::from_fn(|a| self.lo[a].saturating_sub(margin[a])),
            hi: std::array::from_fn(|a| self.hi[a].saturating_add(margin[a]).min(dims[a])),
        }
    }
}

/// A rectilinear voxel grid in the patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    /// Voxels along x, y, z.
    pub dims: [usize; 3],
    /// Distance between neighbouring centres along x, y, z, mm.
    pub spacing: Vec3,
    /// Centre of voxel (0, 0, 0), LPS mm.
    pub origin: Vec3,
    /// Unit direction of each index axis, LPS; orthogonal.
    pub axes: [Vec3; 3],
}

impl Geometry {
    /// A grid along the patient axes with its first centre at the origin.
    pub fn upright(dims: [usize; 3], spacing: Vec3) -> Self {
        let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        Self { dims, spacing, origin: [0.0; 3], axes }
    }

    /// `origin + sum_a index_a spacing_a axis_a`, LPS mm.
    pub fn to_patient(&self, index: Vec3) -> Vec3 {
        (0..3).fold(self.origin, |p, a| add_scaled(p, index[a] * self.spacing[a], self.axes[a]))
    }

    /// Fractional voxel index of a patient point.
    pub fn to_index(&self, point: Vec3) -> Vec3 {
        let d = sub(point, self.origin);
        std::array::from_fn(|a| dot(d, self.axes[a]) / self.spacing[a])
    }

    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Every voxel in storage order: its number and its indices.
    pub fn voxels(&self) -> impl Iterator<Item = (usize, [usize; 3])> + use<> {
        let [nx, ny, nz] = self.dims;
        (0..nz).flat_map(move |z| (0..ny).flat_map(move |y| (0..nx).map(move |x| [x, y, z]))).enumerate()
    }

    /// Whether the grid has no voxel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Area of one pixel of an x-y plane, mm2.
    pub fn pixel_area_mm2(&self) -> f64 {
        self.spacing[0] * self.spacing[1]
    }

    /// Volume of one voxel, mm3.
    pub fn voxel_volume_mm3(&self) -> f64 {
        self.pixel_area_mm2() * self.spacing[2]
    }

    /// The grid of a box inside this one.
    pub fn crop(&self, extent: &Extent) -> Self {
        let lo = extent.lo.map(|i| i as f64);
        Self { dims: extent.dims(), spacing: self.spacing, origin: self.to_patient(lo), axes: self.axes }
    }

    /// Angle between the slice normal (z axis) and the patient's superior axis, degrees, 0 to 90.
    pub fn axial_tilt_deg(&self) -> f64 {
        libm::acos(self.axes[2][2].abs().min(1.0)).to_degrees()
    }

    /// Which stored axis, and whether reversed, comes nearest to patient L, P and S, in that order.
    ///
    /// The best of the six assignments by summed |cosine|, so that no axis is used twice.
    pub fn canonical_order(&self) -> [(usize, bool); 3] {
        const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let fit = |o: &[usize; 3]| (0..3).map(|p| self.axes[o[p]][p].abs()).sum::<f64>();
        let mut best = ORDERS[0];
        for order in &ORDERS[1..] {
            if fit(order) > fit(&best) + 1e-9 {
                best = *order;
            }
        }
        std::array::from_fn(|p| (best[p], self.axes[best[p]][p] < 0.0))
    }

    /// The same grid with its axes permuted and flipped by [`Geometry::canonical_order`]: x to L, y to P, z to S.
    pub fn canonical(&self) -> Self {
        let order = self.canonical_order();
        let corner = std::array::from_fn(|a| {
            let flipped = order.iter().any(|&(stored, flip)| stored == a && flip);
            if flipped { self.dims[a] as f64 - 1.0 } else { 0.0 }
        });
        let axis = |(a, flip): (usize, bool)| self.axes[a].map(|c| if flip { -c } else { c });
        Self {
            dims: order.map(|(a, _)| self.dims[a]),
            spacing: order.map(|(a, _)| self.spacing[a]),
            origin: self.to_patient(corner),
            axes: order.map(axis),
        }
    }

    /// Whether both grids have the same voxels, to a thousandth of a voxel at every corner.
    pub fn same_grid(&self, other: &Self) -> bool {
        self.dims == other.dims
            && (0..8).all(|corner: usize| {
                let index = std::array::from_fn(|a| if corner >> a & 1 == 1 { self.dims[a] as f64 } else { 0.0 });
                let back = other.to_index(self.to_patient(index));
                (0..3).all(|a| (back[a] - index[a]).abs() < 1e-3)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pir() -> Geometry {
        Geometry {
            dims: [4, 5, 6],
            spacing: [1.0, 2.0, 3.0],
            origin: [10.0, 20.0, 30.0],
            axes: [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]],
        }
    }

    #[test]
    fn canonical_puts_left_posterior_superior_first() {
        let c = pir().canonical();
        assert_eq!(c.dims, [6, 4, 5]);
        assert_eq!(c.spacing, [3.0, 1.0, 2.0]);
        assert_eq!(c.axes, Geometry::upright([1; 3], [1.0; 3]).axes);
        assert_eq!(c.origin, [10.0 - 15.0, 20.0, 30.0 - 8.0]);
    }

    #[test]
    fn index_and_patient_are_inverse() {
        let g = pir();
        let p = g.to_patient([1.5, 2.25, 3.0]);
        let i = g.to_index(p);
        assert!((0..3).all(|a| (i[a] - [1.5, 2.25, 3.0][a]).abs() < 1e-12));
    }

    #[test]
    fn a_crop_keeps_its_place() {
        let g = pir();
        let c = g.crop(&Extent { lo: [1, 2, 3], hi: [2, 4, 6] });
        assert_eq!(c.dims, [1, 2, 3]);
        assert_eq!(c.to_patient([0.0; 3]), g.to_patient([1.0, 2.0, 3.0]));
    }
}
