//! What is done to a file: to its bytes, to the fields of a NIfTI header, to the elements of a DICOM file, and to what
//! is in a compressed one.

use super::dice::Dice;
use super::elements::{self, Element};
use std::io::{Read, Write};

/// What readers trip over, where a number is written as text.
const TEXTS: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "2",
    "-0.0",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1e308",
    "-1e308",
    "1e400",
    "1e-300",
    "1e-5",
    "3e5",
    "99999999999999999999",
    "2147483648",
    "65535",
    "65536",
    "0.5",
    "-1000000",
    "1,5",
    "0x10",
    "abc",
    r"\",
    r"1\",
    r"1\2",
    r"0\0\0",
    r"1\0\0\0\1\0",
    r"nan\0\0",
    r"1e300\1e300\1e300",
    r"1\0\0\1\0\0",
    r"0\0\0\0\0\0",
    "1e-9\\1e-9",
    "1e9\\1e9",
    "MONOCHROME1",
    "RGB",
    "PALETTE COLOR",
    "LABELMAP",
    "FRACTIONAL",
    "BINARY",
    "POINT",
    "CLOSED_PLANAR",
    "RTSTRUCT",
    "SEG",
];

/// What they trip over, where it is written in bytes.
const NUMBERS: &[u32] = &[
    0,
    1,
    2,
    7,
    8,
    9,
    12,
    15,
    16,
    17,
    31,
    32,
    64,
    127,
    128,
    255,
    256,
    1000,
    4095,
    32767,
    32768,
    65534,
    65535,
    65536,
    1 << 24,
    1 << 28,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
];

const FLOATS: &[f64] = &[
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.0,
    3.0,
    348.0,
    352.0,
    1e-30,
    1e-5,
    1e5,
    1e9,
    1e30,
    3e38,
    1e300,
    -1e30,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MIN_POSITIVE,
];

/// Groups of the elements on which a slice, a segment or a contour hangs.
const IMPORTANT: &[u16] = &[0x0018, 0x0020, 0x0028, 0x0062, 0x3006, 0x5200, 0x7fe0];

/// A file damaged in one to three ways, and in which.
pub fn damaged(bytes: &[u8], donor: &[u8], dice: &mut Dice) -> (Vec<u8>, String) {
    let (mut out, mut what) = (bytes.to_vec(), Vec::new());
    for _ in 0..=dice.below(3).min(dice.below(3)) {
        let (next, how) = once(&out, donor, dice);
        out = next;
        what.push(how);
    }
    (out, what.join(" + "))
}

fn once(bytes: &[u8], donor: &[u8], dice: &mut Dice) -> (Vec<u8>, String) {
    if bytes.starts_with(&[0x1f, 0x8b]) && dice.below(4) > 0 {
        let (inner, how) = plain(&gunzip(bytes), donor, dice);
        return (gzip(&inner), format!("inside gzip: {how}"));
    }
    plain(bytes, donor, dice)
}

fn plain(bytes: &[u8], donor: &[u8], dice: &mut Dice) -> (Vec<u8>, String) {
    let knows_form = dice.below(5) > 1;
    match elements::data_set(bytes) {
        Some((start, uid)) if knows_form && start <= bytes.len() && uid == "1.2.840.10008.1.2.1.99" => {
            deflated(bytes, start, dice)
        }
        Some(_) if knows_form => element(bytes, &elements::all(bytes), dice),
        None if knows_form && is_nifti(bytes) => field(bytes, dice),
        _ => anywhere(bytes, donor, dice),
    }
}

