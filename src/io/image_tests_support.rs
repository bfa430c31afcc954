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
