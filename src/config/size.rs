//! Sizes of memory as people write them.

/// Bytes of `8GiB`, `500 MB`, `64k`; a unit without `i` and `B` counts in 1024 too, as Slurm does. `None` if it is
/// no size, zero, or more than 2^63 bytes.
pub fn parse(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let bytes = digits.parse::<f64>().ok()? * factor(unit.trim())?;
    (bytes >= 1.0 && bytes < (1_u64 << 63) as f64).then_some(bytes as u64)
}

fn factor(unit: &str) -> Option<f64> {
    let unit = unit.to_ascii_uppercase();
    if matches!(unit.as_str(), "" | "B") {
        return Some(1.0);
    }
    let power = 1 + "KMGT".find(unit.get(..1)?)? as u32;
    match &unit[1..] {
        "" | "IB" => Some(1024_u64.pow(power) as f64),
        "B" => Some(1000_u64.pow(power) as f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_mean_what_they_say() {
        assert_eq!(parse("8GiB"), Some(8 << 30));
        assert_eq!(parse("1.5 kib"), Some(1536));
        assert_eq!(parse("500MB"), Some(500_000_000));
        assert_eq!(parse("64M"), Some(64 << 20));
        assert_eq!(parse("4096"), Some(4096));
    }

    #[test]
    fn what_is_no_size_is_none() {
        for text in ["", "GiB", "-1", "0", "8XB", "8GiBs", "1e9", "1.2.3", "9999999TiB", "8µB"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
