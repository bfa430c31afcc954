//! Voxels on a grid: an `ndarray` of shape (z, y, x), x fastest, with its [`Geometry`].

use crate::geometry::{Extent, Geometry};
use ndarray::{Array2, Array3, ArrayView2, s};

pub mod traverse;

/// Voxels with their place in the patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume<T> {
    geometry: Geometry,
    voxels: Array3<T>,
}

/// The voxels of a structure.
pub type Mask = Volume<bool>;

/// The voxel count does not fit the grid.
#[derive(Debug, thiserror::Error)]
#[error("{got} voxels do not fill a grid of {want}")]
pub struct ShapeError {
    /// Voxels given.
    pub got: usize,
    /// Voxels of the grid.
    pub want: usize,
}

impl<T> Volume<T> {
    /// Takes voxels in storage order (x fastest, z slowest).
    ///
    /// # Errors
    /// If their number is not that of the grid.
    pub fn new(geometry: Geometry, voxels: Vec<T>) -> Result<Self, ShapeError> {
        let [nx, ny, nz] = geometry.dims;
        let wrong = ShapeError { got: voxels.len(), want: geometry.len() };
        let voxels = Array3::from_shape_vec((nz, ny, nx), voxels).map_err(|_| wrong)?;
        Ok(Self { geometry, voxels })
    }

    /// `out(x, y, z) = f([x, y, z])`
    pub fn from_fn(geometry: Geometry, mut f: impl FnMut([usize; 3]) -> T) -> Self {
        let [nx, ny, nz] = geometry.dims;
        let mut voxels = Vec::with_capacity(geometry.len());
        // Rows by themselves: an iterator over all indices at once is slower.
        for (z, y) in (0..nz).flat_map(|z| (0..ny).map(move |y| (z, y))) {
            voxels.extend((0..nx).map(|x| f([x, y, z])));
        }
        Self::new(geometry, voxels).expect("a value for each voxel")
    }

    /// The planes of a grid one after the other, each of shape (y, x) and made row by row.
    pub fn from_planes(geometry: Geometry, planes: &[Array2<T>]) -> Self
    where
        T: Clone,
    {
        let rows: Vec<&[T]> = planes.iter().filter_map(|plane| plane.as_slice()).collect();
        Self::new(geometry, rows.concat()).expect("planes as large as the grid's")
    }

    /// The grid.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The voxels, shape (z, y, x).
    pub fn voxels(&self) -> &Array3<T> {
        &self.voxels
    }

    /// The voxels in storage order, x fastest.
    pub fn as_slice(&self) -> &[T] {
        self.voxels.as_slice().expect("a volume is built contiguous and never restrided")
    }

    /// The voxels in storage order, to be changed in place.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        self.voxels.as_slice_mut().expect("a volume is built contiguous and never restrided")
    }

    /// One axial plane, shape (y, x).
    pub fn plane(&self, z: usize) -> ArrayView2<'_, T> {
        self.voxels.slice(s![z, .., ..])
    }
}

impl<T: Clone> Volume<T> {
    /// The voxels of a box, as a volume of their own.
    pub fn crop(&self, e: &Extent) -> Self {
        let part = self.voxels.slice(s![e.lo[2]..e.hi[2], e.lo[1]..e.hi[1], e.lo[0]..e.hi[0]]);
        Self { geometry: self.geometry.crop(e), voxels: part.as_standard_layout().into_owned() }
    }
}

impl Mask {
    /// Number of voxels in the structure.
    pub fn count(&self) -> usize {
        count(self.as_slice())
    }

    /// The smallest box that holds the structure; `None` if it is empty.
    pub fn extent(&self) -> Option<Extent> {
        let [nx, ny, _] = self.geometry.dims;
        let rows = self.as_slice().chunks_exact(nx.max(1)).enumerate();
        let boxes = rows.filter_map(|(i, row)| {
            let [first, last] = ends(row, |&inside| inside)?;
            Some(Extent { lo: [first, i % ny, i / ny], hi: [last + 1, i % ny + 1, i / ny + 1] })
        });
        boxes.reduce(|a, b| a.union(&b))
    }

    /// What is in it and not in another on its grid.
    pub fn without(&self, other: &Self) -> Self {
        self.each_with(other, |own, other| own && !other)
    }

