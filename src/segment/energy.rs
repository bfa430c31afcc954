//! The energy of a segmentation (method.md 6.3), and its exact minimum:
//! `E(x) = sum_i |u_i| [x_i != (u_i > 0)] + lambda sum_ij w_ij [x_i != x_j]`.

use super::growcut::Seed;
use super::maxflow::Network;
use crate::geometry::Geometry;
use crate::volume::{Mask, Volume};

/// Neighbours that are joined: six, and the diagonals of the plane, so that borders along them are not dearer than along
/// the axes (Boykov and Kolmogorov 2003).
const WAYS: [[isize; 3]; 5] = [[1, 0, 0], [0, 1, 0], [1, 1, 0], [1, -1, 0], [0, 0, 1]];
/// Whole units of capacity in one unit of energy: cuts are exact, and rounding is below any noise.
const FINE: f32 = 1000.0;

/// What the energy is made of, beside the image.
pub struct Terms<'a> {
    /// For each voxel, how much speaks for the structure (above 0) or against it.
    pub unary: &'a [f32],
    /// What is known for certain.
    pub seeds: &'a [Seed],
    /// What a border between equal neighbours costs.
    pub smoothness: f32,
    /// How much more a border between slices costs than its area would make it.
    pub across: f32,
    /// Intensities that differ by this are half way to being told apart.
    pub edge: f32,
}

/// The segmentation of least energy; of several the smallest.
pub fn least(image: &Volume<f32>, terms: &Terms<'_>) -> Mask {
    let grid = image.geometry();
    let joins = Joins::of(grid, terms, image.as_slice());
    let mut network = Network::new(grid.dims, &WAYS);
    let mut pull: Vec<i32> = terms.unary.iter().map(|u| (u * FINE) as i32).collect();
    for (i, voxel) in voxels(grid) {
        for (way, step) in WAYS.iter().enumerate() {
            let Some(j) = beside(grid.dims, voxel, step) else { continue };
            match (terms.seeds[i], terms.seeds[j]) {
                (Seed::Open, Seed::Open) => network.link(voxel, way, joins.weight(i, j, way)),
                (Seed::Open, known) => pull[i] += signed(known, joins.weight(i, j, way)),
                (known, Seed::Open) => pull[j] += signed(known, joins.weight(i, j, way)),
                _ => {}
            }
        }
    }
    // What is known takes no part in the flow: its links pull at its neighbours.
    for (i, voxel) in voxels(grid).filter(|(i, _)| terms.seeds[*i] == Seed::Open) {
        network.join(voxel, pull[i]);
    }
    let found = network.cut().source_side;
    let side = |i: usize| if terms.seeds[i] == Seed::Open { found[i] } else { terms.seeds[i] == Seed::Inside };
    Mask::new(grid.clone(), (0..found.len()).map(side).collect()).expect("a side for each voxel")
}

fn signed(known: Seed, weight: i32) -> i32 {
    if known == Seed::Inside { weight } else { -weight }
}

fn voxels(grid: &Geometry) -> impl Iterator<Item = (usize, [usize; 3])> {
    let [nx, ny, nz] = grid.dims;
    (0..nz).flat_map(move |z| (0..ny).flat_map(move |y| (0..nx).map(move |x| [x, y, z]))).enumerate()
}

fn beside([nx, ny, nz]: [usize; 3], at: [usize; 3], step: &[isize; 3]) -> Option<usize> {
    let to: [usize; 3] = std::array::from_fn(|a| at[a].wrapping_add_signed(step[a]));
    (to[0] < nx && to[1] < ny && to[2] < nz).then(|| to[0] + nx * (to[1] + ny * to[2]))
}

/// What borders cost.
struct Joins<'a> {
    image: &'a [f32],
    per_way: [f32; WAYS.len()],
    per_difference2: f32,
}

impl<'a> Joins<'a> {
    /// A border's cost per length is the same in all directions of the plane; between slices it shrinks with their
    /// distance (method.md 6.3).
    fn of(grid: &Geometry, terms: &Terms<'_>, image: &'a [f32]) -> Self {
        let [dx, dy, dz] = grid.spacing;
        let least = dx.min(dy);
        // Half of the weight of four neighbours goes to the diagonals, which are longer.
        let along = 2.0 / (1.0 + std::f64::consts::SQRT_2);
        let per_way = WAYS.map(|way| {
            let mm = libm::hypot(way[0] as f64 * dx, way[1] as f64 * dy);
            let share = if way[2] == 0 { along * least / mm } else { f64::from(terms.across) * least / dz };
            terms.smoothness * share as f32 * FINE
        });
        Self { image, per_way, per_difference2: 0.5 / (terms.edge * terms.edge) }
    }

    /// `lambda w_ij = lambda h exp(-(I_i - I_j)^2 / 2 edge^2)`, at least one unit.
    fn weight(&self, i: usize, j: usize, way: usize) -> i32 {
        let difference = self.image[i] - self.image[j];
        (self.per_way[way] * libm::expf(-difference * difference * self.per_difference2)) as i32 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(image: &Volume<f32>, unary: &[f32], seeds: &[Seed], smoothness: f32) -> Vec<bool> {
        let terms = Terms { unary, seeds, smoothness, across: 1.0, edge: 1.0 };
        least(image, &terms).as_slice().to_vec()
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
