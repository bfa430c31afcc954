//! How deep each pixel lies below the true border, and what the rim hides of the interior.
//!
//! The outline is off by what the hand strayed. Where there is a rim, its rays have found where the border really runs
//! and where the rim ends inside; each pixel takes both from the ray nearest to it.

use super::section::Section;
use super::{DEEPER_MM, Source};
use crate::ops::quantile::quantile;
use crate::ops::rim::{Arc, Cover, RimSlice};
use crate::volume::traverse::each;
use ndarray::{Array2, Zip, s};

/// Depths on the pixels of a section, at one mineral threshold.
pub struct Depth {
    /// Below the surface in space, mm: where it slopes, less than in the plane.
    pub in_space_mm: Array2<f32>,
    /// Distance of the slice to the nearest plane without outline, mm: the ends of the lesion.
    pub end_mm: f64,
    /// Interior: deeper than the peel, and not hidden by a rim.
    pub zone: Array2<bool>,
}

/// Depths of all sections.
pub fn depths(source: &Source<'_>, sections: &[Section], rim: &[RimSlice], default_mm: f64) -> Vec<Depth> {
    let typical_mm = typical_depth_mm(rim).unwrap_or(default_mm);
    let shells = each(sections.len(), |k| shell(&sections[k], &rim[k].arcs, typical_mm));
    each(sections.len(), |k| depth(source, sections, &shells, k))
}

/// The border of a slice as its rays found it.
struct Shell {
    /// Below it, mm.
    depth_mm: Array2<f32>,
    /// How deep the rim reaches at the nearest place of the border, mm; 0 where there is none.
    rim_mm: Array2<f32>,
}

/// Where bone hides the inner face of a rim it is taken to be `typical_mm` deep.
fn shell(section: &Section, arcs: &[Arc], typical_mm: f64) -> Shell {
    let rims: Vec<(f32, f32)> =
        arcs.iter().map(|arc| (border_mm(arc) as f32, hides_mm(arc, typical_mm) as f32)).collect();
    let at = |ray: &u32| rims.get(*ray as usize).copied().unwrap_or_default();
    let below = |outline_mm: f32, ray: &u32| if outline_mm > 0.0 { (outline_mm + at(ray).0).max(0.0) } else { 0.0 };
    let depth_mm = Zip::from(&section.outline_mm).and(&section.ray).map_collect(|&mm, ray| below(mm, ray));
    Shell { depth_mm, rim_mm: section.ray.mapv(|ray| at(&ray).1) }
}

/// Where the true border runs off the outline, as far as a rim shows it, mm.
fn border_mm(arc: &Arc) -> f64 {
    if arc.cover == Cover::Covered { arc.border_mm } else { 0.0 }
}

/// How deep a rim hides what is inside, mm; 0 where there is none. A surface too oblique to be judged is covered if its
/// neighbours say so.
fn hides_mm(arc: &Arc, typical_mm: f64) -> f64 {
    match arc.cover {
        Cover::Uncovered => 0.0,
        Cover::Unevaluable if arc.rim_chance <= 0.5 => 0.0,
        _ => reach_mm(arc).unwrap_or(typical_mm + 0.5 * arc.smear_mm),
    }
}

/// How deep the rim of an arc reaches below the true border, where its inner face is seen, mm.
fn reach_mm(arc: &Arc) -> Option<f64> {
    arc.inner_mm.map(|inner| (arc.border_mm - inner).max(0.0))
}

/// The median depth of a rim on an upright surface, where its inner face is seen, mm.
fn typical_depth_mm(rim: &[RimSlice]) -> Option<f64> {
    let upright = |arc: &Arc| reach_mm(arc).map(|mm| (mm - 0.5 * arc.smear_mm).max(0.0));
    quantile(&mut rim.iter().flat_map(|r| &r.arcs).filter_map(upright).collect::<Vec<_>>(), 0.5)
}

