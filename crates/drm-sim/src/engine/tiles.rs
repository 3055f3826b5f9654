//! The tiles of a frame, by the superblocks that they begin at: which is all that a chip is told.

use av1_engine::job::TileInfo;
use av1_engine::plain::Plain;

/// A grid of tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grid {
    /// First superblock of each column, and the number of all; as the rows.
    pub(super) columns: Vec<u32>,
    pub(super) rows: Vec<u32>,
    /// Whose CDFs are kept.
    pub(super) context_update_tile_id: u32,
}

impl Grid {
    /// The number of tiles.
    pub(super) fn count(&self) -> usize {
        self.columns.len().saturating_sub(1) * self.rows.len().saturating_sub(1)
    }

    /// What is wrong with the grid in a frame of `size` luma samples, before super-resolution: it does
    /// not end where the frame does.
    pub(super) fn misplaced(&self, size: [u32; 2], by_128: bool) -> Option<String> {
        let side = if by_128 { 128 } else { 64 };
        let all = size.map(|samples| samples.div_ceil(side));
        let both = [("columns", &self.columns), ("rows", &self.rows)].into_iter().zip(all);
        let wrong = |&((_, starts), all): &((_, &Vec<u32>), u32)| {
            starts.last() != Some(&all) || starts.iter().any(|start| *start > all)
        };
        let ((what, starts), all) = { both }.find(wrong)?;
        // Units of 4x4 samples, of which a superblock has that many.
        let mut between = starts.iter().skip(1).rev().skip(1).peekable();
        let few = between.peek().is_some() && between.all(|start| start % (side / 4) == 0);
        let unit = if few { ", as if in units of 4x4 samples" } else { "" };
        Some(format!("tile {what} begin at {starts:?}{unit}; the frame has {all} superblocks"))
    }

    /// The grid as a header's `tile_info()` has it.
    ///
    /// # Errors
    /// Starts that do not rise, and numbers that no header has.
    pub(super) fn tile_info(&self) -> Result<TileInfo, String> {
        let sizes = |starts: &[u32]| {
            let sizes = starts.windows(2).map(|pair| pair[1].checked_sub(pair[0]));
            let sizes = sizes.map(|size| u16::try_from(size?.checked_sub(1)?).ok());
            sizes.collect::<Option<Vec<u16>>>()
        };
        let what = || format!("tiles begin at {:?} and {:?}", self.columns, self.rows);
        let columns = sizes(&self.columns).ok_or_else(what)?;
        let rows = sizes(&self.rows).ok_or_else(what)?;
        let mut info = TileInfo {
            std: Plain::zero(),
            width_in_sbs_minus_1: Vec::new(),
            height_in_sbs_minus_1: Vec::new(),
            last_mi_starts: (0, 0),
        };
        info.std.TileCols = u8::try_from(columns.len()).map_err(|_| what())?;
        info.std.TileRows = u8::try_from(rows.len()).map_err(|_| what())?;
        let id = u16::try_from(self.context_update_tile_id);
        info.std.context_update_tile_id = id.map_err(|_| "context_update_tile_id".to_owned())?;
        // Where both ways are possible they mean the same, and only this one always is: large frames
        // have grids that cannot be coded otherwise.
        if is_uniform(&self.columns) && is_uniform(&self.rows) {
            info.std.flags.set_uniform_tile_spacing_flag(1);
        } else {
            info.width_in_sbs_minus_1 = columns;
            info.height_in_sbs_minus_1 = rows;
        }
        Ok(info)
    }
}

/// Whether tiles begin where `uniform_tile_spacing_flag` lets them begin, spec 5.9.15.
fn is_uniform(starts: &[u32]) -> bool {
    let [begins @ .., all] = starts else { return false };
    (0..=6).any(|log2| {
        let size = (all + (1 << log2) - 1) >> log2;
        let expected = (0..*all).step_by(size.max(1) as usize);
        expected.eq(begins.iter().copied())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(columns: &[u32], rows: &[u32]) -> Grid {
        Grid { columns: columns.to_vec(), rows: rows.to_vec(), context_update_tile_id: 1 }
    }

    #[test]
    fn equal_tiles_are_uniform_and_others_have_sizes() {
        let even = grid(&[0, 3, 6, 7], &[0, 2]).tile_info().expect("a grid");
        assert_eq!(even.std.flags.uniform_tile_spacing_flag(), 0, "7 in 3s has no log2");
        assert_eq!(even.width_in_sbs_minus_1, [2, 2, 0]);
        let even = grid(&[0, 2, 4, 6, 7], &[0, 2]).tile_info().expect("a grid");
        assert_eq!(even.std.flags.uniform_tile_spacing_flag(), 1);
        assert_eq!((even.std.TileCols, even.std.TileRows), (4, 1));
        let uneven = grid(&[0, 1, 4], &[0, 1, 2]).tile_info().expect("a grid");
        assert_eq!(uneven.std.flags.uniform_tile_spacing_flag(), 0);
        assert_eq!(uneven.width_in_sbs_minus_1, [0, 2]);
        assert_eq!(uneven.height_in_sbs_minus_1, [0, 0]);
        assert_eq!(uneven.std.context_update_tile_id, 1);
    }

    #[test]
    fn tiles_that_do_not_end_with_the_frame_are_told() {
        let right = grid(&[0, 2, 3], &[0, 2]);
        assert_eq!(right.misplaced([130, 65], false), None);
        assert_eq!(right.misplaced([380, 256], true), None);
        let short = right.misplaced([200, 65], false).unwrap_or_default();
        assert_eq!(short, "tile columns begin at [0, 2, 3]; the frame has 4 superblocks");
        let units = grid(&[0, 1], &[0, 16, 17]).misplaced([64, 128], false).unwrap_or_default();
        assert!(
            units.starts_with("tile rows begin at [0, 16, 17], as if in units of 4x4"),
            "{units}"
        );
    }

    #[test]
    fn tiles_that_do_not_follow_one_another_are_refused() {
        assert!(grid(&[0, 4, 4], &[0, 1]).tile_info().is_err());
        assert!(grid(&[0, 4], &[3, 1]).tile_info().is_err());
    }
}
