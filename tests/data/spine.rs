//! Canal and cord of real spines from points along the canal: the cervical cord against the mask that a person drew, and where
//! the cord ends in the loin, as it looks in the pictures.

use osteon::geometry::{Extent, Vec3};
use osteon::io::{image, labels};
use osteon::segment::spine::course::Course;
use osteon::segment::spine::{Spine, segmented};
use osteon::volume::Mask;

/// The middle of a mask on a plane, LPS mm.
fn middle(mask: &Mask, plane: usize) -> Vec3 {
    let inside: Vec<[f64; 2]> =
        mask.plane(plane).indexed_iter().filter(|(_, m)| **m).map(|((y, x), _)| [x as f64, y as f64]).collect();
    let mean = |a: usize| inside.iter().map(|p| p[a]).sum::<f64>() / inside.len() as f64;
    mask.geometry().to_patient([mean(0), mean(1), plane as f64])
}

#[test]
fn the_cervical_cord_is_found_from_four_points() {
    let Some(data) = super::data() else { return };
    let folder = data.join("mr_spine/cervical_T2w");
    let source = image::open(&folder.join("t2.nii.gz"), None).unwrap();
    let whole = Extent::whole(source.geometry().dims);
    let (image, drawn) =
        (source.read(&whole).unwrap(), labels::open(&folder.join("t2_seg-manual.nii.gz")).unwrap().mask(None, &whole));
    let nobody = Mask::from_fn(image.geometry().clone(), |_| false);
    let planes: Vec<usize> = (0..whole.dims()[2]).filter(|&z| drawn.plane(z).iter().any(|&m| m)).collect();
    let (first, last) = (planes[0], planes[planes.len() - 1]);
    // A hand misses the middle by a millimetre.
    let off = [[0.8, -0.6], [-0.7, 0.7], [0.5, 0.9], [-0.9, -0.4]];
    let points: Vec<Vec3> = (0..4)
        .map(|k| {
            let [x, y, z] = middle(&drawn, first + (last - first) * k / 3);
            [x + off[k][0], y + off[k][1], z]
        })
        .collect();
    let found = segmented(&image, &nobody, &Course::of(&points, image.geometry()).unwrap());
    let both = drawn.as_slice().iter().zip(found.cord.as_slice()).filter(|(a, b)| **a && **b).count() as f64;
    let dice = 2.0 * both / (drawn.count() + found.cord.count()) as f64;
    let volume = found.cord.count() as f64 * image.geometry().voxel_volume_mm3();
    println!("Dice {dice:.3}, {volume:.0} mm3 of 4275, canal {} voxels", found.canal.count());
    assert!(dice >= 0.88, "{dice}");
    assert!((volume / 4275.0 - 1.0).abs() < 0.08, "{volume}");
    let inside = found.cord.as_slice().iter().zip(found.canal.as_slice()).all(|(cord, canal)| !cord || *canal);
    assert!(inside, "the cord lies in the canal");
}

/// What is found on an image from points, slice, row and column of each.
fn found(image: &std::path::Path, points: &[[f64; 3]]) -> Spine {
    let source = image::open(image, None).unwrap();
    let image = source.read(&Extent::whole(source.geometry().dims)).unwrap();
    let grid = image.geometry().clone();
    let points: Vec<Vec3> = points.iter().map(|&p| grid.to_patient(p)).collect();
    let nobody = Mask::from_fn(grid.clone(), |_| false);
    segmented(&image, &nobody, &Course::of(&points, &grid).unwrap())
}

/// The planes on which a mask has voxels, and its mean area on them, mm2.
fn planes(mask: &Mask) -> (Vec<usize>, f64) {
    let all: Vec<usize> = (0..mask.geometry().dims[2]).filter(|&z| mask.plane(z).iter().any(|&m| m)).collect();
    let area_mm2 = mask.count() as f64 * mask.geometry().pixel_area_mm2() / all.len().max(1) as f64;
    (all, area_mm2)
}

#[test]
fn below_the_conus_of_real_spines_there_is_the_sac() {
    let Some(data) = super::data() else { return };
    // x, y and z of points set by eye in the middle of the canal; by eye the cord ends at slices 95 to 105 of one, 16 of the other.
    let cases = [
        (
            data.join("mr_spine/lumbar_T2w/t2_lumbar.nii.gz"),
            vec![[18.0, 189.0, 193.0], [18.0, 183.5, 138.0], [18.0, 172.5, 88.0], [18.0, 161.5, 31.0]],
            80..=110,
        ),
        (
            data.join("mr_body/axial_T2_dicom_CMB-CRC_scan1"),
            vec![[307.0, 350.0, 2.0], [303.0, 327.0, 10.0], [293.0, 350.0, 18.0], [291.0, 381.0, 26.0]],
            15..=19,
        ),
    ];
    for (image, points, ends) in cases {
        let spine = found(&image, &points);
        let ((cord, cord_mm2), (canal, canal_mm2), (sac, _)) =
            (planes(&spine.cord), planes(&spine.canal), planes(&spine.sac));
        println!("cord from {} of {cord_mm2:.0} mm2, canal from {} of {canal_mm2:.0} mm2", cord[0], canal[0]);
        assert!(ends.contains(&cord[0]), "{}", cord[0]);
        assert_eq!((sac[0], sac.last().map(|z| z + 1)), (canal[0], Some(cord[0])));
        // Adult canals of the loin have 150 to 300 mm2, cords 40 to 70.
        assert!((150.0..300.0).contains(&canal_mm2) && (35.0..75.0).contains(&cord_mm2), "{canal_mm2} {cord_mm2}");
    }
}
