//! Distances, pieces, holes and balls, in planes and in space.

use crate::beside_copy;
use crate::exam::{image, tumour};
use criterion::Criterion;
use osteon::ops::ball::{grown, shrunk};
use osteon::ops::components::pieces;
use osteon::ops::dilation::within;
use osteon::ops::distance::to_outside_mm;
use osteon::ops::distance_3d::to_mask_mm;
use osteon::ops::holes::filled;
use osteon::volume::Mask;
use osteon::volume::traverse::map;

/// The ball of workload W3.
const BALL_MM: f64 = 2.0;

fn bytes(mask: &Mask) -> Vec<u8> {
    mask.as_slice().iter().map(|&inside| u8::from(inside)).collect()
}

/// Distance to the outside and growth by a disc, on the middle slice.
pub fn in_plane(criterion: &mut Criterion) {
    let mask = tumour();
    let middle = mask.plane(mask.geometry().dims[2] / 2);
    let bytes: Vec<u8> = middle.iter().map(|&inside| u8::from(inside)).collect();
    beside_copy(criterion, "distance", &bytes, || to_outside_mm(middle, [0.7, 0.7]));
    beside_copy(criterion, "peel", &bytes, || within(middle, [0.7, 0.7], BALL_MM));
}

/// Everything above a threshold: found, parted into pieces, filled, grown, shrunk, and how far all else lies from it.
pub fn in_space(criterion: &mut Criterion) {
    let image = image();
    let bone = map(&image, |hu| *hu > 200.0);
    let bytes = bytes(&bone);
    beside_copy(criterion, "threshold", bytemuck::cast_slice(image.as_slice()), || map(&image, |hu| *hu > 200.0));
    beside_copy(criterion, "components", &bytes, || pieces(bone.voxels()).sizes.len());
    beside_copy(criterion, "holes", &bytes, || filled(&bone));
    beside_copy(criterion, "ball_grown", &bytes, || grown(&bone, BALL_MM));
    beside_copy(criterion, "ball_shrunk", &bytes, || shrunk(&bone, BALL_MM));
    beside_copy(criterion, "distance_3d", &bytes, || to_mask_mm(&bone));
}
