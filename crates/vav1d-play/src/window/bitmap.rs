//! Images that are drawn above pictures: rectangles and text.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

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

/// Sizes of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextSize {
    Small,
    Medium,
    Large,
}

impl TextSize {
    /// What is readable in a window of `size` pixels, with room for lines of 80 characters.
    pub(super) fn of((width, height): (u32, u32)) -> Self {
        let fits = |text: &Self| height >= 22 * text.height() && width >= 80 * text.width();
        [Self::Large, Self::Medium].into_iter().find(fits).unwrap_or(Self::Small)
    }

    fn raster(self) -> RasterHeight {
        match self {
            Self::Small => RasterHeight::Size16,
            Self::Medium => RasterHeight::Size24,
            Self::Large => RasterHeight::Size32,
        }
    }

    /// Height of a line in pixels.
    pub(super) fn height(self) -> u32 {
        self.raster().val() as u32
    }

    /// Width of a character in pixels.
    pub(super) fn width(self) -> u32 {
        get_raster_width(FontWeight::Regular, self.raster()) as u32
    }
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
        let unknown = get_raster('?', FontWeight::Regular, size.raster());
        for (column, character) in (0..).zip(text.chars()) {
            let glyph = get_raster(character, FontWeight::Regular, size.raster());
            let Some(glyph) = glyph.as_ref().or(unknown.as_ref()) else { continue };
            let left = x + column * size.width();
            for (row, line) in (y..self.height).zip(glyph.rows()) {
                for (at, coverage) in (left..self.width).zip(line) {
                    self.blend(at, row, color, *coverage);
                }
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
        bitmap.text((10, 0), "é|", TextSize::Small, [255; 4]);
        assert_ne!(before, bitmap);
        bitmap.text((1000, 1000), "far away", TextSize::Small, [255; 4]);
    }

    #[test]
    fn colours_are_multiplied_by_alpha() {
        let mut bitmap = Bitmap::new(64, 16);
        bitmap.text((0, 0), "vav1d", TextSize::Small, [255, 255, 255, 200]);
        assert!(bitmap.pixels.chunks(4).all(|p| p[0] <= p[3] && p[3] <= 200));
        assert!(bitmap.pixels.chunks(4).any(|p| p[3] > 150));
    }
}
