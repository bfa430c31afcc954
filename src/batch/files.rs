//! Images and label maps as they lie on disk.

use super::load::{Image, Labels, ReadFault, Source};
use crate::geometry::{Extent, Geometry};
use crate::io::acquisition::Acquisition;
use crate::io::fault::Fault;
use crate::io::{image, labels};
use crate::volume::{Mask, Volume};
use std::path::Path;

/// The readers of `io`.
pub struct Files;

impl Source for Files {
    fn image(&self, path: &Path, series_uid: Option<&str>) -> Result<Box<dyn Image>, ReadFault> {
        Ok(Box::new(image::open(path, series_uid)?))
    }

    fn labels(&self, path: &Path) -> Result<Box<dyn Labels>, ReadFault> {
        Ok(Box::new(labels::open(path)?))
    }
}

impl From<Fault> for ReadFault {
    fn from(fault: Fault) -> Self {
        Self { reason: fault.kind.code.to_owned(), message: fault.to_string(), transient: fault.transient }
    }
}

impl Image for image::Image {
    fn geometry(&self) -> &Geometry {
        self.geometry()
    }

    fn acquisition(&self) -> &Acquisition {
        self.acquisition()
    }

    fn raw_bytes(&self) -> u64 {
        self.raw_bytes()
    }

    fn read(&self, region: &Extent) -> Result<Volume<f32>, ReadFault> {
        Ok(self.read(region)?)
    }
}

impl Labels for labels::Labels {
    fn geometry(&self) -> &Geometry {
        self.geometry()
    }

    fn extent(&self, which: Option<&[i64]>) -> Option<Extent> {
        self.extent(which)
    }

    fn mask(&self, which: Option<&[i64]>, region: &Extent) -> Mask {
        self.mask(which, region)
    }
}
