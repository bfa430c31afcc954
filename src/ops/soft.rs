//! The lesion's own tissue without bone: how dense it is, and how much that scatters (method.md 2, "Contrast").
//!
//! "Everything below the mineral threshold" is no estimate of it where it matters. A tumour that contrast medium has
//! brought near the threshold is cut off above, so that median and scatter both come out too low; and in a lesion that
//! is mostly bone what lies below the threshold is mostly pixels that bone fills in part, so that both come out too
//! high. So bone is kept away by place: pieces denser than contrast medium can make a tumour are bone beyond doubt, and
//! soft tissue begins where the blur of that bone ends, in its own slice and in those next to it. The scatter is taken
//! below the median, where bone that is fainter than that does not reach.

use super::components::pieces;
use super::dilation::within;
use super::distance::to_outside_mm;
use super::quantile::quantile;
use crate::volume::traverse::each;
use crate::volume::{Mask, Volume};
use ndarray::{Array2, Array3, ArrayView2, Axis, Zip};

/// Tissue without bone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftTissue {
    /// Its median, HU.
    pub median_hu: f64,
    /// `1.4826 median |x - median|` over the lower half, HU.
    pub sd_hu: f64,
}

/// What it is measured from, all on one grid.
pub struct Source<'a> {
    /// HU.
    pub image: &'a Volume<f32>,
    /// The outline.
    pub tumour: &'a Mask,
    /// Native bone, which takes no part.
    pub native_bone: &'a Mask,
    /// From this density on tissue is bone whatever contrast medium was given, HU ...
    pub bone_hu: f64,
    /// ... in pieces of this volume, mm3: smaller ones are noise.
    pub bone_mm3: f64,
}

/// How far bone blurs into its surroundings, mm: twice the point spread of a soft kernel (0.7 mm, method.md 2) leaves
/// 2 % of it; and the smoothing here adds to it. Slices next to bone share its density whatever their distance.
const BLUR_MM: f64 = 2.0;

/// Smoothing before anything is compared with a threshold, SD, mm (method.md 3.7).
const SMOOTHING_MM: f64 = 0.5;

/// Less tissue than this tells nothing, mm2 over all slices: `no_solid_component` of method.md 4.
const LEAST_MM2: f64 = 50.0;

/// From a quarter of the normal distribution to its standard deviation.
const MAD_TO_SD: f64 = 1.4826;

/// The lesion's own tissue without bone, deeper than `peel_mm(area of the slice, mm2)`; `None` where there is too little of it.
pub fn soft_tissue(source: &Source<'_>, peel_mm: impl Fn(f64) -> f64 + Sync) -> Option<SoftTissue> {
    let geometry = source.image.geometry();
    let pixel_mm = [geometry.spacing[0], geometry.spacing[1]];
    let smooth = each(geometry.dims[2], |z| smoothed(source.image.plane(z), pixel_mm));
    let bone = bone_beyond_doubt(source, &smooth);
    let near_bone = each(smooth.len(), |z| within(bone[z].view(), pixel_mm, BLUR_MM));
    let mut hu = each(smooth.len(), |z| on_slice(source, z, &smooth[z], &near_bone, &peel_mm)).concat();
    if (hu.len() as f64) * geometry.pixel_area_mm2() < LEAST_MM2 {
        return None;
    }
    let median_hu = quantile(&mut hu, 0.5)?;
    let mut below: Vec<f64> = hu.iter().filter(|&&v| v <= median_hu).map(|v| median_hu - v).collect();
    let sd_hu = MAD_TO_SD * quantile(&mut below, 0.5)?;
    Some(SoftTissue { median_hu, sd_hu })
}

/// Native bone, and pieces of what is too dense for anything but bone; shape (z, y, x).
fn bone_beyond_doubt(source: &Source<'_>, smooth: &[Array2<f64>]) -> Vec<Array2<bool>> {
    let [nx, ny, nz] = source.image.geometry().dims;
    let dense = smooth.iter().flatten().map(|&hu| hu >= source.bone_hu).collect();
    let found = pieces(&Array3::from_shape_vec((nz, ny, nx), dense).expect("planes fill their volume"));
    let least = source.bone_mm3 / source.image.geometry().voxel_volume_mm3();
    let large: Vec<bool> = found.sizes.iter().map(|&n| n as f64 >= least).collect();
    let is_bone = |label: &u32, native: &bool| *native || *label > 0 && large[*label as usize - 1];
    each(smooth.len(), |z| {
        Zip::from(found.labels.index_axis(Axis(0), z)).and(source.native_bone.plane(z)).map_collect(is_bone)
    })
}

