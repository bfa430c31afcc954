//! One MR exam in memory: image, outlines, prompts, truth.

use super::super::anatomy::Anatomy;
use super::super::section::{PlaneGrid, Ring};
use super::super::slices::{FINE_MM, Section, Stack, sections_of};
use super::super::spec::{ExamSpec, HandSpec};
use super::super::stream::Source;
use super::super::{exam, hand, scanner};
use super::cyst::Cyst;
use super::level::Level;
use super::prompts::{self, Prompts};
use super::scene::MrScene;
use super::spec::MrSpec;
use super::truth::{self, MrSliceTruth, MrTruth};
use super::{calibrate, magnet};
use crate::geometry::Vec3;
use crate::io::acquisition::Acquisition;
use crate::volume::{Mask, Volume};

/// What the stack shows beyond either end of the lesion, mm: the cord at rest (method.md 1.5: 10 to 30 mm away).
const MARGIN_MM: f64 = 34.0;

/// An MR exam as a study holds it, with its truth.
#[derive(Clone, Debug)]
pub struct MrExam {
    /// The image, stored units.
    pub image: Volume<i16>,
    /// How it was acquired.
    pub acquisition: Acquisition,
    /// Tumour, canal and cord as the hand drew them.
    pub outlines: [(&'static str, Mask); 3],
    /// What a reader marks for a segmentation.
    pub prompts: Prompts,
    /// The truth of every slice.
    pub slices: Vec<MrSliceTruth>,
    /// The truth of the exam.
    pub truth: MrTruth,
}

/// The true sections of an exam.
pub struct Cut {
    /// Where the slices lie.
    pub stack: Stack,
    /// The tumour.
    pub tumour: Vec<Section>,
    /// The canal, everything in it included.
    pub canal: Vec<Section>,
    /// The cord.
    pub cord: Vec<Section>,
}

/// Makes the MR exam of a patient whose CT is `spec`.
pub fn mr_exam(source: &Source, spec: &ExamSpec, mr: &MrSpec) -> MrExam {
    let (scene, cut) = build(source, spec, mr);
    let name = format!("{}/mr", spec.timepoint);
    let centre = scene.pose.to_patient(scene.body.lesion.centre());
    let grid = scanner::grid(centre, spec.lesion.diameter_mm, &cut.stack);
    let drawn = |what: &str, sections: &[Section]| draw(source, &name, what, &mr.hand, sections);
    let (tumour, canal, cord) = (drawn("tumour", &cut.tumour), drawn("canal", &cut.canal), drawn("cord", &cut.cord));
    let slices = truth::slices(&scene, &cut);
    MrExam {
        image: magnet::scan(&scene, source, &name, &mr.magnet, &grid),
        acquisition: acquisition(mr),
        outlines: [
            ("tumour", hand::rasterise(&grid, &cut.tumour, &tumour)),
            ("canal", hand::rasterise(&grid, &cut.canal, &canal)),
            ("cord", hand::rasterise(&grid, &cut.cord, &cord)),
        ],
        prompts: prompts::mark(&scene, &cut, &mut source.stream(&format!("{name}/prompts"))),
        truth: truth::exam(&scene, &cut, &slices, &tumour),
        slices,
    }
}

/// A structure as the hand draws it: where two structures share a wall the hand moves both, and strays a little from that with
/// each.
fn draw(source: &Source, name: &str, what: &str, spec: &HandSpec, sections: &[Section]) -> Vec<Vec<Ring>> {
    let field = |of: &str| hand::field(source, &format!("{name}/hand {of}"), spec);
    let (x, y, own) = (field("x"), field("y"), field(what));
    let [shared_mm, own_mm] = SHARES.map(|share| share * spec.stray_mm);
    hand::draw(spec, sections, |p, out| shared_mm * (x.at(p) * out[0] + y.at(p) * out[1]) + own_mm * own.at(p))
}

/// How much of the hand's stray is shared by all structures, and how much is each one's own, SD: together 1.
const SHARES: [f64; 2] = [0.866, 0.5];

/// The patient in the magnet and the true sections: growth first, then the cyst, then the signal.
pub fn build(source: &Source, spec: &ExamSpec, mr: &MrSpec) -> (MrScene, Cut) {
    let (body, ..) = exam::build(source, spec);
    let anatomy = Anatomy::new(spec.level, &spec.bone);
    let mut scene = MrScene::new(source, spec.timepoint, body, anatomy, mr);
    let step_mm = mr.magnet.step_mm;
    let phase_mm = source.stream(&format!("{}/mr phase", spec.timepoint)).between(-0.5 * step_mm, 0.5 * step_mm);
    let stack = Stack::over(&scene.body.lesion, &scene.pose, step_mm, phase_mm, MARGIN_MM);
    let canal = within_canal(&scene, &stack, MrScene::canal_depth_mm);
    calibrate::grow(&mut scene, &canal, mr.canal_share);
    calibrate::hollow(&mut scene, &stack, mr.cyst_mm);
    let level = mr.level.as_ref().zip(scene.cyst.as_ref());
    scene.level = level.map(|(spec, cyst)| Level::new(spec, cyst, scene.pose.to_patient(cyst.centre)));
    let tumour = tumour(&scene, &stack);
    calibrate::shade(&mut scene, &tumour, mr.si_ratio);
    let cord = within_canal(&scene, &stack, MrScene::cord_depth_mm);
    (scene, Cut { stack, tumour, canal, cord })
}

/// The sections of the tumour, on the slices of a stack.
fn tumour(scene: &MrScene, stack: &Stack) -> Vec<Section> {
    let lesion = &scene.body.lesion;
    let [x, y, z] = scene.pose.to_patient(lesion.centre());
    let canal = scene.canal_middle(z);
    let [a, b] = scene.canal_half_mm();
    let radius_mm = lesion.reach_mm().max(libm::hypot(canal[0] - x, canal[1] - y) + a.max(b)) + 4.0;
    about(scene, stack, lesion.centre(), radius_mm, MrScene::tumour_depth_mm)
}

/// The sections of the cyst.
pub fn cyst(scene: &MrScene, stack: &Stack) -> Vec<Section> {
    let of = |cyst: &Cyst| about(scene, stack, cyst.centre, cyst.half_mm + 4.0, MrScene::cyst_depth_mm);
    scene.cyst.as_ref().map_or_else(Vec::new, of)
}

/// The sections of something that lies within a distance of a point of the vertebra's frame.
fn about(scene: &MrScene, stack: &Stack, centre: Vec3, radius_mm: f64, depth_mm: Depth) -> Vec<Section> {
    let [x, y, _] = scene.pose.to_patient(centre);
    let grid = PlaneGrid::about([x, y], radius_mm, FINE_MM);
    sections_of(stack, |_| grid, |p| depth_mm(scene, scene.pose.to_vertebra(p)))
}

/// The depth in a structure at a point of the vertebra's frame, mm.
type Depth = fn(&MrScene, Vec3) -> f64;

/// The sections of something in the canal.
fn within_canal(scene: &MrScene, stack: &Stack, depth_mm: Depth) -> Vec<Section> {
    let [a, b] = scene.canal_half_mm();
    let grid = |z_mm: f64| PlaneGrid::about(scene.canal_middle(z_mm), a.max(b) + 2.0, 0.5 * FINE_MM);
    sections_of(stack, grid, |p| depth_mm(scene, scene.pose.to_vertebra(p)))
}

fn acquisition(mr: &MrSpec) -> Acquisition {
    Acquisition {
        modality: Some("MR".into()),
        thickness_mm: Some(mr.magnet.thickness_mm),
        te_ms: Some(mr.magnet.te_ms),
        tr_ms: Some(mr.magnet.tr_ms),
        ..Acquisition::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::exam::example;
    use super::super::patients::YUAN24;
    use super::*;

    fn wanted(canal_share: f64, cyst_mm: f64) -> (Source, ExamSpec, MrSpec) {
        let (source, mut spec) = example("mr", 1);
        spec.ossified.fraction = 0.3;
        let typical = YUAN24[2].as_ref().unwrap().exam(&source, "post", 1);
        (source, spec, MrSpec { canal_share, cyst_mm, si_ratio: 0.7, ..typical })
    }

    fn truth(canal_share: f64, cyst_mm: f64) -> MrTruth {
        let (source, spec, mr) = wanted(canal_share, cyst_mm);
        let (scene, cut) = build(&source, &spec, &mr);
        truth::exam(&scene, &cut, &truth::slices(&scene, &cut), &[])
    }

    #[test]
    fn shares_ratios_and_cysts_are_what_was_asked_for() {
        for (share, cyst_mm) in [(0.1, 0.0), (0.45, 9.0), (0.8, 7.0)] {
            let truth = truth(share, cyst_mm);
            // One point of the fine grid is 0.03 % of the canal.
            assert!((truth.canal_share - share).abs() < 2e-3, "{}", truth.canal_share);
            assert!((truth.cyst_mm - cyst_mm).abs() < 0.02, "{}", truth.cyst_mm);
            assert!((truth.si_ratio - 0.7).abs() < 1e-9, "{}", truth.si_ratio);
        }
    }

    #[test]
    fn the_more_of_the_canal_is_tumour_the_worse_for_the_cord() {
        let found = [0.0, 0.1, 0.42, 0.62, 0.93].map(|share| truth(share, 0.0));
        assert_eq!(found.each_ref().map(|t| t.compressed), [false, false, false, true, true]);
        assert_eq!(found.each_ref().map(|t| t.escc), ["0", "1b", "1c", "2", "3"]);
        assert!(found[1].cord_area_loss < 0.05 && found[3].cord_area_loss > 0.15, "{found:?}");
    }

    #[test]
    fn the_image_shows_what_the_truth_says_and_the_prompts_lie_about_it() {
        let (source, spec, mr) = wanted(0.45, 9.0);
        let made = mr_exam(&source, &spec, &mr);
        let mean = |mask: &Mask| {
            let inside = made.image.as_slice().iter().zip(mask.as_slice()).filter(|(_, m)| **m);
            inside.clone().map(|(v, _)| f64::from(*v)).sum::<f64>() / inside.count() as f64
        };
        let [tumour, canal, cord] = made.outlines.each_ref().map(|(_, mask)| mean(mask));
        // The coil is uneven by some tenths.
        assert!((tumour / cord - 0.75).abs() < 0.25 && canal > 1.1 * cord, "{tumour} {canal} {cord}");
        let volume_mm3 = made.outlines[0].1.count() as f64 * made.image.geometry().voxel_volume_mm3();
        assert!((volume_mm3 / made.truth.volume_mm3 - 1.0).abs() < 0.05);
        let size: Vec<f64> = serde_json::from_value(made.prompts.region["markups"][0]["size"].clone()).unwrap();
        let widest = size[0].max(size[1]);
        assert!(widest > made.truth.max_diameter_mm / 1.5 - 4.0 && widest < made.truth.max_diameter_mm + 4.0);
        let points = made.prompts.canal["markups"][0]["controlPoints"].as_array().unwrap();
        assert_eq!(points.len(), 4);
    }
}
