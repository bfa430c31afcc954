//! The Bland-Altman plot as SVG with real text: differences over means, bias and limits with their intervals.

use super::plots::{Area, COOL, Drawn, FONT, WARM, drawn, range};
use crate::stats::bland_altman::{BlandAltman, Estimate};
use crate::stats::figures::{decimals_for, fixed};
use crate::stats::pairs::Pairs;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use std::ops::Range;

const SIZE: (u32, u32) = (720, 480);
/// Beside the points, for what the lines are called.
const LABELS: u32 = 165;

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// The plot of one measure.
///
/// # Errors
/// In words, if it cannot be drawn.
pub fn bland_altman_plot(measure: &str, unit: &str, pairs: &Pairs, found: &BlandAltman) -> Result<String, String> {
    let title = format!("Bland-Altman plot of {measure}: bias {:.3}", found.bias.value);
    drawn(SIZE, &title, |area| draw(area, measure, unit, pairs, found))
}

fn draw(area: &Area, measure: &str, unit: &str, pairs: &Pairs, found: &BlandAltman) -> Drawn {
    let (means, differences) = (pairs.means(), pairs.differences());
    let (x, y) = (range(means.iter().copied()), range(heights(&differences, found)));
    let (x_decimals, y_decimals) = (decimals_for(10.0 * (x.end - x.start)), decimals_for(10.0 * (y.end - y.start)));
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(LABELS)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d(x.clone(), y)?;
    let unit = if matches!(unit, "" | "1") { String::new() } else { format!(" [{unit}]") };
    chart
        .configure_mesh()
        .disable_mesh()
        .x_desc(format!("{measure}: mean of A and B{unit}"))
        .y_desc(format!("A - B{unit}"))
        .x_label_formatter(&|value| fixed(*value, x_decimals))
        .y_label_formatter(&|value| fixed(*value, y_decimals))
        .label_style(FONT)
        .axis_desc_style(FONT)
        .draw()?;
    chart.draw_series([PathElement::new(vec![(x.start, 0.0), (x.end, 0.0)], BLACK.mix(0.4))])?;
    for (estimate, colour, name) in
        [(found.bias, COOL, "bias"), (found.lower, WARM, "\u{2212} 1.96 SD"), (found.upper, WARM, "+ 1.96 SD")]
    {
        level(&mut chart, &x, estimate, colour)?;
        let place = chart.backend_coord(&(x.end, estimate.value));
        let value = fixed(estimate.value, decimals_for(found.sd));
        area.draw(&Text::new(format!("{name}  {value}"), (place.0 + 8, place.1 - 7), FONT.into_font().color(&colour)))?;
    }
    let points = means.into_iter().zip(differences).map(|point| Circle::new(point, 4, BLACK.mix(0.55).filled()));
    chart.draw_series(points)?;
    Ok(())
}

/// A line across the plot in the band of its interval.
fn level(chart: &mut Chart, x: &Range<f64>, estimate: Estimate, colour: RGBColor) -> Drawn {
    let band = [(x.start, estimate.interval.low), (x.end, estimate.interval.high)];
    chart.draw_series([Rectangle::new(band, colour.mix(0.12).filled())])?;
    let line = vec![(x.start, estimate.value), (x.end, estimate.value)];
    chart.draw_series([PathElement::new(line, colour.stroke_width(2))])?;
    Ok(())
}

/// All that must be seen along the axis of differences, zero among it.
fn heights<'a>(differences: &'a [f64], found: &BlandAltman) -> impl Iterator<Item = f64> + 'a {
    let ends = [found.lower.interval.low, found.upper.interval.high, 0.0];
    differences.iter().copied().chain(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bland_altman::bland_altman;

    fn plot(values: &[(f64, f64)]) -> String {
        let pairs: Pairs = values.iter().copied().collect();
        bland_altman_plot("max_diameter", "mm", &pairs, &bland_altman(&pairs).unwrap()).unwrap()
    }

    #[test]
    fn every_pair_is_a_point_and_every_word_is_text() {
        let svg = plot(&[(50.0, 49.0), (60.0, 61.5), (71.0, 70.0), (30.0, 30.0)]);
        assert_eq!(svg.matches("<circle").count(), 4);
        let text = svg.replace('\n', " ");
        for word in ["max_diameter: mean of A and B [mm]", "A - B [mm]", "bias  0.12", "+ 1.96 SD  2.4"] {
            assert!(text.contains(word), "{word}: {svg}");
        }
        assert!(svg.contains("role=\"img\"") && svg.contains("<title>Bland-Altman plot of max_diameter"));
    }

    #[test]
    fn readers_who_never_differ_are_drawn_too() {
        assert_eq!(plot(&[(50.0, 50.0), (50.0, 50.0)]).matches("<circle").count(), 2);
    }
}
