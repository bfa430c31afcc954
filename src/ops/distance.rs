//! Exact Euclidean distance in a plane.
//!
//! Felzenszwalb and Huttenlocher 2012: along the rows first, then along the columns, each a lower envelope of parabolas.

use ndarray::{Array2, ArrayView2};

/// Distance of every pixel's centre to the nearest centre outside the mask, mm; 0 outside. Everything beyond the plane
/// is outside.
///
/// Along a column only runs of the mask are looked at: what is outside at either end is nearer than all beyond it.
pub fn to_outside_mm(mask: ArrayView2<'_, bool>, pixel_mm: [f64; 2]) -> Array2<f64> {
    let (ny, nx) = mask.dim();
    let mask = mask.as_standard_layout();
    let inside = mask.as_slice().expect("standard layout is contiguous");
    let in_row_mm2 = to_outside_in_rows_mm2(inside, nx, pixel_mm[0]);
    let mut mm = vec![0.0; ny * nx];
    let mut envelope = Envelope::new(pixel_mm[1]);
    for x in 0..nx {
        let mut y = 0;
        while y < ny {
            let run = y..(y..ny).find(|&y| !inside[y * nx + x]).unwrap_or(ny);
            y = run.end + 1;
            if run.is_empty() {
                continue;
            }
            // Places are counted from the row before the first.
            envelope.clear();
            envelope.add(run.start, 0.0);
            run.clone().for_each(|y| envelope.add(y + 1, in_row_mm2[y * nx + x]));
            envelope.add(run.end + 1, 0.0);
            envelope.read(run.start + 1..run.end + 1, |place, _, mm2| mm[(place - 1) * nx + x] = mm2.sqrt());
        }
    }
    Array2::from_shape_vec((ny, nx), mm).expect("one value for each pixel")
}

/// Squared distance to the nearest pixel of the same row that is outside, mm2.
fn to_outside_in_rows_mm2(inside: &[bool], nx: usize, step_mm: f64) -> Vec<f64> {
    let mut squared_mm2 = Vec::with_capacity(inside.len());
    for run in inside.chunks_exact(nx.max(1)).flat_map(|row| row.chunk_by(|a, b| a == b)) {
        let steps = |i: usize| if run[0] { (i + 1).min(run.len() - i) } else { 0 };
        let mm = |i: usize| steps(i) as f64 * step_mm;
        squared_mm2.extend((0..run.len()).map(|i| mm(i) * mm(i)));
    }
    squared_mm2
}

/// For every pixel the nearest of the marked ones.
pub struct Nearest {
    /// Squared distance to it, mm2; infinite where nothing is marked.
    pub squared_mm2: Array2<f64>,
    /// Its row and column; meaningless where nothing is marked.
    pub at: Array2<(u32, u32)>,
}

/// Nothing is marked in a row.
const NONE: u32 = u32::MAX;

impl Nearest {
    /// Of the marked pixels.
    pub fn of(marked: ArrayView2<'_, bool>, pixel_mm: [f64; 2]) -> Self {
        let (ny, nx) = marked.dim();
        let marked = marked.as_standard_layout();
        let sites = in_rows(marked.as_slice().expect("standard layout is contiguous"), nx);
        let mut squared_mm2 = vec![f64::INFINITY; ny * nx];
        let mut at = vec![(0, 0); ny * nx];
        let mut envelope = Envelope::new(pixel_mm[1]);
        for x in 0..nx {
            envelope.clear();
            let column = sites.iter().skip(x).step_by(nx).enumerate();
            for (y, &site) in column.filter(|(_, site)| **site != NONE) {
                let mm = x.abs_diff(site as usize) as f64 * pixel_mm[0];
                envelope.add(y, mm * mm);
            }
            envelope.read(0..ny, |y, row, mm2| {
                (squared_mm2[y * nx + x], at[y * nx + x]) = (mm2, (row as u32, sites[row * nx + x]));
            });
        }
        let shaped = "one value for each pixel";
        Self {
            squared_mm2: Array2::from_shape_vec((ny, nx), squared_mm2).expect(shaped),
            at: Array2::from_shape_vec((ny, nx), at).expect(shaped),
        }
    }
}

/// For each pixel the nearest one of its own row that is marked: the last one on the left, or the next on the right.
fn in_rows(marked: &[bool], nx: usize) -> Vec<u32> {
    let mut sites = vec![NONE; marked.len()];
    for (marked, sites) in marked.chunks_exact(nx.max(1)).zip(sites.chunks_exact_mut(nx.max(1))) {
        let mut right = NONE;
        for (x, site) in sites.iter_mut().enumerate().rev() {
            right = if marked[x] { x as u32 } else { right };
            *site = right;
        }
        let mut left = NONE;
        for (x, site) in (0..).zip(sites) {
            left = if *site == x { x } else { left };
            // Two are equally near: the left one.
            let nearer = left != NONE && (*site == NONE || x - left <= *site - x);
            *site = if nearer { left } else { *site };
        }
    }
    sites
}

/// The lower envelope of the parabolas `f(p) + (step (q - p))^2` along a line, left to right.
struct Envelope {
    parabolas: Vec<Parabola>,
    step: f64,
}

/// A parabola of the envelope.
#[derive(Clone, Copy)]
struct Parabola {
    apex: usize,
    height: f64,
    /// `f(p) + (step p)^2`
    at_zero: f64,
    /// From where on it is the lowest.
    since: f64,
}

impl Envelope {
    fn new(step: f64) -> Self {
        Self { parabolas: Vec::new(), step }
    }

    fn clear(&mut self) {
        self.parabolas.clear();
    }

    /// Adds a parabola to the right of all before.
    fn add(&mut self, apex: usize, height: f64) {
        let b = apex as f64 * self.step;
        let (at_zero, mut since) = (height + b * b, f64::NEG_INFINITY);
        while let Some(last) = self.parabolas.last() {
            let a = last.apex as f64 * self.step;
            let from = (at_zero - last.at_zero) / (2.0 * (b - a));
            if from > last.since {
                since = from;
                break;
            }
            self.parabolas.pop();
        }
        self.parabolas.push(Parabola { apex, height, at_zero, since });
    }

    /// Tells for some places whose parabola is the lowest there, and how high it is.
    fn read(&self, places: std::ops::Range<usize>, mut tell: impl FnMut(usize, usize, f64)) {
        let mut parabolas = self.parabolas.iter().peekable();
        let Some(mut lowest) = parabolas.next() else { return };
        for place in places {
            while let Some(next) = parabolas.next_if(|next| next.since < place as f64 * self.step) {
                lowest = next;
            }
            let off = (place as f64 - lowest.apex as f64) * self.step;
            tell(place, lowest.apex, lowest.height + off * off);
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
