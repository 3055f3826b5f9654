//! The OBUs of one frame, collected until its last tile has come.

use std::ops::Range;
use std::sync::Arc;

use super::Bitstream;
use crate::container::TemporalUnit;
use crate::error::{Result, StreamError, StreamFault};
use crate::obu::Obu;
use crate::syntax;
use crate::syntax::frame::FrameHeader;

/// A frame whose header has been read.
#[derive(Debug)]
pub struct Assembly {
    /// The header.
    pub header: Arc<FrameHeader>,
    /// `temporal_id` of its OBU.
    pub temporal_id: u8,
    /// `spatial_id` of its OBU.
    pub spatial_id: u8,
    unit: Arc<[u8]>,
    range: Range<usize>,
    tile_offsets: Vec<u32>,
    tile_sizes: Vec<u32>,
}

impl Assembly {
    /// A frame that starts with `obu`, which holds `header`.
    pub fn new(unit: &TemporalUnit, obu: &Obu<'_>, header: Box<FrameHeader>) -> Self {
        let tiles = header.tile_info.num_tiles() as usize;
        Self {
            header: Arc::new(*header),
            temporal_id: obu.temporal_id,
            spatial_id: obu.spatial_id,
            unit: Arc::clone(&unit.data),
            range: obu.offset..obu.end,
            tile_offsets: Vec::with_capacity(tiles),
            tile_sizes: Vec::with_capacity(tiles),
        }
    }

    /// Adds the tile group that starts at byte `start` of `obu`'s payload. True if the frame is
    /// whole now.
    ///
    /// # Errors
    /// A fault of the tile group, or one that does not follow on the last.
    pub fn tile_group(&mut self, obu: &Obu<'_>, start: usize) -> Result<bool> {
        let group = syntax::tiles::tile_group_obu(obu.payload, start, &self.header)?;
        if group.tg_start as usize != self.tile_offsets.len() {
            let fault = StreamFault::Value {
                value: group.tg_start.into(),
                rule: "tg_start follows the last tile of the previous group",
            };
            return Err(StreamError::new(fault).section("6.10.1").into());
        }
        for tile in &group.tiles {
            let offset = obu.payload_offset + tile.offset_bytes - self.range.start;
            self.tile_offsets.push(offset as u32);
            self.tile_sizes.push(tile.size_bytes as u32);
        }
        self.range.end = obu.end;
        Ok(group.tg_end + 1 == self.header.tile_info.num_tiles())
    }

    /// The frame's bytes.
    pub fn into_bitstream(self) -> Bitstream {
        Bitstream {
            unit: self.unit,
            range: self.range,
            frame_header_offset: 0,
            tile_offsets: self.tile_offsets,
            tile_sizes: self.tile_sizes,
        }
    }
}
