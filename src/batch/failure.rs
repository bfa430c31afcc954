//! Why nothing of an exam could be measured.

use super::csv::harmless;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Failures that the job itself finds; those of files come from the readers.
pub static FAILURES: &[(&str, &str)] = &[
    (IMAGE_MISSING, "The study table names no image."),
    (INTERNAL_ERROR, "The program failed on this exam."),
    (KILLED_THE_RUN, "The process died twice while this patient was being measured."),
    (MASK_EMPTY, "The outline has no voxel."),
    (MASK_MISSING, "The study table gives no tumour outline."),
    (MASK_OFF_IMAGE, "The outline lies outside the image."),
    (STRUCTURE_NOT_READ, "A structure is given in a form that is not read."),
    (WRONG_MODALITY, "The image is of another modality than the study table says."),
];

/// The study table names no image.
pub const IMAGE_MISSING: &str = "image_missing";
/// The program failed on this exam.
pub const INTERNAL_ERROR: &str = "internal_error";
/// The process died twice while this patient was being measured.
pub const KILLED_THE_RUN: &str = "killed_the_run";
/// The outline has no voxel.
pub const MASK_EMPTY: &str = "mask_empty";
/// The study table gives no tumour outline.
pub const MASK_MISSING: &str = "mask_missing";
/// The outline lies outside the image.
pub const MASK_OFF_IMAGE: &str = "mask_off_image";
/// A structure is given in a form that is not read.
pub const STRUCTURE_NOT_READ: &str = "structure_not_read";
/// The image is of another modality than the study table says.
pub const WRONG_MODALITY: &str = "wrong_modality";

/// A failure of the data: one line of `failures.csv`, kept in the patient's record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Failure {
    /// Where: `table`, `image`, `structures`, `measure`, `run`.
    pub stage: String,
    /// A stable code.
    pub reason: String,
    /// What is wrong and what to do, without path or name.
    pub message: String,
}

impl Failure {
    /// A failure; the message is made one harmless line.
    pub fn new(stage: &str, reason: &str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { stage: stage.into(), reason: reason.into(), message: harmless(&message.into()) }
    }
}

/// Why an exam has no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The data are at fault: the same tomorrow.
    Data(Failure),
    /// Storage, time or memory are: to be tried again, never recorded.
    Transient(Failure),
    /// The run was told to stop.
    Stopped,
}

impl Trouble {
    /// A failure of the data.
    pub fn data(stage: &str, reason: &str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Data(Failure::new(stage, reason, message))
    }
}
