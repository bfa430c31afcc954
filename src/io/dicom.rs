//! DICOM.

pub mod write;
