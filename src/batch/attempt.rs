//! The records of all attempts under one output folder, and the files of this attempt alone.
//!
//! `records/000007.seg` holds the finished patients of attempt 7; `records/000007.flight` the keys of those it began.
//! The latter is removed when the attempt ends in order, so one that stays behind tells of a death.

use super::key::Key;
use super::record::{Record, key_of};
use super::segment::{self, Segment, Span};
use crate::io::disk::Disk;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Folder of the records, under the output folder.
pub const RECORDS: &str = "records";

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    attempt: u32,
    span: Span,
}

/// What is known of finished patients.
#[derive(Default)]
pub struct Index {
    places: HashMap<Key, Place>,
    patients: HashSet<String>,
}

impl Index {
    /// The latest record of a key.
    pub fn find(&self, key: Key) -> Option<Place> {
        self.places.get(&key).copied()
    }

    /// Whether there is any record of a patient, under whatever key.
    pub fn knows(&self, patient: &str) -> bool {
        self.patients.contains(patient)
    }

    fn scan(&mut self, disk: &dyn Disk, dir: &Path, attempt: u32) -> io::Result<()> {
        segment::scan(disk, &segment_path(dir, attempt), |span, payload| {
            if let (Some(key), Ok(record)) = (key_of(payload), Record::decode(payload)) {
                self.places.insert(key, Place { attempt, span });
                self.patients.insert(record.patient);
            }
        })
    }
}

/// This attempt.
pub struct Attempt<'a> {
    disk: &'a dyn Disk,
    dir: PathBuf,
    /// Its number, larger than that of every earlier one.
    pub number: u32,
    segment: Mutex<Segment>,
    flight: Mutex<Segment>,
}

impl<'a> Attempt<'a> {
    /// Starts an attempt under the output folder `out`.
    ///
    /// # Errors
    /// Of the storage.
    pub fn start(disk: &'a dyn Disk, out: &Path) -> io::Result<Self> {
        let dir = out.join(RECORDS);
        disk.create_dir_all(&dir)?;
        let mut number = numbered(disk, &dir)?.keys().next_back().map_or(1, |last| last + 1);
        let segment = loop {
            match Segment::create(disk, &segment_path(&dir, number)) {
                Err(e) if e.kind() == ErrorKind::AlreadyExists => number += 1,
                made => break made?,
            }
        };
        let flight = Segment::create(disk, &flight_path(&dir, number))?;
        disk.sync_dir(&dir)?;
        Ok(Self { disk, dir, number, segment: Mutex::new(segment), flight: Mutex::new(flight) })
    }

    /// Reads the records of every attempt, those of later ones in place of earlier ones'.
    ///
    /// # Errors
    /// Of the storage.
    pub fn index(&self) -> io::Result<Index> {
        let mut index = Index::default();
        for attempt in self.attempts()? {
            index.scan(self.disk, &self.dir, attempt)?;
        }
        Ok(index)
    }

    /// At how many deaths of the process each key was in flight.
    ///
    /// # Errors
    /// Of the storage.
    pub fn deaths(&self) -> io::Result<HashMap<Key, u32>> {
        let mut deaths = HashMap::new();
        for attempt in self.attempts()? {
            let flight = flight_path(&self.dir, attempt);
            if !self.disk.list(&self.dir)?.contains(&file_name(&flight)) || self.disk.held(&flight) {
                continue;
            }
            let mut finished = Index::default();
            finished.scan(self.disk, &self.dir, attempt)?;
            let mut begun = HashSet::new();
            segment::scan(self.disk, &flight, |_, payload| begun.extend(key_of(payload)))?;
            begun.retain(|key| finished.find(*key).is_none());
            begun.into_iter().for_each(|key| *deaths.entry(key).or_default() += 1);
        }
        Ok(deaths)
    }

    fn attempts(&self) -> io::Result<Vec<u32>> {
        Ok(numbered(self.disk, &self.dir)?.into_iter().filter(|(_, segment)| *segment).map(|(n, _)| n).collect())
    }

