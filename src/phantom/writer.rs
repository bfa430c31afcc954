//! A cohort as a study on disk: `study.csv`, images, outlines, and the truth beside them.

use super::PhantomError;
use super::cohort::Cohort;
use super::exam::{Exam, exam};
use super::spec::ExamSpec;
use super::stream::Source;
use crate::io::dicom::write::{Series, encode_slice};
use crate::io::disk::Disk;
use crate::io::nifti;
use crate::volume::traverse;
use std::fmt::Write;
use std::path::Path;

/// How images are written; outlines are NIfTI masks in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A folder of slices per exam.
    Dicom,
    /// A `.nii.gz` per exam.
    Nifti,
}

const STUDY_HEADER: &str = "patient,timepoint,modality,image,structures,level,kvp,kernel,thickness_mm\n";
const KEY_HEADER: &str = "patient,timepoint,modality,series,lesion";
const SLICE_COLUMNS: &str =
    "slice,z_mm,area_mm2,perimeter_mm,diameter_mm,drawn_diameter_mm,rim_coverage,zone_mm2,ossified_fraction";
const EXAM_COLUMNS: &str =
    "boriani_grade,rim,interior,rim_coverage,ossified_fraction,max_diameter_mm,drawn_max_diameter_mm,volume_mm3";

/// The three tables of a study.
struct Tables {
    study: String,
    slices: String,
    exams: String,
}

/// Writes every exam, then the tables; the study table last, so that its presence says that all is there.
pub fn write(cohort: &Cohort, out: &Path, format: Format, disk: &dyn Disk) -> Result<(), PhantomError> {
    let mut tables = Tables {
        study: STUDY_HEADER.into(),
        slices: format!("{KEY_HEADER},{SLICE_COLUMNS}\n"),
        exams: format!("{KEY_HEADER},{EXAM_COLUMNS}\n"),
    };
    for patient in 0..cohort.patients.len() {
        let source = cohort.source(patient);
        for spec in cohort.exams(patient) {
            let made = exam(&source, &spec);
            let place = Place { disk, out, patient: cohort.pseudonym(patient), spec: &spec };
            let image = match format {
                Format::Dicom => place.dicom(&source, &made)?,
                Format::Nifti => place.file("ct.nii.gz", &nifti::write::encode(&made.image, true))?,
            };
            let outline = place.file("tumour.nii.gz", &nifti::write::encode(&made.outline, true))?;
            tables.add(&place, &made, &image, &outline, format);
        }
    }
    disk.write_atomic(&out.join("truth_slices.csv"), tables.slices.as_bytes())?;
    disk.write_atomic(&out.join("truth_exams.csv"), tables.exams.as_bytes())?;
    Ok(disk.write_atomic(&out.join("study.csv"), tables.study.as_bytes())?)
}

/// Where one exam goes.
struct Place<'a> {
    disk: &'a dyn Disk,
    out: &'a Path,
    patient: String,
    spec: &'a ExamSpec,
}

impl Place<'_> {
    /// Writes a file of the exam; gives its path relative to the study.
    fn file(&self, name: &str, bytes: &[u8]) -> Result<String, PhantomError> {
        let relative = format!("{}/{}/{name}", self.patient, self.spec.timepoint);
        let path = self.out.join(&relative);
        if let Some(folder) = path.parent() {
            self.disk.create_dir_all(folder)?;
        }
        self.disk.write_atomic(&path, bytes)?;
        Ok(relative)
    }

    /// Writes the image as a folder of slices, the top one first; gives the folder.
    fn dicom(&self, source: &Source, made: &Exam) -> Result<String, PhantomError> {
        let time = self.spec.timepoint;
        let series = Series {
            patient: self.patient.clone(),
            study_uid: source.uid(&format!("{time}/study")),
            series_uid: source.uid(&format!("{time}/series")),
            frame_uid: source.uid(&format!("{time}/frame")),
            description: "PHANTOM AXIAL".into(),
            acquisition: made.acquisition.clone(),
        };
        let count = made.image.geometry().dims[2];
        let files = traverse::each(count, |k| {
            encode_slice(&series, &made.image, k, &source.uid(&format!("{time}/instance/{k}")))
        });
        for (instance, bytes) in files.iter().rev().enumerate() {
            self.file(&format!("ct/IM{:04}.dcm", instance + 1), bytes)?;
        }
        Ok(format!("{}/{time}/ct", self.patient))
    }
}

impl Tables {
    fn add(&mut self, place: &Place, made: &Exam, image: &str, outline: &str, format: Format) {
        let (patient, spec) = (&place.patient, place.spec);
        let header = match format {
            // A DICOM header says it already.
            Format::Dicom => ",,".into(),
            Format::Nifti => format!("{},{},{}", spec.scanner.kvp, spec.scanner.kernel, spec.scanner.thickness_mm),
        };
        let (time, level) = (spec.timepoint, spec.level);
        self.study += &format!("{patient},{time},CT,{image},tumour={outline},{level},{header}\n");
        let key = format!("{patient},{time},CT,main,1");
        made.slices.iter().for_each(|s| slice_row(&mut self.slices, &key, s));
        exam_row(&mut self.exams, &key, &made.truth);
    }
}

fn slice_row(table: &mut String, key: &str, s: &super::truth::SliceTruth) {
    let fraction = s.ossified_fraction.map(|f| format!("{f:.5}")).unwrap_or_default();
    writeln!(
        table,
        "{key},{},{:.3},{:.3},{:.3},{:.4},{:.4},{:.5},{:.2},{fraction}",
        s.slice, s.z_mm, s.area_mm2, s.perimeter_mm, s.diameter_mm, s.drawn_diameter_mm, s.rim_coverage, s.zone_mm2
    )
    .expect("a string takes what is written");
}

fn exam_row(table: &mut String, key: &str, t: &super::truth::ExamTruth) {
    writeln!(
        table,
        "{key},{},{},{},{:.5},{:.5},{:.4},{:.4},{:.1}",
        t.boriani_grade,
        t.rim,
        t.interior,
        t.rim_coverage,
        t.ossified_fraction,
        t.max_diameter_mm,
        t.drawn_max_diameter_mm,
        t.volume_mm3
    )
    .expect("a string takes what is written");
}