    /// What is in it or in another on its grid.
    pub fn or(&self, other: &Self) -> Self {
        self.each_with(other, |own, other| own || other)
    }

    /// What is in it and in another on its grid.
    pub fn and(&self, other: &Self) -> Self {
        self.each_with(other, |own, other| own && other)
    }

    fn each_with(&self, other: &Self, f: impl Fn(bool, bool) -> bool) -> Self {
        assert_eq!(self.geometry.dims, other.geometry.dims, "masks are on one grid");
        let mut found = self.clone();
        found.as_mut_slice().iter_mut().zip(other.as_slice()).for_each(|(own, other)| *own = f(*own, *other));
        found
    }

    /// The structure on a larger grid, its first voxel `at`; nothing around it.
    pub fn placed(&self, grid: &Geometry, at: [usize; 3]) -> Self {
        let mut whole = Self::from_fn(grid.clone(), |_| false);
        let ([nx, ny, _], [px, py, _]) = (grid.dims, self.geometry.dims);
        for (row, voxels) in self.as_slice().chunks_exact(px.max(1)).enumerate() {
            let (y, z) = (row % py + at[1], row / py + at[2]);
            whole.as_mut_slice()[(z * ny + y) * nx + at[0]..][..px].copy_from_slice(voxels);
        }
        whole
    }
}

/// The first and the last place of a row where something is set.
pub fn ends<T>(row: &[T], is_set: impl Fn(&T) -> bool + Copy) -> Option<[usize; 2]> {
    // No early end, so that rows where nothing is set, which are most, are looked through 16 bytes at once.
    let any = row.iter().fold(false, |any, v| any | is_set(v));
    any.then(|| Some([row.iter().position(is_set)?, row.iter().rposition(is_set)?]))?
}

/// How many places of a row are set.
pub fn count(row: &[bool]) -> usize {
    row.chunks(COUNTED).map(|piece| usize::from(piece.iter().fold(0_u8, |n, &set| n + u8::from(set)))).sum()
}

/// In how many places two rows differ, as far as both reach.
pub fn differing(a: &[bool], b: &[bool]) -> usize {
    let pieces = a.chunks(COUNTED).zip(b.chunks(COUNTED));
    pieces.map(|(a, b)| usize::from(a.iter().zip(b).fold(0_u8, |n, (a, b)| n + u8::from(a != b)))).sum()
}

/// As many as a byte can count: sums of bytes are made 16 at once.
const COUNTED: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extent_is_the_tight_box() {
        let g = Geometry::upright([5, 4, 3], [1.0; 3]);
        let m = Mask::from_fn(g, |[x, y, z]| (1..3).contains(&x) && y == 2 && z >= 1);
        assert_eq!(m.extent(), Some(Extent { lo: [1, 2, 1], hi: [3, 3, 3] }));
        let part = m.crop(&m.extent().unwrap());
        assert_eq!((part.count(), part.placed(m.geometry(), [1, 2, 1])), (m.count(), m));
    }

    #[test]
    fn masks_are_sets() {
        let block = |from: usize, to: usize| {
            Mask::from_fn(Geometry::upright([30, 1, 2], [1.0; 3]), |[x, ..]| (from..to).contains(&x))
        };
        let (a, b) = (block(10, 20), block(15, 30));
        assert_eq!((a.without(&b), a.or(&b), a.and(&b)), (block(10, 15), block(10, 30), block(15, 20)));
    }

    #[test]
    fn long_rows_are_counted_whole() {
        let [a, b]: [Vec<bool>; 2] = [3, 7].map(|step| (0..1000).map(|i| i % step == 0).collect());
        assert_eq!((count(&a), count(&b), count(&vec![true; 511])), (334, 143, 511));
        // Of 0 to 999 that are multiples of one but not of the other: 334 + 143 - 2 x 48.
        assert_eq!(differing(&a, &b), 381);
        assert_eq!((differing(&a, &a), differing(&a, &[])), (0, 0));
    }

    #[test]
    fn a_wrong_voxel_count_is_refused() {
        assert!(Volume::new(Geometry::upright([2, 2, 2], [1.0; 3]), vec![0.0_f32; 7]).is_err());
    }
}
