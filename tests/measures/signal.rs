//! Signal, cysts and compression on T2-weighted MR: tissues of known brightness under an uneven coil, and every reason not to
//! measure them.
//!
//! The canal is a square of 20 mm along 40 slices of 3 mm, fluid around a round cord. The tumour comes from the right: on
//! slices 15 to 24 it reaches `front` into the canal, and holds a cyst of 10 mm on slices 17 to 20.

use crate::scene::{mr_board, run_branch};
use osteon::geometry::Geometry;
use osteon::io::acquisition::Acquisition;
use osteon::measure::keys::{Ambiguous, SCAN, Scan, Structures};
use osteon::measure::rows::{ExamRow, ExamRows};
use osteon::measure::{Modality, columns};
use osteon::volume::{Mask, Volume};

#[derive(Clone)]
struct Exam {
    /// How far the tumour reaches into the canal, mm.
    front: f64,
    /// Where the cord's middle lies beside the tumour, mm from the canal's, and half its width there.
    beside: [f64; 2],
    /// Signal of solid tumour, cyst, cord and fluid.
    signal: [f64; 4],
    /// What a slice's cord is multiplied by.
    cord_gain: fn(usize) -> f64,
    /// SD of the noise.
    noise: f64,
    /// How uneven the coil is.
    coil: f64,
    /// Whether the tumour is a proposal.
    prompted: bool,
    /// Slices whose cord is marked as normal.
    marked: &'static [usize],
    /// Names of the structures that are drawn.
    drawn: &'static [&'static str],
    /// A structure that two parts of a file could be.
    unclear: Option<&'static str>,
    acquisition: Acquisition,
}

fn usual() -> Exam {
    let acquisition = Acquisition { weighting: Some("T2".into()), ..Acquisition::default() };
    Exam {
        front: 2.0,
        beside: [0.0, 4.0],
        signal: [200.0, 640.0, 300.0, 720.0],
        cord_gain: |_| 1.0,
        noise: 6.0,
        coil: 0.0,
        prompted: false,
        marked: &[],
        drawn: &["canal", "cord"],
        unclear: None,
        acquisition,
    }
}

fn grid() -> Geometry {
    Geometry::upright([120, 120, 40], [0.5, 0.5, 3.0])
}

/// Place of a pixel's centre from the middle of the canal, mm; the tumour comes from the left of the picture.
fn at([x, y, _]: [usize; 3]) -> [f64; 2] {
    [x as f64 * 0.5 + 0.25 - 35.0, y as f64 * 0.5 + 0.25 - 30.0]
}

fn beside(v: [usize; 3]) -> bool {
    (15..25).contains(&v[2])
}

impl Exam {
    fn tumour(&self, v: [usize; 3]) -> bool {
        let [x, y] = at(v);
        beside(v) && (-30.0..-10.0 + self.front).contains(&x) && y.abs() < 15.0
    }

    fn is_cyst(v: [usize; 3]) -> bool {
        let [x, y] = at(v);
        (17..21).contains(&v[2]) && libm::hypot(x + 20.0, y) < 5.0
    }

    fn cord(&self, v: [usize; 3]) -> bool {
        let [x, y] = at(v);
        let [middle, half] = if beside(v) { self.beside } else { [0.0, 4.0] };
        libm::hypot((x - middle) / half, y / 4.0) < 1.0
    }

    fn tissue(&self, v: [usize; 3]) -> f64 {
        let ([solid, cyst, cord, fluid], [x, y]) = (self.signal, at(v));
        match () {
            () if self.tumour(v) => {
                if Self::is_cyst(v) {
                    cyst
                } else {
                    solid
                }
            }
            () if self.cord(v) => cord * (self.cord_gain)(v[2]),
            () if x.abs() < 10.0 && y.abs() < 10.0 => fluid,
            // Muscle and fat in blocks all around.
            () => [110.0, 450.0][(v[0] / 20 + v[1] / 15) % 2],
        }
    }

    fn image(&self) -> Volume<f32> {
        let noise = |i: usize| {
            let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            3.0_f64.sqrt() * (2.0 * ((mixed >> 33) % 1000) as f64 / 999.0 - 1.0)
        };
        Volume::from_fn(grid(), |v| {
            let [x, y] = at(v);
            let coil = libm::exp(self.coil * (x / 30.0 + 0.4 * libm::cos(y / 15.0)));
            (self.tissue(v) * coil + self.noise * noise(v[0] + 120 * (v[1] + 120 * v[2]))) as f32
        })
    }

