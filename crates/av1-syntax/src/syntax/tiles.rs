//! Tile groups: specification 5.11.1. Sizes and offsets only; no symbol is decoded.

use super::frame::FrameHeader;
use crate::bits::BitReader;
use crate::error::{StreamError, StreamFault};

/// One tile of a tile group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSpan {
    /// Bytes from the start of the OBU's payload to the first byte of coded tile data, after
    /// `tile_size_minus_1`.
    pub offset_bytes: usize,
    /// tileSize.
    pub size_bytes: usize,
}

/// `tile_group_obu()` of 5.11.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileGroup {
    /// `tg_start`.
    pub tg_start: u32,
    /// `tg_end`.
    pub tg_end: u32,
}

/// `tile_group_obu()`, 5.11.1, that starts at byte `start` of `payload`. Its tiles go to `each`, in
/// order: `tg_end - tg_start + 1` of them, fewer before an error.
///
/// # Errors
/// A tile that runs past the payload or is empty, or tile numbers out of order.
pub fn tile_group_obu(
    payload: &[u8],
    start: usize,
    header: &FrameHeader,
    mut each: impl FnMut(TileSpan),
) -> Result<TileGroup, StreamError> {
    let data = payload.get(start..).unwrap_or_default();
    let mut r = BitReader::new(data);
    r.table("tile_group_obu", "5.11.1");
    let info = &header.tile_info;
    let num_tiles = info.num_tiles();
    let (mut tg_start, mut tg_end) = (0, num_tiles - 1);
    if num_tiles > 1 && r.flag("tile_start_and_end_present_flag")? {
        let n = u32::from(info.tile_cols_log2) + u32::from(info.tile_rows_log2);
        tg_start = r.f(n, "tg_start")?;
        tg_end = r.f(n, "tg_end")?;
    }
    if tg_end < tg_start || tg_end >= num_tiles {
        return Err(r.bad("tg_end", tg_end.into(), "from tg_start to NumTiles - 1"));
    }
    let mut at = r.position().div_ceil(8) as usize;
    for tile in tg_start..=tg_end {
        let rest = data.get(at..).unwrap_or_default();
        let (skip, size) = match tile == tg_end {
            true => (0, rest.len()),
            false => {
                let bytes = u32::from(info.tile_size_bytes_minus_1) + 1;
                let mut size = BitReader::new(rest);
                size.table("tile_group_obu", "5.11.1");
                let coded =
                    size.le(bytes, "tile_size_minus_1", None).map_err(|e| past(e, start + at))?;
                (bytes as usize, coded as usize + 1)
            }
        };
        if size == 0 || size > rest.len() - skip {
            let fault = StreamFault::Value {
                value: size as i64,
                rule: "a tile has at least one byte and ends within its OBU",
            };
            let mut error = StreamError::new(fault).section("5.11.1");
            error.at.element = Some("tile_size_minus_1");
            return Err(past(error, start + at));
        }
        each(TileSpan { offset_bytes: start + at + skip, size_bytes: size });
        at += skip + size;
    }
    Ok(TileGroup { tg_start, tg_end })
}

/// The same fault, at byte `byte` of the payload.
fn past(mut error: StreamError, byte: usize) -> StreamError {
    error.at.bit = Some(byte as u64 * 8);
    error
}
