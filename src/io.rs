//! Files in and out: images, outlines, and the one interface through which anything is written.

pub mod acquisition;
pub mod dicom;
pub mod disk;
pub mod nifti;
