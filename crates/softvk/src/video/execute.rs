//! Execution of video commands: slots, checks, reconstruction, stores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::check;
use super::job::FrameJob;
use super::op::{BeginOp, DecodeOp, Picture, Resource};
use super::session::{Session, State};
use super::store;
use crate::config::{Config, Planted};
use crate::message::Messages;
use crate::query::{Query, QueryPool};
use crate::recon::Decoded;

/// VK_QUERY_RESULT_STATUS_COMPLETE_KHR.
const COMPLETE: i32 = 1;
/// VK_QUERY_RESULT_STATUS_ERROR_KHR.
const ERROR: i32 = -1;

/// A video coding scope while it is executed.
pub(crate) struct Scope {
    messages: Arc<Messages>,
    begin: Option<BeginOp>,
    /// The active query.
    pub(crate) query: Option<(Arc<QueryPool>, u32)>,
    status: Option<i32>,
}

impl Scope {
    /// No scope is open; messages go to `messages`.
    pub(crate) fn new(messages: &Arc<Messages>) -> Self {
        Self { messages: Arc::clone(messages), begin: None, query: None, status: None }
    }

    /// vkCmdBeginVideoCodingKHR.
    pub(crate) fn begin(&mut self, begin: &BeginOp) {
        let mut state = begin.session.state();
        for slot in &begin.slots {
            let Ok(index) = u32::try_from(slot.index) else { continue };
            if slot.resource.is_none() {
                deactivate(&mut state, index);
            } else {
                check::bound_slot(&self.messages, &state, slot);
            }
        }
        drop(state);
        self.begin = Some(begin.clone());
    }

    /// vkCmdControlVideoCodingKHR with RESET.
    pub(crate) fn reset(&mut self) {
        let Some(begin) = &self.begin else { return };
        let mut state = begin.session.state();
        state.initialized = true;
        state.slots.fill(None);
        if let Ok(recon) = &mut state.recon {
            recon.reset();
        }
    }

    /// vkCmdEndVideoCodingKHR.
    pub(crate) fn end(&mut self) {
        self.begin = None;
    }

    /// The status of the decode since the query began.
    pub(crate) fn take_status(&mut self) -> i32 {
        self.query = None;
        self.status.take().unwrap_or(COMPLETE)
    }

    /// vkCmdDecodeVideoKHR.
    pub(crate) fn decode(&mut self, op: &DecodeOp) {
        let Some(begin) = &self.begin else {
            let vuid = "VUID-vkCmdDecodeVideoKHR-videocoding";
            return check::report(&self.messages, vuid, None, "no coding scope");
        };
        let mut state = begin.session.state();
        let frame = state.frames;
        state.frames += 1;
        let status = match decode(begin, &mut state, op) {
            Ok(()) => COMPLETE,
            Err(fault) => {
                check::report(&self.messages, fault.vuid, Some(frame), &fault.text);
                fail(&mut state, op);
                ERROR
            }
        };
        self.status = Some(status);
        if let Some((pool, index)) = &op.inline_query {
            pool.set(*index, Query { available: true, value: 0, status });
        }
    }
}

fn deactivate(state: &mut State, index: u32) {
    if let Some(slot) = state.slots.get_mut(index as usize) {
        *slot = None;
    }
    if let Ok(recon) = &mut state.recon {
        recon.deactivate(index);
    }
}

/// After a failed decode the setup slot is active, its picture is invalid, and contents are
/// undefined.
fn fail(state: &mut State, op: &DecodeOp) {
    let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
    for picture in op.dst.iter().chain(setup) {
        // Without memory, or with a layer that is not there, there is nothing to poison.
        let _poisoned = store::poison(picture);
    }
    let Some(setup) = &op.setup else { return };
    let Ok(index) = u32::try_from(setup.index) else { return };
    deactivate(state, index);
    if let Some(slot) = state.slots.get_mut(index as usize) {
        *slot = setup.resource.clone();
    }
}

/// Why a decode fails.
pub(crate) struct Fault {
    pub(crate) vuid: &'static str,
    pub(crate) text: String,
}

impl Fault {
    pub(crate) fn new(vuid: &'static str, text: impl Into<String>) -> Self {
        Self { vuid, text: text.into() }
    }
}

