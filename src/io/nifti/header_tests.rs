//! NIfTI headers, each crafted for one fault.

use super::*;
use crate::io::image_tests_support::version_2;
use crate::volume::Volume;

/// A good header of 3 x 4 x 5 voxels of int16, RAS, 1 x 2 x 3 mm.
fn good() -> Vec<u8> {
    let mut g = Geometry::upright([3, 4, 5], [1.0, 2.0, 3.0]);
    g.axes = [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]];
    g.origin = [10.0, 20.0, -30.0];
    super::super::write::encode(&Volume::from_fn(g, |_| 0_i16), false)
}

fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut h = good();
    h[at..at + bytes.len()].copy_from_slice(bytes);
    h
}

fn i16s(at: usize, values: &[i16]) -> Vec<u8> {
    with(at, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

fn f32s(at: usize, values: &[f32]) -> Vec<u8> {
    with(at, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

fn code(head: &[u8]) -> &'static str {
    Header::parse(head).expect_err("a refusal").kind.code
}

#[test]
fn ras_becomes_lps() {
    let h = Header::parse(&good()).unwrap();
    assert_eq!(h.geometry.origin, [10.0, 20.0, -30.0]);
    assert_eq!(h.geometry.axes[0], [-1.0, 0.0, 0.0]);
    assert_eq!((h.kind, h.offset, h.slope, h.big_endian), (Type::I16, 352, 1.0, false));
    assert_eq!(h.end(), 352 + 2 * 60);
}

#[test]
fn each_contradiction_has_its_code() {
    let cases: &[(&str, Vec<u8>)] = &[
        ("two_dimensional", i16s(40, &[2, 3, 4, 1, 1])),
        ("two_dimensional", i16s(40, &[3, 3, 4, 1, 1])),
        ("several_volumes", i16s(40, &[4, 3, 4, 5, 2])),
        ("several_volumes", i16s(40, &[5, 3, 4, 5, 1, 3])),
        ("bad_header", i16s(40, &[3, 3, 0, 5, 1])),
        ("bad_header", i16s(40, &[3, -1, 4, 5, 1])),
        ("bad_header", i16s(40, &[0])),
        ("bad_header", i16s(40, &[8])),
        ("bad_header", i16s(70, &[3, 16])),
        ("unsupported_type", i16s(70, &[32, 64])),
        ("unsupported_type", i16s(70, &[128, 24])),
        ("bitpix_mismatch", i16s(70, &[4, 8])),
        ("bitpix_mismatch", i16s(70, &[4, 0])),
        ("bitpix_mismatch", i16s(70, &[4, -16])),
        ("bad_geometry", f32s(280, &[f32::NAN])),
        ("bad_geometry", f32s(80, &[f32::NAN])),
        ("bad_geometry", f32s(80, &[1.1])),
        ("bad_geometry", f32s(300, &[2.2])),
        ("bad_header", f32s(112, &[2.0, f32::NAN])),
        ("zero_spacing", f32s(80, &[0.0])),
        ("zero_spacing", f32s(88, &[-3.0])),
        ("zero_spacing", f32s(280, &[0.0])),
        ("sheared_axes", f32s(284, &[0.5])),
        ("no_geometry", i16s(252, &[0, 0])),
        ("bad_header", f32s(108, &[100.0])),
        ("bad_header", f32s(108, &[352.5])),
        ("bad_header", f32s(108, &[f32::INFINITY])),
        ("not_an_image", with(344, b"\0\0\0\0")),
        ("not_an_image", good()[..300].to_vec()),
        ("bad_header", with(0, &255_i32.to_le_bytes())),
        ("not_an_image", with(0, &540_i32.to_le_bytes())),
        ("bad_header", with(4, b"n+2\0\r\n\x1a\n")),
    ];
    for (i, (want, head)) in cases.iter().enumerate() {
        assert_eq!(code(head), *want, "case {i}");
    }
}

#[test]
fn what_others_forgive_is_forgiven() {
    let one_volume = Header::parse(&i16s(40, &[4, 3, 4, 5, 1])).unwrap();
    assert_eq!(one_volume.geometry.dims, [3, 4, 5]);
    for slope in [0.0, f32::NAN, f32::INFINITY] {
        let h = Header::parse(&f32s(112, &[slope, 5.0])).unwrap();
        assert_eq!((h.slope, h.intercept), (1.0, 0.0));
    }
    for offset in [0.0, f32::NAN] {
        assert_eq!(Header::parse(&f32s(108, &[offset])).unwrap().offset, 352);
    }
    assert_eq!(Header::parse(&f32s(108, &[384.0])).unwrap().offset, 384);
}

/// The good header in units of which `per_mm` make a millimetre.
fn in_units(code: u8, per_mm: f32) -> Vec<u8> {
    let mut head = with(123, &[code]);
    for at in (80..92).chain(280..328).step_by(4) {
        let value = f32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        head[at..at + 4].copy_from_slice(&(value * per_mm).to_le_bytes());
    }
    head
}

#[test]
fn metres_and_micrometres_are_read_and_other_units_refused() {
    let mm = Header::parse(&good()).unwrap().geometry;
    for (unit, per_mm) in [(0, 1.0), (2, 1.0), (3, 1000.0), (1, 1e-3)] {
        let other = Header::parse(&in_units(unit, per_mm)).unwrap().geometry;
        assert!(other.same_grid(&mm), "unit {unit}: {other:?}");
    }
    assert_eq!(code(&with(123, &[5])), "bad_header");
    assert_eq!(code(&with(123, &[1])), "bad_geometry", "voxels a metre apart");
}

#[test]
fn a_qfac_of_zero_counts_as_one_and_a_long_quaternion_is_refused() {
    let mut head = i16s(252, &[1, 0]);
    head[76..80].copy_from_slice(&0_f32.to_le_bytes());
    assert_eq!(Header::parse(&head).unwrap().geometry.axes[2], [0.0, 0.0, 1.0]);
    head[256..260].copy_from_slice(&2_f32.to_le_bytes());
    assert_eq!(code(&head), "bad_geometry");
}

/// The fields of a header are found where the `nifti` crate, and the standard, put them: every byte is swapped.
#[test]
fn both_byte_orders_say_the_same() {
    let little = good();
    let mut big = little.clone();
    let mut swap = |from: usize, to: usize, width: usize| big[from..to].chunks_mut(width).for_each(<[u8]>::reverse);
    swap(0, 4, 4);
    swap(40, 56, 2);
    swap(70, 74, 2);
    swap(76, 120, 4);
    swap(252, 256, 2);
    swap(256, 328, 4);
    let (a, b) = (Header::parse(&little).unwrap(), Header::parse(&big).unwrap());
    assert_eq!(Header { big_endian: false, ..b.clone() }, a);
    assert!(b.big_endian);
}

/// Each fault of NIfTI-2 that NIfTI-1 cannot have, and those that both share, met through the other offsets.
#[test]
fn each_contradiction_of_nifti_2_has_its_code() {
    let second = |at: usize, bytes: &[u8]| {
        let mut h = version_2(&good(), false, b"n+2", 544);
        h[at..at + bytes.len()].copy_from_slice(bytes);
        h
    };
    let cases: &[(&str, Vec<u8>)] = &[
        ("bad_header", second(4, b"n+2\0\n\x1a\n\0")),
        ("bad_header", second(0, &348_i32.to_le_bytes())),
        ("not_an_image", second(0, b"")[..500].to_vec()),
        ("bad_header", second(24, &i64::MIN.to_le_bytes())),
        ("bad_header", second(24, &i64::MAX.to_le_bytes())),
        ("bad_header", second(32, &(1_i64 << 44).to_le_bytes())),
        ("bad_header", second(16, &9_i64.to_le_bytes())),
        ("several_volumes", second(16, &[4_i64, 3, 4, 5, 2].map(i64::to_le_bytes).concat())),
        ("two_dimensional", second(16, &2_i64.to_le_bytes())),
        ("bitpix_mismatch", second(14, &8_i16.to_le_bytes())),
        ("bad_header", second(168, &352_i64.to_le_bytes())),
        ("bad_header", second(168, &i64::MAX.to_le_bytes())),
        ("no_geometry", second(344, &[0; 8])),
        ("bad_geometry", second(400, &f64::NAN.to_le_bytes())),
        ("zero_spacing", second(112, &0_f64.to_le_bytes())),
    ];
    for (i, (want, head)) in cases.iter().enumerate() {
        assert_eq!(code(head), *want, "case {i}");
    }
}

/// Both versions say the same place, by sform and by qform, in either byte order.
#[test]
fn both_versions_say_the_same() {
    let mut first = good();
    for _ in 0..2 {
        let one = Header::parse(&first).unwrap();
        for big in [false, true] {
            let two = Header::parse(&version_2(&first, big, b"n+2", 544)).unwrap();
            assert_eq!(two.big_endian, big);
            assert_eq!(Header { big_endian: false, offset: 352, ..two }, one);
        }
        first[254] = 0;
    }
}

#[test]
fn dimensions_beyond_16_bits_are_read() {
    let mut head = version_2(&good(), false, b"n+2", 544);
    head[24..32].copy_from_slice(&70_000_i64.to_le_bytes());
    let h = Header::parse(&head).unwrap();
    assert_eq!((h.geometry.dims, h.end()), ([70_000, 4, 5], 544 + 2 * 70_000 * 20));
}

/// Where extensions follow the header, only `vox_offset` says where they end.
#[test]
fn extensions_need_a_stated_offset() {
    for (mut head, flag, at) in [(good(), 348, 108), (version_2(&good(), false, b"n+2", 544), 540, 168)] {
        head.resize(super::super::HEADER_BYTES, 0);
        head[flag] = 1;
        assert!(Header::parse(&head).is_ok());
        head[at..at + 4].fill(0);
        assert_eq!(code(&head), "bad_header");
        head[flag] = 0;
        assert!(Header::parse(&head).is_ok());
    }
}
