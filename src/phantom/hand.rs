//! The hand that draws the outline: along the true border, straying like a hand.

use super::field::Waves;
use super::section::{self, Point, Ring};
use super::slices::Section;
use super::spec::HandSpec;
use super::stream::Source;
use crate::geometry::{Geometry, Vec3};
use crate::volume::{Mask, traverse};

/// Distance between the points of a drawn polygon, mm.
const STEP_MM: f64 = 1.0;

/// The polygons drawn on each section: the true border moved across itself by a smooth random field.
///
/// `stray` says how far outwards it strays at a place whose outward direction is given, mm.
pub fn draw(hand: &HandSpec, cut: &[Section], stray: impl Fn(Vec3, Point) -> f64 + Sync + Send) -> Vec<Vec<Ring>> {
    traverse::each(cut.len(), |k| {
        let strayed = |ring: &Ring| {
            let even = resample(ring, STEP_MM);
            let moved = |i: usize| {
                let [x, y] = even[i];
                let out = outward(&even, i);
                let by = hand.bias_mm + stray([x, y, cut[k].z_mm], out);
                [x + by * out[0], y + by * out[1]]
            };
            (0..even.len()).map(moved).collect()
        };
        cut[k].rings.iter().filter(|ring| outlasts(ring, hand.bias_mm)).map(strayed).collect()
    })
}

/// The field by which a hand strays, unit variance; `name` is that of its stream.
pub fn field(source: &Source, name: &str, hand: &HandSpec) -> Waves {
    Waves::new(&mut source.stream(name), [hand.along_mm, hand.along_mm, hand.across_mm])
}

/// Whether a ring is still a ring when it is drawn too tight: a disk of its area would have to be wider than that.
fn outlasts(ring: &Ring, bias_mm: f64) -> bool {
    let tight_mm = 2.0 * (-bias_mm).max(0.0);
    let area_mm2 = section::area_mm2(std::slice::from_ref(ring));
    tight_mm == 0.0 || area_mm2 > std::f64::consts::PI * tight_mm * tight_mm
}

/// Points at even distance along a ring, about `step_mm` apart and at least 8.
fn resample(ring: &[Point], step_mm: f64) -> Ring {
    let length: f64 = section::sides(ring).map(|(a, b)| section::distance_mm(a, b)).sum();
    let count = (length / step_mm).max(8.0) as usize;
    let step = length / count as f64;
    let (mut out, mut walked) = (Ring::with_capacity(count), 0.0);
    for (a, b) in section::sides(ring) {
        let side = section::distance_mm(a, b);
        while out.len() < count && out.len() as f64 * step < walked + side {
            let t = (out.len() as f64 * step - walked) / side;
            out.push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
        }
        walked += side;
    }
    out
}

/// Outward unit normal at a point of an evenly spaced ring with the lesion on its left.
fn outward(ring: &[Point], i: usize) -> Point {
    let n = ring.len();
    let (a, b) = (ring[(i + n - 1) % n], ring[(i + 1) % n]);
    let length = section::distance_mm(a, b);
    if length > 0.0 { [(b[1] - a[1]) / length, (a[0] - b[0]) / length] } else { [0.0, 0.0] }
}

/// The pixels whose centres lie within the polygons drawn on their slice.
pub fn rasterise(grid: &Geometry, cut: &[Section], drawn: &[Vec<Ring>]) -> Mask {
    let [nx, ny, _] = grid.dims;
    let mut mask = Mask::from_fn(grid.clone(), |_| false);
    for (section, rings) in cut.iter().zip(drawn) {
        let plane = &mut mask.as_mut_slice()[section.slice * nx * ny..(section.slice + 1) * nx * ny];
        for (j, row) in plane.chunks_mut(nx).enumerate() {
            let xs = section::crossings(rings, grid.origin[1] + j as f64 * grid.spacing[1]);
            for (i, pixel) in row.iter_mut().enumerate() {
                let x = grid.origin[0] + i as f64 * grid.spacing[0];
                *pixel = xs.iter().filter(|&&c| c < x).count() % 2 == 1;
            }
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::super::lesion::Lesion;
    use super::super::pose::Pose;
    use super::super::slices::{Stack, sections};
    use super::*;

    #[test]
    fn a_biased_hand_draws_rings_wider_or_tighter_and_drops_what_it_would_turn_inside_out() {
        let (_, mut spec) = super::super::exam::example("hand", 0);
        let lesion = Lesion::of_shape([0.0; 3], |_| 1.0).scaled(20.0);
        let cut = sections(&lesion, &Pose::still(), &Stack::over(&lesion, &Pose::still(), 1.0, 0.06, 6.0));
        for bias_mm in [0.8, -0.8] {
            spec.hand = HandSpec { bias_mm, stray_mm: 0.0, ..spec.hand };
            let drawn = draw(&spec.hand, &cut, |_, _| 0.0);
            let radius = |area: f64| (area / std::f64::consts::PI).sqrt();
            let areas = cut.iter().zip(&drawn).map(|(s, rings)| (s.area_mm2(), section::area_mm2(rings)));
            let off: Vec<f64> = areas.filter(|a| a.1 > 0.0).map(|(t, d)| radius(d) - radius(t)).collect();
            assert!(off.iter().all(|mm| (mm - bias_mm).abs() < 0.1), "{off:?}");
            assert_eq!(off.len() < cut.len(), bias_mm < 0.0 && cut.iter().any(|s| radius(s.area_mm2()) < 1.6));
        }
    }

    #[test]
    fn resampling_keeps_the_shape_and_evens_the_steps() {
        let ring: Ring = vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]];
        let even = resample(&ring, 1.0);
        assert_eq!(even.len(), 40);
        assert!(section::sides(&even).all(|(a, b)| (section::distance_mm(a, b) - 1.0).abs() < 1e-9));
        assert_eq!(outward(&even, 5), [0.0, -1.0]);
    }
}
