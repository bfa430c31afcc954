//! An RT structure set against an image.

#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon_fuzz::{file, read_outlines};

fuzz_target!(|bytes: &[u8]| read_outlines(&file("rs.dcm", bytes)));
