//! The largest in-plane diameter between vertices of the surface mesh, as PyRadiomics defines it.

use super::chord::{Chord, longest};
use super::outline::Point;
use crate::volume::Mask;
use crate::volume::traverse::each;

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

fn inside(mask: &Mask, x: isize, y: isize, z: isize) -> bool {
    let at = |v: isize| usize::try_from(v).ok();
    let index = at(z).zip(at(y)).zip(at(x)).map(|((z, y), x)| (z, y, x));
    index.and_then(|i| mask.voxels().get(i)).copied().unwrap_or(false)
}

fn place(mask: &Mask, x: f64, y: f64) -> Point {
    [x * mask.geometry().spacing[0], y * mask.geometry().spacing[1]]
}

/// Vertices halfway along the x and y edges of plane z.
fn vertices_on_plane(mask: &Mask, z: usize) -> Vec<Point> {
    let [nx, ny, _] = mask.geometry().dims.map(|n| n as isize);
    let mut points = Vec::new();
    for y in -1..ny {
        for x in -1..nx {
            let here = inside(mask, x, y, z as isize);
            if here != inside(mask, x + 1, y, z as isize) {
                points.push(place(mask, x as f64 + 0.5, y as f64));
            }
            if here != inside(mask, x, y + 1, z as isize) {
                points.push(place(mask, x as f64, y as f64 + 0.5));
            }
        }
    }
    points
}

/// Vertices halfway between plane z - 1 and plane z.
fn vertices_between(mask: &Mask, z: usize) -> Vec<Point> {
    let [nx, ny, _] = mask.geometry().dims;
    let cut = |x: usize, y: usize| {
        let (x, y, z) = (x as isize, y as isize, z as isize);
        inside(mask, x, y, z - 1) != inside(mask, x, y, z)
    };
    let all = (0..ny).flat_map(|y| (0..nx).map(move |x| (x, y)));
    all.filter(|&(x, y)| cut(x, y)).map(|(x, y)| place(mask, x as f64, y as f64)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

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
