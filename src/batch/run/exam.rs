//! One exam: its headers, its turn within the memory of its patient, its watcher.

use super::Job;
use super::patient::{Timings, lock};
use crate::batch::budget::Grant;
use crate::batch::event::Event;
use crate::batch::failure::{INTERNAL_ERROR, Trouble};
use crate::batch::load::{self, Opened};
use crate::batch::study::Row;
use crate::graph::Hook;
use crate::measure::rows::ExamRows;
use crate::measure::{Board, Modality};
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// An exam whose image headers have been read.
pub struct Begun<'a> {
    opened: Opened<'a>,
    modality: Modality,
    took: Duration,
}

/// Reads the headers of a row's image; no voxel yet.
pub fn begin<'a>(job: &Job<'a>, row: &'a Row, watcher: &Watcher<'_>) -> Result<Begun<'a>, Trouble> {
    watcher.before("open");
    let start = Instant::now();
    let opened = load::open(row, &job.study.base, job.source, &job.settings.structures)?;
    Ok(Begun { opened, modality: row.exam.modality, took: start.elapsed() })
}

impl Begun<'_> {
    /// Memory that its outlines take, bytes.
    pub fn outline_bytes(&self) -> u64 {
        self.opened.outline_bytes()
    }

    /// Measures it within its patient's memory, which is raised where its region turns out to need more.
    ///
    /// Where more does not fit at once, the outlines are given up and read again when it does.
    pub fn measure(self, job: &Job<'_>, grant: &mut Grant<'_>, watcher: &Watcher<'_>) -> Result<ExamRows, Trouble> {
        let (reach_mm, per_voxel) = (job.measurer.reach_mm(self.modality), job.measurer.bytes_per_voxel(self.modality));
        let start = Instant::now();
        let mut outlines = self.opened.outlines(job.source, reach_mm)?;
        let need = self.outline_bytes().saturating_add(self.opened.region_bytes(&outlines, per_voxel));
        if !grant.raise(need) {
            drop(outlines);
            grant.exchange(need);
            outlines = self.opened.outlines(job.source, reach_mm)?;
        }
        watcher.before("read");
        let board = self.opened.board(&outlines)?;
        drop(outlines);
        watcher.stage("read", self.took + start.elapsed());
        Ok(job.measurer.run(self.modality, board, watcher))
    }
}

/// Watches one exam for the run: times its stages, stops it, takes its pictures.
pub struct Watcher<'a> {
    job: &'a Job<'a>,
    row: &'a Row,
    timings: &'a Timings,
    stopped: AtomicBool,
    files: Mutex<Vec<(String, Vec<u8>)>>,
}

/// What a stopped exam unwinds with.
struct Stopped;

impl<'a> Watcher<'a> {
    pub fn new(job: &'a Job<'a>, row: &'a Row, timings: &'a Timings) -> Self {
        Self { job, row, timings, stopped: AtomicBool::new(false), files: Mutex::default() }
    }

    /// Why the exam unwound: it was stopped, or the program failed.
    pub fn unwound(&self) -> Trouble {
        if self.stopped.load(Ordering::Relaxed) {
            return Trouble::Stopped;
        }
        Trouble::data(
            "measure",
            INTERNAL_ERROR,
            "the program failed on this exam: please report it with the log of the run",
        )
    }

    /// The exam's files, each with its place under the output folder.
    pub fn into_files(self) -> Vec<(String, Vec<u8>)> {
        self.files.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Hook for Watcher<'_> {
    fn before(&self, _: &'static str) {
        if self.job.options.stop.load(Ordering::Relaxed) {
            self.stopped.store(true, Ordering::Relaxed);
            // No panic: no hook is to tell of it.
            resume_unwind(Box::new(Stopped));
        }
    }

    fn stage(&self, stage: &'static str, elapsed: Duration) {
        let mut timings = lock(self.timings);
        let timing = timings.entry(stage.to_string()).or_default();
        timing.runs += 1;
        timing.total += elapsed;
        drop(timings);
        let patient = &self.row.exam.patient;
        self.job.reporter.event(&Event::StageDone { patient, line: self.row.line, stage, elapsed });
    }

    fn finished(&self, board: &Board, rows: &ExamRows) {
        for (folder, gallery) in self.job.galleries {
            let made = gallery.pictures(&self.row.exam, board, rows);
            lock(&self.files).extend(made.into_iter().map(|(name, bytes)| (format!("{folder}/{name}"), bytes)));
        }
    }
}
