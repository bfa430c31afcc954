//! Noise taken off an image, edges kept: diffusion that stops where neighbours differ by more than noise (Perona and
//! Malik 1990, their second function, which needs no exponential).

use crate::volume::{Volume, traverse};

/// How far one step goes: below 1/4 no step can overshoot with four full neighbours and two weak ones.
const STEP: f32 = 0.15;

/// `u += step sum_neighbours w (u_j - u_i) / (1 + ((u_j - u_i) / edge)^2)`, `steps` times; `w` is 1 in the plane and
/// `(dx / dz)^2` across slices.
pub fn diffused(image: &Volume<f32>, edge: f32, steps: usize) -> Volume<f32> {
    let grid = image.geometry();
    let [nx, ny, nz] = grid.dims;
    let between = (grid.spacing[0] / grid.spacing[2]) as f32;
    let across = (between * between).min(1.0);
    let (mut now, mut next) = (image.as_slice().to_vec(), vec![0.0; grid.len()]);
    let plane = nx * ny;
    for _ in 0..steps {
        let from = &now;
        traverse::fill_runs(&mut next, nx, |row, out| {
            let (y, z, start) = (row % ny, row / ny, row * nx);
            let own = &from[start..start + nx];
            let near = |there: bool, at: usize| if there { &from[at..at + nx] } else { own };
            let (up, down) = (near(y > 0, start.wrapping_sub(nx)), near(y + 1 < ny, start + nx));
            let (above, below) = (near(z + 1 < nz, start + plane), near(z > 0, start.wrapping_sub(plane)));
            for x in 0..nx {
                let v = own[x];
                let pull = |other: f32| flux(other - v, edge);
                let beside = pull(own[x.saturating_sub(1)]) + pull(own[(x + 1).min(nx - 1)]);
                out[x] = v + STEP * (beside + pull(up[x]) + pull(down[x]) + across * (pull(above[x]) + pull(below[x])));
            }
        });
        std::mem::swap(&mut now, &mut next);
    }
    Volume::new(grid.clone(), now).expect("as many voxels as before")
}

fn flux(difference: f32, edge: f32) -> f32 {
    let ratio = difference / edge;
    difference / (1.0 + ratio * ratio)
}

/// The standard deviation of the noise of single voxels: of differences of neighbours along x that few edges can move
/// (`1.4826 median |d| / sqrt 2`); 0 where nothing differs.
pub fn noise_sd(image: &Volume<f32>) -> f32 {
    let nx = image.geometry().dims[0];
    let rows = image.as_slice().chunks_exact(nx);
    let mut steps: Vec<f32> = rows.flat_map(|row| row.windows(2).map(|pair| (pair[1] - pair[0]).abs())).collect();
    if steps.is_empty() {
        return 0.0;
    }
    let middle = steps.len() / 2;
    let median = *steps.select_nth_unstable_by(middle, f32::total_cmp).1;
    1.4826 * median / std::f32::consts::SQRT_2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    /// Two halves, 0 and 100, with noise that a hash makes.
    fn halves(noise: f32) -> Volume<f32> {
        Volume::from_fn(Geometry::upright([40, 30, 4], [0.7, 0.7, 4.0]), |[x, y, z]| {
            let mixed = ((x + 40 * (y + 30 * z)) as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let hash = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
            let unit = (hash as f32 / (1 << 24) as f32 - 0.5) * 12.0_f32.sqrt();
            noise * unit + if x < 20 { 0.0 } else { 100.0 }
        })
    }

    fn spread(image: &Volume<f32>, from: usize, mean: f32) -> f32 {
        let inside = |x: usize| (from..from + 16).contains(&x);
        let values: Vec<f32> = image
            .voxels()
            .indexed_iter()
            .filter(|((_, _, x), _)| inside(*x))
            .map(|(_, v)| (v - mean).powi(2))
            .collect();
        (values.iter().sum::<f32>() / values.len() as f32).sqrt()
    }

    #[test]
    fn noise_goes_and_the_edge_stays() {
        let noisy = halves(5.0);
        let smooth = diffused(&noisy, 20.0, 10);
        assert!(spread(&smooth, 0, 0.0) < 0.45 * spread(&noisy, 0, 0.0));
        let row = smooth.voxels();
        assert!((0..30).all(|y| row[(2, y, 19)] < 20.0 && row[(2, y, 20)] > 80.0));
    }

    #[test]
    fn the_noise_is_found_beside_an_edge() {
        assert!((noise_sd(&halves(5.0)) / 5.0 - 1.0).abs() < 0.15);
        assert_eq!(noise_sd(&halves(0.0)), 0.0);
    }
}
