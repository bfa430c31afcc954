//! The part of an image in which a tumour is cut, on pixels as large as those that the cut's weights were chosen on.
//!
//! On finer pixels the same weights hold a border less firmly: with pixels of 0.415 mm the minimum cut of 20 irregular
//! lesions had a Dice of 0.872 (box) and 0.845 (line) on the image's own pixels, 0.885 and 0.862 on those of twice the
//! width (`scripts/segmentation/README.md`), at a third of the cost.

use super::prompt::Prompt;
use crate::geometry::{Extent, Geometry};
use crate::ops::bias::Field;
use crate::ops::t2::at_planes;
use crate::volume::{Mask, Volume, traverse};
use ndarray::{Array2, ArrayView2};

/// Finer pixels than this are taken together, mm, to pixels of about this width: of 0.7, 0.83 and 1 mm the second had the
/// best Dice in the mean (0.903, 0.904 and 0.903 of 80 cuts on pixels of 0.415 mm).
const FINE_MM: f64 = 0.6;
const PIXEL_MM: f64 = 0.83;
/// A tumour that is wider than so many of these pixels is cut on wider ones, so many across: it costs no more than one of 42 mm.
/// On 80 exams of `yuan24`, seeds 23 and 37, drawn on pixels of 0.42 and 0.59 mm, the mean Dice is 0.930 (box) and 0.908 (line),
/// and 0.931 and 0.908 on pixels of 0.83 mm; whole exams cost three quarters.
const ACROSS: f64 = 50.0;

/// How far around the part the image is asked for its coil, mm: muscle and fat tell most of it (as in `stages/even.rs`).
pub const COIL_MM: f64 = 20.0;

/// A part of an image's grid and the pixels that it is cut on.
pub struct Window {
    whole: Geometry,
    region: Extent,
    /// How pixels are taken together along x and y; `None` where neither are.
    pixels: Option<[Axis; 2]>,
}

impl Window {
    /// What must be looked at for a prompt; `None` if the grid does not reach there.
    pub fn of(whole: &Geometry, prompt: &Prompt) -> Option<Self> {
        let ellipsoid = prompt.mark.ellipsoid();
        let region = ellipsoid.looked_at(whole)?;
        let (dims, spacing) = (region.dims(), whole.spacing);
        let is_fine = spacing[0].min(spacing[1]) < FINE_MM;
        let [x_mm, y_mm] = [0, 1].map(|a| ellipsoid.width_mm(whole.axes[a]));
        let pixel_mm = PIXEL_MM.max((x_mm * y_mm).sqrt() / ACROSS);
        let pixels = is_fine.then(|| [0, 1].map(|a| Axis::of(dims[a], spacing[a], pixel_mm)));
        Some(Self { whole: whole.clone(), region, pixels })
    }

    /// The image's part without the unevenness of its coil, on its own pixels. Only what lies within [`COIL_MM`] of the part is
    /// asked for the coil, so that nothing depends on how much more of the image was read.
    pub fn evened(&self, image: &Volume<f32>) -> Volume<f32> {
        let margin = self.whole.spacing.map(|mm| (COIL_MM / mm).ceil() as usize);
        let (seen, around) = (image.crop(&self.region), self.region.grown(margin, self.whole.dims));
        let from = [0, 1, 2].map(|a| self.region.lo[a] - around.lo[a]);
        match Field::of(&image.crop(&around)) {
            Some(coil) => coil.evened(&seen, from),
            None => seen,
        }
    }

    /// What the part is cut on: each pixel the mean of the own ones that it covers.
    pub fn pixels(&self, own: Volume<f32>) -> Volume<f32> {
        match &self.pixels {
            None => own,
            Some(axes) => taken_together(&own, axes, |_| true),
        }
    }

    /// A mask's part: the pixels of which half is covered.
    pub fn mask(&self, mask: &Mask) -> Mask {
        let own = mask.crop(&self.region);
        let Some(axes) = &self.pixels else { return own };
        let covered = traverse::map(&own, |inside| f32::from(u8::from(*inside)));
        let is_any = at_planes(&own);
        let shares = taken_together(&covered, axes, |z| is_any[z]);
        let share = |[x, y, z]: [usize; 3]| shares.voxels()[(z, y, x)];
        // Of pixels that are covered by about half, which are many where two by two are taken together, every second.
        Mask::from_fn(shares.geometry().clone(), |[x, y, z]| share([x, y, z]) > [0.47, 0.53][(x + y) % 2])
    }

