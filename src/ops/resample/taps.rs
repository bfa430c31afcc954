//! Which voxels along one axis an output is made of, and their weights.

use super::Beyond;
use super::kernel::{cubic_weights, mirror};
use super::map::Map;
use std::ops::Range;

/// Voxels around the wanted ones that filters take in: the spline's pole falls to 1e-9 within sixteen.
const SLACK_PX: usize = 16;

/// For every output along an axis the `K` inputs it is made of: 1 nearest, 2 linear, 4 cubic.
pub struct Taps<const K: usize> {
    /// The inputs that matter.
    pub from: Range<usize>,
    /// Outputs that lie in the source, half a voxel at each end included; the others take the fill value.
    pub inside: Range<usize>,
    /// Indices, counted from `from.start`, and weights.
    pub taps: Vec<([usize; K], [f32; K])>,
}

impl<const K: usize> Taps<K> {
    /// The taps along one axis of an aligned map, with `slack` more inputs at either end for a smoothing filter.
    pub fn new(map: &Map, axis: usize, beyond: Beyond, slack: usize) -> Self {
        let n = map.from[axis];
        let last = n as f64 - 1.0;
        let at = |i: usize| map.start[axis] + i as f64 * map.step[axis][axis];
        let place = |i: usize| if beyond == Beyond::Edge { at(i).clamp(0.0, last) } else { at(i) };
        let is_inside = |i: &usize| beyond == Beyond::Edge || (-0.5..=last + 0.5).contains(&at(*i));
        let count = map.dims[axis];
        let first = (0..count).find(is_inside).unwrap_or(count);
        let end = (first..count).rev().find(is_inside).map_or(first, |i| i + 1);
        // What lies outside is overwritten later: it must only not ask for voxels of its own.
        let held = |i: usize| if first < end { i.clamp(first, end - 1) } else { 0 };
        let mut taps: Vec<_> = (0..count).map(|i| tap::<K>(place(held(i)), n)).collect();
        let used = taps.iter().flat_map(|(index, _)| *index);
        let (lo, hi) = used.fold((n - 1, 0), |(lo, hi), i| (lo.min(i), hi.max(i)));
        let slack = slack + if K == 4 { SLACK_PX } else { 0 };
        let from = lo.saturating_sub(slack)..(hi + 1 + slack).min(n);
        taps.iter_mut().for_each(|(index, _)| *index = index.map(|i| i - from.start));
        Self { from, inside: first..end, taps }
    }
}

fn tap<const K: usize>(at: f64, n: usize) -> ([usize; K], [f32; K]) {
    let at = at.clamp(-1.0, n as f64);
    let base = if K == 1 { (at + 0.5).floor() } else { at.floor() };
    let t = at - base;
    let index = |k: usize| base as isize + k as isize - if K == 4 { 1 } else { 0 };
    let held = |i: isize| i.clamp(0, n as isize - 1) as usize;
    let weight = |k: usize| match K {
        1 => 1.0,
        2 => [1.0 - t, t][k],
        _ => cubic_weights(t)[k],
    };
    let index = std::array::from_fn(|k| if K == 4 { mirror(index(k), n) } else { held(index(k)) });
    (index, std::array::from_fn(|k| weight(k) as f32))
}
