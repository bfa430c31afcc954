//! What a run shows while it lasts: a bar on a terminal, now and then a line in a job log, nothing when quiet.

use super::quantity::{count, size, time};
use crate::batch::event::{Event, Reporter};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A job log gets a line after this many patients ...
const LINE_PATIENTS: usize = 50;
/// ... or after this time, whichever comes first.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// The reporter for this process: none if `quiet`, a bar if standard error is a terminal, lines on it otherwise.
pub fn reporter(quiet: bool) -> Box<dyn Reporter> {
    match (quiet, std::io::stderr().is_terminal()) {
        (true, _) => Box::new(Quiet),
        (false, true) => Box::new(Bar::new()),
        (false, false) => Box::new(Lines::new(std::io::stderr())),
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    patients: usize,
    reused: usize,
    bytes: u64,
    done: usize,
    done_bytes: u64,
    failed: usize,
}

impl Tally {
    fn take(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { patients, reused, bytes } => {
                *self = Self { patients: *patients, reused: *reused, bytes: *bytes, done: *reused, ..Self::default() };
            }
            Event::PatientDone { bytes, .. } => {
                self.done += 1;
                self.done_bytes += bytes;
            }
            Event::ExamFailed { .. } => self.failed += 1,
            Event::PatientStarted { .. } | Event::StageDone { .. } | Event::Finished(_) => {}
        }
    }

    /// `12/40 patients, 1 exam failed`
    fn patients(&self) -> String {
        let failed = if self.failed == 0 { String::new() } else { format!(", {} failed", count(self.failed, "exam")) };
        format!("{}/{} patients{failed}", self.done, self.patients)
    }

    /// The line of a job log after `elapsed`.
    fn line(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        let rate = if seconds > 0.0 { self.done_bytes as f64 / seconds } else { 0.0 };
        let left = self.bytes.saturating_sub(self.done_bytes) as f64 / rate;
        let left = Duration::try_from_secs_f64(left).map_or_else(|_| "unknown".to_owned(), time);
        let bytes = format!("{} of {}", size(self.done_bytes), size(self.bytes));
        format!("{}, {bytes}, {}/s, {} gone, {left} left", self.patients(), size(rate as u64), time(elapsed))
    }
}

/// Says nothing.
struct Quiet;

impl Reporter for Quiet {
    fn event(&self, _: &Event<'_>) {}
}

/// A bar that moves with the bytes of finished patients.
struct Bar {
    bar: ProgressBar,
    tally: Mutex<Tally>,
}

impl Bar {
    fn new() -> Self {
        let style = "{bar:30.cyan/blue} {msg}, {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left";
        let style = ProgressStyle::with_template(style).expect("the template is constant and well formed");
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(500));
        Self { bar, tally: Mutex::default() }
    }
}

impl Reporter for Bar {
    fn event(&self, event: &Event<'_>) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.take(event);
        self.bar.set_message(tally.patients());
        match event {
            Event::Started { bytes, .. } => self.bar.set_length(*bytes),
            Event::PatientDone { .. } => self.bar.set_position(tally.done_bytes),
            Event::ExamFailed { line, message } => self.bar.println(failure(*line, message)),
            Event::Finished(_) => self.bar.finish_and_clear(),
            Event::PatientStarted { .. } | Event::StageDone { .. } => {}
        }
    }
}

/// Plain lines, few enough for a log that is kept.
struct Lines<W> {
    state: Mutex<LinesState<W>>,
}

struct LinesState<W> {
    out: W,
    tally: Tally,
    started: Instant,
    said: Instant,
    said_done: usize,
}

impl<W: Write + Send> Lines<W> {
    fn new(out: W) -> Self {
        let now = Instant::now();
        let state = LinesState { out, tally: Tally::default(), started: now, said: now, said_done: 0 };
        Self { state: Mutex::new(state) }
    }
}

