//! The tumour out of an image and a few seeds (method.md 6).

pub mod maxflow;
