//! The elements of a DICOM file, found by a walk of its own, so that one of them can be changed and the rest stays whole.

use std::ops::Range;

/// Sequences nest no deeper than this in any file that is damaged here.
const MAX_DEPTH: usize = 16;

const UNDEFINED: usize = u32::MAX as usize;

/// How the elements of a file are written.
#[derive(Clone, Copy)]
struct Syntax {
    explicit: bool,
    big_endian: bool,
}

/// One element, or an item of a sequence.
#[derive(Clone)]
pub struct Element {
    /// Group and element.
    pub tag: (u16, u16),
    /// As the file says it; `--` where it says none.
    pub vr: [u8; 2],
    /// Its first byte.
    pub start: usize,
    /// Where its length stands.
    pub length: Range<usize>,
    /// Its value.
    pub value: Range<usize>,
    /// Where the lengths of the sequences and items around it stand.
    around: Vec<usize>,
    /// Whether its numbers are written highest byte first.
    pub big_endian: bool,
}

/// Where the data set after the meta group starts, and the transfer syntax; `None` for what is no DICOM file.
pub fn data_set(bytes: &[u8]) -> Option<(usize, String)> {
    if bytes.get(128..132) != Some(b"DICM") {
        return None;
    }
    let meta = Syntax { explicit: true, big_endian: false };
    let (mut at, mut uid) = (132, String::new());
    while bytes.get(at..at + 2) == Some(&[2, 0]) {
        let element = header(bytes, at, meta)?;
        if element.tag == (2, 0x10) {
            uid = String::from_utf8_lossy(bytes.get(element.value.clone())?).trim_end_matches('\0').to_owned();
        }
        at = element.value.end;
    }
    Some((at, uid))
}

/// All elements after the meta group, those of sequences among them, as far as they can be followed.
pub fn all(bytes: &[u8]) -> Vec<Element> {
    let Some((start, uid)) = data_set(bytes) else { return Vec::new() };
    of_data_set(bytes, start, uid == "1.2.840.10008.1.2", uid == "1.2.840.10008.1.2.2")
}

/// All elements from `start` on.
pub fn of_data_set(bytes: &[u8], start: usize, implicit: bool, big_endian: bool) -> Vec<Element> {
    let mut found = Vec::new();
    let syntax = Syntax { explicit: !implicit, big_endian };
    walk(bytes, start..bytes.len(), syntax, &[], &mut found);
    found
}

fn number(bytes: &[u8], big_endian: bool) -> usize {
    let fold = |all: usize, b: &u8| all << 8 | usize::from(*b);
    if big_endian { bytes.iter().fold(0, fold) } else { bytes.iter().rev().fold(0, fold) }
}

/// The element at `at`; its value may run past the end.
fn header(bytes: &[u8], at: usize, syntax: Syntax) -> Option<Element> {
    let word = |at: usize| Some(number(bytes.get(at..at + 2)?, syntax.big_endian) as u16);
    let tag = (word(at)?, word(at + 2)?);
    let vr = bytes.get(at + 4..at + 6)?;
    let (vr, length) = match vr {
        _ if tag.0 == 0xfffe || !syntax.explicit => (*b"--", at + 4..at + 8),
        b"OB" | b"OW" | b"OF" | b"OD" | b"OL" | b"OV" | b"SQ" | b"UC" | b"UN" | b"UR" | b"UT" | b"SV" | b"UV" => {
            ([vr[0], vr[1]], at + 8..at + 12)
        }
        _ => ([vr[0], vr[1]], at + 6..at + 8),
    };
    let len = number(bytes.get(length.clone())?, syntax.big_endian);
    let value = length.end..length.end + if len == UNDEFINED { 0 } else { len };
    Some(Element { tag, vr, start: at, length, value, around: Vec::new(), big_endian: syntax.big_endian })
}

/// Walks to the end of `within`, or to the delimiter that ends it, and says where it stopped.
fn walk(bytes: &[u8], within: Range<usize>, syntax: Syntax, around: &[usize], found: &mut Vec<Element>) -> usize {
    let mut at = within.start;
    while at + 8 <= within.end && around.len() < MAX_DEPTH {
        let Some(mut element) = header(bytes, at, syntax) else { return within.end };
        if matches!(element.tag, (0xfffe, 0xe00d | 0xe0dd)) {
            return at + 8;
        }
        element.around = around.to_vec();
        let undefined = number(&bytes[element.length.clone()], syntax.big_endian) == UNDEFINED;
        let (tag, value) = (element.tag, element.value.clone());
        let nests = tag == (0xfffe, 0xe000) && around.len() % 2 == 1 || element.vr == *b"SQ" || undefined;
        let inner = [around, &[if undefined { 0 } else { element.length.start }]].concat();
        if value.end > bytes.len() {
            return within.end;
        }
        found.push(element);
        at = match nests && tag != (0x7fe0, 0x10) {
            true => walk(bytes, value.start..if undefined { within.end } else { value.end }, syntax, &inner, found),
            false if undefined => return within.end,
            false => value.end,
        };
    }
    within.end
}

impl Element {
    /// The file with another value here; every length around it stays right.
    pub fn with_value(&self, bytes: &[u8], value: &[u8]) -> Vec<u8> {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(b' ');
        }
        let mut out = bytes.to_vec();
        let growth = value.len() as i64 - self.value.len() as i64;
        out.splice(self.value.clone(), value);
        self.resize(&mut out, self.length.clone(), growth);
        self.grow_around(&mut out, growth);
        out
    }

    /// The file without it.
    pub fn removed(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        out.drain(self.start..self.value.end);
        self.grow_around(&mut out, -((self.value.end - self.start) as i64));
        out
    }

    /// The file with it once more.
    pub fn doubled(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = bytes.to_vec();
        let own = bytes[self.start..self.value.end].to_vec();
        let growth = own.len() as i64;
        out.splice(self.start..self.start, own);
        self.grow_around(&mut out, growth);
        out
    }

    /// The file with another length written here, and nothing else changed.
    pub fn with_length(&self, bytes: &[u8], len: u32) -> Vec<u8> {
        let mut out = bytes.to_vec();
        write(&mut out[self.length.clone()], len, self.big_endian);
        out
    }

    fn grow_around(&self, out: &mut [u8], growth: i64) {
        self.around.iter().filter(|at| **at > 0).for_each(|at| self.resize(out, *at..*at + 4, growth));
    }

    fn resize(&self, out: &mut [u8], length: Range<usize>, growth: i64) {
        let len = number(&out[length.clone()], self.big_endian);
        if len != UNDEFINED {
            write(&mut out[length], (len as i64 + growth) as u32, self.big_endian);
        }
    }
}

/// The lowest bytes of a number, as many as there is room for.
fn write(out: &mut [u8], value: u32, big_endian: bool) {
    let n = out.len();
    match big_endian {
        true => out.copy_from_slice(&value.to_be_bytes()[4 - n..]),
        false => out.copy_from_slice(&value.to_le_bytes()[..n]),
    }
}
