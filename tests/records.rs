//! The promises of records: equal bytes after any death, any failing write, on any number of threads and shards.

use osteon::batch::check::check;
use osteon::batch::event::{Event, Reporter};
use osteon::batch::failure;
use osteon::batch::load::{self, Image, Labels, Source};
use osteon::batch::measurer::{Gallery, Measurer};
use osteon::batch::run::{Job, RunError, RunOptions, run, with_config};
use osteon::batch::shard::Shard;
use osteon::batch::study::{self, ExamName};
use osteon::batch::summary::Summary;
use osteon::batch::tolerance::Tolerance;
use osteon::geometry::{Extent, Geometry};
use osteon::graph::Hook;
use osteon::io::acquisition::Acquisition;
use osteon::io::dicom::drawn::Part;
use osteon::io::disk::memory::{Loss, MemoryDisk, Trouble};
use osteon::io::disk::{Disk, LocalDisk};
use osteon::io::fault::{self, Fault, Reason};
use osteon::io::markups::Markup;
use osteon::io::nifti::write::encode;
use osteon::measure::keys::{Ambiguous, IMAGE, SCAN, STRUCTURES, TUMOUR};
use osteon::measure::rows::{ExamRow, ExamRows, SliceRow, Status, Value};
use osteon::measure::settings::Settings;
use osteon::measure::{Board, Modality, columns, measures};
use osteon::volume::{Mask, Volume};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

type Files = BTreeMap<PathBuf, Vec<u8>>;

const HEAD: &str = "patient,timepoint,modality,image,structures\n";
const OUT: &str = "out";

/// A study on disk: an image is a file that holds its density, or a word that says what goes wrong with it.
struct Site {
    dir: tempfile::TempDir,
    rows: Vec<String>,
}

impl Site {
    fn new(images: &[(&str, &str, &str)]) -> Self {
        let mut site = Self { dir: tempfile::tempdir().unwrap(), rows: Vec::new() };
        fs::write(site.dir.path().join("mask"), "box").unwrap();
        for (patient, timepoint, content) in images {
            site.insert(site.rows.len(), patient, timepoint, content);
        }
        site
    }

    /// Four exams of three patients, one of them broken, their rows mixed.
    fn usual() -> Self {
        Self::new(&[("b", "pre", "100"), ("a", "pre", "200"), ("b", "post", "150.5"), ("c", "pre", "broken")])
    }

    fn insert(&mut self, at: usize, patient: &str, timepoint: &str, content: &str) {
        let name = format!("secret_{patient}_{timepoint}");
        fs::write(self.dir.path().join(&name), content).unwrap();
        self.rows.insert(at, format!("{patient},{timepoint},CT,{name},tumour=mask\n"));
    }

    fn study(&self) -> study::Study {
        study::parse(format!("{HEAD}{}", self.rows.concat()).as_bytes(), self.dir.path()).unwrap()
    }
}

struct Toy {
    grid: Geometry,
    acquisition: Acquisition,
    density: f32,
    empty: bool,
}

fn fault(kind: Reason) -> Fault {
    Fault { transient: kind == fault::STORAGE_TROUBLE, ..Fault::of(kind, "toy") }
}

fn toy(path: &Path) -> Result<Toy, Fault> {
    let text = fs::read_to_string(path).map_err(|_| fault(fault::FILE_MISSING))?;
    let density = match text.as_str() {
        "stale" => return Err(fault(fault::STORAGE_TROUBLE)),
        "panic" => panic!("this panic belongs to the test"),
        "box" | "empty" | "far" => 0.0,
        number => number.parse().map_err(|_| fault(fault::TRUNCATED_FILE))?,
    };
    let mut grid = Geometry::upright([8, 8, 5], [1.0; 3]);
    grid.origin[0] = if text == "far" { 100.0 } else { 0.0 };
    let modality = (density < 0.0).then(|| "MR".to_string());
    Ok(Toy { grid, acquisition: Acquisition { modality, ..Acquisition::default() }, density, empty: text == "empty" })
}

impl Image for Toy {
    fn geometry(&self) -> &Geometry {
        &self.grid
    }
    fn acquisition(&self) -> &Acquisition {
        &self.acquisition
    }
    fn raw_bytes(&self) -> u64 {
        1000
    }
    fn read(&self, region: &Extent) -> Result<Volume<f32>, Fault> {
        Ok(Volume::from_fn(self.grid.crop(region), |_| self.density))
    }
    fn cuts(&self, _: &Mask) -> bool {
        false
    }
}

