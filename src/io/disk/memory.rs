//! Storage in memory for tests: it logs every change, fails at a chosen call, loses its power at any call, and knows
//! what would survive.

use super::{Disk, Handle};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a power loss leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// All of it: only the process was killed.
    Nothing,
    /// None of it: neither bytes nor names.
    Dropped,
    /// The names, and half of the bytes.
    Torn,
    /// The names and the lengths; the bytes are zero.
    Zeroed,
}

/// What goes wrong, and at which call (from 0) that changes the storage.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// This call alone fails, a write after half of its bytes.
    Fail(usize, ErrorKind),
    /// From this call on nothing happens any more.
    PowerLoss(usize),
}

#[derive(Default)]
struct Inode {
    bytes: Vec<u8>,
    synced: usize,
    writers: usize,
}

#[derive(Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    dirs: BTreeSet<PathBuf>,
    log: Vec<String>,
    trouble: Option<Trouble>,
}

/// Storage in memory; clones share it.
#[derive(Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<State>>);

impl MemoryDisk {
    /// Empty storage with something about to go wrong.
    pub fn with(trouble: Trouble) -> Self {
        Self::default().and_then(trouble)
    }

    /// The same storage with something about to go wrong.
    pub fn and_then(self, trouble: Trouble) -> Self {
        self.state().trouble = Some(trouble);
        self
    }

