//! `tile_list_obu()`, 5.12.1: enough to tell a list of tiles from bytes that are none.

use crate::bits::BitReader;
use crate::error::StreamError;

/// Most tiles of a list (6.11.1).
const MAX_TILES: u32 = 512;
/// Frames that may be anchors (6.11.2).
const MAX_ANCHORS: u8 = 128;

/// Reads a tile list; how many tiles it has.
///
/// # Errors
/// What is read is none, by 5.12 or 6.11.
pub fn tile_list_obu(r: &mut BitReader<'_>) -> Result<u32, StreamError> {
    r.table("tile_list_obu()", "5.12.1");
    let width = r.f(8, "output_frame_width_in_tiles_minus_1")? + 1;
    let height = r.f(8, "output_frame_height_in_tiles_minus_1")? + 1;
    let tiles = r.f(16, "tile_count_minus_1")? + 1;
    if tiles > MAX_TILES.min(width * height) {
        let rule = "at most 512 tiles, and as many as the frame has";
        return Err(r.bad("tile_count_minus_1", i64::from(tiles) - 1, rule).section("6.11.1"));
    }
    for _ in 0..tiles {
        let anchor = r.f8(8, "anchor_frame_idx")?;
        if anchor >= MAX_ANCHORS {
            let rule = "anchor frames are 0 to 127";
            return Err(r.bad("anchor_frame_idx", anchor.into(), rule).section("6.11.2"));
        }
        r.f(8, "anchor_tile_row")?;
        r.f(8, "anchor_tile_col")?;
        let bytes = r.f(16, "tile_data_size_minus_1")? + 1;
        for _ in 0..bytes {
            r.f(8, "coded_tile_data")?;
        }
    }
    Ok(tiles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &[u8]) -> Result<u32, String> {
        tile_list_obu(&mut BitReader::new(data)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_is_as_long_as_its_tiles() {
        let list = [1, 0, 0, 1, 0, 0, 0, 0, 1, 7, 7, 127, 3, 4, 0, 0, 7];
        assert_eq!(read(&list), Ok(2));
        for cut in 0..list.len() {
            assert!(read(&list[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn what_is_no_list_is_told() {
        let said = |data: &[u8]| read(data).expect_err("no list");
        assert!(said(&[0, 0, 0, 1]).contains("tile_count_minus_1"));
        assert!(said(&[255, 255, 2, 0]).contains("512"));
        assert!(said(&[0, 0, 0, 0, 128]).contains("anchor_frame_idx"));
    }
}
