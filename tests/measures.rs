//! Every registered measure on one analytic exam, and every refusal with the measures it takes away.
//!
//! The exam is a cylinder of 20 mm radius and 30 mm height (ten slices of 3 mm): a 2 mm shell of 700 HU on the half
//! with x below the axis, 50 HU within, and a bar of bone at 600 HU through the middle.

#[path = "measures/canal.rs"]
mod canal;
#[path = "measures/faint.rs"]
mod faint;
#[path = "measures/prompts.rs"]
mod prompts;
#[path = "measures/properties.rs"]
mod properties;
#[path = "measures/scene.rs"]
mod scene;
#[path = "measures/signal.rs"]
mod signal;
#[path = "measures/uncertainty.rs"]
mod uncertainty;

use osteon::geometry::Geometry;
use osteon::io::acquisition::Acquisition;
use osteon::measure::keys::{Ambiguous, SCAN, Scan, Structures};
use osteon::measure::reason::REASONS;
use osteon::measure::rows::{ExamRows, Status};
use osteon::measure::{Board, Modality, columns, measures};
use osteon::volume::{Mask, Volume};
use std::collections::BTreeSet;

const RADIUS_MM: f64 = 20.0;
const PIXEL_MM: f64 = 0.5;
const MIDDLE_MM: f64 = 40.0;
/// Fat begins this far from the axis, mm.
const FAT_MM: f64 = 30.0;
/// Half the width of the square bar of bone, mm.
const BAR_MM: f64 = 6.0;

/// Metal beside the lesion.
#[derive(Clone, Copy, PartialEq)]
enum Metal {
    None,
    /// All around it.
    Around,
    /// A screw, its axis 9 mm and its surface 6 mm beside the shell in every other slice, and a dark streak from it through the lesion.
    Screw,
}

/// Half the width of the streak, mm, and what it takes off.
const STREAK_MM: f64 = 5.0;
const STREAK_HU: f32 = 600.0;

/// What differs between the exams of these tests.
#[derive(Clone)]
struct Exam {
    radius_mm: f64,
    slice_mm: f64,
    first_slice: usize,
    rescale: bool,
    contrast: Option<bool>,
    soft_hu: f32,
    shift_hu: f32,
    stripes_hu: f32,
    metal: Metal,
    native_mm: f64,
}

const EXAM: Exam = Exam {
    radius_mm: RADIUS_MM,
    slice_mm: 3.0,
    first_slice: 3,
    rescale: true,
    contrast: Some(false),
    soft_hu: 50.0,
    shift_hu: 0.0,
    stripes_hu: 0.0,
    metal: Metal::None,
    native_mm: 0.0,
};

fn hu(exam: &Exam, x_mm: f64, y_mm: f64, slice: usize) -> f32 {
    let screwed = exam.metal == Metal::Screw && slice.is_multiple_of(2);
    if screwed && libm::hypot(x_mm + RADIUS_MM + 9.0, y_mm) < 3.0 {
        return 4000.0;
    }
    let streak = screwed && x_mm < 0.0 && y_mm.abs() < STREAK_MM;
    tissue_hu(exam, x_mm, y_mm) - if streak { STREAK_HU } else { 0.0 }
}

fn tissue_hu(exam: &Exam, x_mm: f64, y_mm: f64) -> f32 {
    let r = libm::hypot(x_mm, y_mm);
    let shell = r <= exam.radius_mm && r > exam.radius_mm - 2.0 && x_mm < 0.0;
    match (exam.metal == Metal::Around && r > exam.radius_mm, shell, x_mm.abs().max(y_mm.abs()) <= BAR_MM) {
        (true, ..) => 4000.0,
        (_, true, _) => 700.0,
        _ if r > FAT_MM => -100.0,
        (_, _, true) => 600.0,
        _ if libm::floor(y_mm / 4.0) % 2.0 == 0.0 => exam.soft_hu - exam.stripes_hu,
        _ => exam.soft_hu + exam.stripes_hu,
    }
}

fn board(exam: &Exam) -> Board {
    let grid = Geometry::upright([160, 160, 16], [PIXEL_MM, PIXEL_MM, exam.slice_mm]);
    let mm = |v: usize| v as f64 * PIXEL_MM - MIDDLE_MM;
    let slices = exam.first_slice..exam.first_slice + 10;
    let disc = |[x, y, z]: [usize; 3], radius: f64| slices.contains(&z) && libm::hypot(mm(x), mm(y)) < radius;
    let acquisition =
        Acquisition { kvp: Some(120.0), contrast: exam.contrast, has_rescale: exam.rescale, ..Acquisition::default() };
    let image = Volume::from_fn(grid.clone(), |[x, y, z]| hu(exam, mm(x), mm(y), z) + exam.shift_hu);
    let tumour = Mask::from_fn(grid.clone(), |v| disc(v, exam.radius_mm));
    let native = Structures::from([("native_bone", Mask::from_fn(grid, |v| disc(v, exam.native_mm)))]);
    scene::board(Modality::Ct, acquisition, image, tumour, native)
}