impl Labels for Toy {
    fn geometry(&self) -> &Geometry {
        &self.grid
    }
    fn extent(&self, _: Option<&[i64]>) -> Option<Extent> {
        (!self.empty).then_some(Extent { lo: [2, 3, 1], hi: [5, 6, 4] })
    }
    fn mask(&self, which: Option<&[i64]>, region: &Extent) -> Mask {
        let own = self.extent(which).unwrap();
        let inside = |v: [usize; 3]| (0..3).all(|a| (own.lo[a]..own.hi[a]).contains(&(v[a] + region.lo[a])));
        Mask::from_fn(self.grid.crop(region), inside)
    }
}

/// Reader, measurer, gallery and reporter of the toy world.
#[derive(Default)]
struct World {
    /// Longest random delay between stages.
    delay_us: u64,
    runs: AtomicUsize,
    seed: AtomicU64,
    reports: AtomicUsize,
    recorded: AtomicUsize,
    /// Raises the flag given with it at this exam.
    stop_at: Option<usize>,
    stop: AtomicBool,
    /// Whose stages were done, in time.
    stages_of: Mutex<Vec<String>>,
}

impl World {
    fn wait(&self) {
        if self.delay_us > 0 {
            let x = self.seed.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed).wrapping_mul(0xD134_2543_DE82_EF95);
            std::thread::sleep(Duration::from_micros((x >> 33) % self.delay_us));
        }
    }
}

impl Source for World {
    fn image(&self, path: &Path, _: Option<&str>) -> Result<Box<dyn Image>, Fault> {
        self.wait();
        Ok(Box::new(toy(path)?))
    }
    fn parts(&self, _: &Path) -> Result<Vec<Part>, Fault> {
        Ok([("GTV low", 3), ("GTV high", 4)].map(|(name, number)| Part { number, names: vec![name.into()] }).into())
    }
    fn markups(&self, _: &Path) -> Result<Vec<Markup>, Fault> {
        Ok(Vec::new())
    }
    fn labels(&self, path: &Path, _: &Geometry, _: Option<&[i64]>) -> Result<Box<dyn Labels>, Fault> {
        Ok(Box::new(toy(path)?))
    }
}

impl Measurer for World {
    fn reach_mm(&self, _: Modality) -> f64 {
        2.0
    }
    fn bytes_per_voxel(&self, _: Modality) -> f64 {
        40.0
    }
    fn run(&self, modality: Modality, board: Board, hook: &dyn Hook) -> ExamRows {
        if self.stop_at == Some(self.runs.fetch_add(1, Ordering::SeqCst)) {
            self.stop.store(true, Ordering::SeqCst);
        }
        hook.before("toy");
        self.wait();
        let view = board.view(&["image", "tumour"], &[]);
        let (image, tumour) = (view.get(&IMAGE), view.get(&TUMOUR));
        let sum = |z: usize| {
            let pairs = image.plane(z).into_iter().zip(tumour.plane(z)).filter(|(_, m)| **m);
            pairs.map(|(v, _)| f64::from(*v)).sum::<f64>() / 7.0
        };
        let cells = vec![Some(0.5); columns(modality).count()];
        let slice = |z| SliceRow { slice: z, z_mm: sum(z), level: None, cells: cells.clone(), flags: vec![] };
        let total: f64 = (0..image.geometry().dims[2]).map(sum).sum();
        let exam = ExamRow {
            measure: "volume".into(),
            unit: "mm3".into(),
            status: Status::Ok,
            value: Some(Value::Number(total)),
            uncertainty: None,
            slice: None,
            reason: None,
            flags: vec!["kv_unknown".into()],
        };
        let rows = ExamRows { slices: (1..4).map(slice).collect(), exams: vec![exam] };
        hook.stage("toy", Duration::from_micros(1));
        hook.finished(&board, &rows);
        rows
    }
}

impl Gallery for World {
    fn reads(&self) -> &'static [&'static str] {
        &[]
    }
    fn pictures(&self, who: &ExamName, _: &Board, rows: &ExamRows) -> Vec<(String, Vec<u8>)> {
        vec![(format!("{}.png", who.stem()), format!("{:?}", rows.exams[0].value).into_bytes())]
    }
}

