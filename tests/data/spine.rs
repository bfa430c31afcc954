//! The cord of a real cervical spine from points along its canal, against the mask that a person drew.

use osteon::geometry::{Extent, Vec3};
use osteon::io::{image, labels};
use osteon::segment::spine::course::Course;
use osteon::segment::spine::segmented;
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
