//! Operators on images and outlines, callable without any stage. Each file has one operator and its formula.

pub mod interior;
pub mod onto;
pub mod outline;
pub mod plane;
pub mod rim;
