//! One exam in memory: image, outline, truth.

use super::anatomy::Anatomy;
use super::calibrate;
use super::hand;
use super::lesion::Lesion;
use super::pose::Pose;
use super::scanner;
use super::scene::Scene;
use super::section::Ring;
use super::slices::{Section, Stack};
use super::spec::ExamSpec;
use super::stream::Source;
use super::truth::{self, ExamTruth, SliceTruth};
use crate::io::acquisition::Acquisition;
use crate::volume::{Mask, Volume};

/// What the stack shows beyond either end of the lesion, mm.
const MARGIN_MM: f64 = 12.0;

/// An exam as a study holds it, with its truth.
#[derive(Clone, Debug)]
pub struct Exam {
    /// The image, HU.
    pub image: Volume<i16>,
    /// How it was acquired.
    pub acquisition: Acquisition,
    /// The outline as the hand drew it.
    pub outline: Mask,
    /// The truth of every slice with lesion.
    pub slices: Vec<SliceTruth>,
    /// The truth of the exam.
    pub truth: ExamTruth,
}

/// Makes one exam.
pub fn exam(source: &Source, spec: &ExamSpec) -> Exam {
    let (scene, stack, cut) = build(source, spec);
    let drawn = draw(source, spec, &cut);
    let slices = truth::slices(&scene, &cut, &drawn);
    let grid = scanner::grid(scene.pose.to_patient(scene.lesion.centre()), spec.lesion.diameter_mm, &stack);
    Exam {
        image: scanner::scan(&scene, source, spec, &grid),
        acquisition: acquisition(spec),
        outline: hand::rasterise(&grid, &cut, &drawn),
        truth: truth::exam(&scene, &slices),
        slices,
    }
}

/// The lesion as the hand draws it.
fn draw(source: &Source, spec: &ExamSpec, cut: &[Section]) -> Vec<Vec<Ring>> {
    let field = hand::field(source, &format!("{}/hand", spec.timepoint), &spec.hand);
    hand::draw(&spec.hand, cut, |p, _| spec.hand.stray_mm * field.at(p))
}

/// The patient in the scanner, the slices, and the true border on them: size first, then rim, what is left, new bone inside.
pub fn build(source: &Source, spec: &ExamSpec) -> (Scene, Stack, Vec<Section>) {
    let anatomy = Anatomy::new(spec.level, &spec.bone);
    let pose = Pose::new(source, spec.timepoint);
    let step_mm = spec.scanner.thickness_mm;
    let phase_mm = source.stream(&format!("{}/phase", spec.timepoint)).between(-0.5 * step_mm, 0.5 * step_mm);
    let (lesion, stack, cut) = {
        let shape = Lesion::new(source, &anatomy, &spec.lesion);
        let stack = |sized: &Lesion| Stack::over(sized, &pose, step_mm, phase_mm, MARGIN_MM);
        calibrate::fit_diameter(&shape, &pose, spec.lesion.diameter_mm, stack)
    };
    let mut scene = Scene::new(source, spec, anatomy, pose, lesion);
    scene.rim.threshold = calibrate::rim_threshold(&scene, &cut, spec.rim.coverage);
    scene.remnants.threshold = calibrate::remnant_threshold(&scene, &cut, spec.remnants.share);
    scene.ossified.threshold = calibrate::ossification_threshold(&scene, &cut, spec.ossified.fraction);
    (scene, stack, cut)
}

fn acquisition(spec: &ExamSpec) -> Acquisition {
    Acquisition {
        modality: Some("CT".into()),
        kvp: Some(spec.scanner.kvp),
        contrast: Some(spec.contrast.is_some()),
        kernel: Some(spec.scanner.kernel.into()),
        thickness_mm: Some(spec.scanner.thickness_mm),
        has_rescale: true,
        ..Acquisition::default()
    }
}

/// A lesion of 31 mm in T9 that has made no bone, for tests.
#[cfg(test)]
pub fn example(cohort: &str, seed: usize) -> (Source, ExamSpec) {
    use super::spec::Site;
    let source = Source::new(cohort, &seed.to_string());
    let spec = super::cohort::typical(&source, "post", "T9", [Site::Body, Site::Wall][seed % 2], 31.0);
    (source, spec)
}

#[cfg(test)]
mod tests {
    use super::super::tissue::Tissue;
    use super::*;

