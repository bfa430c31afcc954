//! Mineral thresholds for the tube voltage of the exam (method.md 2).

use super::Stage;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, flag, keys, reason};

/// `thresholds`
pub const DEF: Stage = Stage {
    name: "thresholds",
    about: "mineral thresholds scaled to the tube voltage; refuses images without a rescale to HU",
    modalities: &[Modality::Ct],
    reads: &[keys::SCAN.name, keys::HU_SCALE.name],
    writes: &[keys::THRESHOLDS.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 0.0,
    run,
};

/// Mineral's excess over soft tissue relative to 120 kV (method.md 2: sheep vertebrae 872/670, trabecular means).
const KV_FACTORS: [(f64, f64); 4] = [(80.0, 1.30), (100.0, 1.08), (120.0, 1.00), (140.0, 0.95)];

/// Soft tissue, HU: what the excess is counted from (method.md 2).
const SOFT_HU: f64 = 60.0;

fn run(view: &View<'_>, settings: &Settings) -> Result<Board, Refusal> {
    let acquisition = &view.get(&keys::SCAN).acquisition;
    if !acquisition.has_rescale {
        return Err(Refusal::of(reason::NO_RESCALE, ""));
    }
    let factor = kv_factor(acquisition.kvp.unwrap_or(120.0));
    let [low, high] = settings.density.sensitivity_hu;
    let thresholds = [settings.density.mineral_hu, low, high].map(|hu| SOFT_HU + (hu - SOFT_HU) * factor);
    let raised = [
        (acquisition.kvp.is_none(), flag::KV_UNKNOWN),
        (acquisition.contrast.is_none(), flag::CONTRAST_UNKNOWN),
        (acquisition.contrast == Some(true), flag::CONTRAST_ENHANCED),
    ];
    let flags: Vec<_> = raised.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag).collect();
    let mut board = Board::default();
    board.put(&keys::THRESHOLDS, thresholds, &flags);
    Ok(board)
}

/// Linear between the tabulated voltages, constant beyond.
fn kv_factor(kvp: f64) -> f64 {
    let pairs = KV_FACTORS.windows(2);
    let between = pairs.map(|p| (p[0], p[1])).find(|(a, b)| (a.0..=b.0).contains(&kvp));
    match between {
        Some((a, b)) => a.1 + (b.1 - a.1) * (kvp - a.0) / (b.0 - a.0),
        None if kvp < KV_FACTORS[0].0 => KV_FACTORS[0].1,
        None => KV_FACTORS[3].1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// method.md 2: T = 242 / 211 / 200 / 193 HU.
    #[test]
    fn thresholds_of_the_usual_voltages() {
        let at = |kvp| (SOFT_HU + 140.0 * kv_factor(kvp)).round();
        assert_eq!([80.0, 100.0, 120.0, 140.0].map(at), [242.0, 211.0, 200.0, 193.0]);
        assert_eq!([70.0, 150.0].map(at), [242.0, 193.0]);
    }
}
