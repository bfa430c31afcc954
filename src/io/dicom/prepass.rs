//! A walk over the lengths of a DICOM file before anything is decoded.
//!
//! `dicom-object` allocates what an element claims, so every claim is held against the size of the file first.

use super::syntax::{EXPLICIT_LE, IMPLICIT_LE, Syntax};
use crate::io::fault::{BAD_DICOM, Fault, TRUNCATED_FILE};
use dicom_core::VR;
use dicom_core::header::Header;
use dicom_dictionary_std::tags::PIXEL_DATA;
use dicom_encoding::transfer_syntax::TransferSyntax;
use dicom_object::InMemDicomObject;
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;
use dicom_parser::stateful::decode::StatefulDecode;
use flate2::read::DeflateDecoder;
use std::cell::Cell;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};

/// Bytes of the first look at a file; nearly every header fits.
const FIRST_LOOK: usize = 64 << 10;

/// The file meta group is a few hundred bytes; one beyond this is damaged.
const MAX_META: usize = 32 << 10;

/// Nested sequences are decoded by recursion, which must not exhaust the stack.
const MAX_DEPTH: u32 = 64;

/// The header of a thousand frames is a few megabytes; what is still header after so many bytes is taken for a bomb.
const MAX_INFLATED_HEADER: usize = 32 << 20;

/// Tag, VR, two reserved bytes and length before encapsulated pixel data, which is always explicit little endian.
const ENCAPSULATED_HEADER: u64 = 12;

/// The decoded header of a file and where its pixels are.
pub struct Opened {
    /// Everything before the pixel data.
    pub object: InMemDicomObject,
    /// How the file is encoded.
    pub syntax: &'static Syntax,
    /// Where its pixel data is.
    pub pixels: Option<PixelData>,
    /// Bytes of the file; a deflated one has no end that is known.
    pub end: u64,
}

/// Where pixel data is: in the file, or in what the deflated part of it inflates to.
#[derive(Clone, Copy, Debug)]
pub struct PixelData {
    /// Its first byte.
    pub offset: u64,
    /// Its bytes; `None` where it is encapsulated.
    pub len: Option<u64>,
    /// Whether it is written in words of two bytes.
    pub in_words: bool,
}

/// Reads all of a file that lies before its pixel data; `None` if it is not DICOM.
///
/// # Errors
/// Storage trouble, lengths beyond the end of the file, and data that cannot be decoded.
pub fn open(file: &mut File) -> Result<Option<Opened>, Fault> {
    let file_len = file.metadata().map_err(|e| Fault::from_io(&e))?.len();
    let mut prefix = Vec::new();
    let mut look = FIRST_LOOK;
    loop {
        let more = file_len.min(look as u64) - prefix.len() as u64;
        // In one call, without asking how much there is.
        prefix.reserve_exact(more as usize);
        file.seek(SeekFrom::Start(prefix.len() as u64)).map_err(|e| Fault::from_io(&e))?;
        file.by_ref().take(more).read_to_end(&mut prefix).map_err(|e| Fault::from_io(&e))?;
        // A file that has become shorter meanwhile is read to its end, too.
        let whole = prefix.len() < look || prefix.len() as u64 >= file_len;
        let Some((start, syntax)) = meta(&prefix)? else {
            return Ok(None);
        };
        if syntax.deflated {
            return deflated(file, start as u64, syntax).map(Some);
        }
        match guarded_walk(&prefix[start..], syntax, file_len - start as u64) {
            Walk::Ended | Walk::Broken if !whole => look *= 8,
            walk => return opened(walk, &prefix[start..], syntax, start as u64, file_len).map(Some),
        }
    }
}

/// Inflates as much of a file as lies before its pixel data.
fn deflated(file: &mut File, start: u64, syntax: &'static Syntax) -> Result<Opened, Fault> {
    let mut look = FIRST_LOOK;
    loop {
        let body = inflated(file, start, look as u64)?;
        let whole = body.len() < look;
        let limit = if whole { body.len() as u64 } else { u64::MAX };
        match guarded_walk(&body, syntax, limit) {
            Walk::Ended | Walk::Broken if !whole && look < MAX_INFLATED_HEADER => look *= 8,
            Walk::Ended if !whole => return Err(damaged()),
            walk => return opened(walk, &body, syntax, 0, u64::MAX),
        }
    }
}

