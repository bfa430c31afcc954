//! What the fuzz targets share: bytes become a file, because readers take files, and are read as a run reads them.

use osteon::geometry::{Extent, Geometry};
use osteon::io::acquisition::Acquisition;
use osteon::io::dicom::write::{Series, encode_slice};
use osteon::io::{image, outlines};
use osteon::volume::Volume;
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// Pixels of a region that is read: enough to reach every row of a seed.
const MAX_SIDE: usize = 64;

thread_local! {
    static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
}

/// Writes bytes under a name in the folder of this process, which goes away with it.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    FOLDER.with_borrow_mut(|folder| {
        let folder = folder.get_or_insert_with(|| tempfile::tempdir().expect("there is a folder for temporary files"));
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("the folder can be written to");
        path
    })
}

/// Opens an image and reads a region in its middle.
pub fn read_image(path: &Path) {
    if let Ok(image) = image::open(path, None) {
        let dims = image.geometry().dims;
        let lo = dims.map(|n| n.saturating_sub(MAX_SIDE) / 2);
        let hi = std::array::from_fn(|a| (lo[a] + MAX_SIDE).min(dims[a]));
        let _ = image.read(&Extent { lo, hi });
    }
}

/// A slice of the series to which the slices among the seeds belong.
pub fn slice(z: usize) -> Vec<u8> {
    let series = Series {
        patient: "P".into(),
        study_uid: "2.25.1".into(),
        series_uid: "2.25.2".into(),
        frame_uid: "2.25.3".into(),
        description: "CT".into(),
        acquisition: Acquisition::default(),
    };
    encode_slice(&series, &Volume::from_fn(grid(), |_| 0), z, "2.25.4")
}

/// The grid of the crafted exams.
fn grid() -> Geometry {
    let mut grid = Geometry::upright([16, 16, 4], [1.0, 1.0, 3.0]);
    grid.origin = [-8.0, -8.0, 30.0];
    grid
}

/// Opens outlines against the grid of the crafted exams, and takes the mask of all of them.
pub fn read_outlines(path: &Path) {
    let _ = outlines::parts(path);
    if let Ok(drawn) = outlines::open(path, &grid(), None)
        && let Some(extent) = drawn.extent(None)
    {
        let _ = drawn.mask(None, &extent);
    }
}
