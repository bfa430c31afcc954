//! What tests of several formats share.

use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_object::mem::InMemElement;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use std::path::{Path, PathBuf};

/// A folder that goes away with the test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// A folder of the shared test data; says so where it is absent.
pub fn test_data(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("OSTEON_TEST_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let folder = root.join(part);
    if !folder.exists() {
        println!("skipped: no test data");
        return None;
    }
    Some(folder)
}

/// The 540 bytes of a NIfTI-2 header that says what the NIfTI-1 header `v1` (little endian, mm) says.
pub fn version_2(v1: &[u8], big: bool, name: &[u8; 3], offset: i64) -> Vec<u8> {
    let mut h = vec![0; 540];
    let mut put = |at: usize, little: &[u8]| {
        h[at..at + little.len()].copy_from_slice(little);
        if big {
            h[at..at + little.len()].reverse();
        }
    };
    let i16_at = |at: usize| i16::from_le_bytes([v1[at], v1[at + 1]]);
    let f64_at = |at: usize| f64::from(f32::from_le_bytes(v1[at..at + 4].try_into().unwrap()));
    put(0, &540_i32.to_le_bytes());
    put(12, &v1[70..72]);
    put(14, &v1[72..74]);
    (0..8).for_each(|i| put(16 + 8 * i, &i64::from(i16_at(40 + 2 * i)).to_le_bytes()));
    put(168, &offset.to_le_bytes());
    put(344, &i32::from(i16_at(252)).to_le_bytes());
    put(348, &i32::from(i16_at(254)).to_le_bytes());
    put(500, &2_i32.to_le_bytes());
    // pixdim, slope and intercept, quaternion with its origin, rows of the sform
    for (to, from, count) in [(104, 76, 8), (176, 112, 2), (352, 256, 6), (400, 280, 12)] {
        (0..count).for_each(|i| put(to + 8 * i, &f64_at(from + 4 * i).to_le_bytes()));
    }
    h[4..7].copy_from_slice(name);
    h[7..12].copy_from_slice(b"\0\r\n\x1a\n");
    h
}

/// A repeatable stream of numbers (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    /// One to four bytes changed, and one time in four an end cut off.
    pub fn mutate(&mut self, bytes: &[u8], head: usize) -> Vec<u8> {
        let mut out = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(head.min(out.len()));
            out[at] = [0, 0xff, 0x7f, 0x80, self.below(256) as u8][self.below(5)];
        }
        if self.below(4) == 0 {
            out.truncate(self.below(out.len()));
        }
        out
    }
}

/// A text element.
pub fn text(tag: Tag, vr: VR, value: &str) -> InMemElement {
    DataElement::new(tag, vr, PrimitiveValue::from(value))
}

/// A number of 16 bits.
pub fn number(tag: Tag, value: u16) -> InMemElement {
    DataElement::new(tag, VR::US, PrimitiveValue::from(value))
}

/// A sequence of items.
pub fn nested(tag: Tag, items: Vec<InMemDicomObject>) -> InMemElement {
    DataElement::new(tag, VR::SQ, DataSetSequence::from(items))
}

/// A data set, or an item.
pub fn item(elements: Vec<InMemElement>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

/// The bytes of a DICOM file, explicit little endian.
pub fn dicom_file(elements: Vec<InMemElement>) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax("1.2.840.10008.1.2.1")
        .media_storage_sop_class_uid("2.25.9")
        .media_storage_sop_instance_uid("2.25.1");
    let mut bytes = Vec::new();
    item(elements).with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}
