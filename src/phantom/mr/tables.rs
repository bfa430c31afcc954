//! The rows that an MR exam has in the tables of a study: given outlines, prompts alone, and the truth.

use super::exam::MrExam;
use super::truth::{MrSliceTruth, MrTruth};
use std::fmt::Write;

/// Columns of `truth_mr_slices.csv` after the key.
pub const SLICE_COLUMNS: &str =
    "slice,z_mm,tumour_area_mm2,diameter_mm,canal_area_mm2,canal_occupancy,fluid_share,cord_area_mm2,cyst_diameter_mm";
/// Columns of `truth_mr_exams.csv` after the key.
pub const EXAM_COLUMNS: &str = "max_diameter_mm,drawn_max_diameter_mm,volume_mm3,canal_occupancy,canal_occupancy_volume,si_ratio,cyst_diameter_mm,cord_compression,escc,cord_area_loss";

/// Where the files of an MR exam are, relative to the study.
pub struct MrFiles {
    /// The image.
    pub image: String,
    /// Outlines: name and file.
    pub outlines: Vec<(&'static str, String)>,
    /// Prompts: the box, the line, points in the canal.
    pub prompts: [String; 3],
}

/// What of an MR exam stands in the tables.
pub struct MrRow<'a> {
    /// `patient,timepoint`
    pub who: &'a str,
    /// The vertebra.
    pub level: &'a str,
    /// Whether the image's own header says how it was made.
    pub has_header: bool,
    /// The exam.
    pub exam: &'a MrExam,
    /// Its files.
    pub files: &'a MrFiles,
}

impl MrRow<'_> {
    /// A row of the study table with given outlines.
    pub fn outlined(&self) -> String {
        let outlines: Vec<String> = self.files.outlines.iter().map(|(name, file)| format!("{name}={file}")).collect();
        self.study_row(&outlines.join(";"), "")
    }

    /// Rows of study tables with prompts alone: a box, a line; points in the canal with either.
    pub fn prompted(&self) -> [String; 2] {
        let [region, line, canal] = &self.files.prompts;
        [region, line].map(|marked| self.study_row("", &format!("{marked};{canal}")))
    }

    fn study_row(&self, structures: &str, prompts: &str) -> String {
        let how = &self.exam.acquisition;
        let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
        let how = match self.has_header {
            true => ",,,".into(),
            false => format!("{},T2,{},{}", number(how.thickness_mm), number(how.te_ms), number(how.tr_ms)),
        };
        format!("{},MR,{},{structures},{prompts},{},,,,{how}\n", self.who, self.files.image, self.level)
    }

    /// Rows of the truth of its slices.
    pub fn slice_truth(&self) -> String {
        self.exam.slices.iter().map(|s| format!("{},MR,main,1,{}\n", self.who, slice_cells(s))).collect()
    }

    /// The row of its truth.
    pub fn exam_truth(&self) -> String {
        format!("{},MR,main,1,{}\n", self.who, exam_cells(&self.exam.truth))
    }
}

fn slice_cells(s: &MrSliceTruth) -> String {
    let mut cells = format!("{},{:.3}", s.slice, s.z_mm);
    let numbers = [s.tumour_mm2, s.diameter_mm, s.canal_mm2, s.canal_share, s.fluid_share, s.cord_mm2, s.cyst_mm];
    numbers.iter().for_each(|n| write!(cells, ",{n:.4}").expect("a string takes what is written"));
    cells
}

fn exam_cells(t: &MrTruth) -> String {
    format!(
        "{:.4},{:.4},{:.1},{:.5},{:.5},{:.5},{:.4},{},{},{:.5}",
        t.max_diameter_mm,
        t.drawn_max_diameter_mm,
        t.volume_mm3,
        t.canal_share,
        t.canal_share_volume,
        t.si_ratio,
        t.cyst_mm,
        if t.compressed { "yes" } else { "no" },
        t.escc,
        t.cord_area_loss
    )
}
