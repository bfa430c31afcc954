//! A deflate stream (RFC 1951), inflated window by window.
//!
//! What is inflated stays in the processor's cache until it is used, and the whole of it never stands anywhere: that is why
//! this is not libdeflate, which is a little faster per byte but wants all of the output at once.

use super::bits::{Bits, Buffer, Damage, Next};
use super::codes::{DISTANCES, Distances, END, Entry, Lengths, SYMBOLS, Symbols};
use std::io::Read;
use std::ops::Range;

/// How far back a stream may refer, bytes.
const HISTORY: usize = 32 << 10;
/// Bytes that are held: they stay in a processor's second cache; windows of 128 KiB to 1 MiB took the same time.
const WINDOW: usize = 256 << 10;
/// Bytes that one turn of the loop may write: the longest match, literals before it, and the rest of the last word.
const TURN: usize = 320;
/// Bytes that a match is copied in.
const WORD: usize = 16;
/// The most bits of a distance and its code.
const DISTANCE_BITS: u32 = 28;

/// The order in which the lengths of the codes of lengths stand (RFC 1951, 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// What comes next.
#[derive(Clone, Copy, PartialEq)]
enum State {
    /// The header of a block.
    Header,
    /// So many bytes as they are.
    Plain(usize),
    /// Codes.
    Coded,
    /// Nothing: the last block has ended.
    Done,
}

/// A stream and the bytes last inflated of it.
pub struct Inflate<R> {
    /// The source; after the end of the stream it stands behind it.
    pub bits: Bits<R>,
    window: Box<Window>,
    /// Bytes of the window that this stream has written.
    written: usize,
    symbols: Symbols,
    distances: Distances,
    state: State,
    is_last: bool,
}

impl<R: Read> Inflate<R> {
    /// Before the first block.
    pub fn new(source: R) -> Self {
        let window = vec![0; WINDOW].into_boxed_slice();
        Self {
            bits: Bits::new(source),
            window: window.try_into().expect("it has this size"),
            written: 0,
            symbols: Symbols::new(),
            distances: Distances::new(),
            state: State::Header,
            is_last: false,
        }
    }

    /// Begins another stream where the last one ended.
    pub fn again(&mut self) {
        (self.state, self.written) = (State::Header, 0);
    }

    /// Whether the last block has ended.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The bytes of the window.
    pub fn window(&self, place: Range<usize>) -> &[u8] {
        &self.window[place]
    }

    /// Inflates until the window is full or the stream has ended; gives where the new bytes stand.
    ///
    /// # Errors
    /// A damaged stream, one without end, a source that cannot be read.
    pub fn fill(&mut self) -> Result<Range<usize>, Damage> {
        let from = self.slide();
        while self.written <= WINDOW - TURN && !self.is_done() {
            self.step().map_err(|damage| self.bits.blamed(damage))?;
        }
        Ok(from..self.written)
    }

    /// Brings what may still be referred to to the front of the window.
    fn slide(&mut self) -> usize {
        let kept = self.written.min(HISTORY);
        self.window.copy_within(self.written - kept..self.written, 0);
        self.written = kept;
        kept
    }

    fn step(&mut self) -> Result<(), Damage> {
        self.state = match self.state {
            State::Header => self.header()?,
            State::Plain(0) => self.after_block()?,
            State::Plain(left) => self.plain(left)?,
            State::Coded => {
                let has_ended = self.coded()?;
                if has_ended { self.after_block()? } else { State::Coded }
            }
            State::Done => State::Done,
        };
        Ok(())
    }

    fn after_block(&self) -> Result<State, Damage> {
        self.bits.exist()?;
        Ok(if self.is_last { State::Done } else { State::Header })
    }

    fn header(&mut self) -> Result<State, Damage> {
        self.is_last = self.bits.take(1)? == 1;
        match self.bits.take(2)? {
            0 => self.plain_header(),
            1 => self.fixed_codes(),
            2 => self.own_codes(),
            _ => Err(Damage::Stream),
        }
    }