    /// A mask of the part on the image's own grid; where pixels were taken together its border is smooth between them, and
    /// every section as large as it was.
    pub fn placed(&self, part: &Mask) -> Mask {
        let own = match &self.pixels {
            None => part.clone(),
            Some(axes) => {
                let is_any = at_planes(part);
                let planes = traverse::each(is_any.len(), |z| match is_any[z] {
                    true => spread(part.plane(z), axes),
                    false => Array2::from_elem([1, 0].map(|a: usize| axes[a].between.len()), false),
                });
                Mask::from_planes(self.whole.crop(&self.region), &planes)
            }
        };
        own.placed(&self.whole, self.region.lo)
    }
}

/// How the pixels of an axis are taken together.
struct Axis {
    /// Own pixels in one that is taken together.
    step: f64,
    /// For each of these, the first own pixel that it covers, and how much of it each has.
    shares: Vec<(usize, Vec<f32>)>,
    /// For each own pixel, the two that its middle lies between, and how far towards the second.
    between: Vec<(usize, usize, f32)>,
}

impl Axis {
    fn of(own: usize, own_mm: f64, pixel_mm: f64) -> Self {
        let together = ((own as f64 * own_mm / pixel_mm).round() as usize).max(1);
        let count = if own_mm < FINE_MM { together } else { own };
        let step = own as f64 / count as f64;
        let shares = |k: usize| {
            let (from, to) = (k as f64 * step, (k + 1) as f64 * step);
            let last = (to.ceil() as usize).min(own);
            let overlap = |i: usize| ((i + 1) as f64).min(to) - (i as f64).max(from);
            (from as usize, (from as usize..last).map(|i| (overlap(i) / step) as f32).collect())
        };
        let between = |i: usize| {
            let place = ((i as f64 + 0.5) / step - 0.5).clamp(0.0, (count - 1) as f64);
            (place as usize, (place as usize + 1).min(count - 1), place.fract() as f32)
        };
        Self { step, shares: (0..count).map(shares).collect(), between: (0..own).map(between).collect() }
    }
}

/// The planes of an image of which something is wanted, the others 0.
fn taken_together(own: &Volume<f32>, axes: &[Axis; 2], is_wanted: impl Fn(usize) -> bool + Sync + Send) -> Volume<f32> {
    let ([x, y], grid) = (axes, own.geometry());
    let dims = [x.shares.len(), y.shares.len(), grid.dims[2]];
    let planes = traverse::each(dims[2], |z| match is_wanted(z) {
        true => joined(own.plane(z), axes),
        false => Array2::zeros((dims[1], dims[0])),
    });
    let spacing = [grid.spacing[0] * x.step, grid.spacing[1] * y.step, grid.spacing[2]];
    let origin = grid.to_patient([x.step / 2.0 - 0.5, y.step / 2.0 - 0.5, 0.0]);
    Volume::from_planes(Geometry { dims, spacing, origin, axes: grid.axes }, &planes)
}

/// `out(Y, X) = sum_yx share_Y(y) share_X(x) in(y, x)`
fn joined(plane: ArrayView2<'_, f32>, [along_x, along_y]: &[Axis; 2]) -> Array2<f32> {
    let mut rows = Array2::zeros((along_y.shares.len(), plane.ncols()));
    for (mut row, (first, shares)) in rows.rows_mut().into_iter().zip(&along_y.shares) {
        shares.iter().zip(*first..).for_each(|(share, y)| row.scaled_add(*share, &plane.row(y)));
    }
    Array2::from_shape_fn((rows.nrows(), along_x.shares.len()), |(y, x)| {
        let (first, shares) = &along_x.shares[x];
        shares.iter().zip(*first..).map(|(share, i)| share * rows[(y, i)]).sum()
    })
}

