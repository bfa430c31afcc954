//! A made-up exam for the tests: a thoracic vertebra with a lumpy lesion, its rim and interior partly bone.

use super::gallery::ExamName;
use crate::geometry::{Extent, Geometry};
use crate::io::acquisition::Acquisition;
use crate::measure::Modality;
use crate::measure::board::Board;
use crate::measure::keys::{
    AXIAL_IMAGE, IMAGE, INTERIOR, OUTLINE, RIM, RIM_SLICES, SCAN, STRUCTURES, Scan, Structures, TUMOUR,
};
use crate::measure::levels::Levels;
use crate::measure::rows::{ExamRow, ExamRows, SliceRow, Status, Value};
use crate::ops::interior::{Interior, InteriorSlice, Tissue};
use crate::ops::outline::{Point, Ring, SliceOutline};
use crate::ops::plane::Plane;
use crate::ops::rim::{Arc, Cover, RimSlice, Standing};
use crate::volume::{Mask, Volume};
use ndarray::Array2;
use std::f64::consts::TAU;

/// First slice with tumour, in the whole image.
pub const FIRST: usize = 31;
/// Centre of the lesion, in-plane mm.
pub const CENTRE: Point = [38.0, 30.0];
const SLICES: usize = 15;
const PIXEL_MM: f64 = 0.7;

/// Distance from centre to border in a direction, mm; angle 0 is patient left, a quarter turn posterior.
pub fn radius_mm(angle: f64, plane: usize) -> f64 {
    let z = (plane as f64 - 7.0) / 8.5;
    let lumps = 1.0 + 0.07 * libm::sin(3.0 * angle + 0.4) + 0.05 * libm::cos(5.0 * angle + 0.3 * plane as f64);
    21.0 * (1.0 - z * z).max(0.05).sqrt() * lumps
}

/// What the rim shows in a direction.
pub fn cover(angle: f64) -> Cover {
    match angle.rem_euclid(TAU) / TAU {
        a if a < 0.5 => Cover::Covered,
        a if a < 0.6 => Cover::Unevaluable,
        _ => Cover::Uncovered,
    }
}

fn polar(at: Point) -> (f64, f64) {
    let (dx, dy) = (at[0] - CENTRE[0], at[1] - CENTRE[1]);
    ((dx * dx + dy * dy).sqrt(), libm::atan2(dy, dx))
}

fn ellipse(at: Point, centre: Point, half: Point) -> f64 {
    let [u, v] = [0, 1].map(|a| (at[a] - centre[a]) / half[a]);
    (u * u + v * v).sqrt()
}

