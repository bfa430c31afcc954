//! A cohort as a study on disk: `study.csv`, images, outlines, and the truth beside them.

use super::Order;
use super::PhantomError;
use super::clinical;
use super::cohort::Cohort;
use super::exam::{Exam, exam};
use super::mr::tables::{self, MrFiles, MrRow};
use super::mr::{MrExam, mr_exam};
use super::parameters;
use super::spec::ExamSpec;
use super::stream::Source;
use crate::io::acquisition::Acquisition;
use crate::io::dicom::write::{Series, encode_slice};
use crate::io::disk::Disk;
use crate::io::nifti;
use crate::volume::{Mask, Volume, traverse};
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

const STUDY_HEADER: &str = "patient,timepoint,modality,image,structures,prompts,level,kvp,contrast,kernel,thickness_mm,weighting,te_ms,tr_ms\n";
const KEY_HEADER: &str = "patient,timepoint,modality,series,lesion";
const SLICE_COLUMNS: &str =
    "slice,z_mm,area_mm2,perimeter_mm,diameter_mm,drawn_diameter_mm,rim_coverage,zone_mm2,ossified_fraction";
const EXAM_COLUMNS: &str =
    "boriani_grade,rim,interior,rim_coverage,ossified_fraction,max_diameter_mm,drawn_max_diameter_mm,volume_mm3";

/// The tables of a study.
struct Tables {
    study: String,
    slices: String,
    exams: String,
    parameters: String,
    mr: Option<MrTables>,
}

/// The tables of a study that has MR exams.
struct MrTables {
    by_box: String,
    by_line: String,
    slices: String,
    exams: String,
}

/// Writes every exam, then the tables; the study table last, so that its presence says that all is there.
pub fn write(cohort: &Cohort, order: &Order, out: &Path, disk: &dyn Disk) -> Result<(), PhantomError> {
    let mut tables = Tables::new(!cohort.mr.is_empty());
    for patient in 0..cohort.count(order.patients) {
        let source = cohort.source(patient, order.seed);
        let mr = cohort.mr_exams(&source, patient);
        for (k, spec) in cohort.exams(&source, patient).iter().enumerate() {
            let place = Place { disk, out, patient: cohort.pseudonym(patient), spec, format: order.format };
            tables.add(&place, &source, &exam(&source, spec))?;
            if let Some(mr) = &mr {
                tables.add_mr(&place, &source, &mr_exam(&source, spec, &mr[k]))?;
            }
        }
    }
    if let Some(scores) = clinical::csv(cohort, cohort.count(order.patients)) {
        disk.write_atomic(&out.join("clinical.csv"), scores.as_bytes())?;
    }
    tables.write(out, disk)
}

/// Where one exam goes.
struct Place<'a> {
    disk: &'a dyn Disk,
    out: &'a Path,
    patient: String,
    spec: &'a ExamSpec,
    format: Format,
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

    /// Writes a mask; gives its path relative to the study.
    fn mask(&self, name: &str, mask: &Mask) -> Result<String, PhantomError> {
        self.file(&format!("{name}.nii.gz"), &nifti::write::encode(mask, true))
    }

    /// Writes an image as it was ordered: `{name}.nii.gz`, or a folder of slices, the top one first; gives its path.
    ///
    /// `uids` is what the streams of its UIDs begin with.
    fn image(
        &self,
        name: &str,
        source: &Source,
        uids: &str,
        image: &Volume<i16>,
        how: &Acquisition,
    ) -> Result<String, PhantomError> {
        if self.format == Format::Nifti {
            return self.file(&format!("{name}.nii.gz"), &nifti::write::encode(image, true));
        }
        let series = Series {
            patient: self.patient.clone(),
            study_uid: source.uid(&format!("{uids}/study")),
            series_uid: source.uid(&format!("{uids}/series")),
            frame_uid: source.uid(&format!("{uids}/frame")),
            description: "PHANTOM AXIAL".into(),
            acquisition: how.clone(),
        };
        let files = traverse::each(image.geometry().dims[2], |k| {
            encode_slice(&series, image, k, &source.uid(&format!("{uids}/instance/{k}")))
        });
        for (instance, bytes) in files.iter().rev().enumerate() {
            self.file(&format!("{name}/IM{:04}.dcm", instance + 1), bytes)?;
        }
        Ok(format!("{}/{}/{name}", self.patient, self.spec.timepoint))
    }

    /// Writes the files of an MR exam.
    fn mr_files(&self, source: &Source, made: &MrExam) -> Result<MrFiles, PhantomError> {
        let uids = format!("{}/mr", self.spec.timepoint);
        let marked = |name: &str, markup: &serde_json::Value| {
            self.file(&format!("mr_{name}.mrk.json"), format!("{markup:#}\n").as_bytes())
        };
        let outline = |(name, mask): &(&'static str, Mask)| Ok((*name, self.mask(&format!("mr_{name}"), mask)?));
        Ok(MrFiles {
            image: self.image("mr", source, &uids, &made.image, &made.acquisition)?,
            outlines: made.outlines.iter().map(outline).collect::<Result<_, PhantomError>>()?,
            prompts: [
                marked("box", &made.prompts.region)?,
                marked("line", &made.prompts.line)?,
                marked("canal", &made.prompts.canal)?,
            ],
        })
    }
}

impl Tables {
    fn new(with_mr: bool) -> Self {
        let mr = || MrTables {
            by_box: STUDY_HEADER.into(),
            by_line: STUDY_HEADER.into(),
            slices: format!("{KEY_HEADER},{}\n", tables::SLICE_COLUMNS),
            exams: format!("{KEY_HEADER},{}\n", tables::EXAM_COLUMNS),
        };
        Self {
            study: STUDY_HEADER.into(),
            slices: format!("{KEY_HEADER},{SLICE_COLUMNS}\n"),
            exams: format!("{KEY_HEADER},{EXAM_COLUMNS}\n"),
            parameters: format!("{KEY_HEADER},{}\n", parameters::header()),
            mr: with_mr.then(mr),
        }
    }

