//! The picture of a page: a drawn card that says what it is. No file is rendered.

use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, RasterizedChar, get_raster};

use super::layout::{CHARACTER_WIDTH, COLUMNS, HEIGHT, MARGIN, PageLayout, ROW_HEIGHT, WIDTH, row_top};

/// What the picture is, at its foot.
const NOTICE: &str = "llamacloud-mock: drawn from the text that was read, not the page itself";

/// Stands for a character that the font lacks.
const UNKNOWN: char = '¤';

/// The quality of the JPEG, of 100.
const QUALITY: u8 = 50;

const WHITE: u8 = 255;

/// A picture in shades of grey.
struct Card {
    pixels: Vec<u8>,
}

/// Draws a card with a name, the place of the page in its file, and the rows of its text.
pub(super) fn draw(name: &str, place: &str, layout: &PageLayout<'_>) -> Vec<u8> {
    let mut card = Card { pixels: vec![WHITE; WIDTH * HEIGHT] };
    card.text(MARGIN, name);
    card.text(MARGIN + ROW_HEIGHT, place);
    card.rule(row_top(0) - ROW_HEIGHT / 2);
    for (number, row) in layout.rows.iter().enumerate() {
        card.text(row_top(number), row.text);
    }
    card.rule(HEIGHT - MARGIN - ROW_HEIGHT - ROW_HEIGHT / 4);
    card.text(HEIGHT - MARGIN - ROW_HEIGHT, NOTICE);
    card.into_jpeg()
}

impl Card {
    /// Draws a line across the card.
    fn rule(&mut self, top: usize) {
        let start = top * WIDTH;
        self.pixels[start + MARGIN..start + WIDTH - MARGIN].fill(0);
    }

    /// Draws a row of text from the margin on. What is beyond the row is left out.
    fn text(&mut self, top: usize, text: &str) {
        for (column, character) in text.chars().take(COLUMNS).enumerate() {
            let left = MARGIN + column * CHARACTER_WIDTH;
            for (row, shades) in glyph(character).rows().enumerate() {
                let start = (top + row) * WIDTH + left;
                for (pixel, shade) in self.pixels[start..].iter_mut().zip(shades) {
                    *pixel = WHITE - shade;
                }
            }
        }
    }

    fn into_jpeg(self) -> Vec<u8> {
        let mut jpeg = Vec::new();
        Encoder::new(&mut jpeg, QUALITY).encode_image(self).expect("writing to memory does not fail");
        jpeg
    }
}

/// The encoder compiles its work for each kind of image. Its function for any kind of pixels would have it for nine.
impl ImageBuffer for Card {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Luma
    }

    fn width(&self) -> u16 {
        side(WIDTH)
    }

    fn height(&self) -> u16 {
        side(HEIGHT)
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let start = usize::from(y) * WIDTH;
        buffers[0].extend_from_slice(&self.pixels[start..start + WIDTH]);
    }
}

fn side(pixels: usize) -> u16 {
    u16::try_from(pixels).expect("a card has fewer pixels a side")
}

fn glyph(character: char) -> RasterizedChar {
    let shown = if character.is_whitespace() { ' ' } else { character };
    let raster = |character| get_raster(character, FontWeight::Regular, RasterHeight::Size16);
    raster(shown).or_else(|| raster(UNKNOWN)).expect("the font has Latin-1")
}
