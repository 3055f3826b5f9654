//! Reads the headers of OBU after OBU for their elements alone: what `vav1d dump` prints.
//! References are kept as far as headers depend on them; faults do not stop the walk.

use std::sync::Arc;

use super::frame::{FrameHeader, FrameType, UncompressedHeader};
use super::references::References;
use super::sequence::SequenceHeader;
use super::{metadata, sequence, tiles};
use crate::bits::Trace;
use crate::error::{StreamError, StreamFault};
use crate::obu::{Obu, ObuType};

/// The state that headers depend on.
#[derive(Default)]
pub struct Walker {
    sequence: Option<Arc<SequenceHeader>>,
    references: References,
    current: Option<Arc<FrameHeader>>,
    tiles_left: u32,
}

impl Walker {
    /// The sequence header in force.
    pub fn sequence(&self) -> Option<&Arc<SequenceHeader>> {
        self.sequence.as_ref()
    }

    /// The reference slots, as the frame of the last frame header left them.
    pub fn references(&self) -> &References {
        &self.references
    }

    /// Reads the headers in `obu` and tells `trace` of their elements.
    ///
    /// # Errors
    /// What is wrong with the OBU; the elements before the fault were told.
    pub fn obu(&mut self, obu: &Obu<'_>, trace: &mut dyn Trace) -> Result<(), StreamError> {
        match obu.obu_type {
            ObuType::SequenceHeader => self.sequence_header(obu, trace),
            ObuType::FrameHeader | ObuType::RedundantFrameHeader => {
                self.frame_header(obu, trace).map(|_| ())
            }
            ObuType::Frame => {
                let bits = self.frame_header(obu, trace)?;
                self.tile_group(obu, bits.div_ceil(8) as usize)
            }
            ObuType::TileGroup => self.tile_group(obu, 0),
            ObuType::Metadata => {
                let mut r = crate::bits::BitReader::traced(obu.payload, trace);
                metadata::metadata_obu(&mut r).map(|_| ())
            }
            ObuType::TemporalDelimiter => {
                self.current = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn sequence_header(&mut self, obu: &Obu<'_>, trace: &mut dyn Trace) -> Result<(), StreamError> {
        let mut r = crate::bits::BitReader::traced(obu.payload, trace);
        let header = sequence::sequence_header_obu(&mut r)?;
        if self.sequence.as_ref().is_some_and(|old| old.starts_new_sequence(&header)) {
            self.references = References::default();
        }
        self.sequence = Some(Arc::new(header));
        Ok(())
    }

    /// The bits of the frame header.
    fn frame_header(&mut self, obu: &Obu<'_>, trace: &mut dyn Trace) -> Result<u64, StreamError> {
        if self.current.is_some() {
            return Ok(0);
        }
        let Some(sequence) = self.sequence.clone() else {
            let fault = StreamFault::Rule("a frame header comes before any sequence header");
            return Err(StreamError::new(fault).section("7.5"));
        };
        let mut r = crate::bits::BitReader::traced(obu.payload, trace);
        let header = super::uncompressed_header(
            &mut r,
            &sequence,
            &self.references,
            obu.temporal_id,
            obu.spatial_id,
        )?;
        let bits = r.position();
        match header {
            UncompressedHeader::ShowExisting(shown) => {
                let slot = shown.frame_to_show_map_idx;
                let key = |saved: &super::references::SavedFrame| {
                    saved.header.frame_type == FrameType::Key
                };
                if self.references.get(slot).is_some_and(key) {
                    self.references.show_existing_key(slot);
                }
            }
            UncompressedHeader::Frame(header) => {
                let header = Arc::new(header);
                self.tiles_left = header.tile_info.num_tiles();
                self.references.update(&header, &sequence);
                self.current = Some(header);
            }
        }
        Ok(bits)
    }

    fn tile_group(&mut self, obu: &Obu<'_>, start: usize) -> Result<(), StreamError> {
        let Some(header) = &self.current else { return Ok(()) };
        let mut tiles = 0;
        tiles::tile_group_obu(obu.payload, start, header, |_| tiles += 1)?;
        self.tiles_left = self.tiles_left.saturating_sub(tiles);
        if self.tiles_left == 0 {
            self.current = None;
        }
        Ok(())
    }
}
