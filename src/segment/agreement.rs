//! How far a segmentation can be trusted: whether a second method and prompts that are a little off give the same, and
//! whether what was found can be a tumour (method.md 6.3, "QC").

use super::prompt::{Ellipsoid, Mark, Prompt};
use crate::geometry::{Vec3, add_scaled};
use crate::io::markups::Roi;
use crate::ops::t2::median;
use crate::volume::{Mask, Volume};

/// What speaks for and against a segmentation.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// Dice of the minimum cut and GrowCut.
    pub methods: f64,
    /// The least Dice of the segmentation and those of jittered prompts.
    pub jitter: f64,
    /// What cannot be, or hardly, of a tumour.
    pub doubts: Vec<Doubt>,
}

/// What speaks against a segmentation by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Doubt {
    /// Its volume is this many times that of the prompt's ellipsoid: outside 0.3 to 1.6.
    Volume(f64),
    /// The area changes by this share from one slice to the next: more than 60 %.
    AreaJump(f64),
    /// Its median is among the brightest of the region: fluid or fat.
    Bright,
}

/// `2 |a and b| / (|a| + |b|)`; two empty masks agree.
pub fn dice(a: &Mask, b: &Mask) -> f64 {
    let both = a.as_slice().iter().zip(b.as_slice()).filter(|(a, b)| **a && **b).count();
    let sum = a.count() + b.count();
    if sum == 0 { 1.0 } else { 2.0 * both as f64 / sum as f64 }
}

/// A hand's error: faces of a box are off by this, ends of a line by as much less (method.md 6.2), mm.
const FACE_MM: f64 = 2.0;
const END_MM: f64 = 1.5;

/// The prompt as three other hands would have given it: larger and aside, smaller and aside, and aside the other way.
pub fn jittered(prompt: &Prompt) -> [Prompt; 3] {
    const SIGNS: [[f64; 6]; 3] =
        [[1.0, 1.0, 0.0, -1.0, 1.0, 1.0], [-1.0, 1.0, -1.0, -1.0, 0.0, -1.0], [0.0, -1.0, 1.0, 1.0, -1.0, 0.0]];
    SIGNS.map(|signs| {
        let mark = match &prompt.mark {
            Mark::Roi(roi) => Mark::Roi(with_faces_moved(roi, signs)),
            Mark::Line([a, b]) => {
                let axes = prompt.mark.ellipsoid().axes;
                let moved = |end: Vec3, k: usize| {
                    let along = add_scaled(end, END_MM * signs[k], axes[0]);
                    add_scaled(along, END_MM * signs[k + 1], axes[1])
                };
                Mark::Line([moved(*a, 0), moved(*b, 3)])
            }
        };
        Prompt { mark, ..prompt.clone() }
    })
}

/// Each side's lower and upper face moved outwards by its sign times [`FACE_MM`]; no side gets shorter than half.
fn with_faces_moved(roi: &Roi, signs: [f64; 6]) -> Roi {
    let mut moved = *roi;
    for a in 0..3 {
        let (lower, upper) = (FACE_MM * signs[2 * a], FACE_MM * signs[2 * a + 1]);
        moved.size_mm[a] = (roi.size_mm[a] + lower + upper).max(roi.size_mm[a] / 2.0);
        moved.centre = add_scaled(moved.centre, (upper - lower) / 2.0, roi.axes[a]);
    }
    moved
}

/// What of the found cannot be, or hardly.
pub fn doubts(mask: &Mask, image: &Volume<f32>, ellipsoid: &Ellipsoid) -> Vec<Doubt> {
    let volume = mask.count() as f64 * mask.geometry().voxel_volume_mm3() / ellipsoid.volume_mm3();
    let volume = (!(0.3..=1.6).contains(&volume)).then_some(Doubt::Volume(volume));
    let jump = largest_jump(mask);
    let jump = (jump > 0.6).then_some(Doubt::AreaJump(jump));
    volume.into_iter().chain(jump).chain(is_bright(mask, image).then_some(Doubt::Bright)).collect()
}

