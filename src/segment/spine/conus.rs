//! Where the cord ends: below its conus are roots, which lie against each other and the wall, and no fluid goes all around them.

use super::look::Look;
use super::polar::{RAYS, direction, linear};
use super::ring::Ring;
use crate::ops::quantile::quantile;
use crate::volume::traverse;
use std::ops::Range;

/// Beside a cord the signal rises to fluid within this range beyond its ring, mm: past the blur, this side of the wall.
const BESIDE_MM: [f64; 6] = [0.5, 0.75, 1.0, 1.25, 1.5, 1.75];
/// Fluid is at least so far from the cord's signal to that of the bright part of the canal.
const RISEN: f64 = 0.5;
/// A ring with more than this share of its rays dark beyond may be one of roots: 0.47 to 0.84 of what was found among them, up to
/// 0.34 of a cord's in a wide canal, 0.56 in a narrow one (two real spines of the loin, one of the neck) ...
const DARK_SHARE: f64 = 0.45;
/// ... and is, where its area is less than this share of the cord's: the conus tapers.
const AREA_SHARE: f64 = 0.8;
/// Rings that show the cord's usual area are dark on no more than this share.
const CLEAR_SHARE: f64 = 0.3;
/// Where no ring is clear, a cord is taken to have this area, mm2: 4.5 mm of radius, as where it is looked for.
const USUAL_MM2: f64 = 64.0;
/// A slice is judged with those this far below and above it, mm.
const WINDOW_MM: f64 = 8.0;

/// What a slice shows of its cord's ring.
#[derive(Clone, Copy)]
struct Shown {
    /// The share of rays beyond which there is no fluid: 1 where there is no ring.
    dark: f64,
    /// The area in the ring, mm2.
    area_mm2: f64,
}

/// The lowest plane that may have cord: above those, from below on, of which most show roots. Slices that tell nothing end no
/// cord.
pub fn lowest(look: &Look<'_>, cord: &[Option<Ring>]) -> usize {
    let shown = traverse::each(cord.len(), |z| of_slice(look, z, look.canal[z].as_ref()?, cord[z].as_ref()));
    let reach = (WINDOW_MM / look.image.geometry().spacing[2]).round().max(1.0) as usize;
    let middle = |range: Range<usize>, of: &dyn Fn(&Shown) -> Option<f64>| {
        quantile(&mut shown[range].iter().flatten().filter_map(of).collect::<Vec<f64>>(), 0.5)
    };
    let clear_mm2 = |s: &Shown| (s.dark <= CLEAR_SHARE).then_some(s.area_mm2);
    let least_mm2 = AREA_SHARE * middle(0..shown.len(), &clear_mm2).unwrap_or(USUAL_MM2);
    let vote = |z: usize| {
        let near = z.saturating_sub(reach)..(z + reach + 1).min(shown.len());
        let dark = middle(near.clone(), &|s| Some(s.dark)).is_some_and(|dark| dark > DARK_SHARE);
        let small = middle(near, &|s| Some(s.area_mm2)).is_some_and(|mm2| mm2 < least_mm2);
        match (shown[z].is_some(), dark, small) {
            (true, true, true) => 1,
            (true, false, _) => -1,
            // Tumour, or a cord in a narrow canal as well as a bundle of roots.
            _ => 0,
        }
    };
    parting(&traverse::each(shown.len(), vote))
}

/// How many of the first votes go to the one side, so that most are right: 1 is for it, -1 against.
fn parting(votes: &[i32]) -> usize {
    let (mut sum, mut best, mut parting) = (0, 0, 0);
    for (z, vote) in votes.iter().enumerate() {
        sum += vote;
        if sum > best {
            (best, parting) = (sum, z + 1);
        }
    }
    parting
}

