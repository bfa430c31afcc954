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
    /// Muscle and skin.
    Muscle,
    /// The aorta.
    Aorta,
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
    /// Native bone left inside the lesion.
    Remnant,
    /// A screw.
    Metal,
}

impl Tissue {
    /// Whether it was bone before there was a lesion.
    pub fn is_native_bone(self) -> bool {
        matches!(self, Self::Cortex | Self::Arch | Self::Marrow)
    }

    /// Whether its density follows the tube voltage.
    pub fn is_mineral(self) -> bool {
        self.is_native_bone() || matches!(self, Self::Ossified | Self::Rim | Self::Remnant)
    }
}
