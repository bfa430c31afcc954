//! What each setting may be: one line for each, read by every layer.

use super::size;
use crate::measure::flag::FLAGS;
use crate::measure::measure;
use std::fmt;
use toml::Value;

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// A number within these ends.
    Number(f64, f64),
    /// A whole number within these ends.
    Whole(i64, i64),
    /// Two ascending numbers within these ends.
    Band(f64, f64),
    /// Two bands, one above the other.
    Bands(f64, f64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// `"auto"` or a size such as `"8GiB"`.
    Memory,
    /// A list of names, none twice.
    Names,
    /// A list of names, none twice; it may be empty.
    AnyNames,
    /// A list of codes of flags; it may be empty.
    Flags,
    /// The name of a timepoint.
    Timepoint,
    /// The name of a series.
    Series,
    /// A list of texts that may hold `*`; it may be empty.
    Patterns,
}

/// Every setting with what it may be. The ends are where a value stops making sense, not where it stops being wise.
pub static LIMITS: &[(&str, Limit)] = &[
    ("resample.mode", Limit::Word(&["native", "inplane", "isotropic"])),
    ("resample.inplane_mm", Limit::Number(0.05, 10.0)),
    ("resample.slice_mm", Limit::Number(0.05, 20.0)),
    ("resample.mask", Limit::Word(&["nearest", "distance", "partial"])),
    ("resample.antialias", Limit::Switch),
    ("resample.axial_within_deg", Limit::Number(0.0, 45.0)),
    ("density.mineral_hu", Limit::Number(50.0, 3000.0)),
    ("density.sensitivity_hu", Limit::Band(50.0, 3000.0)),
    ("density.metal_hu", Limit::Number(1000.0, 30000.0)),
    // Planes reach 10 mm beyond the outline, which is as far as metal is placed exactly.
    ("density.metal_margin_mm", Limit::Number(0.0, 10.0)),
    ("density.streak_ratio", Limit::Number(1.0, 1000.0)),
    ("rim.spread_mm", Limit::Number(0.2, 2.0)),
    ("rim.bone_below_hu", Limit::Number(0.0, 500.0)),
    ("rim.arc_step_mm", Limit::Number(0.8, 1.25)),
    ("rim.close_gap_mm", Limit::Number(0.0, 50.0)),
    ("rim.min_run_mm", Limit::Number(0.0, 50.0)),
    ("rim.max_slice_smear_mm", Limit::Number(0.1, 100.0)),
    ("rim.min_evaluable", Limit::Number(0.0, 1.0)),
    ("rim.min_area_mm2", Limit::Number(0.0, 1e5)),
    ("rim.min_slices", Limit::Whole(1, 1000)),
    ("interior.peel_mm", Limit::Number(0.0, 20.0)),
    ("interior.peel_share", Limit::Number(0.0, 0.9)),
    ("interior.min_component_mm3", Limit::Number(0.0, 1e5)),
    ("interior.present_fraction", Limit::Number(0.0, 1.0)),
    ("interior.present_mm3", Limit::Number(0.0, 1e6)),
    ("interior.min_zone_mm2", Limit::Number(0.0, 1e5)),
    ("grade.rim_none_below", Limit::Number(0.0, 1.0)),
    ("grade.rim_complete_from", Limit::Number(0.0, 1.0)),
    ("grade.rim_complete_slices", Limit::Number(0.0, 1.0)),
    ("grade.rim_max_gap_mm", Limit::Number(0.0, 1000.0)),
    ("grade.rim_max_gap_share", Limit::Number(0.0, 1.0)),
    ("grade.rim_borderline", Limit::Bands(0.0, 1.0)),
    ("grade.half_borderline", Limit::Band(0.0, 1.0)),
    ("structures.tumour", Limit::Patterns),
    ("structures.canal", Limit::Patterns),
    ("structures.sac", Limit::Patterns),
    ("structures.cord", Limit::Patterns),
    ("structures.cyst", Limit::Patterns),
    ("structures.body", Limit::Patterns),
    ("structures.vertebra", Limit::Patterns),
    ("structures.lung_lesion", Limit::Patterns),
    ("structures.native_bone", Limit::Patterns),
    ("measures.wanted", Limit::Names),
    ("output.qc", Limit::Switch),
    ("output.masks", Limit::Switch),
    ("cohort.before", Limit::Timepoint),
    ("cohort.after", Limit::Timepoint),
    ("cohort.require_review", Limit::Switch),
    ("cohort.grade", Limit::Word(&["single", "paired"])),
    ("cohort.exclude_patients", Limit::AnyNames),
    ("cohort.exclude_flags", Limit::Flags),
    ("cohort.exclude_borderline", Limit::Switch),
    ("cohort.least_diameter_mm", Limit::Number(0.0, 1000.0)),
    // RECIST 1.1: five at most.
    ("cohort.recist_targets", Limit::Whole(1, 5)),
    ("report.pictures", Limit::Word(&["embed", "link", "none"])),
    ("run.threads", Limit::Whole(0, 4096)),
    ("run.memory", Limit::Memory),
    ("run.progress", Limit::Switch),
    ("run.log_format", Limit::Word(&["text", "json"])),
];

