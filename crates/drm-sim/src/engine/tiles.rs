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
    fn tiles_that_do_not_follow_one_another_are_refused() {
        assert!(grid(&[0, 4, 4], &[0, 1]).tile_info().is_err());
        assert!(grid(&[0, 4], &[3, 1]).tile_info().is_err());
    }
}