    fn rows(&self) -> ExamRows {
        let inside = |name: &str, v: [usize; 3]| match name {
            "cord" => self.cord(v),
            "cyst" => Self::is_cyst(v),
            _ => at(v).iter().all(|mm| mm.abs() < 10.0),
        };
        let masks: Structures =
            self.drawn.iter().map(|&name| (name, Mask::from_fn(grid(), |v| inside(name, v)))).collect();
        let tumour = Mask::from_fn(grid(), |v| self.tumour(v));
        let mut board = mr_board(self.image(), tumour, masks);
        let scan = board.find(&SCAN).unwrap().clone();
        // The middle of the cord away from the tumour.
        let cord_points = self.marked.iter().map(|&z| grid().to_patient([69.5, 59.5, z as f64])).collect();
        let acquisition = self.acquisition.clone();
        let ambiguous = self.unclear.map(|name| Ambiguous { name, numbers: vec![3, 5] }).into_iter().collect();
        board.put(&SCAN, Scan { acquisition, prompted: self.prompted, cord_points, ambiguous, ..scan }, &[]);
        run_branch(Modality::Mr, board, &[])
    }

    /// The number of a measure and its flags, or the reason why there is none.
    fn number(&self, measure: &str) -> Result<(f64, Vec<String>), String> {
        let rows = self.rows();
        let row = rows.exam(measure).unwrap();
        row.number().map(|v| (v, row.flags.clone())).ok_or_else(|| row.reason.clone().unwrap())
    }

    /// The class of a measure, or the reason why there is none.
    fn class(&self, measure: &str) -> Result<String, String> {
        let rows = self.rows();
        let row = rows.exam(measure).unwrap();
        row.class().map(str::to_owned).ok_or_else(|| row.reason.clone().unwrap())
    }
}

#[test]
fn the_ratio_is_that_of_the_tissues_also_under_an_uneven_coil() {
    let (ratio, flags) = usual().number("si_ratio").unwrap();
    // Medians of some thousand pixels with noise of 6: 0.2.
    assert!((ratio - 2.0 / 3.0).abs() < 0.005 && flags.is_empty(), "{ratio} {flags:?}");
    let (ratio, flags) = Exam { coil: 0.3, ..usual() }.number("si_ratio").unwrap();
    // Tumour and cord lie 20 mm apart: without correction 0.55.
    assert!((ratio - 2.0 / 3.0).abs() < 0.03, "{ratio}");
    assert!(flags.iter().any(|f| f.starts_with("bias_matters:1.")), "{flags:?}");
    let ossified = Exam { signal: [60.0, 640.0, 300.0, 720.0], ..usual() };
    assert!((ossified.number("si_ratio").unwrap().0 - 0.2).abs() < 0.005, "dark tissue stays in");
}

#[test]
fn cysts_have_their_diameter_count_and_volume_and_are_no_solid_tumour() {
    let (mm, _) = usual().number("cyst_diameter").unwrap();
    // A pixel is 0.5 mm; a disc of 10 mm drawn by pixel centres.
    assert!((mm - 10.0).abs() < 0.5, "{mm}");
    let rows = usual().rows();
    let number = |name: &str| rows.exam(name).unwrap().number().unwrap();
    assert_eq!((number("cyst_count"), rows.exam("cyst_diameter").unwrap().slice), (1.0, Some(17)));
    assert!((number("cyst_volume") / (std::f64::consts::PI * 25.0 * 12.0) - 1.0).abs() < 0.05);
    let cell = |slice: usize, name: &str| {
        let row = rows.slices.iter().find(|r| r.slice == slice).unwrap();
        row.cells[columns(Modality::Mr).position(|c| c.name == name).unwrap()]
    };
    assert!((cell(18, "cyst_diameter_mm").unwrap() - mm).abs() < 0.3);
    assert_eq!((cell(22, "cyst_diameter_mm"), cell(3, "tumour_si")), (None, None));
    assert!((cell(18, "tumour_si").unwrap() - 200.0).abs() < 8.0, "the cyst is left out");
    assert!((cell(3, "cord_si").unwrap() - 300.0).abs() < 8.0);
    let none = Exam { signal: [200.0, 210.0, 300.0, 720.0], ..usual() }.rows();
    let found = ["cyst_diameter", "cyst_count", "cyst_volume"].map(|m| none.exam(m).unwrap().number());
    assert_eq!(found, [Some(0.0); 3], "no cyst is a finding");
    let drawn = Exam { drawn: &["canal", "cord", "cyst"], signal: [200.0, 210.0, 300.0, 720.0], ..usual() };
    assert!((drawn.number("cyst_diameter").unwrap().0 - 10.0).abs() < 0.5, "what is drawn goes before");
    let (mm, flags) = Exam { drawn: &[], ..usual() }.number("cyst_diameter").unwrap();
    assert!((mm - 10.0).abs() < 0.5 && flags == ["cyst_by_contrast"], "{mm} {flags:?}");
}

