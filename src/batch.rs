//! The overnight job: a study table in, durable records and their projection into CSV out.
//!
//! ```text
//!  study table -> plan -> patients on plain threads -> one record each -> projection -> CSV
//!                  ^       (load, measure, pictures)    records/N.seg     *.csv.part, then renamed
//!                  '--- records of earlier attempts whose content key holds
//! ```

pub mod attempt;
pub mod budget;
pub mod check;
pub mod csv;
pub mod event;
pub mod failure;
pub mod files;
pub mod key;
pub mod load;
pub mod manifest;
pub mod measurer;
pub mod naming;
pub mod number;
pub mod peak;
pub mod projection;
mod prompts;
pub mod record;
pub mod review;
pub mod run;
pub mod segment;
pub mod shard;
pub mod study;
pub mod summary;
pub mod sweep;
pub mod tolerance;
