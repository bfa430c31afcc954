//! Tumours on MR from a box or a line: whole runs on images drawn here.
//!
//! The tumour is an ellipsoid of 32 x 26 x 40 mm, as bright as one of the four fields around it is not; all of it flickers.

use osteon::geometry::{Extent, Geometry};
use osteon::io::nifti::write::encode;
use osteon::segment::agreement::dice;
use osteon::volume::{Mask, Volume};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

const HEAD: &str = "patient,timepoint,modality,image,structures,prompts,weighting\n";
const MIDDLE_MM: [f64; 3] = [30.0, 28.0, 36.0];
const HALF_MM: [f64; 3] = [16.0, 13.0, 20.0];

fn grid() -> Geometry {
    Geometry::upright([76, 72, 19], [0.8, 0.8, 4.0])
}

fn is_tumour(v: [usize; 3]) -> bool {
    let at = grid().to_patient(v.map(|i| i as f64));
    (0..3).map(|a| ((at[a] - MIDDLE_MM[a]) / HALF_MM[a]).powi(2)).sum::<f64>() < 1.0
}

fn image() -> Volume<f32> {
    Volume::from_fn(grid(), |v| {
        let mixed = ((v[0] + 76 * (v[1] + 72 * v[2])) as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
        let flicker = hash as f32 / (1 << 24) as f32 * 24.0 - 12.0;
        let field = [40.0, 130.0, 160.0, 55.0][usize::from(v[0] > 37) + 2 * usize::from(v[1] > 35)];
        100.0 + flicker + if is_tumour(v) { 80.0 } else { field }
    })
}

fn markup(kind: &str, name: &str, more: Value) -> String {
    let mut markup = json!({"type": kind, "name": name, "coordinateSystem": "LPS", "coordinateUnits": "mm"});
    markup.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"@schema": "https://example.org/markups-schema-v1.0.3.json#", "markups": [markup]}).to_string()
}

/// A box whose faces are off by a millimetre or two.
fn roi() -> String {
    let centre = [MIDDLE_MM[0] + 0.7, MIDDLE_MM[1] - 0.5, MIDDLE_MM[2] + 0.5];
    let size = [2.0 * HALF_MM[0] + 1.4, 2.0 * HALF_MM[1] - 1.0, 2.0 * HALF_MM[2] + 2.0];
    markup(
        "ROI",
        "box of Jane Doe",
        json!({"roiType": "Box", "center": centre, "size": size, "orientation": [1, 0, 0, 0, 1, 0, 0, 0, 1]}),
    )
}

fn points(list: &[[f64; 3]]) -> Value {
    json!({"controlPoints": list.iter().map(|p| json!({"position": p, "positionStatus": "defined"})).collect::<Vec<_>>()})
}

/// The longest diameter, written in RAS.
fn line() -> String {
    let end = |sign: f64| [-(MIDDLE_MM[0] + sign * (HALF_MM[0] + 0.5)), -(MIDDLE_MM[1] + sign), MIDDLE_MM[2]];
    let mut more = points(&[end(-1.0), end(1.0)]);
    more["coordinateSystem"] = json!("RAS");
    markup("Line", "L", more)
}

struct Study(tempfile::TempDir);

impl Study {
    fn new(prompts: &[(&str, String)], rows: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
        put("mr.nii.gz", &encode(&image(), true));
        put("t.nii.gz", &encode(&Mask::from_fn(grid(), is_tumour), true));
        prompts.iter().for_each(|(name, text)| put(name, text.as_bytes()));
        put("study.csv", format!("{HEAD}{rows}").as_bytes());
        Self(dir)
    }

    fn run(&self, out: &str, threads: &str) -> Vec<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_osteon"));
        command.arg("run").arg(self.0.path().join("study.csv")).arg("--out").arg(self.at(out));
        command.args(["--threads", threads, "--set", "output.masks=true"]);
        let output = command.output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
        ["exams.csv", "slices_mr.csv", "review.csv", "failures.csv"].map(|t| self.read(&format!("{out}/{t}"))).into()
    }

    /// The tumour that was found.
    fn mask(&self, out: &str, patient: &str) -> Mask {
        let path = self.at(&format!("{out}/masks/{patient}_pre_MR_tumour.nii.gz"));
        osteon::io::labels::open(&path).unwrap().mask(None, &Extent::whole(grid().dims))
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }
}

