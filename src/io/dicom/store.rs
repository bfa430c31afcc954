//! Where the pixels of a file are and what their bits mean, known before any of them is read.

use super::fragments::{self, Piece};
use super::header::Tags;
use super::pixels::TOGETHER;
use super::prepass::{Opened, PixelData};
use super::syntax::Coding;
use crate::io::fault::{BAD_DICOM, Fault, TRUNCATED_FILE, UNSUPPORTED_TYPE};
use dicom_dictionary_std::tags;
use std::fs::File;
use std::sync::Arc;

/// Pixels are padded to an even number of bytes, by some programs to words; more bytes are of another image than the
/// header's, whose rows would all be shifted.
pub const MAX_PADDING: usize = 8;

/// How pixels are stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    /// Bytes of a pixel, 1 or 2.
    pub bytes: usize,
    /// Bits of the value.
    pub bits: u32,
    /// The value's highest bit.
    pub high_bit: u32,
    /// Whether the value is in two's complement.
    pub signed: bool,
    /// Whether the higher byte comes first.
    pub big_endian: bool,
}

/// Where the frames of a file are.
#[derive(Clone, Debug)]
pub enum Place {
    /// Uncompressed: the first byte of the first frame.
    Plain(u64),
    /// Uncompressed, in the part of the file that is deflated: the first byte of the first frame and the end of the last,
    /// once inflated.
    Inflated(u64, u64),
    /// Compressed: the pieces of each frame.
    Pieces(Coding, Arc<Vec<Vec<Piece>>>),
}

impl Place {
    /// Memory that reading a frame takes for each of its pixels, where the series has `frames`, bytes.
    pub fn read_bytes(&self, frames: u64) -> u64 {
        match self {
            Self::Plain(_) => 2,
            // A deflated file is inflated as a whole.
            Self::Inflated(..) => 2 * frames,
            // What is compressed, at most as long as what it stands for, then 32, 16 and again 16 bits.
            Self::Pieces(..) => 10 * TOGETHER as u64,
        }
    }
}

/// The pixels of a file.
#[derive(Clone, Debug)]
pub struct Stored {
    format: Format,
    place: Place,
}

/// The pixels of one frame.
#[derive(Clone, Debug)]
pub struct Pixels {
    /// How they are stored.
    pub format: Format,
    /// Where.
    pub place: Place,
    /// Which frame of the file.
    pub frame: usize,
}

impl Stored {
    /// The pixels of one frame.
    pub fn pixels(&self, frame: usize) -> Pixels {
        Pixels { format: self.format, place: self.place.clone(), frame }
    }
}

/// Finds the pixels of `frames` frames, if they are stored in a way that is read here and all there.
///
/// # Errors
/// Other ways, by name; fewer bytes than the header promises; storage trouble.
pub fn locate(file: &File, opened: &Opened, frames: usize) -> Result<Stored, Fault> {
    let header = Tags(&opened.object);
    let pixels = opened.pixels.ok_or_else(|| Fault::of(BAD_DICOM, "there are no pixels"))?;
    let format = format(&header, opened, pixels)?;
    let pixels_of_frame = header.side(tags::COLUMNS, "Columns")? * header.side(tags::ROWS, "Rows")?;
    let wanted = (pixels_of_frame * format.bytes) as u64 * frames as u64;
    Ok(Stored { format, place: place(file, opened, pixels, frames, wanted)? })
}

/// Where frames of `wanted` bytes in all are.
///
/// # Errors
/// As [`locate`].
pub fn place(file: &File, opened: &Opened, pixels: PixelData, frames: usize, wanted: u64) -> Result<Place, Fault> {
    match (opened.syntax.coding, pixels.len) {
        (Coding::Unread, _) => Err(opened.syntax.unsupported()),
        (Coding::Plain, Some(len)) => {
            let there = len.min(opened.end.saturating_sub(pixels.offset));
            if there < wanted {
                let detail = format!("{wanted} bytes of pixels are promised, {there} are there");
                return Err(Fault::of(TRUNCATED_FILE, detail));
            }
            if len > wanted + MAX_PADDING as u64 {
                let detail = format!("{len} bytes of pixels, columns, rows and frames make {wanted}");
                return Err(Fault::of(BAD_DICOM, detail));
            }
            Ok(if opened.syntax.deflated {
                Place::Inflated(pixels.offset, pixels.offset + wanted)
            } else {
                Place::Plain(pixels.offset)
            })
        }
        (Coding::Plain, None) | (_, Some(_)) => {
            Err(Fault::of(BAD_DICOM, "the pixels are not written as the syntax says"))
        }
        (coding, None) => {
            let pieces = fragments::of(file, pixels.offset, opened.end, frames)?;
            Ok(Place::Pieces(coding, Arc::new(pieces)))
        }
    }
}

/// Whether values have a sign: a file that does not say so cannot be guessed at, as -1 and 65535 HU look the same in it.
fn is_signed(header: &Tags<'_>) -> Result<bool, Fault> {
    match header.number(tags::PIXEL_REPRESENTATION) {
        Some(0.0) => Ok(false),
        Some(1.0) => Ok(true),
        _ => Err(Fault::of(BAD_DICOM, "PixelRepresentation is neither 0 nor 1")),
    }
}

fn format(header: &Tags<'_>, opened: &Opened, pixels: PixelData) -> Result<Format, Fault> {
    let stated = |tag| header.number(tag).unwrap_or(0.0) as u32;
    let (allocated, bits, high_bit) = (stated(tags::BITS_ALLOCATED), stated(tags::BITS_STORED), stated(tags::HIGH_BIT));
    let colour = header.text(tags::PHOTOMETRIC_INTERPRETATION);
    let is_grey = colour.is_empty() || colour.starts_with("MONOCHROME");
    let big_endian = opened.syntax.is_big_endian();
    if ![8, 16].contains(&allocated) || stated(tags::SAMPLES_PER_PIXEL) > 1 || !is_grey {
        return Err(Fault::of(UNSUPPORTED_TYPE, format!("{allocated} bits, colour or not")));
    }
    if header.0.get(tags::MODALITY_LUT_SEQUENCE).is_some() {
        return Err(Fault::of(UNSUPPORTED_TYPE, "a modality look-up table in the place of slope and intercept"));
    }
    if big_endian && allocated == 8 && pixels.in_words {
        return Err(Fault::of(UNSUPPORTED_TYPE, "bytes of big endian words"));
    }
    if bits == 0 || high_bit >= allocated || bits > high_bit + 1 {
        return Err(Fault::of(BAD_DICOM, format!("{bits} bits up to bit {high_bit} of {allocated}")));
    }
    Ok(Format { bytes: allocated as usize / 8, bits, high_bit, signed: is_signed(header)?, big_endian })
}