/// The largest change of area between neighbouring slices as a share of the larger; ends are not compared with nothing,
/// nor slices under a quarter of the largest, which round ends have.
fn largest_jump(mask: &Mask) -> f64 {
    let areas: Vec<usize> =
        (0..mask.geometry().dims[2]).map(|z| mask.plane(z).iter().filter(|m| **m).count()).collect();
    let largest = areas.iter().copied().max().unwrap_or(0);
    let jump = |pair: &[usize]| {
        let (less, more) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
        if 4 * less < largest { 0.0 } else { (more - less) as f64 / more as f64 }
    };
    areas.windows(2).map(jump).fold(0.0, f64::max)
}

/// Whether the median inside is beyond nine tenths of the region: fluid and fat are, tumours are not (method.md 1.7).
fn is_bright(mask: &Mask, image: &Volume<f32>) -> bool {
    let Some(median) = median(image, mask) else { return false };
    let darker = image.as_slice().iter().filter(|v| f64::from(**v) < median).count();
    10 * darker > 9 * image.as_slice().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Geometry, norm, sub};

    fn grid() -> Geometry {
        Geometry::upright([20, 20, 10], [1.0, 1.0, 4.0])
    }

    fn block(lo: usize, hi: usize, slices: std::ops::Range<usize>) -> Mask {
        Mask::from_fn(grid(), |[x, y, z]| (lo..hi).contains(&x) && (lo..hi).contains(&y) && slices.contains(&z))
    }

    #[test]
    fn dice_of_halves() {
        let (a, b) = (block(0, 10, 0..4), block(0, 10, 2..6));
        assert_eq!((dice(&a, &a), dice(&a, &b), dice(&a, &block(12, 14, 0..9))), (1.0, 0.5, 0.0));
    }

    #[test]
    fn other_hands_are_off_by_no_more_than_hands_are() {
        let ends = [[0.0, 0.0, 5.0], [30.0, 0.0, 5.0]];
        let line = Prompt { mark: Mark::Line(ends), inside: vec![], outside: vec![] };
        for other in jittered(&line) {
            let Mark::Line(moved) = other.mark else { panic!("a line stays a line") };
            assert!((0..2).all(|k| (1.0..2.2).contains(&norm(sub(moved[k], ends[k]))) && moved[k][2] == 5.0));
        }
        let roi = Roi { centre: [0.0; 3], axes: grid().axes, size_mm: [30.0, 20.0, 3.0] };
        let [larger, smaller, _] = jittered(&Prompt { mark: Mark::Roi(roi), ..line }).map(|p| p.mark.ellipsoid());
        assert_eq!((larger.half_mm, larger.centre), ([17.0, 9.0, 3.5], [0.0, -1.0, 0.0]));
        assert_eq!((smaller.half_mm, smaller.centre), ([15.0, 8.0, 0.75], [2.0, 0.0, -1.0]));
    }

    #[test]
    fn each_doubt_is_raised_by_what_it_names() {
        let e = Ellipsoid { centre: [10.0, 10.0, 18.0], axes: grid().axes, half_mm: [7.0, 7.0, 14.0] };
        let dark = Volume::from_fn(grid(), |[x, ..]| x as f32);
        assert_eq!(doubts(&block(5, 15, 2..8), &dark, &e), []);
        assert!(matches!(doubts(&block(8, 12, 2..8), &dark, &e)[..], [Doubt::Volume(v)] if v < 0.3));
        let mut jumps = block(3, 17, 2..6);
        jumps.as_mut_slice().iter_mut().zip(block(6, 14, 6..8).as_slice()).for_each(|(a, b)| *a |= b);
        assert!(matches!(doubts(&jumps, &dark, &e)[..], [Doubt::AreaJump(j)] if (j - 132.0 / 196.0).abs() < 1e-9));
        let bright =
            Volume::from_fn(grid(), |[x, y, z]| if block(8, 12, 2..8).voxels()[(z, y, x)] { 9.0 } else { 1.0 });
        let small = Ellipsoid { half_mm: [3.0, 3.0, 14.0], ..e };
        assert_eq!(doubts(&block(8, 12, 2..8), &bright, &small), [Doubt::Bright]);
    }
}