/// Up to `want` bytes of what follows the meta group of a deflated file.
///
/// # Errors
/// Storage trouble, and a stream that is damaged before that.
pub fn inflated(file: &mut File, start: u64, want: u64) -> Result<Vec<u8>, Fault> {
    file.seek(SeekFrom::Start(start)).map_err(|e| Fault::from_io(&e))?;
    let mut body = Vec::new();
    let stream = DeflateDecoder::new(std::io::BufReader::new(file));
    match stream.take(want).read_to_end(&mut body) {
        Err(e) if e.raw_os_error().is_some() => Err(Fault::from_io(&e)),
        Err(_) => Err(Fault::of(BAD_DICOM, "the deflate stream cannot be followed")),
        Ok(_) => Ok(body),
    }
}

/// The first `want` bytes of the data set of a deflated file.
///
/// # Errors
/// As [`inflated`]; a meta group that cannot be followed; fewer bytes.
pub fn inflated_data_set(file: &mut File, want: u64) -> Result<Vec<u8>, Fault> {
    let mut head = Vec::new();
    file.rewind().map_err(|e| Fault::from_io(&e))?;
    file.by_ref().take(MAX_META as u64 * 2).read_to_end(&mut head).map_err(|e| Fault::from_io(&e))?;
    let (start, _) = meta(&head)?.ok_or_else(damaged)?;
    let body = inflated(file, start as u64, want)?;
    match body.len() as u64 == want {
        true => Ok(body),
        false => Err(Fault::of(TRUNCATED_FILE, format!("{want} bytes are promised, {} are there", body.len()))),
    }
}

fn guarded_walk(bytes: &[u8], syntax: &Syntax, limit: u64) -> Walk {
    super::guard::caught(|| walk(bytes, syntax.elements(), limit)).unwrap_or(Walk::Broken)
}

/// What a walk over all of `bytes`, which start at `start`, has found.
fn opened(walk: Walk, bytes: &[u8], syntax: &'static Syntax, start: u64, end: u64) -> Result<Opened, Fault> {
    let (header, pixels) = match walk {
        Walk::Broken => return Err(Fault::of(BAD_DICOM, "an element runs past the end or cannot be followed")),
        Walk::Ended => (bytes, None),
        Walk::Pixels { header, mut data } => {
            data.offset += start;
            (&bytes[..header as usize], Some(data))
        }
    };
    let object = super::guard::caught(|| InMemDicomObject::read_dataset_with_ts(header, syntax.elements()));
    let object = object.and_then(Result::ok).ok_or_else(damaged)?;
    Ok(Opened { object, syntax, pixels, end })
}

fn damaged() -> Fault {
    Fault::of(BAD_DICOM, "an element cannot be decoded")
}

/// How a walk over the elements ended.
enum Walk {
    /// At the pixel data: where its header starts, and where it is itself.
    Pixels { header: u64, data: PixelData },
    /// At the end of the bytes.
    Ended,
    /// At something that is not an element, or at one that runs past the end of the file.
    Broken,
}

/// Bytes that tell how far they have been read, while a decoder owns them.
struct Watched<'a> {
    bytes: Cursor<&'a [u8]>,
    at: &'a Cell<u64>,
}

impl Read for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let n = self.bytes.read(into)?;
        self.at.set(self.bytes.position());
        Ok(n)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = self.bytes.seek(to)?;
        self.at.set(at);
        Ok(at)
    }
}

