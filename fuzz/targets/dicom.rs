//! A DICOM file: an enhanced image by itself, or the lowest slice of a series whose others are whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon_fuzz::{file, read_image, slice};

fuzz_target!(|bytes: &[u8]| {
    let path = file("i.dcm", bytes);
    read_image(&path);
    for z in 1..4 {
        file(&format!("{z}.dcm"), &slice(z));
    }
    read_image(path.parent().expect("a file lies in a folder"));
});
