//! How rough an image is around each pixel: tumours are rougher than marrow or muscle of the same intensity.

use crate::volume::{Volume, traverse};

/// Half the window, mm: as wide as a Gaussian of 1.4 mm SD, which with 0.7 and 2.1 mm gave the same to 0.002 of Dice
/// (`scripts/segmentation/README.md`).
const HALF_WINDOW_MM: f64 = 2.1;

/// `ln(sd + floor)` of the pixels in a square window of the same slice, cut at the border of the image.
pub fn roughness(image: &Volume<f32>, floor: f32) -> Volume<f32> {
    let [nx, ny, nz] = image.geometry().dims;
    let half: [usize; 2] =
        std::array::from_fn(|a| (HALF_WINDOW_MM / image.geometry().spacing[a]).round().max(1.0) as usize);
    let planes = traverse::each(nz, |z| {
        let plane = image.plane(z);
        let sums = Sums::of(nx, ny, |x, y| f64::from(plane[(y, x)]));
        let at = |i: usize| libm::logf(sums.sd(i % nx, i / nx, half) as f32 + floor);
        (0..nx * ny).map(at).collect::<Vec<f32>>()
    });
    Volume::new(image.geometry().clone(), planes.concat()).expect("a value for each pixel")
}

/// Sums over all pixels before one, of values and of their squares.
struct Sums {
    wide: usize,
    dims: [usize; 2],
    of: Vec<[f64; 2]>,
}

impl Sums {
    fn of(nx: usize, ny: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        // Squares of differences from the first pixel: sums of squares of large values would lose them.
        let zero = value(0, 0);
        let wide = nx + 1;
        let mut of = vec![[0.0; 2]; wide * (ny + 1)];
        for y in 0..ny {
            let mut row = [0.0; 2];
            for x in 0..nx {
                let v = value(x, y) - zero;
                row = [row[0] + v, row[1] + v * v];
                let above = of[y * wide + x + 1];
                of[(y + 1) * wide + x + 1] = [above[0] + row[0], above[1] + row[1]];
            }
        }
        Self { wide, dims: [nx, ny], of }
    }

    fn sd(&self, x: usize, y: usize, half: [usize; 2]) -> f64 {
        let ends = |at: usize, a: usize| (at.saturating_sub(half[a]), (at + half[a] + 1).min(self.dims[a]));
        let ((x0, x1), (y0, y1)) = (ends(x, 0), ends(y, 1));
        let at = |x: usize, y: usize| self.of[y * self.wide + x];
        let sum = |k: usize| at(x1, y1)[k] - at(x0, y1)[k] - at(x1, y0)[k] + at(x0, y0)[k];
        let n = ((x1 - x0) * (y1 - y0)) as f64;
        let mean = sum(0) / n;
        (sum(1) / n - mean * mean).max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    #[test]
    fn a_chequered_half_is_rough_and_the_other_is_not() {
        let image = Volume::from_fn(Geometry::upright([40, 20, 2], [0.7, 0.7, 4.0]), |[x, y, _]| {
            1000.0 + if x < 20 && (x + y) % 2 == 0 { 10.0 } else { 0.0 }
        });
        let found = roughness(&image, 1.0);
        assert!((libm::expf(found.voxels()[(1, 10, 8)]) - 6.0).abs() < 0.01);
        assert_eq!(found.voxels()[(1, 10, 30)], 0.0);
    }

    #[test]
    fn it_is_the_deviation_in_the_window() {
        let value = |x: usize, y: usize| ((x * x * 7 + y * 31 + x * y) % 17) as f64;
        let sums = Sums::of(9, 8, value);
        for (x, y) in [(0, 0), (4, 4), (8, 7), (1, 6)] {
            let near = |c: usize, half: usize, n: usize| c.saturating_sub(half)..(c + half + 1).min(n);
            let values: Vec<f64> = near(x, 2, 9).flat_map(|u| near(y, 3, 8).map(move |v| value(u, v))).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
            assert!((sums.sd(x, y, [2, 3]) - variance.sqrt()).abs() < 1e-9);
        }
    }
}
