//! Inflating a `.nii.gz` to its end, every checksum verified.

use crate::beside_copy;
use crate::exam::image;
use criterion::Criterion;
use osteon::geometry::Extent;
use osteon::io::image::open;
use osteon::io::nifti::write::encode;
use osteon::volume::traverse::map;

/// A region of one voxel, so that hardly anything but inflating is done; the copy is of the inflated bytes.
pub fn inflate(criterion: &mut Criterion) {
    let stored = map(&image(), |&hu| hu as i16);
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("image.nii.gz");
    std::fs::write(&path, encode(&stored, true)).expect("a temporary file can be written");
    let opened = open(&path, None).expect("what was just written is an image");
    let voxel = Extent { lo: [0; 3], hi: [1; 3] };
    beside_copy(criterion, "inflate", &encode(&stored, false), || opened.read(&voxel).expect("the file is sound"));
}
