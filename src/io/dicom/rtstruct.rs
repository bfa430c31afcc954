//! RT structure sets: closed contours in the patient, filled on the grid of an image.
//!
//! The images that contours refer to are not looked for: exports often lose them. Contours are placed by their points.

use super::drawn::Part;
use super::header::Tags;
use super::planes::{Patch, Planes, ROUNDING_MM, step_mm};
use super::rings::Rings;
use crate::geometry::{Geometry, Vec3, add_scaled, cross, dot, norm, unit};
use crate::io::fault::{BAD_DICOM, BAD_GEOMETRY, Fault};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::BTreeSet;

/// Cosine from which on a contour is taken to lie in a plane of the image: 0.08 degrees, rounding of its points.
const ALIGNED: f64 = 1.0 - 1e-6;

/// Cosine down to which contours of one part are taken to be parallel: 2.6 degrees, for contours of few points.
const PARALLEL: f64 = 0.999;

/// ROIObservationLabel: retired, and yet in most files.
const OBSERVATION_LABEL: Tag = Tag(0x3006, 0x0085);

/// A closed contour: its points in the patient, mm.
type Contour = Vec<Vec3>;

/// The regions of interest.
pub fn parts(header: &Tags<'_>) -> Vec<Part> {
    let part = |roi: Tags<'_>| {
        let number = roi.number(tags::ROI_NUMBER)? as i64;
        let about = header.items(tags::RTROI_OBSERVATIONS_SEQUENCE);
        let about = about.filter(|o| o.number(tags::REFERENCED_ROI_NUMBER) == Some(number as f64));
        let observed = about.flat_map(|o| [OBSERVATION_LABEL, tags::RTROI_INTERPRETED_TYPE].map(|t| o.text(t)));
        let names = std::iter::once(roi.text(tags::ROI_NAME)).chain(observed).filter(|n| !n.is_empty());
        Some(Part { number, names: names.collect() })
    };
    header.items(tags::STRUCTURE_SET_ROI_SEQUENCE).filter_map(part).collect()
}

/// The frames of reference of the wanted regions, as far as the file tells.
pub fn frames(header: &Tags<'_>, numbers: &[i64]) -> Vec<String> {
    let wanted = |roi: &Tags<'_>| roi.number(tags::ROI_NUMBER).is_some_and(|n| numbers.contains(&(n as i64)));
    let regions = header.items(tags::STRUCTURE_SET_ROI_SEQUENCE).filter(wanted);
    let uids = regions.map(|roi| roi.text(tags::REFERENCED_FRAME_OF_REFERENCE_UID));
    uids.filter(|uid| !uid.is_empty()).collect()
}

/// The wanted regions on the grid of an image; `None` where a region has no voxel there.
///
/// # Errors
/// Points that are not numbers; contours of one region that are not parallel, or not evenly apart.
pub fn read(header: &Tags<'_>, numbers: &[i64], image: &Geometry) -> Result<Vec<(i64, Option<Patch>)>, Fault> {
    let region = |number: &i64| {
        let (mut contours, mut seen) = (Vec::new(), BTreeSet::new());
        for roi in header.items(tags::ROI_CONTOUR_SEQUENCE) {
            if roi.number(tags::REFERENCED_ROI_NUMBER) == Some(*number as f64) {
                for contour in roi.items(tags::CONTOUR_SEQUENCE) {
                    // What is drawn twice is no hole.
                    contours.extend(closed(contour)?.filter(|points| seen.insert(bits(points))));
                }
            }
        }
        Ok((*number, fill(&contours, image)?))
    };
    numbers.iter().map(region).collect()
}

/// What tells two contours apart.
fn bits(points: &Contour) -> Vec<[u64; 3]> {
    points.iter().map(|p| p.map(f64::to_bits)).collect()
}

/// The points of a contour that encloses an area; `None` for points and open lines.
fn closed(contour: Tags<'_>) -> Result<Option<Contour>, Fault> {
    let kind = contour.text(tags::CONTOUR_GEOMETRIC_TYPE);
    match kind.as_str() {
        "POINT" | "OPEN_PLANAR" | "OPEN_NONPLANAR" => return Ok(None),
        "CLOSED_PLANAR" | "CLOSEDPLANAR_XOR" => {}
        _ => return Err(Fault::of(BAD_DICOM, "a contour does not say whether it is closed")),
    }
    let numbers = contour.all_numbers(tags::CONTOUR_DATA).filter(|n| n.len() % 3 == 0);
    let numbers = numbers.ok_or_else(|| Fault::of(BAD_DICOM, "a contour is not a list of points"))?;
    let promised = contour.number(tags::NUMBER_OF_CONTOUR_POINTS);
    if let Some(promised) = promised.filter(|n| *n != (numbers.len() / 3) as f64) {
        let detail = format!("a contour of {promised} points has {}", numbers.len() / 3);
        return Err(Fault::of(BAD_DICOM, detail));
    }
    let points: Contour = numbers.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
    Ok((unit(area(&points)).is_some() && points.len() > 2).then_some(points))
}

/// Twice the area that a contour encloses, along its normal.
fn area(points: &Contour) -> Vec3 {
    let from_first = |p: &Vec3| add_scaled(*p, -1.0, points[0]);
    points.windows(2).fold([0.0; 3], |sum, p| add_scaled(sum, 1.0, cross(from_first(&p[0]), from_first(&p[1]))))
}