/// The own pixels of a mask: each pixel's `(1, 2, 1) / 4` mean with its neighbours along the axes whose pixels were taken
/// together, linear between the pixels' middles; as many of the largest as the mask is large.
fn spread(part: ArrayView2<'_, bool>, [along_x, along_y]: &[Axis; 2]) -> Array2<bool> {
    let even = |plane: Array2<f32>, axis: &Axis| if axis.step > 1.0 { smooth(&plane) } else { plane };
    // Smoothed along x, then along y as the second axis: stored (x, y).
    let smooth = even(even(part.mapv(|inside| f32::from(u8::from(inside))), along_x).reversed_axes(), along_y);
    let mut own = Array2::zeros((along_y.between.len(), along_x.between.len()));
    for (mut row, (y0, y1, ty)) in own.rows_mut().into_iter().zip(&along_y.between) {
        let along_y = &smooth.column(*y0) * (1.0 - ty) + &smooth.column(*y1) * *ty;
        let at = |(x0, x1, tx): &(usize, usize, f32)| along_y[*x0] * (1.0 - tx) + along_y[*x1] * tx;
        row.iter_mut().zip(&along_x.between).for_each(|(value, between)| *value = at(between));
    }
    let pixels = part.iter().filter(|inside| **inside).count() as f64 * along_x.step * along_y.step;
    let level = largest(&own, pixels.round() as usize);
    own.mapv(|value| value >= level)
}

/// The least of so many largest values; only what is above 0 counts. A fixed level would take from small sections what
/// smoothing takes from round ones: nearly all of one of five pixels.
fn largest(values: &Array2<f32>, wanted: usize) -> f32 {
    let mut some: Vec<f32> = values.iter().copied().filter(|value| *value > 0.0).collect();
    let last = some.len().saturating_sub(wanted.max(1));
    if some.is_empty() { f32::INFINITY } else { *some.select_nth_unstable_by(last, f32::total_cmp).1 }
}

/// Smoothed along the second axis; the border goes on beyond the plane.
fn smooth(plane: &Array2<f32>) -> Array2<f32> {
    let last = plane.ncols() - 1;
    Array2::from_shape_fn(plane.raw_dim(), |(y, x)| {
        0.5 * plane[(y, x)] + 0.25 * (plane[(y, x.saturating_sub(1))] + plane[(y, (x + 1).min(last))])
    })
}

#[cfg(test)]
mod tests {
    use super::super::prompt::Mark;
    use super::*;
    use crate::io::markups::Roi;

    /// The window of a cube about the middle of a grid.
    fn window(grid: &Geometry, size_mm: f64) -> Window {
        let centre = grid.to_patient([0, 1, 2].map(|a| (grid.dims[a] as f64 - 1.0) / 2.0));
        let mark = Mark::Roi(Roi { centre, axes: grid.axes, size_mm: [size_mm; 3] });
        Window::of(grid, &Prompt { mark, inside: vec![], outside: vec![] }).unwrap()
    }

    /// A cross of five pixels, as round ends have, keeps its area: 3.4 mm2.
    #[test]
    fn small_sections_stay_as_large() {
        for pixel_mm in [[0.3, 0.3], [0.415, 0.415], [0.5, 0.5], [0.4, 0.7]] {
            let grid = Geometry::upright([200, 200, 3], [pixel_mm[0], pixel_mm[1], 4.0]);
            let window = window(&grid, 12.0);
            let coarse = window.mask(&Mask::from_fn(grid.clone(), |_| false)).geometry().clone();
            let cross = |[x, y, z]: [usize; 3]| z == 1 && x.abs_diff(9) + y.abs_diff(8) <= 1;
            let small = Mask::from_fn(coarse.clone(), cross);
            let back = window.placed(&small).count() as f64 * grid.pixel_area_mm2();
            let wanted = 5.0 * coarse.pixel_area_mm2();
            assert!((back - wanted).abs() < 8.0 * grid.pixel_area_mm2(), "{pixel_mm:?}: {back} for {wanted}");
            let unequal = pixel_mm[1] > FINE_MM;
            assert_eq!(coarse.spacing[1] == pixel_mm[1], unequal, "pixels that are wide enough stay");
        }
    }

    #[test]
    fn coarse_pixels_stay_as_they_are() {
        let grid = Geometry::upright([40, 40, 10], [0.7, 0.7, 4.0]);
        let window = window(&grid, 8.0);
        let image = Volume::from_fn(grid.clone(), |[x, y, z]| (x + 40 * (y + 40 * z)) as f32);
        assert_eq!(window.pixels(image.crop(&window.region)), image.crop(&window.region));
        let mask = Mask::from_fn(grid, |[x, y, z]| (18..22).contains(&x) && (19..23).contains(&y) && z == 5);
        assert_eq!(window.placed(&window.mask(&mask)), mask);
    }

