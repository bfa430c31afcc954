//! Bone inside the lesion hardly denser than the mineral threshold, next to cortex and amid marrow, or as thin as cortex; a
//! lesion beside dense marrow; and one at the end of the image.

use super::scene::Scene;
use osteon::geometry::Geometry;
use osteon::measure::rows::ExamRows;

const GRID: [usize; 3] = [110, 110, 10];
const VOXEL_MM: [f64; 3] = [0.6, 0.6, 3.0];
const RADIUS_MM: f64 = 16.0;
/// Bone fills the interior up to this distance from the axis, deeper than any rim.
const BONE_MM: f64 = 10.0;
const NOISE_HU: f64 = 15.0;

/// A cylinder of tissue of 50 HU with a core of bone, in `around_hu`; cortex of 1.5 mm passes 3 mm beside it.
fn lesion(bone_hu: f64, around_hu: f64, middle_mm: [f64; 2]) -> ExamRows {
    let hu = |[x, y]: [f64; 2]| match libm::hypot(x, y) {
        r if r < BONE_MM => bone_hu,
        r if r < RADIUS_MM => 50.0,
        _ if (RADIUS_MM + 3.0..RADIUS_MM + 4.5).contains(&y.abs()) => 600.0,
        _ => around_hu,
    };
    cylinder(hu, middle_mm)
}

/// A cylinder along z whose density depends on the place about its axis, mm.
fn cylinder(hu: impl Fn([f64; 2]) -> f64, middle_mm: [f64; 2]) -> ExamRows {
    let grid = Geometry::upright(GRID, VOXEL_MM);
    let off = |v: [usize; 3]| [0, 1].map(|a| v[a] as f64 * VOXEL_MM[a] - middle_mm[a]);
    let number = |[x, y, z]: [usize; 3]| ((z * GRID[1] + y) * GRID[0] + x) as u64;
    let noisy = |v| (hu(off(v)) + NOISE_HU * super::uncertainty::noise(number(v))) as f32;
    let inside = |v: [usize; 3]| (2..8).contains(&v[2]) && libm::hypot(off(v)[0], off(v)[1]) < RADIUS_MM;
    Scene::new(&grid, noisy, inside).measured(&["ossified_fraction", "interior", "rim_coverage", "rim"])
}

const MIDDLE_MM: [f64; 2] = [33.0, 33.0];

fn fraction(rows: &ExamRows) -> Option<f64> {
    rows.exam("ossified_fraction").unwrap().number()
}

/// Share of the zone, which begins 3 mm below the outline, that is bone; the ends of the lesion lose nothing.
fn exact() -> f64 {
    (BONE_MM / (RADIUS_MM - 3.0)).powi(2)
}

#[test]
fn faint_bone_beside_cortex_is_counted() {
    for bone_hu in [230.0, 260.0, 300.0, 500.0] {
        let rows = lesion(bone_hu, 40.0, MIDDLE_MM);
        let found = fraction(&rows).unwrap();
        // A pixel of 0.5 mm more or less about a radius of 10 mm would be 0.06.
        assert!((found - exact()).abs() < 0.03, "{bone_hu} HU: {found} is not {}", exact());
        assert_eq!(rows.exam("interior").unwrap().class(), Some("over_half"));
    }
}

#[test]
fn bone_as_dense_as_the_marrow_around_is_refused_and_denser_bone_is_not() {
    let reason = |rows: &ExamRows| rows.exam("interior").unwrap().reason.clone();
    assert_eq!(reason(&lesion(235.0, 225.0, MIDDLE_MM)).as_deref(), Some("interior_like_marrow"));
    let rows = lesion(340.0, 225.0, MIDDLE_MM);
    assert!((fraction(&rows).unwrap() - exact()).abs() < 0.03, "{:?}", fraction(&rows));
    // Without dense marrow around nothing is like it.
    assert_eq!(reason(&lesion(235.0, 120.0, MIDDLE_MM)), None);
}

