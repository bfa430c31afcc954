//! NIfTI-1.

pub mod write;