/// The cells of a measure of a patient: value, status, reason, flags.
fn told(exams: &str, patient: &str, measure: &str) -> [String; 4] {
    let start = format!("{patient},pre,MR,main,1,{measure},");
    let line = exams.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    let cells: Vec<&str> = line.split(',').collect();
    [cells[0], cells[4], cells[5], cells[6]].map(String::from)
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap()
}

fn truth_mm3() -> f64 {
    Mask::from_fn(grid(), is_tumour).count() as f64 * grid().voxel_volume_mm3()
}

#[test]
fn a_box_or_a_line_is_enough_and_an_outline_goes_before_both() {
    let prompts = [("box.mrk.json", roi()), ("line.mrk.json", line())];
    let rows = "boxed,pre,MR,mr.nii.gz,,box.mrk.json,T2\nlined,pre,MR,mr.nii.gz,,line.mrk.json,T2\n\
                drawn,pre,MR,mr.nii.gz,tumour=t.nii.gz,box.mrk.json;line.mrk.json,T2\n";
    let study = Study::new(&prompts, rows);
    let tables = study.run("one", "1");
    assert_eq!(study.run("two", "2"), tables, "threads change a byte");
    let [exams, slices, review, failures] = &tables[..] else { panic!("four tables") };
    assert_eq!(failures.lines().count(), 1, "{failures}");
    for (patient, within) in [("boxed", 0.04), ("lined", 0.10)] {
        let [volume, status, _, flags] = told(exams, patient, "volume");
        assert_eq!(status, "ok");
        assert!((number(&volume) / truth_mm3() - 1.0).abs() < within, "{patient}: {volume} of {}", truth_mm3());
        assert!(flags.split(';').any(|f| f == "segmented_here"));
        assert!((0.75..1.0).contains(&number(&told(exams, patient, "segmentation_agreement")[0])));
        assert!((number(&told(exams, patient, "max_diameter")[0]) - 32.0).abs() < 3.0);
        assert!(slices.lines().filter(|line| line.starts_with(patient)).count() >= 8);
        assert!(review.lines().any(|line| line.starts_with(patient) && line.contains("segmented_here")));
        assert!(study.at(&format!("one/masks/{patient}_pre_MR_tumour.nii.gz")).exists());
    }
    let [volume, _, _, flags] = told(exams, "drawn", "volume");
    assert!((number(&volume) - truth_mm3()).abs() < 1.0 && !flags.contains("segmented_here"));
    assert_eq!(told(exams, "drawn", "segmentation_agreement")[2], "outline_given");
    assert!(!review.contains("outline_given"));
    assert!(!study.at("one/masks/drawn_pre_MR_tumour.nii.gz").exists());
    let told = tables.concat();
    assert!(!told.contains("Jane") && !told.contains("mrk"), "neither names nor paths are told");
}

/// A canal of 7 mm and a cord of 4 mm radius that run through the box, as bright as the tumour.
fn in_canal(v: [usize; 3], radius_mm: f64) -> bool {
    let at = grid().to_patient(v.map(|i| i as f64));
    libm::hypot(at[0] - MIDDLE_MM[0] - 6.0, at[1] - MIDDLE_MM[1] - 4.0) < radius_mm
}

#[test]
fn a_cord_that_is_drawn_is_no_tumour() {
    let rows = "without,pre,MR,mr.nii.gz,,box.mrk.json,T2\n\
                with,pre,MR,mr.nii.gz,canal=canal.nii.gz;cord=cord.nii.gz,box.mrk.json,T2\n";
    let study = Study::new(&[("box.mrk.json", roi())], rows);
    let cord = Mask::from_fn(grid(), |v| in_canal(v, 4.0));
    fs::write(study.at("cord.nii.gz"), encode(&cord, true)).unwrap();
    fs::write(study.at("canal.nii.gz"), encode(&Mask::from_fn(grid(), |v| in_canal(v, 7.0)), true)).unwrap();
    let exams = &study.run("out", "2")[0];
    let why = |patient: &str| told(exams, patient, "canal_occupancy")[2].clone();
    assert_eq!([why("without"), why("with")], ["mask_missing", "tumour_proposed"], "fluid is not told");
    let shared = |patient: &str| {
        let found = study.mask("out", patient);
        cord.count() - cord.without(&found).count()
    };
    assert!(shared("without") > 300, "the scene asks for it");
    assert_eq!(shared("with"), 0);
}

