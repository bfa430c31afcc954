//! Files of every kind, damaged in every way: each gives an answer or a fault, at once and in little memory.
//!
//! An executable of its own, because it counts the memory and the CPU time of its whole process. `OSTEON_MUTANTS=100000`
//! damages more of them than the 3,000 of the normal suite; `OSTEON_MUTANT="NAME#NUMBER"` repeats one.

#[path = "mutants/crafted.rs"]
mod crafted;
#[path = "mutants/dice.rs"]
mod dice;
#[path = "mutants/elements.rs"]
mod elements;
#[path = "mutants/exam.rs"]
mod exam;
#[path = "mutants/mutation.rs"]
mod mutation;
#[path = "mutants/real.rs"]
mod real;
#[path = "../src/io/image_tests_support.rs"]
#[allow(dead_code, reason = "the unit tests of the readers use the rest")]
mod support;

use dice::Dice;
use exam::Exam;
use osteon::batch::failure::Trouble;
use osteon::measure::settings::Patterns;
use peak_alloc::PeakAlloc;
use rustix::time::{ClockId, clock_gettime};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Held by the test that runs, so that it does not count what another one takes.
static ALONE: Mutex<()> = Mutex::new(());

/// Mutants of the normal suite.
const NORMAL: u64 = 3_000;

/// CPU time that one file may take.
const MAX_TIME: Duration = Duration::from_secs(1);

/// Memory that one file may take beyond its own size, bytes.
const MAX_BYTES: usize = 256 << 20;

/// CPU time of the whole process.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What one mutant came to.
struct Outcome {
    answered: bool,
    time: Duration,
    bytes: usize,
    wrong: Option<String>,
}

/// Reads an exam on a thread of its own, so that nothing is kept from the last one and every panic is seen.
fn outcome(exam: &Exam, folder: &Path, patterns: &Patterns, own_bytes: usize) -> Outcome {
    let study = exam.study(folder);
    let (before, start) = (MEMORY.current_usage(), cpu_time());
    MEMORY.reset_peak_usage();
    let ended = std::thread::scope(|s| s.spawn(|| exam::read(&study, patterns)).join());
    let (time, bytes) = (cpu_time() - start, MEMORY.peak_usage() - before);
    let wrong = match &ended {
        Err(_) => Some("a panic".to_owned()),
        Ok(Err(Trouble::Transient(failure))) => Some(format!("called passing trouble: {}", failure.message)),
        Ok(_) if time > MAX_TIME => Some(format!("{time:?} of CPU time")),
        Ok(_) if bytes > MAX_BYTES + own_bytes => Some(format!("{} MiB", bytes >> 20)),
        Ok(_) => None,
    };
    Outcome { answered: matches!(ended, Ok(Ok(()))), time, bytes, wrong }
}

/// All that has been seen.
#[derive(Default)]
struct Tally {
    mutants: u64,
    answered: u64,
    slowest: (Duration, String),
    largest: (usize, String),
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, outcome: Outcome, name: String) {
        self.mutants += 1;
        self.answered += u64::from(outcome.answered);
        if let Some(wrong) = outcome.wrong {
            self.wrong.push(format!("{wrong}: {name}"));
        }
        self.slowest = std::mem::take(&mut self.slowest).max((outcome.time, name.clone()));
        self.largest = std::mem::take(&mut self.largest).max((outcome.bytes, name));
    }
}

/// The mutant in hand, for the case that it ends the process.
fn in_hand() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutant_in_hand.txt")
}

/// Damages one file of an exam and reads it.
fn damage(exam: &Exam, number: u64, donors: &[Vec<u8>], folder: &Path, patterns: &Patterns, tally: &mut Tally) {
    let mut dice = Dice::of(&exam.name, number);
    let targets = exam.targets();
    let (path, whole) = targets[dice.below(targets.len())];
    let donor = &donors[dice.below(donors.len())];
    let (bytes, how) = mutation::damaged(whole, donor, &mut dice);
    let name = format!("OSTEON_MUTANT=\"{}#{number}\": {path}: {how}", exam.name);
    fs::write(in_hand(), &name).unwrap();
    fs::write(folder.join(path), &bytes).unwrap();
    let own = bytes.len();
    drop(bytes);
    tally.add(outcome(exam, folder, patterns, own), name);
    fs::write(folder.join(path), whole).unwrap();
}

