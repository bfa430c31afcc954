//! Whether the image shows the whole border of the lesion.

use super::Stage;
use crate::geometry::Extent;
use crate::measure::settings::Settings;
use crate::measure::{Board, Modality, Refusal, View, keys, reason};

/// `border`
pub const DEF: Stage = Stage {
    name: "border",
    about: "refuses what needs the whole border where the outline comes within a voxel of the image's border",
    modalities: &[Modality::Ct, Modality::Mr],
    reads: &[keys::TUMOUR.name, keys::SCAN.name],
    writes: &[keys::TOUCHES_BORDER.name, keys::WHOLE_BORDER.name],
    reach_mm: super::no_reach,
    bytes_per_voxel: 0.0,
    run,
};

fn run(view: &View<'_>, _: &Settings) -> Result<Board, Refusal> {
    let scan = view.get(&keys::SCAN);
    let inside = view.get(&keys::TUMOUR).extent();
    let touches = scan.cut || inside.is_some_and(|e| on_border(&e, &scan.region, scan.whole.dims));
    let mut board = Board::default();
    board.put(&keys::TOUCHES_BORDER, touches, &[]);
    if touches {
        board.refuse(keys::WHOLE_BORDER.name, Refusal::of(reason::FOV_TRUNCATED, ""));
    } else {
        board.put(&keys::WHOLE_BORDER, (), &[]);
    }
    Ok(board)
}

/// Whether a box inside the region has a voxel in the outermost layer of the whole image.
fn on_border(inside: &Extent, region: &Extent, whole: [usize; 3]) -> bool {
    (0..3).any(|a| inside.lo[a] + region.lo[a] == 0 || inside.hi[a] + region.lo[a] == whole[a])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_layer_is_the_border() {
        let region = Extent { lo: [4, 0, 2], hi: [9, 9, 9] };
        let at = |lo, hi| on_border(&Extent { lo, hi }, &region, [20, 20, 10]);
        assert!(!at([0, 1, 0], [3, 3, 3]));
        assert!(at([0, 0, 0], [3, 3, 3]));
        assert!(at([0, 1, 0], [3, 3, 8]));
    }
}
