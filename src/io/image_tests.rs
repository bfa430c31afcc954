//! Images opened and read, real and crafted.

use super::*;
use crate::io::image_tests_support::{Dice, Folder, test_data, version_2};
use crate::io::inflate::tests::gzip;
use crate::io::nifti::write::encode;
use std::time::{Duration, Instant};

fn grid() -> Geometry {
    let mut g = Geometry::upright([4, 5, 6], [1.0, 2.0, 3.0]);
    g.axes = [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]];
    g
}

fn volume() -> Volume<i16> {
    Volume::from_fn(grid(), |[x, y, z]| (x + 10 * y + 100 * z) as i16 - 300)
}

fn whole(image: &Image) -> Extent {
    Extent::whole(image.geometry().dims)
}

fn code(dir: &Folder, bytes: &[u8]) -> &'static str {
    let path = dir.file("x", bytes);
    let read = open(&path, None).and_then(|i| i.read(&whole(&i)));
    read.expect_err("a refusal").kind.code
}

/// Plain, compressed, several members; a part read is the part of the whole.
#[test]
fn every_container_gives_the_same_voxels() {
    let dir = Folder::new();
    let plain = encode(&volume(), false);
    let members: Vec<u8> = plain.chunks(100).flat_map(gzip).collect();
    let files = [dir.file("a.nii", &plain), dir.file("b.nii", &gzip(&plain)), dir.file("c.nii.gz", &members)];
    for path in files {
        let image = open(&path, None).unwrap();
        assert_eq!(image.geometry(), &grid().canonical());
        let all = image.read(&whole(&image)).unwrap();
        // Canonical (l, p, s) is stored (p, last - s, last - l).
        assert_eq!(all.voxels()[[1, 2, 3]], f32::from(volume().voxels()[[6 - 1 - 3, 5 - 1 - 1, 2]]));
        let part = Extent { lo: [1, 0, 2], hi: [5, 3, 4] };
        assert_eq!(image.read(&part).unwrap(), all.crop(&part));
    }
}

#[test]
fn each_damage_has_its_code() {
    let dir = Folder::new();
    let plain = encode(&volume(), false);
    let packed = gzip(&plain);
    let mut wrong_crc = packed.clone();
    let at = wrong_crc.len() - 6;
    wrong_crc[at] ^= 0x10;
    let mut giant = plain.clone();
    giant[42..48].copy_from_slice(&[0xff, 0x7f, 0xff, 0x7f, 0xff, 0x7f]);
    let cases = [
        ("truncated_file", plain[..plain.len() - 1].to_vec()),
        ("truncated_file", packed[..packed.len() - 20].to_vec()),
        ("bad_crc", wrong_crc),
        ("truncated_file", giant.clone()),
        ("truncated_file", gzip(&giant)),
        ("not_an_image", Vec::new()),
        ("not_an_image", b"patient,timepoint\n".to_vec()),
        ("not_an_image", gzip(b"patient,timepoint\n")),
    ];
    for (i, (want, bytes)) in cases.iter().enumerate() {
        assert_eq!(code(&dir, bytes), *want, "case {i}");
    }
    assert_eq!(open(&dir.path().join("none"), None).unwrap_err().kind.code, "file_missing");
    assert_eq!(open(dir.path(), None).unwrap_err().kind.code, "empty_folder");
}

#[test]
fn values_are_scaled_from_any_type_and_must_be_finite() {
    let dir = Folder::new();
    let mut bytes = encode(&volume(), false);
    bytes[112..120].copy_from_slice(&[2.5_f32.to_le_bytes(), (-7.0_f32).to_le_bytes()].concat());
    let image = open(&dir.file("s.nii", &bytes), None).unwrap();
    let v = image.read(&whole(&image)).unwrap();
    assert_eq!(v.voxels()[[4, 0, 5]], -300.0 * 2.5 - 7.0);
    let holes = Volume::from_fn(grid(), |[x, _, _]| if x == 3 { f32::NAN } else { 1.0 });
    let image = open(&dir.file("n.nii", &encode(&holes, false)), None).unwrap();
    let fault = image.read(&whole(&image)).unwrap_err();
    assert_eq!((fault.kind.code, fault.detail.as_ref()), ("nonfinite_voxels", "30 of 120 in the region"));
    // Outside the region a NaN harms nobody: stored x is canonical y.
    assert!(image.read(&Extent { lo: [0; 3], hi: [6, 3, 5] }).is_ok());
}

