//! The pictures of `qc/` for the page: the image of the deciding slice alone, at half size, as JPEG.

use crate::report::deciding::{HEIGHT, IMAGE, WIDTH};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jpeg_encoder::{ColorType, Encoder};
use std::io::Cursor;
use std::path::Path;

/// Pixels of the picture that become one.
const HALF: usize = 2;
/// Of a hundred: a phantom's picture of 320 x 300 pixels takes 8 kB, and thin arcs stay told apart.
const QUALITY: u8 = 60;
/// Red, green, blue.
const CHANNELS: usize = 3;

/// The picture as JPEG in base 64; `None` if there is none or it does not show a slice.
pub fn embedded(png: &Path) -> Option<String> {
    Some(STANDARD.encode(half_size(&std::fs::read(png).ok()?)?))
}

/// Whether the picture shows a slice: one that says why there is none is less high.
pub fn shows_a_slice(png: &Path) -> bool {
    let header = |path: &Path| {
        let reader = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).ok()?)).read_info().ok()?;
        Some((reader.info().width, reader.info().height))
    };
    header(png) == Some((WIDTH, HEIGHT))
}

/// The image within a picture, each pixel the mean of four, as JPEG.
fn half_size(png: &[u8]) -> Option<Vec<u8>> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info().ok()?;
    if (reader.info().width, reader.info().height) != (WIDTH, HEIGHT)
        || reader.output_color_type() != (png::ColorType::Rgb, png::BitDepth::Eight)
    {
        return None;
    }
    let mut pixels = vec![0; reader.output_buffer_size()?];
    reader.next_frame(&mut pixels).ok()?;
    let (width, height) = (IMAGE.width as usize / HALF, IMAGE.height as usize / HALF);
    let at = |x: usize, y: usize, c: usize| {
        let (x, y) = (IMAGE.x as usize + x, IMAGE.y as usize + y);
        u16::from(pixels[(y * WIDTH as usize + x) * CHANNELS + c])
    };
    let mean = |x: usize, y: usize, c: usize| {
        let sum = at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c);
        ((sum + 2) / 4) as u8
    };
    let places = (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..CHANNELS).map(move |c| (x, y, c))));
    let small: Vec<u8> = places.map(|(x, y, c)| mean(HALF * x, HALF * y, c)).collect();
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, QUALITY).encode(&small, width as u16, height as u16, ColorType::Rgb).ok()?;
    Some(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::canvas::{Canvas, Frame};

    #[test]
    fn the_image_comes_alone_and_at_half_size() {
        let mut canvas = Canvas::new(WIDTH, HEIGHT, [255, 255, 255, 255]);
        canvas.fill(IMAGE, [200, 40, 40, 255]);
        canvas.fill(Frame { width: IMAGE.width / 2, ..IMAGE }, [40, 40, 200, 255]);
        let jpeg = half_size(&canvas.png()).unwrap();
        let mut decoder = jpeg_decoder::Decoder::new(Cursor::new(&jpeg));
        let pixels = decoder.decode().unwrap();
        let info = decoder.info().unwrap();
        assert_eq!((info.width, info.height), (320, 300));
        let near = |at: usize, wanted: [u8; 3]| (0..3).all(|c| pixels[3 * at + c].abs_diff(wanted[c]) < 12);
        assert!(near(0, [40, 40, 200]) && near(319, [200, 40, 40]), "left and right half, and no white edge");
        assert!(near(299 * 320, [40, 40, 200]) && near(299 * 320 + 319, [200, 40, 40]));
    }

    #[test]
    fn what_shows_no_slice_is_not_a_picture() {
        let folder = tempfile::tempdir().unwrap();
        let (card, broken, whole) =
            (folder.path().join("a.png"), folder.path().join("b.png"), folder.path().join("c.png"));
        std::fs::write(&card, Canvas::new(WIDTH, 100, [0, 0, 0, 255]).png()).unwrap();
        std::fs::write(&broken, b"\x89PNG").unwrap();
        std::fs::write(&whole, Canvas::new(WIDTH, HEIGHT, [0, 0, 0, 255]).png()).unwrap();
        assert_eq!(
            [&card, &broken, &whole].map(|p| (shows_a_slice(p), embedded(p).is_some())),
            [(false, false), (false, false), (true, true)]
        );
        assert_eq!(embedded(&folder.path().join("none.png")), None);
    }
}