#[test]
fn a_plate_as_thin_as_cortex_is_left_out_and_said_and_a_lump_as_large_is_counted() {
    let soft = |r: f64| if r < RADIUS_MM { 50.0 } else { 40.0 };
    let with = |bone: fn([f64; 2]) -> bool| {
        cylinder(move |p| if bone(p) { 600.0 } else { soft(libm::hypot(p[0], p[1])) }, MIDDLE_MM)
    };
    let zone_mm2 = std::f64::consts::PI * (RADIUS_MM - 3.0).powi(2);
    // The voxels whose centres lie in it: three rows of 0.6 mm, 14 mm long, and a square of 11 by 11.
    let plate = with(|[x, y]| y.abs() < 0.9 && x.abs() < 7.0);
    let lump = with(|[x, y]| y.abs() < 3.3 && x.abs() < 3.3);
    assert_eq!(plate.exam("interior").unwrap().class(), Some("none"));
    assert!(fraction(&plate).unwrap() < 0.01, "{:?}", fraction(&plate));
    let flags = &plate.exam("ossified_fraction").unwrap().flags;
    assert!(flags.iter().any(|f| f.starts_with("like_cortex:0.0")), "{flags:?}");
    assert_eq!(lump.exam("interior").unwrap().class(), Some("under_half"));
    let exact = (11.0 * 0.6_f64).powi(2) / zone_mm2;
    assert!((fraction(&lump).unwrap() - exact).abs() < 0.02, "{:?} is not {exact}", fraction(&lump));
}

#[test]
fn dense_marrow_beside_a_quarter_of_the_lesion_is_no_rim() {
    let beside = |[x, y]: [f64; 2]| match libm::hypot(x, y) {
        r if r < RADIUS_MM => 50.0,
        r if x > y.abs() && r < RADIUS_MM + 8.0 => 240.0,
        _ => -90.0,
    };
    let coverage = |rows: &ExamRows| rows.exam("rim_coverage").unwrap().number();
    assert_eq!(coverage(&cylinder(beside, MIDDLE_MM)), Some(0.0));
    // The same behind a shell of 1.8 mm is a rim.
    let ridge = |p: [f64; 2]| {
        let r = libm::hypot(p[0], p[1]);
        if p[0] > p[1].abs() && (RADIUS_MM - 1.8..RADIUS_MM).contains(&r) { 550.0 } else { beside(p) }
    };
    let found = coverage(&cylinder(ridge, MIDDLE_MM)).unwrap();
    assert!((found - 0.25).abs() < 0.04, "{found}");
}

#[test]
fn the_edge_of_the_lung_is_no_rim() {
    let grid = Geometry::upright(GRID, VOXEL_MM);
    let off = |v: [usize; 3]| [0, 1].map(|a| v[a] as f64 * VOXEL_MM[a] - MIDDLE_MM[a]);
    let radius_mm = |v: [usize; 3]| libm::hypot(off(v)[0], off(v)[1]);
    // Lung begins half a voxel outside the outline, behind the blur of a scanner.
    let air = |v: [usize; 3]| off(v)[0] > 0.0 && radius_mm(v) > RADIUS_MM + 0.3;
    let hu = |[x, y, z]: [usize; 3]| {
        let around = (-1..=1_isize).flat_map(|i| (-1..=1_isize).map(move |j| [i, j]));
        let dark = around.filter(|[i, j]| air([x.saturating_add_signed(*i), y.saturating_add_signed(*j), z])).count();
        50.0 - 900.0 * dark as f64 / 9.0
    };
    let number = |[x, y, z]: [usize; 3]| ((z * GRID[1] + y) * GRID[0] + x) as u64;
    let noisy = |v| (hu(v) + NOISE_HU * super::uncertainty::noise(number(v))) as f32;
    let inside = |v: [usize; 3]| (2..8).contains(&v[2]) && radius_mm(v) < RADIUS_MM;
    let rows = Scene::new(&grid, noisy, inside).measured(&["rim_coverage"]);
    assert_eq!(rows.exam("rim_coverage").unwrap().number(), Some(0.0));
}

