//! Harder than life: every patient and exam of the cohort `hard` is drawn from wide ranges, the truth apart from all.
//!
//! Patient: level, site, bone, shape. Exam: everything else, before and after treatment alike, so that untreated native
//! bone, thin rims and bone inside meet every scanner and every hand. Wanted values keep away from the classes' limits.

use super::spec::{
    BoneSpec, ContrastSpec, ExamSpec, Form, HandSpec, LesionSpec, MetalSpec, OssifiedSpec, RemnantSpec, RimSpec,
    ScannerSpec, Site,
};
use super::stream::{Source, Stream};

/// Patients of the cohort unless another number is asked for.
pub const PATIENTS: usize = 100;

const SITES: [Site; 5] = [Site::Body, Site::Wall, Site::Pedicle, Site::Breakout, Site::Endplate];
const LEVELS: [&str; 22] = [
    "C3", "C4", "C5", "C6", "C7", "T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "L1",
    "L2", "L3", "L4", "L5",
];
/// Largest lesion that a neck has room for, mm.
const WIDEST_IN_NECK_MM: f64 = 42.0;
/// A lesion is at least this many slices high, so that there is something to judge.
const FEWEST_SLICES: f64 = 6.0;

/// An exam of a patient.
pub fn exam(source: &Source, timepoint: &'static str) -> ExamSpec {
    let stream = |what: &str| source.stream(&format!("{timepoint}/hard {what}"));
    let mut patient = source.stream("hard patient");
    let (level, site) = (pick(&mut patient, &LEVELS), pick(&mut patient, &SITES));
    let bone = bone(&mut patient);
    let scanner = scanner(&mut stream("scanner"));
    let contrast = contrast(&mut stream("contrast"));
    let rim = rim(&mut stream("rim"));
    ExamSpec {
        timepoint,
        level,
        bone,
        lesion: lesion(&mut stream("lesion"), level, site, scanner.thickness_mm, contrast.is_some()),
        ossified: ossified(&mut stream("ossified"), rim.coverage),
        rim,
        remnants: remnants(&mut stream("remnants")),
        contrast,
        metal: metal(&mut stream("metal")),
        scanner,
        hand: hand(&mut stream("hand")),
    }
}

fn pick<T: Copy>(stream: &mut Stream, of: &[T]) -> T {
    of[(stream.uniform() * of.len() as f64) as usize]
}

/// Osteopenic to dense; marrow, cortex and its thickness go only partly together.
fn bone(stream: &mut Stream) -> BoneSpec {
    let quality = stream.uniform();
    let mut partly = |lo: f64, hi: f64| lo + (hi - lo) * (0.6 * quality + 0.4 * stream.uniform());
    BoneSpec {
        marrow_hu: partly(90.0, 280.0),
        marrow_sd_hu: partly(20.0, 50.0),
        cortex_hu: partly(350.0, 900.0),
        cortex_mm: partly(0.6, 2.0),
        endplate_mm: partly(0.6, 1.5),
        arch_hu: partly(320.0, 700.0),
    }
}

fn lesion(stream: &mut Stream, level: &str, site: Site, thickness_mm: f64, enhanced: bool) -> LesionSpec {
    let drawn_mm = match stream.uniform() {
        u if u < 0.15 => stream.between(20.0, 25.0),
        u if u < 0.85 => stream.between(25.0, 50.0),
        _ => stream.between(50.0, 80.0),
    };
    let widest_mm = if level.starts_with('C') { WIDEST_IN_NECK_MM } else { f64::INFINITY };
    LesionSpec {
        form: Form::Compact,
        site,
        wander_mm: 2.0,
        bumps: stream.between(0.05, 0.15),
        diameter_mm: drawn_mm.min(widest_mm).max(FEWEST_SLICES * thickness_mm),
        soft_hu: if enhanced { stream.between(90.0, 130.0) } else { stream.between(25.0, 80.0) },
        soft_sd_hu: stream.between(5.0, 18.0),
    }
}

/// None in 40 %, with gaps in 30 %, complete in 30 %.
fn rim(stream: &mut Stream) -> RimSpec {
    let coverage = match stream.uniform() {
        u if u < 0.4 => 0.0,
        u if u < 0.7 => stream.between(0.2, 0.8),
        _ => stream.between(0.95, 1.0),
    };
    RimSpec {
        coverage,
        patch: stream.between(0.35, 0.7),
        thickness_mm: stream.between(0.8, 3.0),
        density_hu: stream.between(300.0, 800.0),
    }
}

/// None in 35 %, under half in 30 %, over half in 35 %; only the second leaves room to lie apart from the border, and
/// only under a complete rim may it begin right at the rim: elsewhere it would be one.
fn ossified(stream: &mut Stream, coverage: f64) -> OssifiedSpec {
    let (fraction, latest) = match stream.uniform() {
        u if u < 0.35 => (0.0, 1.0),
        u if u < 0.65 => (stream.between(0.1, 0.42), 1.6),
        _ => (stream.between(0.58, 0.85), 0.9),
    };
    OssifiedSpec {
        fraction,
        onset: stream.between(if coverage > 0.9 { 0.3 } else { 0.75 }, latest),
        density_hu: stream.between(220.0, 550.0),
        grain_mm: stream.between(2.5, 6.0),
    }
}

