//! Execution of video commands: slots, checks, reconstruction, stores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::begin;
use super::bitstream;
use super::check;
use super::fault::Fault;
use super::known::Known;
use super::load;
use super::members;
use super::op::{BeginOp, DecodeOp, Picture, Resource};
use super::reference;
use super::session::{Session, State};
use super::snapshot::{Snapshot, Snapshots};
use super::wrong::{self, Wrong};
use crate::access::{self, Tracker};
use crate::image::store;
use crate::message::{Messages, report, trouble};
use crate::planted::{Due, FrameFault, Planted};
use crate::query::{Query, QueryPool};
use crate::when::Told;
use av1_engine::job::{FrameJob, SequenceHeader};
use av1_engine::{self as recon, Decoded, Ticket};

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
    /// The bitstreams of the decodes to come, as they were when this was submitted.
    snapshots: Snapshots,
    /// What planted faults of decodes in it do to the queue.
    end: Option<FrameFault>,
}

impl Scope {
    /// No scope is open; messages go to `messages`.
    pub(crate) fn new(messages: &Arc<Messages>, busy: bool, snapshots: Snapshots) -> Self {
        Self {
            messages: Arc::clone(messages),
            begin: None,
            query: None,
            status: None,
            busy,
            snapshots,
            end: None,
        }
    }

