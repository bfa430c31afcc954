//! A card for each lesion: its pictures side by side in the order of time, and the numbers that decided.

use super::Request;
use super::findings::Review;
use super::pictures;
use super::table::{Cell, Table};
use super::values::{MEASURES, Shown, written};
use super::words::words;
use crate::batch::study::ExamName;
use crate::config::Pictures;
use crate::measure::Modality;
use crate::stats::cohort::pairing::Unit;
use crate::stats::cohort::response::{Criterion, Response};
use crate::stats::table::{Entry, Key};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Of more patients than this only those that need review have their pictures in the file.
pub const MOST_EMBEDDED: usize = 300;

/// A card.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// Its anchor.
    pub id: String,
    /// Whose it is.
    pub title: String,
    /// What became of the lesion.
    pub response: String,
    /// Why it is in no pair, if so.
    pub excluded: Option<String>,
    /// Why a person should look at it.
    pub review: Vec<String>,
    /// Its pictures.
    pub shots: Vec<Shot>,
    /// Its numbers at every timepoint.
    pub numbers: Option<Table>,
}

/// A picture.
#[derive(Clone, Debug, Serialize)]
pub struct Shot {
    /// What it shows.
    pub title: String,
    /// The picture itself, as JPEG in base 64, where it is part of the page.
    pub jpeg: Option<String>,
    /// Whether it is shown from its file.
    pub linked: bool,
    /// The whole picture.
    pub file: String,
}

/// The entries of each exam.
pub type ByExam<'a> = BTreeMap<&'a [String; 5], Vec<(&'a Key, &'a Entry)>>;

/// The anchor of the card of a unit.
pub fn anchor(unit: usize) -> String {
    format!("card-{}", unit + 1)
}

/// What a unit is called: its lesion is named where it is not the usual one.
pub fn name(unit: &Unit) -> String {
    if unit.lesion == ExamName::LESION {
        unit.patient.clone()
    } else {
        format!("{} lesion {}", unit.patient, unit.lesion)
    }
}

/// The cards of all units, in the order of the cohort.
pub fn cards(request: &Request, reviews: &[Review]) -> Vec<Card> {
    let mut exams = ByExam::new();
    request.cohort.exams.iter().for_each(|(key, entry)| exams.entry(&key.exam).or_default().push((key, entry)));
    let embedded = embedded(request, reviews);
    let units = request.cohort.measures.units.iter().enumerate();
    units.map(|(i, unit)| card(request, reviews, &exams, &embedded, i, unit)).collect()
}

/// Patients whose pictures are part of the file: all of a small cohort, else the most doubtful.
fn embedded<'a>(request: &'a Request, reviews: &'a [Review]) -> BTreeSet<&'a str> {
    let all: BTreeSet<&str> = request.cohort.measures.units.iter().map(|unit| unit.patient.as_str()).collect();
    if all.len() <= MOST_EMBEDDED {
        return all;
    }
    let mut most = BTreeSet::new();
    for review in reviews.iter().filter(|review| all.contains(review.exam[0].as_str())) {
        if most.len() < MOST_EMBEDDED {
            most.insert(review.exam[0].as_str());
        }
    }
    most
}

fn card(
    request: &Request,
    reviews: &[Review],
    exams: &ByExam,
    embedded: &BTreeSet<&str>,
    i: usize,
    unit: &Unit,
) -> Card {
    let own = exams_of(exams, unit);
    let doubted = |review: &&Review| review.exam[0] == unit.patient && review.exam[4] == unit.lesion;
    let review = reviews.iter().filter(doubted).map(|r| format!("{} {}: {}", r.exam[1], r.exam[2], r.why));
    let pictures = match request.pictures {
        Pictures::Embed if !embedded.contains(unit.patient.as_str()) => None,
        Pictures::None => None,
        asked => Some(asked),
    };
    let has_files = request.pictures != Pictures::None;
    Card {
        id: anchor(i),
        title: name(unit),
        response: response(request.cohort.responses.iter().find(|r| r.unit == i)),
        excluded: unit.excluded.as_deref().map(super::words::sentence),
        review: review.collect(),
        shots: own.iter().filter_map(|exam| shot(request, pictures, exam)).filter(|_| has_files).collect(),
        numbers: numbers(i, unit, exams, &own),
    }
}