    fn plain_header(&mut self) -> Result<State, Damage> {
        self.bits.align();
        let (length, inverse) = (self.bits.take(16)?, self.bits.take(16)?);
        if length ^ inverse == 0xffff { Ok(State::Plain(length as usize)) } else { Err(Damage::Stream) }
    }

    fn plain(&mut self, left: usize) -> Result<State, Damage> {
        let n = left.min(WINDOW - self.written);
        self.bits.bytes(&mut self.window[self.written..self.written + n])?;
        self.written += n;
        Ok(State::Plain(left - n))
    }

    /// RFC 1951, 3.2.6.
    fn fixed_codes(&mut self) -> Result<State, Damage> {
        let mut lengths = [8; 288];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        self.symbols.take(&lengths)?;
        self.distances.take(&[5; 32])?;
        Ok(State::Coded)
    }

    /// RFC 1951, 3.2.7.
    fn own_codes(&mut self) -> Result<State, Damage> {
        let symbols = self.bits.take(5)? as usize + END + 1;
        let distances = self.bits.take(5)? as usize + 1;
        let count = self.bits.take(4)? as usize + 4;
        if symbols > SYMBOLS || distances > DISTANCES {
            return Err(Damage::Stream);
        }
        let mut lengths = [0; ORDER.len()];
        for place in &ORDER[..count] {
            lengths[*place] = self.bits.take(3)? as u8;
        }
        let all = self.code_lengths(&Lengths::of(&lengths)?, symbols + distances)?;
        self.symbols.take(&all[..symbols])?;
        self.distances.take(&all[symbols..])?;
        Ok(State::Coded)
    }

    fn code_lengths(&mut self, codes: &Lengths, count: usize) -> Result<Vec<u8>, Damage> {
        let mut lengths: Vec<u8> = Vec::with_capacity(count);
        while lengths.len() < count {
            let word = u64::from(self.bits.peek(7)?);
            let entry = codes.at(word);
            self.bits.take(entry.bits())?;
            let (length, times) = match entry.value(word) {
                16 => (lengths.last().copied().ok_or(Damage::Stream)?, 3 + self.bits.take(2)?),
                17 => (0, 3 + self.bits.take(3)?),
                18 => (0, 11 + self.bits.take(7)?),
                length => (length as u8, 1),
            };
            lengths.extend(std::iter::repeat_n(length, times as usize));
        }
        if lengths.len() == count { Ok(lengths) } else { Err(Damage::Stream) }
    }

    /// Inflates codes while the window has room and the buffer bytes; gives whether the block has ended.
    fn coded(&mut self) -> Result<bool, Damage> {
        let (buffer, next, limit) = self.bits.ahead()?;
        let codes = Codes { symbols: &self.symbols, distances: &self.distances };
        let (next, written, has_ended) = codes.inflate_best(buffer, next, limit, &mut self.window, self.written);
        self.written = written;
        self.bits.go_on(next);
        has_ended
    }
}

/// The bytes last inflated.
type Window = [u8; WINDOW];
/// Where reading and writing have come to, and whether the block has ended.
type Inflated = (Next, usize, Result<bool, Damage>);

/// The codes of a block.
struct Codes<'a> {
    symbols: &'a Symbols,
    distances: &'a Distances,
}

