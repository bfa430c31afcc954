//! The scanner: slice profile, point spread, sampling, correlated noise, whole Hounsfield units.

use super::metal::Streaks;
use super::scene::Scene;
use super::slices::{FINE_MM, Stack, round_um};
use super::spec::ExamSpec;
use super::stream::{Source, Stream};
use crate::geometry::{Geometry, Vec3};
use crate::volume::{Volume, traverse};

/// Pixels along each side of a slice.
const PIXELS: usize = 256;
/// Smallest field of view, mm.
const SMALLEST_FIELD_MM: f64 = 160.0;
/// What the field shows beyond the lesion's diameter, mm.
const SURROUNDINGS_MM: f64 = 80.0;
/// Ramp at either end of the slice profile, mm: a trapezoid whose full width at half maximum is the thickness.
const PROFILE_RAMP_MM: f64 = 1.0;
/// Kernels are cut here, SD.
const CUT: f64 = 3.5;

/// The grid of an image: square pixels over the lesion and its surroundings, the lesion's centre a little in front.
pub fn grid([x, y, _]: Vec3, diameter_mm: f64, stack: &Stack) -> Geometry {
    let field_mm = (diameter_mm + SURROUNDINGS_MM).max(SMALLEST_FIELD_MM);
    let pixel_mm = round_um(field_mm / PIXELS as f64);
    let half = 0.5 * PIXELS as f64 * pixel_mm;
    let mut grid = Geometry::upright([PIXELS, PIXELS, stack.count], [pixel_mm, pixel_mm, stack.step_mm]);
    grid.origin = [round_um(x - half), round_um(y + 8.0 - half), stack.first_mm];
    grid
}

/// Scans: every slice on its own, its noise from a stream of its own.
pub fn scan(scene: &Scene, source: &Source, spec: &ExamSpec, grid: &Geometry) -> Volume<i16> {
    let kernel = Kernel::new(grid.spacing[0], spec.scanner.spread_mm, spec.scanner.lobe);
    let streaks = scene.screw.as_ref().map(|screw| Streaks::new(screw, source, spec, &scene.pose));
    let slices = traverse::each(grid.dims[2], |k| {
        let z_mm = grid.origin[2] + k as f64 * grid.spacing[2];
        let mut clean = kernel.slice(|p| scene.hu(p), spec.scanner.thickness_mm, grid, z_mm);
        streaks.iter().for_each(|s| s.add(&mut clean, grid, z_mm));
        let mut stream = source.stream(&format!("{}/noise/{k}", spec.timepoint));
        let noise = noise(&mut stream, spec.scanner.noise_hu, spec.scanner.noise_grain_mm / grid.spacing[0]);
        clean.iter().zip(&noise).map(|(hu, n)| to_stored(hu + n)).collect::<Vec<i16>>()
    });
    Volume::new(grid.clone(), slices.concat()).expect("every slice has all its pixels")
}

/// Whole HU in the 12 bits of a scanner, -1024 to 3071.
fn to_stored(hu: f32) -> i16 {
    libm::rintf(hu).clamp(-1024.0, 3071.0) as i16
}

/// The fine planes of one slice, weighted by the slice profile; `fine` points along each side.
fn fine_slice(value: impl Fn(Vec3) -> f64, thickness_mm: f64, grid: &Geometry, z_mm: f64, fine: usize) -> Vec<f32> {
    let margin = 0.5 * ((fine - 1) as f64 * FINE_MM - (PIXELS - 1) as f64 * grid.spacing[0]);
    let planes = profile(thickness_mm);
    let mut mean = vec![0.0_f32; fine * fine];
    for (i, out) in mean.iter_mut().enumerate() {
        let x = grid.origin[0] - margin + (i % fine) as f64 * FINE_MM;
        let y = grid.origin[1] - margin + (i / fine) as f64 * FINE_MM;
        let seen: f64 = planes.iter().map(|&(dz, weight)| weight * value([x, y, z_mm + dz])).sum();
        *out = seen as f32;
    }
    mean
}