/// The exams of a unit: CT before MR, each in the order of time.
fn exams_of<'a>(exams: &ByExam<'a>, unit: &Unit) -> Vec<&'a [String; 5]> {
    let from = [unit.patient.as_str(), "", "", "", ""].map(str::to_owned);
    let of_patient =
        exams.range::<[String; 5], _>(&from..).map(|(exam, _)| *exam).take_while(|exam| exam[0] == unit.patient);
    let mut own: Vec<&[String; 5]> = of_patient.filter(|exam| exam[4] == unit.lesion).collect();
    let time = |exam: &[String; 5]| unit.timepoints.iter().position(|t| *t == exam[1]);
    own.sort_by_key(|exam| (exam[2].clone(), time(exam), exam[3].clone()));
    own
}

fn response(found: Option<&Response>) -> String {
    let Some(response) = found else { return String::new() };
    let each = Criterion::ALL.iter().zip(&response.classes);
    let said =
        each.map(|(by, class)| format!("{} {}", by.title(), class.as_ref().map_or("not evaluable", |c| c.code())));
    said.collect::<Vec<_>>().join(", ")
}

fn shot(request: &Request, pictures: Option<Pictures>, exam: &[String; 5]) -> Option<Shot> {
    let modality = [Modality::Ct, Modality::Mr].into_iter().find(|m| m.name() == exam[2])?;
    let [patient, timepoint, _, series, lesion] = exam.clone();
    let mut title = format!("{timepoint} {}", modality.name());
    if series != ExamName::SERIES {
        title += &format!(" {series}");
    }
    let file = format!("qc/{}.png", ExamName { patient, timepoint, modality, series, lesion }.stem());
    let path = request.run.join(&file);
    if !path.is_file() {
        return None;
    }
    let jpeg = (pictures == Some(Pictures::Embed)).then(|| pictures::embedded(&path)).flatten();
    let linked = pictures == Some(Pictures::Link) && pictures::shows_a_slice(&path);
    Some(Shot { title, jpeg, linked, file })
}

/// The measures that decide, a row each, a column for every timepoint; `None` if there is none.
fn numbers(i: usize, unit: &Unit, exams: &ByExam, own: &[&[String; 5]]) -> Option<Table> {
    let header: Vec<&str> = std::iter::once("measure").chain(unit.timepoints.iter().map(String::as_str)).collect();
    let mut table = Table::sortable(&format!("numbers-{}", i + 1), &format!("Numbers of {}", name(unit)), &header);
    table.sortable = false;
    for shown in MEASURES {
        let at = |timepoint: &String| {
            let there = own.iter().filter(|exam| exam[1] == *timepoint && exam[2] == shown.modality);
            let entries = there.flat_map(|exam| &exams[*exam]).filter(|(key, _)| key.measure == shown.measure);
            cell(shown, &entries.map(|(_, entry)| *entry).collect::<Vec<_>>())
        };
        let cells: Vec<Option<Cell>> = unit.timepoints.iter().map(at).collect();
        if cells.iter().any(Option::is_some) {
            let values = cells.into_iter().map(Option::unwrap_or_default);
            table.rows.push(std::iter::once(Cell::text(shown.title)).chain(values).collect());
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// A value, a value of each series, or why there is none.
fn cell(shown: &Shown, entries: &[&Entry]) -> Option<Cell> {
    let first = entries.first()?;
    let values: Vec<String> =
        entries.iter().filter_map(|entry| Some(valued(shown, entry.value.as_ref()?, entry))).collect();
    let missing = || format!("not evaluable: {}", words(&first.reason).about);
    Some(Cell::text(if values.is_empty() { missing() } else { values.join(" / ") }))
}

fn valued(shown: &Shown, value: &str, entry: &Entry) -> String {
    format!("{}{}", written(shown, value), if entry.borderline { " (borderline)" } else { "" })
}
