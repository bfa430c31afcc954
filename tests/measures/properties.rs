//! What must hold whatever the exam: more mineral never lowers a class, and a measure does not depend on how the grid lies.

use super::scene::{Scene, cases};
use osteon::geometry::Geometry;
use osteon::measure::rows::ExamRows;
use osteon::measure::{Modality, columns, measure, measures};
use proptest::prelude::*;
use std::cell::Cell;

/// Voxels of the grid; not the same along x and y, so that exchanging them shows.
const GRID: [usize; 3] = [64, 60, 7];
const VOXEL_MM: [f64; 3] = [0.8, 0.8, 3.0];

/// Where something is, in the lesion's frame: millimetres off its axis and slices.
#[derive(Clone, Debug)]
struct Blob {
    at_mm: [f64; 2],
    radius_mm: f64,
    slices: [usize; 2],
    hu: f64,
}

/// A shell of bone between two angles along the border of every slice.
#[derive(Clone, Debug)]
struct Arc {
    from: f64,
    length: f64,
    thickness_mm: f64,
    hu: f64,
}

/// A slightly oblong lesion in muscle, next to native bone on one side.
#[derive(Clone, Debug)]
struct Lesion {
    radius_mm: f64,
    oblong: f64,
    turn: f64,
    native_hu: f64,
    seed: u64,
    rims: Vec<Arc>,
    bone: Vec<Blob>,
}

const MIDDLE_MM: [f64; 2] = [25.3, 23.9];
const SLICES: [usize; 2] = [1, 5];
/// The smallest distance from the axis to a border.
const LEAST_MM: f64 = 10.0;
/// Bone this deep cannot be taken for a rim, nor a rim for it: rims are up to 3.5 mm thick.
const DEEP_MM: f64 = 4.0;
const SOFT_HU: f64 = 50.0;
const NOISE_HU: f64 = 12.0;

impl Lesion {
    /// How far within the border, along the line to the axis, mm. No two slices are alike: which is the largest must not
    /// depend on the order they come in.
    fn depth_mm(&self, v: [usize; 3]) -> f64 {
        let [x, y] = place(v);
        let angle = libm::atan2(y, x) - self.turn;
        let off = v[2] as f64 - 2.8;
        self.radius_mm * (1.0 - 0.004 * off * off) * (1.0 + self.oblong * libm::cos(2.0 * angle)) - libm::hypot(x, y)
    }

    fn hu(&self, v: [usize; 3]) -> f64 {
        let p = place(v);
        let depth = self.depth_mm(v);
        let base = match (depth >= 0.0, p[0] > 0.3 * self.radius_mm) {
            (true, _) => SOFT_HU,
            (false, true) => self.native_hu,
            (false, false) => 40.0,
        };
        let on_slice = |s: [usize; 2]| (s[0]..=s[1]).contains(&v[2]);
        let rims =
            self.rims.iter().filter(|rim| (0.0..rim.thickness_mm).contains(&depth) && rim.covers(p)).map(|r| r.hu);
        let blobs = self.bone.iter().filter(|b| depth >= 0.0 && on_slice(b.slices) && b.holds(p)).map(|b| b.hu);
        rims.chain(blobs).fold(base, f64::max)
    }

    fn scene(&self) -> Scene {
        let grid = Geometry::upright(GRID, VOXEL_MM);
        // The scanner's blur, by averages over five points; then noise.
        let blurred = |[x, y, z]: [usize; 3]| {
            let beside = [[0, 0], [-1, 0], [1, 0], [0, -1], [0, 1]];
            let at = |[i, j]: [isize; 2]| self.hu([x.saturating_add_signed(i), y.saturating_add_signed(j), z]);
            (2.0 * at([0, 0]) + beside[1..].iter().map(|&b| at(b)).sum::<f64>()) / 6.0
        };
        let inside = |v: [usize; 3]| (SLICES[0]..=SLICES[1]).contains(&v[2]) && self.depth_mm(v) > 0.0;
        let number = |[x, y, z]: [usize; 3]| self.seed ^ ((z * GRID[1] + y) * GRID[0] + x) as u64;
        Scene::new(&grid, |v| (blurred(v) + NOISE_HU * super::uncertainty::noise(number(v))) as f32, inside)
    }
}

fn place([x, y, _]: [usize; 3]) -> [f64; 2] {
    [x as f64 * VOXEL_MM[0] - MIDDLE_MM[0], y as f64 * VOXEL_MM[1] - MIDDLE_MM[1]]
}

impl Blob {
    fn holds(&self, p: [f64; 2]) -> bool {
        libm::hypot(p[0] - self.at_mm[0], p[1] - self.at_mm[1]) < self.radius_mm
    }
}

impl Arc {
    fn covers(&self, [x, y]: [f64; 2]) -> bool {
        (libm::atan2(y, x) - self.from).rem_euclid(std::f64::consts::TAU) < self.length
    }
}