/// Offsets and weights of the fine planes that one slice sees.
fn profile(thickness_mm: f64) -> Vec<(f64, f64)> {
    let step = thickness_mm / libm::ceil(thickness_mm / FINE_MM);
    let half = 0.5 * (thickness_mm + PROFILE_RAMP_MM);
    let reach = libm::floor(half / step) as i32;
    let offsets = (-reach..=reach).map(|i| f64::from(i) * step);
    let weighted = offsets.map(|dz| (dz, ((half - dz.abs()) / PROFILE_RAMP_MM).clamp(0.0, 1.0)));
    let seen: Vec<_> = weighted.filter(|p| p.1 > 0.0).collect();
    let total: f64 = seen.iter().map(|p| p.1).sum();
    seen.into_iter().map(|(dz, weight)| (dz, weight / total)).collect()
}

/// The point spread in the plane: a bell, and for a sharp kernel a wider one taken off it.
pub struct Kernel {
    core: Taps,
    lobe: Option<(f32, Taps)>,
}

impl Kernel {
    /// A spread of `(1 + lobe) G(spread) - lobe G(2 spread)` on pixels of a size.
    pub fn new(pixel_mm: f64, spread_mm: f64, lobe: f64) -> Self {
        let sharp = lobe > 0.0;
        let widest_mm = if sharp { 2.0 * spread_mm } else { spread_mm };
        let taps = |spread_mm: f64| Taps::new(pixel_mm, spread_mm, widest_mm);
        Self { core: taps(spread_mm), lobe: sharp.then(|| (lobe as f32, taps(widest_mm))) }
    }

    /// What a scanner without noise shows on the slice at `z_mm` of something with a value at each patient point.
    pub fn slice(&self, value: impl Fn(Vec3) -> f64, thickness_mm: f64, grid: &Geometry, z_mm: f64) -> Vec<f32> {
        self.sample(&fine_slice(value, thickness_mm, grid, z_mm, self.core.fine))
    }

    fn sample(&self, plane: &[f32]) -> Vec<f32> {
        let core = self.core.sample(plane);
        let Some((lobe, wide)) = &self.lobe else { return core };
        core.iter().zip(wide.sample(plane)).map(|(c, w)| (1.0 + lobe) * c - lobe * w).collect()
    }
}

/// Of each pixel the fine points it sees along one axis, weighted by the point spread.
struct Taps {
    fine: usize,
    width: usize,
    start: Vec<usize>,
    weights: Vec<f32>,
}

impl Taps {
    /// Taps of a bell, on a fine plane that has room for the widest.
    fn new(pixel_mm: f64, spread_mm: f64, widest_mm: f64) -> Self {
        let reach_of = |spread_mm: f64| libm::ceil(CUT * spread_mm / FINE_MM) as usize + 1;
        let (reach, room) = (reach_of(spread_mm), reach_of(widest_mm));
        let span_mm = (PIXELS - 1) as f64 * pixel_mm;
        let fine = libm::ceil(span_mm / FINE_MM) as usize + 2 * room + 1;
        let margin = 0.5 * ((fine - 1) as f64 * FINE_MM - span_mm);
        let width = 2 * reach;
        let (mut start, mut weights) = (Vec::new(), Vec::new());
        for pixel in 0..PIXELS {
            let centre = (margin + pixel as f64 * pixel_mm) / FINE_MM;
            let first = (libm::floor(centre) as usize + 1).saturating_sub(reach).min(fine - width);
            let at = |i: usize| ((first + i) as f64 - centre) * FINE_MM / spread_mm;
            let bell: Vec<f64> = (0..width).map(|i| libm::exp(-0.5 * at(i) * at(i))).collect();
            let total: f64 = bell.iter().sum();
            start.push(first);
            weights.extend(bell.iter().map(|w| (w / total) as f32));
        }
        Self { fine, width, start, weights }
    }

