//! The pixels of a segmentation: bits that run on over frames, probabilities, or labels.

use super::header::Tags;
use super::prepass::{self, Opened, PixelData};
use super::store::{self, Place};
use super::{codec, fragments};
use crate::io::fault::{BAD_DICOM, Fault, TRUNCATED_FILE, UNSUPPORTED_TYPE};
use dicom_dictionary_std::tags;
use std::fs::File;

/// What a pixel means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    /// Anything but zero is inside.
    Binary,
    /// Inside from half of this, the largest value, on.
    Fractional(f64),
    /// The number of the segment.
    Label,
}

/// The pixels of all frames.
pub struct SegmentPixels<'a> {
    file: &'a File,
    place: Place,
    /// What a deflated file inflates to.
    inflated: Vec<u8>,
    dims: [usize; 2],
    /// Bits of a pixel: 1, 8 or 16.
    bits: usize,
    meaning: Meaning,
    /// Whether the higher byte of each word comes first.
    swapped: bool,
}

impl<'a> SegmentPixels<'a> {
    /// Finds the pixels of `frames` frames.
    ///
    /// # Errors
    /// Pixels of another kind, or fewer than the header promises.
    pub fn new(file: &'a File, opened: &Opened, frames: usize) -> Result<Self, Fault> {
        let header = Tags(&opened.object);
        let data: PixelData = opened.pixels.ok_or_else(|| Fault::of(BAD_DICOM, "there are no pixels"))?;
        let dims = [header.side(tags::COLUMNS, "Columns")?, header.side(tags::ROWS, "Rows")?];
        let bits = header.count(tags::BITS_ALLOCATED);
        let meaning = meaning(&header)?;
        if ![1, 8, 16].contains(&bits) || bits == 1 && meaning != Meaning::Binary {
            return Err(Fault::of(UNSUPPORTED_TYPE, format!("segments of {bits} bits")));
        }
        let wanted = ((dims[0] * dims[1]) as u64 * bits as u64 * frames as u64).div_ceil(8);
        let place = store::place(file, opened, data, frames, wanted)?;
        let inflated = match place {
            Place::Inflated(_, end) => {
                prepass::inflated_data_set(&mut file.try_clone().map_err(|e| Fault::from_io(&e))?, end)?
            }
            _ => Vec::new(),
        };
        let swapped = opened.syntax.is_big_endian() && (bits == 16 || data.in_words);
        Ok(Self { file, place, inflated, dims, bits, meaning, swapped })
    }

    /// Columns of a frame.
    pub fn columns(&self) -> usize {
        self.dims[0]
    }

    /// Which pixels of a frame belong to a segment.
    ///
    /// # Errors
    /// Storage trouble, and data that cannot be decoded.
    pub fn inside(&self, frame: usize, segment: i64) -> Result<Vec<bool>, Fault> {
        if self.bits == 1 {
            return self.bits_of(frame);
        }
        let bytes = self.bytes_of(frame)?;
        let values: Vec<u16> = match self.bits {
            8 => bytes.into_iter().map(u16::from).collect(),
            _ => bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect(),
        };
        Ok(values.into_iter().map(|v| self.meaning.holds(v, segment)).collect())
    }

    fn pixels(&self) -> usize {
        self.dims[0] * self.dims[1]
    }

    fn bits_of(&self, frame: usize) -> Result<Vec<bool>, Fault> {
        if let Place::Pieces(coding, pieces) = &self.place {
            return codec::decode_bits(*coding, &fragments::read(self.file, &pieces[frame])?, self.dims);
        }
        let first = frame * self.pixels();
        let bytes = self.plain(first / 8, (first + self.pixels()).div_ceil(8))?;
        Ok(codec::bits(&bytes, first % 8).take(self.pixels()).collect())
    }

    /// The bytes of a frame, lowest first.
    fn bytes_of(&self, frame: usize) -> Result<Vec<u8>, Fault> {
        let bytes = self.bits / 8;
        if let Place::Pieces(coding, pieces) = &self.place {
            let data = fragments::read(self.file, &pieces[frame])?;
            return codec::decode(*coding, &data, codec::Frame { dims: self.dims, bytes });
        }
        let len = self.pixels() * bytes;
        self.plain(frame * len, (frame + 1) * len)
    }

    /// Bytes `from..to` of uncompressed pixel data, in the order of a little endian file.
    fn plain(&self, from: usize, to: usize) -> Result<Vec<u8>, Fault> {
        let (first, end) = if self.swapped { (from / 2 * 2, to.next_multiple_of(2)) } else { (from, to) };
        let mut bytes = match self.place {
            Place::Inflated(offset, _) => {
                let within = self.inflated.get(offset as usize + first..offset as usize + end);
                within.ok_or_else(|| Fault::of(TRUNCATED_FILE, "it has shrunk"))?.to_vec()
            }
            Place::Plain(offset) => fragments::read(self.file, &[(offset + first as u64, (end - first) as u64)])?,
            Place::Pieces(..) => return Err(Fault::of(BAD_DICOM, "compressed pixels are not plain ones")),
        };
        if self.swapped {
            bytes.chunks_exact_mut(2).for_each(|word| word.swap(0, 1));
        }
        Ok(bytes[from - first..to - first].to_vec())
    }
}

impl Meaning {
    fn holds(self, value: u16, segment: i64) -> bool {
        match self {
            Self::Binary => value != 0,
            Self::Fractional(largest) => 2.0 * f64::from(value) >= largest,
            Self::Label => i64::from(value) == segment,
        }
    }
}

fn meaning(header: &Tags<'_>) -> Result<Meaning, Fault> {
    match header.text(tags::SEGMENTATION_TYPE).as_str() {
        "BINARY" => Ok(Meaning::Binary),
        "LABELMAP" => Ok(Meaning::Label),
        "FRACTIONAL" => {
            let largest = header.number(tags::MAXIMUM_FRACTIONAL_VALUE).filter(|v| *v > 0.0);
            largest.map(Meaning::Fractional).ok_or_else(|| Fault::of(BAD_DICOM, "MaximumFractionalValue is missing"))
        }
        _ => Err(Fault::of(UNSUPPORTED_TYPE, "a segmentation that is neither binary, fractional nor a label map")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_counts_from_one_half_and_a_label_by_its_number() {
        let half = Meaning::Fractional(255.0);
        assert!(half.holds(128, 1) && !half.holds(127, 1));
        assert!(Meaning::Label.holds(3, 3) && !Meaning::Label.holds(3, 2) && Meaning::Binary.holds(3, 1));
    }
}
