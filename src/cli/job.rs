//! A run with everything the program is made of: files from disk, the stage graph, pictures, a reporter.

use super::{Failure, exit};
use crate::batch::event::{Event, Reporter};
use crate::batch::measurer::{Gallery, Graphs};
use crate::batch::run::{RunOptions, with_config};
use crate::batch::study::{self, Study};
use crate::batch::summary::Summary;
use crate::config::Config;
use crate::io::disk::LocalDisk;
use crate::report::gallery::Pictures;
use crate::report::masks::Masks;
use crate::report::tables::Tables;
use crate::report::{closing, progress};
use crate::volume::traverse::use_threads;
use std::path::Path;

/// Whether progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A bar or lines.
    Shown,
    /// Nothing.
    Quiet,
}

/// How failed exams are named in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By the line of the study table.
    Lines,
    /// By the path of the image too (`--log-paths`).
    Paths,
}

/// Tells the path of the image with every failure.
struct WithPaths<'a> {
    inner: Box<dyn Reporter>,
    study: &'a Study,
}

impl Reporter for WithPaths<'_> {
    fn event(&self, event: &Event<'_>) {
        let Event::ExamFailed { line, message } = *event else { return self.inner.event(event) };
        let image = self.study.rows.iter().find(|row| row.line == line).and_then(|row| row.image.as_ref());
        let message = image.map_or_else(|| message.to_owned(), |i| format!("{message} ({})", i.path.display()));
        self.inner.event(&Event::ExamFailed { line, message: &message });
    }
}

/// Measures a study table as `config` says.
///
/// # Errors
/// If the table or the output cannot be used.
pub fn measure(
    table: &Path,
    config: &Config,
    options: &RunOptions<'_>,
    shown: Progress,
    naming: Naming,
) -> Result<Summary, Failure> {
    use_threads(options.threads);
    let study = study::read(table).map_err(|e| Failure::of(exit::USAGE, e))?;
    let all: [(bool, &'static str, &dyn Gallery); 2] =
        [(config.output.qc, "qc", &Pictures), (config.output.masks, "masks", &Masks)];
    let wanted = all.into_iter().filter(|(wanted, ..)| *wanted);
    let galleries: Vec<(&'static str, &dyn Gallery)> = wanted.map(|(_, folder, gallery)| (folder, gallery)).collect();
    let inner = progress::reporter(shown == Progress::Quiet);
    let reporter = if naming == Naming::Paths { Box::new(WithPaths { inner, study: &study }) } else { inner };
    let summary = with_config(&study, config, options, &galleries, &LocalDisk, reporter.as_ref());
    summary.map_err(|e| Failure::of(e.exit_code(), e))
}

/// The graphs of the wanted measures.
///
/// # Errors
/// If the registries do not fit together: a fault of the program, which its tests exclude.
pub fn graphs<'a>(config: &'a Config, kept: &[&'static str]) -> Result<Graphs<'a>, Failure> {
    Graphs::new(&config.settings, &config.measures, kept).map_err(|e| Failure::of(exit::USAGE, e))
}

/// What a person reads at the end.
///
/// # Errors
/// If the tables of the run cannot be read back.
pub fn closing(summary: &Summary, out: &Path) -> Result<String, Failure> {
    let unreadable = |e| Failure::of(exit::TRY_AGAIN, format!("the tables of the run cannot be read back: {e}"));
    let tables = if summary.complete { Tables::read(out).map_err(unreadable)? } else { Tables::default() };
    Ok(closing::text(summary, &tables))
}
