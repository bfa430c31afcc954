//! The one interface through which anything is written.

use std::io;
use std::path::Path;

/// Storage for results.
pub trait Disk: Send + Sync {
    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// Of the storage.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// Replaces a file in one step.
    ///
    /// # Errors
    /// Of the storage.
    fn write_atomic(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
}

/// The machine's file systems.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        std::fs::create_dir_all(dir)
    }

    fn write_atomic(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let aside = path.with_extension("tmp");
        std::fs::write(&aside, bytes)?;
        std::fs::rename(aside, path)
    }
}