/// A coil behind the patient, three times as strong there as in front: the image alone does not tell tumour from what is
/// around it, since all of them are brighter behind than any is in front.
#[test]
fn an_uneven_coil_does_not_move_the_border() {
    let rows = "even,pre,MR,mr.nii.gz,,box.mrk.json,T2\ncoil,pre,MR,coil.nii.gz,,box.mrk.json,T2\n";
    let study = Study::new(&[("box.mrk.json", roi())], rows);
    let even = image();
    let seen = |[x, y, z]: [usize; 3]| even.voxels()[(z, y, x)] * libm::expf(3.0_f32.ln() * (y as f32 / 71.0 - 0.5));
    fs::write(study.at("coil.nii.gz"), encode(&Volume::from_fn(grid(), seen), true)).unwrap();
    study.run("out", "2");
    let [even, coil] = ["even", "coil"].map(|patient| study.mask("out", patient));
    let truth = Mask::from_fn(grid(), is_tumour);
    // With the coil left on they are 0.966 and 0.965.
    let found = [dice(&even, &coil), dice(&coil, &truth)];
    assert!(found.iter().all(|dice| *dice > 0.99), "{found:?}");
}

#[test]
fn masks_are_the_same_bytes_on_any_number_of_threads() {
    let study = Study::new(&[("box.mrk.json", roi())], "p,pre,MR,mr.nii.gz,,box.mrk.json,T2\n");
    study.run("one", "1");
    study.run("two", "2");
    let mask = |out: &str| fs::read(study.at(&format!("{out}/masks/p_pre_MR_tumour.nii.gz"))).unwrap();
    assert_eq!(mask("one"), mask("two"));
}

#[test]
fn clicks_settle_what_the_box_leaves_open() {
    let clicks = |name: &str, at: [f64; 3]| markup("Fiducial", name, points(&[at]));
    // What lies 2 mm around a click at the border, 1 mm inside of it, is taken away.
    let edge = [MIDDLE_MM[0] + HALF_MM[0] - 1.0, MIDDLE_MM[1], MIDDLE_MM[2]];
    let prompts = [("box.mrk.json", roi()), ("bg.mrk.json", clicks("BG", edge))];
    let rows = "with,pre,MR,mr.nii.gz,,box.mrk.json;bg.mrk.json,T2\nwithout,pre,MR,mr.nii.gz,,box.mrk.json,T2\n";
    let study = Study::new(&prompts, rows);
    let tables = study.run("out", "2");
    let volume = |patient| number(&told(&tables[0], patient, "volume")[0]);
    assert!(volume("with") < volume("without") - 20.0, "{} {}", volume("with"), volume("without"));
}

