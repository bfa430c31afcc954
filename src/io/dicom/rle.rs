//! RLE Lossless (PS3.5 annex G): planes of bytes, highest byte first, each packed in runs.

use super::store::MAX_PADDING;
use crate::io::fault::{BAD_DICOM, Fault};

/// The header: how many segments, then where 15 of them start, four bytes each.
const HEADER: usize = 64;

/// The `pixels` pixels of `bytes` bytes each of one frame, lowest byte first.
///
/// # Errors
/// Another number of planes, and planes that end before their last pixel or far behind it.
pub fn decode(frame: &[u8], pixels: usize, bytes: usize) -> Result<Vec<u8>, Fault> {
    let starts = segments(frame, bytes).ok_or_else(|| Fault::of(BAD_DICOM, "the RLE header contradicts the image"))?;
    let planes = starts.windows(2).map(|window| plane(&frame[window[0]..window[1]], pixels));
    let planes = planes.collect::<Result<Vec<_>, _>>()?;
    let mut out = vec![0; pixels * bytes];
    // The planes stand highest byte first.
    if let [high, low] = &planes[..] {
        out.as_chunks_mut().0.iter_mut().zip(high.iter().zip(low)).for_each(|(out, (high, low))| *out = [*low, *high]);
    } else {
        let put = |(k, plane): (usize, &Vec<u8>)| {
            out[k..].iter_mut().step_by(bytes).zip(plane).for_each(|(out, byte)| *out = *byte);
        };
        planes.iter().rev().enumerate().for_each(put);
    }
    Ok(out)
}

/// A plane of bytes, one for each pixel.
fn plane(packed: &[u8], pixels: usize) -> Result<Vec<u8>, Fault> {
    let most = pixels + MAX_PADDING + 1;
    let mut plane = Vec::with_capacity(most);
    unpack(packed, most, &mut plane);
    if plane.len() == most {
        return Err(Fault::of(BAD_DICOM, "RLE data goes on behind the last pixel"));
    }
    if plane.len() < pixels {
        return Err(Fault::of(BAD_DICOM, "RLE data ends before the last pixel"));
    }
    plane.truncate(pixels);
    Ok(plane)
}

/// Where each of `n` segments starts, and the end of the last; `None` if the header says anything else.
fn segments(frame: &[u8], n: usize) -> Option<Vec<usize>> {
    let word = |k: usize| Some(u32::from_le_bytes(frame.get(4 * k..4 * k + 4)?.try_into().ok()?) as usize);
    if word(0)? != n {
        return None;
    }
    let mut starts = (1..=n).map(word).collect::<Option<Vec<_>>>()?;
    starts.push(frame.len());
    (starts[0] >= HEADER && starts.is_sorted()).then_some(starts)
}

/// Replaces `out` by up to `want` bytes of a segment (PackBits); what follows them is padding.
fn unpack(mut packed: &[u8], want: usize, out: &mut Vec<u8>) {
    out.clear();
    while out.len() < want {
        let Some((&control, rest)) = packed.split_first() else { return };
        let room = want - out.len();
        match control {
            0..128 => {
                let (literal, after) = rest.split_at(rest.len().min(usize::from(control) + 1));
                out.extend_from_slice(&literal[..literal.len().min(room)]);
                packed = after;
            }
            // Does nothing, by definition.
            128 => packed = rest,
            129.. => {
                let Some((&byte, after)) = rest.split_first() else { return };
                out.resize(out.len() + room.min(257 - usize::from(control)), byte);
                packed = after;
            }
        }
    }
}

#[cfg(test)]
pub(in crate::io) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The slow twin: a run wherever two bytes are alike, each other byte by itself.
    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for run in bytes.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(128)) {
            match run.len() {
                1 => out.extend([0, run[0]]),
                n => out.extend([(257 - n) as u8, run[0]]),
            }
        }
        out
    }

    /// A frame of pixels of `bytes` bytes.
    pub fn encode(pixels: &[u8], bytes: usize) -> Vec<u8> {
        let mut header = vec![bytes as u32];
        let mut body = Vec::new();
        for k in (0..bytes).rev() {
            header.push((HEADER + body.len()) as u32);
            body.extend(pack(&pixels.iter().skip(k).step_by(bytes).copied().collect::<Vec<_>>()));
            body.resize(body.len().next_multiple_of(2), 0);
        }
        header.resize(HEADER / 4, 0);
        [header.iter().flat_map(|w| w.to_le_bytes()).collect(), body].concat()
    }

    #[test]
    fn literals_runs_and_the_empty_control_are_read() {
        let mut out = Vec::new();
        unpack(&[2, 7, 8, 9, 128, 254, 5, 0, 1], 7, &mut out);
        assert_eq!(out, [7, 8, 9, 5, 5, 5, 1]);
        unpack(&[255, 5, 3, 1], 9, &mut out);
        assert_eq!(out, [5, 5, 1], "what is cut off is not made up");
    }

    #[test]
    fn a_wrong_header_and_a_short_plane_are_refused() {
        let good = encode(&[1, 2, 3, 4], 2);
        assert_eq!(decode(&good, 2, 2).unwrap(), [1, 2, 3, 4]);
        assert!([(4, 1), (3, 2)].iter().all(|(pixels, bytes)| decode(&good, *pixels, *bytes).is_err()));
        let long = encode(&[7; 64], 2);
        assert!(decode(&long, 32, 2).is_ok() && decode(&long, 24, 2).is_ok() && decode(&long, 23, 2).is_err());
        assert!(decode(&good[..63], 2, 2).is_err());
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(pixels in prop::collection::vec(0..4_u8, 2..600), bytes in 1..3_usize) {
            let pixels = &pixels[..pixels.len() / bytes * bytes];
            prop_assert_eq!(decode(&encode(pixels, bytes), pixels.len() / bytes, bytes).unwrap(), pixels);
        }

        #[test]
        fn damage_is_an_answer_or_a_refusal(
            pixels in prop::collection::vec(0..4_u8, 2..200), at: prop::sample::Index, byte: u8, cut: prop::sample::Index,
        ) {
            let mut frame = encode(&pixels, 1);
            let at = at.index(frame.len());
            frame[at] = byte;
            let _ = decode(&frame[..cut.index(frame.len() + 1)], pixels.len(), 1);
            let _ = decode(&frame, pixels.len() / 2, 2);
        }
    }
}
