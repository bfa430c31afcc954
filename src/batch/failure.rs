//! Why nothing of an exam could be measured.

use super::csv::harmless;
use crate::io::fault::{Reason, reasons};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

reasons! {
    /// Failures that the job itself finds; those of files come from the readers.
    FAILURES:
    IMAGE_MISSING = "image_missing", "The study table names no image.", "name a NIfTI file, a DICOM file or a folder";
    INTERNAL_ERROR = "internal_error", "The program failed on this exam.", "report it with the log of the run";
    KILLED_THE_RUN = "killed_the_run", "The process died twice while this patient was being measured.", "look at its files, give more memory, then run with --retry-failed";
    MASK_OFF_IMAGE = "mask_off_image", "The outline lies outside the image.", "check that it was drawn on this image";
    PROMPT_AMBIGUOUS = "prompt_ambiguous", "Several boxes or lines could mark the tumour.", "call one of them tumour";
    PROMPT_CANAL = "prompt_canal", "The points do not say where the canal runs.", "set two to four points along it, at different heights";
    PROMPT_OFF_IMAGE = "prompt_off_image", "A point of a prompt lies outside the image.", "check that it was set on this image, and in which coordinate system";
    PROMPT_UNKNOWN = "prompt_unknown", "A list of points has a name that nobody knows.", "call it canal, cord_ref, fg, bg, level:T4, height:T4 or lung:1";
    WRONG_MODALITY = "wrong_modality", "The image is of another modality than the study table says.", "correct the row";
}

/// A failure of the data: one line of `failures.csv`, kept in the patient's record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Failure {
    /// Where: `table`, `image`, `structures`, `prompts`, `measure`, `run`.
    pub stage: String,
    /// A stable code.
    pub reason: String,
    /// What is wrong and what to do, without path or name.
    pub message: String,
}

impl Failure {
    /// A failure; the message is made one harmless line.
    pub fn new(stage: &str, reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self { stage: stage.into(), reason: reason.code.into(), message: harmless(&message.into()) }
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
    pub fn data(stage: &str, reason: Reason, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Data(Failure::new(stage, reason, message))
    }
}
