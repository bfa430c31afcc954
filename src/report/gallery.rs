//! The pictures of an exam, under the names they have in `qc/`.

use super::exam::Exam;
use super::{deciding, mr, sheet};
pub use crate::batch::measurer::Gallery;
pub use crate::batch::study::ExamName;
use crate::measure::Modality;
use crate::measure::board::Board;
use crate::measure::keys::{AXIAL_IMAGE, AXIAL_STRUCTURES, CYSTS, INTERIOR, OUTLINE, RIM, RIM_SLICES, SCAN, SLICES};
use crate::measure::rows::ExamRows;

/// The deciding slice and the contact sheet of an exam, as PNG.
pub struct Pictures;

impl Gallery for Pictures {
    fn reads(&self) -> &'static [&'static str] {
        const {
            &[
                SCAN.name,
                AXIAL_IMAGE.name,
                AXIAL_STRUCTURES.name,
                CYSTS.name,
                OUTLINE.name,
                SLICES.name,
                RIM.name,
                RIM_SLICES.name,
                INTERIOR.name,
            ]
        }
    }

    fn pictures(&self, who: &ExamName, board: &Board, rows: &ExamRows) -> Vec<(String, Vec<u8>)> {
        let (stem, title) = (who.stem(), super::exam::title(who, rows, board));
        let pair = match who.modality {
            Modality::Ct => Exam::of(board, rows).map(|e| [deciding::picture(&e, &title), sheet::picture(&e, &title)]),
            Modality::Mr => mr::Exam::of(board, rows).map(|e| [mr::deciding(&e, &title), mr::all_slices(&e, &title)]),
        };
        match pair {
            None => vec![(format!("{stem}.png"), deciding::without_image(&title, rows).png())],
            Some([one, all]) => vec![(format!("{stem}.png"), one.png()), (format!("{stem}_sheet.png"), all.png())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, Hook};
    use crate::measure::flag::FLAGS;
    use crate::measure::reason::REASONS;
    use crate::measure::rows::ExamRow;
    use crate::measure::{Refusal, reason};
    use crate::report::example;
    use crate::report::palette::{COVERED, Colour, UNCOVERED, UNEVALUABLE};

    /// Where somebody wants to look at the pictures of these tests.
    fn keep(pictures: &[(String, Vec<u8>)]) {
        if let Ok(folder) = std::env::var("OSTEON_KEEP_PICTURES") {
            for (name, png) in pictures {
                std::fs::write(std::path::Path::new(&folder).join(name), png).unwrap();
            }
        }
    }

    fn named(patient: &str) -> ExamName {
        ExamName { patient: patient.to_owned(), ..example::name() }
    }

    #[test]
    fn a_graded_exam_has_its_slice_and_its_sheet_in_equal_bytes() {
        let (board, rows) = (example::board(), example::rows());
        let first = Pictures.pictures(&example::name(), &board, &rows);
        keep(&first);
        assert_eq!(
            first.iter().map(|p| p.0.as_str()).collect::<Vec<_>>(),
            ["YU07_post_CT.png", "YU07_post_CT_sheet.png"]
        );
        assert_eq!(first, Pictures.pictures(&example::name(), &board, &rows));
    }

    #[test]
    fn the_deciding_slice_shows_each_kind_of_arc_where_it_is() {
        let (board, rows) = (example::board(), example::rows());
        let exam = Exam::of(&board, &rows).unwrap();
        assert_eq!(exam.deciding(), 8, "the grade's slice, not the largest");
        let (canvas, view) = (deciding::picture(&exam, "YU07"), exam.view(deciding::IMAGE));
        let shows = |turns: f64, colour: Colour| {
            let (angle, r) = (turns * std::f64::consts::TAU, example::radius_mm(turns * std::f64::consts::TAU, 8));
            let at = [example::CENTRE[0] + r * libm::cos(angle), example::CENTRE[1] + r * libm::sin(angle)];
            let [x, y] = view.spot(at);
            canvas.get(x as u32, y as u32).is_some_and(|p| p == colour[..3])
        };
        let share = |from: f64, to: f64, colour| {
            (0..200).filter(|k| shows(from + (to - from) * f64::from(*k) / 200.0, colour)).count()
        };
        assert!(share(0.02, 0.12, COVERED) > 190, "posterior left is covered, clear of the diameter");
        assert!((100..190).contains(&share(0.75, 0.98, UNCOVERED)), "anterior left is not, and dashed");
        assert!((60..160).contains(&share(0.51, 0.59, UNEVALUABLE)), "between them dots");
        assert_eq!(share(0.02, 0.12, UNCOVERED) + share(0.75, 0.98, COVERED), 0);
    }

    /// Takes the pictures when an exam of a real graph ends.
    struct Camera(std::sync::Mutex<Vec<(String, Vec<u8>)>>);

    impl Hook for Camera {
        fn before(&self, _: &'static str) {}
        fn stage(&self, _: &'static str, _: std::time::Duration) {}
        fn finished(&self, board: &Board, rows: &ExamRows) {
            *self.0.lock().unwrap() = Pictures.pictures(&named("graph"), board, rows);
        }
    }

    #[test]
    fn a_graph_keeps_what_the_pictures_need() {
        let (config, _) = crate::config::load(None, None, &[]).unwrap();
        let wanted: Vec<String> =
            ["max_diameter", "boriani_grade", "rim_coverage", "rim", "ossified_fraction", "interior"]
                .map(str::to_owned)
                .into();
        let graph = Graph::new(Modality::Ct, &wanted, Pictures.reads()).unwrap();
        let camera = Camera(std::sync::Mutex::default());
        let rows = graph.run(example::given(), &config.settings, &camera);
        assert!(rows.exam("max_diameter").and_then(ExamRow::number).is_some());
        let pictures = camera.0.into_inner().unwrap();
        keep(&pictures);
        assert_eq!(pictures.len(), 2);
    }

    #[test]
    fn the_longest_names_and_every_reason_fit() {
        let mut rows = example::rows();
        rows.exams = REASONS.iter().map(|r| example::refused(r.code, r.code)).collect();
        rows.exams.push(ExamRow { flags: FLAGS.iter().map(|f| f.0.to_owned()).collect(), ..rows.exams[0].clone() });
        let long = "W".repeat(64);
        let who = ExamName { timepoint: long.clone(), series: "S".repeat(16), lesion: "L".repeat(16), ..named(&long) };
        let pictures = Pictures.pictures(&who, &example::board(), &rows);
        let card = Pictures.pictures(&who, &Board::default(), &rows);
        assert_eq!((pictures.len(), card.len()), (2, 1));
    }

    #[test]
    fn an_exam_without_a_grade_shows_its_outline_and_says_why() {
        let (mut board, mut rows) = (example::board(), example::rows());
        board.refuse(RIM.name, Refusal::of(reason::EVALUABLE_PERIMETER_LT_50PCT, ""));
        rows.exams[1] = example::refused("rim_coverage", "evaluable_perimeter_lt_50pct");
        rows.exams[2] = example::refused("rim", "evaluable_perimeter_lt_50pct");
        let flags = vec!["feasible:2b|3".to_owned()];
        rows.exams[5] = ExamRow { flags, ..example::refused("boriani_grade", "rim_ne") };
        let pictures = Pictures.pictures(&named("YU08"), &board, &rows);
        keep(&pictures);
        assert_eq!(pictures.len(), 2);
    }

    #[test]
    fn an_exam_without_an_outline_says_why() {
        let exams =
            ["max_diameter", "rim_coverage", "boriani_grade"].map(|m| example::refused(m, "fov_truncated")).into();
        let rows = ExamRows { slices: Vec::new(), exams };
        let long = "a-pseudonym-of-sixty-four-letters-as-the-table-allows-it-0123456";
        let pictures = Pictures.pictures(&named(long), &Board::default(), &rows);
        keep(&pictures);
        assert_eq!(pictures.len(), 1);
    }
}
