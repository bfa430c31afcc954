//! Where bone is thicker than cortex.
//!
//! Lesions leave pieces of the vertebra's wall and endplates, and no density tells them from new bone; but they are thin.
//! Cortex of at most 2 mm (0.6 to 1.8 mm, method.md 2 and 3.9), with its blur some 3 mm wide at the mineral threshold, fills a cube
//! of 4.5 mm to no more than 3/4, however it runs through it. The cube is of whole voxels: of slices of 2 mm and more it has one, and
//! a plate that lies along them passes for thick.

use ndarray::{Array3, Axis};

/// Side of the cube, mm.
const SIDE_MM: f64 = 4.5;
/// Bone that fills the cube about it to this share is thicker than cortex.
const SHARE: f64 = 0.8;

/// Voxels whose cube is bone; nothing lies beyond the borders of the mask. Spacing in the order of the axes.
pub fn solid(bone: &Array3<bool>, voxel_mm: [f64; 3]) -> Array3<bool> {
    let reaches = voxel_mm.map(|mm| ((SIDE_MM / mm - 1.0).max(0.0) / 2.0 + 1e-6) as usize);
    let mut sums = bone.mapv(u32::from);
    for (axis, &reach) in reaches.iter().enumerate().filter(|(_, reach)| **reach > 0) {
        let mut line = Vec::new();
        for mut lane in sums.lanes_mut(Axis(axis)) {
            line.clear();
            line.extend(lane.iter().copied());
            lane.iter_mut().zip(windows(&line, reach)).for_each(|(sum, window)| *sum = window);
        }
    }
    let cube: usize = reaches.iter().map(|reach| 2 * reach + 1).product();
    let least = (SHARE * cube as f64).ceil() as u32;
    sums.mapv(|sum| sum >= least)
}

/// The sums of up to `reach` numbers on either side of each.
fn windows(line: &[u32], reach: usize) -> impl Iterator<Item = u32> + '_ {
    let mut sum: u32 = line.iter().take(reach).sum();
    (0..line.len()).map(move |i| {
        sum += line.get(i + reach).copied().unwrap_or(0);
        sum -= i.checked_sub(reach + 1).map_or(0, |gone| line[gone]);
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOXEL_MM: [f64; 3] = [1.0, 0.5, 0.5];

    fn any_solid(inside: impl Fn([f64; 3]) -> bool) -> bool {
        let place = |(z, y, x): (usize, usize, usize)| [x as f64 * 0.5 - 8.0, y as f64 * 0.5 - 8.0, z as f64 - 8.0];
        let bone = Array3::from_shape_fn((17, 33, 33), |i| inside(place(i)));
        solid(&bone, VOXEL_MM).iter().any(|&solid| solid)
    }

    #[test]
    fn plates_as_thick_as_cortex_shows_are_not_solid_however_they_run() {
        for degrees in [0.0_f64, 20.0, 45.0, 70.0] {
            let (sin, cos) = libm::sincos(degrees.to_radians());
            let plate = |mm: f64| move |[x, y, _]: [f64; 3]| (x * cos + y * sin).abs() <= 0.5 * mm;
            assert!(!any_solid(plate(3.0)), "3 mm at {degrees} degrees");
            assert!(any_solid(plate(5.5)), "5.5 mm at {degrees} degrees");
        }
        assert!(!any_solid(|[_, _, z]| z.abs() <= 0.5), "an endplate in one slice of 1 mm");
    }

    #[test]
    fn a_ball_of_six_millimetres_is_solid_and_one_of_three_is_not() {
        let ball = |mm: f64| move |p: [f64; 3]| p.iter().map(|c| c * c).sum::<f64>() <= 0.25 * mm * mm;
        assert!(any_solid(ball(6.0)) && !any_solid(ball(3.0)));
    }

    #[test]
    fn sums_of_windows_are_those_added_up_one_by_one() {
        let line = [3, 0, 1, 4, 0, 2, 7];
        for reach in 0..9_usize {
            let slow = |i: usize| line[i.saturating_sub(reach)..(i + reach + 1).min(7)].iter().sum::<u32>();
            assert_eq!(windows(&line, reach).collect::<Vec<_>>(), (0..7).map(slow).collect::<Vec<_>>());
        }
    }
}
