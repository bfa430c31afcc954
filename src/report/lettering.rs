//! Bitmap text, doubled without steps, and cut or broken to fit its place.

use embedded_graphics::mono_font::{MonoFont, MonoTextStyle, iso_8859_1 as fonts};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::{DrawTarget, Drawable, OriginDimensions, Pixel, Point, Size};
use embedded_graphics::text::{Baseline, Text};
use std::convert::Infallible;

/// A size of text: a font and how often it is doubled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Type {
    font: &'static MonoFont<'static>,
    doublings: u32,
}

/// The grade.
pub const HUGE: Type = Type { font: &fonts::FONT_10X20, doublings: 2 };
/// Who the exam is of.
pub const TITLE: Type = Type { font: &fonts::FONT_9X18_BOLD, doublings: 1 };
/// Emphasis.
pub const BOLD: Type = Type { font: &fonts::FONT_9X18_BOLD, doublings: 0 };
/// Running text.
pub const BODY: Type = Type { font: &fonts::FONT_9X18, doublings: 0 };
/// Remarks.
pub const SMALL: Type = Type { font: &fonts::FONT_8X13, doublings: 0 };
/// What is too long for any other.
pub const TINY: Type = Type { font: &fonts::FONT_5X8, doublings: 0 };

impl Type {
    /// Height of a line, pixels.
    pub fn height(self) -> u32 {
        self.font.character_size.height << self.doublings
    }

    /// Width of a text, pixels; every character is equally wide.
    pub fn width(self, text: &str) -> u32 {
        self.advance() * text.chars().count() as u32
    }

    fn advance(self) -> u32 {
        (self.font.character_size.width + self.font.character_spacing) << self.doublings
    }

    /// The text, its end replaced by `..` where it would be wider than `room` pixels.
    pub fn cut(self, text: &str, room: u32) -> String {
        let holds = (room / self.advance()) as usize;
        if text.chars().count() <= holds {
            return text.to_owned();
        }
        text.chars().take(holds.saturating_sub(2)).chain("..".chars().take(holds)).collect()
    }

    /// The text broken into lines of at most `room` pixels, at spaces where there are any.
    pub fn wrap(self, text: &str, room: u32) -> Vec<String> {
        let holds = (room / self.advance()).max(1) as usize;
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let line = lines.last_mut().expect("there is always a line");
            if line.is_empty() {
                line.push_str(word);
            } else if line.chars().count() + 1 + word.chars().count() <= holds {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
        lines.iter().flat_map(|line| chunks(line, holds)).collect()
    }

    /// The text as a bitmap.
    pub fn raster(self, text: &str) -> Bitmap {
        let size = Size::new(self.width(text) >> self.doublings, self.font.character_size.height);
        let mut bitmap = Bitmap::blank(size.width as usize, size.height as usize);
        let style = MonoTextStyle::new(self.font, BinaryColor::On);
        let drawn = Text::with_baseline(text, Point::zero(), style, Baseline::Top).draw(&mut bitmap);
        match drawn {
            Ok(_) => (0..self.doublings).fold(bitmap, |b, _| b.doubled()),
            Err(never) => match never {},
        }
    }
}

fn chunks(line: &str, holds: usize) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    chars.chunks(holds).map(|c| c.iter().collect()).collect()
}

/// The first of `types`, from large to small, in which `text` is at most `room` pixels wide; else the last.
pub fn fitting(types: &[Type], text: &str, room: u32) -> Type {
    let fits = types.iter().find(|t| t.width(text) <= room);
    *fits.or(types.last()).unwrap_or(&TINY)
}

/// Black and white pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Bitmap {
    width: usize,
    height: usize,
    bits: Vec<bool>,
}

impl Bitmap {
    fn blank(width: usize, height: usize) -> Self {
        Self { width, height, bits: vec![false; width * height] }
    }

    /// Where the ink is.
    pub fn ink(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let set = self.bits.iter().enumerate().filter(|(_, b)| **b);
        set.map(|(i, _)| (i % self.width, i / self.width))
    }

    fn bit(&self, x: isize, y: isize) -> bool {
        let inside = (0..self.width as isize).contains(&x) && (0..self.height as isize).contains(&y);
        inside && self.bits[y as usize * self.width + x as usize]
    }

    /// Twice as large, slanted edges kept slanted: each pixel becomes four, and a corner takes the colour of the two
    /// neighbours that meet there if these agree and the opposite ones differ (Scale2x, A. Mazzoleni 2001).
    fn doubled(&self) -> Self {
        let mut out = Self::blank(2 * self.width, 2 * self.height);
        for y in 0..self.height as isize {
            for x in 0..self.width as isize {
                let (up, down) = (self.bit(x, y - 1), self.bit(x, y + 1));
                let (left, right) = (self.bit(x - 1, y), self.bit(x + 1, y));
                let here = self.bit(x, y);
                let sharp = up != down && left != right;
                let corners = [(left, up), (right, up), (left, down), (right, down)];
                for (k, (side, end)) in corners.into_iter().enumerate() {
                    let at = (2 * y as usize + k / 2) * out.width + 2 * x as usize + k % 2;
                    out.bits[at] = if sharp && side == end { side } else { here };
                }
            }
        }
        out
    }
}

impl OriginDimensions for Bitmap {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Bitmap {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            if (0..self.width as i32).contains(&at.x) && (0..self.height as i32).contains(&at.y) {
                self.bits[at.y as usize * self.width + at.x as usize] = colour.is_on();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_wide_as_it_says_and_doubles() {
        let one = BOLD.raster("3");
        let two = TITLE.raster("3");
        assert_eq!((one.width as u32, one.height as u32), (BOLD.width("3"), BOLD.height()));
        assert_eq!((two.width, two.height), (2 * one.width, 2 * one.height));
        assert!(one.ink().count() > 10);
    }

    #[test]
    fn doubling_fills_the_corner_of_a_slant_and_leaves_a_block() {
        let slant = Bitmap { width: 2, height: 2, bits: vec![false, true, true, false] };
        let ink: Vec<bool> = slant.doubled().bits;
        let rows: Vec<String> = ink.chunks(4).map(|r| r.iter().map(|&b| if b { '#' } else { '.' }).collect()).collect();
        assert_eq!(rows, ["..##", ".###", "###.", "##.."]);
        let block = Bitmap { width: 2, height: 2, bits: vec![true; 4] };
        assert_eq!(block.doubled().ink().count(), 12);
    }

    #[test]
    fn text_is_cut_and_wrapped_to_its_room() {
        assert_eq!(SMALL.cut("patient", 56), "patient");
        assert_eq!(SMALL.cut("patients", 56), "patie..");
        assert_eq!(SMALL.wrap("see the rim of it", 8 * 7), ["see the", "rim of", "it"]);
        assert_eq!(SMALL.wrap("abcdefgh", 8 * 3), ["abc", "def", "gh"]);
        assert_eq!(fitting(&[TITLE, BOLD, TINY], "abcd", 40), BOLD);
    }
}
