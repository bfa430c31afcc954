//! The energy of a segmentation (method.md 6.3), and its exact minimum:
//! `E(x) = sum_i |u_i| [x_i != (u_i > 0)] + lambda sum_ij w_ij [x_i != x_j]`.

use super::growcut::Seed;
use super::maxflow::Network;
use crate::geometry::Geometry;
use crate::ops::exp;
use crate::volume::{Mask, Volume, traverse};

/// Neighbours that are joined: six, and the diagonals of the plane, so that borders along them are not dearer than along
/// the axes (Boykov and Kolmogorov 2003).
const WAYS: [[isize; 3]; 5] = [[1, 0, 0], [0, 1, 0], [1, 1, 0], [1, -1, 0], [0, 0, 1]];
/// Whole units of capacity in one unit of energy: cuts are exact, and rounding is below any noise.
const FINE: f32 = 1000.0;

/// How dear borders are.
pub struct Stiffness {
    /// What a border between equal neighbours costs.
    pub smoothness: f32,
    /// How much more a border between slices costs than its area would make it.
    pub across: f32,
    /// Intensities that differ by this are half way to being told apart.
    pub edge: f32,
}

/// `lambda w_ij` from each voxel along each of the ways; 0 beyond the grid.
pub type Borders = Volume<[i32; WAYS.len()]>;

/// What borders in an image cost: `lambda h exp(-(I_i - I_j)^2 / 2 edge^2)`, at least one unit.
pub fn borders(image: &Volume<f32>, stiffness: &Stiffness) -> Borders {
    let (grid, voxels) = (image.geometry(), image.as_slice());
    let ([nx, ny, _], per_way) = (grid.dims, per_way(grid, stiffness));
    let per_difference2 = 0.5 / (stiffness.edge * stiffness.edge);
    let mut found = vec![[0; WAYS.len()]; grid.len()];
    traverse::fill_runs(&mut found, nx, |row, run| {
        let (y, z) = (row % ny, row / ny);
        for (way, step) in WAYS.iter().enumerate() {
            let along = step[0] as usize;
            let Some(beside) = beside(grid.dims, [0, y, z], &[0, step[1], step[2]]) else { continue };
            let pairs = voxels[row * nx..][..nx].iter().zip(&voxels[beside + along..beside + nx]);
            let mut costs: Vec<f32> = pairs.map(|(i, j)| -(i - j) * (i - j) * per_difference2).collect();
            exp::of_negatives(&mut costs);
            run.iter_mut().zip(costs).for_each(|(run, cost)| run[way] = (per_way[way] * cost) as i32 + 1);
        }
    });
    Volume::new(grid.clone(), found).expect("borders of each voxel")
}

/// A border's cost per length is the same in all directions of the plane; between slices it shrinks with their distance
/// (method.md 6.3).
fn per_way(grid: &Geometry, stiffness: &Stiffness) -> [f32; WAYS.len()] {
    let [dx, dy, dz] = grid.spacing;
    let least = dx.min(dy);
    // Half of the weight of four neighbours goes to the diagonals, which are longer.
    let along = 2.0 / (1.0 + std::f64::consts::SQRT_2);
    WAYS.map(|way| {
        let mm = libm::hypot(way[0] as f64 * dx, way[1] as f64 * dy);
        let share = if way[2] == 0 { along * least / mm } else { f64::from(stiffness.across) * least / dz };
        stiffness.smoothness * share as f32 * FINE
    })
}

/// The segmentation of least energy, of several the smallest: `unary` is how much speaks for the structure (above 0) or
/// against it, of each voxel that no seed settles.
pub fn least(borders: &Borders, unary: &[f32], seeds: &[Seed]) -> Mask {
    let (grid, costs) = (borders.geometry(), borders.as_slice());
    let mut network = Network::new(grid.dims, &WAYS);
    for (i, voxel) in grid.voxels().filter(|(i, _)| seeds[*i] == Seed::Open) {
        let mut pull = (unary[i] * FINE) as i32;
        for (way, step) in WAYS.iter().enumerate() {
            if let Some(j) = beside(grid.dims, voxel, step) {
                match seeds[j] {
                    Seed::Open => network.link(voxel, way, costs[i][way]),
                    known => pull += signed(known, costs[i][way]),
                }
            }
            if let Some(j) = beside(grid.dims, voxel, &step.map(|s| -s)) {
                pull += signed(seeds[j], costs[j][way]);
            }
        }
        // What is known takes no part in the flow: its links pull at its neighbours.
        network.join(voxel, pull);
    }
    let found = network.cut().source_side;
    let side = |i: usize| if seeds[i] == Seed::Open { found[i] } else { seeds[i] == Seed::Inside };
    Mask::new(grid.clone(), (0..found.len()).map(side).collect()).expect("a side for each voxel")
}

fn signed(known: Seed, weight: i32) -> i32 {
    match known {
        Seed::Inside => weight,
        Seed::Outside => -weight,
        Seed::Open => 0,
    }
}

fn beside([nx, ny, nz]: [usize; 3], at: [usize; 3], step: &[isize; 3]) -> Option<usize> {
    let to: [usize; 3] = std::array::from_fn(|a| at[a].wrapping_add_signed(step[a]));
    (to[0] < nx && to[1] < ny && to[2] < nz).then(|| to[0] + nx * (to[1] + ny * to[2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(image: &Volume<f32>, unary: &[f32], seeds: &[Seed], smoothness: f32) -> Vec<bool> {
        let borders = borders(image, &Stiffness { smoothness, across: 1.0, edge: 1.0 });
        least(&borders, unary, seeds).as_slice().to_vec()
    }

    #[test]
    fn a_border_runs_where_the_image_changes() {
        let image =
            Volume::from_fn(Geometry::upright([8, 3, 1], [1.0, 1.0, 3.0]), |[x, ..]| if x < 5 { 0.0 } else { 9.0 });
        let seed = |i: usize| match i % 8 {
            0 => Seed::Inside,
            7 => Seed::Outside,
            _ => Seed::Open,
        };
        let seeds: Vec<Seed> = (0..24).map(seed).collect();
        let inside = found(&image, &[0.0; 24], &seeds, 2.0);
        assert!((0..24).all(|i| inside[i] == (i % 8 < 5)));
    }

    #[test]
    fn what_speaks_weighs_against_the_length_of_the_border() {
        let image = Volume::from_fn(Geometry::upright([5, 5, 1], [1.0, 1.0, 3.0]), |_| 0.0);
        let speaks = |v: f32| (0..25).map(|i| if i == 12 { v } else { -1.0 }).collect::<Vec<f32>>();
        let open = vec![Seed::Open; 25];
        // One pixel's border: four sides and four diagonals.
        let border = 2.0 / (1.0 + 2.0_f32.sqrt()) * (4.0 + 4.0 / 2.0_f32.sqrt());
        assert!(found(&image, &speaks(border + 0.1), &open, 1.0)[12]);
        assert!(!found(&image, &speaks(border - 0.1), &open, 1.0)[12]);
    }
}