impl Reporter for World {
    fn event(&self, event: &Event<'_>) {
        self.reports.fetch_add(1, Ordering::Relaxed);
        if let Event::StageDone { patient, .. } = event {
            self.stages_of.lock().unwrap().push((*patient).to_string());
        }
        self.recorded
            .fetch_add(usize::from(matches!(event, Event::PatientDone { recorded: true, .. })), Ordering::Relaxed);
    }
}

fn settings() -> Settings {
    osteon::config::load(None, None, &[]).unwrap().0.settings
}

/// What a test asks for beside the study.
struct Ask {
    threads: usize,
    text: &'static str,
    out: &'static str,
    only: Vec<String>,
    fresh: bool,
    retry_failed: bool,
    fail_fast: bool,
    allow: Tolerance,
    memory_bytes: u64,
    shard: Option<Shard>,
}

impl Default for Ask {
    fn default() -> Self {
        let allow = Tolerance::Nothing;
        let (only, shard) = (vec![], None);
        let (fresh, retry_failed, fail_fast) = (false, false, false);
        let memory_bytes = 30_000;
        Self { threads: 1, text: "x = 1", out: OUT, memory_bytes, only, fresh, retry_failed, fail_fast, allow, shard }
    }
}

fn run_in(world: &World, site: &Site, disk: &dyn Disk, out: &Path, ask: &Ask) -> Result<Summary, RunError> {
    let (study, settings) = (site.study(), settings());
    let options = RunOptions { out: out.to_path_buf(), ..options(world, ask) };
    run(&Job {
        study: &study,
        settings: &settings,
        settings_text: ask.text,
        measurer: world,
        source: world,
        galleries: &[("qc", world)],
        disk,
        reporter: world,
        options: &options,
    })
}

fn options<'a>(world: &'a World, ask: &Ask) -> RunOptions<'a> {
    RunOptions {
        out: PathBuf::new(),
        threads: ask.threads,
        memory_bytes: ask.memory_bytes,
        only: ask.only.clone(),
        fresh: ask.fresh,
        retry_failed: ask.retry_failed,
        fail_fast: ask.fail_fast,
        allow_failures: ask.allow,
        shard: ask.shard,
        stop: &world.stop,
    }
}

fn go(site: &Site, disk: &MemoryDisk, ask: &Ask) -> Result<Summary, RunError> {
    run_in(&World::default(), site, disk, Path::new(ask.out), ask)
}

fn plain(site: &Site, disk: &MemoryDisk) -> Summary {
    go(site, disk, &Ask::default()).unwrap()
}

/// Everything under the output folder that must not depend on how the run went.
fn results(disk: &MemoryDisk) -> Files {
    let mut files = disk.files();
    files.retain(|path, _| !path.starts_with("out/records") && !path.ends_with("run.json"));
    files
}

fn undisturbed(site: &Site) -> (Files, usize) {
    let disk = MemoryDisk::default();
    plain(site, &disk);
    (results(&disk), disk.log().len())
}

fn text(files: &Files, name: &str) -> String {
    String::from_utf8(files[&Path::new(OUT).join(name)].clone()).unwrap()
}

#[test]
fn a_run_writes_what_the_contract_says() {
    let site = Site::usual();
    let disk = MemoryDisk::default();
    let summary = plain(&site, &disk);
    assert_eq!((summary.patients, summary.measured, summary.exams, summary.failed), (3, 3, 4, 1));
    assert_eq!(summary.exit_code(), 1);
    let files = results(&disk);
    let names: Vec<_> = files.keys().map(|p| p.strip_prefix(OUT).unwrap().display().to_string()).collect();
    let qc = ["qc/a_pre_CT.png", "qc/b_post_CT.png", "qc/b_pre_CT.png"];
    let csv = ["columns.json", "exams.csv", "failures.csv"];
    assert_eq!(names, [&csv[..], &qc[..], &["review.csv", "slices_ct.csv"]].concat());
    assert_eq!(
        text(&files, "exams.csv"),
        "patient,timepoint,modality,series,lesion,measure,value,unit,uncertainty,slice,status,reason,flags\n\
         b,pre,CT,main,1,volume,385.71429,mm3,,,ok,,kv_unknown\n\
         b,post,CT,main,1,volume,580.5,mm3,,,ok,,kv_unknown\n\
         a,pre,CT,main,1,volume,771.42857,mm3,,,ok,,kv_unknown\n"
    );
    assert_eq!(
        text(&files, "failures.csv"),
        "patient,timepoint,modality,series,lesion,line,stage,reason,message\n\
         c,pre,CT,main,1,5,image,truncated_file,image: the file ends before the data its header promises: toy; copy or export the file again\n"
    );
    assert!(text(&files, "slices_ct.csv").lines().nth(1).unwrap().starts_with("b,pre,CT,main,1,1,128.57143,"));
}

