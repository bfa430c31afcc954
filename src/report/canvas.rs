//! A picture in the making: rectangles, anti-aliased lines and bitmap text on one pixel map, saved as PNG.

use super::lettering::Type;
use super::palette::Colour;
use tiny_skia::{
    FillRule, LineCap, Paint, PathBuilder, Pixmap, PremultipliedColorU8, Rect, Stroke, StrokeDash, Transform,
};

/// A point on the canvas: x rightwards, y downwards, in pixels; (0, 0) is the upper left corner of the first pixel.
pub type Spot = [f64; 2];

/// A rectangle of whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Frame {
    /// One past the right edge.
    pub fn right(&self) -> u32 {
        self.x + self.width
    }

    /// One past the lower edge.
    pub fn bottom(&self) -> u32 {
        self.y + self.height
    }

    /// Smaller by `by` pixels on every side.
    pub fn inset(&self, by: u32) -> Self {
        let less = |n: u32| n.saturating_sub(2 * by);
        Self { x: self.x + by, y: self.y + by, width: less(self.width), height: less(self.height) }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Pen {
    /// Its colour.
    pub colour: Colour,
    /// Its width, pixels.
    pub width: f32,
    /// Lengths of dash and gap, pixels; `None` is a whole line.
    pub dash: Option<[f32; 2]>,
}

/// Pixels being drawn on. Everything is drawn by `tiny-skia` without SIMD, and only from straight lines, so that the
/// bytes are the same on every processor.
pub struct Canvas {
    pixels: Pixmap,
}

impl Canvas {
    /// A canvas of one colour, at least one pixel large.
    ///
    /// # Panics
    /// If it has more than 2^29 pixels across; callers draw at most a few thousand.
    pub fn new(width: u32, height: u32, ground: Colour) -> Self {
        let mut pixels = Pixmap::new(width.max(1), height.max(1)).expect("a picture is a few thousand pixels large");
        pixels.fill(paint_colour(ground));
        Self { pixels }
    }

    /// The whole canvas.
    pub fn frame(&self) -> Frame {
        Frame { x: 0, y: 0, width: self.pixels.width(), height: self.pixels.height() }
    }

    /// Fills a rectangle.
    pub fn fill(&mut self, frame: Frame, colour: Colour) {
        let rect = Rect::from_xywh(frame.x as f32, frame.y as f32, frame.width as f32, frame.height as f32);
        if let Some(rect) = rect {
            self.pixels.fill_rect(rect, &paint(colour, false), Transform::identity(), None);
        }
    }

    /// Draws the edge of a rectangle, `thick` pixels inwards.
    pub fn border(&mut self, f: Frame, thick: u32, colour: Colour) {
        self.fill(Frame { height: thick, ..f }, colour);
        self.fill(Frame { y: f.bottom() - thick, height: thick, ..f }, colour);
        self.fill(Frame { width: thick, ..f }, colour);
        self.fill(Frame { x: f.right() - thick, width: thick, ..f }, colour);
    }

    /// Draws a line through spots, anti-aliased; `closed` joins the last to the first.
    pub fn line(&mut self, spots: &[Spot], closed: bool, pen: &Pen) {
        let stroke = Stroke {
            width: pen.width,
            line_cap: LineCap::Butt,
            dash: pen.dash.and_then(|d| StrokeDash::new(d.to_vec(), 0.0)),
            ..Stroke::default()
        };
        if let Some(path) = path(spots, closed) {
            self.pixels.stroke_path(&path, &paint(pen.colour, true), &stroke, Transform::identity(), None);
        }
    }

    /// Fills a polygon, anti-aliased.
    pub fn polygon(&mut self, spots: &[Spot], colour: Colour) {
        if let Some(path) = path(spots, true) {
            let rule = FillRule::Winding;
            self.pixels.fill_path(&path, &paint(colour, true), rule, Transform::identity(), None);
        }
    }

    /// Sets an opaque pixel.
    pub fn set(&mut self, x: u32, y: u32, colour: [u8; 3]) {
        self.set_run(x, y, std::iter::once(colour));
    }

    /// Sets opaque pixels rightwards from (x, y), as far as the canvas goes.
    pub fn set_run(&mut self, x: u32, y: u32, colours: impl Iterator<Item = [u8; 3]>) {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        if x >= width || y >= height {
            return;
        }
        let row = &mut self.pixels.pixels_mut()[(y * width + x) as usize..((y + 1) * width) as usize];
        row.iter_mut().zip(colours).for_each(|(pixel, [r, g, b])| {
            *pixel = PremultipliedColorU8::from_rgba(r, g, b, 255).expect("an opaque colour is premultiplied");
        });
    }

    /// A pixel's red, green and blue.
    pub fn get(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        self.pixels.pixel(x, y).map(|p| [p.red(), p.green(), p.blue()])
    }

    /// Writes a line of text with its upper left corner at (x, y); callers see to it that it fits.
    pub fn text(&mut self, x: u32, y: u32, text: &str, size: Type, colour: Colour) {
        let (all, [r, g, b, _]) = (self.frame(), colour);
        debug_assert!(x + size.width(text) <= all.width && y + size.height() <= all.height, "no room for {text}");
        for (dx, dy) in size.raster(text).ink() {
            self.set(x + dx as u32, y + dy as u32, [r, g, b]);
        }
    }

    /// The picture as PNG, 8 bits for each of red, green and blue.
    pub fn png(&self) -> Vec<u8> {
        let mut rgb = vec![0; 3 * self.pixels.pixels().len()];
        rgb.as_chunks_mut()
            .0
            .iter_mut()
            .zip(self.pixels.pixels())
            .for_each(|(to, p)| *to = [p.red(), p.green(), p.blue()]);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.pixels.width(), self.pixels.height());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        // The usual compression would take longer than measuring the exam, for pictures two thirds the size.
        encoder.set_compression(png::Compression::Fast);
        let written = encoder.write_header().and_then(|mut w| w.write_image_data(&rgb));
        written.expect("a vector takes every byte of a picture of the size its header gives");
        bytes
    }
}