fn any_arc() -> impl Strategy<Value = Arc> {
    (0.0..std::f64::consts::TAU, 0.6..6.3, 1.2..2.5, 400.0..800.0).prop_map(|(from, length, thickness_mm, hu)| Arc {
        from,
        length,
        thickness_mm,
        hu,
    })
}

/// Bone deeper than [`DEEP_MM`] under the border of the smallest lesion, on no end slice.
fn any_blob() -> impl Strategy<Value = Blob> {
    let room_mm = LEAST_MM - DEEP_MM;
    let slices = (SLICES[0] + 1..SLICES[1], 1_usize..3);
    (0.0..std::f64::consts::TAU, 0.0..1.0, 3.0..room_mm, slices, 300.0..600.0).prop_map(
        move |(angle, out, radius_mm, (first, more), hu)| {
            let off_mm = out * (room_mm - radius_mm);
            let at_mm = [off_mm * libm::cos(angle), off_mm * libm::sin(angle)];
            Blob { at_mm, radius_mm, slices: [first, (first + more).min(SLICES[1] - 1)], hu }
        },
    )
}

fn any_lesion() -> impl Strategy<Value = Lesion> {
    let rims = prop::collection::vec(any_arc(), 0..3);
    let bone = prop::collection::vec(any_blob(), 0..2);
    (LEAST_MM / 0.88..13.0, 0.04..0.1, 0.1..1.4, prop_oneof![Just(-80.0), 150.0..500.0], any::<u64>(), rims, bone)
        .prop_map(|(radius_mm, oblong, turn, native_hu, seed, rims, bone)| Lesion {
            radius_mm,
            oblong,
            turn,
            native_hu,
            seed,
            rims,
            bone,
        })
}

/// The place of a class among the measure's ascending classes.
fn rank(rows: &ExamRows, name: &str) -> Option<usize> {
    let class = rows.exam(name)?.class()?;
    measure(name)?.classes.iter().position(|c| *c == class)
}

const CLASSES: [&str; 3] = ["boriani_grade", "rim", "interior"];

// More mineral lowers no class as long as what is rim and what is internal bone cannot be taken for each other. Two cases
// where it does are known, and both are read as meant: bone that begins at the border and is thin enough for a rim is one,
// and when bone is added behind it, it is not (rim: incomplete, then none); bone that reaches an end slice is internal until a rim
// closes that slice, and then it is the rim's (grade: 2a, then 1a). Hence bone here is deep and on inner slices.

/// Whether mineral raised a class; it must lower none.
fn raised(before: &Lesion, after: &Lesion) -> Result<bool, TestCaseError> {
    let (before, after) = (before.scene().measured(&CLASSES), after.scene().measured(&CLASSES));
    let mut raised = false;
    for name in CLASSES {
        let (was, is) = (rank(&before, name), rank(&after, name));
        prop_assert!(was.is_none() || is.is_none() || was <= is, "{} falls from {:?} to {:?}", name, was, is);
        raised |= was < is;
    }
    Ok(raised)
}

/// Adds something to many lesions; in a third of them a class must rise, or nothing was tried.
fn never_lowers<T: std::fmt::Debug>(some: impl Strategy<Value = T>, add: impl Fn(&mut Lesion, T)) {
    const CASES: u32 = 18;
    let rises = Cell::new(0);
    let run = cases(CASES).run(&(any_lesion(), some), |(lesion, more)| {
        let mut after = lesion.clone();
        add(&mut after, more);
        rises.set(rises.get() + u32::from(raised(&lesion, &after)?));
        Ok(())
    });
    run.unwrap();
    assert!(rises.get() * 3 >= CASES, "only {} rise", rises.get());
}

#[test]
fn more_bone_inside_never_lowers_a_class() {
    never_lowers(any_blob(), |lesion, blob| lesion.bone.push(blob));
}

#[test]
fn more_rim_never_lowers_a_class() {
    never_lowers(any_arc(), |lesion, arc| lesion.rims.push(arc));
}

/// The same exam lies otherwise on its grid.
#[derive(Clone, Copy, Debug)]
enum Turn {
    MirroredX,
    MirroredY,
    MirroredZ,
    Quarter,
}

impl Turn {
    fn of(self, scene: &Scene) -> Scene {
        let [nx, ny, nz] = GRID;
        let same = Geometry::upright(GRID, VOXEL_MM);
        match self {
            Self::MirroredX => scene.carried(&same, |[x, y, z]| [nx - 1 - x, y, z]),
            Self::MirroredY => scene.carried(&same, |[x, y, z]| [x, ny - 1 - y, z]),
            Self::MirroredZ => scene.carried(&same, |[x, y, z]| [x, y, nz - 1 - z]),
            Self::Quarter => {
                let grid = Geometry::upright([ny, nx, nz], [VOXEL_MM[1], VOXEL_MM[0], VOXEL_MM[2]]);
                scene.carried(&grid, |[x, y, z]| [y, ny - 1 - x, z])
            }
        }
    }
}

