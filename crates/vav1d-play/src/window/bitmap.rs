//! Images that are drawn above pictures: rectangles and text.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use super::glyphs;

/// R, G, B, A.
pub(super) type Color = [u8; 4];

/// An image: R, G, B, A of each pixel, R, G and B multiplied by A, rows from above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// 4 bytes a pixel.
    pub pixels: Vec<u8>,
}

/// A size of text: that of the built-in font, so many times as large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TextSize {
    raster: RasterHeight,
    zoom: u32,
}

impl TextSize {
    const SMALL: Self = Self { raster: RasterHeight::Size16, zoom: 1 };
    /// The others, the largest first.
    const OTHERS: [Self; 5] = [
        Self { raster: RasterHeight::Size32, zoom: 4 },
        Self { raster: RasterHeight::Size32, zoom: 3 },
        Self { raster: RasterHeight::Size32, zoom: 2 },
        Self { raster: RasterHeight::Size32, zoom: 1 },
        Self { raster: RasterHeight::Size24, zoom: 1 },
    ];

    /// What is readable in a window of `size` pixels, with room for lines of 80 characters.
    pub(super) fn of((width, height): (u32, u32)) -> Self {
        let fits = |text: &Self| height >= 22 * text.height() && width >= 80 * text.width();
        Self::OTHERS.into_iter().find(fits).unwrap_or(Self::SMALL)
    }

    /// Height of a line in pixels.
    pub(super) fn height(self) -> u32 {
        self.raster.val() as u32 * self.zoom
    }

    /// Width of a character in pixels.
    pub(super) fn width(self) -> u32 {
        get_raster_width(FontWeight::Regular, self.raster) as u32 * self.zoom
    }
}

/// Whether the built-in font has `letter`.
fn is_built_in(letter: char) -> bool {
    get_raster(letter, FontWeight::Regular, RasterHeight::Size16).is_some()
}

/// `text` in letters that can be drawn.
pub(super) fn readable(text: &str) -> String {
    glyphs::readable(text, is_built_in)
}

/// How many characters wide `text` is.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|letter| glyphs::cells(letter) as usize).sum()
}

impl Bitmap {
    /// Nothing but air.
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { width, height, pixels: vec![0; width as usize * height as usize * 4] }
    }

    /// Fills a rectangle; what is outside is left out.
    pub(super) fn fill(&mut self, (x, y): (u32, u32), (width, height): (u32, u32), color: Color) {
        for row in y..y.saturating_add(height).min(self.height) {
            for column in x..x.saturating_add(width).min(self.width) {
                self.blend(column, row, color, 255);
            }
        }
    }

    /// Writes `text` with its upper left corner at (x, y); what is outside is left out.
    pub(super) fn text(&mut self, (x, y): (u32, u32), text: &str, size: TextSize, color: Color) {
        let mut column = 0;
        for letter in text.chars() {
            // A mark is above the letter before it.
            let is_mark = glyphs::cells(letter) == 0;
            let left = x + (column - u32::from(is_mark && column > 0)) * size.width();
            self.letter((left, y), letter, size, color);
            column += glyphs::cells(letter);
        }
    }

    fn letter(&mut self, (x, y): (u32, u32), letter: char, size: TextSize, color: Color) {
        let Some(glyph) = get_raster(letter, FontWeight::Regular, size.raster) else {
            let cell = (size.width(), size.height());
            glyphs::draw(letter, cell, |column, row, part| {
                let at = x.checked_add_signed(column).zip(y.checked_add_signed(row));
                if let Some((x, y)) = at.filter(|(x, y)| *x < self.width && *y < self.height) {
                    self.blend(x, y, color, (part.clamp(0.0, 1.0) * 255.0) as u8);
                }
            });
            return;
        };
        for (row, line) in (0..).zip(glyph.rows()) {
            for (column, coverage) in (0..).zip(line) {
                let corner = (x + column * size.zoom, y + row * size.zoom);
                self.dot(corner, size.zoom, color, *coverage);
            }
        }
    }

    /// A square pixel of a letter.
    fn dot(&mut self, (x, y): (u32, u32), side: u32, color: Color, coverage: u8) {
        for y in y..(y + side).min(self.height) {
            for x in x..(x + side).min(self.width) {
                self.blend(x, y, color, coverage);
            }
        }
    }

    fn blend(&mut self, x: u32, y: u32, color: Color, coverage: u8) {
        let at = (y as usize * self.width as usize + x as usize) * 4;
        let Some(pixel) = self.pixels.get_mut(at..at + 4) else { return };
        let alpha = u32::from(color[3]) * u32::from(coverage) / 255;
        let over = [color[0], color[1], color[2], 255].map(|c| u32::from(c) * alpha / 255);
        for (below, over) in pixel.iter_mut().zip(over) {
            *below = (over + u32::from(*below) * (255 - alpha) / 255).min(255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_where_it_should_be() {
        let mut bitmap = Bitmap::new(40, 20);
        bitmap.fill((2, 3), (4, 5), [255, 0, 0, 128]);
        let pixel = |b: &Bitmap, x: usize, y: usize| b.pixels[(y * 40 + x) * 4..][..4].to_vec();
        assert_eq!(pixel(&bitmap, 2, 3), [128, 0, 0, 128]);
        assert_eq!(pixel(&bitmap, 5, 7), [128, 0, 0, 128]);
        assert_eq!(pixel(&bitmap, 6, 7), [0; 4]);
        bitmap.fill((38, 18), (100, 100), [0, 255, 0, 255]);
        assert_eq!(pixel(&bitmap, 39, 19), [0, 255, 0, 255]);
        let before = bitmap.clone();
        bitmap.text((10, 0), "é|", TextSize::SMALL, [255; 4]);
        assert_ne!(before, bitmap);
        bitmap.text((1000, 1000), "far away", TextSize::SMALL, [255; 4]);
    }

    #[test]
    fn text_grows_with_its_window() {
        let heights = [(320, 180), (1280, 720), (1920, 1080), (3200, 1800), (5120, 2880)];
        let heights = heights.map(|size| TextSize::of(size).height());
        assert_eq!(heights, [16, 32, 32, 64, 128]);
        assert_eq!(columns("a電"), 3);
    }

    #[test]
    fn colours_are_multiplied_by_alpha() {
        let mut bitmap = Bitmap::new(64, 16);
        bitmap.text((0, 0), "vav1d", TextSize::SMALL, [255, 255, 255, 200]);
        assert!(bitmap.pixels.chunks(4).all(|p| p[0] <= p[3] && p[3] <= 200));
        assert!(bitmap.pixels.chunks(4).any(|p| p[3] > 150));
    }
}
