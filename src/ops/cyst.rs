//! Cysts in a tumour on T2-weighted slices: pieces as bright as fluid (method.md 1.6).

use super::chord::diameters;
use super::components::pieces_over;
use super::outline::outlines;
use super::runs::Neighbours;
use super::t2::{inner, median, outer};
use crate::volume::{Mask, Volume};
use ndarray::Array3;

/// A cyst has this area on some slice, mm2 (5.6 mm across) ...
const AREA_MM2: f64 = 25.0;
/// ... and lies on two slices, or has this area on its only one.
const LONE_AREA_MM2: f64 = 50.0;
/// Half of the way between tissue and fluid is looked for within so many pixels of what is as bright as fluid.
const BORDER_PIXELS: usize = 2;
/// Two kinds of tissue are told apart where they explain this share of the variance. Method.md 1.6 has 0.6, but the halves of
/// one bell explain 0.64 of its own, those of an even spread 0.75.
const TWO_KINDS: f64 = 0.8;
/// Bins of the histogram in which two kinds are looked for.
const BINS: usize = 128;

/// What cysts there are.
#[derive(Clone, Debug)]
pub struct Cysts {
    /// Their voxels.
    pub mask: Mask,
    /// How many.
    pub count: usize,
    /// The largest diameter on each plane, mm; `None` where there is none.
    pub diameter_mm: Vec<Option<f64>>,
}

impl Cysts {
    /// The pieces of a mask, each a cyst.
    pub fn of(mask: Mask) -> Self {
        let count = pieces_over(mask.voxels(), Neighbours::Faces).sizes.len();
        let mut diameter_mm = vec![None; mask.geometry().dims[2]];
        for outline in outlines(&mask, 0) {
            diameter_mm[outline.plane] = diameters(&outline).map(|d| d.long.length_mm());
        }
        Self { mask, count, diameter_mm }
    }

    /// Their volume, mm3.
    pub fn volume_mm3(&self) -> f64 {
        self.mask.count() as f64 * self.mask.geometry().voxel_volume_mm3()
    }

    /// The plane of the largest diameter, and the diameter, mm.
    pub fn largest(&self) -> Option<(usize, f64)> {
        let all = self.diameter_mm.iter().enumerate().filter_map(|(plane, d)| Some((plane, (*d)?)));
        all.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    }
}

/// The cysts of a tumour: pieces brighter than `from`, whose border is then drawn half-way between the signal of the solid
/// tumour and their own.
pub fn find(image: &Volume<f32>, tumour: &Mask, from: f64) -> Cysts {
    let Some(extent) = tumour.extent() else { return Cysts::of(tumour.clone()) };
    // A border may lie so far beyond the tumour's; a pixel more, which belongs to nothing.
    let part = extent.grown([BORDER_PIXELS + 1, BORDER_PIXELS + 1, 0], tumour.geometry().dims);
    let found = pieces(&image.crop(&part), &tumour.crop(&part), from);
    Cysts::of(found.placed(tumour.geometry(), part.lo))
}

fn pieces(image: &Volume<f32>, tumour: &Mask, from: f64) -> Mask {
    let deep = inner(tumour);
    let bright = opened(&brighter(image, &deep, from));
    let cores = large(&bright);
    if cores.count() == 0 {
        return cores;
    }
    let near = (0..BORDER_PIXELS).fold(cores.clone(), |grown, _| outer(&grown));
    let solid = deep.without(&near);
    let half = median(image, &solid).zip(median(image, &cores)).map_or(from, |(solid, fluid)| 0.5 * (solid + fluid));
    large(&opened(&brighter(image, &near, half)))
}

/// Where within a mask an image is at least so bright.
fn brighter(image: &Volume<f32>, within: &Mask, from: f64) -> Mask {
    let mut bright = within.clone();
    bright.as_mut_slice().iter_mut().zip(image.as_slice()).for_each(|(m, v)| *m &= f64::from(*v) >= from);
    bright
}

/// Without what is thinner than three pixels.
fn opened(mask: &Mask) -> Mask {
    outer(&inner(mask))
}

/// The pieces of a mask that lie in a tumour or touch it: labels of one map exclude each other.
pub fn touching(mask: &Mask, tumour: &Mask) -> Mask {
    let found = pieces_over(mask.voxels(), Neighbours::Faces);
    let mut kept = vec![false; found.sizes.len() + 1];
    let near = outer(tumour);
    found.labels.iter().zip(near.as_slice()).for_each(|(&label, near)| kept[label as usize] |= near);
    let voxels = found.labels.iter().map(|&label| label > 0 && kept[label as usize]).collect();
    Mask::new(mask.geometry().clone(), voxels).expect("a label for each voxel")
}

/// The pieces that are large enough for a cyst.
fn large(mask: &Mask) -> Mask {
    let found = pieces_over(mask.voxels(), Neighbours::Faces);
    let areas = areas_mm2(&found.labels, found.sizes.len(), mask.geometry().pixel_area_mm2());
    let is_cyst = |of: &Vec<f64>| {
        let largest = of.iter().copied().fold(0.0, f64::max);
        let least = if of.iter().filter(|&&mm2| mm2 > 0.0).count() > 1 { AREA_MM2 } else { LONE_AREA_MM2 };
        largest >= least
    };
    let kept: Vec<bool> = areas.iter().map(is_cyst).collect();
    let voxels = found.labels.iter().map(|&label| label > 0 && kept[label as usize - 1]).collect();
    Mask::new(mask.geometry().clone(), voxels).expect("a label for each voxel")
}

/// The area of each piece on each plane, mm2.
fn areas_mm2(labels: &Array3<u32>, pieces: usize, pixel_mm2: f64) -> Vec<Vec<f64>> {
    let mut areas = vec![vec![0.0; labels.dim().0]; pieces];
    for ((z, ..), &label) in labels.indexed_iter().filter(|(_, label)| **label > 0) {
        areas[label as usize - 1][z] += pixel_mm2;
    }
    areas
}