/// Densities of one slice deeper than the peel and clear of bone.
fn on_slice(
    source: &Source<'_>,
    z: usize,
    smooth: &Array2<f64>,
    near_bone: &[Array2<bool>],
    peel_mm: impl Fn(f64) -> f64,
) -> Vec<f64> {
    let geometry = source.image.geometry();
    let inside = source.tumour.plane(z);
    let pixels = inside.iter().filter(|&&m| m).count();
    if pixels == 0 {
        return Vec::new();
    }
    let peel_mm = peel_mm(pixels as f64 * geometry.pixel_area_mm2());
    let depth_mm = to_outside_mm(inside, [geometry.spacing[0], geometry.spacing[1]]);
    let reach = ((BLUR_MM / geometry.spacing[2]) as usize).max(1);
    let blurred = &near_bone[z.saturating_sub(reach)..(z + reach + 1).min(near_bone.len())];
    let clear = |i| blurred.iter().all(|near| !near[i]);
    smooth.indexed_iter().filter(|(i, _)| depth_mm[*i] > peel_mm && clear(*i)).map(|(_, &hu)| hu).collect()
}

/// A plane under a Gaussian of [`SMOOTHING_MM`]; beyond the plane its border goes on.
fn smoothed(plane: ArrayView2<'_, f32>, pixel_mm: [f64; 2]) -> Array2<f64> {
    let plane = smoothed_along(Axis(1), &plane.mapv(f64::from), pixel_mm[0]);
    smoothed_along(Axis(0), &plane, pixel_mm[1])
}

/// The sum of the plane moved by each step times that step's weight: whole planes at a time, which the compiler turns
/// into vectors.
fn smoothed_along(axis: Axis, plane: &Array2<f64>, step_mm: f64) -> Array2<f64> {
    let reach = (3.0 * SMOOTHING_MM / step_mm).floor() as isize;
    let bell = |k: isize| libm::exp(-0.5 * (k as f64 * step_mm / SMOOTHING_MM) * (k as f64 * step_mm / SMOOTHING_MM));
    let total: f64 = (-reach..=reach).map(bell).sum();
    let n = plane.len_of(axis);
    let mut smooth = Array2::zeros(plane.dim());
    for k in -reach..=reach {
        let weight = bell(k) / total;
        // Lines that have a neighbour so far away; the others take the last one on that side.
        let by = k.unsigned_abs().min(n);
        let (to, from) = if k < 0 { (by..n, 0..n - by) } else { (0..n - by, by..n) };
        let beyond = if k < 0 { 0..by } else { n - by..n };
        let end = plane.index_axis(axis, if k < 0 { 0 } else { n - 1 });
        smooth.slice_axis_mut(axis, to.into()).scaled_add(weight, &plane.slice_axis(axis, from.into()));
        smooth
            .slice_axis_mut(axis, beyond.into())
            .axis_iter_mut(axis)
            .for_each(|mut line| line.scaled_add(weight, &end));
    }
    smooth
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    const SIDE: usize = 120;

    /// Standard normal by the sum of twelve uniform numbers of a linear congruential generator.
    fn noise(seed: &mut u64) -> f64 {
        let mut uniform = || {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*seed >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }

    /// A disc of 25 mm radius on three slices of 0.5 mm pixels, in which bars of bone of 420 HU with blurred edges fill
    /// the share `ossified`.
    fn lesion(soft_hu: f64, sd_hu: f64, ossified: f64) -> Option<SoftTissue> {
        let grid = Geometry::upright([SIDE, SIDE, 3], [0.5, 0.5, 3.0]);
        let mut seed = 7;
        let image = Volume::from_fn(grid.clone(), |[x, _, _]| {
            // Every 20 mm, 20 x ossified of them bone, the edges ramps of 2 mm.
            let from_middle = ((x as f64 * 0.5) % 20.0 - 10.0).abs();
            let bone = ((from_middle - 10.0 * (1.0 - ossified)) / 2.0 + 0.5).clamp(0.0, 1.0);
            (soft_hu + bone * (420.0 - soft_hu) + sd_hu * noise(&mut seed)) as f32
        });
        let at = |v: usize| 0.5 * v as f64 - 30.0;
        let tumour = Mask::from_fn(grid.clone(), |[x, y, _]| libm::hypot(at(x), at(y)) < 25.0);
        let native_bone = Mask::from_fn(grid, |_| false);
        let source =
            Source { image: &image, tumour: &tumour, native_bone: &native_bone, bone_hu: 300.0, bone_mm3: 20.0 };
        soft_tissue(&source, |_| 3.0)
    }

    /// SD of white noise under the smoothing, for 0.5 mm pixels: `1 / (2 sqrt(pi) s)` with s of one pixel.
    const SMOOTHED: f64 = 0.2821;

    #[test]
    fn bone_does_not_raise_what_is_soft() {
        for ossified in [0.0, 0.3, 0.6, 0.8] {
            let soft = lesion(110.0, 30.0, ossified).unwrap();
            assert!((soft.median_hu - 110.0).abs() < 4.0, "{ossified}: {soft:?}");
            assert!((soft.sd_hu / (30.0 * SMOOTHED) - 1.0).abs() < 0.2, "{ossified}: {soft:?}");
        }
    }

    #[test]
    fn a_tumour_denser_than_the_threshold_is_not_cut_off_there() {
        let soft = lesion(230.0, 30.0, 0.0).unwrap();
        assert!((soft.median_hu - 230.0).abs() < 2.0, "{soft:?}");
    }

    #[test]
    fn where_all_is_bone_there_is_no_soft_tissue() {
        assert_eq!(lesion(110.0, 20.0, 1.0), None);
    }
}
