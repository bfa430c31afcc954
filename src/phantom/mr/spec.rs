//! What an MR exam is made of, beside what the CT has said of bone and lesion.

use super::super::spec::HandSpec;
use super::level::LevelSpec;

/// One MR exam of a patient.
#[derive(Clone, Debug)]
pub struct MrSpec {
    /// Wanted share of the canal's area that is tumour, on the slice where it is largest.
    pub canal_share: f64,
    /// Wanted median signal of the tumour without its cyst, over that of the cord.
    pub si_ratio: f64,
    /// Wanted largest in-plane diameter of its cyst, mm; 0: it has none.
    pub cyst_mm: f64,
    /// What has settled in it, if anything.
    pub level: Option<LevelSpec>,
    /// Size of the cord at rest; 1 is usual.
    pub cord_scale: f64,
    /// The magnet.
    pub magnet: MagnetSpec,
    /// The hand that draws tumour, canal and cord.
    pub hand: HandSpec,
}

/// How it is scanned.
#[derive(Clone, Debug)]
pub struct MagnetSpec {
    /// Slice thickness, mm.
    pub thickness_mm: f64,
    /// From one slice to the next, mm.
    pub step_mm: f64,
    /// In-plane point spread, SD, mm.
    pub spread_mm: f64,
    /// Signal of the cord, stored units.
    pub cord_signal: f64,
    /// SD of either channel's noise, share of the cord's signal.
    pub noise: f64,
    /// SD of the logarithm of the coil's sensitivity from place to place.
    pub bias: f64,
    /// Echo time, ms.
    pub te_ms: f64,
    /// Repetition time, ms.
    pub tr_ms: f64,
}
