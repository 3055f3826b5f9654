//! Faults that the driver has on purpose, so that tools can show that they find them.

use crate::video::job::FrameJob;

/// A fault that the driver has on purpose, so that tools can show that they find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// Output goes to layer 0.
    LayerZero,
    /// srcBufferOffset is 0.
    OffsetZero,
    /// Slot indexes have three bits.
    ThreeBitSlots,
    /// The last tile ends where the range ends.
    RangeEnd,
    /// Tiles start behind the frame header's first byte.
    HeaderSkip,
    /// An output that is not the reference picture is not written.
    OutputApart,
    /// The status of a query is written over the output.
    StatusWrite,
    /// Outputs in layout GENERAL are spoilt.
    GeneralLayout,
    /// Outputs in images without a profile are spoilt.
    ProfileIndependent,
    /// Tile starts are taken as superblocks.
    TileStarts,
    /// Intra-only frames need a reference.
    IntraUnnamed,
    /// References are looked up when a command is recorded.
    DpbAtRecord,
    /// Some flags of inline sequence headers are 0.
    InlineHeader,
    /// The bitstream is that of the decode before.
    StaleBitstream,
}

impl Planted {
    /// The fault called `name`.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, fault)| *fault)
    }

    /// All of them, by name.
    const ALL: [(&'static str, Self); 14] = [
        ("layer-zero", Self::LayerZero),
        ("offset-zero", Self::OffsetZero),
        ("three-bit-slots", Self::ThreeBitSlots),
        ("range-end", Self::RangeEnd),
        ("header-skip", Self::HeaderSkip),
        ("output-apart", Self::OutputApart),
        ("status-write", Self::StatusWrite),
        ("general-layout", Self::GeneralLayout),
        ("profile-independent", Self::ProfileIndependent),
        ("tile-starts", Self::TileStarts),
        ("intra-unnamed", Self::IntraUnnamed),
        ("dpb-at-record", Self::DpbAtRecord),
        ("inline-header", Self::InlineHeader),
        ("stale-bitstream", Self::StaleBitstream),
    ];
}

/// A fault in one decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// base_q_idx is off by one.
    BaseQ,
    /// A reference name is taken from another slot.
    Slot,
    /// primary_ref_frame is PRIMARY_REF_NONE.
    Cdf,
    /// grain_seed is off by one bit.
    GrainSeed,
    /// One sample of the output is off by one bit.
    Pixel,
    /// The decode fails.
    Status,
    /// The queue hangs.
    Hang,
    /// The device is lost.
    Lost,
    /// The process aborts.
    Crash,
}

impl FrameFault {
    /// The fault called `name`.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "base-q" => Self::BaseQ,
            "slot" => Self::Slot,
            "cdf" => Self::Cdf,
            "grain-seed" => Self::GrainSeed,
            "pixel" => Self::Pixel,
            "status" => Self::Status,
            "hang" => Self::Hang,
            "lost" => Self::Lost,
            "crash" => Self::Crash,
            _ => return None,
        })
    }

    /// Makes `job` wrong, as far as this fault does. `held` says whether a slot holds a picture.
    pub(crate) fn spoil(self, job: &mut FrameJob, held: impl Fn(u32) -> bool) {
        let info = &mut job.picture;
        match self {
            Self::BaseQ => {
                if let Some(quantization) = &mut info.quantization {
                    let q = &mut quantization.base_q_idx;
                    *q = if *q == 255 { 254 } else { *q + 1 };
                }
            }
            Self::Slot => {
                let mut names = job.reference_name_slot_indices.iter_mut();
                if let Some(name) = names.find(|name| **name >= 0) {
                    let other = (0..16).find(|slot| held(*slot) && *slot as i32 != *name);
                    *name = other.map_or(*name, |slot| slot as i32);
                }
            }
            Self::Cdf => info.std.primary_ref_frame = PRIMARY_REF_NONE,
            Self::GrainSeed => {
                if let Some(grain) = &mut info.film_grain {
                    grain.grain_seed ^= 1;
                }
            }
            _ => {}
        }
    }
}

/// PRIMARY_REF_NONE of the AV1 specification.
const PRIMARY_REF_NONE: u8 = 7;