#[test]
fn what_cannot_be_measured_ends_as_one_line_each_and_harms_nobody() {
    let mut site = Site::new(&[("ok", "pre", "100"), ("mr", "pre", "-5")]);
    for word in ["empty", "far"] {
        fs::write(site.dir.path().join(word), word).unwrap();
    }
    for (patient, image, structures) in [
        ("image", "", "tumour=mask"),
        ("none", "secret_ok_pre", "canal=mask"),
        ("empty", "secret_ok_pre", "tumour=empty"),
        ("far", "secret_ok_pre", "native_bone=mask;tumour=far"),
        ("gone", "secret_ok_pre", "tumour=secret_gone"),
        ("seg", "secret_ok_pre", "secret_seg.dcm"),
    ] {
        site.rows.push(format!("{patient},pre,CT,{image},{structures}\n"));
    }
    let disk = MemoryDisk::default();
    assert_eq!(plain(&site, &disk).failed, 7);
    let failures = text(&results(&disk), "failures.csv");
    let lines: Vec<&str> = failures.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "mr,pre,CT,main,1,3,image,wrong_modality,\"image: the table says CT, the image is of another modality: correct the row\"",
            "image,pre,CT,main,1,4,image,image_missing,\"the cell image is empty: name a NIfTI file, a DICOM file or a folder\"",
            "none,pre,CT,main,1,5,structures,mask_missing,structures gives no tumour: add tumour=FILE",
            "empty,pre,CT,main,1,6,structures,mask_empty,\"structures[1]: the outline is empty: draw it, or check its label numbers\"",
            "far,pre,CT,main,1,7,structures,mask_off_image,structures[2]: no voxel of the outline lies on a voxel of the image: check that it was drawn on this image",
            "gone,pre,CT,main,1,8,structures,file_missing,structures[1]: there is no such file: toy; correct the study table",
            "seg,pre,CT,main,1,9,structures,mask_ambiguous,\"structures[1]: 3,4 could each be the tumour: pick one as tumour=FILE:NUMBER, or join them as tumour=FILE:3,4\"",
        ]
    );
    assert_eq!(text(&results(&disk), "exams.csv").lines().count(), 2);
}

#[test]
fn a_dry_run_finds_what_would_fail_and_how_much_it_takes() {
    let mut site = Site::usual();
    site.rows.push("d,pre,CT,secret_a_pre,tumour=secret_gone\n".into());
    let world = World::default();
    let found = check(&site.study(), &world, &world, &settings().structures);
    assert_eq!((found.exams, found.patients), (3, 4));
    let reason = |trouble: &failure::Trouble| match trouble {
        failure::Trouble::Data(failure) => failure.reason.clone(),
        other => panic!("the data are at fault, not {other:?}"),
    };
    let lines: Vec<_> = found.troubles.iter().map(|(line, trouble)| (*line, reason(trouble))).collect();
    assert_eq!(lines, [(5, "truncated_file".to_owned()), (6, "file_missing".to_owned())]);
    assert_eq!(found.input_bytes, 32);
    assert_eq!(found.largest_bytes, 8 * 8 * 5 * 41 + 1000);
}