/// Every numeric type, both byte orders, by rewriting one file.
#[test]
fn every_type_is_read_in_both_byte_orders() {
    let dir = Folder::new();
    macro_rules! check {
        ($($t:ty = $code:literal),*) => {$({
            let mut head = encode(&volume(), false)[..352].to_vec();
            head[70..72].copy_from_slice(&($code as i16).to_le_bytes());
            head[72..74].copy_from_slice(&(8 * size_of::<$t>() as i16).to_le_bytes());
            let stored: Vec<$t> = (0..120_u8).map(|v| v as $t).collect();
            let little = [head.clone(), stored.iter().flat_map(|v| v.to_le_bytes()).collect()].concat();
            for (from, to, width) in [(0, 4, 4), (40, 56, 2), (70, 74, 2), (76, 120, 4), (252, 256, 2), (256, 328, 4)] {
                head[from..to].chunks_mut(width).for_each(<[u8]>::reverse);
            }
            let big = [head, stored.iter().flat_map(|v| v.to_be_bytes()).collect()].concat();
            for bytes in [little, big] {
                let image = open(&dir.file("t.nii", &bytes), None).unwrap();
                let v = image.read(&whole(&image)).unwrap();
                assert_eq!(v.voxels()[[4, 0, 5]], 0.0, stringify!($t));
                assert_eq!(v.voxels()[[0, 3, 0]], 119.0, stringify!($t));
                assert_eq!(v.voxels()[[4, 1, 5]], 1.0, stringify!($t));
            }
        })*};
    }
    check!(u8 = 2, i16 = 4, i32 = 8, f32 = 16, f64 = 64, i8 = 256, u16 = 512, u32 = 768, i64 = 1024, u64 = 1280);
}

#[test]
fn a_header_finds_its_voxels_beside_it() {
    let dir = Folder::new();
    let mut head = encode(&volume(), false);
    let voxels = head.split_off(352);
    head[344..348].copy_from_slice(b"ni1\0");
    head[108..112].fill(0);
    let path = dir.file("p.hdr", &head);
    assert_eq!(open(&path, None).unwrap_err().kind.code, "file_missing");
    for (name, bytes) in [("p.img.gz", gzip(&voxels)), ("p.img", voxels.clone())] {
        // Either file of the pair may be named.
        let img = dir.file(name, &bytes);
        for named in [&path, &img] {
            let image = open(named, None).unwrap();
            assert_eq!(image.inputs(), [path.clone(), img.clone()]);
            assert_eq!(image.read(&whole(&image)).unwrap().voxels()[[4, 0, 5]], -300.0, "{name}");
        }
    }
    assert_eq!(open(&dir.file("alone.img", &voxels), None).unwrap_err().kind.code, "not_an_image");
}

/// Both files of a pair compressed, the header too.
#[test]
fn a_compressed_header_finds_its_voxels() {
    let dir = Folder::new();
    let mut head = encode(&volume(), false);
    let voxels = head.split_off(352);
    head[344..348].copy_from_slice(b"ni1\0");
    head[108..112].fill(0);
    let path = dir.file("p.hdr.gz", &gzip(&head));
    dir.file("p.img.gz", &gzip(&voxels));
    let image = open(&path, None).unwrap();
    assert_eq!(image.read(&whole(&image)).unwrap().voxels()[[4, 0, 5]], -300.0);
}

