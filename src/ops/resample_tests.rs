//! Resampling against slow twins that know nothing of lanes, blocks or fixed-point positions.

use super::*;
use crate::geometry::{Vec3, sub};
use crate::ops::onto::onto as nearest_mask;
use crate::volume::Mask;
use proptest::prelude::*;

const MODES: [Interpolation; 3] = [Interpolation::Nearest, Interpolation::Linear, Interpolation::Cubic];

fn turned(degrees: f64, dims: [usize; 3], spacing: Vec3, origin: Vec3) -> Geometry {
    let ((s, c), (t, d)) = (libm::sincos(degrees.to_radians()), libm::sincos(0.6 * degrees.to_radians()));
    let axes = [[c, s, 0.0], [-s * d, c * d, t], [s * t, -c * t, d]];
    Geometry { dims, spacing, origin, axes }
}

fn noise(g: &Geometry, seed: u64) -> Volume<f32> {
    let mix = |v: [usize; 3]| (seed ^ (v[0] + 131 * v[1] + 7919 * v[2]) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Volume::from_fn(g.clone(), |v| (mix(v) >> 33) as f32 / 2e6 - 1024.0)
}

/// Spline coefficients by solving the interpolation equations: Gauss-Seidel along each axis, mirrored, in double.
fn coefficients(v: &Volume<f32>) -> Vec<f64> {
    let dims = v.geometry().dims;
    let strides = [1, dims[0], dims[0] * dims[1]];
    let mut c: Vec<f64> = v.as_slice().iter().map(|v| f64::from(*v)).collect();
    for (n, stride) in dims.into_iter().zip(strides) {
        for first in (0..c.len()).filter(|i| i / stride % n == 0) {
            let line: Vec<f64> = (0..n).map(|k| c[first + k * stride]).collect();
            let mut solved = line.clone();
            for k in (0..60).flat_map(|_| 0..n) {
                let sides = solved[mirror(k as isize - 1, n)] + solved[mirror(k as isize + 1, n)];
                solved[k] = if n == 1 { line[0] } else { (6.0 * line[k] - sides) / 4.0 };
            }
            solved.iter().enumerate().for_each(|(k, s)| c[first + k * stride] = *s);
        }
    }
    c
}

/// The definition, voxel by voxel, from the patient's coordinates.
fn slow(source: &Volume<f32>, grid: &Geometry, how: Interpolation, beyond: Beyond) -> Vec<f64> {
    let dims = source.geometry().dims;
    let plain = || source.as_slice().iter().map(|v| f64::from(*v)).collect();
    let voxels: Vec<f64> = if how == Interpolation::Cubic { coefficients(source) } else { plain() };
    let beta = |d: f64| match (how, d.abs()) {
        (Interpolation::Nearest, _) => f64::from(u8::from((-0.5..0.5).contains(&d))),
        (Interpolation::Linear, d) => (1.0 - d).max(0.0),
        (_, d) if d < 1.0 => 2.0 / 3.0 - d * d + d * d * d / 2.0,
        (_, d) => (2.0 - d).max(0.0).powi(3) / 6.0,
    };
    let at = |i: usize| {
        let v = [i % grid.dims[0], i / grid.dims[0] % grid.dims[1], i / grid.dims[0] / grid.dims[1]];
        source.geometry().to_index(grid.to_patient(v.map(|k| k as f64)))
    };
    let value = |at: Vec3| {
        let inside = (0..3).all(|a| at[a] >= -0.5 - 1e-9 && at[a] <= dims[a] as f64 - 0.5 + 1e-9);
        let at = match beyond {
            Beyond::Value(v) if !inside => return f64::from(v),
            Beyond::Value(_) => at,
            Beyond::Edge => std::array::from_fn(|a| at[a].clamp(0.0, dims[a] as f64 - 1.0)),
        };
        let mut sum = 0.0;
        for k in 0..125 {
            let u: [f64; 3] = [k % 5, k / 5 % 5, k / 25].map(|k| k as f64 - 2.0);
            let u: [f64; 3] = std::array::from_fn(|a| at[a].round() + u[a]);
            let weight: f64 = (0..3).map(|a| beta(at[a] - u[a])).product();
            let held = |a: usize| match how {
                Interpolation::Cubic => mirror(u[a] as isize, dims[a]),
                _ => u[a].clamp(0.0, dims[a] as f64 - 1.0) as usize,
            };
            sum += weight * voxels[(held(2) * dims[1] + held(1)) * dims[0] + held(0)];
        }
        sum
    };
    (0..grid.len()).map(|i| value(at(i))).collect()
}

/// Whether a voxel is so near to a step of nearest neighbour, or of the outermost half voxel, that rounding decides.
fn on_a_step(source: &Geometry, grid: &Geometry, i: usize) -> bool {
    let v = [i % grid.dims[0], i / grid.dims[0] % grid.dims[1], i / grid.dims[0] / grid.dims[1]];
    let at = source.to_index(grid.to_patient(v.map(|k| k as f64)));
    (0..3).any(|a| ((at[a] + 0.5) - (at[a] + 0.5).round()).abs() < 1e-6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_mode_is_its_slow_twin(
        dims in [1..24_usize, 1..9, 1..8], to in [1..40_usize, 1..21, 1..12], from_mm in [0.4..1.2_f64, 0.4..1.2, 0.5..5.0],
        to_mm in [0.3..1.5_f64, 0.3..1.5, 0.3..4.0], shift in [-3.0..6.0_f64, -3.0..4.0, -3.0..4.0],
        degrees in prop_oneof![Just(0.0), Just(180.0), -40.0..40.0_f64], edge: bool, seed: u64,
    ) {
        let source = noise(&turned(10.0, dims, from_mm, [1.0, 2.0, 3.0]), seed);
        let start = source.geometry().to_patient(shift);
        let mut grid = turned(10.0 + degrees, to, to_mm, start);
        if degrees == 180.0 {
            grid.axes = source.geometry().axes.map(|axis| axis.map(|c| -c));
        }
        let beyond = if edge { Beyond::Edge } else { Beyond::Value(-1024.0) };
        for how in MODES {
            let fast = onto(&source, &grid, how, beyond, Coarser::Alias);
            for (i, (f, s)) in fast.as_slice().iter().zip(slow(&source, &grid, how, beyond)).enumerate() {
                prop_assert!((f64::from(*f) - s).abs() < 0.01 || on_a_step(source.geometry(), &grid, i), "{how:?} {i}: {f} {s}");
            }
        }
    }
}

#[test]
fn the_same_grid_changes_nothing() {
    let g = turned(20.0, [40, 30, 20], [0.7, 0.7, 3.0], [5.0, 6.0, 7.0]);
    let source = noise(&g, 3);
    for how in MODES {
        let same = onto(&source, &g, how, Beyond::Edge, Coarser::Smooth);
        let worst = same.as_slice().iter().zip(source.as_slice()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 0.002, "{how:?}: {worst}");
    }
}

/// A crop of the new grid is a crop of the result: what lies farther away than the slack does not matter.
#[test]
fn a_part_of_the_grid_is_the_part_of_the_whole() {
    let source = noise(&Geometry::upright([70, 60, 50], [0.8, 0.8, 3.0]), 5);
    let grid = Geometry::upright([56, 48, 150], [1.0; 3]);
    let part = crate::geometry::Extent { lo: [20, 18, 60], hi: [40, 30, 90] };
    for how in MODES {
        let whole = onto(&source, &grid, how, Beyond::Edge, Coarser::Alias).crop(&part);
        let alone = onto(&source, &grid.crop(&part), how, Beyond::Edge, Coarser::Alias);
        assert!(whole.as_slice().iter().zip(alone.as_slice()).all(|(a, b)| (a - b).abs() < 0.002), "{how:?}");
    }
}

/// A wave too fine for the coarse grid comes back as a false slow one, unless it is smoothed away; slow ones stay.
#[test]
fn smoothing_takes_what_a_coarser_grid_cannot_hold() {
    let fine = Geometry::upright([200, 40, 40], [0.5; 3]);
    let wave = |period_mm: f64| {
        Volume::from_fn(fine.clone(), |[x, ..]| {
            (1000.0 * libm::cos(std::f64::consts::TAU * x as f64 * 0.5 / period_mm)) as f32
        })
    };
    let swing = |v: &Volume<f32>| {
        v.crop(&crate::geometry::Extent { lo: [8, 2, 2], hi: [40, 8, 8] })
            .as_slice()
            .iter()
            .fold(0.0_f32, |most, v| most.max(v.abs()))
    };
    let coarse = Geometry::upright([48, 10, 10], [2.0; 3]);
    let tilted = turned(4.0, [48, 8, 8], [2.0; 3], [1.0, 1.0, 2.0]);
    for grid in [coarse, tilted] {
        let seen = |period_mm: f64, coarser| {
            swing(&onto(&wave(period_mm), &grid, Interpolation::Linear, Beyond::Edge, coarser))
        };
        assert!(seen(1.9, Coarser::Alias) > 700.0);
        assert!(seen(1.9, Coarser::Smooth) < 30.0);
        assert!(seen(40.0, Coarser::Smooth) > 960.0);
    }
}

/// An ellipsoid drawn on thick tilted slices, seen on fine upright ones: both smooth ways lose less of it than steps do.
#[test]
fn a_smooth_surface_is_nearer_to_the_truth_than_steps() {
    let radii = [14.0, 11.0, 16.0];
    let inside = |p: Vec3| (0..3).map(|a| (p[a] / radii[a]).powi(2)).sum::<f64>() <= 1.0;
    let draw = |g: &Geometry| Mask::from_fn(g.clone(), |v| inside(g.to_patient(v.map(|i| i as f64))));
    let mut thick = turned(35.0, [60, 60, 12], [0.8, 0.8, 4.0], [0.0; 3]);
    thick.origin = sub([0.0; 3], thick.to_patient([29.5, 29.5, 5.5]));
    let fine = Geometry { origin: [-20.0; 3], ..Geometry::upright([41, 41, 41], [1.0; 3]) };
    let (drawn, truth) = (draw(&thick), draw(&fine));
    let wrong = |m: &Mask| m.as_slice().iter().zip(truth.as_slice()).filter(|(a, b)| a != b).count() as f64;
    let steps = wrong(&nearest_mask(&drawn, &fine));
    for (smooth, share) in [(by_distance(&drawn, &fine), 0.4), (by_partial_volume(&drawn, &fine), 0.75)] {
        assert!(wrong(&smooth) < share * steps, "{} of {steps}", wrong(&smooth));
        let volume_error = smooth.count() as f64 / truth.count() as f64 - 1.0;
        assert!(volume_error.abs() < 0.03, "{volume_error}");
    }
}

#[test]
fn masks_stay_where_they_are_on_their_own_grid() {
    let g = Geometry::upright([20, 18, 9], [0.7, 0.9, 3.0]);
    let mask = Mask::from_fn(g.clone(), |[x, y, z]| x * y % 7 < 3 && z > 1);
    assert_eq!(by_distance(&mask, &g), mask);
    assert_eq!(by_partial_volume(&mask, &g), mask);
    let all = Mask::from_fn(g.clone(), |_| true);
    assert_eq!(by_distance(&all, &g), all);
    let far = Geometry { origin: [100.0; 3], ..g };
    assert_eq!(by_distance(&all, &far).count() + by_partial_volume(&all, &far).count(), 0);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let source = noise(&Geometry::upright([70, 60, 50], [0.8, 0.8, 3.0]), 5);
    let straight = Geometry::upright([90, 70, 100], [0.9, 0.9, 1.0]);
    let tilted = turned(9.0, [60, 50, 90], [1.1; 3], [1.0; 3]);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let all =
            || MODES.map(|how| [&straight, &tilted].map(|g| onto(&source, g, how, Beyond::Edge, Coarser::Smooth)));
        pool.install(all)
    };
    assert!(run(1) == run(3));
}
