//! Fast GrowCut (Zhu and others 2014): every voxel takes the label of the seed that reaches it over the least change of
//! intensity. The second opinion beside the minimum cut: it knows no histogram and no prior beyond its seeds.

use crate::volume::{Mask, Volume};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What is known of a voxel before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// To be found.
    Open,
    /// In the structure for certain.
    Inside,
    /// Outside for certain.
    Outside,
}

/// Units of cost in one unit of intensity change and of way: whole numbers add up alike on every machine.
const FINE: f64 = 1024.0;

/// Labels all voxels by the cheapest way from a seed: each step costs `|I_i - I_j| / scale + per_mm |step|`; ties go to
/// the seed that lies first in storage order.
pub fn grown(image: &Volume<f32>, seeds: &[Seed], scale: f32, per_mm: f64) -> Mask {
    let grid = image.geometry();
    let steps = Steps::of(grid.dims, grid.spacing, per_mm);
    let mut cost = vec![u32::MAX; seeds.len()];
    let mut inside = vec![false; seeds.len()];
    let mut open = BinaryHeap::new();
    for (i, seed) in seeds.iter().enumerate().filter(|(_, s)| **s != Seed::Open) {
        (cost[i], inside[i]) = (0, *seed == Seed::Inside);
        // Seeds among seeds reach nobody.
        let mut at_border = false;
        steps.each(i, |j, _| at_border |= seeds[j] == Seed::Open);
        if at_border {
            open.push(Reverse((0, i as u32)));
        }
    }
    let voxels = image.as_slice();
    while let Some(Reverse((so_far, i))) = open.pop() {
        let i = i as usize;
        if so_far > cost[i] {
            continue;
        }
        steps.each(i, |j, way_cost| {
            let change = f64::from((voxels[i] - voxels[j]).abs() / scale) * FINE;
            let there = so_far.saturating_add(change as u32).saturating_add(way_cost);
            if there < cost[j] {
                (cost[j], inside[j]) = (there, inside[i]);
                open.push(Reverse((there, j as u32)));
            }
        });
    }
    Mask::new(grid.clone(), inside).expect("a label for each voxel")
}

/// The 26 neighbours of a voxel, each with what the way to it costs.
struct Steps {
    dims: [usize; 3],
    ways: Vec<([isize; 3], u32)>,
}

impl Steps {
    fn of(dims: [usize; 3], spacing_mm: [f64; 3], per_mm: f64) -> Self {
        let all = (0..27).map(|k: isize| [k % 3 - 1, k / 3 % 3 - 1, k / 9 - 1]).filter(|w| *w != [0; 3]);
        let cost = |w: [isize; 3]| {
            let mm2: f64 = (0..3).map(|a| (w[a] as f64 * spacing_mm[a]).powi(2)).sum();
            (mm2.sqrt() * per_mm * FINE) as u32
        };
        Self { dims, ways: all.map(|w| (w, cost(w))).collect() }
    }

    fn each(&self, i: usize, mut visit: impl FnMut(usize, u32)) {
        let [nx, ny, _] = self.dims;
        let at = [i % nx, i / nx % ny, i / nx / ny];
        for (way, cost) in &self.ways {
            let to: [usize; 3] = std::array::from_fn(|a| at[a].wrapping_add_signed(way[a]));
            if (0..3).all(|a| to[a] < self.dims[a]) {
                visit(to[0] + nx * (to[1] + ny * to[2]), *cost);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use proptest::prelude::*;

    /// Costs relaxed until nothing changes (Bellman and Ford); the label of the cheapest seed.
    fn slow(image: &Volume<f32>, seeds: &[Seed], steps: &Steps) -> Vec<u32> {
        let v = image.as_slice();
        let mut cost: Vec<u32> = seeds.iter().map(|s| if *s == Seed::Open { u32::MAX } else { 0 }).collect();
        loop {
            let before = cost.clone();
            for i in 0..v.len() {
                steps.each(i, |j, way| {
                    let change = f64::from((v[i] - v[j]).abs()) * FINE;
                    cost[j] = cost[j].min(cost[i].saturating_add(change as u32).saturating_add(way));
                });
            }
            if cost == before {
                return cost;
            }
        }
    }

    proptest! {
        /// Who is inside is who has a cheaper way from the inner seeds than from the outer ones.
        #[test]
        fn the_nearer_seed_wins(values in prop::collection::vec(0..9_u8, 60), places in prop::collection::vec(0..60_usize, 4)) {
            let image = Volume::from_fn(Geometry::upright([5, 4, 3], [1.0, 1.5, 3.0]), |[x, y, z]| f32::from(values[x + 5 * (y + 4 * z)]));
            let mut seeds = vec![Seed::Open; 60];
            for (k, &i) in places.iter().enumerate() {
                seeds[i] = if k % 2 == 0 { Seed::Inside } else { Seed::Outside };
            }
            let steps = Steps::of([5, 4, 3], [1.0, 1.5, 3.0], 0.1);
            let only = |kind| -> Vec<Seed> { seeds.iter().map(|&s| if s == kind { s } else { Seed::Open }).collect() };
            let [inner, outer] = [Seed::Inside, Seed::Outside].map(|kind| slow(&image, &only(kind), &steps));
            let found = grown(&image, &seeds, 1.0, 0.1);
            for i in 0..60 {
                let (a, b) = (inner[i], outer[i]);
                prop_assert!(a == b || found.as_slice()[i] == (a < b), "{} {} {}", i, a, b);
            }
        }
    }

    #[test]
    fn a_wall_is_not_crossed() {
        let image = Volume::from_fn(Geometry::upright([9, 1, 1], [1.0; 3]), |[x, ..]| if x < 6 { 10.0 } else { 50.0 });
        let mut seeds = vec![Seed::Open; 9];
        (seeds[0], seeds[8]) = (Seed::Inside, Seed::Outside);
        let found = grown(&image, &seeds, 1.0, 0.1);
        assert_eq!(found.as_slice(), [true, true, true, true, true, true, false, false, false]);
    }
}