fn path(spots: &[Spot], closed: bool) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::new();
    for (i, [x, y]) in spots.iter().enumerate() {
        let (x, y) = (*x as f32, *y as f32);
        if i == 0 { builder.move_to(x, y) } else { builder.line_to(x, y) }
    }
    if closed {
        builder.close();
    }
    builder.finish()
}

fn paint_colour([r, g, b, a]: Colour) -> tiny_skia::Color {
    tiny_skia::Color::from_rgba8(r, g, b, a)
}

fn paint(colour: Colour, anti_alias: bool) -> Paint<'static> {
    let mut paint = Paint { anti_alias, ..Paint::default() };
    paint.set_color(paint_colour(colour));
    paint
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::lettering::BODY;

    const BLACK: Colour = [0, 0, 0, 255];
    const WHITE: Colour = [255, 255, 255, 255];

    #[test]
    fn a_slanted_line_is_smooth_and_a_rectangle_is_sharp() {
        let mut canvas = Canvas::new(40, 40, BLACK);
        canvas.line(&[[2.0, 3.0], [37.0, 30.0]], false, &Pen { colour: WHITE, width: 2.0, dash: None });
        let grey = canvas.pixels.pixels().iter().filter(|p| (30..220).contains(&p.red())).count();
        assert!(grey > 30, "{grey} grey pixels");
        let mut canvas = Canvas::new(8, 8, BLACK);
        canvas.fill(Frame { x: 2, y: 3, width: 4, height: 2 }, WHITE);
        assert_eq!(canvas.pixels.pixels().iter().filter(|p| p.red() == 255).count(), 8);
        assert_eq!(canvas.get(2, 3), Some([255; 3]));
        assert_eq!(canvas.get(6, 3), Some([0; 3]));
    }

    #[test]
    fn the_png_holds_the_pixels() {
        let mut canvas = Canvas::new(30, 20, BLACK);
        canvas.text(1, 1, "3", BODY, [255, 0, 0, 255]);
        let png = canvas.png();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let mut rgb = vec![0; 30 * 20 * 3];
        reader.next_frame(&mut rgb).unwrap();
        let ink = BODY.raster("3").ink().count();
        assert_eq!(rgb.chunks(3).filter(|p| **p == [255, 0, 0]).count(), ink);
        assert_eq!(png, canvas.png());
    }

    #[test]
    fn a_border_stays_inside_its_frame() {
        let mut canvas = Canvas::new(10, 10, BLACK);
        canvas.border(Frame { x: 1, y: 1, width: 8, height: 8 }, 2, WHITE);
        assert_eq!(canvas.get(0, 5), Some([0; 3]));
        assert_eq!(canvas.get(2, 5), Some([255; 3]));
        assert_eq!(canvas.get(3, 5), Some([0; 3]));
    }
}
