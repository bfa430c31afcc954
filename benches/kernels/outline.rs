//! The surface mesh's diameter.

use crate::beside_copy;
use crate::exam::tumour;
use criterion::Criterion;
use osteon::ops::mesh::largest_slice_diameter_mm;

/// `max_diameter_mesh`
pub fn mesh(criterion: &mut Criterion) {
    let mask = tumour();
    let bytes: Vec<u8> = mask.as_slice().iter().map(|&inside| u8::from(inside)).collect();
    beside_copy(criterion, "mesh", &bytes, || largest_slice_diameter_mm(&mask));
}
