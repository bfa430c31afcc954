//! Content keys: a record holds as long as its patient's rows, input files and number-changing settings are the same.

use super::study::{Patient, Row, Study};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Format of records; a change of it makes all earlier records void.
const FORMAT: &str = "osteon-record-1";

/// Hash over everything that can change a patient's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub [u8; 32]);

/// A patient's key and the size of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inputs {
    /// The key.
    pub key: Key,
    /// Size of the image and structure files, bytes.
    pub bytes: u64,
}

/// The key of a patient under `settings`, the canonical text of every value that can change a number.
///
/// A file is known by its size and modification time, a folder by its sorted listing; nothing is read.
pub fn of(study: &Study, patient: &Patient, settings: &str) -> Inputs {
    let mut hash = Hash::default();
    for text in [FORMAT, env!("CARGO_PKG_VERSION"), settings, &patient.name] {
        hash.field(text.as_bytes());
    }
    for &row in &patient.rows {
        let row = &study.rows[row];
        hash.field(&row.digest);
        for path in inputs(row) {
            hash.identity(&study.base.join(path));
        }
    }
    Inputs { key: Key(hash.hasher.finalize().into()), bytes: hash.bytes }
}

/// The files and folders that a row names, in order.
pub fn inputs(row: &Row) -> impl Iterator<Item = &PathBuf> {
    let image = row.image.iter().map(|i| &i.path);
    image.chain(row.structures.iter().map(|s| &s.file)).chain(&row.prompts)
}

#[derive(Default)]
struct Hash {
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Hash {
    fn field(&mut self, bytes: &[u8]) {
        self.hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }

    fn identity(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.folder(path),
            Ok(meta) => self.file(&meta),
            Err(_) => self.field(b"absent"),
        }
    }

    fn folder(&mut self, path: &Path) {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let mut listing: Vec<_> = entries.filter_map(|e| Some((e.file_name(), fs::metadata(e.path()).ok()?))).collect();
        listing.sort_by(|a, b| a.0.cmp(&b.0));
        self.field(b"folder");
        for (name, meta) in listing {
            self.field(name.as_encoded_bytes());
            self.file(&meta);
        }
    }

    fn file(&mut self, meta: &Metadata) {
        self.bytes += if meta.is_file() { meta.len() } else { 0 };
        self.field(format!("{} {} {}", meta.len(), meta.mtime(), meta.mtime_nsec()).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::study;

    fn key(dir: &Path, table: &str, settings: &str) -> Inputs {
        let text = format!("patient,timepoint,modality,image,structures,level\n{table}\n");
        let study = study::parse(text.as_bytes(), dir).unwrap();
        of(&study, study.patients.iter().find(|p| p.name == "a").unwrap(), settings)
    }

    #[test]
    fn a_key_changes_with_what_can_change_a_number_and_with_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        fs::create_dir(at.join("ct")).unwrap();
        fs::write(at.join("ct/1.dcm"), b"12").unwrap();
        fs::write(at.join("t.nii"), b"123").unwrap();
        let row = "a,pre,CT,ct,tumour=t.nii,";
        let first = key(at, row, "x = 1");
        assert_eq!(first.bytes, 5);
        assert_eq!(first, key(at, &format!("b,pre,CT,gone,,\n{row}"), "x = 1"), "another patient before it");
        assert_ne!(first, key(at, row, "x = 2"), "a setting");
        assert_ne!(first, key(at, "a,pre,CT,ct,tumour=t.nii,T4", "x = 1"), "a cell");
        assert_ne!(first, key(at, &format!("{row}\na,post,CT,ct,tumour=t.nii,"), "x = 1"), "one more exam");
        fs::write(at.join("ct/2.dcm"), b"").unwrap();
        let second = key(at, row, "x = 1");
        assert_ne!(first.key, second.key, "a file in the folder");
        fs::File::options().write(true).open(at.join("t.nii")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_ne!(second.key, key(at, row, "x = 1").key, "a corrected file of the same size");
    }
}