/// Damage that knows nothing of the form, half of it near the start, where headers are.
fn anywhere(bytes: &[u8], donor: &[u8], dice: &mut Dice) -> (Vec<u8>, String) {
    let mut out = bytes.to_vec();
    let near = if dice.below(2) == 0 { 2048.min(out.len()) } else { out.len() };
    let at = dice.below(near);
    let longest = [4, 64, 4096][dice.below(3)];
    let len = dice.below(longest).min(out.len() - at);
    let span = at..at + len;
    let how = match dice.below(8) {
        0 => {
            (0..=dice.below(8)).for_each(|_| flip(&mut out, near, dice));
            "bits flipped"
        }
        1 | 2 => {
            (0..=dice.below(8)).for_each(|_| overwrite(&mut out, near, dice));
            "bytes overwritten"
        }
        3 => {
            out.truncate(dice.below(bytes.len()));
            "truncated"
        }
        4 => {
            out.splice(at..at, bytes[span].to_vec());
            "span doubled"
        }
        5 => {
            out.drain(span);
            "span removed"
        }
        6 => {
            out[span].fill(0);
            "span zeroed"
        }
        _ => {
            let from = dice.below(donor.len());
            out.splice(span, donor[from..].iter().take(len).copied());
            "span of another file"
        }
    };
    (out, format!("{how} at {at}, {len} bytes"))
}

fn flip(out: &mut [u8], near: usize, dice: &mut Dice) {
    if !out.is_empty() {
        out[dice.below(near)] ^= 1 << dice.below(8);
    }
}

fn overwrite(out: &mut [u8], near: usize, dice: &mut Dice) {
    if !out.is_empty() {
        out[dice.below(near)] = [0, 0xff, 0x7f, 0x80, dice.below(256) as u8][dice.below(5)];
    }
}

fn is_nifti(bytes: &[u8]) -> bool {
    let size = bytes.first_chunk().map(|b| [u32::from_le_bytes(*b), u32::from_be_bytes(*b)]);
    size.is_some_and(|sizes| sizes.iter().any(|n| [348, 540].contains(n)))
}

/// The fields of NIfTI-1 and of NIfTI-2 (`nifti1.h`, `nifti2.h`): first byte, bytes of a number, how many there are,
/// whether they have a fraction.
const FIELDS_1: &[(usize, usize, usize, bool)] = &[
    (0, 4, 1, false),
    (40, 2, 8, false),
    (70, 2, 2, false),
    (76, 4, 8, true),
    (108, 4, 3, true),
    (123, 1, 1, false),
    (252, 2, 2, false),
    (256, 4, 18, true),
    (344, 4, 1, false),
];
const FIELDS_2: &[(usize, usize, usize, bool)] = &[
    (0, 4, 1, false),
    (12, 2, 2, false),
    (16, 8, 8, false),
    (104, 8, 8, true),
    (168, 8, 1, false),
    (176, 8, 2, true),
    (344, 4, 2, false),
    (352, 8, 18, true),
    (500, 4, 1, false),
];

