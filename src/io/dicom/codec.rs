//! One compressed frame to plain pixels. Foreign decoders run guarded, and only on frames of the promised size.

use super::guard::caught;
use super::rle;
use super::store::MAX_PADDING;
use super::syntax::Coding;
use crate::io::fault::{BAD_DICOM, Fault, UNSUPPORTED_TRANSFER_SYNTAX};
use flate2::read::DeflateDecoder;
use jpeg_decoder::PixelFormat;
use std::io::Read;

/// No CT or MR slice, and no segment drawn on one, comes near so many pixels.
const MAX_PIXELS: usize = 1 << 26;

/// What a frame must turn out to be.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Columns and rows.
    pub dims: [usize; 2],
    /// Bytes of a pixel.
    pub bytes: usize,
}

impl Frame {
    fn pixels(&self) -> usize {
        self.dims[0] * self.dims[1]
    }

    /// Whether a decoder found the frame that the header promises.
    fn is(&self, columns: usize, rows: usize) -> bool {
        self.dims == [columns, rows]
    }
}

fn damaged() -> Fault {
    Fault::of(BAD_DICOM, "the compressed pixels cannot be decoded")
}

fn contradicts() -> Fault {
    Fault::of(BAD_DICOM, "the compressed pixels are of another size than the header says")
}

/// The pixels of a frame, lowest byte first, row by row.
///
/// # Errors
/// Data that cannot be decoded or is not of the promised size; a coding that is not read.
pub fn decode(coding: Coding, data: &[u8], frame: Frame) -> Result<Vec<u8>, Fault> {
    if frame.pixels() > MAX_PIXELS {
        return Err(Fault::of(BAD_DICOM, format!("a frame of {} x {} pixels", frame.dims[0], frame.dims[1])));
    }
    match coding {
        Coding::Rle => rle::decode(data, frame.pixels(), frame.bytes),
        Coding::Deflate => inflate(data, frame.pixels() * frame.bytes),
        Coding::Jpeg => jpeg(data, frame),
        Coding::JpegLs => narrowed(jpeg_ls(data, frame)?, frame),
        Coding::Jpeg2000 => narrowed(jpeg_2000(data, frame)?, frame),
        Coding::Plain | Coding::Unread => {
            Err(Fault::of(UNSUPPORTED_TRANSFER_SYNTAX, "it is not compressed as it says"))
        }
    }
}

/// The pixels of a frame of one bit each, in the order of their columns and rows.
///
/// # Errors
/// As [`decode`].
pub fn decode_bits(coding: Coding, data: &[u8], dims: [usize; 2]) -> Result<Vec<bool>, Fault> {
    let frame = Frame { dims, bytes: 1 };
    if coding == Coding::Jpeg2000 {
        return Ok(decode(coding, data, frame)?.iter().map(|b| *b != 0).collect());
    }
    // RLE and deflate pack the bytes that hold the bits; every frame starts with a byte of its own.
    let packed = Frame { dims: [frame.pixels().div_ceil(8), 1], bytes: 1 };
    let bytes = decode(coding, data, packed)?;
    Ok(bits(&bytes, 0).take(frame.pixels()).collect())
}

/// The bits of bytes, the lowest first, from one of them on.
pub fn bits(bytes: &[u8], first: usize) -> impl Iterator<Item = bool> {
    (first..8 * bytes.len()).map(|i| bytes[i / 8] >> (i % 8) & 1 == 1)
}

/// A frame that is a deflate stream of its own.
fn inflate(data: &[u8], want: usize) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    let most = want + MAX_PADDING;
    DeflateDecoder::new(data).take(most as u64 + 1).read_to_end(&mut out).map_err(|_| damaged())?;
    if !(want..=most).contains(&out.len()) {
        return Err(contradicts());
    }
    out.truncate(want);
    Ok(out)
}

