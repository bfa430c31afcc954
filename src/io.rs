//! Files in and out: images, outlines, and the one interface through which anything is written.

pub mod acquisition;
pub mod dicom;
pub mod disk;
pub mod fault;
mod gather;
mod grid;
pub mod image;
#[cfg(test)]
mod image_tests_support;
mod inflate;
pub mod labels;
pub mod markups;
pub mod nifti;
pub mod outlines;