fn noise(x: usize, y: usize, z: usize) -> f64 {
    let mut h = (x as u64) << 40 ^ (y as u64) << 20 ^ z as u64;
    let mut sum = 0.0;
    for _ in 0..4 {
        h = (h ^ h >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        sum += (h >> 40) as f64 / (1 << 24) as f64 - 0.5;
    }
    sum
}

fn is_bone(at: Point, plane: usize) -> bool {
    let (r, angle) = polar(at);
    let waves = libm::sin(at[0] * 0.9 + plane as f64) + libm::cos(at[1] * 0.8 - 0.3 * at[0]) + libm::sin(0.35 * at[1]);
    r < radius_mm(angle, plane) - 3.5 && waves > 0.75
}

fn hu(at: Point, plane: usize) -> f64 {
    let (r, angle) = polar(at);
    let border = radius_mm(angle, plane) - r;
    let body = ellipse(at, [40.0, 32.0], [21.0, 16.0]);
    let canal = ellipse(at, [40.0, 60.0], [10.0, 8.5]);
    let arch = ellipse(at, [40.0, 62.0], [17.0, 14.0]);
    let spine = (at[0] - 40.0).abs() < 3.5 && (74.0..92.0).contains(&at[1]);
    let aorta = ellipse(at, [68.0, 18.0], [10.0, 10.0]);
    match () {
        () if (0.0..2.2).contains(&border) && cover(angle) == Cover::Covered => 640.0,
        () if border > 0.0 && is_bone(at, plane) => 430.0,
        () if border > 0.0 => 62.0,
        () if canal < 1.0 => 25.0,
        () if body < 0.93 => 190.0 + 90.0 * libm::sin(at[0] * 2.3) * libm::sin(at[1] * 2.1),
        () if body < 1.0 || (arch < 1.0 && arch > 0.86) || spine => 620.0,
        () if arch < 0.86 && at[1] > 56.0 => 230.0,
        () if aorta < 1.0 => 45.0,
        () if at[1] < 14.0 => -780.0,
        () => 52.0 - 110.0 * f64::from(u8::from(libm::sin(at[0] * 0.23) * libm::cos(at[1] * 0.2) > 0.55)),
    }
}

fn image() -> Volume<f32> {
    let geometry = Geometry::upright([118, 138, SLICES], [PIXEL_MM, PIXEL_MM, 3.0]);
    Volume::from_fn(geometry, |[x, y, z]| {
        let sub = |k: usize, i: usize| (i as f64 + (k as f64 - 1.0) / 3.0) * PIXEL_MM;
        let mean: f64 = (0..9).map(|k| hu([sub(k % 3, x), sub(k / 3, y)], z)).sum::<f64>() / 9.0;
        (mean + 34.0 * noise(x, y, z)) as f32
    })
}

fn outline(plane: usize) -> SliceOutline {
    let at = |i: usize| {
        let angle = i as f64 / 200.0 * TAU;
        let r = radius_mm(angle, plane);
        [CENTRE[0] + r * libm::cos(angle), CENTRE[1] + r * libm::sin(angle)]
    };
    let points: Vec<Point> = (0..200).map(at).collect();
    let area_mm2 = (0..200).map(|i| radius_mm(i as f64 / 200.0 * TAU, plane)).map(|r| r * r * TAU / 400.0).sum();
    let rings = vec![Ring { points, piece: 0, hole: false }];
    SliceOutline { plane, slice: FIRST + plane, z_mm: -412.5 + 3.0 * plane as f64, area_mm2, rings }
}

fn rim(outline: &SliceOutline) -> RimSlice {
    let length_mm = 0.7;
    let arc = |at: &Point| {
        let (_, angle) = polar(*at);
        let normal = [libm::cos(angle), libm::sin(angle)];
        Arc {
            at: *at,
            normal,
            length_mm,
            cover: cover(angle),
            rim_chance: 0.5,
            border_mm: 0.0,
            peak_at_mm: -1.0,
            width_mm: None,
            inner_mm: None,
            smear_mm: 0.0,
            excess_width_mm: None,
            ring: 0,
        }
    };
    let arcs: Vec<Arc> = outline.rings[0].points.iter().map(arc).collect();
    let end = outline.plane == 0 || outline.plane == SLICES - 1;
    let standing = if end { Standing::End } else { Standing::Counts };
    RimSlice {
        plane: outline.plane,
        arcs,
        coverage: Some(0.556),
        gap_mm: Some(46.3),
        evaluable: 0.9,
        metal: 0.0,
        perimeter_mm: 140.0,
        standing,
    }
}

fn interior(outline: &SliceOutline) -> InteriorSlice {
    let pixel = |(y, x): (usize, usize)| {
        let at = [x as f64 * 0.5, y as f64 * 0.5];
        let (r, angle) = polar(at);
        match radius_mm(angle, outline.plane) - r {
            depth if depth < 0.0 => Tissue::Outside,
            depth if depth < 3.0 => Tissue::Peel,
            _ if is_bone(at, outline.plane) => Tissue::Ossified,
            _ => Tissue::Soft,
        }
    };
    let pixels = Array2::from_shape_fn((190, 165), pixel);
    let area = |t: &[Tissue]| pixels.iter().filter(|p| t.contains(p)).count() as f64 * 0.25;
    let (bone, zone) = (area(&[Tissue::Ossified]), area(&[Tissue::Ossified, Tissue::Soft]));
    let tissue = Plane { pixels, corner_mm: [0.0, 0.0], pixel_mm: [0.5, 0.5] };
    InteriorSlice {
        zone_mm2: zone,
        ossified_mm2: bone,
        hard_mm2: bone,
        section_mm2: outline.area_mm2,
        section_ossified_mm2: bone,
        tissue,
    }
}

/// What an exam starts with: image and tumour, all of it in the region.
pub fn given() -> Board {
    let image = image();
    let (whole, region) = (image.geometry().clone(), Extent::whole(image.geometry().dims));
    let inside = |[x, y, z]: [usize; 3]| {
        let (r, angle) = polar([x as f64 * PIXEL_MM, y as f64 * PIXEL_MM]);
        r < radius_mm(angle, z) && (1..SLICES - 1).contains(&z)
    };
    let mut board = Board::default();
    board.put(&TUMOUR, Mask::from_fn(whole.clone(), inside), &[]);
    board.put(&STRUCTURES, Structures::from([("native_bone", Mask::from_fn(whole.clone(), |_| false))]), &[]);
    board.put(&IMAGE, image, &[]);
    let acquisition =
        Acquisition { has_rescale: true, kvp: Some(120.0), contrast: Some(false), ..Acquisition::default() };
    board.put(
        &SCAN,
        Scan {
            modality: Modality::Ct,
            acquisition,
            whole,
            region,
            levels: Levels { table: Some("T7".to_owned()), points: Vec::new() },
            cord_points: Vec::new(),
            cut: false,
            prompted: false,
            ambiguous: Vec::new(),
        },
        &[],
    );
    board
}

/// Everything a graph would have left of it.
pub fn board() -> Board {
    let (image, outlines) = (image(), (0..SLICES).map(outline).collect::<Vec<_>>());
    let region = Extent::whole(image.geometry().dims);
    let whole = image.geometry().clone();
    let levels = Levels { table: Some("T7".to_owned()), points: Vec::new() };
    let mut board = Board::default();
    board.put(
        &SCAN,
        Scan {
            modality: Modality::Ct,
            acquisition: Acquisition::default(),
            whole,
            region,
            levels,
            cord_points: Vec::new(),
            cut: false,
            prompted: false,
            ambiguous: Vec::new(),
        },
        &[],
    );
    board.put(&AXIAL_IMAGE, image, &[]);
    board.put(&RIM_SLICES, (), &[]);
    board.put(&RIM, [(); 3].map(|()| outlines.iter().map(rim).collect()), &[]);
    let slices: Vec<InteriorSlice> = outlines.iter().map(interior).collect();
    let interior = Interior {
        slices,
        deep_piece_mm3: 900.0,
        like_marrow_mm2: 0.0,
        like_cortex_mm2: 0.0,
        native_bone_mm2: 0.0,
        metal_mm2: 0.0,
    };
    board.put(&INTERIOR, [interior.clone(), interior.clone(), interior], &[]);
    board.put(&OUTLINE, outlines, &[]);
    board
}

/// A row of `exams.csv` with a value.
pub fn row(measure: &str, unit: &str, value: Value) -> ExamRow {
    let (measure, unit) = (measure.to_owned(), unit.to_owned());
    let (status, value) = (Status::Ok, Some(value));
    ExamRow { measure, unit, status, value, uncertainty: None, slice: None, reason: None, flags: Vec::new() }
}

/// A row of `exams.csv` without one.
pub fn refused(measure: &str, reason: &str) -> ExamRow {
    let reason = Some(reason.to_owned());
    ExamRow { status: Status::NotEvaluable, value: None, reason, ..row(measure, "", Value::Number(0.0)) }
}

/// A class.
pub fn class(name: &str) -> Value {
    Value::Class(name.to_owned())
}

/// Its rows.
pub fn rows() -> ExamRows {
    let grade = ExamRow { slice: Some(FIRST + 8), ..row("boriani_grade", "", class("2b")) };
    let grade =
        ExamRow { status: Status::Borderline, flags: vec!["threshold_sensitive".into(), "kv_unknown".into()], ..grade };
    let exams = vec![
        ExamRow { slice: Some(FIRST + 7), ..row("max_diameter", "mm", Value::Number(43.62)) },
        row("rim_coverage", "1", Value::Number(0.556)),
        row("rim", "", class("incomplete")),
        row("ossified_fraction", "1", Value::Number(0.514)),
        row("interior", "", class("over_half")),
        grade,
    ];
    let slice = |k: usize| SliceRow {
        slice: FIRST + k,
        z_mm: 0.0,
        level: Some("T7".into()),
        cells: Vec::new(),
        flags: Vec::new(),
    };
    ExamRows { slices: (0..SLICES).map(slice).collect(), exams }
}

/// Its name.
pub fn name() -> ExamName {
    let [patient, timepoint, series, lesion] = ["YU07", "post", "main", "1"].map(str::to_owned);
    ExamName { patient, timepoint, modality: Modality::Ct, series, lesion }
}
