//! What a phantom exam is made of: every parameter a number, so that a harder phantom is another table of them.

/// Where the lesion sits in its vertebra.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// Within the vertebral body.
    Body,
    /// At the posterior wall, bulging into the canal.
    Wall,
    /// About a pedicle and the arch behind it.
    Pedicle,
    /// At the front and side, partly outside the vertebra.
    Breakout,
}

/// The patient's bone.
#[derive(Clone, Debug)]
pub struct BoneSpec {
    /// Mean of the marrow, HU.
    pub marrow_hu: f64,
    /// Its SD from place to place, HU.
    pub marrow_sd_hu: f64,
    /// Cortex of body and processes, HU.
    pub cortex_hu: f64,
    /// Its thickness, mm.
    pub cortex_mm: f64,
    /// The ring behind the canal, HU.
    pub arch_hu: f64,
}

/// The tumour.
#[derive(Clone, Debug)]
pub struct LesionSpec {
    /// Where it sits.
    pub site: Site,
    /// Wanted largest in-plane diameter of the true border, mm.
    pub diameter_mm: f64,
    /// Tissue without bone, HU.
    pub soft_hu: f64,
}

/// The bony shell just inside the lesion's border.
#[derive(Clone, Debug)]
pub struct RimSpec {
    /// Wanted share of the border's length over all slices.
    pub coverage: f64,
    /// Mean thickness across the surface, mm.
    pub thickness_mm: f64,
    /// Mean density, HU.
    pub density_hu: f64,
}

/// Bone inside the lesion.
#[derive(Clone, Debug)]
pub struct OssifiedSpec {
    /// Wanted share of what lies deeper than the peel, over all slices.
    pub fraction: f64,
    /// Mean density, HU.
    pub density_hu: f64,
    /// Size of its islands, mm.
    pub grain_mm: f64,
}

/// The scanner.
#[derive(Clone, Debug)]
pub struct ScannerSpec {
    /// Slice thickness and distance, mm.
    pub thickness_mm: f64,
    /// In-plane point spread, SD, mm.
    pub spread_mm: f64,
    /// Noise SD, HU.
    pub noise_hu: f64,
    /// SD of the kernel that correlates the noise, mm.
    pub noise_grain_mm: f64,
    /// Tube voltage, kV.
    pub kvp: f64,
    /// Reconstruction kernel as the header names it.
    pub kernel: &'static str,
}

/// The hand that draws the outline.
#[derive(Clone, Debug)]
pub struct HandSpec {
    /// SD of its stray across the true border, mm.
    pub stray_mm: f64,
    /// Correlation length along the border, mm.
    pub along_mm: f64,
    /// Correlation length from slice to slice, mm.
    pub across_mm: f64,
}

/// One exam of one patient.
#[derive(Clone, Debug)]
pub struct ExamSpec {
    /// `pre` or `post`.
    pub timepoint: &'static str,
    /// The vertebra, `C3` to `L5`.
    pub level: &'static str,
    /// The patient's bone.
    pub bone: BoneSpec,
    /// The tumour.
    pub lesion: LesionSpec,
    /// Its shell.
    pub rim: RimSpec,
    /// The bone inside it.
    pub ossified: OssifiedSpec,
    /// The scanner.
    pub scanner: ScannerSpec,
    /// The hand that draws.
    pub hand: HandSpec,
}