fn measured(exam: &Exam) -> ExamRows {
    scene::run(board(exam), &[])
}

/// Measure, its exact value, and how far from it the measurement may lie.
fn truth() -> Vec<(&'static str, f64, f64)> {
    let area = std::f64::consts::PI * RADIUS_MM * RADIUS_MM;
    let zone = std::f64::consts::PI * 17.0 * 17.0;
    // Pixels whose centre lies on the bar's edge belong to it whole.
    let bar = (2.0 * BAR_MM + PIXEL_MM) * (2.0 * BAR_MM + PIXEL_MM);
    let shell = std::f64::consts::PI * (20.0 * 20.0 - 18.0 * 18.0) / 2.0;
    let mean = (shell * 700.0 + bar * 600.0 + (area - shell - bar) * 50.0) / area;
    vec![
        ("volume", area * 30.0, area * 0.3),
        // Pixel centres inside a circle leave its outline half a pixel free at best.
        ("max_diameter", 40.0, 0.15),
        ("short_axis", 40.0, 0.25),
        // Mesh vertices lie half a pixel beyond the outermost centres.
        ("max_diameter_mesh", 40.0, 0.6),
        ("diameter_3d", libm::hypot(40.0, 27.0), 0.15),
        ("mean_density", mean, 3.0),
        // Half of the border; where the shell ends, the blur of the grid decides.
        ("rim_coverage", 0.5, 0.02),
        // The picture is sharper than `rim.spread_mm` says, and more is taken off for blur than there is.
        ("rim_thickness", 2.0, 0.65),
        ("ossified_fraction", bar / zone, 0.01),
        ("section_fraction", (bar + shell) / area, 0.02),
        ("section_largest", bar / zone, 0.01),
        ("section_max", bar / zone, 0.01),
    ]
}

const CLASSES: [(&str, &str); 5] = [
    ("rim", "incomplete"),
    ("interior", "under_half"),
    ("boriani_grade", "2a"),
    ("boriani_grade_150", "2a"),
    ("boriani_grade_250", "2a"),
];

#[test]
fn every_measure_has_its_exact_value_and_no_other_is_registered() {
    let rows = measured(&EXAM);
    for (name, exact, tolerance) in truth() {
        let found = rows.exam(name).and_then(|row| row.number()).unwrap_or(f64::NAN);
        assert!((found - exact).abs() <= tolerance, "{name}: {found} is not {exact} within {tolerance}");
        let uncertainty = rows.exam(name).and_then(|row| row.uncertainty);
        assert!(uncertainty.is_some_and(|u| u > 0.0 && u.is_finite()), "{name} give or take {uncertainty:?}");
    }
    for (name, class) in CLASSES {
        assert_eq!(rows.exam(name).and_then(|row| row.class()), Some(class), "{name}");
        let wrong = rows.exam(name).and_then(|row| row.uncertainty);
        assert!(wrong.is_some_and(|chance| (-1e-9..=1.0).contains(&chance)), "{name} is wrong by {wrong:?}");
    }
    let with_truth: BTreeSet<&str> = truth().iter().map(|t| t.0).chain(CLASSES.iter().map(|c| c.0)).collect();
    let registered: BTreeSet<&str> = measures(Modality::Ct).map(|m| m.name).collect();
    assert_eq!(with_truth, registered, "every measure needs an exact value here");
    assert_eq!(rows.slices.len(), 10);
}

/// The measures that are not evaluable, with their reasons.
fn refused(exam: &Exam) -> BTreeSet<(String, String)> {
    let rows = measured(exam).exams.into_iter().filter(|row| row.status == Status::NotEvaluable);
    rows.map(|row| (row.reason.unwrap(), row.measure)).collect()
}

fn table(rows: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    let cells = rows.iter().flat_map(|(reason, measures)| measures.split(' ').map(move |m| (*reason, m)));
    cells.map(|(reason, measure)| (reason.to_owned(), measure.to_owned())).collect()
}

const RIM: &str = "rim rim_coverage rim_thickness";
const INTERIOR: &str = "interior ossified_fraction section_fraction section_largest section_max";
const GRADES: &str = "boriani_grade boriani_grade_150 boriani_grade_250";

