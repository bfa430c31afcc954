//! The parallel walks over voxels. Everything rayon does to voxels is here.
//!
//! Each walk gives the same bits on any number of threads: work is cut by the grid, never by the thread count,
//! and results are joined in grid order.

use super::Volume;
use rayon::prelude::*;

/// Voxels in a chunk of [`fold`]; of the grid only, so that sums do not depend on the thread count.
const FOLD_CHUNK: usize = 1 << 15;

/// Sets the number of threads for the whole process; the first call counts.
pub fn use_threads(threads: usize) {
    // A second call finds the pool already built, which only tests do.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
}

/// `[f(0), f(1), .. f(n-1)]`, computed side by side, returned in order: slices, structures, rows.
pub fn each<R: Send>(n: usize, f: impl Fn(usize) -> R + Sync + Send) -> Vec<R> {
    (0..n).into_par_iter().map(f).collect()
}

/// `out(v) = f(in(v))`
pub fn map<T: Sync, U: Send>(volume: &Volume<T>, f: impl Fn(&T) -> U + Sync + Send) -> Volume<U> {
    let voxels = volume.as_slice().par_iter().with_min_len(FOLD_CHUNK).map(f).collect();
    Volume::new(volume.geometry().clone(), voxels).expect("a map keeps the number of voxels")
}

/// Folds fixed chunks, then joins them from first to last.
pub fn fold<T: Sync, A: Send>(
    voxels: &[T],
    zero: impl Fn() -> A + Sync + Send,
    step: impl Fn(A, &T) -> A + Sync + Send,
    join: impl Fn(A, A) -> A,
) -> A {
    let parts: Vec<A> = voxels.par_chunks(FOLD_CHUNK).map(|c| c.iter().fold(zero(), &step)).collect();
    parts.into_iter().fold(zero(), join)
}

/// Fills `out` in runs of `run` elements: `f(i, run_i)`; rows or planes of a new volume.
pub fn fill_runs<T: Send>(out: &mut [T], run: usize, f: impl Fn(usize, &mut [T]) + Sync + Send) {
    out.par_chunks_mut(run.max(1)).enumerate().for_each(|(i, chunk)| f(i, chunk));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    fn on_threads<R: Send>(n: usize, f: impl FnOnce() -> R + Send) -> R {
        rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(f)
    }

    #[test]
    fn a_sum_has_the_same_bits_on_any_number_of_threads() {
        let voxels: Vec<f32> = (0..300_000_u64).map(|i| ((i * 7919) % 1013) as f32 * 0.37).collect();
        let sum = || fold(&voxels, || 0.0_f32, |a, v| a + v, |a, b| a + b).to_bits();
        let one = on_threads(1, sum);
        assert!([2, 3, 7].iter().all(|&n| on_threads(n, sum) == one));
    }

    #[test]
    fn walks_keep_the_order() {
        assert_eq!(each(4, |i| i * i), [0, 1, 4, 9]);
        let v = Volume::from_fn(Geometry::upright([3, 2, 2], [1.0; 3]), |[x, y, z]| x + 10 * y + 100 * z);
        assert_eq!(map(&v, |i| i * 2).as_slice()[11], 2 * 112);
        let mut out = vec![0; 6];
        fill_runs(&mut out, 3, |i, run| run.fill(i));
        assert_eq!(out, [0, 0, 0, 1, 1, 1]);
    }
}
