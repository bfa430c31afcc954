//! The tumour from a box or a line, where the study has no outline of it.

use super::Stage;
use super::canal::is_told;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, flag, keys, reason};
use crate::segment::spine::course::Course;
use crate::segment::tumour::{Known, Lost, segmented};
use crate::segment::window::COIL_MM;

/// `segment`
pub const DEF: Stage = Stage {
    name: "segment",
    about: "the tumour from its prompt by minimum cut, held against GrowCut and against prompts that are a little off",
    modalities: &[Modality::Mr],
    reads: &[keys::IMAGE.name, keys::PROMPT.name, keys::COURSE.name, keys::DRAWN.name, keys::SCAN.name],
    writes: &[keys::TUMOUR.name, keys::SEGMENTATION.name, keys::TOLD_IN_CANAL.name],
    reach_mm: |_| COIL_MM,
    bytes_per_voxel: 200.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    // Which of them the cord or the canal is decides where the tumour ends beside it.
    ["canal", "cord"].into_iter().try_for_each(|name| is_told(view.get(&keys::SCAN), name))?;
    let (image, points): (_, &Vec<_>) = (view.get(&keys::IMAGE), view.get(&keys::COURSE));
    let course = Course::of(points, image.geometry());
    let drawn = view.get(&keys::DRAWN);
    let known = Known { course: course.as_ref(), canal: drawn.get("canal"), cord: drawn.get("cord") };
    let found = segmented(image, view.get(&keys::PROMPT), known).map_err(|lost| {
        let reason = match lost {
            Lost::OffImage | Lost::Nothing => reason::SEGMENTATION_EMPTY,
            Lost::Leaks(_) => reason::SEGMENTATION_LEAKS,
        };
        Refusal::of(reason, lost.to_string())
    })?;
    let mut board = Board::default();
    board.put(&keys::TUMOUR, found.mask, &[flag::SEGMENTED_HERE]);
    board.put(&keys::SEGMENTATION, found.agreement, &[flag::SEGMENTED_HERE]);
    if found.told_in_canal {
        board.put(&keys::TOLD_IN_CANAL, (), &[flag::SEGMENTED_HERE]);
    } else {
        board.refuse(keys::TOLD_IN_CANAL.name, Refusal::of(reason::TUMOUR_PROPOSED, ""));
    }
    Ok(board)
}
