//! The overnight job: a study table in, durable records and their projection into CSV out.

pub mod event;
pub mod review;
pub mod summary;
