//! Pictures put together to one: the grids of images (ISO/IEC 23008-12, 6.6.2.3).

pub use av1_demux::Grid;

use crate::pixels::Picture;

/// Collects the parts of a grid.
#[derive(Debug)]
pub struct Assembler {
    grid: Grid,
    whole: Option<Picture>,
    /// Width and height of a part.
    part: (u32, u32),
    /// Parts that are in `whole`.
    count: u32,
}

impl Assembler {
    /// Of no parts yet.
    pub fn new(grid: Grid) -> Self {
        Self { grid, whole: None, part: (0, 0), count: 0 }
    }

    /// Width and height of the whole in luma samples.
    pub fn size(&self) -> (u32, u32) {
        (self.grid.width, self.grid.height)
    }

    /// Adds the next part, row by row. The whole picture, if it was the last.
    ///
    /// # Errors
    /// What is wrong with the parts: they are unlike, do not fill the picture, or would have chroma
    /// samples of two at once.
    pub fn add(&mut self, part: &Picture) -> Result<Option<Picture>, &'static str> {
        let Grid { rows, columns, width, height } = self.grid;
        if self.whole.is_none() {
            let across = part.width.checked_mul(columns).is_some_and(|all| all >= width);
            let down = part.height.checked_mul(rows).is_some_and(|all| all >= height);
            if !across || !down {
                return Err("the parts of the grid do not fill it");
            }
            let (x, y) = part.format.chroma.subsampling();
            let is_odd = |size: u32, shift: u32, count: u32| count > 1 && size & shift != 0;
            let is_chroma = part.format.chroma.planes() > 1;
            if is_chroma && (is_odd(part.width, x, columns) || is_odd(part.height, y, rows)) {
                return Err("the parts of the grid are of odd size");
            }
            self.part = (part.width, part.height);
        }
        let whole = self.whole.get_or_insert_with(|| Picture::new(part.format, width, height));
        if self.part != (part.width, part.height) || whole.format != part.format {
            return Err("the parts of the grid are unlike");
        }
        let place = (self.count % columns, self.count / columns);
        for plane in 0..part.format.chroma.planes() {
            copy(whole, part, plane, place);
        }
        self.count += 1;
        if self.count < rows * columns {
            return Ok(None);
        }
        self.count = 0;
        Ok(self.whole.take())
    }
}

/// Copies a plane of `part` to its place, `place` parts from the left and from above.
fn copy(whole: &mut Picture, part: &Picture, plane: usize, place: (u32, u32)) {
    let (format, sample) = (part.format, part.format.sample_bytes());
    let (width, height) = format.plane_size(plane, part.width, part.height);
    let (all_width, all_height) = format.plane_size(plane, whole.width, whole.height);
    let (left, top) = (place.0 * width, place.1 * height);
    let (columns, rows) =
        (width.min(all_width.saturating_sub(left)), height.min(all_height.saturating_sub(top)));
    let range = whole.plane_range(plane);
    let from = part.plane(plane);
    let Some(to) = whole.data.get_mut(range) else { return };
    for row in 0..rows as usize {
        let begin = row * width as usize * sample;
        let bytes = columns as usize * sample;
        let place = ((top as usize + row) * all_width as usize + left as usize) * sample;
        let source = from.get(begin..begin + bytes);
        if let (Some(to), Some(from)) = (to.get_mut(place..place + bytes), source) {
            to.copy_from_slice(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::{Chroma, Format};

    /// A picture whose samples are all `value`.
    fn part(width: u32, height: u32, value: u8) -> Picture {
        let format = Format { chroma: Chroma::Yuv420, bit_depth: 8 };
        let mut picture = Picture::new(format, width, height);
        picture.data.fill(value);
        picture
    }

    #[test]
    fn parts_lie_row_by_row_and_are_cut_off() {
        let mut assembler = Assembler::new(Grid { rows: 2, columns: 2, width: 7, height: 6 });
        for value in 1..=3 {
            assert_eq!(assembler.add(&part(4, 4, value)), Ok(None));
        }
        let whole = assembler.add(&part(4, 4, 4)).expect("a part").expect("the last");
        assert_eq!((whole.width, whole.height), (7, 6));
        let luma = [[1, 1, 1, 1, 2, 2, 2]; 4].concat();
        assert_eq!(whole.plane(0), [luma, [[3, 3, 3, 3, 4, 4, 4]; 2].concat()].concat());
        for plane in [1, 2] {
            assert_eq!(whole.plane(plane), [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4]);
        }
    }

    #[test]
    fn parts_that_are_no_grid_are_refused() {
        let grid = Grid { rows: 1, columns: 2, width: 8, height: 4 };
        let mut assembler = Assembler::new(grid);
        assert!(assembler.add(&part(2, 4, 0)).is_err());
        assert_eq!(assembler.add(&part(4, 4, 0)), Ok(None));
        assert!(assembler.add(&part(4, 6, 0)).is_err());
        assert!(Assembler::new(grid).add(&part(5, 4, 0)).is_err());
    }
}
