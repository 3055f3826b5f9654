//! Decodes that the reconstructor gets before their turn: while those before them are in the making.
//! Nothing is seen of that. Whatever the turn of a decode could change keeps it from being begun.

use super::bitstream;
use super::check;
use super::execute;
use super::op::{BeginOp, DecodeOp, Resource};
use super::session::{Begun, State};
use super::wrong::{self, Wrong};
use crate::access;
use crate::image::store;
use av1_engine::{Room, Ticket};

/// Whether the reconstructor of a session takes a frame.
pub(crate) fn room(begin: &BeginOp) -> Room {
    begin.session.state().recon.as_ref().map_or(Room::No, |recon| recon.room())
}

/// Whether it is known what came of a frame.
pub(crate) fn is_over(begin: &BeginOp, ticket: Ticket) -> bool {
    begin.session.state().recon.as_ref().map_or(true, |recon| recon.is_over(ticket))
}

/// Begins a decode, after all of its session that were begun. `None` if it has to wait for its turn.
pub(crate) fn begin(begin: &BeginOp, op: &DecodeOp) -> Option<Ticket> {
    let session = &begin.session;
    let mut state = session.state();
    let slots = slots(&state);
    check::decode(session, (state.initialized, &slots), begin, op).ok()?;
    let (dst, picture) = (op.dst.as_ref()?, op.picture.as_ref()?);
    if !are_as_decoded(&state, op) {
        return None;
    }
    let sequence = wrong::sequence(begin, op)?;
    let wrong = Wrong {
        faults: &session.config.faults,
        busy: false,
        asked: false,
        planted: &[],
        in_range: true,
    };
    let given = (session.config.clobber_headers, wrong);
    let bytes = bitstream::read(op, picture, &mut state, given).ok()?;
    let tiles = bitstream::tiles(&bytes, picture, wrong.faults).ok()?;
    let job = execute::job(op, (dst, picture), &sequence, &state, wrong);
    let ticket = state.recon.as_mut().ok()?.submit(&job, &tiles)?;
    let refreshed = picture.info.std.refresh_frame_flags != 0;
    let slot = op.setup.as_ref().and_then(|setup| {
        let index = usize::try_from(setup.index).ok()?;
        Some((index, setup.resource.clone().filter(|_| refreshed)))
    });
    give_up(op);
    state.beside += u64::from(!state.begun.is_empty());
    state.begun.push(Begun { ticket, slot });
    Some(ticket)
}

/// Whether decodes of a session overwrite pictures. Those with planted faults may leave them as they
/// were.
pub(crate) fn gives_up(begin: &BeginOp) -> bool {
    begin.session.config.faults.is_empty()
}

/// The pictures that a decode will overwrite are nobody's any more: its waits are over, and no command
/// before it looks at an image.
pub(crate) fn give_up(op: &DecodeOp) {
    let setup_to = op.setup.as_ref().and_then(|setup| setup.resource.as_ref());
    op.dst.iter().chain(setup_to).for_each(store::give_up);
}

/// The picture of each active slot once all that was begun is done.
fn slots(state: &State) -> Vec<Option<Resource>> {
    let mut slots = state.slots.clone();
    for (index, picture) in state.begun.iter().filter_map(|begun| begun.slot.as_ref()) {
        if let Some(slot) = slots.get_mut(*index) {
            slot.clone_from(picture);
        }
    }
    slots
}

/// Whether no transfer has written a reference since it was decoded.
fn are_as_decoded(state: &State, op: &DecodeOp) -> bool {
    let is_begun =
        |index: usize| state.begun.iter().any(|b| b.slot.as_ref().is_some_and(|s| s.0 == index));
    op.references.iter().all(|slot| {
        let (Ok(index), Some(resource)) = (usize::try_from(slot.index), &slot.resource) else {
            return false;
        };
        let count = access::transfers(&resource.view.image, resource.layer);
        is_begun(index) || state.transfers.get(index) == Some(&count)
    })
}