/// Settings of one measure each, which have no default: `cohort.series.MEASURE`.
pub const SERIES_OF: &str = "cohort.series.";

/// What the setting of that name may be; `None` if there is none.
pub fn limit(key: &str) -> Option<Limit> {
    let fixed = || LIMITS.iter().find(|(name, _)| *name == key).map(|(_, limit)| *limit);
    let of_measure = |name: &str| measure(name.split_once(':').map_or(name, |(name, _)| name));
    match key.strip_prefix(SERIES_OF) {
        Some(name) => of_measure(name).map(|_| Limit::Series),
        None => fixed(),
    }
}

impl Limit {
    /// Whether `value` is of the type and within the range.
    pub fn admits(&self, value: &Value) -> bool {
        match *self {
            Self::Number(lo, hi) => number(value).is_some_and(|v| (lo..=hi).contains(&v)),
            Self::Whole(lo, hi) => value.as_integer().is_some_and(|v| (lo..=hi).contains(&v)),
            Self::Band(lo, hi) => band(value).is_some_and(|[a, b]| lo <= a && a < b && b <= hi),
            Self::Bands(lo, hi) => {
                pair(value, band).is_some_and(|[[a, b], [c, d]]| lo <= a && a < b && b <= c && c < d && d <= hi)
            }
            Self::Word(words) => value.as_str().is_some_and(|v| words.contains(&v)),
            Self::Switch => value.is_bool(),
            Self::Memory => value.as_str().is_some_and(|v| v == "auto" || size::parse(v).is_some()),
            Self::Names => value.as_array().is_some_and(|list| !list.is_empty() && names(list)),
            Self::AnyNames => value.as_array().is_some_and(|list| names(list)),
            Self::Flags => value.as_array().is_some_and(|list| list.iter().all(is_flag)),
            Self::Timepoint => value.as_str().is_some_and(is_name),
            Self::Series => value.as_str().is_some_and(is_series),
            Self::Patterns => value.as_array().is_some_and(|list| list.iter().all(is_pattern)),
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|i| i as f64))
}

fn pair<T>(value: &Value, each: impl Fn(&Value) -> Option<T>) -> Option<[T; 2]> {
    match value.as_array()?.as_slice() {
        [a, b] => Some([each(a)?, each(b)?]),
        _ => None,
    }
}

fn band(value: &Value) -> Option<[f64; 2]> {
    pair(value, number)
}

fn names(list: &[Value]) -> bool {
    let distinct: std::collections::BTreeSet<_> =
        list.iter().filter_map(Value::as_str).filter(|v| is_name(v)).collect();
    distinct.len() == list.len()
}

/// A code of `osteon list flags`.
fn is_flag(value: &Value) -> bool {
    value.as_str().is_some_and(|code| FLAGS.iter().any(|(known, _)| *known == code))
}

