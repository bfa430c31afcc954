//! Times and sizes as a person reads them.

use std::time::Duration;

/// `38.2 s`, `12 min 05 s`, `3 h 20 min`
pub fn time(t: Duration) -> String {
    let s = t.as_secs();
    match s {
        0..60 => format!("{:.1} s", t.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", s / 60, s % 60),
        _ => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}

/// `512 B`, `4.2 MiB`
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // ten binary digits for each step from KiB on
    let step = ((bytes.ilog2() / 10) as usize).min(UNITS.len());
    format!("{:.1} {}", bytes as f64 / (1_u64 << (10 * step)) as f64, UNITS[step - 1])
}

/// `1 patient`, `2 patients`
pub fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_well() {
        let t = |s: f64| time(Duration::from_secs_f64(s));
        assert_eq!([t(0.04), t(38.24), t(725.0), t(12_060.0)], ["0.0 s", "38.2 s", "12 min 05 s", "3 h 21 min"]);
        let all = [0, 1023, 1024, 4_404_019, u64::MAX].map(size);
        assert_eq!(all, ["0 B", "1023 B", "1.0 KiB", "4.2 MiB", "16.0 EiB"]);
        assert_eq!([count(1, "exam"), count(0, "exam")], ["1 exam", "0 exams"]);
    }
}
