//! gzip, bounded: what is inflated is what the header promised, to the end, with every checksum verified.

use super::fault::{BAD_CRC, BAD_GZIP, Fault, TRUNCATED_FILE};
use flate2::bufread::GzDecoder;
use flate2::read::MultiGzDecoder;
use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The first bytes of every gzip member.
pub const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A deflate stream cannot grow by more than this factor (a run of 258 bytes takes two bits).
const MAX_RATIO: u64 = 1032;

/// Bytes after the voxels that are still inflated and checked; more is a bomb.
const MAX_TRAILING: u64 = 64 << 20;

/// A thread keeps its buffers for the next file up to this many bytes.
const KEPT_BYTES: usize = 512 << 20;

/// The compressed and the inflated file, kept from one file to the next.
#[derive(Default)]
struct Scratch {
    packed: Vec<u8>,
    inflated: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Hands the first `want` inflated bytes of a gzip file to `use_bytes`, after all of the file has been checked.
///
/// # Errors
/// A file that is truncated, damaged, has a wrong checksum or inflates to far more than `want`.
pub fn with_file<R>(path: &Path, want: u64, use_bytes: impl FnOnce(&[u8]) -> Result<R, Fault>) -> Result<R, Fault> {
    SCRATCH.with_borrow_mut(|scratch| {
        read_whole(path, &mut scratch.packed)?;
        inflate(&scratch.packed, want, &mut scratch.inflated)?;
        let result = use_bytes(&scratch.inflated[..want as usize]);
        release(&mut scratch.packed);
        release(&mut scratch.inflated);
        result
    })
}

/// Inflates up to `want` bytes from the start of a gzip stream, for headers.
///
/// # Errors
/// A stream that is damaged before that; one that ends early gives fewer bytes.
pub fn head(file: impl Read, want: u64) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    MultiGzDecoder::new(file).take(want).read_to_end(&mut out).map_err(|e| gzip_fault(&e))?;
    Ok(out)
}

fn read_whole(path: &Path, out: &mut Vec<u8>) -> Result<(), Fault> {
    let mut file = File::open(path).map_err(|e| Fault::from_io(&e))?;
    let len = file.metadata().map_err(|e| Fault::from_io(&e))?.len();
    out.clear();
    out.try_reserve(len as usize).map_err(|_| Fault::no_memory(len))?;
    file.read_to_end(out).map_err(|e| Fault::from_io(&e))?;
    Ok(())
}

fn release(buffer: &mut Vec<u8>) {
    if buffer.capacity() > KEPT_BYTES {
        *buffer = Vec::new();
    }
}

/// Fills `out` with at least `want` bytes.
///
/// One member of the promised size goes through libdeflate at once; several members, a lying trailer and damage go
/// through the stream, which grows only as data comes and says what is wrong.
fn inflate(packed: &[u8], want: u64, out: &mut Vec<u8>) -> Result<(), Fault> {
    if want > packed.len() as u64 * MAX_RATIO {
        return Err(too_short(want));
    }
    if trailer_size(packed) == want as u32 && at_once(packed, want as usize, out)? {
        return Ok(());
    }
    streamed(packed, want, out)
}

/// ISIZE: the inflated size of the last member, modulo 2^32.
fn trailer_size(packed: &[u8]) -> u32 {
    packed.last_chunk().map_or(0, |b| u32::from_le_bytes(*b))
}

/// Whether one member gave exactly `want` bytes and is all of the file.
fn at_once(packed: &[u8], want: usize, out: &mut Vec<u8>) -> Result<bool, Fault> {
    if out.len() < want {
        // Zeros straight from the system: filling them in would be a walk over all of them.
        *out = bytemuck::allocation::try_zeroed_vec(want).map_err(|()| Fault::no_memory(want as u64))?;
    }
    let inflated = libdeflater::Decompressor::new().gzip_decompress(packed, &mut out[..want]);
    Ok(inflated == Ok(want) && is_alone(packed, want))
}

/// Whether no other member follows the first one, which has been inflated to `len` bytes and checked.
///
/// libdeflate does not tell where it stopped. But a member ends with the size of what it holds: where that stands nowhere
/// before the start of another member, there is no other one, of whatever size it says it is.
fn is_alone(packed: &[u8], len: usize) -> bool {
    let end_and_next = [&(len as u32).to_le_bytes()[..], &MAGIC[..]].concat();
    memchr::memmem::find(packed, &end_and_next).is_none()
}

