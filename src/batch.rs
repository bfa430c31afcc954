//! The overnight job.

pub mod review;