#[test]
fn a_structure_that_several_parts_could_be_is_left_open_and_the_exam_goes_on() {
    let mut site = Site::new(&[("ok", "pre", "100")]);
    site.rows.push("seg,pre,CT,secret_ok_pre,tumour=mask;secret_seg.dcm\n".into());
    let (study, world) = (site.study(), World::default());
    let patterns = BTreeMap::from([("native_bone".to_owned(), vec!["gtv*".to_owned()])]);
    let found = check(&study, &world, &world, &patterns);
    assert_eq!((found.exams, found.troubles.len()), (2, 0));
    let [(line, failure::Trouble::Data(doubt))] = found.doubts.as_slice() else { panic!("{found:?}") };
    assert_eq!((*line, doubt.reason.as_str()), (3, "mask_ambiguous"));
    assert!(doubt.message.starts_with("structures[2]: 3,4 could each be the native_bone: pick one"), "{doubt:?}");
    let opened = load::open(&study.rows[1], &study.base, &world, &patterns).unwrap();
    let board = opened.board(&opened.outlines(&world, 1.0).unwrap()).unwrap();
    assert_eq!(board.find(&SCAN).unwrap().ambiguous, [Ambiguous { name: "native_bone", numbers: vec![3, 4] }]);
    assert!(board.find(&STRUCTURES).unwrap().is_empty());
}

#[test]
fn nothing_tells_where_the_inputs_are() {
    let site = Site::usual();
    let disk = MemoryDisk::default();
    plain(&site, &disk);
    let path = site.dir.path().to_str().unwrap().to_string();
    for (name, bytes) in disk.files() {
        let content = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!content.contains(&path) && !content.contains("secret"), "{}", name.display());
    }
}

#[test]
fn a_death_at_every_write_changes_no_byte() {
    let site = Site::usual();
    let (expected, calls) = undisturbed(&site);
    assert!(calls > 60, "{calls}");
    for cut in 0..calls {
        let dying = MemoryDisk::with(Trouble::PowerLoss(cut));
        assert!(go(&site, &dying, &Ask::default()).is_err(), "{cut} of {calls}");
        for loss in [Loss::Nothing, Loss::Dropped, Loss::Torn, Loss::Zeroed] {
            let disk = dying.after(loss);
            let summary = plain(&site, &disk);
            assert_eq!(summary.measured + summary.reused, 3);
            assert!(results(&disk) == expected, "cut at {cut} of {calls} ({:?}), {loss:?}", dying.log().last());
        }
    }
    let whole = MemoryDisk::default();
    plain(&site, &whole);
    assert!(results(&whole.after(Loss::Dropped)) == expected, "what a finished run wrote is there for good");
}

#[test]
fn a_failure_of_every_write_is_answered_and_mended() {
    let site = Site::usual();
    let (expected, calls) = undisturbed(&site);
    for (kind, code) in [(ErrorKind::StorageFull, 3), (ErrorKind::Other, 75)] {
        for at in 0..calls {
            let disk = MemoryDisk::with(Trouble::Fail(at, kind));
            let error = go(&site, &disk, &Ask::default()).expect_err("a failed write is never passed over");
            assert_eq!(error.exit_code(), code, "call {at}");
            plain(&site, &disk);
            assert!(results(&disk) == expected, "{kind:?} at {at} of {calls}: {}", disk.log()[at]);
        }
    }
}

#[test]
fn what_was_acknowledged_before_a_death_is_not_measured_again() {
    let site = Site::usual();
    let (_, calls) = undisturbed(&site);
    for cut in 0..calls {
        let dying = MemoryDisk::with(Trouble::PowerLoss(cut));
        let world = World::default();
        assert!(run_in(&world, &site, &dying, Path::new(OUT), &Ask::default()).is_err());
        let summary = plain(&site, &dying.after(Loss::Dropped));
        assert!(summary.reused >= world.recorded.load(Ordering::Relaxed), "cut at {cut}");
    }
}

#[test]
fn threads_and_delays_change_no_byte() {
    let images: Vec<_> =
        (0..14).map(|i| (format!("p{i}"), if i == 5 { "panic".into() } else { format!("{i}.25") })).collect();
    let images: Vec<_> = images.iter().map(|(p, c)| (p.as_str(), "pre", c.as_str())).collect();
    let site = Site::new(&images);
    let (expected, _) = undisturbed(&site);
    assert!(text(&expected, "failures.csv").contains("p5,pre,CT,main,1,7,measure,internal_error,"));
    for threads in [1, 2, 7] {
        let world = World { delay_us: 3000, ..World::default() };
        let disk = MemoryDisk::default();
        run_in(&world, &site, &disk, Path::new(OUT), &Ask { threads, ..Ask::default() }).unwrap();
        assert!(results(&disk) == expected, "{threads} threads");
        assert!(world.reports.load(Ordering::Relaxed) >= 14 * 3);
    }
}

