//! Prefix codes of deflate (RFC 1951, 3.2) as tables: one look-up tells a symbol.

use super::bits::Damage;

/// The longest code, bits.
const LONGEST: u32 = 15;
/// Longest code, bits, of a literal or length that one look-up tells; more entries are longer to fill than they save.
const SYMBOL_BITS: u32 = 11;
/// The same of a distance.
const DISTANCE_BITS: u32 = 9;
/// The same of the lengths of codes, which are no longer.
const LENGTH_BITS: u32 = 7;

/// Codes of literals, lengths and the end of a block.
pub type Symbols = Table<{ 1 << SYMBOL_BITS }>;
/// Codes of distances.
pub type Distances = Table<{ 1 << DISTANCE_BITS }>;
/// Codes of the lengths of codes.
pub type Lengths = Table<{ 1 << LENGTH_BITS }>;

/// The symbol that ends a block.
pub const END: usize = 256;
/// Literals, lengths and the end that a block may use.
pub const SYMBOLS: usize = 286;
/// The same with two that the fixed codes have and no block may use.
const SYMBOLS_AND_FIXED: usize = 288;
/// Distances that a block may use.
pub const DISTANCES: usize = 30;

/// Least length of each symbol after [`END`], and bits that follow its code (RFC 1951, 3.2.5).
const LENGTH_OF: [(u32, u32); SYMBOLS - END - 1] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// The same of each distance.
const DISTANCE_OF: [(u32, u32); DISTANCES] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

/// What a code stands for. From the lowest bit: 8 bits how many bits it takes with those that follow it; 6 bits how many the
/// code alone takes; then [`SPECIAL`]; 15 bits its literal, base or place; [`LITERAL`].
#[derive(Clone, Copy, Debug)]
pub struct Entry(u32);

/// A literal. The sign, so that one step makes a mask of it.
const LITERAL: u32 = 1 << 31;
/// The end of a block, a code that goes on in the second table, or none at all.
const SPECIAL: u32 = 1 << 15;
/// No code: its place is beyond every second table.
const NONE: Entry = Entry(SPECIAL | 0x7fff << 16);

impl Entry {
    fn literal(byte: u32, bits: u32) -> Self {
        Self(LITERAL | byte << 16 | bits)
    }

    fn based((base, more): (u32, u32), bits: u32) -> Self {
        Self(base << 16 | bits << 8 | (bits + more))
    }

    /// Bits it takes, those after the code among them.
    #[inline(always)]
    pub fn bits(self) -> u32 {
        self.0 & 0xff
    }

    /// Whether it is a literal.
    #[inline(always)]
    pub fn is_literal(self) -> bool {
        self.0 & LITERAL != 0
    }

    /// Whether it is the end, goes on in the second table, or is no code.
    #[inline(always)]
    pub fn is_special(self) -> bool {
        self.0 & SPECIAL != 0
    }

    /// The literal; meaningless where it is none.
    #[inline(always)]
    pub fn byte(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// How many literals it is, 1 or 0, and how many bits these take.
    #[inline(always)]
    pub fn literals(self) -> (usize, u32) {
        let mask = (self.0 as i32 >> 31) as u32;
        ((mask & 1) as usize, mask & self.bits())
    }

    /// The length, distance or symbol: its base and what the bits behind its code add.
    #[inline(always)]
    pub fn value(self, word: u64) -> usize {
        let all = word & ((1 << self.bits()) - 1);
        (self.0 >> 16) as usize + (all >> (self.0 >> 8 & 0x3f)) as usize
    }
}

/// What each code stands for: by its first bits, and where it is longer by the others.
pub struct Table<const N: usize> {
    first: Box<[Entry; N]>,
    second: Vec<Entry>,
}

impl<const N: usize> Table<N> {
    const BITS: u32 = N.ilog2();

    /// Without codes.
    pub fn new() -> Self {
        let first = vec![NONE; N].into_boxed_slice().try_into().expect("it has N entries");
        Self { first, second: Vec::new() }
    }

    /// What the next bits stand for, as far as the first table knows.
    #[inline(always)]
    pub fn at(&self, word: u64) -> Entry {
        self.first[word as usize & (N - 1)]
    }

    /// What a special entry goes on to; the end of a block remains what it is.
    ///
    /// # Errors
    /// No code.
    #[inline(always)]
    pub fn go_on(&self, entry: Entry, word: u64) -> Result<Entry, Damage> {
        if entry.bits() != 0 {
            return Ok(entry);
        }
        let place = (entry.0 >> 16) as usize + (word >> Self::BITS) as usize % Self::SECOND;
        self.second.get(place).copied().filter(|e| e.bits() != 0).ok_or(Damage::Stream)
    }