#[test]
fn each_reason_takes_away_its_measures_and_no_others() {
    let all = |parts: &[&str]| parts.join(" ");
    assert_eq!(refused(&EXAM), table(&[]));
    let border = all(&["max_diameter short_axis diameter_3d", RIM, INTERIOR, GRADES]);
    assert_eq!(refused(&Exam { first_slice: 0, ..EXAM }), table(&[("fov_truncated", &border)]));
    // Internal bone of under half is grade 2a whatever the rim.
    assert_eq!(refused(&Exam { slice_mm: 5.5, ..EXAM }), table(&[("slice_gt_5mm", RIM)]));
    let no_scale = [("no_rescale", all(&["mean_density", RIM, INTERIOR])), ("interior_ne", GRADES.to_owned())];
    let no_scale: Vec<(&str, &str)> = no_scale.iter().map(|(r, m)| (*r, m.as_str())).collect();
    let found = refused(&Exam { rescale: false, ..EXAM });
    let grades_aside = |rows: BTreeSet<(String, String)>| rows.into_iter().filter(|r| !GRADES.contains(&r.1)).collect();
    let (found, wanted): (BTreeSet<_>, BTreeSet<_>) = (grades_aside(found), grades_aside(table(&no_scale)));
    assert_eq!(found, wanted);
    assert_eq!(
        refused(&Exam { metal: Metal::Around, ..EXAM })
            .into_iter()
            .filter(|r| RIM.contains(&r.1))
            .collect::<BTreeSet<_>>(),
        table(&[("metal", RIM)])
    );
    // Tissue in stripes of 210 and 270 HU: with contrast medium nobody can say what of it is bone, without it all is.
    let dense = |contrast| refused(&Exam { soft_hu: 240.0, stripes_hu: 30.0, contrast, ..EXAM });
    let too_dense = |rows: BTreeSet<(String, String)>| {
        rows.into_iter().filter(|r| r.0 == "contrast_too_dense").collect::<BTreeSet<_>>()
    };
    for contrast in [Some(true), None] {
        assert_eq!(too_dense(dense(contrast)), table(&[("contrast_too_dense", INTERIOR)]));
        let grades = table(&[("interior_ne", GRADES)]);
        assert!(grades.is_subset(&dense(contrast)));
    }
    assert_eq!(too_dense(dense(Some(false))), table(&[]));
    let shifted = refused(&Exam { shift_hu: 40.0, ..EXAM });
    let by_scale = all(&["mean_density", RIM, INTERIOR]);
    assert_eq!(shifted, table(&[("hu_scale_suspect", &by_scale), ("interior_ne", GRADES)]));
    let small = refused(&Exam { radius_mm: 5.0, ..EXAM });
    assert!(small.contains(&("zone_lt_200mm2".into(), "ossified_fraction".into())), "{small:?}");
    let native = refused(&Exam { native_mm: 15.0, ..EXAM });
    assert!(native.contains(&("native_bone_gt_50pct".into(), "interior".into())), "{native:?}");
}

#[test]
fn native_bone_that_cannot_be_told_takes_away_the_interior() {
    let mut board = board(&EXAM);
    let ambiguous = vec![Ambiguous { name: "native_bone", numbers: vec![2, 7] }];
    let scan = Scan { ambiguous, ..board.find(&SCAN).unwrap().clone() };
    board.put(&SCAN, scan, &[]);
    let rows = scene::run(board, &[]);
    for measure in INTERIOR.split(' ') {
        let row = rows.exam(measure).unwrap();
        assert_eq!(row.reason.as_deref(), Some("mask_ambiguous"), "{measure}");
        assert!(row.flags.contains(&"could_be:native_bone=2|7".to_owned()), "{row:?}");
    }
    assert!(GRADES.split(' ').all(|grade| rows.exam(grade).unwrap().class().is_none()));
    for measure in ["max_diameter", "volume", "mean_density", "rim_coverage"] {
        assert!(rows.exam(measure).unwrap().number().is_some(), "{measure}");
    }
}

#[test]
fn rays_in_the_streak_of_a_screw_take_no_part() {
    let rows = measured(&Exam { metal: Metal::Screw, ..EXAM });
    let coverage = rows.exam("rim_coverage").unwrap();
    assert!(coverage.flags.contains(&"metal".to_owned()), "{coverage:?}");
    let column = columns(Modality::Ct).position(|c| c.name == "rim_evaluable").unwrap();
    let inner: Vec<(usize, f64)> =
        rows.slices[1..9].iter().map(|row| (row.slice, row.cells[column].unwrap())).collect();
    // Rays see the streak 8 mm deep, where it is wider by angle, and their sector reaches 4.5 mm farther on either side.
    let seen_mm = RADIUS_MM * libm::asin(STREAK_MM / (RADIUS_MM - 8.0)) + 4.5;
    let perimeter_mm = std::f64::consts::TAU * RADIUS_MM;
    let streaked = 1.0 - 2.0 * seen_mm / perimeter_mm;
    for &(slice, evaluable) in &inner {
        let exact = if slice % 2 == 0 { streaked } else { 1.0 };
        assert!((evaluable - exact).abs() < 0.02, "slice {slice}: {evaluable} is not {exact}");
    }
    // All that is lost was covered.
    let evaluable: f64 = inner.iter().map(|(_, e)| e).sum();
    let exact = (evaluable - 0.5 * inner.len() as f64) / evaluable;
    assert!((coverage.number().unwrap() - exact).abs() < 0.02, "{coverage:?} is not {exact}");
}

#[test]
fn every_reason_that_is_given_is_registered() {
    let codes: BTreeSet<&str> = REASONS.iter().map(|r| r.code).collect();
    for exam in [Exam { first_slice: 0, ..EXAM }, Exam { rescale: false, ..EXAM }, Exam { radius_mm: 5.0, ..EXAM }] {
        assert!(refused(&exam).iter().all(|(reason, _)| codes.contains(reason.as_str())));
    }
}
