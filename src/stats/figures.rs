//! Numbers as a table in a paper prints them.

/// With so many decimals, without a minus before zero.
pub fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_zero = text.trim_start_matches('-').chars().all(|c| matches!(c, '0' | '.'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

/// How many decimals show three digits of `spread`, at most five.
pub fn decimals_for(spread: f64) -> usize {
    (0..5).find(|&decimals| spread * 10_f64.powi(decimals) >= 100.0).map_or(5, |decimals| decimals as usize)
}

/// A chance of error: three decimals, `<0.001` below.
pub fn p_text(p: f64) -> String {
    if p < 0.001 { "<0.001".into() } else { fixed(p, 3) }
}

/// A chance in a sentence: digits that count, however small it is.
pub fn p_words(p: f64) -> String {
    if p > 0.0 && p < 0.001 { format!("{p:.1e}") } else { fixed(p, 4) }
}

/// A chance as a CSV cell: five digits that count, no exponent, so that a small one is not 0.
pub fn p_cell(p: f64) -> String {
    if p <= 0.0 {
        return "0".into();
    }
    let places = (4 - libm::floor(libm::log10(p)) as i32).clamp(5, 300) as usize;
    let text = format!("{p:.places$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_never_lie_by_zero() {
        assert_eq!(
            (fixed(-0.0004, 3), fixed(-0.5, 1), fixed(12.345, 1)),
            ("0.000".into(), "-0.5".into(), "12.3".into())
        );
        assert_eq!([0.0021, 0.2, 4.5, 150.0, 9e9, 0.0].map(decimals_for), [5, 3, 2, 0, 0, 5]);
        assert_eq!([0.04, 0.000_999, 0.001].map(p_text), ["0.040", "<0.001", "0.001"]);
        assert_eq!([7.138e-7, 0.125].map(p_words), ["7.1e-7", "0.1250"]);
        assert_eq!([0.5, 9.536_743e-7, 0.0, 1.0].map(p_cell), ["0.5", "0.00000095367", "0", "1"]);
    }
}
