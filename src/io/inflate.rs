//! gzip, bounded: what is inflated is what the header promised, to the end, with every checksum verified.

use super::fault::{BAD_CRC, BAD_GZIP, Fault, TRUNCATED_FILE};
use bits::Damage;
use deflate::Inflate;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;

mod bits;
mod codes;
mod deflate;

/// The first bytes of every gzip member.
pub const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A deflate stream cannot grow by more than this factor (a run of 258 bytes takes two bits).
const MAX_RATIO: u64 = 1032;

/// Bytes after the voxels that are still inflated and checked; more is a bomb.
const MAX_TRAILING: u64 = 64 << 20;

/// Memory that inflating takes, bytes: a window, a piece of the file, and tables of codes.
pub const HELD_BYTES: u64 = 512 << 10;

/// Flags of a member's header (RFC 1952, 2.3.1): a checksum of it, an extra field, a name, a remark; those without meaning.
const HAS_CRC: u32 = 1 << 1;
const HAS_EXTRA: u32 = 1 << 2;
const HAS_NAME: u32 = 1 << 3;
const HAS_REMARK: u32 = 1 << 4;

/// Inflates up to `want` bytes from the start of a gzip stream, for headers.
///
/// # Errors
/// A stream that is damaged before that; one that ends early gives fewer bytes.
pub fn head(file: impl Read, want: u64) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    MultiGzDecoder::new(file).take(want).read_to_end(&mut out).map_err(|e| gzip_fault(&e))?;
    Ok(out)
}

/// A gzip file that is inflated from front to back, of which no more is held than a window.
pub struct Inflated<R> {
    stream: Inflate<R>,
    /// Checksum of the member so far, and its size modulo 2^32.
    crc: libdeflater::Crc,
    size: u32,
    /// What of the window has not been read.
    unread: Range<usize>,
    /// Bytes inflated of all members.
    inflated: u64,
    /// Bytes that the header promises.
    want: u64,
    has_ended: bool,
}

/// Opens a gzip file that is to hold `want` bytes.
///
/// # Errors
/// A file that cannot be read, is no gzip, or cannot hold so much.
pub fn open(path: &Path, want: u64) -> Result<Inflated<File>, Fault> {
    let file = File::open(path).map_err(|e| Fault::from_io(&e))?;
    let len = file.metadata().map_err(|e| Fault::from_io(&e))?.len();
    Inflated::new(file, len, want)
}

impl<R: Read> Inflated<R> {
    fn new(source: R, len: u64, want: u64) -> Result<Self, Fault> {
        if want > len.saturating_mul(MAX_RATIO) {
            return Err(too_short(want));
        }
        let (stream, crc) = (Inflate::new(source), libdeflater::Crc::new());
        let mut file = Self { stream, crc, size: 0, unread: 0..0, inflated: 0, want, has_ended: false };
        file.member().map_err(fault)?;
        Ok(file)
    }

    /// Bytes that have been read or passed over.
    fn place(&self) -> u64 {
        self.inflated - self.unread.len() as u64
    }

    /// Reads the inflated bytes from `start` on, which lies no earlier than the end of the last read.
    ///
    /// # Errors
    /// Damage up to there. What was read is believed only after [`Self::finish`].
    pub fn read_at(&mut self, start: u64, out: &mut [u8]) -> Result<(), Fault> {
        assert!(start >= self.place(), "a stream is read from front to back");
        let mut done = 0;
        while done < out.len() {
            let over = start.saturating_sub(self.place()).min(self.unread.len() as u64) as usize;
            self.unread.start += over;
            let n = self.unread.len().min(out.len() - done);
            out[done..done + n].copy_from_slice(self.stream.window(self.unread.start..self.unread.start + n));
            (done, self.unread.start) = (done + n, self.unread.start + n);
            if done < out.len() && !self.more()? {
                return Err(too_short(self.want));
            }
        }
        Ok(())
    }

    /// Inflates what is left and checks it.
    ///
    /// # Errors
    /// A file that is truncated, damaged, has a wrong checksum or inflates to far more than was promised.
    pub fn finish(mut self) -> Result<(), Fault> {
        while self.more()? {}
        if self.inflated < self.want { Err(too_short(self.want)) } else { Ok(()) }
    }

    /// Inflates another window; `false` after the last one.
    fn more(&mut self) -> Result<bool, Fault> {
        if self.has_ended {
            return Ok(false);
        }
        self.unread = self.stream.fill().map_err(fault)?;
        let new = self.stream.window(self.unread.clone());
        self.crc.update(new);
        self.size = self.size.wrapping_add(new.len() as u32);
        self.inflated += new.len() as u64;
        if self.inflated > self.want.saturating_add(MAX_TRAILING) {
            return Err(Fault::of(BAD_GZIP, "it inflates far beyond what its header promises"));
        }
        if self.stream.is_done() {
            self.end_member()?;
        }
        Ok(true)
    }

    /// Checks a member, and begins the next one if there is one. What is no member is padding.
    fn end_member(&mut self) -> Result<(), Fault> {
        self.stream.bits.align();
        let crc = self.stream.bits.take(32).map_err(fault)?;
        let size = self.stream.bits.take(32).map_err(fault)?;
        if (crc, size) != (self.crc.sum(), self.size) {
            return Err(Fault::of(BAD_CRC, "CRC-32 or size of a gzip member"));
        }
        (self.crc, self.size) = (libdeflater::Crc::new(), 0);
        self.has_ended = self.stream.bits.peek(16).map_err(fault)? != u32::from(u16::from_le_bytes(MAGIC));
        if self.has_ended { Ok(()) } else { self.member().map_err(fault) }
    }