    /// How much of the image was read changes nothing, so long as it is what the stage asks for.
    #[test]
    fn the_coil_is_that_of_the_image_nearby() {
        let grid = Geometry::upright([150, 140, 10], [1.0, 1.0, 4.0]);
        let image = Volume::from_fn(grid.clone(), |[x, y, z]| {
            let tissue = [100.0, 180.0, 420.0][(x / 16 + y / 20 + z / 6) % 3];
            tissue * libm::expf(0.006 * y as f32) * (1.0 + 0.1 * ((x * 7 + y * 13 + z * 5) % 11) as f32 / 11.0)
        });
        let whole = window(&grid, 16.0);
        let read = whole.region.grown([COIL_MM as usize + 3; 3], grid.dims);
        let mark = Mark::Roi(Roi { centre: [74.5, 69.5, 18.0], axes: grid.axes, size_mm: [16.0; 3] });
        let part = Window::of(&grid.crop(&read), &Prompt { mark, inside: vec![], outside: vec![] }).unwrap();
        let (evened, of_part) = (whole.evened(&image), part.evened(&image.crop(&read)));
        assert_eq!(evened.as_slice(), of_part.as_slice());
        assert_ne!(evened, image.crop(&whole.region), "there is a coil to take off");
    }

    #[test]
    fn a_wide_tumour_has_no_more_pixels_across_than_others() {
        let grid = Geometry::upright([400, 400, 3], [0.4, 0.4, 4.0]);
        let across =
            |size_mm: f64| window(&grid, size_mm).mask(&Mask::from_fn(grid.clone(), |_| false)).geometry().spacing[0];
        assert!((across(40.0) / PIXEL_MM - 1.0).abs() < 0.02, "{}", across(40.0));
        assert!((across(80.0) / (80.0 / ACROSS) - 1.0).abs() < 0.02, "{}", across(80.0));
    }

    /// A plane `a + b x + c y` in millimetres has on any pixels the same value at the same place.
    #[test]
    fn fine_pixels_keep_their_place() {
        for pixel_mm in [0.3, 0.415, 0.5] {
            let grid = Geometry::upright([130, 120, 6], [pixel_mm, pixel_mm, 4.0]);
            let plane = |p: [f64; 3]| 5.0 + 2.0 * p[0] - 3.0 * p[1] + 0.5 * p[2];
            let window = window(&grid, 12.0);
            let image = Volume::from_fn(grid.clone(), |v| plane(grid.to_patient(v.map(|i| i as f64))) as f32);
            let joined = window.pixels(image.crop(&window.region));
            let coarse = joined.geometry();
            assert!((0.78..0.9).contains(&coarse.spacing[0]), "{}", coarse.spacing[0]);
            for ((z, y, x), value) in joined.voxels().indexed_iter() {
                let wanted = plane(coarse.to_patient([x, y, z].map(|i| i as f64)));
                // A pixel that lies in two counts for each with its middle: up to 0.06 mm off.
                assert!((f64::from(*value) - wanted).abs() < 0.2, "{pixel_mm}: {value} for {wanted}");
            }
        }
    }

    /// Ellipses go to coarse pixels and come back: off by a quarter of such a pixel at most, and as large to 2 %, 0.07 mm of
    /// border, as half covered pixels fall.
    #[test]
    fn a_mask_comes_back_as_it_was() {
        for pixel_mm in [0.3, 0.415, 0.5] {
            let grid = Geometry::upright([200, 200, 3], [pixel_mm, pixel_mm, 4.0]);
            let window = window(&grid, 12.0);
            let ratio = |k: usize| {
                let middle = [0.37 * (k % 3) as f64, 0.41 * (k / 3) as f64].map(|off| 99.0 * pixel_mm + off);
                let mask = Mask::from_fn(grid.clone(), |[x, y, _]| {
                    let [x, y] = [x as f64 * pixel_mm - middle[0], y as f64 * pixel_mm - middle[1]];
                    (x / 9.0).powi(2) + (y / 6.0).powi(2) < 1.0
                });
                let back = window.placed(&window.mask(&mask));
                let differing = crate::volume::differing(back.as_slice(), mask.as_slice()) as f64;
                // Perimeter 47.6 mm on 3 slices.
                let border = 47.6 * PIXEL_MM / (pixel_mm * pixel_mm) * 3.0;
                assert!(differing < 0.25 * border, "{pixel_mm}: {differing} of {border}");
                back.count() as f64 / mask.count() as f64
            };
            let mean = (0..9).map(ratio).sum::<f64>() / 9.0;
            assert!((mean - 1.0).abs() < 0.02, "{pixel_mm}: {mean}");
        }
    }
}
