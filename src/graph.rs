//! The stage graph of a branch: pruned to the measures wanted, checked before any file is opened, run side by side.

use crate::measure::rows::ExamRows;
use crate::measure::settings::Settings;
use crate::measure::{Board, Measure, Modality, Refusal, collect, columns, keys, measures, reason};
use crate::stages::{STAGES, Stage};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

pub mod draw;

/// The artifacts that the loader puts on the board, some of them only where no stage makes them.
pub const GIVEN: &[&str] = &[
    keys::SCAN.name,
    keys::IMAGE.name,
    keys::TUMOUR.name,
    keys::PROMPT.name,
    keys::STRUCTURES.name,
    keys::DRAWN.name,
    keys::COURSE.name,
    keys::FOUND_HERE.name,
    keys::TOLD_IN_CANAL.name,
];

/// Why a graph cannot be built.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum GraphError {
    /// Nothing makes an artifact that something reads.
    #[error("nothing makes {artifact:?}, which {reader:?} reads")]
    Unmade {
        /// The artifact.
        artifact: String,
        /// Who reads it.
        reader: String,
    },
    /// Two stages make the same artifact.
    #[error("{artifact:?} is made by both {first:?} and {second:?}")]
    MadeTwice {
        /// The artifact.
        artifact: String,
        /// One maker.
        first: String,
        /// The other.
        second: String,
    },
    /// Stages wait for each other.
    #[error("stages {0:?} wait for each other")]
    Circle(Vec<String>),
}

