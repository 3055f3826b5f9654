//! What is known of accesses to images and buffers, and of what orders them.

use std::ops::Range;

use ash::vk::{AccessFlags2, ImageLayout, PipelineStageFlags2};

/// Queues of a device at most.
pub(crate) const QUEUES: usize = 6;
/// For each queue the newest batch that is known to have ended.
pub(crate) type Clock = [u64; QUEUES];

/// What a command does to a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    DecodeRead,
    DecodeWrite,
    CopyRead,
    CopyWrite,
}

impl Access {
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::DecodeWrite | Self::CopyWrite)
    }

    /// What it is in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DecodeRead => "VIDEO_DECODE_READ",
            Self::DecodeWrite => "VIDEO_DECODE_WRITE",
            Self::CopyRead => "TRANSFER_READ",
            Self::CopyWrite => "TRANSFER_WRITE",
        }
    }

    /// Stages of which one has to be in a scope that it is to be in.
    pub(crate) fn stages(self) -> PipelineStageFlags2 {
        let own = match self {
            Self::DecodeRead | Self::DecodeWrite => PipelineStageFlags2::VIDEO_DECODE_KHR,
            Self::CopyRead | Self::CopyWrite => {
                PipelineStageFlags2::ALL_TRANSFER
                    | PipelineStageFlags2::COPY
                    | PipelineStageFlags2::CLEAR
            }
        };
        own | PipelineStageFlags2::ALL_COMMANDS
    }

    /// The same for its kind of access.
    pub(crate) fn accesses(self) -> AccessFlags2 {
        match self {
            Self::DecodeRead => AccessFlags2::VIDEO_DECODE_READ_KHR | AccessFlags2::MEMORY_READ,
            Self::DecodeWrite => AccessFlags2::VIDEO_DECODE_WRITE_KHR | AccessFlags2::MEMORY_WRITE,
            Self::CopyRead => AccessFlags2::TRANSFER_READ | AccessFlags2::MEMORY_READ,
            Self::CopyWrite => AccessFlags2::TRANSFER_WRITE | AccessFlags2::MEMORY_WRITE,
        }
    }
}

/// One side of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) stages: PipelineStageFlags2,
    pub(crate) access: AccessFlags2,
}

impl Side {
    /// Everything.
    pub(crate) const ALL: Self = Self {
        stages: PipelineStageFlags2::ALL_COMMANDS,
        access: AccessFlags2::from_raw(
            AccessFlags2::MEMORY_READ.as_raw() | AccessFlags2::MEMORY_WRITE.as_raw(),
        ),
    };

    pub(crate) fn runs(&self, access: Access) -> bool {
        self.stages.intersects(access.stages())
    }

    pub(crate) fn sees(&self, access: Access) -> bool {
        self.runs(access) && self.access.intersects(access.accesses())
    }
}

/// An access, or a change of layout, that later ones have to be ordered after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    pub(crate) queue: usize,
    pub(crate) batch: u64,
    /// `None` for a change of layout.
    pub(crate) what: Option<Access>,
    /// What barriers on its queue have ordered after it.
    pub(crate) after: Side,
}

impl Past {
    pub(crate) fn writes(&self) -> bool {
        self.what.is_none_or(Access::writes)
    }

    pub(crate) fn name(&self) -> &'static str {
        self.what.map_or("a change of layout", Access::name)
    }
}

/// The state of one layer of an image.
#[derive(Clone, Debug)]
pub(crate) struct LayerState {
    pub(crate) layout: ImageLayout,
    /// The queue family that has it, if it is exclusive and in use.
    pub(crate) owner: Option<u32>,
    /// Released by its owner: families and layouts.
    pub(crate) released: Option<((u32, u32), (ImageLayout, ImageLayout))>,
    pub(crate) past: Vec<Past>,
    /// Transfers that have written it, or barriers that have discarded it.
    pub(crate) transfers: u64,
    /// A barrier has discarded its contents, and nothing was written since.
    pub(crate) discarded: bool,
}

impl LayerState {
    /// The state of a layer of a new image.
    pub(crate) fn new(layout: ImageLayout) -> Self {
        Self {
            layout,
            owner: None,
            released: None,
            past: Vec::new(),
            transfers: 0,
            discarded: false,
        }
    }
}

/// Bytes of a buffer that a command accesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bytes {
    pub(crate) range: Range<u64>,
    /// Rows with gaps between them: another such access need not have a byte in common.
    pub(crate) gaps: bool,
}

impl Bytes {
    /// All of `range`.
    pub(crate) fn all(range: Range<u64>) -> Self {
        Self { range, gaps: false }
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        overlap(&self.range, &other.range) && !(self.gaps && other.gaps)
    }
}

pub(crate) fn overlap(a: &Range<u64>, b: &Range<u64>) -> bool {
    a.start < b.end && b.start < a.end
}

/// The state of a buffer.
#[derive(Debug, Default)]
pub(crate) struct BufferState {
    pub(crate) past: Vec<(Bytes, Past)>,
    /// What transfers have written that neither a command nor, by a barrier, the host can have seen.
    pub(crate) unseen: Vec<Range<u64>>,
    /// It was said that there was such a write.
    pub(crate) told: bool,
    /// Writes so far.
    pub(crate) writes: u64,
}

impl BufferState {
    /// A write for nobody to see in `range` of a buffer, of which mapped ones count; only the first is
    /// told of.
    pub(crate) fn for_nobody(&mut self, is_mapped: bool, range: &Range<u64>) -> Option<String> {
        let lost = self.unseen.iter().find(|unseen| overlap(unseen, range))?;
        if self.told || !is_mapped {
            return None;
        }
        self.told = true;
        Some(format!(
            "hazard: bytes {} to {} of a mapped buffer were written by a transfer, and no barrier \
             to HOST_READ came after it: no read of the host is ordered after it",
            lost.start, lost.end
        ))
    }
}