/// The value that parts a tumour into two kinds of tissue (Otsu 1979); `None` where they explain too little of its variance.
pub fn parting(values: &[f64]) -> Option<f64> {
    let ends = values.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[lo, hi]: [f64; 2], &v| [lo.min(v), hi.max(v)]);
    let width = (ends[1] - ends[0]) / BINS as f64;
    if values.is_empty() || width <= 0.0 {
        return None;
    }
    let mut bins = [[0.0; 2]; BINS];
    for &v in values {
        let bin = &mut bins[(((v - ends[0]) / width) as usize).min(BINS - 1)];
        *bin = [bin[0] + 1.0, bin[1] + v];
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
    let (mut below, mut best, mut ends_of_best) = ([0.0; 2], 0.0, [0.0; 2]);
    for (i, bin) in bins.iter().enumerate().take(BINS - 1) {
        below = [below[0] + bin[0], below[1] + bin[1]];
        let share = below[0] / n;
        let apart = below[1] / n - share * mean;
        let between = apart * apart / (share * (1.0 - share)).max(1e-12);
        let at = ends[0] + (i + 1) as f64 * width;
        if between > best {
            (best, ends_of_best) = (between, [at; 2]);
        } else if between == best {
            ends_of_best[1] = at;
        }
    }
    (best >= TWO_KINDS * variance).then_some(0.5 * (ends_of_best[0] + ends_of_best[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    fn grid() -> Geometry {
        Geometry::upright([100, 100, 10], [0.7, 0.7, 3.8])
    }

    fn r_mm([x, y, _]: [usize; 3], centre: [f64; 2]) -> f64 {
        libm::hypot(x as f64 * 0.7 - centre[0], y as f64 * 0.7 - centre[1])
    }

    /// A tumour of 50 mm with cylinders of fluid, blurred borders and some texture.
    fn image(cysts: &[([f64; 2], f64, std::ops::Range<usize>)]) -> Volume<f32> {
        Volume::from_fn(grid(), |v| {
            let texture = 20.0 * libm::sin(v[0] as f64 * 1.3) * libm::cos(v[1] as f64 * 0.9);
            let fluid = cysts
                .iter()
                .filter(|(.., planes)| planes.contains(&v[2]))
                .map(|(at, radius, _)| (0.5 - (r_mm(v, *at) - radius) / 1.4).clamp(0.0, 1.0));
            (250.0 + texture + 400.0 * fluid.fold(0.0, f64::max)) as f32
        })
    }

    fn tumour() -> Mask {
        Mask::from_fn(grid(), |v| r_mm(v, [35.0, 35.0]) < 25.0 && (1..9).contains(&v[2]))
    }

    #[test]
    fn a_cyst_has_its_diameter_and_what_is_too_small_is_none() {
        let found = find(&image(&[([30.0, 32.0], 6.0, 3..6), ([45.0, 40.0], 2.0, 3..6)]), &tumour(), 500.0);
        let (plane, mm) = found.largest().unwrap();
        assert_eq!((found.count, plane), (1, 3));
        // Half-way to the solid tissue lies the cylinder's own border; a pixel is 0.7 mm.
        assert!((mm - 12.0).abs() < 0.5, "{mm}");
        let volume_mm3 = std::f64::consts::PI * 36.0 * 3.0 * 3.8;
        assert!((found.volume_mm3() / volume_mm3 - 1.0).abs() < 0.05);
        assert!(found.diameter_mm[2].is_none() && found.diameter_mm[5].is_some());
    }

    #[test]
    fn a_single_slice_must_be_larger() {
        let on_one = |radius: f64| find(&image(&[([35.0, 35.0], radius, 4..5)]), &tumour(), 500.0).count;
        assert_eq!([3.3, 4.6].map(on_one), [0, 1], "34 and 66 mm2");
        assert_eq!(find(&image(&[([35.0, 35.0], 3.3, 4..6)]), &tumour(), 500.0).count, 1);
        let none = find(&image(&[]), &tumour(), 500.0);
        assert_eq!((none.count, none.volume_mm3(), none.largest()), (0, 0.0, None));
    }

    #[test]
    fn fluid_outside_the_tumour_is_no_cyst() {
        assert_eq!(find(&image(&[([8.0, 8.0], 6.0, 3..6)]), &tumour(), 500.0).count, 0);
    }

    #[test]
    fn a_drawn_cyst_belongs_to_the_tumour_that_it_touches() {
        let cyst = |at: [f64; 2]| Mask::from_fn(grid(), |v| r_mm(v, at) < 4.0 && (3..5).contains(&v[2]));
        let beside = cyst([35.0 + 25.0 + 3.5, 35.0]);
        let apart = Mask::from_fn(grid(), |v| beside.plane(v[2])[(v[1], v[0])] && r_mm(v, [35.0, 35.0]) >= 25.0);
        assert_eq!(touching(&apart, &tumour()), apart);
        assert_eq!(touching(&cyst([4.0, 4.0]), &tumour()).count(), 0);
    }

    #[test]
    fn two_kinds_part_in_the_middle_and_one_kind_does_not() {
        let spread = |i: usize| (i % 40) as f64;
        let two: Vec<f64> = (0..1000).map(|i| if i % 4 == 0 { 400.0 } else { 100.0 } + spread(i / 4)).collect();
        let middle = parting(&two).unwrap();
        assert!((middle - 269.5).abs() < 3.0, "{middle}");
        let even: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(parting(&even), None);
        assert_eq!(parting(&[]), None);
        assert_eq!(parting(&[5.0; 10]), None);
    }
}
