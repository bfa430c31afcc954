//! Canal and cord from a few points along the canal (method.md 6.3): rings found on each axial slice by their edges, held
//! together by what the slices above and below show.

pub mod canal;
pub mod conus;
pub mod cord;
pub mod course;
mod grey;
mod look;
mod middle;
pub mod polar;
pub mod ring;

use crate::geometry::Geometry;
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
    /// The thecal sac below the cord: the canal without tumour; empty where the cord goes on.
    pub sac: Mask,
}

/// Finds canal and cord between the lowest and the highest point of a course; what is tumour hides walls.
pub fn segmented(image: &Volume<f32>, tumour: &Mask, course: &Course) -> Spine {
    let canal = canal::rings(image, tumour, course);
    let cord = cord::rings(image, tumour, &canal);
    let mut below = canal.clone();
    below[cord.lowest..].fill(None);
    let sac = filled(image, &below).without(tumour);
    Spine { canal: filled(image, &canal), cord: filled(image, &cord.rings), sac }
}

/// The canal before the tumour is known.
#[derive(Clone, Debug)]
pub struct Foretold {
    /// The canal with all that is in it.
    pub canal: Mask,
    /// The cord, which is no tumour.
    pub cord: Mask,
    /// What is as bright as fluid: no tumour either.
    pub fluid: Mask,
}

impl Foretold {
    /// Of a canal of which nobody knows anything.
    pub fn nothing(grid: &Geometry) -> Self {
        let none = Mask::from_fn(grid.clone(), |_| false);
        Self { canal: none.clone(), cord: none.clone(), fluid: none }
    }
}

/// Canal, cord and fluid as far as they can be told from a first, rough idea of the tumour; `None` where it leaves no slice
/// of the canal alone, so that nobody knows how bright a cord is.
pub fn foretold(image: &Volume<f32>, rough: &Mask, course: &Course) -> Option<Foretold> {
    let rings = canal::rings(image, rough, course);
    let canal = filled(image, &rings);
    let found = cord::foretold(image, rough, &rough.without(&canal), &rings)?;
    let signals = canal.as_slice().iter().zip(image.as_slice());
    let fluid = signals.map(|(canal, v)| *canal && f64::from(*v) > found.fluid_from).collect();
    let fluid = Mask::new(image.geometry().clone(), fluid).expect("as many voxels as the canal has");
    Some(Foretold { canal, cord: filled(image, &found.rings), fluid })
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

#[cfg(test)]
mod tests {
    use super::super::prompt::{Mark, Prompt};
    use super::super::tumour::{Known, segmented as segment};
    use super::*;
    use crate::io::markups::Roi;

    fn grid() -> Geometry {
        Geometry::upright([90, 90, 24], [0.7, 0.7, 4.0])
    }

    /// Millimetres from the middle of a canal that climbs backwards.
    fn off([x, y, z]: [usize; 3]) -> [f64; 2] {
        [x as f64 * 0.7 - 31.0, y as f64 * 0.7 - 26.0 - 0.4 * z as f64]
    }

    fn r(at: [f64; 2], half: [f64; 2]) -> f64 {
        libm::hypot(at[0] / half[0], at[1] / half[1])
    }

    const CANAL_MM: [f64; 2] = [10.0, 8.0];

    /// The cord lies behind on the slices of the tumour.
    fn cord(v: [usize; 3]) -> bool {
        let [x, y] = off(v);
        r([x, y - if (9..15).contains(&v[2]) { 2.5 } else { 0.0 }], [4.8, 3.8]) < 1.0
    }

    /// In front, to a quarter of the canal's depth; on one slice nothing else but cord is left.
    fn tumour(v: [usize; 3]) -> bool {
        let ([x, y], in_canal) = (off(v), r(off(v), CANAL_MM) < 1.0);
        let full = v[2] == 12 && in_canal && !cord(v);
        (9..15).contains(&v[2]) && (full || (y < -4.0 && y > -25.0 && x.abs() < 18.0))
    }

    /// Fluid in the canal, bone around it but for the sides of every fourth slice, muscle beyond; borders as wide as a pixel.
    fn image() -> Volume<f32> {
        let soft = |edge_mm: f64| (0.5 - edge_mm / 0.8).clamp(0.0, 1.0);
        Volume::from_fn(grid(), |v| {
            let [x, y] = off(v);
            let bone = if v[2] % 4 == 0 && y.abs() < 4.0 { 200.0 } else { 60.0 };
            let around = if r([x, y], [16.0, 14.0]) < 1.0 { bone } else { 150.0 };
            let inside = soft((r([x, y], CANAL_MM) - 1.0) * 9.0);
            let signal = around + inside * (720.0 - around);
            let flicker = ((v[0] * 31 + v[1] * 17 + v[2] * 7) % 13) as f64 - 6.0;
            (if tumour(v) {
                230.0
            } else if cord(v) {
                300.0
            } else {
                signal
            } + flicker) as f32
        })
    }

    fn dice(found: &Mask, truth: impl Fn([usize; 3]) -> bool) -> f64 {
        let truth = Mask::from_fn(grid(), |v| (2..22).contains(&v[2]) && truth(v));
        let both = found.as_slice().iter().zip(truth.as_slice()).filter(|(a, b)| **a && **b).count();
        2.0 * both as f64 / (found.count() + truth.count()) as f64
    }

    /// Points in the canal of slices 2, 9 and 21, set by hand: a millimetre off.
    const POINTS: [[f64; 3]; 3] = [[31.9, 26.3, 8.0], [30.3, 30.4, 36.0], [31.6, 35.1, 84.0]];

    fn found(tumour: &Mask) -> Spine {
        segmented(&image(), tumour, &Course::of(&POINTS, &grid()).unwrap())
    }

    #[test]
    fn a_tumour_is_told_from_cord_and_fluid_only_where_the_canal_is_marked() {
        let size_mm = [38.0, 26.0, 26.0];
        let mark = Mark::Roi(Roi { centre: [31.0, 17.0, 46.0], axes: grid().axes, size_mm });
        let prompt = Prompt { mark, inside: vec![], outside: vec![] };
        let course = Course::of(&POINTS, &grid()).unwrap();
        let found = |known: Known<'_>| segment(&image(), &prompt, known).unwrap();
        assert!(!found(Known::default()).told_in_canal);
        let told = found(Known { course: Some(&course), ..Known::default() });
        let cord = Mask::from_fn(grid(), cord);
        assert!(told.told_in_canal && cord.and(&told.mask).count() == 0);
    }

    #[test]
    fn canal_and_cord_are_found_beside_a_tumour_and_where_no_fluid_is_left() {
        let found = found(&Mask::from_fn(grid(), tumour));
        let (canal, cord_dice) = (dice(&found.canal, |v| r(off(v), CANAL_MM) < 1.0), dice(&found.cord, cord));
        // A border pixel more or less all round is 0.04 of the canal and 0.08 of the cord.
        assert!(canal > 0.95 && cord_dice > 0.9, "{canal} {cord_dice}");
        assert!(found.cord.plane(12).iter().any(|&m| m), "the cord is there without fluid too");
        let planes = (0..24).filter(|&z| found.canal.plane(z).iter().any(|&m| m)).count();
        assert_eq!(planes, 20, "no farther than the points");
        assert_eq!(found.sac.count(), 0, "the cord goes on");
    }
}
