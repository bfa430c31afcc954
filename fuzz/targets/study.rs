//! The text of a study table.

#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon::batch::study;
use std::path::Path;

fuzz_target!(|bytes: &[u8]| {
    let _ = study::parse(bytes, Path::new("/"));
});