#[test]
fn a_patient_keeps_its_memory_until_its_last_exam_is_done() {
    let exams = [("a", "t0"), ("b", "t0"), ("a", "t1"), ("b", "t1"), ("a", "t2"), ("b", "t2")];
    let site = Site::new(&exams.map(|(patient, timepoint)| (patient, timepoint, "100")));
    let turns = |memory_bytes| {
        let world = World { delay_us: 3000, ..World::default() };
        let ask = Ask { threads: 2, memory_bytes, ..Ask::default() };
        run_in(&world, &site, &MemoryDisk::default(), Path::new(OUT), &ask).unwrap();
        let mut turns = world.stages_of.into_inner().unwrap();
        turns.dedup();
        turns.len()
    };
    // One exam takes 11 120 bytes.
    assert_eq!(turns(12_000), 2, "one patient after the other");
    assert!((0..20).any(|_| turns(24_000) > 2), "side by side where both fit");
}

#[test]
fn two_attempts_alive_at_once_do_no_harm() {
    let site = Site::usual();
    let (expected, _) = undisturbed(&site);
    for seed in 0..20 {
        let disk = MemoryDisk::default();
        std::thread::scope(|scope| {
            for k in 0..2 {
                let (site, disk) = (&site, &disk);
                let world = World { delay_us: 500, seed: AtomicU64::new(seed * 7 + k), ..World::default() };
                scope.spawn(move || {
                    run_in(&world, site, disk, Path::new(OUT), &Ask { threads: 2, ..Ask::default() }).unwrap();
                });
            }
        });
        assert!(results(&disk) == expected, "{seed}");
    }
}

#[test]
fn shards_together_are_the_whole() {
    let images: Vec<_> = (0..9).map(|i| (format!("p{i}"), i.to_string())).collect();
    let images: Vec<_> = images.iter().map(|(p, c)| (p.as_str(), "pre", c.as_str())).collect();
    let site = Site::new(&images);
    let (expected, _) = undisturbed(&site);
    let shard = |i| Some(Shard { index: i, count: 3 });
    let together = MemoryDisk::default();
    let mut rows = Vec::new();
    for i in 1..=3 {
        let alone = MemoryDisk::default();
        let summary = go(&site, &alone, &Ask { shard: shard(i), ..Ask::default() }).unwrap();
        assert!(summary.patients < 9 && summary.measured == summary.patients);
        let exams = text(&results(&alone), "exams.csv");
        rows.extend(exams.lines().skip(1).map(String::from));
        go(&site, &together, &Ask { shard: shard(i), ..Ask::default() }).unwrap();
    }
    rows.sort();
    assert_eq!(rows, text(&expected, "exams.csv").lines().skip(1).collect::<Vec<_>>());
    assert!(results(&together) == expected, "three shards in one folder");
    let beside = MemoryDisk::default();
    std::thread::scope(|scope| {
        for i in 1..=3 {
            let (site, beside) = (&site, &beside);
            scope.spawn(move || go(site, beside, &Ask { shard: shard(i), ..Ask::default() }).unwrap());
        }
    });
    assert!(results(&beside) == expected, "three shards in one folder at once");
}

#[test]
fn only_what_must_be_is_measured_again() {
    let mut site = Site::usual();
    let disk = MemoryDisk::default();
    plain(&site, &disk);
    let counts = |site: &Site, ask: &Ask| {
        let summary = go(site, &disk, ask).unwrap();
        assert!(results(&disk) == undisturbed(site).0 || ask.text != "x = 1");
        (summary.reused, summary.measured)
    };
    let usual = Ask::default();
    assert_eq!(counts(&site, &usual), (3, 0), "nothing changed");
    site.insert(1, "d", "pre", "7");
    assert_eq!(counts(&site, &usual), (3, 1), "a row in the middle");
    fs::write(site.dir.path().join("secret_c_pre"), "55.5").unwrap();
    assert_eq!(counts(&site, &usual), (3, 1), "a corrected file");
    assert_eq!(counts(&site, &Ask { text: "x = 2", ..Ask::default() }), (0, 4), "a setting");
    assert_eq!(counts(&site, &usual), (4, 0), "and back");
    site.rows.remove(0);
    assert_eq!(counts(&site, &usual), (3, 1), "a row less: that patient has other rows now");
    assert_eq!(counts(&site, &Ask { fresh: true, ..Ask::default() }), (0, 4), "fresh");
}