    fn small(seed: usize, coverage: f64, fraction: f64) -> (Source, ExamSpec) {
        let (source, mut spec) = example("test", seed);
        spec.rim.coverage = coverage;
        spec.ossified.fraction = fraction;
        (source, spec)
    }

    #[test]
    fn coverage_fraction_and_diameter_are_what_was_asked_for() {
        for (seed, (coverage, fraction)) in [(0.0, 0.0), (1.0, 0.6), (0.55, 0.3), (0.96, 0.12)].into_iter().enumerate()
        {
            let (source, spec) = small(seed, coverage, fraction);
            let (scene, _, cut) = build(&source, &spec);
            let drawn = draw(&source, &spec, &cut);
            let truth = truth::exam(&scene, &truth::slices(&scene, &cut, &drawn));
            assert!((truth.rim_coverage - coverage).abs() < 2e-3, "{} {coverage}", truth.rim_coverage);
            assert!((truth.ossified_fraction - fraction).abs() < 1e-3, "{} {fraction}", truth.ossified_fraction);
            assert!((truth.max_diameter_mm - 31.0).abs() < 0.05);
        }
    }

    #[test]
    fn what_is_left_of_native_bone_is_room_without_bone_and_no_rim() {
        let (source, mut spec) = small(0, 0.0, 0.3);
        let zone = |truth: &[SliceTruth]| truth.iter().map(|s| s.zone_mm2).sum::<f64>();
        let of = |spec: &ExamSpec| {
            let (scene, _, cut) = build(&source, spec);
            let inside: Vec<_> =
                cut.iter().flat_map(|s| s.deeper_than(0.0).into_iter().map(|p| [p[0], p[1], s.z_mm])).collect();
            let left = inside.iter().filter(|&&p| scene.tissue(p) == Tissue::Remnant).count();
            let slices = truth::slices(&scene, &cut, &draw(&source, spec, &cut));
            (left as f64 / inside.len() as f64, zone(&slices), truth::exam(&scene, &slices))
        };
        let (none, zone_mm2, before) = of(&spec);
        spec.remnants.share = 0.07;
        let (share, with_remnants_mm2, after) = of(&spec);
        assert_eq!((none, after.rim_coverage, zone_mm2), (0.0, 0.0, with_remnants_mm2));
        assert!((share - 0.07).abs() < 2e-3, "{share}");
        assert!((after.ossified_fraction - before.ossified_fraction).abs() < 1e-3);
    }

    #[test]
    fn the_image_shows_what_the_truth_says() {
        let (source, spec) = small(5, 1.0, 0.0);
        let made = exam(&source, &spec);
        let within = |z: usize| {
            let plane = made.image.plane(z);
            let inside = plane.iter().zip(made.outline.plane(z)).filter(|(_, m)| **m).map(|(hu, _)| *hu);
            inside.collect::<Vec<i16>>()
        };
        let middle = &made.slices[made.slices.len() / 2];
        let hu = within(middle.slice);
        let pixel_mm2 = made.image.geometry().pixel_area_mm2();
        assert!((hu.len() as f64 * pixel_mm2 / middle.area_mm2 - 1.0).abs() < 0.05);
        assert!(hu.iter().filter(|&&h| h > 300).count() > hu.len() / 10, "a full rim is seen");
        assert_eq!(made.truth.boriani_grade, "1b");
    }

    #[test]
    fn bytes_are_the_same_on_any_number_of_threads() {
        let (source, spec) = small(2, 0.5, 0.3);
        let run = |n: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
            let made = pool.install(|| exam(&source, &spec));
            (made.image, made.outline, made.slices, made.truth)
        };
        let one = run(1);
        assert!([2, 7].iter().all(|&n| run(n) == one));
    }

    #[test]
    fn noise_depends_on_nothing_but_its_own_stream() {
        let (source, spec) = small(3, 0.0, 0.0);
        let (_, rimmed) = small(3, 0.9, 0.5);
        let (plain, treated) = (exam(&source, &spec), exam(&source, &rimmed));
        let corner = |e: &Exam| e.image.plane(3).iter().take(2000).copied().collect::<Vec<i16>>();
        assert_eq!(corner(&plain), corner(&treated));
        assert_eq!(plain.outline, treated.outline);
    }
}
