//! Stages turn artifacts into artifacts. Each names what it reads, what it writes and how far it looks.

use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View};

mod axial;
mod border;
mod calibration;
mod canal;
mod contact;
mod cord;
mod cysts;
mod diameters;
mod doubt;
mod even;
mod excluded;
mod interior;
mod interior_thresholds;
mod metal;
mod outline;
mod outlined;
mod planes;
mod references;
mod rim;
mod sac;
mod segment;
mod signals;
mod slices;
mod spine;
mod thresholds;
mod weighting;

/// Every stage; the graph picks those that the wanted measures need.
pub static STAGES: &[Stage] = &[
    axial::DEF,
    border::DEF,
    calibration::DEF,
    canal::DEF,
    contact::DEF,
    cord::DEF,
    sac::DEF,
    cysts::DEF,
    diameters::DEF,
    doubt::DEF,
    even::DEF,
    excluded::DEF,
    interior::DEF,
    interior_thresholds::DEF,
    metal::DEF,
    outline::DEF,
    outlined::DEF,
    planes::DEF,
    references::DEF,
    rim::DEF,
    signals::DEF,
    segment::DEF,
    slices::DEF,
    spine::DEF,
    thresholds::DEF,
    weighting::DEF,
];

/// One step of an exam.
pub struct Stage {
    /// Its name in graphs, logs and time tables.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// The branches it serves.
    pub modalities: &'static [Modality],
    /// Names of the artifacts it reads; if one is refused, all it writes is refused for the same reason.
    pub reads: &'static [&'static str],
    /// Names of the artifacts it writes; each is written by one stage of a branch only.
    pub writes: &'static [&'static str],
    /// How far around the structures it looks at the image, mm.
    pub reach_mm: fn(&Settings) -> f64,
    /// Memory it takes while it runs and leaves behind, bytes for each voxel of the region.
    pub bytes_per_voxel: f64,
    /// Runs it. Pure: no files, no clock, no log; equal inputs give equal bits.
    pub run: fn(&View<'_>, &Settings) -> Result<Board, Refusal>,
}

/// For stages that look at voxels one by one.
fn no_reach(_: &Settings) -> f64 {
    0.0
}
