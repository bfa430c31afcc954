//! Lines from each lesion's first to its last value, through every timepoint between, and their mean.

use super::{Area, COOL, Drawn, FONT, GREY, Plot, WARM, drawn, key, range, write};
use crate::stats::cohort::Cohort;
use crate::stats::cohort::pairing::{Pair, Pairing};
use crate::stats::cohort::rows::SAME_MM;
use crate::stats::figures::{decimals_for, fixed};
use crate::stats::summary::mean;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, VPos};

const SIZE: (u32, u32) = (560, 460);

/// What is drawn: modality, measure, what it is called, factor (per cent of shares).
const SHOWN: [(&str, &str, &str, f64); 4] = [
    ("CT", "max_diameter", "largest axial diameter (mm)", 1.0),
    ("MR", "canal_occupancy", "canal taken by tumour (%)", 100.0),
    ("MR", "si_ratio", "T2 signal of tumour to cord", 1.0),
    ("CT", "vertebral_height", "vertebral height (mm)", 1.0),
];

/// The values of one lesion at the timepoints that are drawn.
type Course = Vec<Option<f64>>;

/// A plot of each measure that some lesion has twice.
pub fn courses(cohort: &Cohort) -> Vec<Result<Plot, String>> {
    SHOWN.iter().filter_map(|shown| plot(&cohort.measures, shown)).collect()
}

fn plot(
    measures: &Pairing,
    &(modality, measure, title, scale): &(&str, &str, &str, f64),
) -> Option<Result<Plot, String>> {
    let pairs = measures.pairs.iter().filter(|p| p.modality == modality && p.measure == measure);
    let (mut mm, mut all) = (false, Vec::new());
    for pair in pairs.filter(|pair| measures.units[pair.unit].excluded.is_none()) {
        mm = pair.measured_in == "mm";
        all.push(numbers(pair, scale));
    }
    all.retain(|course| course.iter().flatten().count() > 1);
    let used: Vec<usize> = (0..measures.timepoints.len()).filter(|&t| all.iter().any(|c| c[t].is_some())).collect();
    let names: Vec<&str> = used.iter().map(|&t| measures.timepoints[t].as_str()).collect();
    let lines: Vec<Course> = all.iter().map(|course| used.iter().map(|&t| course[t]).collect()).collect();
    if lines.is_empty() {
        return None;
    }
    let step = if mm { SAME_MM } else { 0.0 };
    let caption = caption(title, &names, &lines);
    let svg = drawn(SIZE, &caption, |area| draw(area, title, &names, &lines, step));
    Some(svg.map(|svg| Plot { file: format!("lines_{measure}.svg"), caption, svg }))
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

fn caption(title: &str, names: &[&str], lines: &[Course]) -> String {
    let spread = range(lines.iter().flatten().flatten().copied());
    let decimals = decimals_for((spread.end - spread.start) / 10.0);
    let at = |(t, name): (usize, &&str)| {
        let n = lines.iter().filter(|course| course[t].is_some()).count();
        mean_at(lines, t).map(|mean| format!("{} at {name} (n = {n})", fixed(mean, decimals)))
    };
    let means: Vec<String> = names.iter().enumerate().filter_map(at).collect();
    format!("Each line a lesion: {title}. Mean: {}.", means.join(", "))
}

/// From the first to the last value: fell, stayed or rose.
fn colour(course: &Course, step: f64) -> RGBColor {
    let values: Vec<f64> = course.iter().flatten().copied().collect();
    match values.first().zip(values.last()).map(|(first, last)| last - first) {
        Some(change) if change < 0.0 && change.abs() >= step => COOL,
        Some(change) if change > 0.0 && change.abs() >= step => WARM,
        _ => GREY,
    }
}

fn points(course: &Course) -> Vec<(f64, f64)> {
    course.iter().enumerate().filter_map(|(t, value)| value.map(|v| (t as f64, v))).collect()
}

fn draw(area: &Area, title: &str, names: &[&str], lines: &[Course], step: f64) -> Drawn {
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
        let colour = colour(course, step).mix(0.6);
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
    legend(area, lines, step)
}

fn legend(area: &Area, lines: &[Course], step: f64) -> Drawn {
    let mut x = 80;
    for (wanted, name) in [(COOL, "fell"), (GREY, "same"), (WARM, "rose")] {
        let n = lines.iter().filter(|course| colour(course, step) == wanted).count();
        if n > 0 {
            x = key(area, (x, 14), wanted.filled(), wanted, &format!("{name}: {n}"))?;
        }
    }
    key(area, (x, 14), BLACK.filled(), BLACK, "mean").map(|_| ())
}
