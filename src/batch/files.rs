//! Images and label maps as files hold them.

use super::load::{self, Source};
use crate::geometry::{Extent, Geometry};
use crate::io::acquisition::Acquisition;
use crate::io::dicom::drawn::Part;
use crate::io::fault::Fault;
use crate::io::markups::{self, Markup};
use crate::io::{image, outlines};
use crate::volume::{Mask, Volume};
use std::path::Path;

/// The readers of [`crate::io`].
pub struct Files;

impl Source for Files {
    fn image(&self, path: &Path, series_uid: Option<&str>) -> Result<Box<dyn load::Image>, Fault> {
        Ok(Box::new(image::open(path, series_uid)?))
    }

    fn parts(&self, path: &Path) -> Result<Vec<Part>, Fault> {
        outlines::parts(path)
    }

    fn markups(&self, path: &Path) -> Result<Vec<Markup>, Fault> {
        markups::open(path)
    }

    fn labels(&self, path: &Path, image: &Geometry, wanted: Option<&[i64]>) -> Result<Box<dyn load::Labels>, Fault> {
        Ok(Box::new(outlines::open(path, image, wanted)?))
    }
}

impl load::Image for image::Image {
    fn geometry(&self) -> &Geometry {
        self.geometry()
    }

    fn acquisition(&self) -> &Acquisition {
        self.acquisition()
    }

    fn frame_of_reference(&self) -> Option<&str> {
        self.frame_of_reference()
    }

    fn raw_bytes(&self) -> u64 {
        self.raw_bytes()
    }

    fn read(&self, region: &Extent) -> Result<Volume<f32>, Fault> {
        self.read(region)
    }

    fn cuts(&self, mask: &Mask) -> bool {
        self.cuts(mask)
    }
}

impl load::Labels for outlines::Outlines {
    fn geometry(&self) -> &Geometry {
        self.geometry()
    }

    fn frames_of_reference(&self) -> &[String] {
        self.frames_of_reference()
    }

    fn extent(&self, which: Option<&[i64]>) -> Option<Extent> {
        self.extent(which)
    }

    fn mask(&self, which: Option<&[i64]>, region: &Extent) -> Mask {
        self.mask(which, region)
    }
}
