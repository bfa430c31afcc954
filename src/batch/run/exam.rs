//! One exam: admitted by its bytes, read, measured, watched.

use super::Job;
use super::patient::{Timings, lock};
use crate::batch::budget::Budget;
use crate::batch::event::Event;
use crate::batch::failure::{INTERNAL_ERROR, Trouble};
use crate::batch::load;
use crate::batch::study::Row;
use crate::graph::Hook;
use crate::measure::Board;
use crate::measure::rows::ExamRows;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Measures a row of the study table while it fits the budget.
///
/// First the outlines are admitted, which say how large the region is; where the region then does not fit at once
/// they are given up and everything is admitted together, so that no two exams wait for each other.
pub fn measure(job: &Job<'_>, budget: &Budget, row: &Row, watcher: &Watcher<'_>) -> Result<ExamRows, Trouble> {
    let modality = row.exam.modality;
    let (reach_mm, bytes_per_voxel) = (job.measurer.reach_mm(modality), job.measurer.bytes_per_voxel(modality));
    let start = Instant::now();
    let opened = load::open(row, &job.study.base, job.source)?;
    let mut grant = budget.take(opened.outline_bytes());
    let mut outlines = opened.outlines(job.source, reach_mm)?;
    let more = opened.region_bytes(&outlines, bytes_per_voxel);
    if !grant.grow(more) {
        drop((outlines, grant));
        grant = budget.take(opened.outline_bytes().saturating_add(more));
        outlines = opened.outlines(job.source, reach_mm)?;
    }
    watcher.before("read");
    let board = opened.board(&outlines)?;
    drop((outlines, opened));
    watcher.stage("read", start.elapsed());
    let rows = job.measurer.run(modality, board, watcher);
    drop(grant);
    Ok(rows)
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
