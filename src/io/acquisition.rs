//! What the header (or the study table) says about how an image was made.

use serde::{Deserialize, Serialize};

/// How an image was acquired; `None` is unknown.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Acquisition {
    /// `CT`, `MR`, ... as DICOM Modality says it.
    pub modality: Option<String>,
    /// Tube voltage, kV.
    pub kvp: Option<f64>,
    /// Whether contrast medium was given.
    pub contrast: Option<bool>,
    /// Reconstruction kernel.
    pub kernel: Option<String>,
    /// Slice thickness (not spacing), mm.
    pub thickness_mm: Option<f64>,
    /// `T1`, `T2`, ...
    pub weighting: Option<String>,
    /// Echo time, ms.
    pub te_ms: Option<f64>,
    /// Repetition time, ms.
    pub tr_ms: Option<f64>,
    /// Whether fat is suppressed.
    pub fat_sat: Option<bool>,
    /// Whether arches of vertebrae in it were taken away before: only the study table says so.
    pub laminectomy: Option<bool>,
    /// Whether stored values came with a rescale to HU. NIfTI: true, it stores HU by custom.
    pub has_rescale: bool,
    /// Whether uneven or tilted slices were resampled to an even, right-angled grid.
    #[serde(default)]
    pub resampled: bool,
    /// Whether stored values are a window that somebody saved, from which no signal can be told.
    #[serde(default)]
    pub scaling_lost: bool,
}