#[test]
fn a_lost_picture_is_made_again() {
    let site = Site::usual();
    let disk = MemoryDisk::default();
    plain(&site, &disk);
    let expected = results(&disk);
    disk.remove(Path::new("out/qc/a_pre_CT.png")).unwrap();
    assert_eq!(plain(&site, &disk).measured, 1);
    assert!(results(&disk) == expected);
}

#[test]
fn segments_of_earlier_attempts_are_never_written() {
    let mut site = Site::usual();
    let disk = MemoryDisk::default();
    plain(&site, &disk);
    let first = disk.files()[Path::new("out/records/000001.seg")].clone();
    site.insert(0, "d", "pre", "7");
    plain(&site, &disk);
    assert_eq!(disk.files()[Path::new("out/records/000001.seg")], first);
    let last = disk.log().iter().rposition(|call| call.ends_with("000001.seg")).unwrap();
    let second = disk.log().iter().position(|call| call.ends_with("000002.seg")).unwrap();
    assert!(last < second);
}

#[test]
fn one_patient_can_be_asked_for_and_the_others_stay() {
    let site = Site::usual();
    let disk = MemoryDisk::default();
    let only_a = || Ask { only: vec!["a".into()], ..Ask::default() };
    let summary = go(&site, &disk, &only_a()).unwrap();
    assert_eq!((summary.patients, summary.measured, summary.exit_code()), (1, 1, 0));
    assert_eq!(text(&results(&disk), "exams.csv").lines().count(), 2);
    plain(&site, &disk);
    let whole = results(&disk);
    go(&site, &disk, &Ask { fresh: true, ..only_a() }).unwrap();
    assert!(results(&disk) == whole);
    let unknown = go(&site, &disk, &Ask { only: vec!["z".into()], ..Ask::default() }).unwrap_err();
    assert_eq!((unknown.exit_code(), unknown.to_string()), (2, "no row of the study table has the patient `z`".into()));
}

#[test]
fn failures_are_kept_tried_again_and_counted() {
    let site = Site::usual();
    let disk = MemoryDisk::default();
    plain(&site, &disk);
    assert_eq!(plain(&site, &disk).reused, 3, "a failure of the data is a record");
    let retry = go(&site, &disk, &Ask { retry_failed: true, ..Ask::default() }).unwrap();
    assert_eq!((retry.reused, retry.measured), (2, 1));
    let code = |allow| go(&site, &disk, &Ask { allow, ..Ask::default() }).unwrap().exit_code();
    assert_eq!(code(Tolerance::Count(1)), 0);
    assert_eq!(code(Tolerance::Percent(25.0)), 0);
    assert_eq!(code(Tolerance::Percent(24.0)), 1);
}

#[test]
fn the_first_failure_can_end_the_run() {
    let site = Site::new(&[("a", "pre", "broken"), ("b", "pre", "1")]);
    let disk = MemoryDisk::default();
    let summary = go(&site, &disk, &Ask { fail_fast: true, ..Ask::default() }).unwrap();
    assert_eq!((summary.measured, summary.complete, summary.exit_code()), (1, false, 1));
    assert!(!results(&disk).contains_key(Path::new("out/exams.csv")));
    plain(&site, &disk);
    assert!(results(&disk) == undisturbed(&site).0);
}

#[test]
fn storage_trouble_is_never_recorded() {
    let site = Site::new(&[("a", "pre", "stale"), ("b", "pre", "1")]);
    let disk = MemoryDisk::default();
    let summary = plain(&site, &disk);
    assert_eq!((summary.measured, summary.put_off, summary.exit_code()), (1, 1, 75));
    fs::write(site.dir.path().join("secret_a_pre"), "3").unwrap();
    let summary = plain(&site, &disk);
    assert_eq!((summary.reused, summary.measured, summary.exit_code()), (1, 1, 0));
    assert!(results(&disk) == undisturbed(&site).0);
}

