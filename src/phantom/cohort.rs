//! The cohorts: tables of patients, each a lesion before and after treatment.

use super::hard;
use super::mr::MrSpec;
use super::mr::patients::{self, MrPatient};
use super::spec::{
    BoneSpec, ExamSpec, Form, HandSpec, LesionSpec, OssifiedSpec, RemnantSpec, RimSpec, ScannerSpec, Site,
};
use super::stream::Source;

/// A synthetic study.
pub struct Cohort {
    /// Its name on the command line.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Its patients.
    pub patients: Patients,
    /// What they have on MR, in the same order; nobody where it is empty.
    pub mr: &'static [Option<MrPatient>],
}

/// Who is in a cohort.
pub enum Patients {
    /// Those of a table.
    Listed {
        /// One row each.
        rows: &'static [Patient],
        /// Slice thicknesses, taken in turn, mm.
        thickness_mm: &'static [f64],
        /// How their tumours are shaped.
        form: Form,
    },
    /// As many as are asked for, every exam drawn from its patient's streams.
    Drawn {
        /// How many if nothing is asked for.
        usual: usize,
        /// An exam of a patient.
        exam: fn(&Source, &'static str) -> ExamSpec,
    },
}

/// A patient of a cohort.
pub struct Patient {
    /// The vertebra.
    pub level: &'static str,
    /// Where the lesion sits in it.
    pub site: Site,
    /// Largest in-plane diameter before and after, mm.
    pub diameter_mm: [f64; 2],
    /// Grade of Boriani after treatment; `0` before.
    pub grade: &'static str,
    /// Covered share of the border after treatment.
    pub coverage: f64,
    /// Ossified share of the interior after treatment.
    pub fraction: f64,
}

const fn row(
    level: &'static str,
    site: Site,
    diameter_mm: [f64; 2],
    grade: &'static str,
    coverage: f64,
    fraction: f64,
) -> Patient {
    Patient { level, site, diameter_mm, grade, coverage, fraction }
}

/// All cohorts.
pub static COHORTS: &[Cohort] = &[
    Cohort {
        name: "demo",
        about: "4 patients before and after treatment, grades 0, 1b, 2a and 3",
        patients: Patients::Listed { rows: DEMO, thickness_mm: &[3.0, 2.0, 3.0, 2.5], form: Form::Compact },
        mr: patients::DEMO,
    },
    Cohort {
        name: "yuan24",
        about: "24 patients with the grades and diameters of Yuan et al. 2022",
        patients: Patients::Listed { rows: YUAN24, thickness_mm: &[3.0], form: Form::Compact },
        mr: patients::YUAN24,
    },
    Cohort {
        name: "hard",
        about: "100 patients drawn from ranges wider than life, both exams with any rim and any bone inside",
        patients: Patients::Drawn { usual: hard::PATIENTS, exam: hard::exam },
        mr: &[],
    },
    Cohort {
        name: "compact",
        about: "12 patients with round tumours, for segmentation on MR from a box or a line",
        patients: Patients::Listed { rows: FAMILY, thickness_mm: &[3.0], form: Form::Compact },
        mr: patients::FAMILY,
    },
    Cohort {
        name: "irregular",
        about: "the same patients with tumours of three lobes, which no ellipsoid fits",
        patients: Patients::Listed { rows: FAMILY, thickness_mm: &[3.0], form: Form::Irregular },
        mr: patients::FAMILY,
    },
    Cohort {
        name: "levels",
        about: "the same patients with blood that has settled in their cysts",
        patients: Patients::Listed { rows: FAMILY, thickness_mm: &[3.0], form: Form::Compact },
        mr: patients::LEVELS,
    },
];

static DEMO: &[Patient] = &[
    row("T4", Site::Breakout, [41.2, 38.4], "3", 0.98, 0.68),
    row("L2", Site::Body, [35.6, 34.1], "1b", 0.97, 0.0),
    row("T11", Site::Pedicle, [47.5, 43.0], "2a", 0.55, 0.30),
    row("C6", Site::Wall, [31.8, 31.8], "0", 0.0, 0.0),
];

static FAMILY: &[Patient] = &[
    row("T4", Site::Breakout, [44.0, 40.5], "2a", 0.60, 0.30),
    row("T9", Site::Pedicle, [38.5, 36.0], "1b", 0.96, 0.0),
    row("C5", Site::Body, [34.0, 33.0], "0", 0.0, 0.0),
    row("T7", Site::Wall, [47.5, 42.0], "3", 0.97, 0.65),
    row("T11", Site::Breakout, [51.0, 47.5], "2a", 0.50, 0.25),
    row("T2", Site::Pedicle, [42.0, 37.5], "2b", 0.55, 0.62),
    row("L1", Site::Body, [40.5, 38.0], "3", 0.96, 0.70),
    row("T6", Site::Breakout, [36.5, 34.5], "1a", 0.45, 0.0),
    row("C7", Site::Wall, [35.5, 33.5], "2a", 0.65, 0.35),
    row("T12", Site::Pedicle, [49.0, 46.5], "2a", 0.40, 0.20),
    row("T10", Site::Wall, [45.5, 43.0], "0", 0.0, 0.0),
    row("T5", Site::Body, [39.5, 35.0], "3", 0.98, 0.60),
];

// No two fall by the same: the paper's Z of the diameter, -4.015, has no ties.
static YUAN24: &[Patient] = &[
    row("L5", Site::Body, [51.8, 46.8], "3", 0.95, 0.70),
    row("L2", Site::Breakout, [50.9, 50.9], "0", 0.0, 0.0),
    row("T5", Site::Pedicle, [49.7, 45.9], "2a", 0.96, 0.22),
    row("L1", Site::Wall, [61.2, 57.1], "3", 0.96, 0.76),
    row("T7", Site::Wall, [70.8, 66.4], "2b", 0.40, 0.64),
    row("L4", Site::Body, [63.9, 56.5], "3", 0.965, 0.80),
    row("L2", Site::Breakout, [36.9, 34.8], "2a", 0.98, 0.30),
    row("T3", Site::Pedicle, [54.62, 48.9], "3", 0.97, 0.60),
    row("C5", Site::Pedicle, [39.4, 35.8], "2a", 0.33, 0.20),
    row("T8", Site::Wall, [147.0, 90.1], "2a", 0.46, 0.14),
    row("T4", Site::Body, [41.7, 41.7], "2a", 0.58, 0.33),
    row("T9", Site::Breakout, [58.7, 58.7], "1b", 0.97, 0.0),
    row("C6", Site::Breakout, [43.2, 41.5], "3", 0.975, 0.68),
    row("T10", Site::Pedicle, [56.3, 52.52], "1b", 0.985, 0.0),
    row("T6", Site::Wall, [30.5, 30.3], "0", 0.0, 0.0),
    row("C4", Site::Body, [33.8, 30.7], "2b", 0.55, 0.58),
    row("L3", Site::Body, [66.4, 60.1], "2a", 1.0, 0.40),
    row("T12", Site::Breakout, [46.6, 41.62], "3", 0.98, 0.63),
    row("T11", Site::Pedicle, [76.2, 71.6], "3", 0.99, 0.73),
    row("T1", Site::Wall, [45.1, 40.06], "3", 0.995, 0.58),
    row("L3", Site::Wall, [48.3, 43.1], "3", 1.0, 0.66),
    row("T11", Site::Body, [90.5, 81.6], "1a", 0.52, 0.0),
    row("T2", Site::Breakout, [53.2, 47.5], "2a", 0.70, 0.42),
    row("T4", Site::Pedicle, [82.5, 76.22], "2b", 0.68, 0.70),
];

impl Cohort {
    /// The pseudonym of a patient, counted from 0.
    pub fn pseudonym(&self, patient: usize) -> String {
        format!("OSTEON-PHANTOM-{:02}", patient + 1)
    }