fn streamed(mut packed: &[u8], want: u64, out: &mut Vec<u8>) -> Result<(), Fault> {
    out.clear();
    let mut trailing = 0;
    while packed.starts_with(&MAGIC) {
        let mut member = GzDecoder::new(&mut packed);
        let missing = want - out.len() as u64;
        (&mut member).take(missing).read_to_end(out).map_err(|e| gzip_fault(&e))?;
        let rest = &mut (&mut member).take(MAX_TRAILING + 1 - trailing);
        trailing += std::io::copy(rest, &mut std::io::sink()).map_err(|e| gzip_fault(&e))?;
        if trailing > MAX_TRAILING {
            return Err(Fault::of(BAD_GZIP, "it inflates far beyond what its header promises"));
        }
    }
    if (out.len() as u64) < want { Err(too_short(want)) } else { Ok(()) }
}

fn too_short(want: u64) -> Fault {
    Fault::of(TRUNCATED_FILE, format!("{want} bytes are promised, fewer are there"))
}

/// What an error of the gzip stream means.
fn gzip_fault(error: &std::io::Error) -> Fault {
    if error.raw_os_error().is_some() {
        return Fault::from_io(error);
    }
    let text = error.to_string();
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Fault::of(TRUNCATED_FILE, "the gzip stream has no end"),
        _ if text.contains("checksum") => Fault::of(BAD_CRC, "CRC-32 or size of a gzip member"),
        _ => Fault::of(BAD_GZIP, "the deflate stream cannot be followed"),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// One gzip member.
    pub fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut c = libdeflater::Compressor::new(libdeflater::CompressionLvl::fastest());
        let mut out = vec![0; c.gzip_compress_bound(bytes.len())];
        let n = c.gzip_compress(bytes, &mut out).unwrap();
        out.truncate(n);
        out
    }

    fn plain() -> Vec<u8> {
        (0..100_000_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect()
    }

    fn code(packed: &[u8], want: u64) -> &'static str {
        inflate(packed, want, &mut Vec::new()).unwrap_err().kind.code
    }

    #[test]
    fn one_member_and_several_give_the_same() {
        let data = plain();
        let several: Vec<u8> = data.chunks(33_000).flat_map(gzip).collect();
        for packed in [gzip(&data), several] {
            let mut out = vec![9; 7];
            inflate(&packed, 100_000, &mut out).unwrap();
            assert_eq!(out, data);
        }
    }

    #[test]
    fn each_damage_has_its_name() {
        let good = gzip(&plain());
        let mut crc = good.clone();
        let at = crc.len() - 8;
        crc[at] ^= 1;
        assert_eq!(code(&crc, 100_000), "bad_crc");
        assert_eq!(code(&good[..good.len() / 2], 100_000), "truncated_file");
        assert_eq!(code(&good[..good.len() - 3], 100_000), "truncated_file");
        assert_eq!(code(&good, 100_001), "truncated_file");
        assert_eq!(code(&good, u64::MAX / 2), "truncated_file");
        let mut second = [good.clone(), good.clone()].concat();
        *second.last_mut().unwrap() ^= 1;
        assert_eq!(code(&second, 200_000), "bad_crc");
    }

    #[test]
    fn a_last_member_of_the_promised_size_deceives_nobody() {
        let data = plain();
        let packed = [gzip(&data[..30]), gzip(&data[30..])].concat();
        let mut out = Vec::new();
        inflate(&packed, 99_970, &mut out).unwrap();
        assert_eq!(out, data[..99_970]);
    }

    #[test]
    fn what_follows_a_member_of_the_promised_size_is_checked_too() {
        let data = plain();
        let good = gzip(&data);
        let mut out = Vec::new();
        inflate(&[good.clone(), good.clone()].concat(), 100_000, &mut out).unwrap();
        assert_eq!(out, data);
        // The last trailer promises what the header does, so that only the place of the damage tells.
        for (from_end, want) in [(8, "bad_crc"), (good.len() - 12, "bad_gzip")] {
            let mut damaged = [good.clone(), good.clone()].concat();
            let at = damaged.len() - from_end;
            damaged[at] ^= 6;
            assert_eq!(code(&damaged, 100_000), want, "{from_end} bytes before the end");
        }
        assert_eq!(code(&[good.clone(), good[..good.len() / 2].to_vec()].concat(), 100_000), "truncated_file");
    }

    #[test]
    fn a_bomb_behind_a_small_header_is_cut() {
        let bomb = gzip(&vec![0; 70 << 20]);
        let mut out = Vec::new();
        assert_eq!(inflate(&bomb, 1000, &mut out).unwrap_err().kind, BAD_GZIP);
        assert!(out.capacity() < 1 << 20);
    }

    #[test]
    fn a_little_after_the_voxels_is_allowed() {
        let mut out = Vec::new();
        inflate(&gzip(&plain()), 99_000, &mut out).unwrap();
        assert_eq!(out, plain()[..99_000]);
    }
}
