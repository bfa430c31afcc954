//! What a person sees of a run: pictures and masks of each exam, progress while it lasts, a summary when it ends.

pub mod canvas;
pub mod closing;
mod deciding;
mod exam;
#[cfg(test)]
mod example;
pub mod gallery;
mod lettering;
mod marks;
pub mod masks;
mod mr;
mod palette;
mod panel;
pub mod progress;
pub mod quantity;
mod sheet;
pub mod tables;
mod view;
