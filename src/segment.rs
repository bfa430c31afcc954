//! The tumour out of an image and a few seeds (method.md 6).

pub mod agreement;
mod appearance;
mod energy;
pub mod growcut;
pub mod maxflow;
pub mod prompt;
mod smooth;
pub mod spine;
mod texture;
mod tidy;
pub mod tumour;
pub mod window;
