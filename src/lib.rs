//! Osteon measures how bone tumours of the spine respond to treatment, over whole imaging archives.
//!
//! Modules look only to their left (`ARCHITECTURE.md` carries this line, a test enforces it):
//!
//! `geometry < volume < io, ops < segment < measure < stages < config < graph < batch < stats < report < phantom < cli`
//!
//! Research use only; not a medical device.

pub mod batch;
pub mod cli;
pub mod config;
pub mod geometry;
pub mod graph;
pub mod io;
pub mod measure;
pub mod ops;
pub mod phantom;
pub mod report;
pub mod segment;
pub mod stages;
pub mod stats;
pub mod volume;
