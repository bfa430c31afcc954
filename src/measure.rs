//! What Osteon measures: every measure and column of the output is registered here, one file each.
//!
//! A measurement is one file and one registration (`mod x;` and `x::DEF,`). Columns, the data dictionary,
//! `osteon list`, the names a config may ask for and the completeness tests all follow from [`MEASUREMENTS`].

pub mod board;
pub mod collect;
pub mod doubt;
pub mod flag;
pub mod keys;
pub mod levels;
pub mod reason;
pub mod rows;
pub mod settings;

pub use board::{Board, Key, View};
pub use flag::Flag;
pub use reason::{Reason, Refusal};
use settings::Settings;

mod boriani;
mod canal;
mod compression;
mod cord;
mod cyst;
mod diameter;
mod diameter_3d;
mod interior;
mod mean_density;
mod mesh_diameter;
mod rim;
mod rim_thickness;
mod sac;
mod segmentation;
mod signal;
mod volume;

/// Every measurement, in the order of the output.
pub static MEASUREMENTS: &[Measurement] = &[
    volume::DEF,
    diameter::DEF,
    mesh_diameter::DEF,
    diameter_3d::DEF,
    mean_density::DEF,
    rim::DEF,
    rim_thickness::DEF,
    interior::DEF,
    boriani::DEF,
    canal::DEF,
    cord::DEF,
    sac::DEF,
    cyst::DEF,
    signal::DEF,
    compression::DEF,
    segmentation::DEF,
];

/// For columns without remarks.
pub fn no_flags(_: &View<'_>, _: usize) -> Vec<Flag> {
    Vec::new()
}

/// The outline on the k-th row of the slice table, its place in `outline`; `None` where the slice has no tumour.
pub fn outline_of(view: &View<'_>, k: usize) -> Option<usize> {
    let plane = view.get(&keys::SLICES)[k].plane;
    view.get(&keys::OUTLINE).iter().position(|o| o.plane == plane)
}

/// The rows right below and above the k-th of `n`, where their slices lie next to its own; `plane` tells the plane of each.
pub fn rows_beside(n: usize, k: usize, plane: impl Fn(usize) -> usize) -> [Option<usize>; 2] {
    [k.checked_sub(1), Some(k + 1)].map(|j| j.filter(|&j| j < n && plane(j).abs_diff(plane(k)) == 1))
}

/// The measure of that name.
pub fn measure(name: &str) -> Option<&'static Measure> {
    MEASUREMENTS.iter().flat_map(|m| m.measures).find(|m| m.name == name)
}

/// The measures of a branch, in the order of the output.
pub fn measures(modality: Modality) -> impl Iterator<Item = &'static Measure> {
    MEASUREMENTS.iter().flat_map(|m| m.measures).filter(move |m| m.modalities.contains(&modality))
}

/// The columns of a branch's slice table, in the order of the output.
pub fn columns(modality: Modality) -> impl Iterator<Item = &'static Column> {
    MEASUREMENTS.iter().flat_map(|m| m.columns).filter(move |c| c.modalities.contains(&modality))
}

/// Which branch of the study a measure belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Modality {
    /// Computed tomography.
    Ct,
    /// Magnetic resonance.
    Mr,
}

impl Modality {
    /// As the study table writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ct => "CT",
            Self::Mr => "MR",
        }
    }
}

/// One file's worth of measures and slice columns that belong together.
pub struct Measurement {
    /// Measures of an exam: rows of `exams.csv`.
    pub measures: &'static [Measure],
    /// Columns of the slice tables.
    pub columns: &'static [Column],
}

/// A measure of an exam: one row of `exams.csv` for every row of the study table.
pub struct Measure {
    /// Its name in `exams.csv`.
    pub name: &'static str,
    /// The branches it is defined for.
    pub modalities: &'static [Modality],
    /// Its unit: `mm`, `mm2`, `mm3`, `HU`, `1`, or empty for a class.
    pub unit: &'static str,
    /// The classes it may take, in ascending order; empty for a number.
    pub classes: &'static [&'static str],
    /// One sentence: the formula and where it comes from.
    pub about: &'static str,
    /// Names of the artifacts it reads; a refusal of any of them is its refusal.
    pub reads: &'static [&'static str],
    /// Names of the artifacts it looks at whether refused or not, with [`View::look`].
    pub looks_at: &'static [&'static str],
    /// Computes it. Pure: no files, no clock, no log.
    pub compute: fn(&View<'_>, &Settings) -> Result<Reading, Refusal>,
}

/// A column of `slices_ct.csv` or `slices_mr.csv`.
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// The tables it stands in.
    pub modalities: &'static [Modality],
    /// Its unit, as for [`Measure::unit`].
    pub unit: &'static str,
    /// One sentence: the formula and where it comes from.
    pub about: &'static str,
    /// Names of the artifacts it reads; where one is refused the cell is empty and the row carries the reason as a flag.
    pub reads: &'static [&'static str],
    /// The value in the k-th row of the exam's slice table; `None` where there is none.
    pub cell: fn(&View<'_>, usize) -> Option<f64>,
    /// Remarks on that row.
    pub flags: fn(&View<'_>, usize) -> Vec<Flag>,
}

/// What a measure came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The value.
    pub answer: Answer,
    /// One standard deviation, in the unit of the value, where it is known.
    pub uncertainty: Option<f64>,
    /// The slice that decided, counted as in the slice tables.
    pub slice: Option<usize>,
    /// So near a limit that a person should look.
    pub borderline: bool,
    /// What a reader should know.
    pub flags: Vec<Flag>,
}

/// A number or a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// A number in the measure's unit.
    Number(f64),
    /// One of the measure's classes.
    Class(&'static str),
}

impl Reading {
    /// A number without remarks.
    pub fn number(value: f64) -> Self {
        Self { answer: Answer::Number(value), uncertainty: None, slice: None, borderline: false, flags: Vec::new() }
    }

    /// A class without remarks.
    pub fn class(value: &'static str) -> Self {
        Self { answer: Answer::Class(value), ..Self::number(0.0) }
    }

    /// The same, decided on `slice`.
    pub fn on_slice(self, slice: usize) -> Self {
        Self { slice: Some(slice), ..self }
    }

    /// The same, give or take `sd` (one standard deviation).
    pub fn give_or_take(self, sd: f64) -> Self {
        Self { uncertainty: Some(sd), ..self }
    }

    /// The same, measured on all the image shows of an outline that may go on beyond its border: flagged, and what lies
    /// there has no known spread.
    pub fn of_what_is_shown(self, touches_border: bool) -> Self {
        let uncertainty = self.uncertainty.filter(|_| !touches_border);
        Self { uncertainty, ..self }.flag_if(touches_border, flag::TOUCHES_BORDER)
    }

    /// The same, near a limit if `borderline`.
    pub fn borderline_if(self, borderline: bool) -> Self {
        Self { borderline: self.borderline || borderline, ..self }
    }

    /// The same with a flag where `raised`.
    pub fn flag_if(mut self, raised: bool, flag: Flag) -> Self {
        if raised {
            self.flags.push(flag);
        }
        self
    }
}
