//! The shell of a lesion on one slice: how deep each pixel lies below the true border, and how deep the rim reaches.
//!
//! The outline is off by what the hand strayed. Where there is a rim, its rays have found where the border really runs
//! and where the rim ends inside; each pixel takes both from the ray nearest to it.

use super::plane::Plane;
use super::quantile::quantile;
use super::rim::{Arc, Cover};
use ndarray::Array2;
use std::collections::BTreeMap;

/// Depths on the pixels of a resampled plane.
pub struct Shell {
    /// Below the true border, mm.
    pub depth_mm: Array2<f64>,
    /// How deep the rim reaches at the nearest place of the border, mm; 0 where there is none. Far from the border: how
    /// deep it typically is on a slice that is mostly covered.
    pub rim_mm: Array2<f64>,
    /// Whether most of the border is covered.
    pub closed: bool,
}

/// Rays are looked up in squares of this side, mm.
const CELL_MM: f64 = 3.0;

/// `outline_mm` is the depth below the outline as drawn; beyond `far_mm` it stays as it is. Where bone hides the inner
/// face of a rim it is taken to be `typical_mm` deep.
pub fn shell(plane: &Plane<f32>, outline_mm: Array2<f64>, arcs: &[Arc], far_mm: f64, typical_mm: f64) -> Shell {
    let cells = cells(arcs);
    let mut depth_mm = outline_mm;
    let closed = mostly_covered(arcs);
    let mut rim_mm = Array2::from_elem(depth_mm.dim(), if closed { typical_mm } else { 0.0 });
    for ((y, x), depth) in depth_mm.indexed_iter_mut().filter(|(_, d)| **d > 0.0 && **d <= far_mm) {
        let Some(arc) = nearest(arcs, &cells, plane.at(x, y), *depth) else { continue };
        let covered = arc.cover == Cover::Covered;
        rim_mm[(y, x)] = if covered { reach_mm(arc).unwrap_or(typical_mm) } else { 0.0 };
        if covered {
            *depth = (*depth + arc.border_mm).max(0.0);
        }
    }
    Shell { depth_mm, rim_mm, closed }
}

/// How deep the rim of an arc reaches below the true border, where its inner face is seen, mm.
fn reach_mm(arc: &Arc) -> Option<f64> {
    arc.inner_mm.map(|inner| (arc.border_mm - inner).max(0.0))
}

/// The median depth of a rim, where its inner face is seen, mm.
pub fn typical_depth_mm<'a>(arcs: impl Iterator<Item = &'a Arc>) -> Option<f64> {
    quantile(&mut arcs.filter_map(reach_mm).collect::<Vec<_>>(), 0.5)
}

fn mostly_covered(arcs: &[Arc]) -> bool {
    let mm = |covered: bool| {
        arcs.iter().filter(|a| (a.cover == Cover::Covered) == covered).map(|a| a.length_mm).sum::<f64>()
    };
    mm(true) > mm(false)
}

type Cells = BTreeMap<(i64, i64), Vec<usize>>;

fn cell(at: [f64; 2]) -> (i64, i64) {
    ((at[0] / CELL_MM).floor() as i64, (at[1] / CELL_MM).floor() as i64)
}

fn cells(arcs: &[Arc]) -> Cells {
    let mut cells = Cells::new();
    arcs.iter().enumerate().for_each(|(i, arc)| cells.entry(cell(arc.at)).or_default().push(i));
    cells
}

/// The arc nearest to a point that lies `depth_mm` from the outline.
fn nearest<'a>(arcs: &'a [Arc], cells: &Cells, at: [f64; 2], depth_mm: f64) -> Option<&'a Arc> {
    let (cx, cy) = cell(at);
    let reach = (depth_mm / CELL_MM).ceil() as i64;
    let near = (-reach..=reach).flat_map(|dx| (-reach..=reach).filter_map(move |dy| cells.get(&(cx + dx, cy + dy))));
    let far = |arc: &Arc| (arc.at[0] - at[0]) * (arc.at[0] - at[0]) + (arc.at[1] - at[1]) * (arc.at[1] - at[1]);
    near.flatten().map(|&i| &arcs[i]).min_by(|a, b| far(a).total_cmp(&far(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arc(at: [f64; 2], cover: Cover, border_mm: f64, inner_mm: Option<f64>) -> Arc {
        let (rim_chance, peak_at_mm, width_mm) = (0.5, -1.0, None);
        Arc {
            at,
            normal: [0.0, 1.0],
            length_mm: 1.0,
            cover,
            rim_chance,
            border_mm,
            peak_at_mm,
            width_mm,
            inner_mm,
            ring: 0,
        }
    }

    /// A straight outline along y = 10, the lesion below it.
    fn depths(arcs: &[Arc]) -> Shell {
        let plane = Plane { pixels: Array2::zeros((24, 40)), corner_mm: [0.0, 0.0], pixel_mm: [0.5, 0.5] };
        let drawn = Array2::from_shape_fn((24, 40), |(y, _)| (10.0 - y as f64 * 0.5).max(0.0));
        shell(&plane, drawn, arcs, 6.0, typical_depth_mm(arcs.iter()).unwrap_or(0.0))
    }

    #[test]
    fn depth_is_counted_from_the_true_border_and_the_rim_ends_at_its_inner_face() {
        let at = |i: i32| [f64::from(i), 10.0];
        let left = (0..10).map(|i| arc(at(i), Cover::Covered, 0.5, Some(-1.5)));
        let right = (10..20).map(|i| arc(at(i), Cover::Uncovered, -1.0, None));
        let found = depths(&left.chain(right).collect::<Vec<_>>());
        assert_eq!((found.depth_mm[(14, 4)], found.rim_mm[(14, 4)]), (3.5, 2.0));
        assert_eq!((found.depth_mm[(14, 34)], found.rim_mm[(14, 34)]), (3.0, 0.0), "only a rim shows the border");
        assert_eq!(found.depth_mm[(2, 4)], 9.0, "so deep nothing depends on it");
        assert_eq!(found.depth_mm[(21, 4)], 0.0, "outside");
    }

    #[test]
    fn where_bone_hides_the_inner_face_the_rim_is_as_deep_as_elsewhere() {
        let faces = [Some(-1.5), None, Some(-2.5), Some(-2.0)];
        let arcs: Vec<Arc> =
            (0..20).map(|i| arc([f64::from(i), 10.0], Cover::Covered, 0.0, faces[i as usize % 4])).collect();
        assert_eq!(depths(&arcs).rim_mm[(14, 2)], 2.0);
    }
}
