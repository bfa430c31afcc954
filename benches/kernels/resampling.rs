//! A region brought onto other grids.

use crate::beside_copy;
use crate::exam::image;
use bytemuck::cast_slice;
use criterion::Criterion;
use osteon::geometry::Geometry;
use osteon::ops::resample::{Beyond, Coarser, Interpolation, onto};

/// To cubes of 0.7 mm, along the axes and turned by 15 degrees about the first of them.
pub fn resampling(criterion: &mut Criterion) {
    let image = image();
    let along = Geometry { dims: [128, 128, 93], spacing: [0.7; 3], ..image.geometry().clone() };
    let (s, c) = libm::sincos(15_f64.to_radians());
    let turned = Geometry { axes: [[1.0, 0.0, 0.0], [0.0, c, s], [0.0, -s, c]], ..along.clone() };
    let modes = [
        ("linear", &along, Interpolation::Linear),
        ("cubic", &along, Interpolation::Cubic),
        ("oblique_linear", &turned, Interpolation::Linear),
        ("oblique_cubic", &turned, Interpolation::Cubic),
    ];
    for (name, grid, how) in modes {
        beside_copy(criterion, name, cast_slice(image.as_slice()), || {
            onto(&image, grid, how, Beyond::Value(-1024.0), Coarser::Alias)
        });
    }
}