/// One number of a NIfTI header replaced, in its own byte order.
fn field(bytes: &[u8], dice: &mut Dice) -> (Vec<u8>, String) {
    let [little, big] =
        [u32::from_le_bytes, u32::from_be_bytes].map(|read| read([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let fields = if little == 540 || big == 540 { FIELDS_2 } else { FIELDS_1 };
    let (first, size, count, fraction) = fields[dice.below(fields.len())];
    let at = first + size * dice.below(count);
    let whole = NUMBERS[dice.below(NUMBERS.len())];
    let float = FLOATS[dice.below(FLOATS.len())];
    let mut number: Vec<u8> = match (fraction, size) {
        (true, 4) => (float as f32).to_le_bytes().to_vec(),
        (true, _) => float.to_le_bytes().to_vec(),
        // Of eight bytes the upper ones too, so that sizes overflow.
        (false, 8) => ((u64::from(whole)) << [0, 0, 16, 31, 32][dice.below(5)]).to_le_bytes().to_vec(),
        (false, _) => whole.to_le_bytes()[..size].to_vec(),
    };
    if big == 348 || big == 540 {
        number.reverse();
    }
    let mut out = bytes.to_vec();
    // Of a header that an earlier mutation has cut, what is still there.
    out.iter_mut().skip(at).zip(&number).for_each(|(byte, new)| *byte = *new);
    (out, format!("field at {at} set to {}", if fraction { float.to_string() } else { whole.to_string() }))
}

/// One element changed and the file else whole.
fn element(bytes: &[u8], elements: &[Element], dice: &mut Dice) -> (Vec<u8>, String) {
    let important: Vec<&Element> = elements.iter().filter(|e| IMPORTANT.contains(&e.tag.0)).collect();
    let picked = match (important.len(), elements.len()) {
        (_, 0) => return (bytes[..dice.below(bytes.len())].to_vec(), "truncated".into()),
        (n, _) if n > 0 && dice.below(4) > 0 => important[dice.below(n)],
        (_, n) => &elements[dice.below(n)],
    };
    let (out, how) = change(bytes, picked, dice);
    (out, format!("({:04x},{:04x}) at {} {how}", picked.tag.0, picked.tag.1, picked.start))
}

fn change(bytes: &[u8], picked: &Element, dice: &mut Dice) -> (Vec<u8>, String) {
    match dice.below(8) {
        0 => {
            let len = NUMBERS[dice.below(NUMBERS.len())];
            (picked.with_length(bytes, len), format!("with length {len}"))
        }
        1 => (picked.removed(bytes), "removed".into()),
        2 => (picked.doubled(bytes), "doubled".into()),
        3 if picked.vr != *b"--" => {
            let mut out = bytes.to_vec();
            let vr = [b"DS", b"US", b"SQ", b"UN", b"OB", b"FD", b"IS", b"AT"][dice.below(8)];
            out[picked.start + 4..picked.start + 6].copy_from_slice(vr);
            (out, format!("with VR {}", String::from_utf8_lossy(vr)))
        }
        _ => another_value(bytes, picked, dice),
    }
}

fn another_value(bytes: &[u8], picked: &Element, dice: &mut Dice) -> (Vec<u8>, String) {
    let old = &bytes[picked.value.clone()];
    let is_number = matches!(&picked.vr, b"US" | b"SS" | b"UL" | b"SL" | b"AT") || old.len() == 2;
    if is_number {
        let value = NUMBERS[dice.below(NUMBERS.len())];
        let mut number = value.to_le_bytes()[..old.len().min(4)].to_vec();
        if picked.big_endian {
            number.reverse();
        }
        return (picked.with_value(bytes, &number), format!("set to {value}"));
    }
    let text = TEXTS[dice.below(TEXTS.len())];
    let mut parts: Vec<&[u8]> = old.split(|b| *b == b'\\').collect();
    // One of several values, or all of them.
    if parts.len() > 1 && dice.below(2) == 0 {
        let k = dice.below(parts.len());
        parts[k] = text.as_bytes();
        return (picked.with_value(bytes, &parts.join(&b'\\')), format!("value {k} set to {text:?}"));
    }
    (picked.with_value(bytes, text.as_bytes()), format!("set to {text:?}"))
}

/// An element of a deflated data set, which is deflated again.
fn deflated(bytes: &[u8], start: usize, dice: &mut Dice) -> (Vec<u8>, String) {
    let mut body = Vec::new();
    // What cannot be inflated any more is damaged as far as it goes.
    let _ = flate2::read::DeflateDecoder::new(&bytes[start..]).read_to_end(&mut body);
    let (body, how) = element(&body, &elements::of_data_set(&body, 0, false, false), dice);
    (deflate(bytes[..start].to_vec(), &body), format!("inside deflate: {how}"))
}

/// `before`, then `body` deflated.
pub fn deflate(before: Vec<u8>, body: &[u8]) -> Vec<u8> {
    let mut stream = flate2::write::DeflateEncoder::new(before, flate2::Compression::fast());
    stream.write_all(body).and_then(|()| stream.finish()).expect("memory takes what is written")
}

/// One gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut stream = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    stream.write_all(bytes).and_then(|()| stream.finish()).expect("memory takes what is written")
}

/// What gzip members hold, as far as they can be inflated.
pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = flate2::read::MultiGzDecoder::new(bytes).take(64 << 20).read_to_end(&mut out);
    out
}