/// Coverage of a cylinder half of which lies in lung, seen through a kernel `(1 + lobe) G(0.5 mm) - lobe G(1 mm)`, with a
/// shell of 1.5 mm in the other half of that.
fn coverage_beside_lung(lobe: f64, shell_hu: f64) -> Option<f64> {
    let up = |mm: f64, sd_mm: f64| 0.5 * (1.0 + libm::erf(mm / sd_mm * std::f64::consts::FRAC_1_SQRT_2));
    let answer = |mm: f64| (1.0 + lobe) * up(mm, 0.5) - lobe * up(mm, 1.0);
    let hu = |[x, y]: [f64; 2]| {
        let off_mm = libm::hypot(x, y) - RADIUS_MM;
        let lung = if x > 0.0 { -890.0 } else { 0.0 };
        let shell = if x > 0.0 && y > 0.0 { shell_hu - 50.0 } else { 0.0 };
        50.0 + lung * answer(off_mm) + shell * (answer(off_mm + 1.5) - answer(off_mm))
    };
    cylinder(hu, MIDDLE_MM).exam("rim_coverage").unwrap().number()
}

#[test]
fn what_a_sharp_kernel_adds_at_the_lung_is_no_rim_and_takes_none_away() {
    for lobe in [1.0, 1.6] {
        assert_eq!(coverage_beside_lung(lobe, 50.0), Some(0.0));
        let shell = coverage_beside_lung(lobe, 500.0).unwrap();
        assert!((shell - 0.25).abs() < 0.04, "{shell}");
    }
}

#[test]
fn bone_up_to_the_border_is_a_rim_though_the_outline_is_a_millimetre_too_wide() {
    let hole = |place: [f64; 2]| place.iter().all(|mm| (mm + 40.0).rem_euclid(7.0) < 3.0);
    let hu = |place: [f64; 2]| {
        let off_mm = libm::hypot(place[0], place[1]) - (RADIUS_MM - 1.0);
        let bone = 0.5 * (1.0 - libm::erf(off_mm / 0.55 * std::f64::consts::FRAC_1_SQRT_2));
        if off_mm < -2.0 && hole(place) { 50.0 } else { 50.0 + 490.0 * bone }
    };
    let found = cylinder(hu, MIDDLE_MM).exam("rim_coverage").unwrap().number();
    assert!(found.is_some_and(|coverage| coverage > 0.95), "{found:?}");
}

#[test]
fn a_rim_that_hangs_on_how_dense_thin_bone_looks_is_not_sure() {
    let chance_wrong = |shell_hu: f64| {
        let hu = |[x, y]: [f64; 2]| match libm::hypot(x, y) {
            r if r < RADIUS_MM - 2.0 => 50.0,
            r if r < RADIUS_MM => shell_hu,
            _ => 40.0,
        };
        cylinder(hu, MIDDLE_MM).exam("rim").unwrap().uncertainty.unwrap()
    };
    let least_sure = [120.0, 130.0, 140.0, 150.0].map(chance_wrong).into_iter().fold(0.0, f64::max);
    assert!(least_sure > 0.2, "{least_sure}");
    assert!(chance_wrong(300.0) < 0.02 && chance_wrong(50.0) < 0.02);
}

#[test]
fn rays_that_leave_the_image_cannot_be_judged() {
    // The outline ends 1.2 mm before the image does, so that a fifth of its rays see less than 5 mm beyond it.
    let rows = lesion(50.0, 40.0, [RADIUS_MM + 1.2, 33.0]);
    let column = osteon::measure::columns(osteon::measure::Modality::Ct).position(|c| c.name == "rim_evaluable");
    let evaluable = rows.slices[3].cells[column.unwrap()].unwrap();
    // Rays along the normal at angle a reach x = -(16 + 5) cos a + 17.2 + 0.3 (half a voxel): seen where that is >= 0.
    let exact = 1.0 - libm::acos((RADIUS_MM + 1.2 + 0.3) / (RADIUS_MM + 5.0)) / std::f64::consts::PI;
    assert!((evaluable - exact).abs() < 0.03, "{evaluable} is not {exact}");
}
