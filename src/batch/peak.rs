//! The most memory this process ever held.

use std::fs;

/// Bytes, where the system tells.
pub fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_running_process_has_a_peak() {
        assert!(super::peak_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }
}
