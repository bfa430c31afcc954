//! What a person sees of a run: pictures and masks of each exam, progress while it lasts, a summary when it ends.

pub mod agreement;
pub mod audit;
pub mod bland_altman_plot;
pub mod canvas;
pub mod closing;
pub mod cohort;
mod deciding;
mod exam;
#[cfg(test)]
mod example;
pub mod gallery;
pub mod grid;
pub mod html;
mod lettering;
mod marks;
pub mod masks;
mod mr;
mod palette;
mod panel;
pub mod plots;
pub mod progress;
pub mod quantity;
mod sheet;
pub mod tables;
mod view;
