//! Streams of two other programs and damaged ones, beside zlib-rs.

use super::*;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use std::io::Write;

/// What a stream inflates to, and how many bytes it took.
fn inflated(packed: &[u8]) -> Result<Vec<u8>, Damage> {
    let mut stream = Inflate::new(packed);
    let mut out = Vec::new();
    while !stream.is_done() {
        let new = stream.fill()?;
        out.extend_from_slice(stream.window(new));
    }
    Ok(out)
}

fn by_zlib(packed: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let read = flate2::bufread::DeflateDecoder::new(packed).read_to_end(&mut out);
    read.is_ok().then_some(out)
}

fn zlib(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::new(level));
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn libdeflate(bytes: &[u8], level: i32) -> Vec<u8> {
    let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::new(level).unwrap());
    let mut out = vec![0; packer.deflate_compress_bound(bytes.len())];
    let n = packer.deflate_compress(bytes, &mut out).unwrap();
    out.truncate(n);
    out
}

/// Bytes of every kind of match: runs, short and long periods, noise of few and many values, and far copies.
fn texture(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let mut out: Vec<u8> = Vec::new();
    while out.len() < len {
        let n = (random() % 700) as usize + 1;
        match random() % 5 {
            0 => out.extend(std::iter::repeat_n(random() as u8, n)),
            1 => (0..n).for_each(|_| out.push(random() as u8)),
            2 => (0..n).for_each(|_| out.push((random() % 11) as u8)),
            kind => {
                let reach = if kind == 3 { 24 } else { 40_000 };
                let back = (random() % reach) as usize + 1;
                (0..n).for_each(|_| out.push(out.len().checked_sub(back).map_or(7, |i| out[i])));
            }
        }
    }
    out.truncate(len);
    out
}

#[test]
fn streams_of_every_level_come_out_as_they_went_in() {
    for (seed, len) in [(1, 0), (2, 1), (3, 300), (4, 70_000), (5, 900_000)] {
        let bytes = texture(seed, len);
        for level in 0..=9 {
            assert!(inflated(&zlib(&bytes, level)).unwrap() == bytes, "zlib {level}, {len} bytes");
        }
        for level in 0..=12 {
            assert!(inflated(&libdeflate(&bytes, level)).unwrap() == bytes, "libdeflate {level}, {len} bytes");
        }
    }
}

/// Frequencies like Fibonacci's numbers give the longest codes there are, which no one look-up tells.
#[test]
fn codes_of_fifteen_bits_are_followed() {
    let mut counts = [1_usize, 1];
    let mut bytes: Vec<u8> = Vec::new();
    for symbol in 0..22_u8 {
        bytes.extend(std::iter::repeat_n(symbol.wrapping_mul(37), counts[0]));
        counts = [counts[1], counts[0] + counts[1]];
    }
    // Shuffled, so that there is nothing to refer to.
    let n = bytes.len();
    let shuffled: Vec<u8> = (0..n).map(|i| bytes[i * 7_919 % n]).collect();
    for packed in [zlib(&shuffled, 9), libdeflate(&shuffled, 12)] {
        assert!(inflated(&packed).unwrap() == shuffled);
    }
}

#[test]
fn a_stream_cut_anywhere_has_no_end() {
    let packed = zlib(&texture(6, 3_000), 6);
    for cut in 0..packed.len() {
        assert!(matches!(inflated(&packed[..cut]), Err(Damage::Ends)), "cut at {cut} of {}", packed.len());
    }
}

/// A stream written bit by bit.
#[derive(Default)]
struct Crafted(Vec<u32>);

impl Crafted {
    fn put(&mut self, value: u32, n: u32) -> &mut Self {
        self.0.extend((0..n).map(|i| value >> i & 1));
        self
    }

    /// The code of a symbol among those of these lengths: codes come highest bit first (RFC 1951, 3.2.2).
    fn code(&mut self, lengths: &[u8], symbol: usize) -> &mut Self {
        let mut code = 0_u32;
        for length in 1..=lengths[symbol] {
            code <<= 1;
            let end = if length == lengths[symbol] { symbol } else { lengths.len() };
            code += lengths[..end].iter().filter(|l| **l == length).count() as u32;
        }
        self.0.extend((0..lengths[symbol]).rev().map(|i| code >> i & 1));
        self
    }

    /// The header of a last block with codes of its own; each length is a code of four bits.
    fn header(&mut self, symbols: &[u8], distances: &[u8]) -> &mut Self {
        self.put(0b101, 3).put(symbols.len() as u32 - 257, 5).put(distances.len() as u32 - 1, 5).put(15, 4);
        ORDER.iter().for_each(|symbol| _ = self.put(if *symbol < 16 { 4 } else { 0 }, 3));
        symbols.iter().chain(distances).for_each(|length| _ = self.code(&[4; 16], usize::from(*length)));
        self
    }

    /// Its bytes, and so much more that it does not end here.
    fn bytes(&self) -> Vec<u8> {
        let bytes = self.0.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | *bit as u8));
        bytes.chain([0; 16]).collect()
    }
}

