//! Named parts of a DICOM SEG or RTSTRUCT file, on the grid of the image they belong to.

use super::planes::Patch;
use super::prepass::{self, Opened};
use super::{header::Tags, rtstruct, seg};
use crate::geometry::{Extent, Geometry};
use crate::io::fault::{Fault, NO_SUCH_PART, NOT_AN_OUTLINE};
use crate::volume::{Mask, Volume};
use dicom_dictionary_std::tags;
use std::fs::File;
use std::path::Path;

/// A part of a file: a segment or a region of interest.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its number in the file.
    pub number: i64,
    /// What the file calls it: name, label, type. They may identify a person and are never shown.
    pub names: Vec<String>,
}

/// Parts on the grid of an image; they may overlap.
#[derive(Debug)]
pub struct Drawn {
    geometry: Geometry,
    /// Of each part that says it; never shown.
    frames: Vec<String>,
    parts: Vec<(i64, Option<Patch>)>,
}

/// The parts that a file holds.
///
/// # Errors
/// A file that is neither SEG nor RTSTRUCT, and a damaged one.
pub fn parts(path: &Path) -> Result<Vec<Part>, Fault> {
    let (_, opened) = open_drawing(path)?;
    let header = Tags(&opened.object);
    Ok(if is_seg(&header) { seg::parts(&header) } else { rtstruct::parts(&header) })
}

/// Brings the wanted parts of a file (`None`: all) onto `image`, canonical axes, by geometry.
///
/// # Errors
/// As [`parts`]; numbers that no part has; parts that cannot be placed.
pub fn open(path: &Path, image: &Geometry, wanted: Option<&[i64]>) -> Result<Drawn, Fault> {
    let (file, opened) = open_drawing(path)?;
    let header = Tags(&opened.object);
    let known = if is_seg(&header) { seg::parts(&header) } else { rtstruct::parts(&header) };
    let known: Vec<i64> = known.iter().map(|p| p.number).collect();
    if let Some(number) = wanted.iter().flat_map(|w| w.iter()).find(|n| !known.contains(n)) {
        return Err(Fault::of(NO_SUCH_PART, format!("number {number} is not among its {} parts", known.len())));
    }
    let numbers: Vec<i64> = known.into_iter().filter(|n| wanted.is_none_or(|w| w.contains(n))).collect();
    let parts = match is_seg(&header) {
        true => seg::read(&file, &opened, &numbers, image)?,
        false => rtstruct::read(&header, &numbers, image)?,
    };
    let frames = if is_seg(&header) { seg::frame(&header) } else { rtstruct::frames(&header, &numbers) };
    Ok(Drawn { geometry: image.clone(), frames, parts })
}

fn open_drawing(path: &Path) -> Result<(File, Opened), Fault> {
    let mut file = File::open(path).map_err(|e| Fault::from_io(&e))?;
    let not = |what: &'static str| Fault::of(NOT_AN_OUTLINE, what);
    let opened = prepass::open(&mut file)?.ok_or_else(|| not("its first bytes are those of another format"))?;
    match Tags(&opened.object).text(tags::MODALITY).as_str() {
        "SEG" | "RTSTRUCT" => Ok((file, opened)),
        _ => Err(not("it is another DICOM object")),
    }
}

fn is_seg(header: &Tags<'_>) -> bool {
    header.text(tags::MODALITY) == "SEG"
}

impl Drawn {
    /// The grid of the image.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The frames of reference that parts were drawn in, as far as the file tells.
    pub fn frames_of_reference(&self) -> &[String] {
        &self.frames
    }

    fn patches(&self, which: Option<&[i64]>) -> impl Iterator<Item = &Patch> {
        let wanted = move |number: &i64| which.is_none_or(|w| w.contains(number));
        self.parts.iter().filter(move |(number, _)| wanted(number)).filter_map(|(_, patch)| patch.as_ref())
    }

    /// The smallest box around some parts (`None`: all); `None` if they have no voxel.
    pub fn extent(&self, which: Option<&[i64]>) -> Option<Extent> {
        self.patches(which).filter_map(Patch::tight).reduce(|a, b| a.union(&b))
    }

    /// The voxels of some parts (`None`: all) in a box of the grid.
    pub fn mask(&self, which: Option<&[i64]>, region: &Extent) -> Mask {
        let patches: Vec<&Patch> = self.patches(which).collect();
        let inside = |[x, y, z]: [usize; 3]| {
            let at = [x + region.lo[0], y + region.lo[1], z + region.lo[2]];
            patches.iter().any(|patch| patch.holds(at))
        };
        Volume::from_fn(self.geometry.crop(region), inside)
    }
}

impl Patch {
    /// Whether a voxel of the image belongs to the part.
    fn holds(&self, at: [usize; 3]) -> bool {
        let Extent { lo, hi } = self.extent;
        let [nx, ny, _] = self.extent.dims();
        (0..3).all(|a| lo[a] <= at[a] && at[a] < hi[a])
            && self.inside[at[0] - lo[0] + nx * (at[1] - lo[1] + ny * (at[2] - lo[2]))]
    }

    /// The smallest box around its voxels.
    fn tight(&self) -> Option<Extent> {
        let own = Volume::new(Geometry::upright(self.extent.dims(), [1.0; 3]), self.inside.clone());
        let within = own.expect("a patch has as many voxels as its box").extent()?;
        let lo = self.extent.lo;
        let moved = |corner: [usize; 3]| std::array::from_fn(|a| corner[a] + lo[a]);
        Some(Extent { lo: moved(within.lo), hi: moved(within.hi) })
    }
}
