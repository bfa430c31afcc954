//! Canal and cord from a few points along the canal (method.md 6.3): rings found on each axial slice by their edges, held
//! together by what the slices above and below show.

pub mod canal;
pub mod cord;
pub mod course;
pub mod polar;
pub mod ring;

use crate::volume::{Mask, Volume, traverse};
use course::Course;
use ring::Ring;

/// What was found.
#[derive(Clone, Debug)]
pub struct Spine {
    /// The canal with all that is in it.
    pub canal: Mask,
    /// The cord; empty where there is none.
    pub cord: Mask,
}

/// Finds canal and cord between the lowest and the highest point of a course; what is tumour hides walls.
pub fn segmented(image: &Volume<f32>, tumour: &Mask, course: &Course) -> Spine {
    let canal = canal::rings(image, tumour, course);
    let cord = cord::rings(image, tumour, &canal);
    Spine { canal: filled(image, &canal), cord: filled(image, &cord) }
}

/// The pixels whose centres lie within the ring of their slice.
fn filled(image: &Volume<f32>, rings: &[Option<Ring>]) -> Mask {
    let [nx, ny, nz] = image.geometry().dims;
    let [sx, sy, _] = image.geometry().spacing;
    let planes = traverse::each(nz, |z| {
        let mut plane = vec![false; nx * ny];
        let pixels = rings[z].iter().flat_map(|ring| ring.pixels([nx, ny], [sx, sy]));
        pixels.for_each(|[x, y]| plane[y * nx + x] = true);
        plane
    });
    Mask::new(image.geometry().clone(), planes.concat()).expect("every slice has all its pixels")
}
