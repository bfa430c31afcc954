//! One kernel on one file, for `scripts/versus_kernels`: the seconds it took as JSON, its result as raw voxels.

use osteon::geometry::{Extent, Geometry, Vec3};
use osteon::io::image;
use osteon::ops::resample::{Beyond, Coarser, Interpolation, onto};
use osteon::volume::Volume;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

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

/// Resamples the image `input` as workload W2 does in `mode` and writes the voxels to `output`, x fastest.
pub fn resample(mode: &str, input: &Path, output: &Path) {
    let image = image::open(input, None).expect("the image can be read");
    let read = image.read(&Extent::whole(image.geometry().dims)).expect("the image can be read");
    // The peers work in the frame of the voxels.
    let frame = Geometry::upright(read.geometry().dims, read.geometry().spacing);
    let source = Volume::new(frame.clone(), read.as_slice().to_vec()).expect("the same voxels");
    drop(read);
    let grid = if mode.starts_with("oblique") { turned(&frame, cubes(&frame)) } else { cubes(&frame) };
    let how = if mode.ends_with("cubic") { Interpolation::Cubic } else { Interpolation::Linear };
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let made = onto(&source, &grid, how, Beyond::Value(FILL_HU), Coarser::Alias);
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!("{{\"mode\": \"{mode}\", \"dims\": {:?}, \"wall_s\": {wall:.3}, \"cpu_s\": {cpu:.3}}}", grid.dims);
    let mut file = BufWriter::new(fs::File::create(output).expect("the output can be written"));
    made.as_slice().iter().for_each(|v| file.write_all(&v.to_le_bytes()).expect("the output can be written"));
}

/// User and system seconds of this process so far, all threads, to a hundredth (`proc(5)`, fields 14 and 15).
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells a process about itself");
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    fields.filter_map(|f| f.parse::<f64>().ok()).sum::<f64>() / 100.0
}
