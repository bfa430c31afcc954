//! A DICOM file by itself: an enhanced image, or one slice, whose header is read as that of a series.

#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon_fuzz::{file, read_image};

fuzz_target!(|bytes: &[u8]| {
    let path = file("i.dcm", bytes);
    read_image(&path);
    read_image(path.parent().expect("a file lies in a folder"));
});