#[test]
fn every_prompt_that_cannot_be_used_is_one_line_with_a_remedy() {
    let far = |p: [f64; 3]| markup("Line", "x", points(&[[20.0, 20.0, 30.0], p]));
    let flipped = [-20.0, -30.0, 30.0];
    let cases: [(&str, String, &str); 12] = [
        ("json", "{\"markups\": [".into(), "bad_markups"),
        ("name", markup("Fiducial", "Jane Doe", points(&[[1.0, 2.0, 3.0]])), "prompt_unknown"),
        ("zero", far([20.0, 20.0, 30.0]), "bad_markups"),
        ("frame", far([40.0, 20.0, 30.0]).replace("LPS", "XYZ"), "bad_markups"),
        ("size", markup("ROI", "b", json!({"roiType": "Box", "center": [30, 28, 36]})), "bad_markups"),
        ("off", far([20.0, 20.0, 130.0]), "prompt_off_image"),
        ("flip", far(flipped), "prompt_off_image"),
        (
            "two",
            roi().replace("[{", "[{\"type\":\"ROI\",\"center\":[30,28,36],\"size\":[9,9,9]},{"),
            "prompt_ambiguous",
        ),
        ("once", markup("Fiducial", "canal", points(&[[20.0, 20.0, 30.0]])), "prompt_canal"),
        ("none", markup("Fiducial", "canal", points(&[[20.0, 20.0, 20.0], [20.0, 20.0, 50.0]])), "mask_missing"),
        ("rib", markup("Fiducial", "level:T14", points(&[[20.0, 20.0, 20.0]])), "prompt_unknown"),
        ("vast", roi().replace("\"size\":[", "\"size\":[5000,5000,5000],\"was\":["), "prompt_off_image"),
    ];
    let files: Vec<(String, String)> =
        cases.iter().map(|(name, text, _)| (format!("{name}.mrk.json"), text.clone())).collect();
    let files: Vec<(&str, String)> = files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let rows: String =
        cases.iter().map(|(name, ..)| format!("{name},pre,MR,mr.nii.gz,,{name}.mrk.json,T2\n")).collect();
    let study = Study::new(&files, &format!("{rows}gone,pre,MR,mr.nii.gz,,gone.mrk.json,T2\n"));
    let failures = study.run("out", "2").remove(3);
    for (name, _, reason) in cases.iter().map(|c| (c.0, &c.1, c.2)).chain([("gone", &String::new(), "file_missing")]) {
        let line = failures.lines().find(|l| l.starts_with(&format!("{name},"))).unwrap();
        assert!(line.contains(reason), "{line}");
        assert!(!line.contains("Jane"), "{line}");
    }
    let flip = failures.lines().find(|l| l.starts_with("flip,")).unwrap();
    assert!(flip.contains("point 2") && flip.contains("LPS and RAS"), "{flip}");
    assert!(Path::new(&study.at("out/exams.csv")).exists());
}

/// The levels of the slices of a patient, from below.
fn levels<'a>(slices: &'a str, patient: &str) -> Vec<&'a str> {
    let own = slices.lines().filter(|line| line.starts_with(&format!("{patient},")));
    own.map(|line| line.split(',').nth(7).unwrap()).collect()
}

#[test]
fn slices_have_the_levels_that_are_marked() {
    let level = |name: &str, z: f64| {
        let markup: Value = serde_json::from_str(&markup("Fiducial", name, points(&[[10.0, 60.0, z]]))).unwrap();
        markup["markups"][0].clone()
    };
    let file = |levels: &[(&str, f64)]| json!({"markups": levels.iter().map(|l| level(l.0, l.1)).collect::<Vec<_>>()});
    // The tumour lies on slices at 20 to 52 mm.
    let prompts = [
        ("spine.mrk.json", file(&[("Level: t8", 26.0), ("level:T7", 50.0)]).to_string()),
        ("turned.mrk.json", file(&[("level:T7", 26.0), ("level:T8", 50.0)]).to_string()),
    ];
    let row = |who: &str, file: &str, level: &str| {
        format!("{who},pre,MR,mr.nii.gz,tumour=t.nii.gz,{file}.mrk.json,T2,{level}\n")
    };
    let rows = [("plain", "spine", ""), ("same", "spine", "T7-T8"), ("other", "spine", "L1"), ("turned", "turned", "")];
    let rows: String = rows.iter().map(|(who, file, level)| row(who, file, level)).collect();
    let study = Study::new(&prompts, "");
    fs::write(study.at("study.csv"), format!("{},level\n{rows}", HEAD.trim_end())).unwrap();
    let tables = study.run("out", "2");
    assert_eq!(tables[3].lines().count(), 1, "{}", tables[3]);
    // Half-way lies 38 mm: five slices below it, four above.
    let marked = ["T8", "T8", "T8", "T8", "T8", "T7", "T7", "T7", "T7"];
    assert_eq!([levels(&tables[1], "plain"), levels(&tables[1], "same")], [marked, marked]);
    assert_eq!([levels(&tables[1], "other"), levels(&tables[1], "turned")], [[""; 9], [""; 9]]);
    let flags = |who| told(&tables[0], who, "max_diameter")[3].clone();
    assert!(!flags("plain").contains("level") && !flags("same").contains("level"), "{}", flags("plain"));
    assert!(flags("other").contains("level_inconsistent:T8") && flags("turned").contains("level_inconsistent:order"));
}
