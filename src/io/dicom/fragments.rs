//! Encapsulated pixel data: items of bytes, and which of them make up which frame.

use crate::io::fault::{BAD_DICOM, Fault, TRUNCATED_FILE};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// The tag that starts an item, and the one that ends them all.
const ITEM: [u8; 4] = [0xfe, 0xff, 0x00, 0xe0];
const END: [u8; 4] = [0xfe, 0xff, 0xdd, 0xe0];

/// Tag and length before the bytes of an item.
const HEADER: u64 = 8;

/// A piece of a file: first byte and length.
pub type Piece = (u64, u64);

/// The pieces of each of `frames` frames of the pixel data that starts at `offset`; its lengths are held against `end`.
///
/// # Errors
/// Storage trouble, items that are none or run past the end, and frames that cannot be told apart.
pub fn of(file: &File, offset: u64, end: u64, frames: usize) -> Result<Vec<Vec<Piece>>, Fault> {
    let mut items = items(file, offset, end)?;
    if items.is_empty() {
        return Err(unclear());
    }
    let table = items.remove(0);
    let pieces = items;
    match frames {
        1 => Ok(vec![pieces]),
        n if n == pieces.len() => Ok(pieces.into_iter().map(|piece| vec![piece]).collect()),
        n if table.1 == 4 * n as u64 => by_table(&offsets(file, table)?, pieces),
        _ => Err(unclear()),
    }
}

fn unclear() -> Fault {
    Fault::of(BAD_DICOM, "compressed frames cannot be told apart")
}

/// All items, the table of offsets first.
fn items(file: &File, offset: u64, end: u64) -> Result<Vec<Piece>, Fault> {
    let mut reader = BufReader::with_capacity(64, file);
    let (mut at, mut found) = (offset, Vec::new());
    reader.seek(SeekFrom::Start(at)).map_err(|e| Fault::from_io(&e))?;
    while at + HEADER <= end {
        let mut header = [0; HEADER as usize];
        reader.read_exact(&mut header).map_err(|e| Fault::from_io(&e))?;
        let (tag, len) = header.split_at(4);
        let len = u64::from(u32::from_le_bytes(len.try_into().expect("four of eight bytes")));
        if tag == END {
            break;
        }
        if tag != ITEM {
            return Err(Fault::of(BAD_DICOM, "compressed pixels are not a sequence of items"));
        }
        at += HEADER;
        if at + len > end {
            return Err(Fault::of(
                TRUNCATED_FILE,
                format!("{len} bytes of pixels are promised, {} are there", end - at),
            ));
        }
        found.push((at, len));
        at += len;
        reader.seek_relative(len as i64).map_err(|e| Fault::from_io(&e))?;
    }
    Ok(found)
}

/// The basic offset table: where each frame's first item starts, counted from the first item after the table.
fn offsets(file: &File, table: Piece) -> Result<Vec<u64>, Fault> {
    let bytes = read(file, &[table])?;
    Ok(bytes.chunks_exact(4).map(|b| u64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect())
}

fn by_table(offsets: &[u64], pieces: Vec<Piece>) -> Result<Vec<Vec<Piece>>, Fault> {
    let first = pieces.first().ok_or_else(unclear)?.0;
    let mut frames = vec![Vec::new(); offsets.len()];
    for piece in pieces {
        let frame = offsets.partition_point(|o| first + o <= piece.0);
        frames.get_mut(frame.wrapping_sub(1)).ok_or_else(unclear)?.push(piece);
    }
    let whole = offsets.is_sorted() && frames.iter().all(|f| !f.is_empty());
    whole.then_some(frames).ok_or_else(unclear)
}

/// The bytes of pieces, one after the other; their lengths have been held against the file.
///
/// # Errors
/// Storage trouble, a file that has shrunk, no memory.
pub fn read(mut file: &File, pieces: &[Piece]) -> Result<Vec<u8>, Fault> {
    let total = pieces.iter().map(|p| p.1).sum::<u64>();
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(total as usize).map_err(|_| Fault::no_memory(total))?;
    for (offset, len) in pieces {
        file.seek(SeekFrom::Start(*offset)).map_err(|e| Fault::from_io(&e))?;
        let got = file.take(*len).read_to_end(&mut bytes).map_err(|e| Fault::from_io(&e))?;
        if (got as u64) < *len {
            return Err(Fault::of(TRUNCATED_FILE, "it has shrunk"));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::image_tests_support::Folder;

    fn item(bytes: &[u8]) -> Vec<u8> {
        [&ITEM[..], &(bytes.len() as u32).to_le_bytes(), bytes].concat()
    }

    fn frames(n: usize, items: &[&[u8]]) -> Result<Vec<Vec<u8>>, &'static str> {
        let bytes: Vec<u8> = items.iter().flat_map(|b| item(b)).chain([END, [0; 4]].concat()).collect();
        let path = Folder::new();
        let file = File::open(path.file("x", &bytes)).unwrap();
        let found = of(&file, 0, bytes.len() as u64, n).map_err(|f| f.kind.code)?;
        Ok(found.iter().map(|pieces| read(&file, pieces).unwrap()).collect())
    }

    #[test]
    fn frames_are_told_apart_by_count_or_by_table() {
        assert_eq!(frames(1, &[b"", b"ab", b"cd"]).unwrap(), [b"abcd"]);
        assert_eq!(frames(2, &[b"", b"ab", b"cd"]).unwrap(), [b"ab", b"cd"]);
        let table = [0_u32, 20].map(u32::to_le_bytes).concat();
        assert_eq!(frames(2, &[&table, b"ab", b"cd", b"ef"]).unwrap(), [&b"abcd"[..], b"ef"]);
        assert_eq!(frames(2, &[b"", b"ab", b"cd", b"ef"]), Err("bad_dicom"));
        let wild = [9_u32, 20].map(u32::to_le_bytes).concat();
        assert_eq!(frames(2, &[&wild, b"ab", b"cd", b"ef"]), Err("bad_dicom"));
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        let mut bytes = [item(b""), item(b"abcd")].concat();
        bytes[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        let dir = Folder::new();
        let file = File::open(dir.file("x", &bytes)).unwrap();
        assert_eq!(of(&file, 0, bytes.len() as u64, 1).unwrap_err().kind.code, "truncated_file");
    }
}
