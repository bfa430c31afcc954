//! Markups of 3D Slicer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon::io::markups;

fuzz_target!(|bytes: &[u8]| {
    let _ = markups::parse(bytes);
});
