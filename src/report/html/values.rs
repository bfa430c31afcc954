//! The measures that the page shows of each lesion, and how their values are written.

use crate::stats::cohort::pairing::{GRADE, PAIRED_GRADE};
use crate::stats::figures::fixed;

/// A measure that is shown.
#[derive(Debug)]
pub struct Shown {
    /// `CT` or `MR`.
    pub modality: &'static str,
    /// Its name.
    pub measure: &'static str,
    /// What it is called, with its unit.
    pub title: &'static str,
    /// What a number is multiplied by: 100 for per cent, 0.001 for millilitres.
    pub scale: f64,
    /// Decimals of a number.
    pub decimals: usize,
    /// Whether the table of patients has it too.
    pub in_overview: bool,
}

const fn shown(
    modality: &'static str,
    measure: &'static str,
    title: &'static str,
    scale: f64,
    decimals: usize,
) -> Shown {
    Shown { modality, measure, title, scale, decimals, in_overview: false }
}

const fn overview(shown: Shown) -> Shown {
    Shown { in_overview: true, ..shown }
}

/// Grade first, then what decided it, then the rest.
pub const MEASURES: &[Shown] = &[
    overview(shown("CT", GRADE, "Boriani grade", 1.0, 0)),
    overview(shown("CT", PAIRED_GRADE, "Boriani grade, paired", 1.0, 0)),
    overview(shown("CT", "rim", "rim", 1.0, 0)),
    shown("CT", "rim_coverage", "rim coverage (%)", 100.0, 0),
    shown("CT", "interior", "bone inside", 1.0, 0),
    overview(shown("CT", "ossified_fraction", "ossified (%)", 100.0, 0)),
    overview(shown("CT", "max_diameter", "diameter (mm)", 1.0, 1)),
    shown("CT", "volume", "volume (ml)", 0.001, 1),
    shown("CT", "mean_density", "density (HU)", 1.0, 0),
    overview(shown("CT", "vertebral_height", "vertebral height (mm)", 1.0, 1)),
    overview(shown("MR", "canal_occupancy", "canal taken (%)", 100.0, 0)),
    overview(shown("MR", "si_ratio", "T2 signal to cord", 1.0, 2)),
    overview(shown("MR", "cyst_diameter", "cyst (mm)", 1.0, 1)),
    overview(shown("MR", "cord_compression", "cord compression", 1.0, 0)),
    shown("MR", "escc", "ESCC grade", 1.0, 0),
    shown("MR", "max_diameter", "diameter on MR (mm)", 1.0, 1),
];

/// A value as a person reads it: a number scaled and rounded, a class in words.
pub fn written(shown: &Shown, value: &str) -> String {
    match number(shown, value) {
        Some(number) => fixed(number, shown.decimals),
        None => value.replace('_', " "),
    }
}

/// The number that is shown; `None` of a class, also where it is called by a number.
pub fn number(shown: &Shown, value: &str) -> Option<f64> {
    let is_class = crate::measure::measure(shown.measure).is_some_and(|known| !known.classes.is_empty());
    value
        .parse()
        .ok()
        .filter(|v: &f64| v.is_finite() && !is_class && shown.measure != PAIRED_GRADE)
        .map(|v| shown.scale * v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_scaled_and_classes_are_words() {
        let of = |measure: &str, value| written(MEASURES.iter().find(|m| m.measure == measure).unwrap(), value);
        assert_eq!(of("ossified_fraction", "0.6149"), "61");
        assert_eq!(of("volume", "12345.6"), "12.3");
        assert_eq!(of(GRADE, "0"), "0");
        assert_eq!(of("interior", "over_half"), "over half");
    }
}
