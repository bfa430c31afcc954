//! The job: patients on plain threads, each ending as one record; then the files.

use super::attempt::{Attempt, Index, Place};
use super::budget::Budget;
use super::event::{Event, Reporter};
use super::failure::{Failure, KILLED_THE_RUN};
use super::files::Files;
use super::key;
use super::load::Source;
use super::manifest;
use super::measurer::{Gallery, Graphs, Measurer};
use super::peak::peak_bytes;
use super::projection::{Projection, State, Tally};
use super::record::{Outcome, Record};
use super::shard::Shard;
use super::study::Study;
use super::summary::{Summary, TRY_AGAIN, UNWRITABLE, USAGE};
use super::sweep;
use super::tolerance::Tolerance;
use crate::config::Config;
use crate::graph::GraphError;
use crate::io::disk::{Disk, unwritable};
use crate::measure::settings::Settings;
use plan::{Planned, What};
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

mod exam;
mod patient;
mod plan;

/// How a run is made.
pub struct RunOptions<'a> {
    /// Where everything is written.
    pub out: PathBuf,
    /// Patients side by side.
    pub threads: usize,
    /// Memory that patients are admitted under, bytes.
    pub memory_bytes: u64,
    /// Only these patients; empty: all.
    pub only: Vec<String>,
    /// Measure even where a record holds.
    pub fresh: bool,
    /// Measure again where a record holds a failure.
    pub retry_failed: bool,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// How many failures still count as success.
    pub allow_failures: Tolerance,
    /// Only this share of the patients.
    pub shard: Option<Shard>,
    /// Set from outside to stop: no patient is begun any more, those in flight end before their next stage.
    pub stop: &'a AtomicBool,
}

/// Everything a run needs.
pub struct Job<'a> {
    /// What to measure.
    pub study: &'a Study,
    /// Values that can change a number.
    pub settings: &'a Settings,
    /// Their canonical text, part of every content key.
    pub settings_text: &'a str,
    /// What measures.
    pub measurer: &'a dyn Measurer,
    /// What reads.
    pub source: &'a dyn Source,
    /// What makes files of an exam.
    pub galleries: Galleries<'a>,
    /// What is written to.
    pub disk: &'a dyn Disk,
    /// Who watches.
    pub reporter: &'a dyn Reporter,
    /// How.
    pub options: &'a RunOptions<'a>,
}

