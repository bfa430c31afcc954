//! One exam in memory: image, outline, truth.

use super::anatomy::Anatomy;
use super::calibrate;
use super::hand;
use super::lesion::Lesion;
use super::pose::Pose;
use super::scanner;
use super::scene::Scene;
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
    let drawn = hand::draw(source, spec, &cut);
    let slices = truth::slices(&scene, &cut, &drawn);
    let grid = scanner::grid(&scene, spec, &stack);
    Exam {
        image: scanner::scan(&scene, source, spec, &grid),
        acquisition: acquisition(spec),
        outline: hand::rasterise(&grid, &cut, &drawn),
        truth: truth::exam(&scene, &slices),
        slices,
    }
}

/// The patient in the scanner, the slices, and the true border on them: size first, then rim, then bone inside.
fn build(source: &Source, spec: &ExamSpec) -> (Scene, Stack, Vec<Section>) {
    let anatomy = Anatomy::new(spec.level, &spec.bone);
    let pose = Pose::new(source, spec.timepoint);
    let step_mm = spec.scanner.thickness_mm;
    let phase_mm = source.stream(&format!("{}/phase", spec.timepoint)).between(-0.5 * step_mm, 0.5 * step_mm);
    let (lesion, stack, cut) = {
        let shape = Lesion::new(source, &anatomy, spec.lesion.site);
        let stack = |sized: &Lesion| Stack::over(sized, &pose, step_mm, phase_mm, MARGIN_MM);
        calibrate::fit_diameter(&shape, &pose, spec.lesion.diameter_mm, stack)
    };
    let mut scene = Scene::new(source, spec, anatomy, pose, lesion);
    scene.rim.threshold = calibrate::rim_threshold(&scene, &cut, spec.rim.coverage);
    scene.ossified.threshold = calibrate::ossification_threshold(&scene, &cut, spec.ossified.fraction);
    (scene, stack, cut)
}

fn acquisition(spec: &ExamSpec) -> Acquisition {
    Acquisition {
        modality: Some("CT".into()),
        kvp: Some(spec.scanner.kvp),
        contrast: Some(false),
        kernel: Some(spec.scanner.kernel.into()),
        thickness_mm: Some(spec.scanner.thickness_mm),
        has_rescale: true,
        ..Acquisition::default()
    }
}
