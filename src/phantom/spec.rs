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
    /// Across an endplate into the disc.
    Endplate,
}

impl Site {
    /// Its name in the table of parameters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Wall => "wall",
            Self::Pedicle => "pedicle",
            Self::Breakout => "breakout",
            Self::Endplate => "endplate",
        }
    }
}

/// How the tumour is shaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An ellipsoid with bumps.
    Compact,
    /// Three lobes about the centre, with dents between them.
    Irregular,
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
    /// Thickness of the endplates, mm.
    pub endplate_mm: f64,
    /// The ring behind the canal, HU.
    pub arch_hu: f64,
}

/// The tumour.
#[derive(Clone, Debug)]
pub struct LesionSpec {
    /// Where it sits.
    pub site: Site,
    /// How it is shaped.
    pub form: Form,
    /// SD of its centre about that place along each axis, mm.
    pub wander_mm: f64,
    /// SD of its bumps, share of the radius.
    pub bumps: f64,
    /// Wanted largest in-plane diameter of the true border, mm.
    pub diameter_mm: f64,
    /// Tissue without bone, HU.
    pub soft_hu: f64,
    /// Its SD from place to place, HU.
    pub soft_sd_hu: f64,
}

/// The bony shell just inside the lesion's border.
#[derive(Clone, Debug)]
pub struct RimSpec {
    /// Wanted share of the border's length over all slices.
    pub coverage: f64,
    /// Correlation length of its covered patches on the unit sphere.
    pub patch: f64,
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
    /// Depth at which it begins, share of the peel: below 1 the peel cuts through it, above 1 it lies apart.
    pub onset: f64,
}

/// Native bone that the lesion has left inside itself. In the truth it is neither rim nor ossification; where it lies
/// in the zone it counts as room for bone that has none.
#[derive(Clone, Copy, Debug)]
pub struct RemnantSpec {
    /// Wanted share of the lesion's area over all slices, so far as there was bone.
    pub share: f64,
    /// Size of its islands, mm.
    pub grain_mm: f64,
}

/// What contrast medium adds to tissues other than the lesion, whose own density is given as it shows.
#[derive(Clone, Copy, Debug)]
pub struct ContrastSpec {
    /// To the aorta, HU.
    pub aorta_hu: f64,
    /// To muscle, HU.
    pub muscle_hu: f64,
    /// To marrow, HU.
    pub marrow_hu: f64,
}

/// A pedicle screw near the lesion.
#[derive(Clone, Copy, Debug)]
pub struct MetalSpec {
    /// Its radius, mm.
    pub radius_mm: f64,
    /// Its density, HU.
    pub density_hu: f64,
    /// Strength of its streaks beside it, HU.
    pub streak_hu: f64,
}

/// The scanner.
#[derive(Clone, Debug)]
pub struct ScannerSpec {
    /// Slice thickness and distance, mm.
    pub thickness_mm: f64,
    /// In-plane point spread, SD, mm.
    pub spread_mm: f64,
    /// How far the kernel overshoots: the spread is `(1 + lobe) G(s) - lobe G(2 s)`; 0 is a soft kernel.
    pub lobe: f64,
    /// Noise SD, HU.
    pub noise_hu: f64,
    /// SD of the kernel that correlates the noise, mm.
    pub noise_grain_mm: f64,
    /// Tube voltage, kV.
    pub kvp: f64,
    /// What that voltage makes of mineral's excess over soft tissue; 1 at 120 kV.
    pub mineral_gain: f64,
    /// Reconstruction kernel as the header names it.
    pub kernel: &'static str,
}

/// The hand that draws the outline.
#[derive(Clone, Debug)]
pub struct HandSpec {
    /// How far outside the true border it draws on average, mm; negative: too tight.
    pub bias_mm: f64,
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
    /// Native bone left inside it.
    pub remnants: RemnantSpec,
    /// Contrast medium, if any was given.
    pub contrast: Option<ContrastSpec>,
    /// A screw near it, if there is one.
    pub metal: Option<MetalSpec>,
    /// The scanner.
    pub scanner: ScannerSpec,
    /// The hand that draws.
    pub hand: HandSpec,
}
