//! One slice resampled in plane.

use ndarray::Array2;

/// A slice on its own grid in the slice plane. In-plane coordinates are mm along the region's x and y axes, 0 at the
/// centre of the region's first pixel; the region is the crop of the image that an exam works on.
#[derive(Clone, Debug)]
pub struct Plane<T> {
    /// Pixels, shape (y, x).
    pub pixels: Array2<T>,
    /// In-plane coordinates of the centre of pixel (0, 0), mm.
    pub corner_mm: [f64; 2],
    /// Pixel size along x and y, mm.
    pub pixel_mm: [f64; 2],
}

impl<T> Plane<T> {
    /// In-plane coordinates of a pixel's centre, mm.
    pub fn at(&self, x: usize, y: usize) -> [f64; 2] {
        [self.corner_mm[0] + x as f64 * self.pixel_mm[0], self.corner_mm[1] + y as f64 * self.pixel_mm[1]]
    }

    /// Area of a pixel, mm2.
    pub fn pixel_area_mm2(&self) -> f64 {
        self.pixel_mm[0] * self.pixel_mm[1]
    }
}
