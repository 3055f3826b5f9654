//! Execution of video commands: slots, checks, reconstruction, stores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ash::vk;

use super::check;
use super::job::{FrameJob, SequenceHeader};
use super::load;
use super::op::{BeginOp, DecodeOp, Picture, Resource};
use super::session::{Session, State};
use super::store;
use crate::access::{self, Tracker};
use crate::config::Config;
use crate::message::Messages;
use crate::planted::{FrameFault, Planted};
use crate::query::{Query, QueryPool};
use crate::recon::Decoded;

/// STD_VIDEO_AV1_FRAME_TYPE_INTRA_ONLY.
const INTRA_ONLY: u32 = 2;
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
    /// The queue was at work when this was submitted.
    busy: bool,
    /// A planted fault of a decode in it.
    fault: Option<FrameFault>,
}

impl Scope {
    /// No scope is open; messages go to `messages`.
    pub(crate) fn new(messages: &Arc<Messages>, busy: bool) -> Self {
        Self {
            messages: Arc::clone(messages),
            begin: None,
            query: None,
            status: None,
            busy,
            fault: None,
        }
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
        state.outputs.fill(None);
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

    /// A planted fault of what was decoded in it.
    pub(crate) fn fault(&self) -> Option<FrameFault> {
        self.fault
    }

    /// vkCmdDecodeVideoKHR.
    pub(crate) fn decode(&mut self, op: &DecodeOp, tracker: &mut Tracker) {
        let Some(begin) = &self.begin else {
            let vuid = "VUID-vkCmdDecodeVideoKHR-videocoding";
            return check::report(&self.messages, vuid, None, "no coding scope");
        };
        let mut state = begin.session.state();
        let frame = state.frames;
        state.frames += 1;
        check::pictures(tracker, &begin.session, op);
        let planted = begin.session.config.frame_fault.filter(|(_, at)| *at == frame);
        let planted = planted.map(|(fault, _)| fault);
        if planted == Some(FrameFault::Crash) {
            std::process::abort();
        }
        let asked = self.query.is_some() || op.inline_query.is_some();
        let status = match decode(begin, &mut state, op, Wrong { busy: self.busy, asked, planted })
        {
            Ok(()) => COMPLETE,
            Err(fault) => {
                check::report(&self.messages, fault.vuid, Some(frame), &fault.text);
                fail(&mut state, op);
                ERROR
            }
        };
        self.status = Some(status);
        self.fault = self.fault.or(planted);
        if let Some((pool, index)) = &op.inline_query {
            pool.set(*index, Query { available: true, value: 0, status });
        }
    }
}

fn deactivate(state: &mut State, index: u32) {
    let State { slots, outputs, .. } = state;
    for list in [slots, outputs] {
        if let Some(slot) = list.get_mut(index as usize) {
            *slot = None;
        }
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

/// What planted faults go by.
#[derive(Clone, Copy)]
struct Wrong {
    /// The queue was at work when this was submitted.
    busy: bool,
    /// A query waits for the status.
    asked: bool,
    /// The fault of this decode.
    planted: Option<FrameFault>,
}

/// Whether the planted fault spoils the output.
fn spoils(op: &DecodeOp, dst: &Resource, state: &State, fault: Planted, wrong: Wrong) -> bool {
    let image = &dst.view.image;
    match fault {
        Planted::StatusWrite => wrong.asked,
        Planted::GeneralLayout => access::layout(image, dst.layer) == vk::ImageLayout::GENERAL,
        Planted::ProfileIndependent => image.profile_independent,
        Planted::TileStarts => op.picture.as_ref().is_some_and(|p| {
            let tiles = p.info.tile_info.as_ref();
            tiles.is_some_and(|tiles| tiles.leaves_as_superblocks(dst.extent))
        }),
        Planted::IntraUnnamed => op.picture.as_ref().is_some_and(|p| {
            let unnamed = p.reference_name_slot_indices.iter().all(|slot| *slot < 0);
            unnamed && p.info.std.frame_type == INTRA_ONLY
        }),
        Planted::DpbAtRecord => op.picture.as_ref().is_some_and(|p| {
            let names = p.reference_name_slot_indices.iter().zip(op.recorded.references);
            let held = |slot: i32| state.recorded.get(usize::try_from(slot).ok()?);
            names.filter(|(slot, _)| **slot >= 0).any(|(slot, was)| held(*slot) != Some(&was))
        }),
        _ => false,
    }
}

/// The sequence header in force.
fn sequence(begin: &BeginOp, op: &DecodeOp) -> Option<Arc<SequenceHeader>> {
    let Some(inline) = op.inline_sequence.clone() else { return begin.parameters.clone() };
    if begin.session.config.fault != Some(Planted::InlineHeader) {
        return Some(inline);
    }
    let mut wrong = SequenceHeader::clone(&inline);
    wrong.std.flags.set_enable_cdef(0);
    wrong.std.flags.set_enable_filter_intra(0);
    wrong.std.flags.set_enable_intra_edge_filter(0);
    Some(Arc::new(wrong))
}

fn decode(begin: &BeginOp, state: &mut State, op: &DecodeOp, wrong: Wrong) -> Result<(), Fault> {
    let session = &begin.session;
    check::decode(session, state, begin, op)?;
    let (Some(dst), Some(picture)) = (&op.dst, &op.picture) else {
        return Err(Fault::new("VUID-vkCmdDecodeVideoKHR-pNext-09250", "no picture information"));
    };
    let Some(sequence) = sequence(begin, op) else {
        return Err(Fault::new("VUID-vkCmdDecodeVideoKHR-None-10407", "no sequence header"));
    };
    if session.config.null {
        store::nothing(dst, session.profile.chroma);
        activate(state, op, picture);
        return Ok(());
    }
    let fault = session.config.fault;
    let mut bytes = bitstream(op, picture, &session.config)?;
    if fault == Some(Planted::StaleBitstream) {
        let before = std::mem::replace(&mut state.bitstream, bytes.clone());
        if wrong.busy {
            bytes.clear();
            bytes.extend(before.iter().chain(std::iter::repeat(&0)).take(op.src_range as usize));
        }
    }
    let tiles = tiles(&bytes, picture, fault)?;
    let setup_index = op.setup.as_ref().and_then(|slot| u32::try_from(slot.index).ok());
    let wrap = fault == Some(Planted::ThreeBitSlots);
    let setup_slot = setup_index.map(|index| if wrap { index & 7 } else { index });
    let mut names = picture.reference_name_slot_indices;
    names.iter_mut().filter(|name| wrap && **name >= 0).for_each(|name| *name &= 7);
    if wrong.planted == Some(FrameFault::Status) {
        return Err(Fault::new("", "a planted fault"));
    }
    let mut job = FrameJob {
        sequence,
        picture: picture.info.clone(),
        coded_extent: dst.extent,
        setup_slot,
        reference_name_slot_indices: names,
        tile_offsets: picture.tile_offsets.clone(),
        tile_sizes: picture.tile_sizes.clone(),
    };
    if let Some(planted) = wrong.planted {
        let held = |slot| state.slots.get(slot as usize).is_some_and(Option::is_some);
        planted.spoil(&mut job, held);
    }
    transferred(state, op, session, |slot| if wrap { slot & 7 } else { slot })?;
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
    output(op, &dst, &decoded, session, wrong)?;
    if fault.is_some_and(|fault| spoils(op, &dst, state, fault, wrong)) {
        store::spoil(&dst);
    }
    activate(state, op, picture);
    Ok(())
}

/// The setup slot holds its picture, if later frames may refer to it.
fn activate(state: &mut State, op: &DecodeOp, picture: &Picture) {
    let Some(setup) = &op.setup else { return };
    let Ok(index) = usize::try_from(setup.index) else { return };
    if let Some(recorded) = state.recorded.get_mut(index) {
        *recorded = op.recorded.number;
    }
    if let (Some(seen), Some(resource)) = (state.transfers.get_mut(index), &setup.resource) {
        *seen = access::transfers(&resource.view.image, resource.layer);
    }
    if let Some(output) = state.outputs.get_mut(index) {
        output.clone_from(&op.dst);
    }
    let refreshed = picture.info.std.refresh_frame_flags != 0;
    if let Some(held) = state.slots.get_mut(index) {
        *held = setup.resource.clone().filter(|_| refreshed);
    }
}

/// Gives the reconstructor what transfers have written into the references since it made them;
/// `place` says where it keeps a slot.
fn transferred(
    state: &mut State,
    op: &DecodeOp,
    session: &Session,
    place: impl Fn(u32) -> u32,
) -> Result<(), Fault> {
    let State { recon: Ok(recon), transfers, outputs, .. } = state else { return Ok(()) };
    for slot in &op.references {
        let (Ok(index), Some(resource)) = (u32::try_from(slot.index), &slot.resource) else {
            continue;
        };
        let Some(seen) = transfers.get_mut(index as usize) else { continue };
        let count = access::transfers(&resource.view.image, resource.layer);
        if *seen == count {
            continue;
        }
        *seen = count;
        // What was output is not to change with the reference.
        if let Some(output) = outputs.get_mut(index as usize).and_then(Option::take) {
            output.view.image.settle(output.layer);
        }
        let planes = load::load(resource, session.profile.chroma)
            .ok_or_else(|| Fault::new("", "a reference picture has no memory"))?;
        recon.overwrite(place(index), &planes).map_err(|e| Fault::new("", e.to_string()))?;
    }
    Ok(())
}

fn output(
    op: &DecodeOp,
    dst: &Resource,
    decoded: &Decoded,
    session: &Session,
    wrong: Wrong,
) -> Result<(), Fault> {
    let (chroma, granularity) = (session.profile.chroma, session.config.granularity);
    let shown = decoded.grained.as_ref().unwrap_or(&decoded.clean);
    let unbound = || Fault::new("", "an image has no memory");
    let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
    let coincides = |setup: &&Resource| op.dst.as_ref().is_some_and(|dst| setup.is_same(dst));
    let apart = setup.filter(|setup| !coincides(setup));
    if apart.is_none() || session.config.fault != Some(Planted::OutputApart) {
        store::store(shown, dst, chroma, granularity).ok_or_else(unbound)?;
    }
    if let Some(setup) = apart {
        store::store(&decoded.clean, setup, chroma, granularity).ok_or_else(unbound)?;
    }
    if wrong.planted == Some(FrameFault::Pixel) {
        store::flip(dst);
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
fn tiles<'a>(
    bytes: &'a [u8],
    picture: &Picture,
    fault: Option<Planted>,
) -> Result<Vec<&'a [u8]>, Fault> {
    let last = picture.tile_offsets.len().saturating_sub(1);
    let tile = |(i, (offset, size)): (usize, (&u32, &u32))| {
        let start = match fault {
            Some(Planted::HeaderSkip) => *offset.max(&(picture.frame_header_offset + 1)) as usize,
            Some(Planted::RangeEnd) if i == last => bytes.len().saturating_sub(*size as usize),
            _ => *offset as usize,
        };
        bytes.get(start..start.saturating_add(*size as usize)).ok_or_else(|| {
            let vuid = "VUID-vkCmdDecodeVideoKHR-pTileOffsets-09252";
            let text = format!("a tile of {size} bytes at {offset} ends outside the range");
            Fault::new(vuid, text)
        })
    };
    picture.tile_offsets.iter().zip(&picture.tile_sizes).enumerate().map(tile).collect()
}