    /// Writes a CT exam and its rows.
    fn add(&mut self, place: &Place, source: &Source, made: &Exam) -> Result<(), PhantomError> {
        let (patient, spec, time) = (&place.patient, place.spec, place.spec.timepoint);
        let image = place.image("ct", source, time, &made.image, &made.acquisition)?;
        let outline = place.mask("tumour", &made.outline)?;
        let header = match place.format {
            // A DICOM header says it already.
            Format::Dicom => ",,,".into(),
            Format::Nifti => {
                let (scanner, contrast) = (&spec.scanner, if spec.contrast.is_some() { "yes" } else { "no" });
                format!("{},{contrast},{},{}", scanner.kvp, scanner.kernel, scanner.thickness_mm)
            }
        };
        self.study += &format!("{patient},{time},CT,{image},tumour={outline},,{},{header},,,\n", spec.level);
        let key = format!("{patient},{time},CT,main,1");
        made.slices.iter().for_each(|s| slice_row(&mut self.slices, &key, s));
        exam_row(&mut self.exams, &key, &made.truth);
        self.parameters += &format!("{key},{}\n", parameters::row(spec));
        Ok(())
    }

    /// Writes an MR exam and its rows.
    fn add_mr(&mut self, place: &Place, source: &Source, made: &MrExam) -> Result<(), PhantomError> {
        let files = place.mr_files(source, made)?;
        let (who, level) = (format!("{},{}", place.patient, place.spec.timepoint), place.spec.level);
        let row = MrRow { who: &who, level, has_header: place.format == Format::Dicom, exam: made, files: &files };
        self.study += &row.outlined();
        if let Some(mr) = &mut self.mr {
            let [by_box, by_line] = row.prompted();
            mr.by_box += &by_box;
            mr.by_line += &by_line;
            mr.slices += &row.slice_truth();
            mr.exams += &row.exam_truth();
        }
        Ok(())
    }

    fn write(&self, out: &Path, disk: &dyn Disk) -> Result<(), PhantomError> {
        let file = |name: &str, text: &str| disk.write_atomic(&out.join(name), text.as_bytes());
        if let Some(mr) = &self.mr {
            file("study_box.csv", &mr.by_box)?;
            file("study_line.csv", &mr.by_line)?;
            file("truth_mr_slices.csv", &mr.slices)?;
            file("truth_mr_exams.csv", &mr.exams)?;
        }
        file("truth_slices.csv", &self.slices)?;
        file("truth_exams.csv", &self.exams)?;
        file("truth_params.csv", &self.parameters)?;
        Ok(file("study.csv", &self.study)?)
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

/// The diameter was made what it should be to 0.005 mm (`calibrate`): lesions that should not change do not, by more digits they
/// would.
fn exam_row(table: &mut String, key: &str, t: &super::truth::ExamTruth) {
    writeln!(
        table,
        "{key},{},{},{},{:.5},{:.5},{:.2},{:.4},{:.1}",
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

#[cfg(test)]
mod tests {
    use super::super::cohort::COHORTS;
    use super::*;
    use crate::io::disk::LocalDisk;
    use crate::io::{image, labels};

    #[test]
    fn what_is_written_is_read_back_by_the_program_as_it_was_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let order = |format| Order { cohort: "hard", seed: 9, patients: Some(1), format };
        let cohort = COHORTS.iter().find(|c| c.name == "hard").unwrap();
        let source = cohort.source(0, 9);
        let made = cohort.exams(&source, 0).map(|spec| exam(&source, &spec));
        for (format, name) in [(Format::Nifti, "ct.nii.gz"), (Format::Dicom, "ct")] {
            let out = folder.path().join(name);
            write(cohort, &order(format), &out, &LocalDisk).unwrap();
            for (exam, time) in made.iter().zip(["pre", "post"]) {
                let place = out.join(format!("OSTEON-PHANTOM-01/{time}"));
                let image = image::open(&place.join(name), None).unwrap();
                let whole = crate::geometry::Extent::whole(exam.image.geometry().dims);
                let read = image.read(&whole).unwrap();
                assert!(read.as_slice().iter().zip(exam.image.as_slice()).all(|(r, m)| *r == f32::from(*m)));
                assert!(image.geometry().same_grid(exam.image.geometry()));
                let outline = labels::open(&place.join("tumour.nii.gz")).unwrap().mask(None, &whole);
                assert_eq!(outline.as_slice(), exam.outline.as_slice());
                if format == Format::Dicom {
                    assert_eq!(image.acquisition(), &exam.acquisition);
                }
            }
        }
    }

    #[test]
    fn the_study_table_says_what_nifti_cannot() {
        let folder = tempfile::tempdir().unwrap();
        let cohort = COHORTS.iter().find(|c| c.name == "hard").unwrap();
        let order = Order { cohort: "hard", seed: 9, patients: Some(1), format: Format::Nifti };
        write(cohort, &order, folder.path(), &LocalDisk).unwrap();
        let study = std::fs::read_to_string(folder.path().join("study.csv")).unwrap();
        let specs = cohort.exams(&cohort.source(0, 9), 0);
        for (line, spec) in study.lines().skip(1).zip(&specs) {
            let given = if spec.contrast.is_some() { "yes" } else { "no" };
            assert!(
                line.ends_with(&format!(",{given},{},{},,,", spec.scanner.kernel, spec.scanner.thickness_mm)),
                "{line}"
            );
        }
        assert_eq!(study.lines().count(), 3);
    }
}
