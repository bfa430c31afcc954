//! What a reader marks for a segmentation, as 3D Slicer writes it (markups schema 1.0.3), with a hand's jitter.

use super::super::section;
use super::super::stream::Stream;
use super::exam::Cut;
use super::scene::MrScene;
use crate::geometry::Vec3;
use serde_json::{Value, json};

/// Faces of the box are marked to this, mm.
const BOX_JITTER_MM: f64 = 2.0;
/// Ends of the line, mm.
const LINE_JITTER_MM: f64 = 1.5;
/// Points in the canal, mm.
const POINT_JITTER_MM: f64 = 1.0;

/// The markups of an exam, LPS mm.
#[derive(Clone, Debug)]
pub struct Prompts {
    /// A box about the tumour.
    pub region: Value,
    /// Its longest diameter.
    pub line: Value,
    /// Points along the canal, upwards.
    pub canal: Value,
}

/// Marks an exam.
pub fn mark(scene: &MrScene, cut: &Cut, stream: &mut Stream) -> Prompts {
    let [low, high] = bounds(cut);
    let face = |stream: &mut Stream, mm: f64| mm + stream.between(-BOX_JITTER_MM, BOX_JITTER_MM);
    let (low, high) = (low.map(|mm| face(stream, mm)), high.map(|mm| face(stream, mm)));
    let ends = longest(cut).map(|[x, y, z]| {
        let mut jitter = || stream.between(-LINE_JITTER_MM, LINE_JITTER_MM);
        [x + jitter(), y + jitter(), z]
    });
    let last = cut.stack.count - 1;
    let canal: Vec<Vec3> = [1, last / 3, 2 * last / 3, last - 1]
        .into_iter()
        .map(|slice| {
            let z = cut.stack.z_mm(slice);
            let [x, y] = scene.canal_middle(z);
            let mut jitter = || stream.between(-POINT_JITTER_MM, POINT_JITTER_MM);
            [x + jitter(), y + jitter(), z]
        })
        .collect();
    Prompts {
        region: file(json!({
            "type": "ROI", "name": "tumour_box", "coordinateSystem": "LPS", "coordinateUnits": "mm", "roiType": "Box",
            "center": round([0, 1, 2].map(|a| 0.5 * (low[a] + high[a]))),
            "orientation": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            "size": round([0, 1, 2].map(|a| high[a] - low[a])),
        })),
        line: points("Line", "tumour_diameter", &ends),
        canal: points("Fiducial", "canal", &canal),
    }
}

/// The smallest box about the tumour's sections, half a slice beyond the outer ones.
fn bounds(cut: &Cut) -> [Vec3; 2] {
    let half = 0.5 * cut.stack.step_mm;
    let mut all = [[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]];
    for s in &cut.tumour {
        for &[x, y] in s.rings.iter().flatten() {
            all[0] = [all[0][0].min(x), all[0][1].min(y), all[0][2].min(s.z_mm - half)];
            all[1] = [all[1][0].max(x), all[1][1].max(y), all[1][2].max(s.z_mm + half)];
        }
    }
    all
}

/// The ends of the longest diameter of all sections.
fn longest(cut: &Cut) -> [Vec3; 2] {
    let of = |s: &super::super::slices::Section| {
        section::widest(&s.rings).map(|(a, b)| (section::distance_mm(a, b), [a, b].map(|[x, y]| [x, y, s.z_mm])))
    };
    let all = cut.tumour.iter().filter_map(of);
    all.max_by(|a, b| a.0.total_cmp(&b.0)).map_or([[0.0; 3]; 2], |found| found.1)
}

fn points(kind: &str, name: &str, places: &[Vec3]) -> Value {
    let control: Vec<Value> = places
        .iter()
        .enumerate()
        .map(|(i, &p)| json!({"id": (i + 1).to_string(), "label": format!("{name}-{}", i + 1), "position": round(p), "positionStatus": "defined"}))
        .collect();
    file(
        json!({"type": kind, "name": name, "coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": control}),
    )
}

fn file(markup: Value) -> Value {
    let schema = "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/markups-schema-v1.0.3.json#";
    json!({"@schema": schema, "markups": [markup]})
}

fn round(p: Vec3) -> Vec3 {
    p.map(|mm| libm::round(mm * 1e3) / 1e3)
}

#[cfg(test)]
mod tests {
    use super::super::super::cohort::{COHORTS, Cohort};
    use super::super::super::{hand, scanner};
    use super::super::exam::build;
    use super::*;
    use crate::volume::Mask;

    fn cohort(name: &str) -> &'static Cohort {
        COHORTS.iter().find(|c| c.name == name).unwrap()
    }

    /// Dice of the ellipsoid in the box and the true tumour before treatment.
    fn dice(cohort: &Cohort, patient: usize) -> f64 {
        let source = cohort.source(patient, 0);
        let spec = &cohort.exams(&source, patient)[0];
        let (scene, cut) = build(&source, spec, &cohort.mr_exams(&source, patient).unwrap()[0]);
        let grid =
            scanner::grid(scene.pose.to_patient(scene.body.lesion.centre()), spec.lesion.diameter_mm, &cut.stack);
        let rings: Vec<_> = cut.tumour.iter().map(|s| s.rings.clone()).collect();
        let truth = hand::rasterise(&grid, &cut.tumour, &rings);
        let marked = mark(&scene, &cut, &mut source.stream("pre/mr/prompts")).region;
        let [centre, size] = ["center", "size"]
            .map(|key| -> Vec3 { serde_json::from_value(marked["markups"][0][key].clone()).unwrap() });
        let ellipsoid = Mask::from_fn(grid.clone(), |v| {
            let p = grid.to_patient(v.map(|i| i as f64));
            (0..3).map(|a| ((p[a] - centre[a]) / (0.5 * size[a])).powi(2)).sum::<f64>() <= 1.0
        });
        let both = truth.as_slice().iter().zip(ellipsoid.as_slice()).filter(|(a, b)| **a && **b).count();
        2.0 * both as f64 / (truth.count() + ellipsoid.count()) as f64
    }

    #[test]
    fn a_prompt_alone_is_worth_what_it_is_on_real_tumours() {
        // The limits of issue D: a family on which the ellipsoid alone is better is too easy.
        for (name, [least, most]) in [("compact", [0.82, 0.89]), ("irregular", [0.68, 0.76])] {
            let all: Vec<f64> = (0..12).map(|patient| dice(cohort(name), patient)).collect();
            let mean = all.iter().sum::<f64>() / all.len() as f64;
            assert!((least..=most).contains(&mean), "{name}: {mean:.3}, {all:.2?}");
        }
    }
}
