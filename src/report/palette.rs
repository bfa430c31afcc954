//! The colours of the pictures: Okabe and Ito's set, told apart with every kind of colour vision.

use crate::ops::rim::Cover;

/// Red, green, blue, opacity.
pub type Colour = [u8; 4];

/// Behind everything.
pub const GROUND: Colour = [16, 18, 22, 255];
/// Behind a group of numbers.
pub const PANEL: Colour = [30, 34, 41, 255];
/// Where the region of the exam ends: no image, which black would make look like air.
pub const NO_IMAGE: Colour = [30, 34, 41, 255];
/// Text that matters.
pub const INK: Colour = [245, 246, 248, 255];
/// Text beside it.
pub const FAINT: Colour = [168, 176, 188, 255];
/// Behind text that lies on the image.
pub const PLATE: Colour = [0, 0, 0, 165];
/// Under a stroke, so that it shows on bright bone too.
pub const HALO: Colour = [0, 0, 0, 120];
/// Rim bone.
pub const COVERED: Colour = [86, 180, 233, 255];
/// No rim bone.
pub const UNCOVERED: Colour = [230, 110, 0, 255];
/// Not to be judged.
pub const UNEVALUABLE: Colour = [220, 220, 220, 255];
/// Ossified interior, laid over the image.
pub const OSSIFIED: Colour = [204, 121, 167, 120];
/// The tumour on MR.
pub const TUMOUR: Colour = COVERED;
/// The canal.
pub const CANAL: Colour = [0, 158, 115, 255];
/// The cord.
pub const CORD: Colour = [230, 159, 0, 255];
/// A cyst.
pub const CYST: Colour = [204, 121, 167, 255];
/// The longest diameter, and what decides.
pub const CHORD: Colour = [240, 228, 66, 255];

/// The colour of an arc.
pub fn of(cover: Cover) -> Colour {
    match cover {
        Cover::Covered => COVERED,
        Cover::Uncovered => UNCOVERED,
        Cover::Unevaluable => UNEVALUABLE,
    }
}