fn depth(source: &Source<'_>, sections: &[Section], shells: &[Shell], k: usize) -> Depth {
    let (section, shell) = (&sections[k], &shells[k]);
    let (mut squared_mm2, end_mm) = squared_and_end(source, sections, shells, k);
    // Where a rim covers the border it closes the flat end of the outline too: a surface like any other.
    let cap_mm = (end_mm - source.slice_mm).max(0.0) as f32;
    Zip::from(&mut squared_mm2)
        .and(&shell.rim_mm)
        .for_each(|d, &rim| *d = if rim > 0.0 { d.min(cap_mm * cap_mm) } else { *d });
    let in_space_mm = squared_mm2.mapv(f32::sqrt);
    let peel_mm = section.peel_mm as f32;
    let hidden = |surface: f32, rim: f32| rim > 0.0 && surface <= peel_mm.max(rim);
    let zone = Zip::from(&shell.depth_mm)
        .and(&in_space_mm)
        .and(&shell.rim_mm)
        .map_collect(|&depth, &surface, &rim| depth > peel_mm && !hidden(surface, rim));
    Depth { in_space_mm, end_mm, zone }
}

/// Squared distance to the surface in space by what the neighbours' outlines leave outside, and the distance to the ends.
///
/// A slice shows all that lies within half its thickness. Half way to the next slice a surface that slopes evenly lies
/// at the mean of both depths; where the next slice has nothing, it runs through this one. Farther slices count
/// by `(distance of slices - half a slice)^2 + (depth in that slice)^2`.
fn squared_and_end(source: &Source<'_>, sections: &[Section], shells: &[Shell], k: usize) -> (Array2<f32>, f64) {
    let (section, here_mm) = (&sections[k], &shells[k].depth_mm);
    let mut squared = here_mm.mapv(|d| d * d);
    let mut end_mm = f64::INFINITY;
    // Internal bone is told from peel and rim within this depth.
    let hidden_mm = shells[k].rim_mm.iter().fold(section.peel_mm, |deepest, &rim| deepest.max(f64::from(rim)));
    let reach = ((hidden_mm + DEEPER_MM + 1.0) / source.slice_mm).ceil() as usize;
    for plane in section.plane as isize - reach as isize..=(section.plane + reach) as isize {
        let apart = plane.abs_diff(section.plane as isize);
        let across_mm = apart as f64 * source.slice_mm;
        let Some(j) = sections.iter().position(|s| s.plane as isize == plane) else {
            end_mm = across_mm.min(end_mm);
            continue;
        };
        let there_mm = on(section, &sections[j], &shells[j].depth_mm);
        let between_mm = (across_mm - 0.5 * source.slice_mm).max(0.0) as f32;
        Zip::from(&mut squared).and(here_mm).and(&there_mm).for_each(|squared, &here, &there| {
            let mm2 = match apart {
                0 => return,
                1 if there == 0.0 => 0.0,
                1 => 0.25 * (here + there) * (here + there),
                _ => between_mm * between_mm + there * there,
            };
            *squared = squared.min(mm2);
        });
    }
    (squared, end_mm)
}

