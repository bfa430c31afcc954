//! An exam to be damaged: its files, and the cells of the study table that name them.

use osteon::batch::failure::Trouble;
use osteon::batch::files::Files;
use osteon::batch::load;
use osteon::batch::study::{self, Study};
use osteon::config;
use osteon::measure::settings::Patterns;
use std::fs;
use std::path::Path;

/// How far around the outline the image is read, mm.
const REACH_MM: f64 = 10.0;

/// Files and how they are read; some of them are to be damaged.
#[derive(Clone)]
pub struct Exam {
    /// What it is called where something is said of it.
    pub name: String,
    /// How many of the mutants are its own, against those of other exams.
    pub share: u64,
    /// Paths below the exam's folder, bytes, and whether to damage them.
    pub files: Vec<(String, Vec<u8>, bool)>,
    modality: &'static str,
    image: String,
    structures: String,
}

impl Exam {
    /// An exam without files.
    pub fn new(name: &str, modality: &'static str, share: u64) -> Self {
        let (image, structures) = (String::new(), String::new());
        Self { name: name.into(), share, files: Vec::new(), modality, image, structures }
    }

    /// With a file that stays whole.
    pub fn whole(mut self, path: &str, bytes: Vec<u8>) -> Self {
        self.files.push((path.into(), bytes, false));
        self
    }

    /// With a file that is to be damaged.
    pub fn damaged(mut self, path: &str, bytes: Vec<u8>) -> Self {
        self.files.push((path.into(), bytes, true));
        self
    }

    /// With the cells `image` and `structures`.
    pub fn of(mut self, image: &str, structures: &str) -> Self {
        (self.image, self.structures) = (image.into(), structures.into());
        self
    }

    /// Of another modality.
    pub fn modality(&mut self, modality: &'static str) {
        self.modality = modality;
    }

    /// The files to be damaged.
    pub fn targets(&self) -> Vec<(&str, &[u8])> {
        self.files.iter().filter(|f| f.2).map(|(path, bytes, _)| (path.as_str(), bytes.as_slice())).collect()
    }

    /// Writes all files below a folder.
    pub fn install(&self, folder: &Path) {
        for (path, bytes, _) in &self.files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// The study table of the exam alone.
    pub fn study(&self, folder: &Path) -> Study {
        let head = "patient,timepoint,modality,image,structures";
        let table = format!("{head}\nP,pre,{},{},\"{}\"\n", self.modality, self.image, self.structures);
        study::parse(table.as_bytes(), folder).unwrap()
    }
}

/// What structures are called by default.
pub fn patterns() -> Patterns {
    config::load(None, None, &[]).unwrap().0.settings.structures
}

/// Reads the exam as a run does: headers, outlines, then the region of the image.
pub fn read(study: &Study, patterns: &Patterns) -> Result<(), Trouble> {
    let opened = load::open(&study.rows[0], &study.base, &Files, patterns)?;
    let outlines = opened.outlines(&Files, REACH_MM)?;
    opened.board(&outlines).map(|_| ())
}