impl Codes<'_> {
    /// Inflates with the instructions that this processor has: shifts that need no fixed register save a twelfth of the time
    /// (1.04 instead of 1.12 times that of libdeflate, which chooses likewise; CT of 8 cases, least of 6 runs, twice).
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "the only way to call what is compiled for more than the least processor")
    )]
    fn inflate_best(&self, buffer: &Buffer, next: Next, limit: usize, window: &mut Window, end: usize) -> Inflated {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("bmi2") {
            // SAFETY: the function is safe but for the instructions, and the processor has just been asked for them.
            return unsafe { self.inflate_bmi(buffer, next, limit, window, end) };
        }
        self.inflate(buffer, next, limit, window, end)
    }

    /// [`Self::inflate`] in other instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "bmi1,bmi2")]
    fn inflate_bmi(&self, buffer: &Buffer, next: Next, limit: usize, window: &mut Window, end: usize) -> Inflated {
        self.inflate(buffer, next, limit, window, end)
    }

    /// What comes and goes by value stays in registers.
    #[inline(always)]
    fn inflate(&self, buffer: &Buffer, mut next: Next, limit: usize, window: &mut Window, mut end: usize) -> Inflated {
        let has_ended = self.turns(buffer, &mut next, limit, window, &mut end);
        (next, end, has_ended)
    }

    /// The loop that nearly all time is spent in.
    ///
    /// The word is full and the next entry known at the start of each turn: what is looked up next does not wait for what
    /// is written now.
    #[inline(always)]
    fn turns(
        &self,
        buffer: &Buffer,
        next: &mut Next,
        limit: usize,
        window: &mut Window,
        end: &mut usize,
    ) -> Result<bool, Damage> {
        next.refill(buffer);
        let mut entry = self.symbols.at(next.word());
        while next.is_before(limit) && *end <= WINDOW - TURN {
            // A literal if it is one, without asking: what comes next is anyone's guess, and a wrong one costs more.
            let (literals, bits) = entry.literals();
            window[*end] = entry.byte();
            *end += literals;
            next.skip(bits);
            entry = self.symbols.at(next.word());
            if entry.is_literal() {
                entry = self.literal(entry, next, window, end);
                next.refill(buffer);
                continue;
            }
            if entry.is_special() {
                entry = self.symbols.go_on(entry, next.word())?;
                if entry.is_special() {
                    next.skip(entry.bits());
                    return Ok(true);
                }
                if entry.is_literal() {
                    entry = self.literal(entry, next, window, end);
                    next.refill(buffer);
                    continue;
                }
            }
            let length = entry.value(next.word());
            next.skip(entry.bits());
            let distance = self.distance(buffer, next)?;
            next.refill(buffer);
            entry = self.symbols.at(next.word());
            if distance > *end {
                return Err(Damage::Stream);
            }
            repeat(window, *end, distance, length);
            *end += length;
        }
        Ok(false)
    }

    /// Writes a literal; gives what comes next.
    #[inline(always)]
    fn literal(&self, entry: Entry, next: &mut Next, window: &mut Window, end: &mut usize) -> Entry {
        window[*end] = entry.byte();
        *end += 1;
        next.skip(entry.bits());
        self.symbols.at(next.word())
    }

    #[inline(always)]
    fn distance(&self, buffer: &Buffer, next: &mut Next) -> Result<usize, Damage> {
        if next.count() < DISTANCE_BITS {
            next.refill(buffer);
        }
        let mut entry = self.distances.at(next.word());
        if entry.is_special() {
            entry = self.distances.go_on(entry, next.word())?;
        }
        let distance = entry.value(next.word());
        next.skip(entry.bits());
        Ok(distance)
    }
}

/// Repeats `length` bytes from `distance` before `end`. What is written beyond them is written over later.
#[inline(always)]
fn repeat(window: &mut Window, end: usize, distance: usize, length: usize) {
    let from = end - distance;
    if distance >= WORD {
        window.copy_within(from..from + WORD, end);
        let mut done = WORD;
        while done < length {
            window.copy_within(from + done..from + done + WORD, end + done);
            done += WORD;
        }
    } else {
        let (word, period) = repeated(&window[from..from + WORD], distance);
        let mut done = 0;
        while done < length {
            window[end + done..end + done + WORD].copy_from_slice(&word);
            done += period;
        }
    }
}

/// A word of the first `distance` bytes over and over, and how many bytes of it are whole periods. It is made in a register:
/// what is written byte by byte and read as a word has to wait.
#[inline(always)]
fn repeated(bytes: &[u8], distance: usize) -> ([u8; WORD], usize) {
    let word = u128::from_le_bytes(bytes.try_into().expect("a word has so many bytes"));
    let mut bits = 8 * distance as u32;
    let mut word = word & ((1 << bits) - 1);
    while bits < u128::BITS {
        word |= word << bits;
        bits *= 2;
    }
    (word.to_le_bytes(), WORD / distance * distance)
}

#[cfg(test)]
#[path = "deflate_tests.rs"]
mod tests;
