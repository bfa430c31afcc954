//! Files of frames: length, checksum, payload. Appended to by one attempt, read by all; a torn tail is not there.

use crate::io::disk::{Disk, Handle};
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

const MAGIC: &[u8; 8] = b"osteon1\n";
const HEAD: usize = 8;

/// Where a payload lies in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte of the payload.
    pub offset: u64,
    /// Its length.
    pub len: u32,
}

/// A file of frames that belongs to this attempt alone.
pub struct Segment {
    // Gone after the first error: what follows a torn frame would never be read.
    file: Option<Box<dyn Handle>>,
    end: u64,
}

impl Segment {
    /// Starts a file.
    ///
    /// # Errors
    /// `AlreadyExists` if another attempt has it; of the storage.
    pub fn create(disk: &dyn Disk, path: &Path) -> io::Result<Self> {
        let mut file = disk.create_new(path)?;
        file.write(MAGIC)?;
        file.sync()?;
        Ok(Self { file: Some(file), end: MAGIC.len() as u64 })
    }

    /// Appends a payload and returns once it will survive a power loss.
    ///
    /// # Errors
    /// Of the storage; nothing can be appended afterwards.
    pub fn append(&mut self, payload: &[u8]) -> io::Result<Span> {
        let mut file = self.file.take().ok_or_else(|| io::Error::other("an earlier record could not be written"))?;
        let len = u32::try_from(payload.len()).map_err(|_| ErrorKind::FileTooLarge)?;
        file.write(&[&head(len, payload), payload].concat())?;
        file.sync()?;
        self.file = Some(file);
        let span = Span { offset: self.end + HEAD as u64, len };
        self.end = span.offset + u64::from(len);
        Ok(span)
    }
}

/// Length and checksum; the checksum covers the length, so that a run of zeros is no frame.
fn head(len: u32, payload: &[u8]) -> [u8; HEAD] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&len.to_le_bytes());
    crc.update(payload);
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&len.to_le_bytes());
    head[4..].copy_from_slice(&crc.finalize().to_le_bytes());
    head
}

/// Walks the payloads of a file up to the first that is torn or damaged.
///
/// # Errors
/// Of the storage.
pub fn scan(disk: &dyn Disk, path: &Path, mut each: impl FnMut(Span, &[u8])) -> io::Result<()> {
    let (file, len) = disk.open(path)?;
    let mut file = BufReader::with_capacity(1 << 16, file);
    let mut at = MAGIC.len() as u64;
    let mut magic = [0; MAGIC.len()];
    if !filled(&mut file, &mut magic)? || &magic != MAGIC {
        return Ok(());
    }
    while let Some(payload) = next(&mut file, len.saturating_sub(at))? {
        let span = Span { offset: at + HEAD as u64, len: payload.len() as u32 };
        each(span, &payload);
        at = span.offset + u64::from(span.len);
    }
    Ok(())
}

fn next(file: &mut impl Read, left: u64) -> io::Result<Option<Vec<u8>>> {
    let mut found = [0; HEAD];
    if left < HEAD as u64 || !filled(file, &mut found)? {
        return Ok(None);
    }
    let len = u32::from_le_bytes([found[0], found[1], found[2], found[3]]);
    if u64::from(len) > left - HEAD as u64 {
        return Ok(None);
    }
    let mut payload = vec![0; len as usize];
    Ok((filled(file, &mut payload)? && head(len, &payload) == found).then_some(payload))
}

fn filled(file: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(into) {
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        done => done.map(|()| true),
    }
}

/// Reads one payload again.
///
/// # Errors
/// Of the storage; `InvalidData` if it has changed since it was walked.
pub fn read(disk: &dyn Disk, path: &Path, span: Span) -> io::Result<Vec<u8>> {
    let mut frame = disk.read_at(path, span.offset - HEAD as u64, HEAD + span.len as usize)?;
    let payload = frame.split_off(HEAD);
    if head(span.len, &payload)[..] == frame[..] { Ok(payload) } else { Err(ErrorKind::InvalidData.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::disk::memory::MemoryDisk;
    use proptest::prelude::*;

    fn written(payloads: &[Vec<u8>]) -> (Vec<u8>, Vec<Span>) {
        let (disk, path) = (MemoryDisk::default(), Path::new("s"));
        let mut segment = Segment::create(&disk, path).unwrap();
        let spans: Vec<Span> = payloads.iter().map(|p| segment.append(p).unwrap()).collect();
        for (span, payload) in spans.iter().zip(payloads) {
            assert_eq!(&read(&disk, path, *span).unwrap(), payload);
        }
        (disk.files()[path].clone(), spans)
    }

    fn walked(bytes: &[u8]) -> Vec<(Span, Vec<u8>)> {
        let (disk, path) = (MemoryDisk::default(), Path::new("s"));
        disk.create_new(path).unwrap().write(bytes).unwrap();
        let mut found = Vec::new();
        scan(&disk, path, |span, payload| found.push((span, payload.to_vec()))).unwrap();
        found
    }

    fn some_payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(payloads in some_payloads()) {
            let (bytes, spans) = written(&payloads);
            prop_assert_eq!(walked(&bytes), spans.into_iter().zip(payloads).collect::<Vec<_>>());
        }

        #[test]
        fn a_torn_file_holds_its_whole_frames(payloads in some_payloads(), cut: prop::sample::Index, tail in ".{0,20}") {
            let (bytes, spans) = written(&payloads);
            let cut = cut.index(bytes.len() + 1);
            let whole = spans.iter().filter(|s| s.offset + u64::from(s.len) <= cut as u64).count();
            prop_assert_eq!(walked(&bytes[..cut]).len(), whole);
            let zeroed = [&bytes[..cut], &[0; 64]].concat();
            prop_assert!(walked(&zeroed).len() >= whole);
            let garbled = [&bytes[..cut], tail.as_bytes()].concat();
            prop_assert!(walked(&garbled).iter().zip(&payloads).all(|(found, payload)| &found.1 == payload));
        }

        #[test]
        fn a_changed_byte_ends_the_file_there(payloads in some_payloads(), at: prop::sample::Index, flip in 1_u8..) {
            let (mut bytes, _) = written(&payloads);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let found = walked(&bytes);
            prop_assert!(found.len() < payloads.len() || payloads.is_empty());
            prop_assert!(found.iter().zip(&payloads).all(|(f, payload)| &f.1 == payload));
        }
    }

    #[test]
    fn nothing_follows_a_frame_that_could_not_be_written() {
        use crate::io::disk::memory::Trouble;
        let disk = MemoryDisk::with(Trouble::Fail(3, ErrorKind::StorageFull));
        let mut segment = Segment::create(&disk, Path::new("s")).unwrap();
        assert_eq!(segment.append(b"one").unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(segment.append(b"two").unwrap_err().kind(), ErrorKind::Other);
    }
}
