//! Where there is metal near the lesion (method.md 3.8).

use super::Stage;
use crate::geometry::Extent;
use crate::measure::keys::Metal;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, flag, keys};
use crate::volume::Volume;
use crate::volume::traverse::each;

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
    let near = part.grown([margin[0], margin[1], 0], image.geometry().dims);
    let highest_hu = each(near.hi[2] - near.lo[2], |k| highest_hu(image, &near, near.lo[2] + k));
    let from_hu =
        metal_from_hu(highest_hu.iter().copied().fold(f32::NEG_INFINITY, f32::max), settings.density.metal_hu);
    let holds = |plane: usize| f64::from(highest_hu[plane - near.lo[2]]) >= from_hu;
    let in_slice: Vec<bool> = view.get(&keys::OUTLINE).iter().map(|o| holds(o.plane)).collect();
    let flags: &[_] = if in_slice.contains(&true) { &[flag::METAL] } else { &[] };
    board.put(&keys::METAL, Metal { from_hu, in_slice }, flags);
    Ok(board)
}

/// The highest density of a plane within a box, HU.
fn highest_hu(image: &Volume<f32>, near: &Extent, z: usize) -> f32 {
    let window = ndarray::s![near.lo[1]..near.hi[1], near.lo[0]..near.hi[0]];
    image.plane(z).slice(window).iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// From which density on a voxel is metal in an image whose highest density this is, HU.
fn metal_from_hu(highest_hu: f32, metal_hu: f64) -> f64 {
    let clipped = (f64::from(highest_hu) - CLIP_HU).abs() < 0.5;
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
        let from = |image: &Volume<f32>, metal_hu: f64| {
            metal_from_hu(highest_hu(image, &Extent::whole([4, 4, 2]), 1), metal_hu)
        };
        assert_eq!(from(&ends_at(3071.0), 2500.0), 2500.0);
        assert_eq!(from(&ends_at(3071.0), 6000.0), 2500.0);
        assert_eq!(from(&ends_at(3071.0), 2000.0), 2000.0);
        assert_eq!(from(&ends_at(6500.0), 6000.0), 6000.0);
        assert_eq!(from(&ends_at(900.0), 6000.0), 6000.0);
    }
}
