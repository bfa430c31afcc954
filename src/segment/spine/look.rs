//! What the cord is looked for in: the canal of an image without the tumour in it, and how bright its fluid is.

use super::grey::Grey;
use super::ring::Ring;
use crate::ops::quantile::quantile;
use crate::volume::{Mask, Volume, traverse};

/// The fluid's signal is this quantile of a slice's canal, and of those of all slices.
const FLUID_QUANTILE: f64 = 0.85;
const SLICES_QUANTILE: f64 = 0.75;

/// What is looked at.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The image.
    pub image: &'a Volume<f32>,
    /// Where no cord is.
    pub tumour: &'a Mask,
    /// The tumour, if only about: the cord gives way to it.
    pub mass: &'a Mask,
    /// The canal.
    pub canal: &'a [Option<Ring>],
    /// The fluid's signal.
    pub fluid: f64,
    /// The cord's signal, once it is known.
    pub grey: Option<Grey>,
}

impl<'a> Look<'a> {
    /// At a canal with a tumour, before the cord's signal is known.
    pub fn at(image: &'a Volume<f32>, tumour: &'a Mask, canal: &'a [Option<Ring>]) -> Self {
        let mut look = Self { image, tumour, mass: tumour, canal, fluid: 1.0, grey: None };
        look.fluid = look.brightest();
        look
    }

    /// Width and depth of a pixel, mm.
    pub fn pixel_mm(&self) -> [f64; 2] {
        let [x, y, _] = self.image.geometry().spacing;
        [x, y]
    }

    /// The pixels within a ring of a plane.
    pub fn pixels(&self, ring: &Ring) -> Vec<[usize; 2]> {
        let [nx, ny, _] = self.image.geometry().dims;
        ring.pixels([nx, ny], self.pixel_mm())
    }

    /// The pixels of a plane's canal that are no tumour, with their signal.
    pub fn open(&self, z: usize, canal: &Ring) -> Vec<([f64; 2], f64)> {
        let (plane, hidden) = (self.image.plane(z), self.tumour.plane(z));
        let seen = self.pixels(canal).into_iter().filter(|[x, y]| !hidden[(*y, *x)]);
        seen.map(|[x, y]| ([x as f64, y as f64], f64::from(plane[(y, x)]))).collect()
    }

    /// Whether there is no tumour in the canal of a plane.
    pub fn is_clean(&self, z: usize) -> bool {
        let tumour = self.tumour.plane(z);
        self.canal[z].as_ref().is_some_and(|ring| self.pixels(ring).iter().all(|[x, y]| !tumour[(*y, *x)]))
    }

    /// The fluid's signal: bright where there is any, so of the slices with the brightest; a slice full of tumour has none
    /// left.
    fn brightest(&self) -> f64 {
        let bright = |z: usize| {
            let mut seen: Vec<f64> = self.open(z, self.canal[z].as_ref()?).iter().map(|p| p.1).collect();
            quantile(&mut seen, FLUID_QUANTILE)
        };
        let mut of_slices: Vec<f64> = traverse::each(self.canal.len(), bright).into_iter().flatten().collect();
        quantile(&mut of_slices, SLICES_QUANTILE).unwrap_or(1.0).max(f64::MIN_POSITIVE)
    }
}
