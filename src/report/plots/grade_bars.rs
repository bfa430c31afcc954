//! Bars of the Boriani grades: how many lesions had each before and after treatment.

use super::{Area, COOL, Drawn, FONT, Plot, drawn, key, write};
use crate::stats::cohort::Cohort;
use crate::stats::cohort::pairing::{GRADE, PAIRED_GRADE};
use crate::stats::cohort::rows::{Numbers, Part, Row};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

const SIZE: (u32, u32) = (720, 420);

/// A class with how many are of it before and after.
type Class = (String, [usize; 2]);

/// The plot; `None` without a grade.
pub fn grade_bars(cohort: &Cohort) -> Option<Result<Plot, String>> {
    let is_grade = |row: &&Row| [GRADE, PAIRED_GRADE].iter().any(|name| row.name == format!("CT {name}"));
    let row = cohort.rows.iter().filter(|row| row.table == Part::One).find(is_grade)?;
    let Numbers::Counts(classes) = &row.numbers else { return None };
    let each: Vec<String> = classes.iter().map(|(class, [a, b])| format!("{class}: {a} and {b}")).collect();
    let caption = format!("Boriani grades of {} lesions before and after treatment ({}).", row.n, each.join(", "));
    let svg = drawn(SIZE, &caption, |area| draw(area, classes));
    Some(svg.map(|svg| Plot { file: "grade_bars.svg".into(), caption, svg }))
}

fn draw(area: &Area, classes: &[Class]) -> Drawn {
    let most = classes.iter().flat_map(|(_, counts)| counts).max().copied().unwrap_or(0);
    let top = most.max(1) as f64 * 1.12;
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_top(40)
        .x_label_area_size(46)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..classes.len() as f64, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(0)
        .y_label_formatter(&|count| if count.fract() == 0.0 { format!("{count:.0}") } else { String::new() })
        .x_desc("Boriani grade")
        .y_desc("lesions")
        .label_style(FONT)
        .axis_desc_style(FONT)
        .draw()?;
    for (i, (class, counts)) in classes.iter().enumerate() {
        let tick = chart.backend_coord(&(i as f64 + 0.5, 0.0));
        write(area, class, (tick.0, tick.1 + 6), FONT, (HPos::Center, VPos::Top))?;
        for (side, (count, fill)) in counts.iter().zip(fills()).enumerate() {
            let left = i as f64 + 0.12 + 0.39 * side as f64;
            let bar = [(left, 0.0), (left + 0.36, *count as f64)];
            chart.draw_series([Rectangle::new(bar, fill), Rectangle::new(bar, COOL.stroke_width(1))])?;
            let above = chart.backend_coord(&(left + 0.18, *count as f64));
            write(area, &count.to_string(), (above.0, above.1 - 4), FONT, (HPos::Center, VPos::Bottom))?;
        }
    }
    let [before, after] = fills();
    let next = key(area, (76, 14), before, COOL, "before")?;
    key(area, (next, 14), after, COOL, "after").map(|_| ())
}

/// Before treatment pale, after it full: told apart without colour.
fn fills() -> [ShapeStyle; 2] {
    [COOL.mix(0.15).filled(), COOL.filled()]
}

#[cfg(test)]
mod tests {
    use super::super::tests::of;
    use super::*;

    #[test]
    fn a_bar_for_each_grade_before_and_after() {
        let rows = |p: &str, after: &str| format!("{p},pre,CT,boriani_grade,0,\n{p},post,CT,boriani_grade,{after},\n");
        let found = grade_bars(&of(&(rows("P1", "2a") + &rows("P2", "3") + &rows("P3", "3")))).unwrap().unwrap();
        assert!(found.caption.contains("of 3 lesions") && found.caption.contains("0: 3 and 0, 1a: 0 and 0"));
        let full = found.svg.matches("opacity=\"1\" fill=\"#0072B2\" stroke=\"none\"").count();
        assert_eq!(full, 6 + 1, "a full bar of each grade and one in the key: {}", found.svg);
    }
}