    /// How many patients it has if so many are wanted: of a table no more than it lists.
    pub fn count(&self, wanted: Option<usize>) -> usize {
        match self.patients {
            Patients::Listed { rows, .. } => wanted.unwrap_or(rows.len()).min(rows.len()),
            Patients::Drawn { usual, .. } => wanted.unwrap_or(usual),
        }
    }

    /// The source of a patient's randomness; seed 0 is the cohort itself, any other the same cohort drawn anew.
    pub fn source(&self, patient: usize, seed: u64) -> Source {
        let cohort = if seed == 0 { self.name.to_string() } else { format!("{}/{seed}", self.name) };
        Source::new(&cohort, &self.pseudonym(patient))
    }

    /// Both exams of a patient; what a table leaves open is drawn from the patient's own stream.
    pub fn exams(&self, source: &Source, patient: usize) -> [ExamSpec; 2] {
        ["pre", "post"].map(|timepoint| match self.patients {
            Patients::Listed { rows, thickness_mm, form } => {
                let mut exam = rows[patient].exam(source, timepoint);
                exam.lesion.form = form;
                exam.scanner.thickness_mm = thickness_mm[patient % thickness_mm.len()];
                exam
            }
            Patients::Drawn { exam, .. } => exam(source, timepoint),
        })
    }
}

impl Cohort {
    /// Both MR exams of a patient who has them.
    pub fn mr_exams(&self, source: &Source, patient: usize) -> Option<[MrSpec; 2]> {
        let of = self.mr.get(patient)?.as_ref()?;
        Some([of.exam(source, "pre", 0), of.exam(source, "post", 1)])
    }
}

impl Patient {
    fn exam(&self, source: &Source, timepoint: &'static str) -> ExamSpec {
        let (k, grown) = if timepoint == "pre" { (0, 0.0) } else { (1, 1.0) };
        let mut exam = typical(source, timepoint, self.level, self.site, self.diameter_mm[k]);
        exam.rim.coverage = grown * self.coverage;
        exam.ossified.fraction = grown * self.fraction;
        exam
    }
}

/// An exam of an untreated lesion with everything else drawn from the patient's stream.
pub fn typical(
    source: &Source,
    timepoint: &'static str,
    level: &'static str,
    site: Site,
    diameter_mm: f64,
) -> ExamSpec {
    let mut body = source.stream("patient");
    let mut bone = source.stream(&format!("{timepoint}/bone made"));
    let mut scanner = source.stream(&format!("{timepoint}/scanner"));
    ExamSpec {
        timepoint,
        level,
        bone: BoneSpec {
            marrow_hu: body.between(145.0, 195.0),
            marrow_sd_hu: 35.0,
            cortex_hu: body.between(490.0, 550.0),
            cortex_mm: 1.2,
            endplate_mm: 0.9,
            arch_hu: 430.0,
        },
        lesion: LesionSpec {
            site,
            form: Form::Compact,
            wander_mm: 1.2,
            bumps: 0.10,
            diameter_mm,
            soft_hu: body.between(30.0, 80.0),
            soft_sd_hu: 10.0,
        },
        rim: RimSpec {
            coverage: 0.0,
            patch: 0.55,
            thickness_mm: bone.between(1.2, 1.7),
            density_hu: bone.between(540.0, 740.0),
        },
        ossified: OssifiedSpec { fraction: 0.0, density_hu: 420.0, grain_mm: bone.between(3.0, 4.5), onset: 0.8 },
        remnants: RemnantSpec { share: 0.0, grain_mm: 3.0 },
        contrast: None,
        metal: None,
        scanner: ScannerSpec {
            thickness_mm: 3.0,
            spread_mm: 0.6,
            lobe: 0.0,
            noise_hu: scanner.between(15.0, 28.0),
            noise_grain_mm: 0.6,
            kvp: 120.0,
            mineral_gain: 1.0,
            kernel: "STANDARD",
        },
        hand: HandSpec { bias_mm: 0.0, stray_mm: 0.3, along_mm: 8.0, across_mm: 4.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(k: usize) -> Vec<f64> {
        let mut all: Vec<f64> = YUAN24.iter().map(|p| p.diameter_mm[k]).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    fn count(test: impl Fn(&Patient) -> bool) -> usize {
        YUAN24.iter().filter(|p| test(p)).count()
    }

    #[test]
    fn yuan24_has_the_papers_diameters() {
        for (k, median, mean, range) in [(0, 52.5, 58.3, [30.5, 147.0]), (1, 48.2, 52.1, [30.3, 90.1])] {
            let all = sorted(k);
            assert!((0.5 * (all[11] + all[12]) - median).abs() < 0.05);
            assert!((all.iter().sum::<f64>() / 24.0 - mean).abs() < 0.05);
            assert_eq!([all[0], all[23]], range);
        }
        assert_eq!(count(|p| p.diameter_mm[1] < p.diameter_mm[0]), 21);
        assert_eq!(count(|p| p.diameter_mm[1] == p.diameter_mm[0]), 3);
        let mut falls: Vec<i64> =
            YUAN24.iter().map(|p| (100.0 * (p.diameter_mm[0] - p.diameter_mm[1])).round() as i64).collect();
        falls.sort_unstable();
        falls.dedup();
        assert_eq!(falls.len(), 21 + 1, "no ties but those that stay");
    }

    #[test]
    fn yuan24_has_the_papers_grades_rims_and_levels() {
        let grades = ["0", "1a", "1b", "2a", "2b", "3"].map(|g| count(|p| p.grade == g));
        assert_eq!(grades, [2, 1, 2, 7, 3, 9]);
        assert_eq!(count(|p| p.grade == "2a" && p.coverage >= 0.9), 3);
        assert_eq!(count(|p| p.coverage >= 0.9), 14);
        assert_eq!(count(|p| p.coverage > 0.1 && p.coverage < 0.9), 8);
        assert_eq!(count(|p| p.fraction > 0.5), 12);
        assert_eq!(["C", "T", "L"].map(|r| count(|p| p.level.starts_with(r))), [3, 14, 7]);
    }

    #[test]
    fn yuan24_keeps_its_voxels_whatever_is_added_for_others() {
        // CRC-32 of what the first version of the program wrote into `ct.nii.gz` and `tumour.nii.gz` of this exam.
        let yuan24 = COHORTS.iter().find(|c| c.name == "yuan24").unwrap();
        let source = yuan24.source(14, 0);
        let made = super::super::exam(&source, &yuan24.exams(&source, 14)[0]);
        let image: Vec<u8> = made.image.as_slice().iter().flat_map(|hu| hu.to_le_bytes()).collect();
        let outline: Vec<u8> = made.outline.as_slice().iter().map(|&m| u8::from(m)).collect();
        assert_eq!([crc32fast::hash(&image), crc32fast::hash(&outline)], [0x8dc2_6530, 0xbffb_04a0]);
    }

    #[test]
    fn wanted_values_lie_away_from_the_limits_of_the_classes() {
        for p in DEMO.iter().chain(YUAN24).chain(FAMILY) {
            assert!(p.coverage == 0.0 || (0.3..=0.75).contains(&p.coverage) || p.coverage >= 0.95);
            assert!(p.fraction == 0.0 || (0.12..=0.42).contains(&p.fraction) || (0.58..=0.8).contains(&p.fraction));
        }
    }
}
