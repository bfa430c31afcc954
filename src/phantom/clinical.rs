//! Clinical scores of a cohort before and after treatment, as `osteon cohort --clinical` reads them.

use super::cohort::Cohort;
use std::fmt::Write;

/// Scores of one patient, each before and after.
struct Scores {
    vas: [u8; 2],
    kps: [u8; 2],
    ecog: [u8; 2],
    frankel: [&'static str; 2],
}

const fn score(vas: [u8; 2], kps: [u8; 2], ecog: [u8; 2], frankel: [&'static str; 2]) -> Scores {
    Scores { vas, kps, ecog, frankel }
}

/// The patients of `yuan24`: made up so that counts, medians, means and test values are those that Table 2 of Yuan et al.
/// 2022 prints (method.md 7.2, 7.3: ECOG improves in ten, KPS in 17, Frankel in four).
static YUAN24: [Scores; 24] = [
    score([1, 0], [90, 90], [1, 1], ["E", "E"]),
    score([2, 0], [80, 80], [1, 1], ["E", "E"]),
    score([1, 1], [80, 90], [1, 1], ["E", "E"]),
    score([3, 0], [70, 70], [1, 1], ["E", "E"]),
    score([6, 3], [60, 80], [1, 1], ["E", "E"]),
    score([7, 2], [60, 60], [2, 2], ["E", "E"]),
    score([0, 0], [100, 100], [0, 0], ["E", "E"]),
    score([5, 3], [70, 80], [1, 1], ["E", "E"]),
    score([6, 3], [60, 80], [2, 1], ["E", "E"]),
    score([9, 5], [40, 90], [3, 1], ["D", "D"]),
    score([7, 0], [60, 60], [2, 2], ["E", "E"]),
    score([5, 3], [70, 90], [1, 1], ["E", "E"]),
    score([8, 2], [50, 90], [2, 1], ["D", "E"]),
    score([4, 1], [70, 80], [1, 1], ["E", "E"]),
    score([5, 3], [70, 70], [1, 1], ["E", "E"]),
    score([3, 2], [70, 80], [1, 1], ["E", "E"]),
    score([7, 3], [60, 80], [2, 1], ["E", "E"]),
    score([2, 1], [80, 90], [1, 1], ["E", "E"]),
    score([8, 5], [50, 80], [2, 1], ["D", "E"]),
    score([9, 1], [40, 90], [3, 1], ["D", "E"]),
    score([8, 1], [50, 80], [2, 1], ["E", "E"]),
    score([5, 3], [70, 100], [1, 0], ["E", "E"]),
    score([8, 5], [40, 60], [3, 2], ["D", "E"]),
    score([8, 1], [40, 60], [3, 2], ["D", "D"]),
];

/// `clinical.csv` of the first `patients`; `None` of a cohort without scores.
pub fn csv(cohort: &Cohort, patients: usize) -> Option<String> {
    let mut text = "patient,timepoint,vas,kps,ecog,frankel\n".to_owned();
    for (patient, s) in YUAN24.iter().enumerate().take(patients) {
        for (k, timepoint) in ["pre", "post"].into_iter().enumerate() {
            let name = cohort.pseudonym(patient);
            writeln!(text, "{name},{timepoint},{},{},{},{}", s.vas[k], s.kps[k], s.ecog[k], s.frankel[k])
                .expect("a string takes what is written");
        }
    }
    (cohort.name == "yuan24").then_some(text)
}

#[cfg(test)]
mod tests {
    use super::super::cohort::COHORTS;
    use super::*;
    use crate::stats::paired_t::paired_t;
    use crate::stats::signed_rank::signed_rank;
    use crate::stats::summary::{Summary, summary};

    fn differences(of: impl Fn(&Scores) -> [f64; 2]) -> Vec<f64> {
        YUAN24.iter().map(|s| of(s)[0] - of(s)[1]).collect()
    }

    fn side(k: usize, of: fn(&Scores) -> [u8; 2]) -> Summary {
        summary(&YUAN24.iter().map(|s| f64::from(of(s)[k])).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn the_tests_come_out_as_the_paper_prints_them() {
        let z = |d: Vec<f64>| (1000.0 * signed_rank(&d).unwrap().z).round() / 1000.0;
        assert_eq!(z(differences(|s| s.ecog.map(f64::from))), -2.972);
        assert_eq!(z(differences(|s| s.kps.map(f64::from))), -3.652);
        assert_eq!(z(differences(|s| s.frankel.map(|grade| f64::from(grade.as_bytes()[0])))), -2.0);
        assert!((paired_t(&differences(|s| s.vas.map(f64::from))).unwrap().t - 7.032).abs() < 5e-4);
    }

    #[test]
    fn counts_means_and_medians_are_those_of_the_paper() {
        let count = |k: usize, level: u8| YUAN24.iter().filter(|s| s.ecog[k] == level).count();
        assert_eq!([0, 1, 2, 3].map(|level| [count(0, level), count(1, level)]), [[1, 2], [12, 18], [7, 4], [4, 0]]);
        let d = |k: usize| YUAN24.iter().filter(|s| s.frankel[k] == "D").count();
        assert_eq!([d(0), d(1)], [6, 2]);
        let kps = [0, 1].map(|k| side(k, |s| s.kps));
        assert_eq!(kps.map(|s| [s.median, s.min, s.max]), [[65.0, 40.0, 100.0], [80.0, 60.0, 100.0]]);
        let vas = [0, 1].map(|k| side(k, |s| s.vas));
        let printed = |s: Summary| format!("{:.1} {:.1} {} {}", s.mean, s.sd.unwrap(), s.min, s.max);
        assert_eq!(vas.map(printed), ["5.3 2.7 0 9", "2.0 1.6 0 5"]);
    }

    #[test]
    fn only_yuan24_has_scores() {
        let of = |name: &str| csv(COHORTS.iter().find(|c| c.name == name).unwrap(), 2);
        assert_eq!(of("yuan24").unwrap().lines().count(), 5);
        assert_eq!(of("demo"), None);
    }
}
