//! `truth_params.csv`: what each exam was made of, so that errors can be told apart by their cause.

use super::spec::ExamSpec;

/// A column: its name and what stands in it.
type Column = (&'static str, fn(&ExamSpec) -> String);

/// The columns, in order. `contrast_hu` and `streak_hu` are empty where there is no contrast or metal.
const COLUMNS: &[Column] = &[
    ("level", |s| s.level.into()),
    ("site", |s| s.lesion.site.name().into()),
    ("diameter_mm", |s| number(s.lesion.diameter_mm)),
    ("bumps", |s| number(s.lesion.bumps)),
    ("soft_hu", |s| number(s.lesion.soft_hu)),
    ("soft_sd_hu", |s| number(s.lesion.soft_sd_hu)),
    ("marrow_hu", |s| number(s.bone.marrow_hu)),
    ("marrow_sd_hu", |s| number(s.bone.marrow_sd_hu)),
    ("cortex_hu", |s| number(s.bone.cortex_hu)),
    ("cortex_mm", |s| number(s.bone.cortex_mm)),
    ("endplate_mm", |s| number(s.bone.endplate_mm)),
    ("arch_hu", |s| number(s.bone.arch_hu)),
    ("rim_coverage", |s| number(s.rim.coverage)),
    ("rim_patch", |s| number(s.rim.patch)),
    ("rim_mm", |s| number(s.rim.thickness_mm)),
    ("rim_hu", |s| number(s.rim.density_hu)),
    ("ossified_fraction", |s| number(s.ossified.fraction)),
    ("ossified_hu", |s| number(s.ossified.density_hu)),
    ("ossified_grain_mm", |s| number(s.ossified.grain_mm)),
    ("ossified_onset", |s| number(s.ossified.onset)),
    ("remnant_share", |s| number(s.remnants.share)),
    ("contrast_hu", |s| s.contrast.map(|c| number(c.aorta_hu)).unwrap_or_default()),
    ("streak_hu", |s| s.metal.map(|m| number(m.streak_hu)).unwrap_or_default()),
    ("thickness_mm", |s| number(s.scanner.thickness_mm)),
    ("spread_mm", |s| number(s.scanner.spread_mm)),
    ("lobe", |s| number(s.scanner.lobe)),
    ("noise_hu", |s| number(s.scanner.noise_hu)),
    ("kvp", |s| number(s.scanner.kvp)),
    ("kernel", |s| s.scanner.kernel.into()),
    ("bias_mm", |s| number(s.hand.bias_mm)),
    ("stray_mm", |s| number(s.hand.stray_mm)),
];

/// The names of the columns after the key.
pub fn header() -> String {
    COLUMNS.iter().map(|c| c.0).collect::<Vec<_>>().join(",")
}

/// What stands in them for an exam.
pub fn row(spec: &ExamSpec) -> String {
    COLUMNS.iter().map(|c| c.1(spec)).collect::<Vec<_>>().join(",")
}

/// To 4 decimals, no more than it needs.
fn number(value: f64) -> String {
    let rounded = libm::round(value * 1e4) / 1e4;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::exam::example;
    use super::*;

    #[test]
    fn every_exam_has_a_cell_under_each_name() {
        let (_, spec) = example("parameters", 0);
        let row = row(&spec);
        let cells: std::collections::BTreeMap<&str, &str> = COLUMNS.iter().map(|c| c.0).zip(row.split(',')).collect();
        assert_eq!(cells.len(), row.split(',').count());
        assert_eq!((cells["site"], cells["diameter_mm"], cells["contrast_hu"]), ("body", "31", ""));
    }
}
