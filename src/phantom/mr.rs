//! T2-weighted MR of the same patients: bone and lesion are those of the CT, the canal has contents of its own.
//!
//! The dura holds a tumour back: within the canal there is no more of it than what has grown in ([`growth`]), and the cord
//! gives way before it is compressed ([`cord`]).

pub mod calibrate;
pub mod cord;
pub mod cyst;
pub mod exam;
pub mod growth;
pub mod level;
pub mod magnet;
pub mod patients;
pub mod prompts;
pub mod scene;
pub mod signal;
pub mod spec;
pub mod tables;
pub mod truth;

pub use exam::{MrExam, mr_exam};
pub use spec::MrSpec;
