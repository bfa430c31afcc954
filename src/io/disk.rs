//! The one interface through which anything is written, so that tests can cut the power at every call.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

pub mod memory;

/// A file being written. It is held (see [`Disk::held`]) until it is dropped.
pub trait Handle: Send {
    /// Appends all of `bytes`.
    ///
    /// # Errors
    /// Of the storage; part of the bytes may have been written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written so far survive a power loss.
    ///
    /// # Errors
    /// Of the storage; nothing is known of the bytes since the last success.
    fn sync(&mut self) -> io::Result<()>;
}

/// Storage for results.
pub trait Disk: Send + Sync {
    /// Makes a folder and those above it, durably.
    ///
    /// # Errors
    /// Of the storage.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// Makes a file that does not exist yet.
    ///
    /// # Errors
    /// `AlreadyExists` if it does; of the storage.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn Handle>>;

    /// Gives a file another name in one step, in place of any file of that name.
    ///
    /// # Errors
    /// Of the storage.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Of the storage.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder survive a power loss.
    ///
    /// # Errors
    /// Of the storage.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// The names of the files in a folder, sorted; none if there is no such folder.
    ///
    /// # Errors
    /// Of the storage.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Reads a file from its start, and gives its length.
    ///
    /// # Errors
    /// Of the storage.
    fn open(&self, path: &Path) -> io::Result<(Box<dyn Read>, u64)>;

    /// Reads `len` bytes from `offset` on.
    ///
    /// # Errors
    /// Of the storage; `UnexpectedEof` if the file is shorter.
    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>>;

    /// Whether a living process is writing the file. Where the storage cannot tell, it says yes.
    fn held(&self, path: &Path) -> bool;

    /// Replaces a file in one step: aside, written, synced, renamed. After a crash it is the old or the new one.
    ///
    /// # Errors
    /// Of the storage; the old file is then still there.
    fn write_atomic(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (aside, mut file) = create_aside(self, path)?;
        let written = file.write(bytes).and_then(|()| file.sync()).and_then(|()| self.rename(&aside, path));
        if written.is_err() {
            // The first error says what is wrong; what stays behind is swept by the next run.
            let _ = self.remove(&aside);
        }
        written?;
        self.sync_dir(parent(path))
    }
}

/// Whether a file name is one that [`Disk::write_atomic`] uses while it writes.
pub fn is_aside(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".tmp")
}

/// What is wrong with the output when it cannot be written, and what to do; without any path.
pub fn unwritable(error: &io::Error) -> String {
    let text = match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
            "a file stands where the output folder or one above it must be: name another folder with --out"
        }
        ErrorKind::IsADirectory => "a folder stands where an output file must be: name another folder with --out",
        ErrorKind::StorageFull => "no space is left for the output: make room",
        ErrorKind::QuotaExceeded => "the quota for the output is used up: make room or ask for more",
        ErrorKind::ReadOnlyFilesystem => "the output lies on a read-only file system: name another folder with --out",
        ErrorKind::PermissionDenied => {
            "the output folder may not be written: grant permission or name another folder with --out"
        }
        ErrorKind::InvalidFilename | ErrorKind::FileTooLarge => {
            "the file system of the output folder cannot hold the files: name another folder with --out"
        }
        _ => return format!("the storage of the output failed: {error}"),
    };
    text.to_owned()
}

fn create_aside<D: Disk + ?Sized>(disk: &D, path: &Path) -> io::Result<(PathBuf, Box<dyn Handle>)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or(ErrorKind::InvalidFilename)?.to_string_lossy();
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_file_name(format!(".{name}.{}-{count}.tmp", std::process::id()));
        match disk.create_new(&aside) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|file| (aside, file)),
        }
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The machine's file systems.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

impl Handle for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl Disk for LocalDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        if dir.as_os_str().is_empty() || dir.is_dir() {
            return Ok(());
        }
        self.create_dir_all(parent(dir))?;
        match fs::create_dir(dir) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists || !dir.is_dir() => Err(e),
            _ => self.sync_dir(parent(dir)),
        }
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn Handle>> {
        let file = OpenOptions::new().append(true).create_new(true).mode(0o644).open(path)?;
        // Some network storage has no locks; `held` then says yes and nothing is taken for abandoned.
        let _ = file.try_lock();
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(dir) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.sort();
        Ok(names)
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Read>, u64)> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok((Box::new(file), len))
    }

    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        File::open(path)?.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn held(&self, path: &Path) -> bool {
        match File::open(path) {
            Ok(file) => file.try_lock_shared().is_err(),
            Err(e) => e.kind() != ErrorKind::NotFound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_replaced_whole_and_leaves_nothing_aside() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        LocalDisk.create_dir_all(&deep).unwrap();
        LocalDisk.create_dir_all(&deep).unwrap();
        let file = deep.join("x.csv");
        LocalDisk.write_atomic(&file, b"one").unwrap();
        LocalDisk.write_atomic(&file, b"two").unwrap();
        assert_eq!(LocalDisk.read_at(&file, 1, 2).unwrap(), b"wo");
        assert_eq!(LocalDisk.list(&deep).unwrap(), ["x.csv"]);
        assert_eq!(LocalDisk.list(&deep.join("none")).unwrap(), Vec::<String>::new());
        let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & !0o644, 0, "readable by the group, never writable: {mode:o}");
        assert_ne!(mode & 0o400, 0);
    }

    #[test]
    fn a_file_is_held_while_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let mut handle = LocalDisk.create_new(&path).unwrap();
        handle.write(b"x").unwrap();
        handle.sync().unwrap();
        assert!(LocalDisk.held(&path));
        drop(handle);
        assert!(!LocalDisk.held(&path));
        assert_eq!(LocalDisk.create_new(&path).err().unwrap().kind(), ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_failed_replacement_keeps_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("x");
        fs::create_dir(&folder).unwrap();
        assert!(LocalDisk.write_atomic(&folder, b"new").is_err());
        assert_eq!(LocalDisk.list(dir.path()).unwrap(), Vec::<String>::new());
    }
}