/// `None` where there is tumour in the canal: a cord that it compresses is small and dark around as roots are.
fn of_slice(look: &Look<'_>, z: usize, canal: &Ring, cord: Option<&Ring>) -> Option<Shown> {
    if !look.is_clean(z) {
        return None;
    }
    let ([sx, sy], plane) = (look.pixel_mm(), look.image.plane(z));
    let Some(cord) = cord else { return Some(Shown { dark: 1.0, area_mm2: 0.0 }) };
    let (inside, outside): (Vec<_>, Vec<_>) =
        look.pixels(canal).into_iter().partition(|at| cord.holds(at.map(|i| i as f64), [sx, sy]));
    let area_mm2 = inside.len() as f64 * sx * sy;
    let values = |of: Vec<[usize; 2]>| of.into_iter().map(|[x, y]| f64::from(plane[(y, x)])).collect::<Vec<f64>>();
    let (core, fluid) = (quantile(&mut values(inside), 0.5)?, quantile(&mut values(outside), 0.75)?);
    let is_dark = |ray: usize| {
        let place = |mm: f64| {
            let ([dx, dy], r_mm) = (direction(ray), cord.radius_mm[ray] + mm);
            [cord.centre[0] + dx * r_mm / sx, cord.centre[1] + dy * r_mm / sy]
        };
        let within = BESIDE_MM.map(place).into_iter().filter(|&at| canal.holds(at, [sx, sy]));
        let brightest = within.map(|at| linear(plane, at)).fold(f64::NEG_INFINITY, f64::max);
        brightest < core + RISEN * (fluid - core)
    };
    let dark = (0..RAYS).filter(|&ray| is_dark(ray)).count() as f64 / RAYS as f64;
    Some(Shown { dark, area_mm2 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;
    use crate::volume::{Mask, Volume};

    const MM: f64 = 0.7;

    /// Millimetres from the middle of a round canal of 17 mm.
    fn off([x, y, _]: [usize; 3]) -> [f64; 2] {
        [x as f64 * MM - 21.0, y as f64 * MM - 21.0]
    }

    /// A cord of 8 mm down to plane 9 in bright fluid; below it roots fill the back third of the canal.
    fn image() -> Volume<f32> {
        Volume::from_fn(Geometry::upright([61, 61, 20], [MM, MM, 4.0]), |v| {
            let [x, y] = off(v);
            let grey = if v[2] < 9 { y > 2.0 } else { libm::hypot(x, y) < 4.0 };
            if grey { 330.0 } else { 720.0 }
        })
    }

    fn ring(y_mm: f64, radius_mm: f64) -> Option<Ring> {
        Some(Ring { centre: [30.0, 30.0 + y_mm / MM], radius_mm: [radius_mm; RAYS] })
    }

    #[test]
    fn the_cord_ends_above_rings_in_a_bundle_of_roots() {
        let (image, canal) = (image(), vec![ring(0.0, 8.5); 20]);
        let nobody = Mask::from_fn(image.geometry().clone(), |_| false);
        let cord: Vec<Option<Ring>> = (0..20).map(|z| if z < 9 { ring(5.5, 2.5) } else { ring(0.0, 4.0) }).collect();
        let end = |tumour: &Mask, cord: &[Option<Ring>]| lowest(&Look::at(&image, tumour, &canal), cord);
        assert_eq!(end(&nobody, &cord), 9);
        // Where there is tumour in the canal nothing is told, with or without a ring.
        let full =
            Mask::from_fn(image.geometry().clone(), |v| v[2] < 9 && libm::hypot(off(v)[0], off(v)[1] - 6.0) < 3.0);
        let hidden: Vec<Option<Ring>> = (0..20).map(|z| if z < 9 { None } else { ring(0.0, 4.0) }).collect();
        assert_eq!([&cord, &hidden].map(|cord| end(&full, cord)), [0, 0]);
        assert_eq!(end(&nobody, &hidden), 9, "no ring at all");
        let whole = vec![ring(0.0, 4.0); 20];
        assert_eq!(end(&nobody, &whole), 0, "as wide as ever");
    }

    #[test]
    fn roots_end_where_most_votes_are_right() {
        assert_eq!(parting(&[0, 0, 1, 1, 0, 1, 0, -1, -1, 1, -1]), 6);
        assert_eq!(parting(&[0, 0, -1, 1, -1]), 0, "a cord to the end");
        assert_eq!(parting(&[1, -1, 1, 1, 1, -1]), 5);
        assert_eq!(parting(&[1, 1, 1]), 3, "no cord in view");
        assert_eq!(parting(&[]), 0);
    }
}
