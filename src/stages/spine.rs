//! Canal, cord and sac from points along the canal, where the study has no outline of them.

use super::Stage;
use super::canal::is_told;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys};
use crate::segment::spine::course::Course;
use crate::segment::spine::segmented;
use crate::volume::Mask;

/// `spine`
pub const DEF: Stage = Stage {
    name: "spine",
    about: "canal, cord and the sac below it by rings around a course, where they are not drawn",
    modalities: &[Modality::Mr],
    reads: &[keys::IMAGE.name, keys::TUMOUR.name, keys::DRAWN.name, keys::COURSE.name, keys::SCAN.name],
    writes: &[keys::STRUCTURES.name, keys::FOUND_HERE.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 4.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let (image, tumour) = (view.get(&keys::IMAGE), view.get(&keys::TUMOUR));
    let (mut structures, scan) = (view.get(&keys::DRAWN).clone(), view.get(&keys::SCAN));
    let mut made = Vec::new();
    let points: &Vec<_> = view.get(&keys::COURSE);
    if let Some(course) = Course::of(points, image.geometry()) {
        let mut found = segmented(image, tumour, &course);
        if let Some(canal) = structures.get("canal") {
            // Who has drawn the canal knows better where it ends.
            for inside in [&mut found.cord, &mut found.sac] {
                *inside = inside.and(canal);
            }
        }
        if let Some(cord) = structures.get("cord") {
            clear_from(&mut found.sac, cord);
        }
        for (name, mask) in [("canal", found.canal), ("cord", found.cord), ("sac", found.sac)] {
            let is_wanted = !structures.contains_key(name) && is_told(scan, name).is_ok();
            if is_wanted && mask.count() > 0 {
                structures.insert(name, mask);
                made.push(name);
            }
        }
    }
    let mut board = Board::default();
    board.put(&keys::STRUCTURES, structures, &[]);
    board.put(&keys::FOUND_HERE, made, &[]);
    Ok(board)
}

/// Takes a mask away from the lowest plane of another upwards: who has drawn the cord knows where it ends.
fn clear_from(mask: &mut Mask, cord: &Mask) {
    let size = cord.geometry().dims[0] * cord.geometry().dims[1];
    let lowest = cord.as_slice().iter().position(|&m| m).map_or(cord.as_slice().len(), |i| i / size * size);
    mask.as_mut_slice()[lowest..].fill(false);
}
