//! Mean density of the outline, rim included (method.md 1.9).

use super::{
    Column, Measure, Measurement, Modality, Reading, Refusal, View, keys, no_flags, reason, settings::Settings,
};
use crate::ops::sampling::successive_sd;
use crate::volume::traverse::each;
use crate::volume::{Mask, Volume, ends};

/// `mean_density`, `mean_hu`
pub const DEF: Measurement = Measurement {
    measures: &[Measure {
        name: "mean_density",
        modalities: &[Modality::Ct],
        unit: "HU",
        classes: &[],
        about: "mean of the voxels of the outline, all pieces, rim included",
        reads: &[keys::IMAGE.name, keys::TUMOUR.name, keys::TOUCHES_BORDER.name, keys::THRESHOLDS.name],
        looks_at: &[],
        compute: mean_density,
    }],
    columns: &[Column {
        name: "mean_hu",
        modalities: &[Modality::Ct],
        unit: "HU",
        about: "mean of the outline's pixels on the slice",
        reads: &[keys::AXIAL_IMAGE.name, keys::AXIAL_TUMOUR.name, keys::OUTLINE.name, keys::THRESHOLDS.name],
        cell: |view, k| {
            let plane = view.get(&keys::OUTLINE)[k].plane;
            plane_mean(view.get(&keys::AXIAL_IMAGE), view.get(&keys::AXIAL_TUMOUR), plane)
        },
        flags: no_flags,
    }],
};

/// `1/n sum I(v)`, in f64 from first to last voxel
fn mean_density(view: &View<'_>, _: &Settings) -> Result<Reading, Refusal> {
    let (image, mask) = (view.get(&keys::IMAGE), view.get(&keys::TUMOUR));
    let nx = mask.geometry().dims[0];
    let mean = mean(inside(image.as_slice(), mask.as_slice(), nx));
    let mean = mean.ok_or_else(|| Refusal::of(reason::BELOW_2_PIXELS, "no voxel"))?;
    let reading = Reading::number(mean).give_or_take(mean_sd(image, mask, mean));
    Ok(reading.of_what_is_shown(*view.get(&keys::TOUCHES_BORDER)))
}

/// SD of the mean by what each slice adds above or below it.
fn mean_sd(image: &Volume<f32>, mask: &Mask, mean: f64) -> f64 {
    let excess = |z: usize| on_plane(image, mask, z).map(|hu| hu - mean).sum::<f64>();
    successive_sd(&each(mask.geometry().dims[2], excess)) / mask.count() as f64
}

fn plane_mean(image: &Volume<f32>, mask: &Mask, z: usize) -> Option<f64> {
    mean(on_plane(image, mask, z))
}

/// The voxels of the outline on a plane, row by row.
fn on_plane<'a>(image: &'a Volume<f32>, mask: &'a Mask, z: usize) -> impl Iterator<Item = f64> + 'a {
    let [nx, ny, _] = mask.geometry().dims;
    inside(&image.as_slice()[z * ny * nx..][..ny * nx], &mask.as_slice()[z * ny * nx..][..ny * nx], nx)
}

/// The voxels of a mask in storage order; most rows have none, which is seen many voxels at a time.
fn inside<'a>(voxels: &'a [f32], mask: &'a [bool], nx: usize) -> impl Iterator<Item = f64> + 'a {
    let rows = voxels.chunks_exact(nx.max(1)).zip(mask.chunks_exact(nx.max(1)));
    let spans = rows.filter_map(|(hu, mask)| ends(mask, |&m| m).map(|[a, b]| (&hu[a..=b], &mask[a..=b])));
    spans.flat_map(|(hu, mask)| hu.iter().zip(mask).filter(|(_, m)| **m).map(|(&hu, _)| f64::from(hu)))
}

fn mean(inside: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = inside.fold((0.0, 0usize), |(sum, n), hu| (sum + hu, n + 1));
    (n > 0).then(|| sum / n as f64)
}