#[test]
fn the_cord_is_compressed_where_the_tumour_touches_it_and_it_gives_in() {
    let found = |front: f64, beside: [f64; 2]| {
        let exam = Exam { front, beside, ..usual() };
        [exam.class("cord_compression"), exam.class("escc")].map(|c| c.unwrap_or_else(|reason| reason))
    };
    assert_eq!(found(-1.0, [0.0, 4.0]), ["no", "0"]);
    assert_eq!(found(0.5, [0.0, 4.0]), ["no", "1a"]);
    assert_eq!(found(3.0, [0.0, 4.0]), ["no", "1b"]);
    assert_eq!(found(9.0, [3.0, 4.0]), ["no", "1c"], "it has given way and keeps its shape");
    assert_eq!(found(9.0, [2.0, 3.0]), ["yes", "2"], "a quarter of its area is lost");
    assert_eq!(found(6.0, [2.0, 3.0]), ["no", "1b"], "thin, but not touched");
    // Fluid left above, below and behind is dark: none is seen.
    let dark = Exam { front: 14.0, beside: [7.0, 3.0], signal: [200.0, 640.0, 300.0, 720.0], ..usual() };
    assert_eq!(dark.class("cord_compression").unwrap(), "yes");
}

#[test]
fn an_ambiguous_structure_takes_away_only_what_hangs_on_it() {
    let refused = |name: &'static str, drawn: &'static [&'static str]| -> Vec<String> {
        let rows = Exam { unclear: Some(name), drawn, ..usual() }.rows();
        let is_it = |row: &&ExamRow| row.reason.as_deref() == Some("mask_ambiguous");
        let rows = rows.exams.iter().filter(is_it);
        let flag = format!("could_be:{name}=3|5");
        rows.inspect(|row| assert!(row.flags.contains(&flag), "{row:?}")).map(|row| row.measure.to_owned()).collect()
    };
    let of_the_cord = refused("cord", &["canal"]);
    for measure in
        ["canal_occupancy", "si_ratio", "cyst_diameter", "cord_compression", "escc", "cord_area_loss", "mscc"]
    {
        assert!(of_the_cord.iter().any(|found| found == measure), "{measure}: {of_the_cord:?}");
    }
    let of_the_canal = refused("canal", &["cord"]);
    for measure in ["canal_occupancy", "cyst_diameter", "si_ratio", "cord_compression", "escc"] {
        assert!(of_the_canal.iter().any(|found| found == measure), "{measure}: {of_the_canal:?}");
    }
    let of_the_cyst = refused("cyst", &["canal", "cord"]);
    assert!(of_the_cyst.iter().any(|found| found == "cyst_diameter"), "not looked for in the image instead");
    assert!(!of_the_cyst.iter().any(|found| found == "canal_occupancy"), "{of_the_cyst:?}");
    let exam = Exam { unclear: Some("cord"), drawn: &["canal"], ..usual() };
    for measure in ["max_diameter", "max_diameter_mesh", "short_axis", "diameter_3d", "volume"] {
        assert!(exam.number(measure).is_ok(), "{measure}");
    }
    let marked = Exam { unclear: Some("cord"), drawn: &["canal"], marked: &[1, 38], ..usual() };
    assert!(marked.number("cord_area_loss").is_err());
}