/// Depths of another section on the pixels of this one; 0 beyond what they have in common.
fn on(section: &Section, other: &Section, depth_mm: &Array2<f32>) -> Array2<f32> {
    let [rows, columns] = section.common(other);
    let mut here = Array2::zeros(section.hu.pixels.dim());
    let common = s![rows[1]..rows[1] + rows[2], columns[1]..columns[1] + columns[2]];
    here.slice_mut(s![rows[0]..rows[0] + rows[2], columns[0]..columns[0] + columns[2]]).assign(&depth_mm.slice(common));
    here
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::interior::Counts;
    use crate::ops::plane::Plane;

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
            smear_mm: 0.0,
            excess_width_mm: None,
            ring: 0,
        }
    }

    /// A straight outline along y = 10, the lesion below it; a ray every millimetre.
    fn section() -> Section {
        Section {
            plane: 0,
            hu: Plane { pixels: Array2::zeros((24, 40)), corner_mm: [0.0, 0.0], pixel_mm: [0.5, 0.5] },
            counts: Array2::from_elem((24, 40), Counts::Yes),
            inside: Array2::from_shape_fn((24, 40), |(y, _)| y < 20),
            marrow_hu: Vec::new(),
            outline_mm: Array2::from_shape_fn((24, 40), |(y, _)| (10.0 - y as f32 * 0.5).max(0.0)),
            ray: Array2::from_shape_fn((24, 40), |(_, x)| x as u32 / 2),
            peel_mm: 3.0,
        }
    }

    #[test]
    fn depth_is_counted_from_the_true_border_and_the_rim_ends_at_its_inner_face() {
        let at = |i: i32| [f64::from(i), 10.0];
        let left = (0..10).map(|i| arc(at(i), Cover::Covered, 0.5, Some(-1.5)));
        let right = (10..20).map(|i| arc(at(i), Cover::Uncovered, -1.0, None));
        let found = shell(&section(), &left.chain(right).collect::<Vec<_>>(), 2.0);
        assert_eq!((found.depth_mm[(14, 4)], found.rim_mm[(14, 4)]), (3.5, 2.0));
        assert_eq!((found.depth_mm[(14, 34)], found.rim_mm[(14, 34)]), (3.0, 0.0), "only a rim shows the border");
        assert_eq!(found.depth_mm[(21, 4)], 0.0, "outside");
    }

    #[test]
    fn where_bone_hides_the_inner_face_the_rim_is_as_deep_as_elsewhere() {
        let faces = [Some(-1.5), None, Some(-2.5), Some(-2.0)];
        let arcs: Vec<Arc> =
            (0..20).map(|i| arc([f64::from(i), 10.0], Cover::Covered, 0.0, faces[i as usize % 4])).collect();
        let slice = RimSlice { arcs, ..empty() };
        let typical_mm = typical_depth_mm(std::slice::from_ref(&slice)).unwrap();
        assert_eq!(shell(&section(), &slice.arcs, typical_mm).rim_mm[(14, 2)], 2.0);
    }

    #[test]
    fn what_the_next_slice_leaves_outside_is_surface_and_a_slope_lies_half_way() {
        let at = |plane: usize, left: f64, depth_mm: f32| Section {
            plane,
            hu: Plane { pixels: Array2::zeros((3, 3)), corner_mm: [left, 0.0], pixel_mm: [0.5, 0.5] },
            counts: Array2::from_elem((3, 3), Counts::Yes),
            inside: Array2::from_elem((3, 3), true),
            marrow_hu: Vec::new(),
            outline_mm: Array2::from_elem((3, 3), depth_mm),
            ray: Array2::zeros((3, 3)),
            peel_mm: 3.0,
        };
        let sections = [at(4, 0.0, 9.0), at(5, 0.5, 4.0)];
        let shells: Vec<Shell> = sections.iter().map(|s| shell(s, &[], 2.0)).collect();
        let source = Source { outlines: &[], planes: &[], counts: &[], slice_mm: 3.0 };
        let (squared, end_mm) = squared_and_end(&source, &sections, &shells, 0);
        // The slice above begins one column farther right: nothing of it lies over the first one.
        let expected = Array2::from_shape_fn((3, 3), |(_, x)| if x == 0 { 0.0 } else { 6.5 * 6.5 });
        assert_eq!((squared, end_mm), (expected, 3.0));
    }

    fn empty() -> RimSlice {
        let standing = crate::ops::rim::Standing::Counts;
        RimSlice {
            plane: 0,
            arcs: Vec::new(),
            coverage: None,
            gap_mm: None,
            evaluable: 0.0,
            metal: 0.0,
            perimeter_mm: 0.0,
            standing,
        }
    }
}
