//! Operators on images and outlines, callable without any stage. Each file has one operator and its formula.

pub mod bits;
pub mod calibration;
pub mod chord;
pub mod components;
pub mod contour;
pub mod dilation;
pub mod distance;
pub mod distance_3d;
pub mod fenced;
pub mod holes;
pub mod interior;
pub mod mesh;
pub mod onto;
pub mod outline;
pub mod places;
pub mod plane;
pub mod quantile;
pub mod ray;
pub mod reformat;
pub mod resample;
pub mod rim;
pub mod runs;
pub mod sampling;
pub mod sets;
pub mod soft;
pub mod spline;