impl<W: Write> LinesState<W> {
    fn take(&mut self, event: &Event<'_>, now: Instant) {
        self.tally.take(event);
        match event {
            Event::Started { .. } => {
                (self.started, self.said, self.said_done) = (now, now, self.tally.done);
                let Tally { patients, reused, bytes, .. } = self.tally;
                self.say(&format!("{}, {reused} reused, {} to read", count(patients, "patient"), size(bytes)));
            }
            Event::ExamFailed { line, message } => self.say(&failure(*line, message)),
            Event::PatientDone { .. } if self.is_due(now) => {
                (self.said, self.said_done) = (now, self.tally.done);
                self.say(&self.tally.line(now - self.started));
            }
            _ => {}
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        let all = self.tally.done == self.tally.patients;
        all || now - self.said >= LINE_EVERY || self.tally.done - self.said_done >= LINE_PATIENTS
    }

    /// A log that cannot be written must not stop the work.
    fn say(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }
}

impl<W: Write + Send> Reporter for Lines<W> {
    fn event(&self, event: &Event<'_>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).take(event, Instant::now());
    }
}

/// An input is named by its line in the study table, never by path.
fn failure(line: u64, message: &str) -> String {
    format!("line {line}: {message}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::summary::Summary;

    const MIB: u64 = 1 << 20;

    fn done(bytes: u64) -> Event<'static> {
        Event::PatientDone { patient: "P1", bytes, recorded: true, failed: 0, elapsed: Duration::from_secs(1) }
    }

    fn log(events: &[(u64, Event<'_>)]) -> String {
        let lines = Lines::new(Vec::new());
        let mut state = lines.state.into_inner().unwrap();
        let start = Instant::now();
        events.iter().for_each(|(s, event)| state.take(event, start + Duration::from_secs(*s)));
        String::from_utf8(state.out).unwrap()
    }

    #[test]
    fn a_log_has_a_line_at_the_start_now_and_then_at_failures_and_at_the_end() {
        let failed = Event::ExamFailed { line: 17, message: "the outline has no voxel; draw it" };
        let summary = Summary::default();
        let text = log(&[
            (0, Event::Started { patients: 4, reused: 1, bytes: 300 * MIB }),
            (5, done(100 * MIB)),
            (20, failed),
            (50, done(100 * MIB)),
            (60, done(100 * MIB)),
            (60, Event::Finished(&summary)),
        ]);
        let want = "\
4 patients, 1 reused, 300.0 MiB to read
line 17: the outline has no voxel; draw it
3/4 patients, 1 exam failed, 200.0 MiB of 300.0 MiB, 4.0 MiB/s, 50.0 s gone, 25.0 s left
4/4 patients, 1 exam failed, 300.0 MiB of 300.0 MiB, 5.0 MiB/s, 1 min 00 s gone, 0.0 s left
";
        assert_eq!(text, want);
    }

    #[test]
    fn many_quick_patients_make_few_lines() {
        let mut events = vec![(0, Event::Started { patients: 500, reused: 0, bytes: 500 })];
        events.extend((0..500).map(|_| (1, done(1))));
        assert_eq!(log(&events).lines().count(), 1 + 500 / LINE_PATIENTS);
    }

    #[test]
    fn nothing_read_yet_leaves_the_time_open() {
        let tally = Tally { patients: 2, bytes: 10, ..Tally::default() };
        assert_eq!(tally.line(Duration::ZERO), "0/2 patients, 0 B of 10 B, 0 B/s, 0.0 s gone, unknown left");
    }

    #[test]
    fn a_bar_takes_every_event() {
        let bar = Bar::new();
        bar.bar.set_draw_target(ProgressDrawTarget::hidden());
        bar.event(&Event::Started { patients: 2, reused: 1, bytes: 8 });
        bar.event(&done(8));
        assert_eq!((bar.bar.position(), bar.bar.length()), (8, Some(8)));
        assert_eq!(bar.bar.message(), "2/2 patients");
    }
}
