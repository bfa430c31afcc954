//! The pixels of a segment on one plane.

use super::planes::Shape;

/// The smallest box of pixels that holds a segment.
pub struct Bits {
    /// Centre of the frame's first pixel, mm along the axes of the plane.
    first: [f64; 2],
    /// Distance of columns and of rows, mm.
    spacing: [f64; 2],
    /// First column and row of the box.
    lo: [usize; 2],
    /// Columns and rows of the box.
    dims: [usize; 2],
    inside: Vec<bool>,
}

impl Bits {
    /// The pixels of a frame that belong to a segment; `None` if there is none.
    pub fn new(first: [f64; 2], spacing: [f64; 2], columns: usize, inside: &[bool]) -> Option<Self> {
        let rows = inside.chunks_exact(columns.max(1));
        let (mut lo, mut hi) = ([usize::MAX; 2], [0; 2]);
        for (y, row) in rows.clone().enumerate() {
            if let (Some(x0), Some(x1)) = (row.iter().position(|i| *i), row.iter().rposition(|i| *i)) {
                lo = [lo[0].min(x0), lo[1].min(y)];
                hi = [hi[0].max(x1 + 1), y + 1];
            }
        }
        let dims = [hi[0].checked_sub(lo[0])?, hi[1].checked_sub(lo[1])?];
        let inside = rows.take(hi[1]).skip(lo[1]).flat_map(|row| &row[lo[0]..hi[0]]).copied().collect();
        Some(Self { first, spacing, lo, dims, inside })
    }

    /// The pixel of the box whose centre is nearest.
    fn pixel(&self, point: [f64; 2]) -> Option<usize> {
        let index = |a: usize| {
            let i = ((point[a] - self.first[a]) / self.spacing[a] + 0.5).floor() - self.lo[a] as f64;
            (i >= 0.0 && i < self.dims[a] as f64).then_some(i as usize)
        };
        Some(index(0)? + self.dims[0] * index(1)?)
    }
}

impl Shape for Bits {
    fn bounds(&self) -> [[f64; 2]; 2] {
        let edge = |i: usize, a: usize| self.first[a] + (i as f64 - 0.5) * self.spacing[a];
        [0, 1].map(|end| std::array::from_fn(|a| edge(self.lo[a] + end * self.dims[a], a)))
    }

    fn line(&self, start: [f64; 2], step: [f64; 2], inside: &mut [bool]) {
        for (k, inside) in inside.iter_mut().enumerate() {
            let point = std::array::from_fn(|a| start[a] + k as f64 * step[a]);
            *inside = self.pixel(point).is_some_and(|i| self.inside[i]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_keeps_its_place_in_the_frame() {
        let mut frame = [false; 12];
        (frame[6], frame[9]) = (true, true);
        let bits = Bits::new([10.0, 20.0], [1.0, 2.0], 4, &frame).unwrap();
        assert_eq!(bits.bounds(), [[10.5, 21.0], [12.5, 25.0]]);
        let mut row = [false; 4];
        bits.line([10.0, 22.4], [1.0, 0.0], &mut row);
        assert_eq!(row, [false, false, true, false]);
        assert!(Bits::new([0.0; 2], [1.0; 2], 4, &[false; 12]).is_none());
    }
}
