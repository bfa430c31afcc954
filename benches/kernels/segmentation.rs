//! The two methods of segmentation: minimum cut and GrowCut, on a ball of 40 mm among fields of other intensities.

use crate::beside_copy;
use criterion::Criterion;
use osteon::geometry::Geometry;
use osteon::segment::growcut::{Seed, grown};
use osteon::segment::maxflow::Network;
use osteon::volume::Volume;

const DIMS: [usize; 3] = [100, 100, 20];
const SPACING_MM: [f64; 3] = [0.7, 0.7, 3.8];
const WAYS: [[isize; 3]; 5] = [[1, 0, 0], [0, 1, 0], [1, 1, 0], [1, -1, 0], [0, 0, 1]];

/// The ball is 80 bright; around it fields of 40 to 120, all of it flickers by 10.
fn image() -> Volume<f32> {
    Volume::from_fn(Geometry::upright(DIMS, SPACING_MM), |v| {
        let [x, y, z] = v;
        let field = 40.0 + 20.0 * ((x / 22 + 3 * (y / 27) + 5 * (z / 5)) % 5) as f32;
        let flicker = ((x * 31 + y * 57 + z * 91) % 21) as f32 - 10.0;
        flicker + if from_middle(v) < 1.0 { 80.0 } else { field }
    })
}

/// Distance from the middle in radii of the ball.
fn from_middle(v: [usize; 3]) -> f64 {
    let mm2: f64 = (0..3).map(|a| ((v[a] as f64 - DIMS[a] as f64 / 2.0) * SPACING_MM[a] / 20.0).powi(2)).sum();
    mm2.sqrt()
}

fn voxel(i: usize) -> [usize; 3] {
    [i % DIMS[0], i / DIMS[0] % DIMS[1], i / DIMS[0] / DIMS[1]]
}

/// Every voxel pulled by its intensity and its place, every border dearer where the image is even.
fn network(image: &Volume<f32>) -> Network {
    let mut network = Network::new(DIMS, &WAYS);
    for (i, &value) in image.as_slice().iter().enumerate() {
        let at = voxel(i);
        network.join(at, (3000.0 * (1.0 - from_middle(at)) + 50.0 * f64::from(20.0 - (value - 80.0).abs())) as i32);
        for (way, step) in WAYS.iter().enumerate() {
            let to: [usize; 3] = std::array::from_fn(|a| at[a].wrapping_add_signed(step[a]));
            if (0..3).all(|a| to[a] < DIMS[a]) {
                let change = (value - image.voxels()[(to[2], to[1], to[0])]).abs();
                network.link(at, way, (2000.0 / (1.0 + change * change / 200.0)) as i32);
            }
        }
    }
    network
}

/// Both methods.
pub fn methods(criterion: &mut Criterion) {
    let image = image();
    let bytes = bytemuck::cast_slice(image.as_slice());
    beside_copy(criterion, "maxflow", bytes, || network(&image).cut().value);
    let seed = |i: usize| match from_middle(voxel(i)) {
        near if near < 0.7 => Seed::Inside,
        far if far > 1.2 => Seed::Outside,
        _ => Seed::Open,
    };
    let seeds: Vec<Seed> = (0..image.as_slice().len()).map(seed).collect();
    beside_copy(criterion, "growcut", bytes, || grown(&image, &seeds, 10.0, 0.3).count());
}