    /// Notes that a patient is in flight from now on.
    ///
    /// # Errors
    /// Of the storage.
    pub fn begin(&self, key: Key) -> io::Result<()> {
        lock(&self.flight).append(&key.0).map(|_| ())
    }

    /// Keeps a finished patient: when this returns the record survives a power loss.
    ///
    /// # Errors
    /// Of the storage.
    pub fn commit(&self, key: Key, record: &Record) -> io::Result<Place> {
        let span = lock(&self.segment).append(&record.encode(key))?;
        Ok(Place { attempt: self.number, span })
    }

    /// Reads a record.
    ///
    /// # Errors
    /// Of the storage.
    pub fn read(&self, place: Place) -> io::Result<Record> {
        Record::decode(&segment::read(self.disk, &segment_path(&self.dir, place.attempt), place.span)?)
    }

    /// Ends in order: whoever is in flight now has not been killed.
    ///
    /// # Errors
    /// Of the storage.
    pub fn end(&self) -> io::Result<()> {
        self.disk.remove(&flight_path(&self.dir, self.number))?;
        self.disk.sync_dir(&self.dir)
    }
}

fn lock(segment: &Mutex<Segment>) -> MutexGuard<'_, Segment> {
    segment.lock().unwrap_or_else(PoisonError::into_inner)
}

fn segment_path(dir: &Path, attempt: u32) -> PathBuf {
    dir.join(format!("{attempt:06}.seg"))
}

fn flight_path(dir: &Path, attempt: u32) -> PathBuf {
    dir.join(format!("{attempt:06}.flight"))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The attempts of which there is any file, and whether there is a segment.
fn numbered(disk: &dyn Disk, dir: &Path) -> io::Result<BTreeMap<u32, bool>> {
    let mut found = BTreeMap::new();
    for name in disk.list(dir)? {
        let parts = name.split_once('.').and_then(|(n, kind)| Some((n.parse().ok()?, kind)));
        if let Some((number, kind @ ("seg" | "flight"))) = parts {
            *found.entry(number).or_insert(false) |= kind == "seg";
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::disk::memory::{Loss, MemoryDisk};

    fn record(patient: &str) -> Record {
        Record { patient: patient.into(), folders: vec![], exams: vec![] }
    }

    fn key(n: u8) -> Key {
        Key([n; 32])
    }

    #[test]
    fn the_latest_record_of_a_key_is_found() {
        let disk = MemoryDisk::default();
        let first = Attempt::start(&disk, Path::new("out")).unwrap();
        let place = first.commit(key(1), &record("a")).unwrap();
        let second = Attempt::start(&disk, Path::new("out")).unwrap();
        assert_eq!((first.number, second.number), (1, 2));
        assert_eq!(second.index().unwrap().find(key(1)), Some(place));
        let again = second.commit(key(1), &record("a")).unwrap();
        let index = second.index().unwrap();
        assert_eq!((index.find(key(1)), index.knows("a"), index.knows("b")), (Some(again), true, false));
        assert_eq!(first.read(again).unwrap(), record("a"));
    }

    #[test]
    fn only_who_was_in_flight_at_a_death_is_suspected() {
        let disk = MemoryDisk::default();
        let dying = Attempt::start(&disk, Path::new("out")).unwrap();
        dying.begin(key(1)).unwrap();
        dying.begin(key(2)).unwrap();
        dying.commit(key(1), &record("a")).unwrap();
        let beside = Attempt::start(&disk, Path::new("out")).unwrap();
        assert!(beside.deaths().unwrap().is_empty(), "it is alive");
        beside.begin(key(2)).unwrap();
        beside.end().unwrap();
        drop((dying, beside));
        let disk = disk.after(Loss::Dropped);
        let next = Attempt::start(&disk, Path::new("out")).unwrap();
        assert_eq!(next.deaths().unwrap(), HashMap::from([(key(2), 1)]));
    }
}
