//! What a point of the phantom is made of.

/// A kind of tissue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tissue {
    /// Outside the skin.
    Air,
    /// Lung.
    Lung,
    /// Fat.
    Fat,
    /// Muscle and vessels.
    Muscle,
    /// Contents of the canal.
    Canal,
    /// Disc.
    Disc,
    /// Native cortex and endplates.
    Cortex,
    /// The bony ring behind the canal.
    Arch,
    /// Native marrow.
    Marrow,
    /// Lesion without bone.
    Soft,
    /// Bone inside the lesion.
    Ossified,
    /// Bone of the lesion's shell.
    Rim,
}
