//! Exact Euclidean distance in a plane.

use ndarray::{Array2, ArrayView2, ArrayViewMut1};

/// Distance of every pixel's centre to the nearest centre outside the mask, mm; 0 outside. Everything beyond the plane
/// is outside.
pub fn to_outside_mm(mask: ArrayView2<'_, bool>, pixel_mm: [f64; 2]) -> Array2<f64> {
    let (ny, nx) = mask.dim();
    let mut outside = Array2::from_elem((ny + 2, nx + 2), true);
    outside.slice_mut(ndarray::s![1..=ny, 1..=nx]).zip_mut_with(&mask, |o, &m| *o = !m);
    let nearest = Nearest::of(outside.view(), pixel_mm);
    Array2::from_shape_fn((ny, nx), |(y, x)| nearest.squared_mm2[(y + 1, x + 1)].sqrt())
}

/// For every pixel the nearest of the marked ones.
pub struct Nearest {
    /// Squared distance to it, mm2; infinite where nothing is marked.
    pub squared_mm2: Array2<f64>,
    /// Its row and column; meaningless where nothing is marked.
    pub at: Array2<(u32, u32)>,
}

impl Nearest {
    /// Felzenszwalb and Huttenlocher 2012: along the rows first, then along the columns, each a lower envelope of
    /// parabolas.
    pub fn of(marked: ArrayView2<'_, bool>, pixel_mm: [f64; 2]) -> Self {
        let (ny, nx) = marked.dim();
        let mut squared_mm2 = marked.mapv(|m| if m { 0.0 } else { f64::INFINITY });
        let mut at = Array2::from_elem((ny, nx), (0, 0));
        let mut envelope = Envelope::default();
        for (row, at) in squared_mm2.rows_mut().into_iter().zip(at.rows_mut()) {
            along(row, at, pixel_mm[0]);
        }
        for (mut column, mut at) in squared_mm2.columns_mut().into_iter().zip(at.columns_mut()) {
            envelope.of(column.iter().copied(), pixel_mm[1]);
            let across: Vec<u32> = at.iter().map(|a| a.1).collect();
            envelope.read(column.iter_mut().zip(&mut at), |site, to| *to = (site as u32, across[site]));
        }
        Self { squared_mm2, at }
    }
}

/// The nearest pixel of its own row that is marked, which 0 says: the last one on the left, or the next on the right.
fn along(mut row: ArrayViewMut1<'_, f64>, mut at: ArrayViewMut1<'_, (u32, u32)>, step_mm: f64) {
    let marked = row.iter().enumerate().filter(|(_, mm2)| **mm2 == 0.0).map(|(x, _)| x);
    let mut marked = marked.collect::<Vec<_>>().into_iter().peekable();
    let mut left: Option<usize> = None;
    for (x, (mm2, at)) in row.iter_mut().zip(&mut at).enumerate() {
        left = marked.next_if_eq(&x).or(left);
        let nearer = |l: &usize| marked.peek().is_none_or(|right| x - l <= right - x);
        let Some(site) = left.filter(nearer).or(marked.peek().copied()) else { continue };
        let mm = x.abs_diff(site) as f64 * step_mm;
        (*mm2, *at) = (mm * mm, (0, site as u32));
    }
}

/// The lower envelope of the parabolas `f(p) + (step (q - p))^2` along a line, left to right.
#[derive(Default)]
struct Envelope {
    /// Each parabola of the envelope: where its apex is, how high it is, and from where on it is the lowest.
    parabolas: Vec<(usize, f64, f64)>,
    step: f64,
}

impl Envelope {
    /// Of the heights of a line; parabolas of infinite height take no part.
    fn of(&mut self, heights: impl Iterator<Item = f64>, step: f64) {
        self.parabolas.clear();
        self.step = step;
        for (q, height) in heights.enumerate().filter(|(_, h)| h.is_finite()) {
            let mut from = f64::NEG_INFINITY;
            while let Some(&(p, other, since)) = self.parabolas.last() {
                let (a, b) = (p as f64 * step, q as f64 * step);
                from = ((height + b * b) - (other + a * a)) / (2.0 * (b - a));
                if from > since {
                    break;
                }
                self.parabolas.pop();
                from = f64::NEG_INFINITY;
            }
            self.parabolas.push((q, height, from));
        }
    }

    /// Writes the envelope along the line; `owner` is told whose parabola is the lowest at each place.
    fn read<'a, T: 'a>(&self, line: impl Iterator<Item = (&'a mut f64, &'a mut T)>, owner: impl Fn(usize, &mut T)) {
        let mut k = 0;
        for (q, (value, at)) in line.enumerate() {
            while self.parabolas.get(k + 1).is_some_and(|&(_, _, from)| from < q as f64 * self.step) {
                k += 1;
            }
            let Some(&(p, height, _)) = self.parabolas.get(k) else { continue };
            let off = (q as f64 - p as f64) * self.step;
            *value = height + off * off;
            owner(p, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slow(mask: &Array2<bool>, pixel_mm: [f64; 2]) -> Array2<f64> {
        let (ny, nx) = mask.dim();
        let outside = |y: isize, x: isize| {
            y < 0 || x < 0 || y >= ny as isize || x >= nx as isize || !mask[(y as usize, x as usize)]
        };
        Array2::from_shape_fn((ny, nx), |(y, x)| {
            let mut best = f64::MAX;
            for v in -1..=ny as isize {
                for u in -1..=nx as isize {
                    if outside(v, u) {
                        let d =
                            libm::hypot((u - x as isize) as f64 * pixel_mm[0], (v - y as isize) as f64 * pixel_mm[1]);
                        best = best.min(d);
                    }
                }
            }
            best
        })
    }

    proptest! {
        #[test]
        fn equals_the_search_over_all_pairs(bits in prop::collection::vec(0..5u8, 7 * 9), sx in 0.3..2.0f64, sy in 0.3..2.0f64) {
            let mask = Array2::from_shape_fn((7, 9), |(y, x)| bits[y * 9 + x] > 0);
            let fast = to_outside_mm(mask.view(), [sx, sy]);
            prop_assert!(fast.iter().zip(slow(&mask, [sx, sy]).iter()).all(|(a, b)| (a - b).abs() < 1e-9));
        }
    }

    proptest! {
        #[test]
        fn the_nearest_marked_pixel_is_named(bits in prop::collection::vec(0..9u8, 7 * 9), sx in 0.3..2.0f64, sy in 0.3..2.0f64) {
            let marked = Array2::from_shape_fn((7, 9), |(y, x)| bits[y * 9 + x] == 0);
            let found = Nearest::of(marked.view(), [sx, sy]);
            let squared = |(y, x): (usize, usize), (v, u): (usize, usize)| {
                ((x as f64 - u as f64) * sx).powi(2) + ((y as f64 - v as f64) * sy).powi(2)
            };
            for (i, &got) in found.squared_mm2.indexed_iter() {
                let all = marked.indexed_iter().filter(|(_, m)| **m).map(|(j, _)| squared(i, j));
                let want = all.fold(f64::INFINITY, f64::min);
                prop_assert!(got == want || (got - want).abs() < 1e-9);
                let at = (found.at[i].0 as usize, found.at[i].1 as usize);
                prop_assert!(want.is_infinite() || marked[at] && (squared(i, at) - want).abs() < 1e-9);
            }
        }
    }
}
