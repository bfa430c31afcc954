//! The waterfall: each lesion's change of diameter as a bar, from the largest rise to the largest fall.

use super::{Area, COOL, Drawn, FONT, GREY, Plot, SMALL, WARM, drawn, key};
use crate::stats::cohort::Cohort;
use crate::stats::cohort::response::{Class, Criterion, RECIST_FALL, RECIST_RISE, Response};
use crate::stats::figures::fixed;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// More lesions than this have no names below their bars.
const MOST_NAMED: usize = 60;
/// Letters of a name that there is room for.
const LONGEST_NAME: usize = 18;
/// Pixels for each bar, and the least and most for all of them.
const BAR: usize = 22;
const WIDTHS: [usize; 2] = [620, 1500];

/// One bar.
struct Bar {
    name: String,
    percent: f64,
    class: Option<Class>,
}

/// The plot; `None` without a change of diameter.
pub fn waterfall(cohort: &Cohort) -> Option<Result<Plot, String>> {
    let bars = bars(cohort);
    let (first, last) = (bars.first()?, bars.last()?);
    let caption = format!(
        "Change of the largest axial diameter of {} lesions, from {} to {} %. Dashed: limits of RECIST 1.1, {} and +{} %.",
        bars.len(),
        fixed(first.percent, 1),
        fixed(last.percent, 1),
        -RECIST_FALL,
        RECIST_RISE
    );
    let width = (BAR * bars.len()).clamp(WIDTHS[0], WIDTHS[1]) as u32 + 100;
    let svg = drawn((width, 480), &caption, |area| draw(area, &bars));
    Some(svg.map(|svg| Plot { file: "waterfall.svg".into(), caption, svg }))
}

/// In falling order; equal ones as the cohort has them.
fn bars(cohort: &Cohort) -> Vec<Bar> {
    let units = &cohort.measures.units;
    let several = units.iter().any(|unit| unit.lesion != units[0].lesion);
    let bar = |response: &Response| {
        let unit = &units[response.unit];
        let name = if several { format!("{} {}", unit.patient, unit.lesion) } else { unit.patient.clone() };
        let class = response.classes[Criterion::Recist as usize].as_ref().ok().copied();
        Some(Bar { name: short(&name), percent: response.size?, class })
    };
    let mut bars: Vec<Bar> = cohort.responses.iter().filter_map(bar).collect();
    bars.sort_by(|a, b| b.percent.total_cmp(&a.percent));
    bars
}

/// The end of a name tells patients apart.
fn short(name: &str) -> String {
    let n = name.chars().count();
    if n <= LONGEST_NAME {
        return name.to_owned();
    }
    let end: String = name.chars().skip(n - LONGEST_NAME + 1).collect();
    format!("\u{2026}{end}")
}

fn colour(class: Option<Class>) -> RGBColor {
    match class {
        Some(Class::Partial) => COOL,
        Some(Class::Progressive) => WARM,
        _ => GREY,
    }
}

fn draw(area: &Area, bars: &[Bar]) -> Drawn {
    let named = bars.len() <= MOST_NAMED;
    let low = bars.iter().fold(-RECIST_FALL, |low, bar| low.min(bar.percent)) - 6.0;
    let high = bars.iter().fold(RECIST_RISE, |high, bar| high.max(bar.percent)) + 6.0;
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_top(40)
        .x_label_area_size(if named { 150 } else { 20 })
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..bars.len() as f64, low..high)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_x_axis()
        .y_desc("change of diameter (%)")
        .y_label_formatter(&|percent| format!("{percent:.0}"))
        .label_style(FONT)
        .axis_desc_style(FONT)
        .draw()?;
    let bottom = chart.backend_coord(&(0.0, low)).1;
    let name_font = SMALL.into_font().transform(FontTransform::Rotate270).color(&BLACK);
    for (i, bar) in bars.iter().enumerate() {
        let (left, right) = (i as f64 + 0.12, i as f64 + 0.88);
        let area_of_bar = [(left, 0.0), (right, bar.percent)];
        chart.draw_series([Rectangle::new(area_of_bar, colour(bar.class).filled())])?;
        if named {
            let x = chart.backend_coord(&(i as f64 + 0.5, low)).0;
            let style = name_font.clone().pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(bar.name.clone(), (x, bottom + 6), style))?;
        }
    }
    let across = |y: f64| vec![(0.0, y), (bars.len() as f64, y)];
    chart.draw_series([PathElement::new(across(0.0), BLACK.stroke_width(1))])?;
    for limit in [-RECIST_FALL, RECIST_RISE] {
        chart.draw_series([DashedPathElement::new(across(limit), 6, 4, BLACK.mix(0.6).stroke_width(1))])?;
    }
    legend(area, bars)
}

fn legend(area: &Area, bars: &[Bar]) -> Drawn {
    let mut x = 88;
    let all = Class::ALL.into_iter().map(Some).chain([None]);
    for class in all {
        let n = bars.iter().filter(|bar| bar.class == class).count();
        let name = class.map_or("not measurable", Class::code);
        if n > 0 {
            x = key(area, (x, 14), colour(class).filled(), colour(class), &format!("{name}: {n}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::of;
    use super::*;

    fn lesions(values: &[(f64, f64)]) -> Cohort {
        let row = |(i, (a, b)): (usize, &(f64, f64))| {
            format!("P{i},pre,CT,max_diameter,{a},mm\nP{i},post,CT,max_diameter,{b},mm\n")
        };
        of(&values.iter().enumerate().map(row).collect::<String>())
    }

    #[test]
    fn bars_fall_from_the_largest_rise_to_the_largest_fall() {
        let cohort = lesions(&[(50.0, 30.0), (50.0, 50.0), (50.0, 70.0), (50.0, 45.0)]);
        let percents: Vec<f64> = bars(&cohort).iter().map(|bar| bar.percent).collect();
        assert_eq!(percents, [40.0, 0.0, -10.0, -40.0]);
        let found = waterfall(&cohort).unwrap().unwrap();
        assert!(found.caption.starts_with("Change of the largest axial diameter of 4 lesions, from 40.0 to -40.0 %."));
        for key in ["PR: 1", "SD: 2", "PD: 1"] {
            assert!(found.svg.contains(key), "{key}");
        }
    }

    #[test]
    fn lesions_that_do_not_change_and_a_great_many_are_drawn_too() {
        let still = waterfall(&lesions(&[(50.0, 50.0), (40.0, 40.0)])).unwrap().unwrap();
        assert!(!still.svg.contains("NaN") && still.svg.contains("SD: 2"));
        let many: Vec<(f64, f64)> = (0..400).map(|i| (50.0, 30.0 + 0.1 * f64::from(i))).collect();
        let many = waterfall(&lesions(&many)).unwrap().unwrap();
        assert!(many.svg.contains("width=\"1600\"") && !many.svg.contains("P399"), "too many to be named");
    }

    #[test]
    fn of_a_long_name_the_end_is_kept() {
        assert_eq!(short("OSTEON-PHANTOM-01"), "OSTEON-PHANTOM-01");
        assert_eq!(short("A-VERY-LONG-PSEUDONYM-0042"), "\u{2026}NG-PSEUDONYM-0042");
    }
}
