//! A NIfTI file as image and as label map: header, extensions, gzip, voxels.

#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon_fuzz::{file, read_image, read_outlines};

fuzz_target!(|bytes: &[u8]| {
    let path = file("i.nii", bytes);
    read_image(&path);
    read_outlines(&path);
});