#[test]
fn a_stop_leaves_everything_resumable_and_accuses_nobody() {
    let site = Site::usual();
    let disk = MemoryDisk::default();
    for exam in [0, 1, 0] {
        let world = World { stop_at: Some(exam), ..World::default() };
        let summary = run_in(&world, &site, &disk, Path::new(OUT), &Ask::default()).unwrap();
        assert!(summary.stopped && !summary.complete);
    }
    let summary = plain(&site, &disk);
    assert_eq!(summary.failed, 1);
    assert!(results(&disk) == undisturbed(&site).0);
}

#[test]
fn who_kills_the_run_twice_is_set_aside() {
    let site = Site::usual();
    let disk = MemoryDisk::default();
    plain(&site, &disk);
    let begun: Vec<_> = (0..disk.log().len()).filter(|&i| disk.log()[i] == "sync 000001.flight").collect();
    let dying = MemoryDisk::with(Trouble::PowerLoss(begun[1] + 1));
    assert!(go(&site, &dying, &Ask::default()).is_err());
    let again = dying.after(Loss::Nothing);
    let dry = dying.after(Loss::Nothing);
    plain(&site, &dry);
    let last = (0..dry.log().len()).rfind(|&i| dry.log()[i] == "sync 000002.flight").unwrap();
    let again = again.and_then(Trouble::PowerLoss(last + 1));
    assert!(go(&site, &again, &Ask::default()).is_err());
    let third = again.after(Loss::Nothing);
    let summary = plain(&site, &third);
    assert_eq!((summary.reused, summary.failed), (2, 3), "a and c were done, b has two rows");
    let failures = text(&results(&third), "failures.csv");
    assert_eq!(failures.matches(",run,killed_the_run,").count(), 2);
    go(&site, &third, &Ask { retry_failed: true, ..Ask::default() }).unwrap();
    assert!(results(&third) == undisturbed(&site).0);
}

#[test]
fn real_files_under_the_default_config_give_every_measure() {
    let dir = tempfile::tempdir().unwrap();
    let grid = Geometry::upright([64, 64, 24], [1.0, 1.0, 2.0]);
    let centre = grid.to_patient([32.0, 32.0, 12.0]);
    let ball = Mask::from_fn(grid.clone(), |v| {
        let p = grid.to_patient(v.map(|i| i as f64));
        (0..3).map(|a| (p[a] - centre[a]).powi(2)).sum::<f64>() < 225.0
    });
    let image = Volume::new(grid, ball.as_slice().iter().map(|&m| if m { 60.0_f32 } else { 20.0 }).collect()).unwrap();
    fs::write(dir.path().join("ct.nii.gz"), encode(&image, true)).unwrap();
    fs::write(dir.path().join("t.nii"), encode(&ball, false)).unwrap();
    let study = study::parse(format!("{HEAD}a,pre,CT,ct.nii.gz,tumour=t.nii\n").as_bytes(), dir.path()).unwrap();
    let config = osteon::config::load(None, None, &[]).unwrap().0;
    let (world, disk) = (World::default(), MemoryDisk::default());
    let options = RunOptions { out: OUT.into(), ..options(&world, &Ask::default()) };
    let summary = with_config(&study, &config, &options, &[("qc", &world)], &disk, &world).unwrap();
    assert_eq!((summary.exams, summary.failed, summary.exit_code()), (1, 0, 0), "{:?}", disk.files().keys());
    let exams = text(&results(&disk), "exams.csv");
    assert_eq!(exams.lines().count() - 1, measures(Modality::Ct).count());
    assert!(exams.contains("a,pre,CT,main,1,mean_density,60,HU,"), "{exams}");
    assert!(text(&results(&disk), "slices_ct.csv").lines().count() > 12);
}

#[test]
fn a_real_folder_holds_the_same_bytes() {
    let site = Site::usual();
    let (expected, _) = undisturbed(&site);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("deep/out");
    let world = World::default();
    run_in(&world, &site, &LocalDisk, &out, &Ask { threads: 2, ..Ask::default() }).unwrap();
    run_in(&world, &site, &LocalDisk, &out, &Ask::default()).unwrap();
    for (path, bytes) in &expected {
        assert_eq!(&fs::read(out.join(path.strip_prefix(OUT).unwrap())).unwrap(), bytes);
    }
    assert_eq!(LocalDisk.list(&out).unwrap().len(), 6);
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = run_in(&world, &site, &LocalDisk, &file.join("out"), &Ask::default()).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    assert!(!error.to_string().contains(dir.path().to_str().unwrap()));
}
