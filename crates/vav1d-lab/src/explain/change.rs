//! One change of what a frame is told.

use std::collections::HashMap;
use std::sync::Arc;

use av1_engine::job::{FrameJob, SequenceHeader};
use av1_engine::members;

use super::Stage;

/// What has to be decoded again for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The frame.
    Frame,
    /// All frames, with another sequence header.
    Sequence,
    /// A frame that it refers to, of which the samples stay.
    Reference(u64),
    /// The same, of what a frame saves without any effect on its own picture.
    Saved(u64),
}

/// One change.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) stage: Stage,
    pub(super) structure: &'static str,
    /// The member, or what it is called in the text.
    pub(super) member: String,
    pub(super) right: String,
    pub(super) taken: String,
    pub(super) why: &'static str,
    pub(super) scope: Scope,
    pub(super) edit: Edit,
}

#[derive(Clone, Debug)]
pub(super) enum Edit {
    /// Values by [`Member::path`].
    Members(HashMap<String, i64>),
    /// A reference name is another slot.
    Name(usize, i32),
    /// pTileOffsets and pTileSizes.
    Tiles(Vec<u32>, Vec<u32>),
    /// codedExtent.
    Extent((u32, u32)),
}

impl Change {
    /// Makes `job` so.
    pub(super) fn apply(&self, job: &mut FrameJob) {
        match &self.edit {
            Edit::Members(values) => {
                let mut sequence = SequenceHeader::clone(&job.sequence);
                members::walk(&mut sequence, &mut job.picture, &mut |member| {
                    values.get(&member.path()).copied()
                });
                if self.scope == Scope::Sequence {
                    job.sequence = Arc::new(sequence);
                }
            }
            Edit::Name(name, slot) => job.reference_name_slot_indices[*name] = *slot,
            Edit::Tiles(offsets, sizes) => {
                job.tile_offsets.clone_from(offsets);
                job.tile_sizes.clone_from(sizes);
            }
            Edit::Extent(extent) => job.coded_extent = *extent,
        }
    }

    /// The members that `values` has are others.
    pub(super) fn of_members(
        stage: Stage,
        (structure, member): (&'static str, String),
        (right, taken): (String, String),
        why: &'static str,
        values: HashMap<String, i64>,
    ) -> Self {
        let (scope, edit) = (Scope::Frame, Edit::Members(values));
        Self { stage, structure, member, right, taken, why, scope, edit }
    }
}
