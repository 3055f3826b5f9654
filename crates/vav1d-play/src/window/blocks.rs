//! Which blocks of a picture are not as they should be.

use vav1d::pixels::Picture;
use vav1d::vk::render::View;

/// Luma samples on each side of a block.
const SIDE: u32 = 64;

/// The blocks of 64x64 luma samples in which two pictures differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// Upper left corners in luma samples, in raster order.
    pub corners: Vec<(u32, u32)>,
    /// Size of the pictures in luma samples.
    size: (u32, u32),
}

impl Blocks {
    /// Compares `is` with `should_be`; pictures of unlike formats or sizes differ everywhere.
    pub fn between(is: &Picture, should_be: &Picture) -> Self {
        let size = (is.width, is.height);
        let (columns, rows) = (size.0.div_ceil(SIDE), size.1.div_ceil(SIDE));
        let alike = is.format == should_be.format && size == (should_be.width, should_be.height);
        let mut wrong = vec![!alike; (columns * rows) as usize];
        if alike {
            for plane in 0..is.format.chroma.planes() {
                mark(is, should_be, plane, columns as usize, &mut wrong);
            }
        }
        let corner = |index: usize| {
            let index = index as u32;
            (index % columns * SIDE, index / columns * SIDE)
        };
        let found = wrong.iter().enumerate().filter(|(_, wrong)| **wrong);
        Self { corners: found.map(|(index, _)| corner(index)).collect(), size }
    }

    /// Where the blocks are in a target in which the picture is at `view`: corner, size.
    pub fn places(&self, view: &View) -> Vec<((i32, i32), (u32, u32))> {
        let (width, height) = (i64::from(self.size.0.max(1)), i64::from(self.size.1.max(1)));
        let (across, down) = (i64::from(view.size.0), i64::from(view.size.1));
        let place = |(x, y): (u32, u32)| {
            let (left, top) = (i64::from(x), i64::from(y));
            let (right, bottom) =
                ((left + i64::from(SIDE)).min(width), (top + i64::from(SIDE)).min(height));
            // The rectangle in the turned picture, as parts of its sides.
            let (x0, x1, of_x, y0, y1, of_y) = match view.quarters % 4 {
                0 => (left, right, width, top, bottom, height),
                1 => (height - bottom, height - top, height, left, right, width),
                2 => (width - right, width - left, width, height - bottom, height - top, height),
                _ => (top, bottom, height, width - right, width - left, width),
            };
            let (x0, x1) = if view.is_mirrored { (of_x - x1, of_x - x0) } else { (x0, x1) };
            let (x0, x1) = (x0 * across / of_x, x1 * across / of_x);
            let (y0, y1) = (y0 * down / of_y, y1 * down / of_y);
            let corner = (view.origin.0 + x0 as i32, view.origin.1 + y0 as i32);
            (corner, ((x1 - x0) as u32, (y1 - y0) as u32))
        };
        self.corners.iter().copied().map(place).collect()
    }
}

/// Marks the blocks of `columns` a row in which plane `plane` differs.
fn mark(is: &Picture, should_be: &Picture, plane: usize, columns: usize, wrong: &mut [bool]) {
    let (width, _) = is.format.plane_size(plane, is.width, is.height);
    let bytes = is.format.sample_bytes();
    let (sub_x, sub_y) = if plane == 0 { (0, 0) } else { is.format.chroma.subsampling() };
    let (across, down) = ((SIDE >> sub_x) as usize * bytes, (SIDE >> sub_y) as usize);
    let row_bytes = (width as usize * bytes).max(1);
    let rows = is.plane(plane).chunks(row_bytes).zip(should_be.plane(plane).chunks(row_bytes));
    for (row, (is, should_be)) in rows.enumerate().filter(|(_, (a, b))| a != b) {
        let parts = is.chunks(across).zip(should_be.chunks(across));
        for (column, _) in parts.enumerate().filter(|(_, (a, b))| a != b) {
            if let Some(wrong) = wrong.get_mut(row / down * columns + column) {
                *wrong = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vav1d::pixels::{Chroma, Format};
    use vav1d::vk::render::Kernel;

    #[test]
    fn blocks_are_found_in_every_plane() {
        let format = Format { chroma: Chroma::Yuv420, bit_depth: 10 };
        let right = Picture::new(format, 200, 130);
        let mut is = right.clone();
        assert_eq!(Blocks::between(&is, &right).corners, []);
        // Luma sample (70, 129), and the last sample of V.
        is.data[(129 * 200 + 70) * 2] = 1;
        *is.data.last_mut().unwrap() = 1;
        assert_eq!(Blocks::between(&is, &right).corners, [(64, 128), (192, 128)]);
        let other = Picture::new(Format { bit_depth: 8, ..format }, 200, 130);
        assert_eq!(Blocks::between(&is, &other).corners.len(), 4 * 3);
    }

    #[test]
    fn blocks_are_placed_where_the_picture_is() {
        let blocks = Blocks { corners: vec![(64, 0), (128, 64)], size: (192, 100) };
        let view = |size, quarters| View {
            origin: (10, 20),
            size,
            kernel: Kernel::Bicubic,
            quarters,
            is_mirrored: false,
            clip: None,
        };
        assert_eq!(
            blocks.places(&view((384, 200), 0)),
            [((138, 20), (128, 128)), ((266, 148), (128, 72))]
        );
        assert_eq!(
            blocks.places(&view((100, 192), 1)),
            [((46, 84), (64, 64)), ((10, 148), (36, 64))]
        );
        assert_eq!(
            blocks.places(&view((100, 192), 3)),
            [((10, 84), (64, 64)), ((74, 20), (36, 64))]
        );
        let mirrored = View { is_mirrored: true, ..view((384, 200), 0) };
        assert_eq!(blocks.places(&mirrored), [((138, 20), (128, 128)), ((10, 148), (128, 72))]);
    }
}