/// All exams and the bytes that are spliced from one into another.
fn exams() -> (Vec<Exam>, Vec<Vec<u8>>) {
    let exams = [crafted::exams(), real::exams()].concat();
    let donors = exams.iter().flat_map(|e| e.targets()).map(|(_, bytes)| bytes[..bytes.len().min(8192)].to_vec());
    let donors = donors.collect();
    (exams, donors)
}

/// Which mutants of an exam are wanted.
fn numbers(exam: &Exam, shares: u64) -> std::ops::Range<u64> {
    if let Ok(one) = std::env::var("OSTEON_MUTANT") {
        let number = one.strip_prefix(&exam.name).and_then(|rest| rest.strip_prefix('#')?.parse().ok());
        return number.map_or(0..0, |n| n..n + 1);
    }
    let all = std::env::var("OSTEON_MUTANTS").map_or(NORMAL, |n| n.parse().expect("OSTEON_MUTANTS is a number"));
    0..(all * exam.share).div_ceil(shares)
}

#[test]
fn every_damaged_file_is_an_answer_or_a_fault_at_once_and_in_little_memory() {
    let _alone = ALONE.lock();
    let (exams, donors) = exams();
    let (patterns, shares) = (exam::patterns(), exams.iter().map(|e| e.share).sum());
    let (mut tally, start) = (Tally::default(), cpu_time());
    for exam in &exams {
        let folder = tempfile::tempdir().unwrap();
        exam.install(folder.path());
        for number in numbers(exam, shares) {
            damage(exam, number, &donors, folder.path(), &patterns, &mut tally);
        }
    }
    let mut said = format!(
        "{} mutants of {} exams, {} answered, {:?} of CPU time\nslowest {:?}: {}\nlargest {} MiB: {}\n",
        tally.mutants,
        exams.len(),
        tally.answered,
        cpu_time() - start,
        tally.slowest.0,
        tally.slowest.1,
        tally.largest.0 >> 20,
        tally.largest.1,
    );
    tally.wrong.iter().for_each(|wrong| writeln!(said, "{wrong}").unwrap());
    println!("{said}");
    assert!(tally.wrong.is_empty(), "{} of them are wrong:\n{said}", tally.wrong.len());
    // Damage that nothing survives, or that nothing notices, would test little.
    let is_one = std::env::var_os("OSTEON_MUTANT").is_some();
    assert!(is_one || (tally.mutants / 10..tally.mutants * 9 / 10).contains(&tally.answered), "{said}");
}

/// Exams that no program can read even when they are whole.
fn is_refused_whole(exam: &Exam) -> bool {
    if exam.name.contains("J2K_pixelrep_mismatch") || exam.name.contains("bad_sequence") {
        return false;
    }
    let refused = [
        "broken/",
        "ct/series_faults/",
        "dicom_codec/deflated/",
        "dicom_dicomdir/",
        "dicom_enhanced/emri_small",
        "minimal",
        "nifti_types/minimal_extended_hdr",
    ];
    refused.iter().any(|start| exam.name.starts_with(start))
}

#[test]
fn every_exam_is_read_when_it_is_whole() {
    let _alone = ALONE.lock();
    let patterns = exam::patterns();
    for exam in &exams().0 {
        let folder = tempfile::tempdir().unwrap();
        exam.install(folder.path());
        let read = exam::read(&exam.study(folder.path()), &patterns);
        assert_eq!(read.is_err(), is_refused_whole(exam), "{}: {read:?}", exam.name);
    }
}

#[test]
fn an_outline_of_another_frame_of_reference_is_refused() {
    let _alone = ALONE.lock();
    let mut exam = crafted::exams().into_iter().find(|e| e.name == "contours").unwrap();
    let (_, bytes, _) = exam.files.iter_mut().find(|f| f.0 == "rs.dcm").unwrap();
    let uid = elements::all(bytes).into_iter().find(|e| e.tag == (0x3006, 0x24)).unwrap();
    *bytes = uid.with_value(bytes, b"2.25.77\0");
    let folder = tempfile::tempdir().unwrap();
    exam.install(folder.path());
    let Err(Trouble::Data(failure)) = exam::read(&exam.study(folder.path()), &exam::patterns()) else { panic!() };
    assert_eq!((failure.stage.as_str(), failure.reason.as_str()), ("structures", "other_frame_of_reference"));
    assert!(!failure.message.contains(crafted::FRAME_UID) && !failure.message.contains("2.25.77"));
}