/// Walks over all elements up to the pixel data without keeping a value.
fn walk(bytes: &[u8], syntax: &TransferSyntax, limit: u64) -> Walk {
    let at = Cell::new(0);
    let source = Watched { bytes: Cursor::new(bytes), at: &at };
    let Ok(mut reader) = LazyDataSetReader::new_with_ts(source, syntax) else {
        return Walk::Broken;
    };
    let (mut depth, mut header) = (0, 0);
    while depth <= MAX_DEPTH {
        let before = at.get();
        match reader.advance() {
            None => return Walk::Ended,
            Some(Err(_)) => return Walk::Broken,
            Some(Ok(LazyDataToken::SequenceStart { .. })) => depth += 1,
            Some(Ok(LazyDataToken::SequenceEnd)) => depth = depth.saturating_sub(1),
            Some(Ok(LazyDataToken::ElementHeader(_))) => header = before,
            Some(Ok(LazyDataToken::PixelSequenceStart)) if depth == 0 => {
                let data = PixelData { offset: before + ENCAPSULATED_HEADER, len: None, in_words: false };
                return Walk::Pixels { header: before, data };
            }
            Some(Ok(LazyDataToken::LazyValue { header: element, decoder })) => {
                let len = u64::from(element.len.0);
                if depth == 0 && element.tag() == PIXEL_DATA {
                    let in_words = element.vr() == VR::OW;
                    let data = PixelData { offset: decoder.position(), len: Some(len), in_words };
                    return Walk::Pixels { header, data };
                }
                if element.len.0 % bytes_of(element.vr()) != 0 || !stepped_over(decoder, element.len.0, limit) {
                    return Walk::Broken;
                }
            }
            Some(Ok(LazyDataToken::LazyItemValue { len, decoder })) => {
                if !stepped_over(decoder, len, limit) {
                    return Walk::Broken;
                }
            }
            Some(Ok(_)) => {}
        }
    }
    Walk::Broken
}

/// Bytes of one value. Of a value that is no multiple of them the decoder leaves a rest, and takes that for the next
/// element: nothing behind it would be what it says.
fn bytes_of(vr: VR) -> u32 {
    match vr {
        VR::US | VR::SS | VR::OW => 2,
        VR::AT | VR::UL | VR::SL | VR::FL | VR::OF | VR::OL => 4,
        VR::FD | VR::SV | VR::UV | VR::OD | VR::OV => 8,
        _ => 1,
    }
}

/// Steps over a value, unless it runs past the end of the file.
fn stepped_over(decoder: &mut impl StatefulDecode, len: u32, limit: u64) -> bool {
    decoder.position() + u64::from(len) <= limit && decoder.skip_bytes(len).is_ok()
}

/// Where the data set starts and how it is encoded; `None` if the bytes are not DICOM.
fn meta(bytes: &[u8]) -> Result<Option<(usize, &'static Syntax)>, Fault> {
    let has_preamble = bytes.get(128..132) == Some(b"DICM");
    let first = if has_preamble { 132 } else { 0 };
    if !has_preamble && !matches!(bytes, [2 | 8, 0, _, 0, ..]) {
        return Ok(None);
    }
    let (start, uid) = meta_group(bytes, first)?;
    let uid = match (uid, bytes.get(start + 4..start + 6)) {
        (Some(uid), _) => uid,
        (None, Some([b'A'..=b'Z', b'A'..=b'Z'])) => EXPLICIT_LE.into(),
        (None, Some(_)) => IMPLICIT_LE.into(),
        (None, None) if has_preamble => return Err(Fault::of(BAD_DICOM, "there is nothing after the preamble")),
        (None, None) => return Ok(None),
    };
    Syntax::of(&uid).map(|syntax| Some((start, syntax)))
}

/// Walks the file meta group, always explicit little endian: where it ends, and the transfer syntax.
fn meta_group(bytes: &[u8], first: usize) -> Result<(usize, Option<String>), Fault> {
    let (mut at, mut uid) = (first, None);
    while let Some([2, 0, element, 0]) = bytes.get(at..at + 4) {
        let long = matches!(bytes.get(at + 4..at + 6), Some(b"OB" | b"UN" | b"UT" | b"OW" | b"SQ"));
        let (len, value) = match long {
            true => (bytes.get(at + 8..at + 12).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])), at + 12),
            false => (bytes.get(at + 6..at + 8).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))), at + 8),
        };
        let end = value.saturating_add(len.map_or(usize::MAX, |l| l as usize));
        if end - first > MAX_META || end > bytes.len() {
            return Err(Fault::of(BAD_DICOM, "the file meta group cannot be followed"));
        }
        if *element == 0x10 {
            let text = String::from_utf8_lossy(&bytes[value..end]);
            uid = Some(text.trim_end_matches(['\0', ' ']).to_owned()).filter(|u| !u.is_empty());
        }
        at = end;
    }
    Ok((at, uid))
}
