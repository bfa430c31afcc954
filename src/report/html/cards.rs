//! A card for each lesion: its pictures side by side in the order of time, and the numbers that decided.

use super::Request;
use super::findings::{ByLesion, Review, by_lesion};
use super::pictures;
use super::table::{Cell, Table};
use super::values::{MEASURES, Shown, written};
use super::words::{sentence, words};
use crate::batch::study::ExamName;
use crate::config::Pictures;
use crate::measure::Modality;
use crate::stats::cohort::pairing::Unit;
use crate::stats::cohort::patient_response::PatientResponse;
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
type ByExam<'a> = BTreeMap<&'a [String; 5], Vec<(&'a Key, &'a Entry)>>;

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

/// What all cards are made from.
struct Deck<'a> {
    request: &'a Request<'a>,
    exams: ByExam<'a>,
    reviews: ByLesion<'a>,
    responses: BTreeMap<usize, &'a Response>,
    /// Of patients with several lesions.
    patients: BTreeMap<&'a str, &'a PatientResponse>,
    /// Patients whose pictures are part of the page.
    embedded: BTreeSet<&'a str>,
}

/// The cards of all units, in the order of the cohort.
pub fn cards(request: &Request, reviews: &[Review]) -> Vec<Card> {
    let cohort = request.cohort;
    let mut exams = ByExam::new();
    cohort.exams.iter().for_each(|(key, entry)| exams.entry(&key.exam).or_default().push((key, entry)));
    let responses = cohort.responses.iter().map(|response| (response.unit, response)).collect();
    let embedded = embedded(request, reviews);
    let patients = cohort.of_patients.of_several();
    let deck = Deck { request, exams, reviews: by_lesion(reviews), responses, patients, embedded };
    cohort.measures.units.iter().enumerate().map(|(i, unit)| deck.card(i, unit)).collect()
}

/// All patients of a small cohort, else the most doubtful ones.
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

impl Deck<'_> {
    fn card(&self, i: usize, unit: &Unit) -> Card {
        let own = exams_of(&self.exams, unit);
        let reviews = self.reviews.get(&[unit.patient.as_str(), unit.lesion.as_str()]).into_iter().flatten();
        Card {
            id: anchor(i),
            title: name(unit),
            response: self.response(i, unit),
            excluded: unit.excluded.as_deref().map(sentence),
            review: reviews.map(|r| format!("{} {}: {}", r.exam[1], r.exam[2], r.why)).collect(),
            shots: own.iter().filter_map(|exam| self.shot(exam)).collect(),
            numbers: numbers(i, unit, &self.exams, &own),
        }
    }

    /// What became of a lesion, and where it is one of several, of the patient.
    fn response(&self, i: usize, unit: &Unit) -> String {
        let lesion = self.responses.get(&i).map(|found| response(found));
        let patient = self.patients.get(unit.patient.as_str()).map(|found| {
            let why = || format!("not evaluable ({})", sentence(&found.remarks.join(";")));
            format!("RECIST 1.1 of the patient {}", found.class.map_or_else(why, |class| class.code().to_owned()))
        });
        lesion.into_iter().chain(patient).collect::<Vec<_>>().join(", ")
    }

    /// The picture of an exam; `None` where there is no file, or none shall be shown.
    fn shot(&self, exam: &[String; 5]) -> Option<Shot> {
        let modality = [Modality::Ct, Modality::Mr].into_iter().find(|m| m.name() == exam[2])?;
        let [patient, timepoint, _, series, lesion] = exam.clone();
        let mut title = format!("{timepoint} {}", modality.name());
        if series != ExamName::SERIES {
            title += &format!(" {series}");
        }
        let embed = self.embedded.contains(patient.as_str());
        let stem = ExamName { patient, timepoint, modality, series, lesion }.stem();
        let file = format!("qc/{stem}.png");
        let path = self.request.run.join(&file);
        // A table that no run has written may hold any name.
        if stem.contains('/') || !path.is_file() {
            return None;
        }
        let (jpeg, linked) = match self.request.pictures {
            Pictures::Embed => (embed.then(|| pictures::embedded(&path)).flatten(), false),
            Pictures::Link => (None, pictures::shows_a_slice(&path)),
            Pictures::None => return None,
        };
        Some(Shot { title, jpeg, linked, file })
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

fn response(found: &Response) -> String {
    let each = Criterion::ALL.iter().zip(&found.classes);
    let said =
        each.map(|(by, class)| format!("{} {}", by.title(), class.as_ref().map_or("not evaluable", |c| c.code())));
    said.collect::<Vec<_>>().join(", ")
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
