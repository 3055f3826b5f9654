//! The OBUs of one frame, collected until its last tile has come.

use std::sync::Arc;

use super::{Bitstream, FramePlan, SurfaceId};
use crate::error::{Result, StreamError, StreamFault};
use crate::obu::Obu;
use crate::syntax;
use crate::syntax::frame::FrameHeader;
use crate::unit::TemporalUnit;

/// A frame whose header has been read.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// What is known of the frame; its tiles are those that have come.
    pub plan: Box<FramePlan>,
    /// Presentation time of the unit that it starts in.
    pts: Option<i64>,
    /// Whether that unit's pictures are not output.
    pub is_hidden: bool,
    /// Its OBUs, if they are in several units.
    joined: Vec<u8>,
}

impl Assembly {
    /// A frame that starts with `obu`, which holds `header`; in the memory of `spare`.
    pub fn new(
        unit: &TemporalUnit,
        obu: &Obu<'_>,
        header: Arc<FrameHeader>,
        spare: Option<Box<FramePlan>>,
    ) -> Self {
        let tiles = header.tile_info.num_tiles() as usize;
        let mut plan = spare.unwrap_or_else(|| Box::new(FramePlan::empty(Arc::clone(&header))));
        plan.unit = unit.index;
        plan.header = header;
        plan.temporal_id = obu.temporal_id;
        plan.spatial_id = obu.spatial_id;
        let Bitstream { tile_offsets, tile_sizes, .. } = &mut plan.bitstream;
        tile_offsets.clear();
        tile_offsets.reserve(tiles);
        tile_sizes.clear();
        tile_sizes.reserve(tiles);
        plan.bitstream.unit = Arc::clone(&unit.data);
        plan.bitstream.range = obu.offset..obu.end;
        plan.bitstream.frame_header_offset = 0;
        Self { plan, pts: unit.pts, is_hidden: unit.is_hidden, joined: Vec::new() }
    }

    /// Bytes that were collected of it.
    pub fn bytes(&self) -> u64 {
        self.plan.bitstream.range.len() as u64
    }

    /// The frame, once it is whole, and the presentation time of the unit that it starts in.
    pub fn finish(mut self) -> (Box<FramePlan>, Option<i64>) {
        if !self.joined.is_empty() {
            self.plan.bitstream.unit = self.joined.into();
        }
        (self.plan, self.pts)
    }

    /// Takes `obu` of `unit` into what is collected; where its payload is in that.
    fn join(&mut self, unit: &TemporalUnit, obu: &Obu<'_>) -> usize {
        let bitstream = &mut self.plan.bitstream;
        if self.joined.is_empty() && Arc::ptr_eq(&bitstream.unit, &unit.data) {
            bitstream.range.end = obu.end;
            return obu.payload_offset;
        }
        if self.joined.is_empty() {
            self.joined = bitstream.bytes().to_vec();
        }
        let start = self.joined.len();
        self.joined.extend_from_slice(unit.data.get(obu.offset..obu.end).unwrap_or_default());
        bitstream.range = 0..self.joined.len();
        start + obu.payload_offset - obu.offset
    }

    /// Adds the tile group that starts at byte `start` of the payload of `obu`, which is in `unit`.
    /// True if the frame is whole now.
    ///
    /// # Errors
    /// A fault of the tile group, or one that does not follow on the last.
    pub fn tile_group(&mut self, unit: &TemporalUnit, obu: &Obu<'_>, start: usize) -> Result<bool> {
        let payload = self.join(unit, obu);
        let Bitstream { range, tile_offsets, tile_sizes, .. } = &mut self.plan.bitstream;
        let expected = tile_offsets.len();
        let header = &self.plan.header;
        let group = syntax::tiles::tile_group_obu(obu.payload, start, header, |tile| {
            let offset = payload + tile.offset_bytes - range.start;
            tile_offsets.push(offset as u32);
            tile_sizes.push(tile.size_bytes as u32);
        })?;
        if group.tg_start as usize != expected {
            let fault = StreamFault::Value {
                value: group.tg_start.into(),
                rule: "tg_start follows the last tile of the previous group",
            };
            return Err(StreamError::new(fault).section("6.10.1").into());
        }
        Ok(group.tg_end + 1 == header.tile_info.num_tiles())
    }
}

impl FramePlan {
    /// The plan of a frame with this header, before anything else is known of it.
    fn empty(header: Arc<FrameHeader>) -> Self {
        Self {
            unit: 0,
            frame: 0,
            surface: SurfaceId(0),
            header,
            references: Default::default(),
            replaced: None,
            temporal_id: 0,
            spatial_id: 0,
            is_doubtful: false,
            bitstream: Bitstream {
                unit: Arc::default(),
                range: 0..0,
                frame_header_offset: 0,
                tile_offsets: Vec::new(),
                tile_sizes: Vec::new(),
            },
        }
    }
}