    /// vkCmdBeginVideoCodingKHR.
    pub(crate) fn begin(&mut self, begin: &BeginOp) {
        let mut state = begin.session.state();
        begin::check(&self.messages, &state, begin);
        for slot in begin.slots.iter().filter(|slot| slot.resource.is_none()) {
            if let Ok(index) = u32::try_from(slot.index) {
                deactivate(&mut state, index);
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
        state.known.fill(None);
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

    /// The planted fault `Hang` or `Lost` of what was decoded in it.
    pub(crate) fn end_of_queue(&self) -> Option<FrameFault> {
        self.end.clone()
    }

    /// The scope that is open.
    pub(crate) fn begun(&self) -> Option<&BeginOp> {
        self.begin.as_ref()
    }

    /// vkCmdDecodeVideoKHR; with a `ticket` if the reconstructor has the frame since before.
    pub(crate) fn decode(&mut self, op: &DecodeOp, ticket: Option<Ticket>, tracker: &mut Tracker) {
        let Some(begin) = &self.begin else {
            let vuid = "VUID-vkCmdDecodeVideoKHR-videocoding";
            return report(&self.messages, vuid, None, "no coding scope");
        };
        let mut state = begin.session.state();
        let frame = state.frames;
        state.frames += 1;
        check::pictures(tracker, &begin.session, op);
        for (vuid, text) in check::lesser(&begin.session, op) {
            report(&self.messages, vuid, Some(frame), &text);
        }
        let mut in_range = true;
        if let Some(sequence) = op.sequence(begin) {
            let hints = !begin.session.config.faults.has(Planted::ShiftedHints);
            reference::check(&self.messages, frame, (&state, hints), op, sequence);
            for text in members::check(op, sequence, &begin.session.profile) {
                in_range = false;
                report(&self.messages, "", Some(frame), &text);
            }
        }
        let faults = &begin.session.config.faults;
        let told = op.sequence(begin).zip(op.picture.as_ref());
        let told = Told(told.map(|(sequence, picture)| (&**sequence, &picture.info)));
        let planted = faults.of_frame(frame, &told);
        let has = |fault: FrameFault| planted.iter().any(|due| due.fault == fault);
        if has(FrameFault::Crash) {
            std::process::abort();
        }
        let submitted = self.snapshots.pop_front().flatten().filter(|_| !tracker.is_after_host());
        let begun = submitted.and_then(|_| Snapshot::of(op));
        let asked = self.query.is_some() || op.inline_query.is_some();
        let wrong = Wrong { faults, busy: self.busy, asked, planted: &planted, in_range };
        state.begun.retain(|begun| Some(begun.ticket) != ticket);
        let status = match decode(begin, &mut state, op, (wrong, ticket)) {
            Ok(()) => COMPLETE,
            Err(fault) => {
                match fault.rule {
                    Some(vuid) => report(&self.messages, vuid, Some(frame), &fault.text),
                    None => trouble(&self.messages, frame, &fault.text),
                }
                fail(&mut state, op, ticket);
                ERROR
            }
        };
        if let Some(text) = overwritten(op, submitted, begun) {
            report(&self.messages, "", Some(frame), &text);
        }
        self.status = Some(status);
        for end in [FrameFault::Lost, FrameFault::Hang] {
            if wrong.fires(end.clone()) {
                let away = begin.session.config.hardware.away.as_ref();
                away.filter(|_| end == FrameFault::Lost).inspect(|away| away.lose());
                self.end = Some(end);
            }
        }
        if let Some((pool, index)) = &op.inline_query {
            pool.set(*index, Query { available: true, value: 0, status });
        }
    }
}

/// What the host has done to the bitstream since it was submitted, up to now.
fn overwritten(
    op: &DecodeOp,
    submitted: Option<Snapshot>,
    begun: Option<Snapshot>,
) -> Option<String> {
    let (submitted, begun) = (submitted?, begun?);
    let when = match Snapshot::of(op)? {
        _ if begun.is_overwritten(&submitted) => "between submission and decoding",
        ended if ended.is_overwritten(&begun) => "while it was decoded",
        _ => return None,
    };
    let (start, end) = (op.src_offset, op.src_offset.saturating_add(op.src_range));
    Some(format!("hazard: the host wrote bytes of srcBuffer from {start} to {end} {when}"))
}

fn deactivate(state: &mut State, index: u32) {
    empty(state, index);
    if let Ok(recon) = &mut state.recon {
        recon.deactivate(index);
    }
}

/// Forgets what a slot holds.
fn empty(state: &mut State, index: u32) {
    let State { slots, outputs, known, .. } = state;
    if let Some(known) = known.get_mut(index as usize) {
        *known = None;
    }
    for list in [slots, outputs] {
        if let Some(slot) = list.get_mut(index as usize) {
            *slot = None;
        }
    }
}

/// After a failed decode the setup slot is active, its picture is invalid, and contents are
/// undefined.
fn fail(state: &mut State, op: &DecodeOp, ticket: Option<Ticket>) {
    let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
    for picture in op.dst.iter().chain(setup) {
        // Without memory, or with a layer that is not there, there is nothing to poison.
        let _poisoned = store::poison(picture);
    }
    if let (Some(ticket), Ok(recon)) = (ticket, &mut state.recon) {
        // Later frames may have the slot by now.
        let _nobody_wants_it = recon.take(ticket);
        recon.spoil(ticket);
    }
    let Some(setup) = &op.setup else { return };
    let Ok(index) = u32::try_from(setup.index) else { return };
    match ticket {
        Some(_) => empty(state, index),
        None => deactivate(state, index),
    }
    if let Some(slot) = state.slots.get_mut(index as usize) {
        *slot = setup.resource.clone();
    }
}

fn decode(
    begin: &BeginOp,
    state: &mut State,
    op: &DecodeOp,
    (wrong, ticket): (Wrong<'_>, Option<Ticket>),
) -> Result<(), Fault> {
    let session = &begin.session;
    check::decode(session, (state.initialized, &state.slots), begin, op)?;
    let (Some(dst), Some(picture)) = (&op.dst, &op.picture) else {
        return Err(Fault::new("VUID-vkCmdDecodeVideoKHR-pNext-09250", "no picture information"));
    };
    let Some(sequence) = wrong::sequence(begin, op) else {
        return Err(Fault::new("VUID-vkCmdDecodeVideoKHR-None-10407", "no sequence header"));
    };
    if session.config.null {
        store::nothing(dst, session.profile.chroma);
        activate(state, op, picture, &sequence);
        return Ok(());
    }
    let reconstructed = match ticket {
        Some(ticket) => {
            let recon = state.recon.as_mut().map_err(|e| Fault::of_driver(e.clone()))?;
            catch_unwind(AssertUnwindSafe(|| recon.take(ticket)))
        }
        None => {
            let given = (session.config.clobber_headers, wrong);
            let bytes = bitstream::read(op, picture, state, given)?;
            let tiles = bitstream::tiles(&bytes, picture, wrong.faults)?;
            if wrong.fires(FrameFault::Status) {
                return Err(Fault::of_driver("a planted fault"));
            }
            let job = job(op, (dst, picture), &sequence, state, wrong);
            transferred(state, op, session, |slot| wrong.slot(slot))?;
            let recon = state.recon.as_mut().map_err(|e| Fault::of_driver(e.clone()))?;
            catch_unwind(AssertUnwindSafe(|| recon.decode(&job, &tiles)))
        }
    };
    let decoded = match reconstructed {
        Ok(Ok(decoded)) => decoded,
        Ok(Err(recon::Fault::Decoder(_))) => return Err(refused(wrong.in_range)),
        Ok(Err(fault)) => return Err(Fault::of_driver(fault.to_string())),
        Err(_) => return Err(Fault::of_driver("the decoder panicked")),
    };
    let mut dst = dst.clone();
    if wrong.faults.fires(Planted::LayerZero, dst.layer != 0) {
        dst.layer = 0;
    }
    output(op, &dst, &decoded, session, wrong)?;
    for fault in wrong.faults.always() {
        if wrong.faults.fires(fault, wrong::spoils(op, &dst, state, fault, wrong)) {
            store::spoil(&dst);
        }
    }
    activate(state, op, picture, &sequence);
    Ok(())
}

/// The decoder takes no frame of these values and these tiles; whether all members are in their
/// ranges, and agree.
fn refused(in_range: bool) -> Fault {
    let why = match in_range {
        true => {
            "every member is in its range: the bytes of the tiles are not those that the values \
             and the references are of"
        }
        false => "see the members that are reported for it",
    };
    Fault::of_driver(format!("the frame cannot be decoded; {why}"))
}

/// What the reconstructor is given, with the planted faults in it.
pub(super) fn job(
    op: &DecodeOp,
    (dst, picture): (&Resource, &Picture),
    sequence: &Arc<SequenceHeader>,
    state: &State,
    wrong: Wrong<'_>,
) -> FrameJob {
    let setup_slot = op.setup.as_ref().and_then(|slot| u32::try_from(slot.index).ok());
    let name = |name: i32| u32::try_from(name).map_or(name, |slot| wrong.slot(slot) as i32);
    let mut job = FrameJob {
        sequence: Arc::clone(sequence),
        picture: picture.info.clone(),
        coded_extent: dst.extent,
        setup_slot: setup_slot.map(|slot| wrong.slot(slot)),
        reference_name_slot_indices: picture.reference_name_slot_indices.map(name),
        tile_offsets: picture.tile_offsets.clone(),
        tile_sizes: picture.tile_sizes.clone(),
    };
    let held = |slot| state.slots.get(slot as usize).is_some_and(Option::is_some);
    for planted in wrong.planted {
        if planted.fault.spoil(&mut job, held) {
            planted.fired();
        }
    }
    job
}

/// The setup slot holds its picture, if later frames may refer to it.
fn activate(state: &mut State, op: &DecodeOp, picture: &Picture, sequence: &SequenceHeader) {
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
    let known = Known::new(state, picture, sequence);
    if let Some(held) = state.known.get_mut(index) {
        *held = Some(known);
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
        recon.overwrite(place(index), &planes).map_err(|e| Fault::of_driver(e.to_string()))?;
    }
    Ok(())
}

fn output(
    op: &DecodeOp,
    dst: &Resource,
    decoded: &Decoded,
    session: &Session,
    wrong: Wrong<'_>,
) -> Result<(), Fault> {
    let (chroma, granularity) = (session.profile.chroma, session.config.granularity);
    let shown = decoded.grained.as_ref().unwrap_or(&decoded.clean);
    let unbound = || Fault::new("", "an image has no memory");
    let setup = op.setup.as_ref().and_then(|slot| slot.resource.as_ref());
    let coincides = |setup: &&Resource| op.dst.as_ref().is_some_and(|dst| setup.is_same(dst));
    let apart = setup.filter(|setup| !coincides(setup));
    if !wrong.faults.fires(Planted::OutputApart, apart.is_some()) {
        store::store(shown, dst, chroma, granularity).ok_or_else(unbound)?;
    }
    if let Some(setup) = apart {
        store::store(&decoded.clean, setup, chroma, granularity).ok_or_else(unbound)?;
    }
    let flips = |due: &&Due| matches!(due.fault, FrameFault::Pixel | FrameFault::Race);
    if wrong.planted.iter().any(|due| flips(&due)) && store::flip(dst).is_some() {
        wrong.planted.iter().filter(flips).for_each(Due::fired);
    }
    Ok(())
}