    /// The header of a member (RFC 1952, 2.3).
    fn member(&mut self) -> Result<(), Damage> {
        let mut header = Header { bits: &mut self.stream.bits, crc: libdeflater::Crc::new() };
        let start = [header.byte()?, header.byte()?];
        let (method, flags) = (header.byte()?, u32::from(header.byte()?));
        if start != MAGIC || method != 8 {
            return Err(Damage::Stream);
        }
        header.skip(6)?;
        if flags & HAS_EXTRA != 0 {
            let len = u16::from_le_bytes([header.byte()?, header.byte()?]);
            header.skip(len)?;
        }
        for text in [HAS_NAME, HAS_REMARK] {
            while flags & text != 0 && header.byte()? != 0 {}
        }
        let crc = header.crc.sum() & 0xffff;
        if flags & HAS_CRC != 0 && header.bits.take(16)? != crc {
            return Err(Damage::Stream);
        }
        self.stream.again();
        Ok(())
    }
}

/// The header of a member as it is read.
struct Header<'a, R> {
    bits: &'a mut bits::Bits<R>,
    crc: libdeflater::Crc,
}

impl<R: Read> Header<'_, R> {
    fn byte(&mut self) -> Result<u8, Damage> {
        let byte = self.bits.take(8)? as u8;
        self.crc.update(&[byte]);
        Ok(byte)
    }

    fn skip(&mut self, bytes: u16) -> Result<(), Damage> {
        (0..bytes).try_for_each(|_| self.byte().map(|_| ()))
    }
}

fn too_short(want: u64) -> Fault {
    Fault::of(TRUNCATED_FILE, format!("{want} bytes are promised, fewer are there"))
}

fn fault(damage: Damage) -> Fault {
    match damage {
        Damage::Ends => Fault::of(TRUNCATED_FILE, "the gzip stream has no end"),
        Damage::Stream => Fault::of(BAD_GZIP, "the deflate stream cannot be followed"),
        Damage::Source(error) => Fault::from_io(&error),
    }
}

/// What an error of zlib's gzip stream means.
fn gzip_fault(error: &std::io::Error) -> Fault {
    if error.raw_os_error().is_some() {
        return Fault::from_io(error);
    }
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => fault(Damage::Ends),
        _ if error.to_string().contains("checksum") => Fault::of(BAD_CRC, "CRC-32 or size of a gzip member"),
        _ => fault(Damage::Stream),
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

    fn inflate(packed: &[u8], want: u64) -> Result<Vec<u8>, Fault> {
        let mut file = Inflated::new(packed, packed.len() as u64, want)?;
        let mut out = vec![9; want as usize];
        file.read_at(0, &mut out)?;
        file.finish().map(|()| out)
    }

    fn code(packed: &[u8], want: u64) -> &'static str {
        inflate(packed, want).unwrap_err().kind.code
    }

    #[test]
    fn one_member_and_several_give_the_same() {
        let data = plain();
        let several: Vec<u8> = data.chunks(33_000).flat_map(gzip).collect();
        for packed in [gzip(&data), several] {
            assert_eq!(inflate(&packed, 100_000).unwrap(), data);
        }
    }

    #[test]
    fn pieces_are_where_they_are_asked_for() {
        let data: Vec<u8> = plain().into_iter().cycle().take(900_000).collect();
        let packed: Vec<u8> = data.chunks(410_000).flat_map(gzip).collect();
        let mut file = Inflated::new(&packed[..], packed.len() as u64, 900_000).unwrap();
        for (start, len) in [(3, 10), (13, 0), (13, 70_000), (409_990, 20), (500_000, 390_000), (899_999, 1)] {
            let mut out = vec![0; len];
            file.read_at(start as u64, &mut out).unwrap();
            assert!(out == data[start..start + len], "{len} bytes from {start}");
        }
        assert_eq!(file.read_at(900_000, &mut [0]).unwrap_err().kind, TRUNCATED_FILE);
        file.finish().unwrap();
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
        assert_eq!(inflate(&packed, 99_970).unwrap(), data[..99_970]);
    }

    #[test]
    fn what_follows_a_member_of_the_promised_size_is_checked_too() {
        let data = plain();
        let good = gzip(&data);
        assert_eq!(inflate(&[good.clone(), good.clone()].concat(), 100_000).unwrap(), data);
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
        assert_eq!(inflate(&bomb, 1000).unwrap_err().kind, BAD_GZIP);
    }

    #[test]
    fn a_little_after_the_voxels_is_allowed() {
        assert_eq!(inflate(&gzip(&plain()), 99_000).unwrap(), plain()[..99_000]);
        let padded = [gzip(&plain()), vec![0; 700]].concat();
        assert_eq!(inflate(&padded, 100_000).unwrap(), plain());
    }

    /// What a header may hold beside what it must, as gzip's own programs write it.
    #[test]
    fn headers_with_everything_are_read() {
        let full = || flate2::GzBuilder::new().extra([7; 300]).filename("a").comment("b");
        let mut packer = full().write(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, &plain()).unwrap();
        let mut packed = packer.finish().unwrap();
        assert_eq!(inflate(&packed, 100_000).unwrap(), plain());
        // The same with a checksum of the header: RFC 1952, CRC16.
        let end = 10 + 2 + 300 + 2 + 2;
        packed[3] |= HAS_CRC as u8;
        let crc = libdeflater::crc32(&packed[..end]) as u16;
        packed.splice(end..end, crc.to_le_bytes());
        assert_eq!(inflate(&packed, 100_000).unwrap(), plain());
        packed[end] ^= 1;
        assert_eq!(code(&packed, 100_000), "bad_gzip");
    }
}