/// Found on the acquired pixels: these do not know which way the grid lies. All others are read on planes and along rays
/// that begin at a corner of the outline; they may differ by a part of what they are uncertain by.
const ON_PIXELS: [&str; 6] =
    ["max_diameter", "short_axis", "max_diameter_mesh", "diameter_3d", "volume", "mean_density"];

fn assert_same(plain: &ExamRows, turned: &ExamRows, turn: Turn) -> Result<(), TestCaseError> {
    for (a, b) in plain.exams.iter().zip(&turned.exams) {
        let exact = ON_PIXELS.contains(&a.measure.as_str()) || matches!(turn, Turn::MirroredZ);
        let tolerance = if exact { 1e-9 } else { 2.0 * a.uncertainty.unwrap_or(0.0) };
        match (a.number(), b.number()) {
            (Some(x), Some(y)) => {
                prop_assert!((x - y).abs() <= tolerance, "{}: {} and {}, {:?}", a.measure, x, y, turn);
            }
            _ => prop_assert_eq!(&a.value, &b.value, "{}, {:?}", &a.measure, turn),
        }
    }
    Ok(())
}

/// The columns of counts and lengths on the acquired pixels are the same on every slice; so are all of a mirror along z.
fn assert_same_slices(plain: &ExamRows, turned: &ExamRows, turn: Turn) -> Result<(), TestCaseError> {
    let names: Vec<&str> = columns(Modality::Ct).map(|c| c.name).collect();
    let upwards: Vec<_> = match turn {
        Turn::MirroredZ => turned.slices.iter().rev().collect(),
        _ => turned.slices.iter().collect(),
    };
    prop_assert_eq!(plain.slices.len(), upwards.len());
    for (a, b) in plain.slices.iter().zip(upwards) {
        for (name, (x, y)) in names.iter().zip(a.cells.iter().zip(&b.cells)) {
            let exact = ["area_mm2", "diameter_mm", "mean_hu"].contains(name) || matches!(turn, Turn::MirroredZ);
            let same = x.zip(*y).map_or(x == y, |(x, y)| (x - y).abs() <= 1e-9);
            prop_assert!(same || !exact, "{} of slice {}: {:?} and {:?}, {:?}", name, a.slice, x, y, turn);
        }
    }
    Ok(())
}

#[test]
fn how_the_grid_lies_changes_no_measure() {
    let run = cases(3).run(&any_lesion(), |lesion| {
        let scene = lesion.scene();
        let plain = scene.measured(&[]);
        for turn in [Turn::MirroredX, Turn::MirroredY, Turn::MirroredZ, Turn::Quarter] {
            let turned = turn.of(&scene).measured(&[]);
            assert_same(&plain, &turned, turn)?;
            assert_same_slices(&plain, &turned, turn)?;
        }
        Ok(())
    });
    run.unwrap();
}

/// Which power of a length a unit is.
fn power(unit: &str) -> Option<i32> {
    [("mm", 1), ("mm2", 2), ("mm3", 3)].into_iter().find(|(u, _)| *u == unit).map(|(_, p)| p)
}

/// Measures of the outline alone, on its own pixels. The rim's thickness is found on resampled planes.
fn geometric() -> Vec<&'static str> {
    measures(Modality::Ct).filter(|m| power(m.unit).is_some() && m.name != "rim_thickness").map(|m| m.name).collect()
}

#[test]
fn doubled_spacing_doubles_lengths() {
    let run = cases(5).run(&any_lesion(), |lesion| {
        let scene = lesion.scene();
        let wide = scene.carried(&Geometry::upright(GRID, VOXEL_MM.map(|mm| 2.0 * mm)), |v| v);
        let (near, far) = (scene.measured(&geometric()), wide.measured(&geometric()));
        for (a, b) in near.exams.iter().zip(&far.exams) {
            let times = f64::powi(2.0, power(&a.unit).unwrap());
            // Powers of two are exact, but for roots and the sums under them.
            let grows = |a: f64, b: f64| (b - times * a).abs() <= 1e-12 * b.abs();
            prop_assert!(grows(a.number().unwrap(), b.number().unwrap()), "{}", a.measure);
            prop_assert!(grows(a.uncertainty.unwrap(), b.uncertainty.unwrap()), "uncertainty of {}", a.measure);
        }
        for (a, b) in near.slices.iter().zip(&far.slices) {
            for (column, (x, y)) in columns(Modality::Ct).zip(a.cells.iter().zip(&b.cells)) {
                let times = power(column.unit).filter(|_| column.name != "rim_gap_mm").map(|p| f64::powi(2.0, p));
                let grows = |times: f64| x.zip(*y).map_or(x == y, |(x, y)| (y - times * x).abs() <= 1e-12 * y.abs());
                prop_assert!(times.is_none_or(grows), "{} of slice {}", column.name, a.slice);
            }
        }
        Ok(())
    });
    run.unwrap();
}