/// Pixels that fit the bytes they are promised to have; their highest bits go, as two's complement wants.
fn narrowed(wide: Vec<u16>, frame: Frame) -> Result<Vec<u8>, Fault> {
    match frame.bytes {
        1 => Ok(wide.into_iter().map(|v| v as u8).collect()),
        _ => Ok(wide.into_iter().flat_map(u16::to_le_bytes).collect()),
    }
}

fn jpeg(data: &[u8], frame: Frame) -> Result<Vec<u8>, Fault> {
    let decoded = caught(|| {
        let mut decoder = jpeg_decoder::Decoder::new(data);
        decoder.set_max_decoding_buffer_size(2 * frame.pixels());
        decoder.read_info()?;
        let info = decoder.info().filter(|i| frame.is(i.width.into(), i.height.into()));
        Ok(info.zip(Some(decoder.decode()?)))
    });
    let (info, pixels) = decoded.unwrap_or_else(|| Ok(None)).map_err(jpeg_fault)?.ok_or_else(contradicts)?;
    let wide: Vec<u16> = match info.pixel_format {
        PixelFormat::L8 if frame.bytes == 1 => return Ok(pixels),
        PixelFormat::L8 => pixels.into_iter().map(u16::from).collect(),
        PixelFormat::L16 if frame.bytes == 2 => {
            pixels.chunks_exact(2).map(|b| u16::from_ne_bytes([b[0], b[1]])).collect()
        }
        _ => return Err(contradicts()),
    };
    if wide.len() == frame.pixels() { narrowed(wide, frame) } else { Err(contradicts()) }
}

fn jpeg_fault(error: jpeg_decoder::Error) -> Fault {
    match error {
        jpeg_decoder::Error::Unsupported(_) => {
            Fault::of(UNSUPPORTED_TRANSFER_SYNTAX, "JPEG of 12 bits or another rare kind")
        }
        _ => damaged(),
    }
}

fn jpeg_ls(data: &[u8], frame: Frame) -> Result<Vec<u16>, Fault> {
    let [columns, rows] = frame.dims.map(|n| n as u32);
    let decoded = |data: &[u8]| caught(|| jpegls::decode(data, columns, rows)).and_then(Result::ok);
    let found = decoded(data).or_else(|| decoded(&without_padding(data)?));
    let (pixels, ..) = found.filter(|(p, ..)| p.len() == frame.pixels()).ok_or_else(damaged)?;
    let fit = frame.bytes == 2 || pixels.iter().all(|v| *v <= u8::MAX.into());
    if fit { Ok(pixels) } else { Err(contradicts()) }
}

/// A JPEG-LS stream without the byte of zeros that some encoders put before its end, where the decoder wants none.
fn without_padding(data: &[u8]) -> Option<Vec<u8>> {
    const ZERO_AND_END: [u8; 3] = [0, 0xff, 0xd9];
    let at = data.windows(3).rposition(|w| w == ZERO_AND_END)?;
    Some([&data[..at], &data[at + 1..]].concat())
}

fn jpeg_2000(data: &[u8], frame: Frame) -> Result<Vec<u16>, Fault> {
    if !size_of_code_stream(data).is_some_and(|[columns, rows]| frame.is(columns, rows)) {
        return Err(contradicts());
    }
    let strict = jpeg2k::DecodeParameters::new().strict(true);
    let image = caught(|| jpeg2k::Image::from_bytes_with(data, strict)).and_then(Result::ok).ok_or_else(damaged)?;
    match image.components() {
        [grey]
            if frame.is(grey.width() as usize, grey.height() as usize)
                && grey.data().len() == frame.pixels()
                && grey.precision() as usize <= 8 * frame.bytes =>
        {
            Ok(grey.data().iter().map(|v| *v as u16).collect())
        }
        _ => Err(contradicts()),
    }
}

