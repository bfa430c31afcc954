//! A configuration file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use osteon::config;
use osteon_fuzz::file;

fuzz_target!(|bytes: &[u8]| {
    let _ = config::load(Some(&file("config.toml", bytes)), None, &[]);
});
