//! Lines from each lesion's first to its last value, through every timepoint between, and their mean.

use super::{Area, COOL, Drawn, FONT, GREY, Plot, WARM, drawn, key, range, write};
use crate::stats::cohort::Cohort;
use crate::stats::cohort::pairing::{Pair, Pairing};
use crate::stats::figures::{decimals_for, fixed};
use crate::stats::summary::mean;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

const SIZE: (u32, u32) = (560, 460);

/// A measure that is drawn.
struct Shown {
    modality: &'static str,
    measure: &'static str,
    title: &'static str,
    /// 100 for per cent of shares.
    scale: f64,
    /// Of its mean.
    decimals: usize,
}

const SHOWN: [Shown; 4] = [
    shown("CT", "max_diameter", "largest axial diameter (mm)", 1.0, 1),
    shown("MR", "canal_occupancy", "canal taken by tumour (%)", 100.0, 1),
    shown("MR", "si_ratio", "T2 signal of tumour to cord", 1.0, 2),
    shown("CT", "vertebral_height", "vertebral height (mm)", 1.0, 1),
];

const fn shown(
    modality: &'static str,
    measure: &'static str,
    title: &'static str,
    scale: f64,
    decimals: usize,
) -> Shown {
    Shown { modality, measure, title, scale, decimals }
}

/// The values of one lesion at the timepoints that are drawn.
type Course = Vec<Option<f64>>;

/// A plot of each measure that some lesion has twice.
pub fn courses(cohort: &Cohort) -> Vec<Result<Plot, String>> {
    SHOWN.iter().filter_map(|shown| plot(&cohort.measures, shown)).collect()
}

fn plot(measures: &Pairing, shown: &Shown) -> Option<Result<Plot, String>> {
    let pairs = measures.pairs.iter().filter(|p| p.modality == shown.modality && p.measure == shown.measure);
    let counted = pairs.filter(|pair| measures.units[pair.unit].excluded.is_none());
    let mut all: Vec<Course> = counted.map(|pair| numbers(pair, shown.scale)).collect();
    all.retain(|course| course.iter().flatten().count() > 1);
    let used: Vec<usize> = (0..measures.timepoints.len()).filter(|&t| all.iter().any(|c| c[t].is_some())).collect();
    let names: Vec<&str> = used.iter().map(|&t| measures.timepoints[t].as_str()).collect();
    let lines: Vec<Course> = all.iter().map(|course| used.iter().map(|&t| course[t]).collect()).collect();
    if lines.is_empty() {
        return None;
    }
    let caption = caption(shown, &names, &lines);
    let svg = drawn(SIZE, &caption, |area| draw(area, shown.title, &names, &lines));
    Some(svg.map(|svg| Plot { file: format!("lines_{}.svg", shown.measure), caption, svg }))
}

fn numbers(pair: &Pair, scale: f64) -> Course {
    let number = |text: &Option<String>| text.as_ref()?.parse().ok().filter(|v: &f64| v.is_finite()).map(|v| scale * v);
    pair.course.iter().map(number).collect()
}

/// The mean at a timepoint of all that were examined then.
fn mean_at(lines: &[Course], t: usize) -> Option<f64> {
    let there: Vec<f64> = lines.iter().filter_map(|course| course[t]).collect();
    (!there.is_empty()).then(|| mean(&there))
}

fn caption(shown: &Shown, names: &[&str], lines: &[Course]) -> String {
    let at = |(t, name): (usize, &&str)| {
        let n = lines.iter().filter(|course| course[t].is_some()).count();
        mean_at(lines, t).map(|mean| format!("{} at {name} (n = {n})", fixed(mean, shown.decimals)))
    };
    let means: Vec<String> = names.iter().enumerate().filter_map(at).collect();
    format!("Each line a lesion: {}. Mean: {}.", shown.title, means.join(", "))
}