/// Lengths of 0 but for these symbols.
fn lengths(count: usize, of: &[(usize, u8)]) -> Vec<u8> {
    let mut lengths = vec![0; count];
    of.iter().for_each(|(symbol, length)| lengths[*symbol] = *length);
    lengths
}

/// In a fixed block the literal 'a', then three bytes from two before, of which there is one.
fn too_far() -> Vec<u8> {
    let mut fixed = vec![8; 288];
    fixed[144..256].fill(9);
    fixed[256..280].fill(7);
    Crafted::default().put(0b011, 3).code(&fixed, 97).code(&fixed, 257).code(&[5; 32], 1).code(&fixed, END).bytes()
}

#[test]
fn nothing_is_referred_to_that_was_not_written() {
    assert!(by_zlib(&too_far()).is_none());
    assert!(matches!(inflated(&too_far()), Err(Damage::Stream)));
    let two = [zlib(b"before", 6), too_far()].concat();
    let mut stream = Inflate::new(&two[..]);
    assert_eq!(stream.fill().unwrap(), 0..6);
    stream.bits.align();
    stream.again();
    assert!(matches!(stream.fill(), Err(Damage::Stream)), "a stream does not reach into the one before it");
}

/// Each set of codes at the edge of what is allowed, and beyond; zlib is asked as well.
#[test]
fn codes_are_complete_or_refused() {
    let one = [(7, 1), (END, 1)];
    type Lengths<'a> = &'a [(usize, u8)];
    let cases: &[(bool, usize, Lengths<'_>, usize, Lengths<'_>)] = &[
        (true, 257, &one, 1, &[]),
        (true, 257, &one, 1, &[(0, 1)]),
        (true, 286, &one, 30, &[(3, 1), (29, 1)]),
        (false, 287, &one, 1, &[]),
        (false, 257, &one, 31, &[]),
        (false, 257, &[(7, 1), (8, 1)], 1, &[]),
        (false, 257, &[(7, 1), (8, 1), (END, 1)], 1, &[]),
        (false, 257, &[(7, 1), (END, 2)], 1, &[]),
        (false, 257, &one, 2, &[(0, 2)]),
        (false, 257, &one, 3, &[(0, 1), (1, 1), (2, 1)]),
    ];
    for (i, (good, symbols, of_symbols, distances, of_distances)) in cases.iter().enumerate() {
        let symbols = lengths(*symbols, of_symbols);
        let mut crafted = Crafted::default();
        crafted.header(&symbols, &lengths(*distances, of_distances)).code(&symbols, 7).code(&symbols, END);
        let (ours, theirs) = (inflated(&crafted.bytes()), by_zlib(&crafted.bytes()));
        assert_eq!(
            (ours.as_deref().ok(), theirs.as_deref()),
            (good.then_some(&[7][..]), good.then_some(&[7][..])),
            "{i}"
        );
        assert!(*good || matches!(ours, Err(Damage::Stream)), "{i}");
    }
}

/// A literal of 11 bits, a length of 15 and 5, a distance of 15 and 13: more than a word is sure to hold.
#[test]
fn the_longest_match_is_followed() {
    let stair = |places: [usize; 16]| places.iter().zip((1..16).chain([15])).map(|(p, l)| (*p, l)).collect::<Vec<_>>();
    let symbols = lengths(286, &stair([END, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 284]));
    let distances = lengths(30, &stair([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 29]));
    let before = texture(9, 30_000);
    let mut crafted = Crafted::default();
    crafted.put(0, 8).put(30_000, 16).put(!30_000 & 0xffff, 16);
    before.iter().for_each(|byte| _ = crafted.put(u32::from(*byte), 8));
    crafted.header(&symbols, &distances);
    for _ in 0..40 {
        crafted.code(&symbols, 10).code(&symbols, 284).put(29, 5).code(&distances, 29).put(4_000, 13);
    }
    crafted.code(&symbols, END);
    let mut want = before;
    for _ in 0..40 {
        want.push(10);
        let from = want.len() - (24_577 + 4_000);
        want.extend_from_within(from..from + 227 + 29);
    }
    assert!(by_zlib(&crafted.bytes()).unwrap() == want);
    assert!(inflated(&crafted.bytes()).unwrap() == want);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// What is damaged is accepted by both programs or by none, and gives the same.
    #[test]
    fn damage_is_judged_as_by_zlib(
        seed: u32, len in 1..4_000_usize, level in 0..10_u32, flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..4),
    ) {
        let mut packed = zlib(&texture(seed, len), level);
        flips.iter().for_each(|(place, bit)| *place.get_mut(&mut packed) ^= 1_u8 << bit);
        prop_assert_eq!(inflated(&packed).ok(), by_zlib(&packed));
    }

    #[test]
    fn noise_is_judged_as_by_zlib(noise in prop::collection::vec(any::<u8>(), 1..600), head in 0..8_u8) {
        let mut packed = noise;
        packed[0] = packed[0] & !7 | head;
        prop_assert_eq!(inflated(&packed).ok(), by_zlib(&packed));
    }
}
