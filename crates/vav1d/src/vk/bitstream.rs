//! How a frame's coded bytes lie in the bitstream buffer. Numbers and bytes only.

use crate::plan::Bitstream;

/// How bitstream ranges are laid out: what a driver must take in any form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BitstreamShape {
    /// srcBufferOffset, in units of minBitstreamBufferOffsetAlignment. Default: 0.
    pub offset: u32,
    /// Bytes behind the range's content, in units of minBitstreamBufferSizeAlignment. Default: 0.
    pub padding: u32,
    /// Only tile data, one tile behind the other, without a header byte; frameHeaderOffset is 0.
    /// Default: no.
    pub payload_only: bool,
}

/// A frame's bytes as they are written to the buffer, and where things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// srcBufferOffset: so many bytes before the content.
    pub(super) offset: u64,
    /// srcBufferRange.
    pub(super) range: u64,
    /// frameHeaderOffset, from the start of the range.
    pub(super) frame_header_offset: u32,
    /// pTileOffsets, from the start of the range.
    pub(super) tile_offsets: Vec<u32>,
    /// Tile data alone, if headers stay away.
    payload: Option<Vec<u8>>,
}

impl Layout {
    /// The layout of `bitstream` in `shape`, for a device with the alignments `align` of offset and
    /// size.
    pub(super) fn new(bitstream: &Bitstream, shape: BitstreamShape, align: (u64, u64)) -> Self {
        let whole = bitstream.bytes();
        let mut layout = Self {
            offset: u64::from(shape.offset) * align.0,
            range: 0,
            frame_header_offset: bitstream.frame_header_offset,
            tile_offsets: bitstream.tile_offsets.clone(),
            payload: None,
        };
        if shape.payload_only {
            let mut payload = Vec::new();
            for (offset, size) in layout.tile_offsets.iter_mut().zip(&bitstream.tile_sizes) {
                let (start, size) = (*offset as usize, *size as usize);
                *offset = payload.len() as u32;
                payload.extend_from_slice(whole.get(start..start + size).unwrap_or_default());
            }
            layout.frame_header_offset = 0;
            layout.payload = Some(payload);
        }
        let bytes = layout.bytes(bitstream).len() as u64;
        layout.range = bytes.next_multiple_of(align.1).max(align.1);
        layout.range += u64::from(shape.padding) * align.1;
        layout
    }

    /// The content, without what is before and behind it.
    pub(super) fn bytes<'a>(&'a self, bitstream: &'a Bitstream) -> &'a [u8] {
        self.payload.as_deref().unwrap_or_else(|| bitstream.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two bytes of header, a tile of three, one byte of tile size, a tile of two.
    fn bitstream() -> Bitstream {
        Bitstream {
            unit: vec![0, 0, 1, 2, 10, 11, 12, 3, 20, 21].into(),
            range: 2..10,
            frame_header_offset: 0,
            tile_offsets: vec![2, 6],
            tile_sizes: vec![3, 2],
        }
    }

    #[test]
    fn the_range_is_aligned() {
        let layout = Layout::new(&bitstream(), BitstreamShape::default(), (256, 128));
        assert_eq!((layout.offset, layout.range), (0, 128));
        assert_eq!(layout.tile_offsets, [2, 6]);
        assert_eq!(layout.bytes(&bitstream()), [1, 2, 10, 11, 12, 3, 20, 21]);
    }

    #[test]
    fn offset_and_padding_count_in_alignments() {
        let shape = BitstreamShape { offset: 3, padding: 2, payload_only: false };
        let layout = Layout::new(&bitstream(), shape, (256, 4));
        assert_eq!((layout.offset, layout.range), (768, 16));
        assert_eq!(layout.tile_offsets, [2, 6]);
    }

    #[test]
    fn payload_alone_is_packed() {
        let shape = BitstreamShape { payload_only: true, ..BitstreamShape::default() };
        let layout = Layout::new(&bitstream(), shape, (1, 1));
        assert_eq!(layout.tile_offsets, [0, 3]);
        assert_eq!(layout.bytes(&bitstream()), [10, 11, 12, 20, 21]);
        assert_eq!((layout.frame_header_offset, layout.range), (0, 5));
    }
}