/// A text as DICOM allows for a name, which is at most 64 characters.
fn is_pattern(value: &Value) -> bool {
    let fits = |text: &str| (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    value.as_str().is_some_and(fits)
}

/// `[A-Za-z0-9]{1,16}`
fn is_series(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// `[A-Za-z0-9][A-Za-z0-9._-]{0,63}` without `..`
fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let bytes = text.as_bytes();
    let starts = bytes.first().is_some_and(u8::is_ascii_alphanumeric);
    starts && bytes.len() <= 64 && bytes.iter().all(|&b| inner(b)) && !text.contains("..")
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Number(lo, hi) => write!(f, "a number from {lo} to {hi}"),
            Self::Whole(lo, hi) => write!(f, "a whole number from {lo} to {hi}"),
            Self::Band(lo, hi) => write!(f, "two ascending numbers from {lo} to {hi} in brackets"),
            Self::Bands(lo, hi) => write!(f, "two ascending bands such as [[{lo}, 0.1], [0.9, {hi}]]"),
            Self::Word(words) => write!(f, "one of \"{}\"", words.join("\", \"")),
            Self::Switch => write!(f, "true or false"),
            Self::Memory => write!(f, "\"auto\" or a size such as \"8GiB\""),
            Self::Names => write!(f, "a list of different names such as [\"a\", \"b\"]"),
            Self::AnyNames => write!(f, "a list of different names, which may be empty"),
            Self::Flags => write!(f, "a list of codes from `osteon list flags`, which may be empty"),
            Self::Timepoint => write!(f, "\"first\", \"last\" or the name of a timepoint"),
            Self::Series => write!(f, "the name of a series: 1 to 16 letters or digits"),
            Self::Patterns => write!(f, "a list of names that may hold *, such as [\"gtv\", \"gtv*\"]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(limit: Limit, toml: &str) -> bool {
        limit.admits(&toml.parse().unwrap())
    }

    #[test]
    fn ends_belong_to_the_range_and_nan_to_none() {
        let share = Limit::Number(0.0, 1.0);
        assert!(["0", "1", "1.0", "0.5"].iter().all(|v| admits(share, v)));
        assert!(["-0.1", "1.1", "nan", "inf", "\"0.5\"", "[0.5]", "true"].iter().all(|v| !admits(share, v)));
    }

    #[test]
    fn whole_numbers_are_not_rounded() {
        assert!(admits(Limit::Whole(1, 5), "5"));
        assert!(["5.0", "0", "6"].iter().all(|v| !admits(Limit::Whole(1, 5), v)));
    }

    #[test]
    fn bands_ascend() {
        assert!(admits(Limit::Band(-5.0, 5.0), "[-2.2, 0.4]"));
        assert!(
            ["[1, 1]", "[2, 1]", "[1]", "[1, 2, 3]", "[-6, 1]", "1"].iter().all(|v| !admits(Limit::Band(-5.0, 5.0), v))
        );
        assert!(admits(Limit::Bands(0.0, 1.0), "[[0.1, 0.2], [0.8, 0.9]]"));
        assert!(!admits(Limit::Bands(0.0, 1.0), "[[0.8, 0.9], [0.1, 0.2]]"));
    }

    #[test]
    fn words_switches_sizes_and_names() {
        assert!(admits(Limit::Word(&["text", "json"]), "'json'") && !admits(Limit::Word(&["text"]), "'JSON'"));
        assert!(admits(Limit::Switch, "false") && !admits(Limit::Switch, "0"));
        assert!(admits(Limit::Memory, "'auto'") && admits(Limit::Memory, "'8GiB'") && !admits(Limit::Memory, "8"));
        assert!(admits(Limit::Names, "['pre', 'post']"));
        assert!(["[]", "['gtv*', 'GTV 1']"].iter().all(|v| admits(Limit::Patterns, v)));
        assert!(admits(Limit::AnyNames, "[]") && !admits(Limit::AnyNames, "['a', 'a']"));
        assert!(admits(Limit::Flags, "['metal']") && !admits(Limit::Flags, "['metall']"));
        assert!(["['']", "[1]", "'gtv'", "['a\\n']"].iter().all(|v| !admits(Limit::Patterns, &v.replace('\'', "\""))));
        assert!(["[]", "['a', 'a']", "['a', 1]", "['../x']", "'a'"].iter().all(|v| !admits(Limit::Names, v)));
    }
}