/// NIfTI-2 in both byte orders: one file, one file compressed, one with extensions, and pairs.
#[test]
fn nifti_2_is_read_in_every_form() {
    let dir = Folder::new();
    let v1 = encode(&volume(), false);
    let values: Vec<i16> = v1[352..].chunks(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    for big in [false, true] {
        let voxels: Vec<u8> = values.iter().flat_map(|v| if big { v.to_be_bytes() } else { v.to_le_bytes() }).collect();
        let one =
            |offset: i64, gap: usize| [version_2(&v1, big, b"n+2", offset), vec![0; gap], voxels.clone()].concat();
        let mut extended = one(576, 36);
        extended[540] = 1;
        dir.file("p.img.gz", &gzip(&voxels));
        let files = [
            dir.file("a.nii", &one(544, 4)),
            dir.file("b.nii.gz", &gzip(&one(0, 4))),
            dir.file("c.nii", &extended),
            dir.file("p.hdr", &version_2(&v1, big, b"ni2", 0)),
        ];
        for path in files {
            let image = open(&path, None).unwrap();
            assert_eq!(image.geometry(), &grid().canonical(), "{path:?}");
            let v = image.read(&whole(&image)).unwrap();
            assert_eq!(v.voxels()[[1, 2, 3]], f32::from(volume().voxels()[[2, 3, 2]]), "{path:?}");
        }
        let short = one(544, 4);
        assert_eq!(code(&dir, &short[..short.len() - 1]), "truncated_file");
    }
}

/// `data/README.md`: types and file forms; a file without orientation or depth is refused by name.
#[test]
fn nifti_types_are_answered() {
    let Some(data) = test_data("nifti_types") else { return };
    for name in ["int16.nii", "uint8.nii", "float32.nii"] {
        let image = open(&data.join(name), None).unwrap();
        let v = image.read(&whole(&image)).unwrap();
        assert_eq!(v.geometry().dims, [3, 3, 3], "{name}");
        assert_eq!(v.as_slice().iter().sum::<f32>(), 351.0, "{name}");
    }
    for (name, want) in [
        ("minimal.hdr", "no_geometry"),
        ("minimal2.hdr", "no_geometry"),
        ("minimal_extended_hdr.nii", "two_dimensional"),
        ("minimal.img", "no_geometry"),
    ] {
        assert_eq!(open(&data.join(name), None).unwrap_err().kind.code, want, "{name}");
    }
}

/// The big-endian pair of the test data, given an orientation.
#[test]
fn a_big_endian_pair_is_read() {
    let Some(data) = test_data("nifti_types") else { return };
    let dir = Folder::new();
    let mut head = std::fs::read(data.join("minimal2.hdr")).unwrap();
    head[254..256].copy_from_slice(&1_i16.to_be_bytes());
    for (at, v) in [(280, 3_f32), (300, 3.0), (320, 3.0)] {
        head[at..at + 4].copy_from_slice(&v.to_be_bytes());
    }
    dir.file("m.img.gz", &std::fs::read(data.join("minimal2.img.gz")).unwrap());
    let image = open(&dir.file("m.hdr", &head), None).unwrap();
    let v = image.read(&whole(&image)).unwrap();
    assert_eq!(v.geometry().dims, [64, 64, 10]);
    let plain = std::fs::read(data.join("minimal.img")).unwrap();
    let sum: u64 = plain.iter().map(|b| u64::from(*b)).sum();
    assert_eq!(v.as_slice().iter().map(|v| *v as u64).sum::<u64>(), sum);
}

#[test]
fn broken_nifti_is_refused_at_once() {
    let Some(data) = test_data("broken/nifti") else { return };
    for entry in std::fs::read_dir(data).unwrap() {
        let start = Instant::now();
        let fault = open(&entry.unwrap().path(), None).and_then(|i| i.read(&whole(&i))).unwrap_err();
        assert!(!fault.transient && start.elapsed() < Duration::from_secs(1), "{fault}");
    }
}

/// Two thousand damaged files: an answer or a refusal, never a panic, and each in no time.
#[test]
fn damage_anywhere_is_an_answer_or_a_refusal() {
    let dir = Folder::new();
    let mut dice = Dice(1);
    let plain = encode(&volume(), false);
    let packed = gzip(&plain);
    let second = [version_2(&plain, false, b"n+2", 544), vec![0; 4], plain[352..].to_vec()].concat();
    for round in 0..2000 {
        let bytes = match round % 2 {
            0 => dice.mutate(&plain, 352),
            _ if round % 4 == 1 => dice.mutate(&packed, packed.len()),
            _ if round % 8 == 3 => dice.mutate(&second, 544),
            _ => gzip(&dice.mutate(&plain, 352)),
        };
        let path = dir.file("m", &bytes);
        let start = Instant::now();
        if let Ok(image) = open(&path, None) {
            let _ = image.read(&whole(&image));
        }
        let _ = crate::io::labels::open(&path);
        assert!(start.elapsed() < Duration::from_secs(1), "round {round}");
    }
}

/// A wrong size would shift every row; what programs append is short.
#[test]
fn a_plain_file_with_a_plane_too_many_contradicts_its_header() {
    let dir = Folder::new();
    let volume = Volume::from_fn(Geometry::upright([4, 3, 5], [1.0; 3]), |[x, ..]| x as i16);
    let bytes = encode(&volume, false);
    let with = |n: usize| open(&dir.file("i.nii", &[&bytes[..], &vec![0; n]].concat()), None).map_err(|f| f.kind.code);
    assert!(with(0).is_ok() && with(23).is_ok());
    assert_eq!(with(24).map(|_| ()), Err("bad_header"));
    let mut narrower = bytes.clone();
    narrower[42] = 3;
    assert_eq!(open(&dir.file("n.nii", &narrower), None).unwrap_err().kind.code, "bad_header");
}
