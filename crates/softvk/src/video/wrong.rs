//! What the planted faults do to one decode.

use std::sync::Arc;

use ash::vk;

use super::op::{BeginOp, DecodeOp, Resource};
use super::reference;
use super::session::State;
use crate::access;
use crate::image::Profiles;
use crate::planted::{Due, Faults, FrameFault, Planted};
use av1_engine::job::SequenceHeader;

/// STD_VIDEO_AV1_FRAME_TYPE_INTRA_ONLY.
const INTRA_ONLY: u32 = 2;

/// What planted faults go by.
#[derive(Clone, Copy)]
pub(super) struct Wrong<'a> {
    /// All that are planted.
    pub(super) faults: &'a Faults,
    /// The queue was at work when this was submitted.
    pub(super) busy: bool,
    /// A query waits for the status.
    pub(super) asked: bool,
    /// Its own faults.
    pub(super) planted: &'a [Due],
    /// The application's values are in their ranges.
    pub(super) in_range: bool,
}

impl Wrong<'_> {
    /// Whether this decode has `fault`, which then has had its effect.
    pub(super) fn fires(&self, fault: FrameFault) -> bool {
        let mut all = self.planted.iter().filter(|due| due.fault == fault).peekable();
        let there = all.peek().is_some();
        all.for_each(Due::fired);
        there
    }

    /// Slot `index` as the driver has it.
    pub(super) fn slot(&self, index: u32) -> u32 {
        if self.faults.fires(Planted::ThreeBitSlots, index > 7) { index & 7 } else { index }
    }
}

/// Whether the planted fault spoils the output.
pub(super) fn spoils(
    op: &DecodeOp,
    dst: &Resource,
    state: &State,
    fault: Planted,
    wrong: Wrong<'_>,
) -> bool {
    let image = &dst.view.image;
    match fault {
        Planted::StatusWrite => wrong.asked,
        Planted::GeneralLayout => access::layout(image, dst.layer) == vk::ImageLayout::GENERAL,
        Planted::ProfileIndependent => image.profiles == Profiles::Independent,
        Planted::TileStarts => op.picture.as_ref().is_some_and(|p| {
            let tiles = p.info.tile_info.as_ref();
            tiles.is_some_and(|tiles| tiles.leaves_as_superblocks(dst.extent))
        }),
        Planted::ShiftedHints => reference::misread(state, op),
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
pub(super) fn sequence(begin: &BeginOp, op: &DecodeOp) -> Option<Arc<SequenceHeader>> {
    let Some(inline) = op.inline_sequence.clone() else { return op.sequence(begin).cloned() };
    let flags = &inline.std.flags;
    let effect =
        flags.enable_cdef() | flags.enable_filter_intra() | flags.enable_intra_edge_filter();
    if !begin.session.config.faults.fires(Planted::InlineHeader, effect != 0) {
        return Some(inline);
    }
    let mut wrong = SequenceHeader::clone(&inline);
    wrong.std.flags.set_enable_cdef(0);
    wrong.std.flags.set_enable_filter_intra(0);
    wrong.std.flags.set_enable_intra_edge_filter(0);
    Some(Arc::new(wrong))
}