/// From the first to the last value: fell, stayed or rose.
fn colour(course: &Course) -> RGBColor {
    let values: Vec<f64> = course.iter().flatten().copied().collect();
    match values.first().zip(values.last()).map(|(first, last)| last - first) {
        Some(change) if change < 0.0 => COOL,
        Some(change) if change > 0.0 => WARM,
        _ => GREY,
    }
}

fn points(course: &Course) -> Vec<(f64, f64)> {
    course.iter().enumerate().filter_map(|(t, value)| value.map(|v| (t as f64, v))).collect()
}

fn draw(area: &Area, title: &str, names: &[&str], lines: &[Course]) -> Drawn {
    let y = range(lines.iter().flatten().flatten().copied());
    let decimals = decimals_for(10.0 * (y.end - y.start));
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_top(40)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(-0.25..names.len() as f64 - 0.75, y.clone())?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(0)
        .y_desc(title)
        .y_label_formatter(&|value| fixed(*value, decimals))
        .label_style(FONT)
        .axis_desc_style(FONT)
        .draw()?;
    for course in lines {
        let colour = colour(course).mix(0.6);
        chart.draw_series([PathElement::new(points(course), colour.stroke_width(1))])?;
        chart.draw_series(points(course).into_iter().map(|point| Circle::new(point, 3, colour.filled())))?;
    }
    let means: Course = (0..names.len()).map(|t| mean_at(lines, t)).collect();
    chart.draw_series([PathElement::new(points(&means), BLACK.stroke_width(3))])?;
    chart.draw_series(points(&means).into_iter().map(|point| Circle::new(point, 5, BLACK.filled())))?;
    for (t, name) in names.iter().enumerate() {
        let tick = chart.backend_coord(&(t as f64, y.start));
        write(area, name, (tick.0, tick.1 + 8), FONT, (HPos::Center, VPos::Top))?;
    }
    legend(area, lines)
}

fn legend(area: &Area, lines: &[Course]) -> Drawn {
    let mut x = 80;
    for (wanted, name) in [(COOL, "fell"), (GREY, "same"), (WARM, "rose")] {
        let n = lines.iter().filter(|course| colour(course) == wanted).count();
        if n > 0 {
            x = key(area, (x, 14), wanted.filled(), wanted, &format!("{name}: {n}"))?;
        }
    }
    key(area, (x, 14), BLACK.filled(), BLACK, "mean").map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::super::tests::of;
    use super::*;

    #[test]
    fn all_timepoints_are_drawn_in_the_order_of_time() {
        let rows = "P1,post,MR,canal_occupancy,0.2,1\nP1,m3,MR,canal_occupancy,0.3,1\nP1,pre,MR,canal_occupancy,0.4,1\n\
                    P2,pre,MR,canal_occupancy,0.5,1\nP2,post,MR,canal_occupancy,0.6,1\nP3,pre,MR,canal_occupancy,0.9,1\n\
                    P3,post,MR,volume,1,mm3\n";
        let found = courses(&of(rows)).remove(0).unwrap();
        assert_eq!(found.file, "lines_canal_occupancy.svg");
        let means = "Mean: 45.0 at pre (n = 2), 30.0 at m3 (n = 1), 40.0 at post (n = 2).";
        assert!(found.caption.ends_with(means), "who is examined once is not in it: {}", found.caption);
        assert!(found.svg.contains("fell: 1") && found.svg.contains("rose: 1") && !found.svg.contains("same"));
        assert_eq!(found.svg.matches("<circle").count(), 5 + 3, "every value and every mean");
    }

    #[test]
    fn a_length_that_stays_is_neither_risen_nor_fallen() {
        let rows = "P1,pre,CT,max_diameter,50,mm\nP1,post,CT,max_diameter,50,mm\n";
        let found = courses(&of(rows)).remove(0).unwrap();
        assert!(found.svg.contains("same: 1") && !found.svg.contains("NaN"));
    }
}