    /// Blurs and samples a fine plane: rows, then columns.
    fn sample(&self, plane: &[f32]) -> Vec<f32> {
        let rows: Vec<f32> =
            plane.chunks(self.fine).flat_map(|row| (0..PIXELS).map(|x| self.pixel(x, |i| row[i]))).collect();
        (0..PIXELS * PIXELS).map(|i| self.pixel(i / PIXELS, |y| rows[y * PIXELS + i % PIXELS])).collect()
    }

    fn pixel(&self, pixel: usize, at: impl Fn(usize) -> f32) -> f32 {
        let weights = &self.weights[pixel * self.width..(pixel + 1) * self.width];
        weights.iter().enumerate().map(|(i, w)| w * at(self.start[pixel] + i)).sum()
    }
}

/// Normal noise of one slice, SD `gain`, blurred by a bell of SD `grain` pixels.
pub fn noise(stream: &mut Stream, gain: f64, grain: f64) -> Vec<f32> {
    let white: Vec<f32> = (0..PIXELS * PIXELS).map(|_| stream.normal() as f32).collect();
    let reach = libm::ceil(CUT * grain) as usize;
    let bell: Vec<f64> =
        (0..=2 * reach).map(|i| (i as f64 - reach as f64) / grain).map(|t| libm::exp(-0.5 * t * t)).collect();
    // Blurring along one axis leaves sum(w^2) of the variance.
    let left = bell.iter().map(|w| w * w).sum::<f64>().sqrt();
    let kernel: Vec<f32> = bell.iter().map(|w| (w / left) as f32).collect();
    let around = |i: usize, k: usize| (i + PIXELS + k - reach) % PIXELS;
    let along =
        |line: &dyn Fn(usize) -> f32, i: usize| kernel.iter().enumerate().map(|(k, w)| w * line(around(i, k))).sum();
    let rows: Vec<f32> = (0..PIXELS * PIXELS).map(|i| along(&|x| white[i / PIXELS * PIXELS + x], i % PIXELS)).collect();
    let gain = gain as f32;
    (0..PIXELS * PIXELS).map(|i| gain * along(&|y| rows[y * PIXELS + i % PIXELS], i / PIXELS)).collect::<Vec<f32>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_has_unit_weight_and_the_thickness_as_its_width() {
        for thickness in [2.0, 2.5, 3.0, 5.0] {
            let planes = profile(thickness);
            assert!((planes.iter().map(|p| p.1).sum::<f64>() - 1.0).abs() < 1e-12);
            assert!((1.0 / planes[planes.len() / 2].1 * 0.5 - thickness).abs() < 0.3, "{thickness}");
        }
    }

    #[test]
    fn a_lobe_overshoots_an_edge_as_its_formula_says() {
        // (1 + a) Phi(x / s) - a Phi(x / 2s) is largest where its slope is 0, at x^2 = 8/3 ln(4 (1 + a) / 2a) s^2.
        for (lobe, overshoot) in [(0.0, 0.0), (1.0, 0.114), (1.6, 0.199)] {
            let kernel = Kernel::new(0.2, 1.5, lobe);
            let fine = kernel.core.fine;
            let edge: Vec<f32> = (0..fine * fine).map(|i| if i % fine > fine / 2 { 100.0 } else { 0.0 }).collect();
            let most = kernel.sample(&edge).into_iter().fold(0.0, f32::max);
            assert!((f64::from(most) / 100.0 - 1.0 - overshoot).abs() < 0.005, "{most}");
        }
    }

    #[test]
    fn blur_keeps_the_mean_and_the_place() {
        let taps = Taps::new(0.625, 0.6, 0.6);
        let ramp: Vec<f32> = (0..taps.fine * taps.fine).map(|i| (i % taps.fine) as f32).collect();
        let out = taps.sample(&ramp);
        let margin = 0.5 * ((taps.fine - 1) as f64 - 255.0 * 0.625 / FINE_MM);
        for x in [0_usize, 100, 255] {
            let want = margin + x as f64 * 0.625 / FINE_MM;
            assert!((f64::from(out[128 * PIXELS + x]) - want).abs() < 0.01, "{x}");
        }
    }
}
