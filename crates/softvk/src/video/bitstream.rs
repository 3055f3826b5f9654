//! The bytes that a decode reads: its range of the bitstream buffer, and the tiles in it.

use super::fault::Fault;
use super::op::{DecodeOp, Picture};
use super::session::State;
use super::wrong::Wrong;
use crate::planted::{Faults, Planted};

/// The bitstream range; with `clobber-headers` everything that no tile claims is overwritten.
pub(super) fn read(
    op: &DecodeOp,
    picture: &Picture,
    state: &mut State,
    (clobber_headers, wrong): (bool, Wrong<'_>),
) -> Result<Vec<u8>, Fault> {
    let end = op.src_offset.checked_add(op.src_range);
    if end.is_none_or(|end| end > op.src.size) {
        let vuid = "VUID-VkVideoDecodeInfoKHR-srcBufferRange-07167";
        return Err(Fault::new(vuid, "the bitstream range reaches outside its buffer"));
    }
    let mut bytes = vec![0; op.src_range as usize];
    let offset = match wrong.faults.fires(Planted::OffsetZero, op.src_offset != 0) {
        true => 0,
        false => op.src_offset,
    };
    if !op.src.binding.read(offset, &mut bytes) {
        return Err(Fault::new("", "the bitstream buffer has no memory"));
    }
    if clobber_headers {
        bytes = clobbered(&bytes, picture);
    }
    if wrong.faults.has(Planted::StaleBitstream) {
        let before = std::mem::replace(&mut state.bitstream, bytes.clone());
        if wrong.faults.fires(Planted::StaleBitstream, wrong.busy) {
            bytes.clear();
            bytes.extend(before.iter().chain(std::iter::repeat(&0)).take(op.src_range as usize));
        }
    }
    Ok(bytes)
}

/// `bytes` with everything that no tile claims overwritten.
fn clobbered(bytes: &[u8], picture: &Picture) -> Vec<u8> {
    let mut clobbered = vec![0xff; bytes.len()];
    for (offset, size) in picture.tile_offsets.iter().zip(&picture.tile_sizes) {
        let start = *offset as usize;
        let end = start.saturating_add(*size as usize);
        if let (Some(to), Some(from)) = (clobbered.get_mut(start..end), bytes.get(start..end)) {
            to.copy_from_slice(from);
        }
    }
    clobbered
}

/// The bytes of each tile.
pub(super) fn tiles<'a>(
    bytes: &'a [u8],
    picture: &Picture,
    faults: &Faults,
) -> Result<Vec<&'a [u8]>, Fault> {
    let last = picture.tile_offsets.len().saturating_sub(1);
    let tile = |(i, (offset, size)): (usize, (&u32, &u32))| {
        let mut start = *offset as usize;
        let behind = picture.frame_header_offset.saturating_add(1) as usize;
        if faults.fires(Planted::HeaderSkip, start < behind) {
            start = behind;
        }
        let end = bytes.len().saturating_sub(*size as usize);
        if i == last && faults.fires(Planted::RangeEnd, start != end) {
            start = end;
        }
        bytes.get(start..start.saturating_add(*size as usize)).ok_or_else(|| {
            let vuid = "VUID-vkCmdDecodeVideoKHR-pTileOffsets-09252";
            let text = format!("a tile of {size} bytes at {offset} ends outside the range");
            Fault::new(vuid, text)
        })
    };
    picture.tile_offsets.iter().zip(&picture.tile_sizes).enumerate().map(tile).collect()
}