/// Why a run ended before its end. Finished patients stay finished.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Nothing can be written, or read back.
    #[error("{}; what is finished is kept, run the same command again then", unwritable(.0))]
    Output(#[from] io::Error),
    /// `--patient` names nobody.
    #[error("no row of the study table has the patient `{0}`")]
    UnknownPatient(String),
    /// The registries do not fit together.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

impl RunError {
    /// The exit code.
    pub fn exit_code(&self) -> i32 {
        use ErrorKind::*;
        match self {
            Self::UnknownPatient(_) | Self::Graph(_) => USAGE,
            Self::Output(e) => match e.kind() {
                StorageFull | QuotaExceeded | ReadOnlyFilesystem | PermissionDenied | NotADirectory | IsADirectory
                | FileTooLarge | InvalidFilename | AlreadyExists => UNWRITABLE,
                _ => TRY_AGAIN,
            },
        }
    }
}

/// What makes files of an exam, and in which folder: `qc`, `masks`.
pub type Galleries<'a> = &'a [(&'static str, &'a dyn Gallery)];

/// Measures the files of a study as a configuration says.
///
/// # Errors
/// As [`run`]; registries that do not fit together.
pub fn with_config(
    study: &Study,
    config: &Config,
    options: &RunOptions<'_>,
    galleries: Galleries<'_>,
    disk: &dyn Disk,
    reporter: &dyn Reporter,
) -> Result<Summary, RunError> {
    let kept: Vec<&'static str> = galleries.iter().flat_map(|(_, g)| g.reads()).copied().collect();
    let (settings, settings_text) = (&config.settings, &config.number_changing());
    let measurer = &Graphs::new(settings, &config.measures, &kept)?;
    run(&Job { study, settings, settings_text, measurer, source: &Files, galleries, disk, reporter, options })
}

/// Runs a job to its end, or as far as it gets.
///
/// # Errors
/// If the output cannot be written, or the options name a patient that is not there.
pub fn run(job: &Job<'_>) -> Result<Summary, RunError> {
    let named = |name: &&String| job.study.patients.iter().any(|p| p.name == **name);
    if let Some(unknown) = job.options.only.iter().find(|name| !named(name)) {
        return Err(RunError::UnknownPatient(unknown.clone()));
    }
    job.disk.create_dir_all(&job.options.out)?;
    for (folder, _) in job.galleries {
        job.disk.create_dir_all(&job.options.out.join(folder))?;
    }
    let attempt = Attempt::start(job.disk, &job.options.out)?;
    let summary = attempted(job, &attempt);
    // In order even after an error: nobody in flight now has killed the process.
    let ended = attempt.end();
    let summary = summary?;
    ended?;
    job.reporter.event(&Event::Finished(&summary));
    Ok(summary)
}

fn attempted(job: &Job<'_>, attempt: &Attempt<'_>) -> io::Result<Summary> {
    let start = Instant::now();
    sweep::abandoned(job.disk, &job.options.out)?;
    let index = attempt.index()?;
    let plan = plan::make(job, attempt, &index)?;
    let states = plan.iter().map(Planned::state).collect();
    let projection = Projection::start(job.disk, &job.options.out, job.study, attempt, states)?;
    let run = Running::new(job, attempt, plan, projection);
    run.set_aside_killers()?;
    job.reporter.event(&run.started());
    // Who was in flight at a death before goes last and alone, so that a second death accuses no one else.
    run.pass(job.options.threads, |what| matches!(what, What::Measure));
    run.pass(1, |what| matches!(what, What::Suspect));
    run.finish(start)
}

/// A run under way.
struct Running<'a> {
    job: &'a Job<'a>,
    attempt: &'a Attempt<'a>,
    plan: Vec<Planned>,
    budget: Budget,
    projection: Mutex<Projection<'a>>,
    timings: patient::Timings,
    broken: Mutex<Option<io::Error>>,
    /// No more patients: a failure under `--fail-fast`, or the storage broke.
    halted: AtomicBool,
    put_off: AtomicUsize,
    measured: AtomicUsize,
}

impl<'a> Running<'a> {
    fn new(job: &'a Job<'a>, attempt: &'a Attempt<'a>, plan: Vec<Planned>, projection: Projection<'a>) -> Self {
        Self {
            job,
            attempt,
            plan,
            budget: Budget::new(job.options.memory_bytes),
            projection: Mutex::new(projection),
            timings: patient::Timings::default(),
            broken: Mutex::new(None),
            halted: AtomicBool::new(false),
            put_off: AtomicUsize::new(0),
            measured: AtomicUsize::new(0),
        }
    }