#[test]
fn what_cannot_be_told_says_why() {
    let reason = |exam: Exam, measure: &str| exam.number(measure).map(|n| n.0).unwrap_err();
    let t1 = || Acquisition { weighting: Some("T1".into()), ..Acquisition::default() };
    assert_eq!(reason(Exam { acquisition: t1(), ..usual() }, "si_ratio"), "weighting_mismatch");
    let windowed = || Acquisition { scaling_lost: true, ..usual().acquisition };
    assert_eq!(reason(Exam { acquisition: windowed(), ..usual() }, "si_ratio"), "scaling_lost");
    assert!(Exam { acquisition: windowed(), ..usual() }.number("cyst_diameter").is_ok());
    for measure in ["cyst_diameter", "cyst_count", "cyst_volume"] {
        assert_eq!(reason(Exam { acquisition: t1(), ..usual() }, measure), "no_t2");
    }
    assert_eq!(Exam { acquisition: t1(), ..usual() }.class("escc").unwrap_err(), "no_t2");
    assert_eq!(Exam { acquisition: t1(), ..usual() }.class("cord_compression").unwrap(), "no", "shape needs no T2");
    assert!(Exam { acquisition: t1(), ..usual() }.number("max_diameter").is_ok());
    let (_, flags) = Exam { acquisition: Acquisition::default(), ..usual() }.number("si_ratio").unwrap();
    assert_eq!(flags, ["weighting_unknown"]);
    assert_eq!(reason(Exam { drawn: &["canal"], ..usual() }, "si_ratio"), "no_cord_in_fov");
    assert_eq!(Exam { drawn: &["canal"], ..usual() }.class("cord_compression").unwrap_err(), "cord_not_segmented");
    assert_eq!(Exam { drawn: &["cord"], ..usual() }.class("cord_compression").unwrap_err(), "mask_missing");
    assert_eq!(reason(Exam { noise: 80.0, ..usual() }, "si_ratio"), "snr_lt_5");
    let swollen: fn(usize) -> f64 = |z| if z < 10 { 1.7 } else { 1.0 };
    assert_eq!(reason(Exam { cord_gain: swollen, ..usual() }, "si_ratio"), "cord_abnormal");
    let all_fluid = Exam { signal: [640.0, 640.0, 300.0, 720.0], ..usual() };
    assert_eq!(reason(all_fluid, "si_ratio"), "no_solid_component");
    assert_eq!(reason(Exam { signal: [0.0, 640.0, 300.0, 720.0], noise: 0.0, ..usual() }, "si_ratio"), "snr_lt_5");
    let nothing_to_compare = Exam { drawn: &[], signal: [200.0, 210.0, 300.0, 720.0], ..usual() };
    for measure in ["cyst_diameter", "cyst_count", "cyst_volume"] {
        assert_eq!(reason(nothing_to_compare.clone(), measure), "no_fluid", "0 would say that there is none");
    }
    let proposed = Exam { prompted: true, ..usual() };
    for measure in ["cord_area_loss", "mscc", "cord_canal_ratio"] {
        assert_eq!(reason(proposed.clone(), measure), "tumour_proposed");
    }
    let occupancy = |exam: Exam| {
        let rows = exam.rows();
        let row = rows.exams.iter().find(|r| r.measure == "canal_occupancy").unwrap();
        (row.value.clone(), row.uncertainty.unwrap())
    };
    let [(share, sd), (proposed_share, proposed_sd)] = [usual(), proposed.clone()].map(occupancy);
    assert_eq!(share, proposed_share);
    assert!((libm::hypot(sd, 0.05) - proposed_sd).abs() < 1e-9, "{sd} {proposed_sd}");
    for measure in ["cord_compression", "escc"] {
        assert_eq!(proposed.class(measure).unwrap_err(), "tumour_proposed");
    }
    assert!(proposed.number("si_ratio").is_ok() && proposed.number("cyst_diameter").is_ok());
    let pressed = Exam { front: 9.0, beside: [2.0, 3.0], signal: [200.0, 640.0, 300.0, 320.0], ..usual() };
    assert_eq!(pressed.class("escc").unwrap_err(), "no_fluid");
    assert_eq!(pressed.class("cord_compression").unwrap(), "yes");
}

#[test]
fn cord_is_compared_where_it_is_marked_as_normal() {
    // Oedema from 10 to 30 mm below and above the tumour, which is on slices 15 to 24.
    let oedema: fn(usize) -> f64 = |z| if (3..=36).contains(&z) { 1.4 } else { 1.0 };
    let unmarked = Exam { cord_gain: oedema, ..usual() }.number("si_ratio").unwrap().0;
    assert!((unmarked - 2.0 / 3.0 / 1.4).abs() < 0.01, "{unmarked}");
    let (ratio, flags) = Exam { cord_gain: oedema, marked: &[1, 38], ..usual() }.number("si_ratio").unwrap();
    assert!((ratio - 2.0 / 3.0).abs() < 0.01, "{ratio}");
    assert_eq!(flags, ["cord_far:39"]);
    let no_outline = Exam { cord_gain: oedema, marked: &[1, 38], drawn: &[], ..usual() };
    let (ratio, _) = no_outline.number("si_ratio").unwrap();
    assert!((ratio - 2.0 / 3.0).abs() < 0.01, "{ratio}");
    let (_, flags) = Exam { marked: &[26], ..usual() }.number("si_ratio").unwrap();
    assert_eq!(flags, ["cord_ref_near:3"]);
}