    /// Entries of a second table.
    const SECOND: usize = 1 << (LONGEST - Self::BITS);

    /// The codes that have these lengths, 0 for none; `entry` tells what a symbol stands for, by its number and bits.
    ///
    /// A table for codes of so many bits, twice over, is one for codes of one bit more but for those that have it.
    fn set(&mut self, lengths: &[u8], entry: impl Fn(usize, u32) -> Entry) {
        let (symbols, ends) = by_length(lengths);
        self.second.clear();
        self.first[0] = NONE;
        let mut code = 0_u32;
        for length in 1..=LONGEST {
            if length <= Self::BITS {
                let half = 1 << (length - 1);
                self.first.copy_within(..half, half);
            }
            code <<= 1;
            for &symbol in &symbols[ends[length as usize - 1]..ends[length as usize]] {
                let symbol = usize::from(symbol);
                // Codes come highest bit first, in words that are filled from the lowest.
                self.put((code.reverse_bits() >> (32 - length)) as usize, length, entry(symbol, length));
                code += 1;
            }
        }
    }

    /// Puts a code in its place; shorter ones have been put before, longer ones have not.
    fn put(&mut self, code: usize, length: u32, entry: Entry) {
        if length <= Self::BITS {
            self.first[code] = entry;
            return;
        }
        let link = &mut self.first[code % N];
        if link.0 == NONE.0 {
            *link = Entry(SPECIAL | (self.second.len() as u32) << 16);
            self.second.resize(self.second.len() + Self::SECOND, NONE);
        }
        let place = (link.0 >> 16) as usize;
        let second = &mut self.second[place + code / N..place + Self::SECOND];
        second.iter_mut().step_by(1 << (length - Self::BITS)).for_each(|e| *e = entry);
    }
}

/// Symbols by the lengths of their codes, those without a code first, and where those of each length end.
fn by_length(lengths: &[u8]) -> ([u16; SYMBOLS_AND_FIXED], [usize; LONGEST as usize + 1]) {
    let mut places = [0; LONGEST as usize + 1];
    lengths.iter().for_each(|&length| places[usize::from(length)] += 1);
    let mut end = 0;
    for place in &mut places {
        (*place, end) = (end, end + *place);
    }
    let mut symbols = [0; SYMBOLS_AND_FIXED];
    for (symbol, &length) in (0..).zip(lengths) {
        let place = &mut places[usize::from(length)];
        symbols[*place] = symbol;
        *place += 1;
    }
    (symbols, places)
}

/// Whether every sequence of bits is one code after the other. As zlib does it, a single code of one bit is let pass where
/// `or_one`, and so is none.
fn complete(lengths: &[u8], or_one: bool) -> Result<(), Damage> {
    let used = || lengths.iter().filter(|l| **l > 0);
    let taken: u32 = used().map(|&l| 1 << (LONGEST - u32::from(l))).sum();
    let all = taken == 1 << LONGEST;
    let one = or_one && (taken == 0 || (used().count() == 1 && lengths.contains(&1)));
    if all || one { Ok(()) } else { Err(Damage::Stream) }
}

impl Lengths {
    /// Codes of these lengths, each for its own number.
    ///
    /// # Errors
    /// Lengths that no set of codes has.
    pub fn of(lengths: &[u8]) -> Result<Self, Damage> {
        complete(lengths, false)?;
        let mut table = Self::new();
        table.set(lengths, |symbol, bits| Entry::based((symbol as u32, 0), bits));
        Ok(table)
    }
}

impl Symbols {
    /// Takes codes of these lengths.
    ///
    /// # Errors
    /// Lengths that no set of codes has, and none for the end of the block.
    pub fn take(&mut self, lengths: &[u8]) -> Result<(), Damage> {
        complete(lengths, true)?;
        if lengths.get(END).is_none_or(|&l| l == 0) {
            return Err(Damage::Stream);
        }
        self.set(lengths, |symbol, bits| match symbol {
            ..END => Entry::literal(symbol as u32, bits),
            END => Entry(SPECIAL | bits),
            _ => LENGTH_OF.get(symbol - END - 1).map_or(NONE, |&length| Entry::based(length, bits)),
        });
        Ok(())
    }
}

impl Distances {
    /// Takes codes of these lengths.
    ///
    /// # Errors
    /// Lengths that no set of codes has.
    pub fn take(&mut self, lengths: &[u8]) -> Result<(), Damage> {
        complete(lengths, true)?;
        self.set(lengths, |symbol, bits| {
            DISTANCE_OF.get(symbol).map_or(NONE, |&distance| Entry::based(distance, bits))
        });
        Ok(())
    }
}