/// Told what an exam does.
pub trait Hook: Sync {
    /// A stage is about to run.
    fn before(&self, stage: &'static str);
    /// A stage has run.
    fn stage(&self, stage: &'static str, elapsed: Duration);
    /// The exam is measured; its artifacts asked for in `also` are still there.
    fn finished(&self, board: &Board, rows: &ExamRows);
}

/// The stages of a branch in waves: those of a wave need nothing of each other.
pub struct Graph {
    modality: Modality,
    wanted: BTreeSet<String>,
    also: Vec<&'static str>,
    waves: Vec<Vec<&'static Stage>>,
}

impl Graph {
    /// The graph for the measures in `wanted` and the artifacts in `also`; what belongs to other branches is passed over.
    ///
    /// # Errors
    /// A registry that does not fit together.
    pub fn new(modality: Modality, wanted: &[String], also: &[&'static str]) -> Result<Self, GraphError> {
        let stages: Vec<&'static Stage> = STAGES.iter().filter(|s| s.modalities.contains(&modality)).collect();
        Self::of(&stages, modality, wanted, also)
    }

    fn of(
        stages: &[&'static Stage],
        modality: Modality,
        wanted: &[String],
        also: &[&'static str],
    ) -> Result<Self, GraphError> {
        made_once(stages)?;
        let wanted: BTreeSet<String> = wanted.iter().cloned().collect();
        let made = |name: &str| GIVEN.contains(&name) || stages.iter().any(|s| s.writes.contains(&name));
        let also = also.iter().copied().filter(|name| made(name)).collect();
        let mut graph = Self { modality, wanted, also, waves: Vec::new() };
        let needed = needed(stages, &graph.ends())?;
        graph.waves = waves(needed)?;
        Ok(graph)
    }

    /// Names of the artifacts that measures, columns and pictures read, each with its reader.
    fn ends(&self) -> Vec<(&'static str, &'static str)> {
        let wants = |name: &str| self.wants(name);
        let mut ends: Vec<_> =
            self.measures().flat_map(|m| m.reads.iter().chain(m.looks_at).map(|&a| (a, m.name))).collect();
        let filled = columns(self.modality).filter(|c| collect::fills(c, &wants));
        ends.extend(filled.flat_map(|c| c.reads.iter().map(|&a| (a, c.name))));
        ends.extend([keys::SLICES.name, keys::LEVELS.name, keys::SCAN.name].map(|a| (a, "slice table")));
        ends.extend(self.also.iter().map(|&a| (a, "pictures")));
        ends
    }

    fn wants(&self, measure: &str) -> bool {
        self.wanted.contains(measure)
    }

    /// The branch.
    pub fn modality(&self) -> Modality {
        self.modality
    }

    /// The wanted measures of the branch, in the order of the output.
    pub fn measures(&self) -> impl Iterator<Item = &'static Measure> + '_ {
        measures(self.modality).filter(|m| self.wants(m.name))
    }

    /// The stages, each after those it needs.
    pub fn stages(&self) -> impl Iterator<Item = &'static Stage> + '_ {
        self.waves.iter().flatten().copied()
    }

    /// How far around the structures the image must be kept, mm: reaches of stages that read from each other add up.
    pub fn reach_mm(&self, settings: &Settings) -> f64 {
        let mut reaches = BTreeMap::new();
        for stage in self.stages() {
            let read = stage.reads.iter().filter_map(|a| reaches.get(a)).copied().fold(0.0, f64::max);
            reaches.extend(stage.writes.iter().map(|&a| (a, read + (stage.reach_mm)(settings))));
        }
        reaches.into_values().fold(0.0, f64::max)
    }

    /// Memory an exam takes at most, bytes for each voxel of its region.
    pub fn bytes_per_voxel(&self) -> f64 {
        // The given image, tumour and another structure, and their copies while they are cut out.
        const GIVEN_BYTES: f64 = 4.0 + 1.0 + 1.0 + 4.0;
        GIVEN_BYTES + self.stages().map(|s| s.bytes_per_voxel).sum::<f64>()
    }

    /// Runs the stages wave by wave, frees each artifact after its last reader, and collects the rows.
    pub fn run(&self, mut board: Board, settings: &Settings, hook: &dyn Hook) -> ExamRows {
        let ends: Vec<&'static str> = self.ends().into_iter().map(|(a, _)| a).collect();
        for (i, wave) in self.waves.iter().enumerate() {
            let made: Vec<Board> = wave.par_iter().map(|stage| run_stage(stage, &board, settings, hook)).collect();
            made.into_iter().for_each(|part| board.merge(part));
            let later: BTreeSet<&str> = self.waves[i + 1..].iter().flatten().flat_map(|s| s.reads).copied().collect();
            let done = wave.iter().flat_map(|s| s.reads.iter().chain(s.writes)).copied();
            done.filter(|a| !later.contains(a) && !ends.contains(a)).for_each(|a| board.forget(a));
        }
        let rows = collect::rows(&board, self.modality, settings, &|name| self.wants(name));
        hook.finished(&board, &rows);
        rows
    }
}

fn run_stage(stage: &'static Stage, board: &Board, settings: &Settings, hook: &dyn Hook) -> Board {
    if let Some(rest) = beside_given(stage, board) {
        return rest;
    }
    let _span = tracing::debug_span!("stage", name = stage.name).entered();
    hook.before(stage.name);
    let start = Instant::now();
    let outcome = match board.first_refusal(stage.reads) {
        Some(refusal) => Err(refusal),
        None => (stage.run)(&board.view(stage.reads, &[]), settings),
    };
    let inherited = board.flags_of(stage.reads);
    let mut made = outcome.unwrap_or_else(|refusal| {
        let mut refused = Board::default();
        stage.writes.iter().for_each(|name| refused.refuse(name, refusal.clone()));
        refused
    });
    stage.writes.iter().for_each(|name| made.inherit(name, &inherited));
    hook.stage(stage.name, start.elapsed());
    made
}

/// Where the study gives what a stage would make the stage does not run, and what else it makes is not there.
fn beside_given(stage: &Stage, board: &Board) -> Option<Board> {
    let given = |name: &&&str| board.holds(name);
    stage.writes.iter().find(given)?;
    let mut rest = Board::default();
    let others = stage.writes.iter().filter(|name| !board.holds(name));
    others.for_each(|name| rest.refuse(name, Refusal::of(reason::OUTLINE_GIVEN, "")));
    Some(rest)
}

/// Names of the stages that a measure depends on, directly or through others.
pub fn made_by(measure: &Measure) -> Vec<&'static str> {
    let mut open: Vec<&str> = measure.reads.iter().chain(measure.looks_at).copied().collect();
    let mut names = BTreeSet::new();
    while let Some(artifact) = open.pop() {
        let makers = STAGES.iter().filter(|s| s.writes.contains(&artifact));
        let new: Vec<&Stage> = makers.filter(|s| names.insert(s.name)).collect();
        open.extend(new.into_iter().flat_map(|s| s.reads));
    }
    names.into_iter().collect()
}

fn made_once(stages: &[&'static Stage]) -> Result<(), GraphError> {
    for (i, stage) in stages.iter().enumerate() {
        for other in &stages[i + 1..] {
            if let Some(twice) = stage.writes.iter().find(|w| other.writes.contains(w)) {
                let [artifact, first, second] = [*twice, stage.name, other.name].map(String::from);
                return Err(GraphError::MadeTwice { artifact, first, second });
            }
        }
    }
    Ok(())
}

/// The stages that the wanted ends need, directly or through others, in registry order.
fn needed(stages: &[&'static Stage], ends: &[(&'static str, &'static str)]) -> Result<Vec<&'static Stage>, GraphError> {
    let mut open = ends.to_vec();
    let mut names = BTreeSet::new();
    while let Some((artifact, reader)) = open.pop() {
        let maker = stages.iter().find(|s| s.writes.contains(&artifact));
        if maker.is_none() && GIVEN.contains(&artifact) {
            continue;
        }
        let unmade = || GraphError::Unmade { artifact: artifact.into(), reader: reader.into() };
        let maker = maker.ok_or_else(unmade)?;
        if names.insert(maker.name) {
            open.extend(maker.reads.iter().map(|&r| (r, maker.name)));
        }
    }
    Ok(stages.iter().filter(|s| names.contains(s.name)).copied().collect())
}

fn waves(mut waiting: Vec<&'static Stage>) -> Result<Vec<Vec<&'static Stage>>, GraphError> {
    let is_made = |artifact: &&&str| waiting.iter().any(|s| s.writes.contains(*artifact));
    let mut made: BTreeSet<&str> = GIVEN.iter().filter(|artifact| !is_made(artifact)).copied().collect();
    let mut waves = Vec::new();
    while !waiting.is_empty() {
        let (ready, rest): (Vec<&'static Stage>, Vec<_>) =
            waiting.iter().partition(|s| s.reads.iter().all(|r| made.contains(r)));
        if ready.is_empty() {
            return Err(GraphError::Circle(rest.iter().map(|s| s.name.into()).collect()));
        }
        made.extend(ready.iter().flat_map(|s| s.writes));
        waves.push(ready);
        waiting = rest;
    }
    Ok(waves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(graph: &Graph) -> Vec<&'static str> {
        graph.stages().map(|s| s.name).collect()
    }

    fn of(stages: &[&'static Stage]) -> Result<Graph, GraphError> {
        Graph::of(stages, Modality::Ct, &["volume".into()], &[])
    }

    static LOOP_A: Stage = Stage { reads: &["b"], writes: &["touches_border", "outline", "slices", "levels"], ..STAGE };
    static LOOP_B: Stage = Stage { reads: &["slices"], writes: &["b"], ..STAGE };
    const STAGE: Stage = Stage {
        name: "made up",
        about: "",
        modalities: &[Modality::Ct],
        reads: &[],
        writes: &[],
        reach_mm: |_| 0.0,
        bytes_per_voxel: 0.0,
        run: |_, _| Ok(Board::default()),
    };

    #[test]
    fn a_graph_is_pruned_to_what_is_wanted() {
        let all: Vec<String> = measures(Modality::Ct).map(|m| m.name.into()).collect();
        let whole = Graph::new(Modality::Ct, &all, &[]).unwrap();
        assert_eq!(whole.stages().count(), STAGES.iter().filter(|s| s.modalities.contains(&Modality::Ct)).count());
        let volume = Graph::new(Modality::Ct, &["volume".into()], &[]).unwrap();
        assert_eq!(names(&volume), ["axial", "border", "outline", "slices"]);
    }

    #[test]
    fn a_registry_that_does_not_fit_is_refused() {
        assert!(matches!(of(&[]), Err(GraphError::Unmade { .. })));
        assert!(matches!(of(&[&LOOP_A, &LOOP_A]), Err(GraphError::MadeTwice { .. })));
        assert!(matches!(of(&[&LOOP_A, &LOOP_B]), Err(GraphError::Circle(_))));
    }
}