/// Columns and rows in the SIZ segment of a JPEG 2000 code stream, bare or in a JP2 box; `None` if there is none.
fn size_of_code_stream(data: &[u8]) -> Option<[usize; 2]> {
    const SOC_SIZ: [u8; 4] = [0xff, 0x4f, 0xff, 0x51];
    let at = data.windows(4).position(|w| w == SOC_SIZ)?;
    // Lsiz and Rsiz, two bytes each, then width, height and the offsets of the image on the reference grid.
    let word = |k: usize| Some(u32::from_be_bytes(data.get(at + 8 + 4 * k..at + 12 + 4 * k)?.try_into().ok()?));
    Some([word(0)?.checked_sub(word(2)?)? as usize, word(1)?.checked_sub(word(3)?)? as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { dims: [4, 2], bytes: 2 };

    #[test]
    fn nonsense_is_refused_by_every_decoder() {
        for coding in [Coding::Rle, Coding::Deflate, Coding::Jpeg, Coding::JpegLs, Coding::Jpeg2000] {
            for data in [&b""[..], &[0xff, 0xd8, 0xff, 0xd9], &[1; 200]] {
                assert_eq!(decode(coding, data, FRAME).unwrap_err().kind, BAD_DICOM, "{coding:?}");
            }
        }
    }

    #[test]
    fn a_frame_beyond_all_images_is_not_allocated() {
        let huge = Frame { dims: [65535, 65535], bytes: 2 };
        assert!(decode(Coding::Rle, &[0; 64], huge).is_err());
    }

    #[test]
    fn jpeg_ls_comes_back() {
        let pixels: Vec<u16> = (0..8).map(|i| i * 400).collect();
        let mut data = Vec::new();
        jpegls::encode(&pixels, 4, 2, &mut data).unwrap();
        let bytes: Vec<u8> = pixels.iter().flat_map(|p| p.to_le_bytes()).collect();
        assert_eq!(decode(Coding::JpegLs, &data, FRAME).unwrap(), bytes);
        assert!(decode(Coding::JpegLs, &data, Frame { dims: [2, 4], ..FRAME }).is_err());
    }

    /// 8 x 8 pixels of `20 x + 10 y`, written by Pillow 12 at quality 95, which reads them back to within 1.
    const BASELINE: &str = "ffd8ffdb0043000201010101010201010102020202020403020202020504040304060506060605060606070908060709070606080b0809\
        0a0a0a0a0a06080b0c0b0a0c090a0a0affc0000b080008000801011100ffc40014000100000000000000000000000000000007ffc4001a1000\
        00070000000000000000000000000000080925354252ffda0008010100003f002349229318d98a0fffd9";

    #[test]
    fn baseline_jpeg_is_read_into_one_byte_or_two() {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let data: Vec<u8> = BASELINE.as_bytes().chunks(2).map(byte).collect();
        let one = decode(Coding::Jpeg, &data, Frame { dims: [8, 8], bytes: 1 }).unwrap();
        for (i, v) in one.iter().enumerate() {
            assert!(v.abs_diff((i % 8 * 20 + i / 8 * 10) as u8) <= 1, "{i}: {v}");
        }
        let two = decode(Coding::Jpeg, &data, Frame { dims: [8, 8], bytes: 2 }).unwrap();
        assert!(two.chunks(2).zip(&one).all(|(wide, v)| wide == [*v, 0]));
        assert!(decode(Coding::Jpeg, &data, Frame { dims: [8, 7], bytes: 1 }).is_err());
    }

    #[test]
    fn bits_start_anew_with_every_packed_frame() {
        let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut out, &[0b1010_0001, 0b1]).unwrap();
        let frame = decode_bits(Coding::Deflate, &out.finish().unwrap(), [3, 3]).unwrap();
        assert_eq!(frame, [true, false, false, false, false, true, false, true, true]);
        assert_eq!(
            bits(&[0b100, 0b1], 2).collect::<Vec<_>>(),
            [true, false, false, false, false, false, true, false, false, false, false, false, false, false]
        );
    }
}
