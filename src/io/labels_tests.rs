//! Label maps, real and crafted.

use super::*;
use crate::io::image_tests_support::{Folder, test_data};
use crate::io::nifti::write::encode;

fn grid() -> Geometry {
    let mut g = Geometry::upright([6, 5, 4], [1.0, 2.0, 3.0]);
    g.axes[0] = [-1.0, 0.0, 0.0]; // stored right to left
    g
}

#[test]
fn extents_and_masks_are_canonical() {
    let dir = Folder::new();
    let stored =
        Volume::from_fn(grid(), |[x, y, z]| if x < 2 && y == 1 && z > 0 { 3_i16 } else { i16::from(z == 3) * 300 });
    let labels = open(&dir.file("l.nii.gz", &encode(&stored, true))).unwrap();
    assert!(matches!(labels.voxels, Narrow::U16(_)));
    let three = labels.extent(Some(&[3])).unwrap();
    assert_eq!(three, Extent { lo: [4, 1, 1], hi: [6, 2, 4] });
    let mask = labels.mask(Some(&[3]), &three);
    assert_eq!(mask.count(), 2 * 3);
    assert_eq!(labels.mask(None, &Extent::whole([6, 5, 4])).count(), 2 * 2 + 30);
    assert_eq!(labels.extent(Some(&[7])), None);
    assert_eq!(labels.mask(Some(&[3, 300]), &Extent::whole([6, 5, 4])), labels.mask(None, &Extent::whole([6, 5, 4])));
}

/// Only the box of the labels is kept: the slow twin has all voxels.
#[test]
fn a_mask_of_any_box_is_that_of_the_whole_map() {
    let dir = Folder::new();
    let grid = Geometry::upright([7, 6, 5], [1.0; 3]);
    let inside = |[x, y, z]: [usize; 3]| (2..4).contains(&x) && (1..5).contains(&y) && (2..4).contains(&z);
    let labels = open(&dir.file("l.nii", &encode(&Volume::from_fn(grid, |v| i16::from(inside(v))), false))).unwrap();
    let spans = |n: usize| (0..=n).flat_map(move |lo| (lo..=n).map(move |hi| [lo, hi]));
    for ([x0, x1], [y0, y1], [z0, z1]) in
        spans(7).flat_map(|x| spans(6).flat_map(move |y| spans(5).map(move |z| (x, y, z))))
    {
        let mask = labels.mask(None, &Extent { lo: [x0, y0, z0], hi: [x1, y1, z1] });
        let twin = (z0..z1).flat_map(|z| (y0..y1).flat_map(move |y| (x0..x1).map(move |x| inside([x, y, z]))));
        assert!(mask.as_slice().iter().copied().eq(twin), "{x0}..{x1} {y0}..{y1} {z0}..{z1}");
    }
}

#[test]
fn floating_masks_count_from_one_half() {
    let dir = Folder::new();
    let values = [0.0, 0.49, 0.5, 1.0, 2.0, -0.7];
    let stored = Volume::from_fn(grid(), |[x, _, _]| values[x]);
    let labels = open(&dir.file("l.nii", &encode(&stored, false))).unwrap();
    let row = labels.mask(None, &Extent { lo: [0; 3], hi: [6, 1, 1] });
    assert_eq!(row.as_slice(), [false, true, true, true, false, false]);
    assert_eq!(labels.extent(Some(&[2])).unwrap().dims(), [1, 5, 4]);
    let nan = Volume::from_fn(grid(), |_| f32::NAN);
    assert_eq!(open(&dir.file("n.nii", &encode(&nan, false))).unwrap_err().kind.code, "nonfinite_voxels");
    let huge = Volume::from_fn(grid(), |_| 1e20_f32);
    assert_eq!(open(&dir.file("h.nii", &encode(&huge, false))).unwrap_err().kind.code, "label_out_of_range");
}

