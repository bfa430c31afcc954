//! The bits of a source, lowest first.

use std::io::{Error, Read};

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;
/// Zeros after the last byte of the source: a word may be read there, and a little more before it is noticed.
const BEYOND: usize = 64;
/// Bytes past its end that are read as zeros before that is called an end.
const TOLERATED: usize = 8;
/// Bytes that must be there for a symbol to be read without looking: three words, each seven bytes after the last.
const NEEDED: usize = 32;
/// What follows a deflate stream in a gzip member: checksum and size.
const TRAILER_BITS: usize = 64;

/// Why a stream cannot be followed.
#[derive(Debug)]
pub enum Damage {
    /// It has no end.
    Ends,
    /// It is no deflate stream.
    Stream,
    /// The source cannot be read.
    Source(Error),
}

/// Bytes of the source, and zeros after its end.
pub type Buffer = [u8; PIECE + BEYOND];

/// The next bits of a source.
pub struct Bits<R> {
    source: R,
    buffer: Box<Buffer>,
    /// Bytes that have been read from the source; zeros follow if it has ended.
    end: usize,
    ended: bool,
    next: Next,
}

/// Where reading has come to.
#[derive(Clone, Copy)]
pub struct Next {
    /// The next bits, those above `count` among them as far as there is room.
    word: u64,
    /// How many bits of the word are counted as read from the buffer.
    count: u32,
    /// The first byte of the buffer that is not counted.
    at: usize,
}

impl Next {
    /// At least 56 bits, from a buffer that holds eight more bytes.
    #[inline(always)]
    pub fn refill(&mut self, buffer: &Buffer) {
        let bytes = buffer[self.at..self.at + 8].try_into().expect("a word has eight bytes");
        self.word |= u64::from_le_bytes(bytes) << (self.count & 63);
        self.at += (63 - (self.count & 63) as usize) >> 3;
        self.count |= 56;
    }

    /// The next bits.
    #[inline(always)]
    pub fn word(self) -> u64 {
        self.word
    }

    /// How many of them are sure to be there.
    #[inline(always)]
    pub fn count(self) -> u32 {
        self.count
    }

    /// Goes on by some of them.
    #[inline(always)]
    pub fn skip(&mut self, bits: u32) {
        self.word >>= bits & 63;
        self.count -= bits;
    }

    /// Whether it has not passed a place in the buffer.
    #[inline(always)]
    pub fn is_before(self, limit: usize) -> bool {
        self.at <= limit
    }
}

impl<R: Read> Bits<R> {
    /// From the start of a source.
    pub fn new(source: R) -> Self {
        let buffer = vec![0; PIECE + BEYOND].into_boxed_slice();
        let buffer = buffer.try_into().expect("it has this size");
        Self { source, buffer, end: 0, ended: false, next: Next { word: 0, count: 0, at: 0 } }
    }

    /// The buffer, where reading has come to in it, and how far symbols may be read without looking.
    ///
    /// # Errors
    /// A source that cannot be read, or has ended before.
    pub fn ahead(&mut self) -> Result<(&Buffer, Next, usize), Damage> {
        if self.end < self.next.at + NEEDED {
            self.more()?;
        }
        let limit = if self.ended { self.end + TOLERATED } else { self.end - NEEDED };
        if self.next.at > limit {
            return Err(Damage::Ends);
        }
        // What is known anyhow spares every read of a word a look at the size of the buffer.
        Ok((&self.buffer, self.next, limit.min(PIECE + TOLERATED)))
    }

    /// Goes on from where reading has come to.
    pub fn go_on(&mut self, next: Next) {
        self.next = next;
    }

    /// Reads from the source until the buffer is full or the source has ended.
    fn more(&mut self) -> Result<(), Damage> {
        if self.ended {
            return Ok(());
        }
        self.buffer.copy_within(self.next.at..self.end, 0);
        (self.end, self.next.at) = (self.end - self.next.at, 0);
        while self.end < PIECE {
            match self.source.read(&mut self.buffer[self.end..PIECE]) {
                Ok(0) => {
                    self.ended = true;
                    self.buffer[self.end..].fill(0);
                    break;
                }
                Ok(n) => self.end += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Damage::Source(e)),
            }
        }
        Ok(())
    }

    /// The next `n` bits, up to 32, without going on; zeros beyond the end.
    pub fn peek(&mut self, n: u32) -> Result<u32, Damage> {
        if self.next.count < n {
            let (buffer, mut next, _) = self.ahead()?;
            next.refill(buffer);
            self.next = next;
        }
        Ok((self.next.word & ((1 << n) - 1)) as u32)
    }

    /// The next `n` bits, up to 32.
    ///
    /// # Errors
    /// A source that cannot be read, or has ended before.
    pub fn take(&mut self, n: u32) -> Result<u32, Damage> {
        let bits = self.peek(n)?;
        self.next.skip(n);
        self.exist().map(|()| bits)
    }

    /// Goes on to the next whole byte.
    pub fn align(&mut self) {
        self.next.skip(self.next.count % 8);
    }

    /// The next whole bytes.
    ///
    /// # Errors
    /// A source that cannot be read, or has ended before.
    pub fn bytes(&mut self, out: &mut [u8]) -> Result<(), Damage> {
        let mut done = 0;
        while done < out.len() {
            if self.next.count >= 8 {
                out[done] = self.take(8)? as u8;
                done += 1;
                continue;
            }
            // Bits above the count are those of the bytes that are now copied.
            self.next.word = 0;
            if self.next.at >= self.end {
                self.more()?;
            }
            let n = self.end.saturating_sub(self.next.at).min(out.len() - done);
            if n == 0 {
                return Err(Damage::Ends);
            }
            out[done..done + n].copy_from_slice(&self.buffer[self.next.at..self.next.at + n]);
            (done, self.next.at) = (done + n, self.next.at + n);
        }
        Ok(())
    }

    /// Whether all that has been taken was there.
    ///
    /// # Errors
    /// Zeros beyond the end have been taken.
    pub fn exist(&self) -> Result<(), Damage> {
        if self.rest() < 0 { Err(Damage::Ends) } else { Ok(()) }
    }

    /// Bits of the buffer that have not been taken; negative where zeros beyond the end have been.
    fn rest(&self) -> isize {
        (self.end as isize - self.next.at as isize) * 8 + self.next.count as isize
    }

    /// What is wrong where a deflate stream goes wrong here: no stream ends without a trailer.
    pub fn blamed(&self, damage: Damage) -> Damage {
        match damage {
            Damage::Stream if self.ended && self.rest() < TRAILER_BITS as isize => Damage::Ends,
            damage => damage,
        }
    }
}
