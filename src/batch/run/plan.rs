//! What is to be done for each patient, before anything is measured.

use super::Job;
use crate::batch::attempt::{Attempt, Index, Place};
use crate::batch::key::{self, Inputs};
use crate::batch::projection::State;
use std::collections::HashSet;
use std::io;

/// A patient in flight at so many deaths of the process is not tried again by itself.
const DEATHS_TO_SET_ASIDE: u32 = 2;

/// What is to be done for a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Its record holds.
    Reuse(Place),
    /// It is measured.
    Measure,
    /// It is measured, but it was in flight when the process died.
    Suspect,
    /// It was in flight at two deaths.
    SetAside,
    /// It is not part of this run, and there is no record that holds.
    Leave,
}

/// A patient's part in the run.
pub struct Planned {
    /// Its key and size; `None` where nothing is known of it and nothing needed.
    pub inputs: Option<Inputs>,
    /// Whether this run measures it.
    pub selected: bool,
    /// What is to be done.
    pub what: What,
}

impl Planned {
    /// What the files know of it now.
    pub fn state(&self) -> State {
        match self.what {
            What::Reuse(place) => State::Done(place),
            What::Leave => State::Absent,
            What::Measure | What::Suspect | What::SetAside => State::Pending,
        }
    }
}

/// Plans every patient of the study, in order.
pub fn make(job: &Job<'_>, attempt: &Attempt<'_>, index: &Index) -> io::Result<Vec<Planned>> {
    let deaths = attempt.deaths()?;
    let files = present(job)?;
    let inputs = inputs(job, index);
    let selected = |i: usize| is_selected(job, &job.study.patients[i].name);
    let one = |(i, inputs): (usize, Option<Inputs>)| {
        let selected = selected(i);
        let found = inputs.and_then(|inputs| index.find(inputs.key));
        let reused = match found {
            Some(place) if !selected || holds(job, attempt, place, &files)? => Some(place),
            _ => None,
        };
        let died = inputs.and_then(|inputs| deaths.get(&inputs.key)).copied().unwrap_or(0);
        let again = job.options.fresh || job.options.retry_failed;
        let what = match reused {
            Some(place) => What::Reuse(place),
            None if !selected => What::Leave,
            None if died >= DEATHS_TO_SET_ASIDE && !again => What::SetAside,
            None if died > 0 => What::Suspect,
            None => What::Measure,
        };
        Ok(Planned { inputs, selected, what })
    };
    inputs.into_iter().enumerate().map(one).collect()
}

fn is_selected(job: &Job<'_>, patient: &str) -> bool {
    let options = job.options;
    let named = options.only.is_empty() || options.only.iter().any(|name| name == patient);
    named && options.shard.is_none_or(|shard| shard.holds(patient))
}

/// Whether a selected patient's record will do: it has all files that are wanted, and nothing is to be tried again.
fn holds(job: &Job<'_>, attempt: &Attempt<'_>, place: Place, files: &HashSet<String>) -> io::Result<bool> {
    if job.options.fresh {
        return Ok(false);
    }
    let record = attempt.read(place)?;
    let wanted = |folder: &str| job.galleries.iter().any(|(f, _)| *f == folder);
    let made = job.galleries.iter().all(|(folder, _)| record.folders.iter().any(|f| f == folder));
    let kept = record.files().all(|f| files.contains(f) || !f.split('/').next().is_some_and(wanted));
    Ok(made && kept && !(job.options.retry_failed && record.failed() > 0))
}

/// The files of exams that are there, under the output folder.
fn present(job: &Job<'_>) -> io::Result<HashSet<String>> {
    let mut files = HashSet::new();
    for (folder, _) in job.galleries {
        let names = job.disk.list(&job.options.out.join(folder))?;
        files.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
    }
    Ok(files)
}

/// The keys of all patients that are selected or have a record. Looking at files takes long on network storage, so
/// it is done side by side.
fn inputs(job: &Job<'_>, index: &Index) -> Vec<Option<Inputs>> {
    let patients = &job.study.patients;
    let needed = |name: &str| is_selected(job, name) || index.knows(name);
    let mut found = vec![None; patients.len()];
    let share = patients.len().div_ceil(job.options.threads.max(1)).max(1);
    std::thread::scope(|scope| {
        for (patients, found) in patients.chunks(share).zip(found.chunks_mut(share)) {
            scope.spawn(move || {
                for (patient, inputs) in patients.iter().zip(found) {
                    *inputs = needed(&patient.name).then(|| key::of(job.study, patient, job.settings_text));
                }
            });
        }
    });
    found
}