/// In 60 % some native bone is left.
fn remnants(stream: &mut Stream) -> RemnantSpec {
    let share = if stream.uniform() < 0.4 { 0.0 } else { stream.between(0.01, 0.08) };
    RemnantSpec { share, grain_mm: stream.between(2.0, 5.0) }
}

/// Given in 35 %.
fn contrast(stream: &mut Stream) -> Option<ContrastSpec> {
    let given = stream.uniform() < 0.35;
    given.then(|| ContrastSpec {
        aorta_hu: stream.between(95.0, 195.0),
        muscle_hu: 10.0,
        marrow_hu: stream.between(14.0, 26.0),
    })
}

/// There is one in 15 %.
fn metal(stream: &mut Stream) -> Option<MetalSpec> {
    let there = stream.uniform() < 0.15;
    there.then(|| MetalSpec {
        radius_mm: stream.between(2.2, 3.2),
        density_hu: 6500.0,
        streak_hu: stream.between(100.0, 500.0),
    })
}

/// Soft kernels blur more and make less noise than sharp ones; thin slices make more.
fn scanner(stream: &mut Stream) -> ScannerSpec {
    let thickness_mm = pick(stream, &[1.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 5.0, 5.0]);
    let (kvp, mineral_gain) = pick(stream, &[(100.0, 1.08), (120.0, 1.0), (120.0, 1.0), (140.0, 0.95)]);
    let sharp = stream.uniform() < 0.4;
    let range = if sharp { (20.0, 45.0) } else { (10.0, 35.0) };
    let thin = (3.0_f64 - thickness_mm).clamp(0.0, 2.0) / 2.0;
    ScannerSpec {
        thickness_mm,
        spread_mm: if sharp { stream.between(0.5, 0.65) } else { stream.between(0.55, 0.85) },
        lobe: if sharp { stream.between(0.9, 1.6) } else { 0.0 },
        noise_hu: stream.between(range.0 + 0.3 * thin * (range.1 - range.0), range.1),
        noise_grain_mm: if sharp { stream.between(0.4, 0.5) } else { stream.between(0.55, 0.8) },
        kvp,
        mineral_gain,
        kernel: if sharp { "BONE" } else { "STANDARD" },
    }
}

/// Too wide or too tight in 60 %; most hands stray little, few up to 1.5 mm.
fn hand(stream: &mut Stream) -> HandSpec {
    let (biased, u) = (stream.uniform() < 0.6, stream.uniform());
    HandSpec {
        bias_mm: if biased { stream.between(-1.0, 1.0) } else { 0.0 },
        stray_mm: 1.5 * u * u,
        along_mm: stream.between(6.0, 14.0),
        across_mm: stream.between(2.0, 8.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cohort::COHORTS;
    use super::*;

    fn drawn(seed: u64) -> Vec<ExamSpec> {
        let cohort = COHORTS.iter().find(|c| c.name == "hard").unwrap();
        (0..PATIENTS).flat_map(|k| cohort.exams(&cohort.source(k, seed), k)).collect()
    }

    fn count(specs: &[ExamSpec], test: impl Fn(&ExamSpec) -> bool) -> usize {
        specs.iter().filter(|s| test(s)).count()
    }

    #[test]
    fn every_kind_of_hardship_is_met_often() {
        for seed in [0, 7] {
            let specs = drawn(seed);
            assert!(SITES.iter().all(|site| count(&specs, |s| s.lesion.site == *site) >= 16));
            assert!([1.0, 2.0, 3.0, 5.0].iter().all(|mm| count(&specs, |s| s.scanner.thickness_mm == *mm) >= 10));
            assert!((50..110).contains(&count(&specs, |s| s.rim.coverage == 0.0)));
            assert!((40..90).contains(&count(&specs, |s| s.rim.coverage >= 0.95)));
            assert!((40..100).contains(&count(&specs, |s| s.ossified.fraction > 0.5)));
            assert!(count(&specs, |s| s.contrast.is_some()) >= 40 && count(&specs, |s| s.metal.is_some()) >= 10);
            assert!(count(&specs, |s| s.scanner.lobe > 0.0) >= 50 && count(&specs, |s| s.remnants.share > 0.0) >= 70);
        }
    }

    #[test]
    fn wanted_values_lie_away_from_the_limits_of_the_classes() {
        for s in drawn(3) {
            let (rim, fraction) = (s.rim.coverage, s.ossified.fraction);
            assert!(rim == 0.0 || (0.2..=0.8).contains(&rim) || rim >= 0.95);
            assert!(fraction == 0.0 || (0.1..=0.42).contains(&fraction) || (0.58..=0.85).contains(&fraction));
        }
    }

    #[test]
    fn another_seed_is_another_cohort_and_a_smaller_one_its_beginning() {
        let of = |seed: u64| drawn(seed).iter().map(|s| s.lesion.diameter_mm).collect::<Vec<_>>();
        assert_ne!(of(1)[..20], of(2)[..20]);
        assert_eq!(of(1), of(1));
    }
}
