//! The magnet: slice profile, point spread, the coil's uneven sensitivity, Rician noise, whole stored units.

use super::super::field::Texture;
use super::super::scanner::{Kernel, noise};
use super::super::stream::Source;
use super::scene::MrScene;
use super::spec::MagnetSpec;
use crate::geometry::{Geometry, add_scaled, norm};
use crate::volume::{Volume, traverse};

/// The coil's sensitivity changes over about this distance, mm.
const COIL_MM: f64 = 70.0;
/// Neighbouring pixels of a magnet's image are nearly independent: SD of the bell that joins them, pixels.
const GRAIN: f64 = 0.4;
/// Largest stored value.
const LARGEST: f32 = 4095.0;

/// Scans: every slice on its own, its noise from a stream of its own. `name` is that of the exam's streams.
pub fn scan(scene: &MrScene, source: &Source, name: &str, spec: &MagnetSpec, grid: &Geometry) -> Volume<i16> {
    let kernel = Kernel::new(grid.spacing[0], spec.spread_mm, 0.0);
    let coil = coil(source, name, grid);
    let slices = traverse::each(grid.dims[2], |k| {
        let z_mm = grid.origin[2] + k as f64 * grid.spacing[2];
        let clean = kernel.slice(|p| scene.signal(scene.pose.to_vertebra(p)), spec.thickness_mm, grid, z_mm);
        let channel = |which: &str| {
            noise(&mut source.stream(&format!("{name}/noise {which}/{k}")), spec.noise * spec.cord_signal, GRAIN)
        };
        let (real, imaginary) = (channel("real"), channel("imaginary"));
        let at = |i: usize| {
            let place = grid.to_patient([(i % grid.dims[0]) as f64, (i / grid.dims[0]) as f64, k as f64]);
            let seen = clean[i] * (spec.cord_signal * libm::exp(spec.bias * coil.at(place))) as f32;
            libm::rintf(libm::hypotf(seen + real[i], imaginary[i])).min(LARGEST) as i16
        };
        (0..clean.len()).map(at).collect::<Vec<i16>>()
    });
    Volume::new(grid.clone(), slices.concat()).expect("every slice has all its pixels")
}

/// The logarithm of the coil's sensitivity over the image, unit variance.
fn coil(source: &Source, name: &str, grid: &Geometry) -> Texture {
    let half = grid.dims.map(|n| 0.5 * (n - 1) as f64);
    let (corner, centre) = (grid.to_patient([0.0; 3]), grid.to_patient(half));
    let reach_mm = norm(add_scaled(corner, -1.0, centre));
    Texture::new(&mut source.stream(&format!("{name}/coil")), centre, reach_mm, COIL_MM)
}
