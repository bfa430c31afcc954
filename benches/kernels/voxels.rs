//! Distances in a plane and pieces in space.

use crate::beside_copy;
use crate::exam::{image, tumour};
use criterion::Criterion;
use osteon::ops::components::pieces;
use osteon::ops::distance::to_outside_mm;

/// Distance to the outside on the middle slice.
pub fn distance(criterion: &mut Criterion) {
    let mask = tumour();
    let middle = mask.plane(mask.geometry().dims[2] / 2);
    let bytes: Vec<u8> = middle.iter().map(|&inside| u8::from(inside)).collect();
    beside_copy(criterion, "distance", &bytes, || to_outside_mm(middle, [0.7, 0.7]));
}

/// Pieces of everything above a threshold.
pub fn components(criterion: &mut Criterion) {
    let image = image();
    let bone = image.voxels().mapv(|hu| hu > 200.0);
    let bytes: Vec<u8> = bone.iter().map(|&inside| u8::from(inside)).collect();
    beside_copy(criterion, "components", &bytes, || pieces(&bone).sizes.len());
}
