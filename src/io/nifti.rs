//! NIfTI-1 and NIfTI-2: `.nii`, `.nii.gz`, and `.hdr` with `.img`, compressed or not by content, not by name.

use super::fault::{BAD_HEADER, FILE_MISSING, Fault, TRUNCATED_FILE};
use super::inflate;
use header::Header;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

pub mod header;
pub mod voxels;
pub mod write;

/// Inflated bytes that tell a NIfTI header of either version: 540 of NIfTI-2 and its extension flag.
pub const HEADER_BYTES: usize = 544;

/// A NIfTI image of which the header has been read.
#[derive(Debug)]
pub struct Nifti {
    /// What the header says.
    pub header: Header,
    /// The header file, and the voxel file where that is another.
    pub inputs: Vec<PathBuf>,
    /// Whether the voxels are compressed.
    gzip: bool,
}

impl Nifti {
    /// Reads the header from `head`, the first inflated bytes of the file at `path`.
    ///
    /// # Errors
    /// A header that cannot be believed, or a file too short for it.
    pub fn open(path: &Path, head: &[u8]) -> Result<Self, Fault> {
        let header = Header::parse(head)?;
        let mut inputs = vec![path.to_owned()];
        if header.paired {
            inputs.push(voxel_file(path)?);
        }
        let (gzip, file_bytes) = sniff(inputs.last().expect("the list starts with the header file"))?;
        if !gzip && file_bytes < header.end() {
            let detail = format!("{} bytes are promised, {file_bytes} are there", header.end());
            return Err(Fault::of(TRUNCATED_FILE, detail));
        }
        // Damage of a compressed file shows in its checksum; here a wrong size would shift every row.
        if !gzip && file_bytes >= header.end() + header.plane_bytes() as u64 {
            let detail = format!("{} bytes are promised, {file_bytes} are there", header.end());
            return Err(Fault::of(BAD_HEADER, detail));
        }
        Ok(Self { header, inputs, gzip })
    }

    /// Memory a read takes besides its result, bytes.
    pub fn raw_bytes(&self) -> u64 {
        let held = if self.gzip { inflate::HELD_BYTES } else { 0 };
        held + self.header.plane_bytes() as u64
    }

    fn voxel_path(&self) -> &Path {
        self.inputs.last().expect("the list starts with the header file")
    }
}

/// The `.img` or `.img.gz` beside a `.hdr`.
fn voxel_file(header: &Path) -> Result<PathBuf, Fault> {
    beside(header, ["img", "img.gz", "IMG", "IMG.GZ"])
        .ok_or_else(|| Fault::of(FILE_MISSING, "a header without its .img or .img.gz"))
}

/// The `.hdr` or `.hdr.gz` beside an `.img`; `None` if the path does not end like an `.img` or has none beside it.
pub(super) fn header_file(voxels: &Path) -> Option<PathBuf> {
    let is_img = bare(voxels).extension().is_some_and(|e| e.eq_ignore_ascii_case("img"));
    is_img.then(|| beside(voxels, ["hdr", "hdr.gz", "HDR", "HDR.GZ"]))?
}

/// The other file of a pair, by the endings it may have.
fn beside(path: &Path, endings: [&str; 4]) -> Option<PathBuf> {
    endings.map(|e| bare(path).with_extension(e)).into_iter().find(|p| p.is_file())
}

/// A path without `.gz`.
fn bare(path: &Path) -> PathBuf {
    let packed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    if packed { path.with_extension("") } else { path.into() }
}

/// Whether a file is gzip, and its size.
fn sniff(path: &Path) -> Result<(bool, u64), Fault> {
    let mut file = File::open(path).map_err(|e| Fault::from_io(&e))?;
    let len = file.metadata().map_err(|e| Fault::from_io(&e))?.len();
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start).map_err(|e| Fault::from_io(&e))?;
    Ok((start == inflate::MAGIC, len))
}
