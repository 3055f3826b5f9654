//! Pictures on their way to the host, and what is left of those that are there.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use super::converting::Converter;
use super::decoded::DecodedPicture;
use super::host_copies::HostRead;
use super::lending::{Readback, Spares};
use super::moved::Moved;
use super::objects::Commands;
use super::output::{DecodeStatus, Output};
use super::readback::CopyPlan;
use super::submit::Ticket;
use crate::pixels::Picture;
use crate::plan::ShowPlan;
use crate::syntax::film_grain::FilmGrainParams;
use crate::syntax::frame::FrameHeader;
use crate::syntax::sequence::SequenceHeader;

/// Readbacks under way, and what is left of those that ended.
#[derive(Default)]
pub(super) struct Showing {
    pub(super) pending: VecDeque<Pending>,
    pub(super) ready: VecDeque<Output>,
    pub(super) spare: Spares,
    pub(super) converter: Converter,
    /// Of pictures that are done with.
    pub(super) memory: Vec<Vec<u8>>,
    /// What was copied out of memory that the host does not cache.
    pub(super) scratch: Vec<u8>,
    /// Command buffers of the decode family that hand pictures over, by age.
    pub(super) handovers: VecDeque<(Ticket, Commands)>,
    pub(super) moved: Arc<Moved>,
    /// Pictures that the host can read where they are stay there.
    pub(super) unread: bool,
    /// Pictures are not delivered before frames behind them are under way.
    pub(super) busy: bool,
    /// Who takes the pictures has a core of its own.
    pub(super) keeps_core: bool,
}

impl Showing {
    /// When the oldest picture is there.
    pub(super) fn next_due(&self) -> Option<Due> {
        self.pending.front().map(|pending| pending.due)
    }

    /// Drops pictures of decodes and copies newer than these, which will never be.
    pub(super) fn forget(&mut self, decoded: Ticket, copied: Ticket) {
        self.pending.retain(|pending| match pending.due {
            Due::Decoded(ticket) => ticket <= decoded,
            Due::Copied(ticket) => ticket <= copied,
        });
    }
}

/// When a picture is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Decoded(Ticket),
    Copied(Ticket),
}

/// Where a picture will be.
pub(super) enum Place {
    OnDevice(Box<DecodedPicture>),
    Host(Readback, CopyPlan),
    /// In the image, for the host.
    Read(Read),
}

/// A picture under way.
pub(super) struct Pending {
    pub(super) due: Due,
    pub(super) place: Place,
    pub(super) show: ShowPlan,
    pub(super) frame: u64,
    pub(super) dpb_slot: Option<i32>,
    pub(super) coincides: bool,
    pub(super) newest: u64,
    pub(super) status: Arc<OnceLock<DecodeStatus>>,
    pub(super) pending_grain: Option<FilmGrainParams>,
    pub(super) header: Arc<FrameHeader>,
    pub(super) sequence: Arc<SequenceHeader>,
}

/// A picture for the host.
pub(super) enum Read {
    /// It is read when it is asked for.
    Later(Box<HostRead>),
    /// It was read at once: the image had to go back to its layout.
    Done(Box<Picture>),
}