    fn started(&self) -> Event<'static> {
        let ours = || self.plan.iter().filter(|p| p.selected);
        let to_measure = ours().filter(|p| matches!(p.what, What::Measure | What::Suspect));
        Event::Started {
            patients: ours().count(),
            reused: self.reused(),
            bytes: to_measure.map(|p| p.inputs.map_or(0, |i| i.bytes)).sum(),
        }
    }

    fn reused(&self) -> usize {
        self.plan.iter().filter(|p| p.selected && matches!(p.what, What::Reuse(_))).count()
    }

    fn stopping(&self) -> bool {
        self.halted.load(Ordering::Relaxed) || self.job.options.stop.load(Ordering::Relaxed)
    }

    /// Records as failed those who were in flight at two deaths.
    fn set_aside_killers(&self) -> io::Result<()> {
        for (i, planned) in self.plan.iter().enumerate().filter(|(_, p)| matches!(p.what, What::SetAside)) {
            let failure = Failure::new(
                "run",
                KILLED_THE_RUN,
                "the process died twice while this patient was measured: look at its files, give more memory, then run with --retry-failed",
            );
            let exams = vec![Outcome::Failed(failure); self.job.study.patients[i].rows.len()];
            self.keep(i, planned, exams)?;
        }
        Ok(())
    }

    /// Makes a patient's outcomes durable and lets the files grow.
    fn keep(&self, patient: usize, planned: &Planned, exams: Vec<Outcome>) -> io::Result<usize> {
        let name = self.job.study.patients[patient].name.clone();
        let folders = self.job.galleries.iter().map(|(folder, _)| (*folder).to_string()).collect();
        let record = Record { patient: name, folders, exams };
        let inputs = planned.inputs.expect("who is measured has a key");
        let place = self.attempt.commit(inputs.key, &record)?;
        self.measured.fetch_add(1, Ordering::Relaxed);
        patient::lock(&self.projection).done(patient, place)?;
        Ok(record.failed())
    }

    fn pass(&self, threads: usize, of: fn(&What) -> bool) {
        let queue: Vec<usize> = (0..self.plan.len()).filter(|&i| of(&self.plan[i].what)).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            while !self.stopping()
                && let Some(&patient) = queue.get(next.fetch_add(1, Ordering::Relaxed))
            {
                self.patient(patient);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..threads.min(queue.len()) {
                scope.spawn(work);
            }
        });
    }

    fn finish(self, start: Instant) -> io::Result<Summary> {
        if let Some(error) = patient::lock(&self.broken).take() {
            return Err(error);
        }
        let (reused, job) = (self.reused(), self.job);
        let mut summary = Summary {
            patients: self.plan.iter().filter(|p| p.selected).count(),
            reused,
            measured: self.measured.load(Ordering::Relaxed),
            put_off: self.put_off.load(Ordering::Relaxed),
            stopped: job.options.stop.load(Ordering::Relaxed),
            timings: patient::lock(&self.timings).clone(),
            ..Summary::default()
        };
        let projection = self.projection.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        summary.complete = projection.is_complete();
        summary.failed = projection.failed();
        if summary.complete {
            let (tally, states) = settled(job, self.attempt, projection)?;
            (summary.exams, summary.failed, summary.to_review) = (tally.exams, tally.failed, tally.to_review);
            sweep::stale(job.disk, &job.options.out, job.study, &states, &tally.files)?;
        }
        summary.tolerated = job.options.allow_failures.covers(summary.failed, summary.exams);
        summary.elapsed = start.elapsed();
        summary.peak_bytes = peak_bytes();
        if summary.complete {
            write_manifests(job, &summary, inputs_digest(&self.plan))?;
        }
        Ok(summary)
    }
}

/// Puts the files in place, again if another attempt has meanwhile finished patients that they leave out: whichever
/// attempt comes last leaves the union.
fn settled<'a>(
    job: &Job<'a>,
    attempt: &'a Attempt<'a>,
    mut projection: Projection<'a>,
) -> io::Result<(Tally, Vec<State>)> {
    loop {
        let mut states = projection.states().to_vec();
        let tally = projection.finish()?;
        if !states.contains(&State::Absent) || !join_newcomers(job, &attempt.index()?, &mut states) {
            return Ok((tally, states));
        }
        projection = Projection::start(job.disk, &job.options.out, job.study, attempt, states)?;
    }
}

fn join_newcomers(job: &Job<'_>, now: &Index, states: &mut [State]) -> bool {
    let mut joined = false;
    for (patient, state) in job.study.patients.iter().zip(states) {
        if *state == State::Absent && now.knows(&patient.name) {
            let found: Option<Place> = now.find(key::of(job.study, patient, job.settings_text).key);
            if let Some(place) = found {
                (*state, joined) = (State::Done(place), true);
            }
        }
    }
    joined
}

fn inputs_digest(plan: &[Planned]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for inputs in plan.iter().filter_map(|p| p.inputs) {
        hasher.update(&inputs.key.0);
    }
    hasher.finalize()
}

fn write_manifests(job: &Job<'_>, summary: &Summary, inputs: blake3::Hash) -> io::Result<()> {
    let made = manifest::Made {
        settings: job.settings,
        settings_text: job.settings_text,
        inputs,
        threads: job.options.threads,
        memory_bytes: job.options.memory_bytes,
    };
    let out = &job.options.out;
    job.disk.write_atomic(&out.join("columns.json"), manifest::columns().as_bytes())?;
    job.disk.write_atomic(&out.join("run.json"), manifest::run(&made, summary).as_bytes())
}