/// Fills contours, which lie on parallel planes.
fn fill(contours: &[Contour], image: &Geometry) -> Result<Option<Patch>, Fault> {
    let largest = contours.iter().map(area).max_by(|a, b| norm(*a).total_cmp(&norm(*b)));
    let Some(normal) = largest.and_then(unit) else { return Ok(None) };
    let place = planes_along(normal, image);
    let mut flat: Vec<(f64, f64, Vec<[f64; 2]>)> = contours.iter().map(|c| flattened(c, &place)).collect();
    if contours.iter().filter_map(|c| unit(area(c))).any(|n| dot(n, place.axes[2]).abs() < PARALLEL) {
        return Err(Fault::of(BAD_GEOMETRY, "contours of one structure lie on planes that are not parallel"));
    }
    flat.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups: Vec<_> = flat.chunk_by(|a, b| b.0 - a.0 < ROUNDING_MM).collect();
    let heights: Vec<f64> = groups.iter().map(|g| g[0].0).collect();
    let across = |a: usize| dot(image.axes[a], place.axes[2]).abs() * image.spacing[a];
    let half_mm = step_mm(&heights)?.unwrap_or_else(|| (0..3).map(across).sum()) / 2.0;
    if flat.iter().any(|(_, spread, _)| *spread > half_mm) {
        return Err(Fault::of(BAD_GEOMETRY, "a contour does not lie on a plane"));
    }
    let rings = |group: &[(f64, f64, Vec<[f64; 2]>)]| {
        Rings::new(&group.iter().map(|(_, _, points)| points.clone()).collect::<Vec<_>>())
    };
    let planes = groups.iter().map(|g| (g[0].0, rings(g))).collect();
    Ok(Planes { place, half_mm, planes }.onto(image))
}

/// Axes in mm along and across planes; those of the image where they are the same, so that nothing is rounded.
fn planes_along(normal: Vec3, image: &Geometry) -> Geometry {
    let origin = image.origin;
    let frame = |axes| Geometry { dims: [1; 3], spacing: [1.0; 3], origin, axes };
    if let Some(a) = (0..3).find(|a| dot(normal, image.axes[*a]).abs() > ALIGNED) {
        return frame([image.axes[(a + 1) % 3], image.axes[(a + 2) % 3], image.axes[a]]);
    }
    let least = (0..3).min_by(|a, b| dot(normal, image.axes[*a]).abs().total_cmp(&dot(normal, image.axes[*b]).abs()));
    let across = cross(normal, image.axes[least.unwrap_or(0)]);
    let u = unit(across).unwrap_or(image.axes[0]);
    frame([u, cross(normal, u), normal])
}

/// Height of a contour, how far its points stray from it, and the points along the plane.
fn flattened(contour: &Contour, place: &Geometry) -> (f64, f64, Vec<[f64; 2]>) {
    let points: Vec<Vec3> = contour.iter().map(|p| place.to_index(*p)).collect();
    let height = points.iter().map(|p| p[2]).sum::<f64>() / points.len() as f64;
    let spread = points.iter().map(|p| (p[2] - height).abs()).fold(0.0, f64::max);
    (height, spread, points.iter().map(|p| [p[0], p[1]]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(z: f64, lo: f64, hi: f64) -> Contour {
        vec![[lo, lo, z], [hi, lo, z], [hi, hi, z], [lo, hi, z]]
    }

    fn count(contours: &[Contour], image: &Geometry) -> usize {
        fill(contours, image).unwrap().map_or(0, |p| p.inside.iter().filter(|i| **i).count())
    }

    #[test]
    fn contours_fill_the_nearest_slice_and_holes_stay_empty() {
        let image = Geometry::upright([10, 10, 6], [1.0, 1.0, 3.0]);
        let two = [square(3.2, 1.5, 6.5), square(6.2, 1.5, 6.5)];
        assert_eq!(count(&two, &image), 50, "off the slices, nearest to them");
        assert_eq!(count(&[square(3.0, 1.5, 6.5), square(3.0, 2.5, 4.5)], &image), 21);
        assert_eq!(count(&[square(40.0, 1.5, 6.5)], &image), 0);
        assert_eq!(count(&[square(0.0, 1.5, 6.5), square(6.0, 1.5, 6.5), square(9.0, 1.5, 6.5)], &image), 75);
        assert_eq!(fill(&[], &image).unwrap().map(|p| p.extent), None);
    }

    #[test]
    fn contours_of_other_planes_are_filled_too() {
        let image = Geometry::upright([10, 10, 10], [1.0; 3]);
        let turned = |c: Contour, f: fn(Vec3) -> Vec3| c.into_iter().map(f).collect::<Contour>();
        let sagittal =
            (2..5).map(|z| turned(square(f64::from(z), 1.5, 6.5), |[x, y, z]| [z, x, y])).collect::<Vec<_>>();
        assert_eq!(count(&sagittal, &image), 75);
        // Turned by 30 degrees about the first axis through (., 5, 5): 25 mm2 on 7 planes of 1 mm.
        let oblique = (-3..4).map(|z| {
            turned(square(f64::from(z), -2.5, 2.5), |[x, y, z]| {
                let (s, c) = (0.5, 0.866_025_403_784_438_6);
                [x + 4.5, 4.5 + c * y - s * z, 4.5 + s * y + c * z]
            })
        });
        let voxels = count(&oblique.collect::<Vec<_>>(), &image);
        assert!((165..=185).contains(&voxels), "{voxels} voxels of 175 mm3");
    }

    #[test]
    fn planes_that_cannot_be_one_stack_are_refused() {
        let image = Geometry::upright([10, 10, 10], [1.0; 3]);
        let upright: Contour = square(3.0, 1.5, 6.5).into_iter().map(|[x, y, z]| [z, x, y]).collect();
        assert_eq!(fill(&[square(3.0, 1.5, 8.5), upright], &image).unwrap_err().kind, BAD_GEOMETRY);
        let mut bent = square(3.0, 1.5, 6.5);
        bent[0][2] = 9.0;
        assert_eq!(fill(&[bent], &image).unwrap_err().kind, BAD_GEOMETRY);
    }
}
