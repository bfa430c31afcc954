//! The kernels on the peers' files, for `scripts/versus_kernels`: CPU seconds of each step and its results, as JSON.

use osteon::geometry::{Extent, Geometry, Vec3};
use osteon::io::image;
use osteon::ops::ball::{grown, shrunk};
use osteon::ops::components::pieces;
use osteon::ops::distance_3d::to_mask_mm;
use osteon::ops::holes::filled;
use osteon::ops::mesh::slice_diameters;
use osteon::ops::resample::{Beyond, Coarser, Interpolation, onto};
use osteon::volume::{Mask, Volume};
use serde_json::{Map, Value, json};
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Air, what the peers fill with.
const FILL_HU: f32 = -1024.0;

/// The grid of workload W2: 1 mm cubes, the first centre kept, as many as the source is millimetres wide.
fn cubes(source: &Geometry) -> Geometry {
    let dims = std::array::from_fn(|a| (source.dims[a] as f64 * source.spacing[a]).round_ties_even() as usize);
    Geometry::upright(dims, [1.0; 3])
}

/// The same grid through 12 degrees about z, then 7 about x, about the middle of the source.
fn turned(source: &Geometry, grid: Geometry) -> Geometry {
    let ((s, c), (t, d)) = (libm::sincos(12_f64.to_radians()), libm::sincos(7_f64.to_radians()));
    let axes = [[c, d * s, t * s], [-s, d * c, t * c], [0.0, -t, d]];
    let middle: Vec3 = std::array::from_fn(|a| (source.dims[a] as f64 - 1.0) * source.spacing[a] / 2.0);
    let origin = std::array::from_fn(|a| middle[a] - (0..3).map(|b| axes[b][a] * middle[b]).sum::<f64>());
    Geometry { origin, axes, ..grid }
}

/// Does what the words ask for; `false` if they ask for benches.
pub fn run(words: &[String]) -> bool {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = match words[..] {
        ["resample", mode, input, output] => resample(mode, input.as_ref(), output.as_ref()),
        ["read", input, output] => read(input.as_ref(), output.as_ref()),
        ["morphology", ct, body] => morphology(ct.as_ref(), body.as_ref()),
        ["shape", mask] => shape(mask.as_ref()),
        _ => return false,
    };
    println!("{told}");
    true
}

/// CPU seconds of steps, by name.
#[derive(Default)]
struct Clock(Map<String, Value>);

impl Clock {
    fn time<R>(&mut self, step: &str, work: impl FnOnce() -> R) -> R {
        let start = cpu_seconds();
        let result = work();
        self.0.insert(step.into(), json!(cpu_seconds() - start));
        result
    }

    fn told(self, results: Value) -> Value {
        json!({ "cpu_s": self.0, "results": results })
    }
}

/// User and system seconds of this process so far, all threads.
fn cpu_seconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + 1e-9 * now.tv_nsec as f64
}

fn whole(path: &Path) -> Volume<f32> {
    let image = image::open(path, None).expect("the image can be read");
    image.read(&Extent::whole(image.geometry().dims)).expect("the image can be read")
}

fn write(path: &Path, voxels: &[f32]) {
    let mut file = BufWriter::new(fs::File::create(path).expect("the output can be written"));
    voxels.iter().for_each(|v| file.write_all(&v.to_le_bytes()).expect("the output can be written"));
}

/// W1 and W6: an image of any format to `f32`, written to `output`. Read twice: a run keeps its buffers.
fn read(input: &Path, output: &Path) -> Value {
    let mut clock = Clock::default();
    drop(clock.time("first", || whole(input)));
    let image = clock.time("read", || whole(input));
    write(output, image.as_slice());
    clock.told(json!({ "dims": image.geometry().dims }))
}

/// W3 on a CT and the mask of its body.
fn morphology(ct: &Path, body: &Path) -> Value {
    let mut clock = Clock::default();
    let (image, body) = (whole(ct), osteon::io::labels::open(body).expect("the mask can be read"));
    let body = body.mask(None, &Extent::whole(body.geometry().dims));
    let bone = clock.time("threshold", || {
        let both = image.as_slice().iter().zip(body.as_slice()).map(|(hu, body)| *hu >= 200.0 && *body);
        Mask::new(image.geometry().clone(), both.collect()).expect("the same grid")
    });
    drop((image, body));
    let found = clock.time("components", || pieces(bone.voxels()));
    let whole = clock.time("fill_holes", || filled(&bone));
    let distance = clock.time("distance", || to_mask_mm(&bone));
    let eroded = clock.time("erode", || shrunk(&whole, BALL_MM));
    let dilated = clock.time("dilate", || grown(&whole, BALL_MM));
    let mean = distance.as_slice().iter().map(|v| f64::from(*v)).sum::<f64>() / distance.as_slice().len() as f64;
    clock.told(json!({
        "bone": bone.count(), "components": found.sizes.len(), "largest": found.sizes.iter().max(),
        "filled": whole.count(), "dist_mean": mean,
        "dist_max": distance.as_slice().iter().copied().fold(0.0, f32::max),
        "eroded": eroded.count(), "dilated": dilated.count(),
    }))
}

/// The ball of W3.
const BALL_MM: f64 = 2.0;

/// W4: the longest in-plane diameters of a mask.
fn shape(mask: &Path) -> Value {
    let mut clock = Clock::default();
    let labels = osteon::io::labels::open(mask).expect("the mask can be read");
    let part = clock.time("crop", || labels.mask(None, &labels.extent(None).expect("the mask is not empty")));
    let found = clock.time("diameters", || slice_diameters(&part));
    let longest = found.iter().flatten().map(|c| c.length_mm()).fold(0.0, f64::max);
    clock.told(json!({ "slices": part.geometry().dims[2], "max2d": longest }))
}

/// W2: resamples the image `input` in `mode` and writes the voxels to `output`, x fastest.
fn resample(mode: &str, input: &Path, output: &Path) -> Value {
    let read = whole(input);
    // The peers work in the frame of the voxels.
    let frame = Geometry::upright(read.geometry().dims, read.geometry().spacing);
    let source = Volume::new(frame.clone(), read.as_slice().to_vec()).expect("the same voxels");
    drop(read);
    let grid = if mode.starts_with("oblique") { turned(&frame, cubes(&frame)) } else { cubes(&frame) };
    let how = if mode.ends_with("cubic") { Interpolation::Cubic } else { Interpolation::Linear };
    let mut clock = Clock::default();
    let made = clock.time("resample", || onto(&source, &grid, how, Beyond::Value(FILL_HU), Coarser::Alias));
    write(output, made.as_slice());
    clock.told(json!({ "dims": grid.dims }))
}