/// Labels 0, 1, 2 and 7 in every type of NIfTI, in both byte orders, and scaled from bytes.
#[test]
fn labels_of_every_type_are_the_same() {
    let dir = Folder::new();
    let plain = encode(&Volume::from_fn(grid(), |[_, _, z]| [0_i16, 1, 2, 7][z]), false);
    let whole = Extent::whole([6, 5, 4]);
    let want = open(&dir.file("i.nii", &plain)).unwrap().mask(Some(&[2, 7]), &whole);
    assert_eq!(want.count(), 60);
    macro_rules! check {
        ($($t:ty = $code:literal),*) => {$({
            let mut head = plain[..352].to_vec();
            head[70..74].copy_from_slice(&[$code as i16, 8 * size_of::<$t>() as i16].map(i16::to_le_bytes).concat());
            let stored: Vec<$t> = (0..120).map(|i| [0 as $t, 1 as $t, 2 as $t, 7 as $t][i / 30]).collect();
            let little = [head.clone(), stored.iter().flat_map(|v| v.to_le_bytes()).collect()].concat();
            for (from, to, width) in [(0, 4, 4), (40, 56, 2), (70, 74, 2), (76, 120, 4), (252, 256, 2), (256, 328, 4)] {
                head[from..to].chunks_mut(width).for_each(<[u8]>::reverse);
            }
            let big = [head, stored.iter().flat_map(|v| v.to_be_bytes()).collect()].concat();
            for bytes in [little, big] {
                let read = open(&dir.file("t.nii", &bytes)).unwrap().mask(Some(&[2, 7]), &whole);
                assert_eq!(read, want, stringify!($t));
            }
        })*};
    }
    check!(u8 = 2, i16 = 4, i32 = 8, f32 = 16, f64 = 64, i8 = 256, u16 = 512, u32 = 768, i64 = 1024, u64 = 1280);
    // Stored thirds of a label: 7 becomes 21 with the slope of 1/3, which no float holds exactly.
    let mut scaled = encode(&Volume::from_fn(grid(), |[_, _, z]| [0_i16, 3, 6, 21][z]), false);
    scaled[112..116].copy_from_slice(&(1.0_f32 / 3.0).to_le_bytes());
    assert_eq!(open(&dir.file("s.nii", &scaled)).unwrap().mask(Some(&[2, 7]), &whole), want);
}

#[test]
fn what_is_no_label_is_refused() {
    let dir = Folder::new();
    let code = |value: f32| {
        let bytes = encode(&Volume::from_fn(grid(), |[x, _, _]| if x == 2 { value } else { 0.0 }), false);
        open(&dir.file("l.nii", &bytes))
            .map_err(|f| f.kind.code)
            .map(|l| l.mask(None, &Extent::whole([6, 5, 4])).count())
    };
    assert_eq!(code(2.5), Err("label_not_whole"));
    assert_eq!(code(1.4), Ok(20));
    assert_eq!(code(-4.0), Ok(20));
    assert_eq!(code(-0.7), Ok(0));
    assert_eq!(code(f32::INFINITY), Err("nonfinite_voxels"));
    assert_eq!(code(f32::NEG_INFINITY), Err("nonfinite_voxels"));
    // The largest u64 is no -1.
    let mut huge = encode(&Volume::from_fn(grid(), |_| 0_i16), false)[..352].to_vec();
    huge[70..74].copy_from_slice(&[1280_i16, 64].map(i16::to_le_bytes).concat());
    huge.extend([0xff; 8 * 120]);
    assert_eq!(open(&dir.file("u.nii", &huge)).unwrap_err().kind.code, "label_out_of_range");
}

#[test]
fn negative_labels_are_kept() {
    let dir = Folder::new();
    let stored = Volume::from_fn(grid(), |[_, y, _]| -(y as i16));
    let labels = open(&dir.file("l.nii", &encode(&stored, false))).unwrap();
    assert_eq!(labels.mask(Some(&[-4]), &Extent::whole([6, 5, 4])).count(), 24);
}

/// Volumes and mean HU of TotalSegmentator's own `statistics.json`, to the digits printed there.
#[test]
fn totalsegmentator_is_reproduced() {
    let Some(data) = test_data("ct/totalseg_thorax_abdomen") else { return };
    let image = crate::io::image::open(&data.join("example_ct_sm.nii.gz"), None).unwrap();
    let labels = open(&data.join("example_seg_fast.nii.gz")).unwrap();
    assert!(labels.geometry().same_grid(image.geometry()));
    let published =
        [(1, 260_010.0, 33.05909), (5, 1_062_450.0, 44.85855), (31, 58_509.0, 196.57776), (79, 18_981.0, 16.82646)];
    for (label, volume_mm3, mean_hu) in published {
        let region = labels.extent(Some(&[label])).unwrap();
        let mask = labels.mask(Some(&[label]), &region);
        let hu = image.read(&region).unwrap();
        let inside = hu.as_slice().iter().zip(mask.as_slice()).filter(|(_, m)| **m).map(|(v, _)| f64::from(*v));
        let mean = inside.sum::<f64>() / mask.count() as f64;
        assert!((mask.count() as f64 * mask.geometry().voxel_volume_mm3() - volume_mm3).abs() < 1e-3, "{label}");
        assert!((mean - mean_hu).abs() < 5.1e-6, "{label}: {mean}");
    }
}

/// 64-bit floats, PSR axes, and the published count of cord voxels.
#[test]
fn a_cord_of_another_orientation_keeps_its_voxels() {
    let Some(data) = test_data("mr_spine/cervical_T2w") else { return };
    let cord = open(&data.join("t2_seg-manual.nii.gz")).unwrap();
    let region = cord.extent(None).unwrap();
    assert_eq!(cord.mask(None, &region).count(), 4275);
    let levels = open(&data.join("t2_seg-manual_labeled.nii.gz")).unwrap();
    assert!(levels.extent(Some(&[2])).is_some() && levels.extent(Some(&[9])).is_none());
}
