//! What a frame header depends on.

use av1_syntax::syntax::references::References;
use av1_syntax::syntax::sequence::SequenceHeader;

/// What a frame header depends on.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The sequence header in force.
    pub sequence: &'a SequenceHeader,
    /// The reference slots before the frame.
    pub references: &'a References,
    /// `temporal_id` of the OBU, 0 without an extension.
    pub temporal_id: u8,
    /// `spatial_id` of the OBU, 0 without an extension.
    pub spatial_id: u8,
}
