//! Numbers as the CSV files write them: half-even to 5 decimals, trailing zeros cut, no exponent, no `-0`.

/// The text of a number; empty if it is not finite.
pub fn text(value: f64) -> String {
    if !value.is_finite() {
        return String::new();
    }
    // The standard library rounds the exact binary value, ties to even.
    let digits = format!("{value:.5}");
    let short = digits.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".into() } else { short.into() }
}

/// The text of a number that may be unknown.
pub fn cell(value: Option<f64>) -> String {
    value.map(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same by whole numbers alone: `value = mantissa 2^exponent`, for |value| < 2^70 or so.
    fn twin(value: f64) -> String {
        let bits = value.abs().to_bits();
        let (raw, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
        let mantissa = u128::from(if raw == 0 { fraction } else { fraction | 1 << 52 }) * 100_000;
        let exponent = raw.max(1) - 1075;
        let scaled = if exponent >= 0 { mantissa << exponent } else { half_even(mantissa, -exponent as u32) };
        let (whole, part) = (scaled / 100_000, scaled % 100_000);
        let sign = if value < 0.0 && scaled > 0 { "-" } else { "" };
        let decimals = format!("{part:05}");
        let dot = if part == 0 { "" } else { "." };
        format!("{sign}{whole}{dot}{}", decimals.trim_end_matches('0'))
    }

    fn half_even(n: u128, shift: u32) -> u128 {
        if shift > 120 {
            return 0;
        }
        let (whole, rest, half) = (n >> shift, n & ((1 << shift) - 1), 1 << (shift - 1));
        whole + u128::from(rest > half || (rest == half && whole % 2 == 1))
    }

    #[test]
    fn numbers_are_short_and_plain() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (-0.000_004, "0"),
            (1.0, "1"),
            (100.0, "100"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e21, "1000000000000000000000"),
            (1e-9, "0"),
            (0.015_625, "0.01562"),
            (0.046_875, "0.04688"),
            (f64::NAN, ""),
            (f64::NEG_INFINITY, ""),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected);
        }
        assert_eq!(cell(None), "");
    }

    proptest! {
        #[test]
        fn the_exact_twin_agrees(value in -1e7_f64..1e7) {
            prop_assert_eq!(text(value), twin(value));
        }

        #[test]
        fn ties_go_to_the_even_digit(odd in 0_i64..1 << 40) {
            let value = (2 * odd + 1) as f64 / 64.0;
            prop_assert_eq!(text(value), twin(value));
            prop_assert_eq!(text(-value), twin(-value));
        }

        #[test]
        fn any_bits_agree(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.abs() < 1e20);
            prop_assert_eq!(text(value), twin(value));
        }
    }
}
