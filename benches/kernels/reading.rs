//! Stored bytes to voxels: inflating, converting, RLE.

use crate::beside_copy;
use crate::exam::image;
use criterion::Criterion;
use osteon::geometry::Extent;
use osteon::io::dicom::rle;
use osteon::io::image::open;
use osteon::io::nifti::write::encode;
use osteon::volume::traverse::map;

/// A `.nii.gz` inflated to its end, its checksum verified. A region of one voxel, so that hardly anything but inflating is done; the copy is of the inflated bytes.
pub fn inflate(criterion: &mut Criterion) {
    let stored = map(&image(), |&hu| hu as i16);
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("image.nii.gz");
    std::fs::write(&path, encode(&stored, true)).expect("a temporary file can be written");
    let opened = open(&path, None).expect("what was just written is an image");
    let voxel = Extent { lo: [0; 3], hi: [1; 3] };
    beside_copy(criterion, "inflate", &encode(&stored, false), || opened.read(&voxel).expect("the file is sound"));
}

/// Stored 16-bit voxels to HU, all of a `.nii` that is in the page cache.
pub fn convert(criterion: &mut Criterion) {
    let stored = encode(&map(&image(), |&hu| hu as i16), false);
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("image.nii");
    std::fs::write(&path, &stored).expect("a temporary file can be written");
    let opened = open(&path, None).expect("what was just written is an image");
    let whole = Extent::whole(opened.geometry().dims);
    beside_copy(criterion, "convert", &stored, || opened.read(&whole).expect("the file is sound"));
}

/// A plane of 16-bit pixels in RLE; the copy is of the packed bytes.
pub fn run_lengths(criterion: &mut Criterion) {
    let image = image();
    let pixels: Vec<i16> = image.plane(13).iter().map(|hu| (hu / 16.0) as i16).collect();
    let segments = [1, 0].map(|byte| packed(&pixels.iter().map(|p| p.to_le_bytes()[byte]).collect::<Vec<_>>()));
    let starts = [2, 64, 64 + segments[0].len() as u32];
    let mut frame: Vec<u8> = starts.iter().flat_map(|v| v.to_le_bytes()).collect();
    frame.resize(64, 0);
    frame.extend(segments.concat());
    beside_copy(criterion, "rle", &frame, || rle::decode(&frame, pixels.len(), 2).expect("the frame is sound"));
}

/// PackBits: runs of three and more as runs, all else as it is.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut literal) = (Vec::new(), Vec::new());
    let flush = |literal: &mut Vec<u8>, out: &mut Vec<u8>| {
        literal.chunks(128).for_each(|part| out.extend([&[part.len() as u8 - 1], part].concat()));
        literal.clear();
    };
    for run in bytes.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(128)) {
        if run.len() < 3 {
            literal.extend(run);
        } else {
            flush(&mut literal, &mut out);
            out.extend([(257 - run.len()) as u8, run[0]]);
        }
    }
    flush(&mut literal, &mut out);
    out
}
