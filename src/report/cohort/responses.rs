//! What became of lesions and patients, in `patients.csv` and in the tables.

use super::{Grid, count, share};
use crate::batch::csv::{harmless, line};
use crate::batch::number;
use crate::stats::cohort::Cohort;
use crate::stats::cohort::pairing::Pairing;
use crate::stats::cohort::patient_response::{self, PatientResponse};
use crate::stats::cohort::response::{Class, Criterion, Response, counts};
use crate::stats::figures::fixed;
use crate::stats::proportion::wilson;

/// A response stands after treatment; its change is that of the diameter.
pub fn of_lesion(measures: &Pairing, by: Criterion, response: &Response) -> String {
    let unit = &measures.units[response.unit];
    let class = &response.classes[by as usize];
    let text = |value: &Option<String>| harmless(value.as_deref().unwrap_or_default());
    line([
        harmless(&unit.patient),
        harmless(&unit.lesion),
        "CT".into(),
        by.measure().into(),
        String::new(),
        text(&unit.before),
        String::new(),
        text(&unit.after),
        class.as_ref().map_or_else(|_| String::new(), |class| class.code().into()),
        String::new(),
        number::cell(response.size),
        class.as_ref().err().map(|why| harmless(why)).unwrap_or_default(),
    ])
}

/// The sum of a patient's target lesions, and its class; both without a lesion.
pub fn of_patient(response: &PatientResponse) -> [String; 2] {
    let [before, after] = response.sums;
    let change = before.zip(after).map(|(before, after)| after - before);
    let percent = number::cell(change.zip(before).map(|(change, before)| 100.0 * change / before));
    let targets = (!response.targets.is_empty()).then(|| format!("targets:{}", response.targets.join("|")));
    let with_targets: Vec<String> = targets.into_iter().chain(response.remarks.iter().cloned()).collect();
    let class = response.class.map_or_else(String::new, |class| class.code().to_owned());
    let row = |measure: &str, unit: &str, [before, after, change]: [String; 3], reason: &str| {
        let time = |name: &Option<String>| harmless(name.as_deref().unwrap_or_default());
        let patient = &response.patient;
        let start = [harmless(&patient.patient), String::new(), "CT".into(), measure.into(), unit.into()];
        let middle = [time(&patient.before), before, time(&patient.after), after, change];
        line(start.into_iter().chain(middle).chain([percent.clone(), harmless(reason)]))
    };
    [
        row(patient_response::SUM, "mm", [before, after, change].map(number::cell), &with_targets.join(";")),
        row(patient_response::CLASS, "", [String::new(), class, String::new()], &response.remarks.join(";")),
    ]
}

/// What the classes of response mean, if there are any.
pub fn rules(cohort: &Cohort) -> Option<String> {
    let each = Criterion::ALL.map(|by| format!("{}: {}.", by.title(), by.rule()));
    (!cohort.responses.is_empty()).then(|| {
        format!(
            "Response is that of each lesion on CT, by its largest axial diameter and mean density. {} That of a patient is \
             by the sum of its largest lesions of at least 10 mm before treatment, at most {}; a patient with a lesion \
             that is listed only after treatment began, one outside the sum that has grown by 20 % and 5 mm, or one of \
             the sum without a diameter after it, is not evaluable unless the sum shows progression.",
            each.join(" "),
            cohort.of_patients.most
        )
    })
}

/// The tables of responses, as far as there are any.
pub fn tables(cohort: &Cohort) -> Vec<(&'static str, Grid)> {
    let mut found = Vec::new();
    if !cohort.responses.is_empty() {
        found.push(("Response, by lesion", lesion_grid(cohort)));
    }
    if !cohort.of_patients.all.is_empty() {
        found.push(("Response, by patient", patient_grid(cohort)));
    }
    found
}

/// A row for each criterion.
fn lesion_grid(cohort: &Cohort) -> Grid {
    let mut grid = grid_of_classes();
    for by in Criterion::ALL {
        grid.add(class_cells(by.title().to_owned(), counts(&cohort.responses, by), cohort.responses.len()));
    }
    grid
}

/// One row: patients by the sum of their lesions.
fn patient_grid(cohort: &Cohort) -> Grid {
    let found = &cohort.of_patients;
    let mut grid = grid_of_classes();
    let title = format!("RECIST 1.1, sum of up to {}", count(found.most, "lesion"));
    grid.add(class_cells(title, found.counts(), found.all.len()));
    grid
}

/// A column for each class and for what cannot be judged.
fn grid_of_classes() -> Grid {
    let codes = Class::ALL.map(Class::code);
    Grid::new(&["criterion", codes[0], "95 % interval", codes[1], codes[2], "not evaluable"])
}

fn class_cells(title: String, counts: [usize; 3], all: usize) -> [String; 6] {
    let judged: usize = counts.iter().sum();
    let share = |of: usize| if judged == 0 { of.to_string() } else { share(of, judged) };
    let [partial, stable, progressive] = counts;
    let ends = wilson(partial, judged).map(|i| [i.low, i.high].map(|end| fixed(100.0 * end, 1)));
    let interval = ends.map(|[low, high]| format!("{low} to {high} %")).unwrap_or_default();
    [title, share(partial), interval, share(stable), share(progressive), (all - judged).to_string()]
}