fn decode(begin: &BeginOp, state: &mut State, op: &DecodeOp) -> Result<(), Fault> {
    let session = &begin.session;
    check::decode(session, state, begin, op)?;
    let (Some(dst), Some(picture)) = (&op.dst, &op.picture) else {
        return Err(Fault::new("VUID-vkCmdDecodeVideoKHR-pNext-09250", "no picture information"));
    };
    let Some(sequence) = begin.parameters.clone() else {
        return Err(Fault::new("VUID-vkCmdDecodeVideoKHR-None-10407", "no sequence header"));
    };
    let fault = session.config.fault;
    let bytes = bitstream(op, picture, &session.config)?;
    let tiles = tiles(&bytes, picture)?;
    let setup_index = op.setup.as_ref().and_then(|slot| u32::try_from(slot.index).ok());
    let wrap = fault == Some(Planted::ThreeBitSlots);
    let setup_slot = setup_index.map(|index| if wrap { index & 7 } else { index });
    let mut names = picture.reference_name_slot_indices;
    names.iter_mut().filter(|name| wrap && **name >= 0).for_each(|name| *name &= 7);
    let job = FrameJob {
        sequence,
        picture: picture.info.clone(),
        coded_extent: dst.extent,
        setup_slot,
        reference_name_slot_indices: names,
        tile_offsets: picture.tile_offsets.clone(),
        tile_sizes: picture.tile_sizes.clone(),
    };
    let recon = state.recon.as_mut().map_err(|e| Fault::new("", e.clone()))?;
    let decoded = match catch_unwind(AssertUnwindSafe(|| recon.decode(&job, &tiles))) {
        Ok(Ok(decoded)) => decoded,
        Ok(Err(fault)) => return Err(Fault::new("", fault.to_string())),
        Err(_) => return Err(Fault::new("", "the decoder panicked")),
    };
    let mut dst = dst.clone();
    if fault == Some(Planted::LayerZero) {
        dst.layer = 0;
    }
    output(op, &dst, &decoded, session)?;
    if let (Some(index), Some(slot)) = (setup_index, &op.setup) {
        let refreshed = picture.info.std.refresh_frame_flags != 0;
        if let Some(held) = state.slots.get_mut(index as usize) {
            *held = slot.resource.clone().filter(|_| refreshed);
        }
    }
    Ok(())
}

fn output(
    op: &DecodeOp,
    dst: &Resource,
    decoded: &Decoded,
    session: &Session,
) -> Result<(), Fault> {
    let (chroma, granularity) = (session.profile.chroma, session.config.granularity);
    let shown = decoded.grained.as_ref().unwrap_or(&decoded.clean);
    let unbound = || Fault::new("", "an image has no memory");
    store::store(shown, dst, chroma, granularity).ok_or_else(unbound)?;
    let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
    if let Some(setup) = setup.filter(|setup| !setup.is_same(dst)) {
        store::store(&decoded.clean, setup, chroma, granularity).ok_or_else(unbound)?;
    }
    Ok(())
}

/// The bitstream range; with `clobber-headers` everything that no tile claims is overwritten.
fn bitstream(op: &DecodeOp, picture: &Picture, config: &Config) -> Result<Vec<u8>, Fault> {
    let end = op.src_offset.checked_add(op.src_range);
    if end.is_none_or(|end| end > op.src.size) {
        let vuid = "VUID-VkVideoDecodeInfoKHR-srcBufferRange-07167";
        return Err(Fault::new(vuid, "the bitstream range reaches outside its buffer"));
    }
    let mut bytes = vec![0; op.src_range as usize];
    let offset = match config.fault {
        Some(Planted::OffsetZero) => 0,
        _ => op.src_offset,
    };
    if !op.src.binding.read(offset, &mut bytes) {
        return Err(Fault::new("", "the bitstream buffer has no memory"));
    }
    if !config.clobber_headers {
        return Ok(bytes);
    }
    let mut clobbered = vec![0xff; bytes.len()];
    for (offset, size) in picture.tile_offsets.iter().zip(&picture.tile_sizes) {
        let start = *offset as usize;
        let end = start.saturating_add(*size as usize);
        if let (Some(to), Some(from)) = (clobbered.get_mut(start..end), bytes.get(start..end)) {
            to.copy_from_slice(from);
        }
    }
    Ok(clobbered)
}

/// The bytes of each tile.
fn tiles<'a>(bytes: &'a [u8], picture: &Picture) -> Result<Vec<&'a [u8]>, Fault> {
    let tile = |(offset, size): (&u32, &u32)| {
        let start = *offset as usize;
        bytes.get(start..start.saturating_add(*size as usize)).ok_or_else(|| {
            let vuid = "VUID-vkCmdDecodeVideoKHR-pTileOffsets-09252";
            let text = format!("a tile of {size} bytes at {offset} ends outside the range");
            Fault::new(vuid, text)
        })
    };
    picture.tile_offsets.iter().zip(&picture.tile_sizes).map(tile).collect()
}
