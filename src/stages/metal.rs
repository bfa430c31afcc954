//! Where there is metal near the lesion (method.md 3.8).

use super::Stage;
use crate::measure::keys::Metal;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, flag, keys};
use crate::volume::Volume;
use crate::volume::traverse::{each, fold};

/// `metal`
pub const DEF: Stage = Stage {
    name: "metal",
    about: "from which density on a voxel is metal, and the slices of the lesion that hold any",
    modalities: &[Modality::Ct],
    reads: &[keys::AXIAL_IMAGE.name, keys::AXIAL_TUMOUR.name, keys::OUTLINE.name],
    writes: &[keys::METAL.name],
    reach_mm: |_| REACH_MM,
    bytes_per_voxel: 4.0,
    run,
};

/// Metal is looked for this far around the outline's box, mm: as far as its slices are read for the rim anyway.
/// Streaks of what lies farther away have faded.
const REACH_MM: f64 = 20.0;

/// Where 12 bits end, HU (method.md 2); an image that ends there shows all metal as this.
const CLIP_HU: f64 = 3071.0;

/// In an image that ends at [`CLIP_HU`] metal counts from here on at the latest, HU: the default of `metal_hu`, below
/// the clip by more than interpolation takes off.
const CLIPPED_METAL_HU: f64 = 2500.0;

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let (image, tumour) = (view.get(&keys::AXIAL_IMAGE), view.get(&keys::AXIAL_TUMOUR));
    let mut board = Board::default();
    let Some(part) = tumour.extent() else {
        board.put(&keys::METAL, Metal { from_hu: settings.density.metal_hu, in_slice: Vec::new() }, &[]);
        return Ok(board);
    };
    let margin = image.geometry().spacing.map(|mm| (REACH_MM / mm) as usize);
    let near = image.crop(&part.grown([margin[0], margin[1], 0], image.geometry().dims));
    let from_hu = metal_from_hu(&near, settings.density.metal_hu);
    let outlines = view.get(&keys::OUTLINE);
    let in_slice =
        each(outlines.len(), |k| near.plane(outlines[k].plane - part.lo[2]).iter().any(|&hu| f64::from(hu) >= from_hu));
    let flags: &[_] = if in_slice.contains(&true) { &[flag::METAL] } else { &[] };
    board.put(&keys::METAL, Metal { from_hu, in_slice }, flags);
    Ok(board)
}

/// From which density on a voxel is metal, HU.
fn metal_from_hu(image: &Volume<f32>, metal_hu: f64) -> f64 {
    let highest = fold(image.as_slice(), || f32::NEG_INFINITY, |most, &hu| most.max(hu), f32::max);
    let clipped = (f64::from(highest) - CLIP_HU).abs() < 0.5;
    if clipped { metal_hu.min(CLIPPED_METAL_HU) } else { metal_hu }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Geometry;

    #[test]
    fn what_stands_at_the_clip_is_metal_whatever_is_configured() {
        let ends_at = |most: f32| {
            let grid = Geometry::upright([4, 4, 2], [1.0; 3]);
            Volume::from_fn(grid, |[x, y, z]| if (x, y, z) == (1, 2, 1) { most } else { 40.0 })
        };
        assert_eq!(metal_from_hu(&ends_at(3071.0), 2500.0), 2500.0);
        assert_eq!(metal_from_hu(&ends_at(3071.0), 6000.0), 2500.0);
        assert_eq!(metal_from_hu(&ends_at(3071.0), 2000.0), 2000.0);
        assert_eq!(metal_from_hu(&ends_at(6500.0), 6000.0), 6000.0);
        assert_eq!(metal_from_hu(&ends_at(900.0), 6000.0), 6000.0);
    }
}
