//! How bright tissues are on T2-weighted images, the cord being 1: order of a fast spin echo at 100 ms without fat saturation.

use super::super::tissue::Tissue;

/// The cord.
pub const CORD: f64 = 1.0;
/// Cerebrospinal fluid.
pub const FLUID: f64 = 2.4;
/// Fluid of a cyst.
pub const CYST: f64 = 2.1;
/// Fat around the dura.
pub const EPIDURAL_FAT: f64 = 1.35;
/// Texture of soft tumour and marrow, SD as a share.
pub const TEXTURE: f64 = 0.12;

/// Tissue that CT knows by its density, of native structures as they show and of the lesion before it is scaled to the
/// wanted ratio.
pub fn of(tissue: Tissue) -> f64 {
    match tissue {
        Tissue::Air => 0.02,
        Tissue::Lung => 0.08,
        Tissue::Fat => 1.5,
        Tissue::Muscle => 0.38,
        Tissue::Aorta => 0.1,
        Tissue::Canal => FLUID,
        Tissue::Disc => 0.75,
        Tissue::Cortex => 0.12,
        Tissue::Arch => 0.3,
        Tissue::Marrow | Tissue::Remnant => 0.9,
        Tissue::Soft => 1.0,
        Tissue::Ossified => 0.62,
        Tissue::Rim => 0.3,
        Tissue::Metal => 0.0,
    }
}

/// Whether a tissue is the lesion's own.
pub fn is_lesion(tissue: Tissue) -> bool {
    matches!(tissue, Tissue::Soft | Tissue::Ossified | Tissue::Rim | Tissue::Remnant)
}
