//! The largest in-plane diameter between vertices of the surface mesh, as PyRadiomics defines it.

use super::chord::{Chord, longest};
use super::outline::Point;
use crate::volume::traverse::each;
use crate::volume::{Mask, ends};

/// PyRadiomics' `Maximum2DDiameterSlice` is the longest of these: on each plane and halfway to the next, from below the
/// first to above the last, the two mesh vertices of equal z that are farthest apart, where a vertex lies halfway along
/// every grid edge that joins a voxel inside to one outside.
pub fn slice_diameters(mask: &Mask) -> Vec<Option<Chord>> {
    each(2 * mask.geometry().dims[2] + 1, |half| {
        if half % 2 == 1 {
            longest(&vertices_on_plane(mask, half / 2))
        } else {
            longest(&vertices_between(mask, half / 2))
        }
    })
}

/// A row of the mask; `None` beyond the grid.
fn row(mask: &Mask, y: Option<usize>, z: Option<usize>) -> Option<&[bool]> {
    let [nx, ny, nz] = mask.geometry().dims;
    let (y, z) = y.filter(|&y| y < ny).zip(z.filter(|&z| z < nz))?;
    Some(&mask.as_slice()[(z * ny + y) * nx..][..nx])
}

/// The first and the last place where two rows differ; beyond the grid nothing is inside.
fn differing(a: Option<&[bool]>, b: Option<&[bool]>) -> Option<[usize; 2]> {
    let (Some(a), Some(b)) = (a, b) else { return ends(a.or(b)?, |&inside| inside) };
    // Most rows are equal, which is seen many voxels at a time.
    let differ = |(a, b): (&bool, &bool)| a != b;
    let ends = || Some([a.iter().zip(b).position(differ)?, a.iter().zip(b).rposition(differ)?]);
    if a == b { None } else { ends() }
}

fn place(mask: &Mask, x: f64, y: f64) -> Point {
    [x * mask.geometry().spacing[0], y * mask.geometry().spacing[1]]
}

/// The outermost of the vertices halfway along the x and y edges of plane z: those in between are no ends of a chord.
fn vertices_on_plane(mask: &Mask, z: usize) -> Vec<Point> {
    let ny = mask.geometry().dims[1];
    let row = |y: Option<usize>| row(mask, y, Some(z));
    let along = (0..ny).filter_map(|y| {
        let [first, last] = ends(row(Some(y))?, |&inside| inside)?;
        Some([place(mask, first as f64 - 0.5, y as f64), place(mask, last as f64 + 0.5, y as f64)])
    });
    let across = (0..=ny).filter_map(|y| {
        let ends = differing(row(y.checked_sub(1)), row(Some(y)))?;
        Some(ends.map(|x| place(mask, x as f64, y as f64 - 0.5)))
    });
    along.chain(across).flatten().collect()
}

/// The outermost of the vertices halfway between plane z - 1 and plane z.
fn vertices_between(mask: &Mask, z: usize) -> Vec<Point> {
    let rows = (0..mask.geometry().dims[1]).filter_map(|y| {
        let ends = differing(row(mask, Some(y), z.checked_sub(1)), row(mask, Some(y), Some(z)))?;
        Some(ends.map(|x| place(mask, x as f64, y as f64)))
    });
    rows.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use proptest::prelude::*;

    proptest! {
        /// The slow twin takes every vertex, of holes too.
        #[test]
        fn equals_the_search_over_all_vertices(bits in prop::collection::vec(0..3u8, 6 * 5 * 2), sy in 0.4..2.0f64) {
            let grid = Geometry::upright([6, 5, 2], [0.8, sy, 3.0]);
            let mask = Mask::from_fn(grid, |[x, y, z]| bits[x + 6 * (y + 5 * z)] > 0);
            let inside = |[x, y, z]: [isize; 3]| {
                let within = |v: isize, n: isize| (0..n).contains(&v);
                within(x, 6) && within(y, 5) && within(z, 2) && mask.voxels()[(z as usize, y as usize, x as usize)]
            };
            let mut vertices = Vec::new();
            for (z, y, x) in (-1..2).flat_map(|z| (-1..5).flat_map(move |y| (-1..6).map(move |x| (z, y, x)))) {
                for (a, [dx, dy, dz]) in [[1, 0, 0], [0, 1, 0], [0, 0, 1]].into_iter().enumerate() {
                    if inside([x, y, z]) != inside([x + dx, y + dy, z + dz]) {
                        let half = |axis: usize| if a == axis { 0.5 } else { 0.0 };
                        vertices.push([0.8 * (x as f64 + half(0)), sy * (y as f64 + half(1)), z as f64 + half(2)]);
                    }
                }
            }
            let of_one_height = vertices.iter().flat_map(|p| vertices.iter().filter(|q| q[2] == p[2]).map(move |q| (p, q)));
            let slow = of_one_height.map(|(p, q)| libm::hypot(p[0] - q[0], p[1] - q[1])).fold(0.0, f64::max);
            prop_assert!((largest(&mask).unwrap_or(0.0) - slow).abs() < 1e-9);
        }
    }

    fn largest(mask: &Mask) -> Option<f64> {
        slice_diameters(mask).into_iter().flatten().map(|c| c.length_mm()).max_by(f64::total_cmp)
    }

    /// Values that PyRadiomics 3.0.1 gave for the same voxels (method.md 10).
    #[test]
    fn equals_pyradiomics_on_rows_of_voxels() {
        let grid = || Geometry::upright([12, 4, 1], [0.7, 0.7, 3.0]);
        let row = Mask::from_fn(grid(), |[x, y, _]| (1..11).contains(&x) && y == 1);
        assert!((largest(&row).unwrap() - 7.0).abs() < 1e-12);
        let hooked = Mask::from_fn(grid(), |[x, y, _]| ((1..11).contains(&x) && y == 1) || (x == 10 && y == 2));
        assert!((largest(&hooked).unwrap() - 7.034913).abs() < 1e-6);
    }

    #[test]
    fn an_empty_mask_has_none() {
        let empty = Mask::from_fn(Geometry::upright([3, 3, 3], [1.0; 3]), |_| false);
        assert_eq!(largest(&empty), None);
    }
}
