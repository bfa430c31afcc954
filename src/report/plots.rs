//! The plots of a cohort as SVG with real text, for the report and as files for a manuscript.

mod courses;
mod grade_bars;
mod waterfall;

use crate::stats::cohort::Cohort;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde::Serialize;
use std::ops::Range;

/// Text of axes and labels.
pub const FONT: (&str, u32) = ("sans-serif", 16);
/// Text where many names stand side by side.
pub const SMALL: (&str, u32) = ("sans-serif", 13);
/// Okabe and Ito's blue: what fell.
pub const COOL: RGBColor = RGBColor(0, 114, 178);
/// Their vermilion: what rose.
pub const WARM: RGBColor = RGBColor(213, 94, 0);
/// What stayed.
pub const GREY: RGBColor = RGBColor(110, 110, 110);
/// Room around points and intervals, as a share of their range.
const MARGIN: f64 = 0.06;

/// Why something was not drawn.
pub type Undrawn = Box<dyn std::error::Error>;
/// What drawing ends in.
pub type Drawn = Result<(), Undrawn>;
/// Where is drawn.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A plot of a cohort.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plot {
    /// Its file.
    pub file: String,
    /// What it shows, in a sentence.
    pub caption: String,
    /// The picture.
    pub svg: String,
}

/// Every plot that the cohort has values for.
///
/// # Errors
/// In words, if one cannot be drawn.
pub fn plots(cohort: &Cohort) -> Result<Vec<Plot>, String> {
    let single = [grade_bars::grade_bars(cohort), waterfall::waterfall(cohort)];
    single.into_iter().flatten().chain(courses::courses(cohort)).collect()
}

/// A picture of that size on white ground, with what a screen reader says of it.
///
/// # Errors
/// In words, if it cannot be drawn.
pub fn drawn(size: (u32, u32), title: &str, draw: impl FnOnce(&Area) -> Drawn) -> Result<String, String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let all = area.fill(&WHITE).map_err(Into::into).and_then(|()| draw(&area)).and_then(|()| Ok(area.present()?));
        all.map_err(|e| format!("a plot cannot be drawn: {e}"))?;
    }
    Ok(described(&svg, title))
}

/// The picture with its title; the backend writes text that is escaped, a title is escaped here.
fn described(svg: &str, title: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    svg.replacen('>', &format!(" role=\"img\">\n<title>{title}</title>"), 1)
}

/// A line of text about a place of the picture, in pixels.
///
/// # Errors
/// If it cannot be drawn.
pub fn write(area: &Area, text: &str, at: (i32, i32), font: (&str, u32), anchor: (HPos, VPos)) -> Drawn {
    let style = font.into_font().color(&BLACK).pos(Pos::new(anchor.0, anchor.1));
    Ok(area.draw(&Text::new(text.to_owned(), at, style))?)
}

/// A small square with its meaning; returns where it ends, in pixels.
///
/// # Errors
/// If it cannot be drawn.
pub fn key(area: &Area, at: (i32, i32), fill: ShapeStyle, edge: RGBColor, text: &str) -> Result<i32, Undrawn> {
    let square = [at, (at.0 + 14, at.1 + 14)];
    area.draw(&Rectangle::new(square, fill))?;
    area.draw(&Rectangle::new(square, edge.stroke_width(1)))?;
    write(area, text, (at.0 + 20, at.1 + 7), FONT, (HPos::Left, VPos::Center))?;
    Ok(at.0 + 20 + 9 * text.chars().count() as i32 + 16)
}

/// From the least to the largest with a margin; never of no width.
pub fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
    let margin = if high > low { MARGIN * (high - low) } else { low.abs().max(1.0) / 2.0 };
    low - margin..high + margin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cohort::cohort;
    use crate::stats::cohort::pairing::Failures;
    use crate::stats::table::parse;

    /// A cohort of `patient,timepoint,modality,measure,value,unit`.
    pub fn of(rows: &str) -> Cohort {
        let text = format!("patient,timepoint,modality,measure,value,unit\n{rows}");
        let choice = crate::config::load(None, None, &[]).unwrap().0.cohort;
        cohort(parse(text.as_bytes(), "exams.csv").unwrap(), &Failures::default(), None, &choice).unwrap()
    }

    #[test]
    fn a_cohort_without_what_is_drawn_has_no_plots() {
        assert_eq!(plots(&of("P1,pre,CT,volume,1,mm3\nP1,post,CT,volume,2,mm3\n")).unwrap(), []);
    }

    #[test]
    fn every_plot_names_itself_and_no_name_is_markup() {
        let rows = "P<b>&,pre,CT,max_diameter,50,mm\nP<b>&,p<i>,CT,max_diameter,45,mm\n\
                    P<b>&,pre,CT,boriani_grade,0,\nP<b>&,p<i>,CT,boriani_grade,2a,\n";
        let found = plots(&of(rows)).unwrap();
        let files: Vec<&str> = found.iter().map(|plot| plot.file.as_str()).collect();
        assert_eq!(files, ["grade_bars.svg", "waterfall.svg", "lines_max_diameter.svg"]);
        for plot in &found {
            assert!(plot.svg.starts_with("<svg ") && plot.svg.contains("role=\"img\">\n<title>"), "{}", plot.svg);
            assert!(
                !plot.svg.contains("<b>") && !plot.svg.contains("<i>") && plot.svg.contains("<text"),
                "{}",
                plot.svg
            );
        }
        assert!(found[1].svg.contains("P&lt;b&gt;&amp;"));
    }
}