    /// Every call that changed the storage or tried to, in order: what it did, and to which file name.
    pub fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// The files that are there, by path.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.state();
        state.names.iter().map(|(path, &i)| (path.clone(), state.inodes[i].bytes.clone())).collect()
    }

    /// The storage as the next process finds it.
    pub fn after(&self, loss: Loss) -> Self {
        let state = self.state();
        let names = if loss == Loss::Dropped { &state.synced_names } else { &state.names };
        let mut next = State { dirs: state.dirs.clone(), ..State::default() };
        for (path, &i) in names {
            next.names.insert(path.clone(), next.inodes.len());
            let bytes = surviving(&state.inodes[i], loss);
            next.inodes.push(Inode { synced: bytes.len(), bytes, writers: 0 });
        }
        next.synced_names = next.names.clone();
        Self(Arc::new(Mutex::new(next)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn surviving(inode: &Inode, loss: Loss) -> Vec<u8> {
    let (synced, rest) = inode.bytes.split_at(inode.synced);
    let kept = match loss {
        Loss::Nothing => rest.to_vec(),
        Loss::Dropped => Vec::new(),
        Loss::Torn => rest[..rest.len() / 2].to_vec(),
        Loss::Zeroed => vec![0; rest.len()],
    };
    [synced, &kept].concat()
}

impl State {
    /// Logs a call and says whether it may happen.
    fn call(&mut self, what: &str, path: &Path) -> io::Result<()> {
        let number = self.log.len();
        self.log.push(format!("{what} {}", path.file_name().unwrap_or_default().to_string_lossy()));
        match self.trouble {
            Some(Trouble::Fail(at, kind)) if number == at => Err(kind.into()),
            Some(Trouble::PowerLoss(at)) if number >= at => Err(io::Error::other("the power is off")),
            _ => Ok(()),
        }
    }

    fn inode(&self, path: &Path) -> io::Result<&Inode> {
        self.names.get(path).map(|&i| &self.inodes[i]).ok_or_else(|| ErrorKind::NotFound.into())
    }
}

struct Writer {
    disk: MemoryDisk,
    inode: usize,
    path: PathBuf,
}

impl Handle for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let allowed = state.call("write", &self.path);
        let off = matches!(state.trouble, Some(Trouble::PowerLoss(_)));
        let written = match allowed {
            Ok(()) => bytes,
            Err(_) if off => &[],
            Err(_) => &bytes[..bytes.len() / 2],
        };
        state.inodes[self.inode].bytes.extend_from_slice(written);
        allowed
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.call("sync", &self.path)?;
        let inode = &mut state.inodes[self.inode];
        inode.synced = inode.bytes.len();
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.disk.state().inodes[self.inode].writers -= 1;
    }
}

impl Disk for MemoryDisk {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        if !state.dirs.contains(dir) {
            state.call("mkdir", dir)?;
            state.dirs.extend(dir.ancestors().map(Path::to_path_buf));
        }
        Ok(())
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn Handle>> {
        let mut state = self.state();
        if state.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        state.call("create", path)?;
        let inode = state.inodes.len();
        state.inodes.push(Inode { writers: 1, ..Inode::default() });
        state.names.insert(path.to_path_buf(), inode);
        Ok(Box::new(Writer { disk: self.clone(), inode, path: path.to_path_buf() }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.call("rename", to)?;
        let inode = state.names.remove(from).ok_or(ErrorKind::NotFound)?;
        state.names.insert(to.to_path_buf(), inode);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.call("remove", path)?;
        state.names.remove(path).map(|_| ()).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.call("sync_dir", dir)?;
        let inside = |path: &PathBuf| path.parent() == Some(dir);
        let there: Vec<_> =
            state.names.iter().filter(|(p, _)| inside(p)).map(|(p, &inode)| (p.clone(), inode)).collect();
        state.synced_names.retain(|p, _| !inside(p));
        state.synced_names.extend(there);
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        let inside = state.names.keys().filter(|p| p.parent() == Some(dir));
        Ok(inside.filter_map(|p| Some(p.file_name()?.to_string_lossy().into_owned())).collect())
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Read>, u64)> {
        let bytes = self.state().inode(path)?.bytes.clone();
        let len = bytes.len() as u64;
        Ok((Box::new(Cursor::new(bytes)), len))
    }

    fn read_at(&self, path: &Path, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let state = self.state();
        let from = offset as usize;
        let part = state.inode(path)?.bytes.get(from..from + len);
        part.map(<[u8]>::to_vec).ok_or_else(|| ErrorKind::UnexpectedEof.into())
    }

    fn held(&self, path: &Path) -> bool {
        self.state().inode(path).is_ok_and(|inode| inode.writers > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> PathBuf {
        PathBuf::from("out/x")
    }

    #[test]
    fn what_was_not_synced_is_lost_in_three_ways() {
        let disk = MemoryDisk::default();
        let mut file = disk.create_new(&name()).unwrap();
        file.write(b"abcd").unwrap();
        file.sync().unwrap();
        assert!(disk.after(Loss::Dropped).files().is_empty(), "the name was never synced");
        disk.sync_dir(Path::new("out")).unwrap();
        file.write(b"efgh").unwrap();
        let left = |loss| disk.after(loss).files()[&name()].clone();
        assert_eq!(left(Loss::Nothing), b"abcdefgh");
        assert_eq!(left(Loss::Dropped), b"abcd");
        assert_eq!(left(Loss::Torn), b"abcdef");
        assert_eq!(left(Loss::Zeroed), b"abcd\0\0\0\0");
    }

    #[test]
    fn a_replacement_is_old_or_new_at_every_cut() {
        let calls = 5;
        for cut in 0..=calls {
            let disk = MemoryDisk::default();
            disk.write_atomic(&name(), b"old").unwrap();
            assert_eq!(disk.log().len(), calls);
            let disk = disk.and_then(Trouble::PowerLoss(calls + cut));
            assert_eq!(disk.write_atomic(&name(), b"new").is_ok(), cut == calls);
            for loss in [Loss::Nothing, Loss::Dropped, Loss::Torn, Loss::Zeroed] {
                let found = disk.after(loss).files()[&name()].clone();
                assert!(found == b"old" || found == b"new", "{cut} {loss:?} {found:?}");
                assert!(cut < calls || found == b"new", "what was acknowledged survives");
            }
        }
    }

    #[test]
    fn a_failing_write_leaves_half() {
        let disk = MemoryDisk::with(Trouble::Fail(1, ErrorKind::StorageFull));
        let mut file = disk.create_new(&name()).unwrap();
        assert_eq!(file.write(b"abcd").unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(disk.files()[&name()], b"ab");
    }
}
