//! Where the reference pictures of AMD chips are: in images of one size, or in the outputs themselves.

use std::fmt;

use super::part::Part;
use crate::vcn::{self, Message};

/// Number of the message's part.
const DYNAMIC_DPB: u32 = 0x10;

/// Where a reference picture is. Pitches and rows are in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) address: u64,
    pub(super) pitch: i64,
    /// Where nothing says it, none.
    height: Option<i64>,
    /// The mode of its tiled image.
    pub(super) swizzle: i64,
    pub(super) chroma: u64,
    pub(super) chroma_pitch: i64,
}

impl Place {
    /// Whether `other` is the same, as far as both say.
    pub(super) fn is(&self, other: Self) -> bool {
        let height = self.height.and(other.height).and(self.height);
        let other = Self { height: other.height.filter(|_| height.is_some()), ..other };
        Self { height, ..*self } == other
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}, pitch {}", self.address, self.pitch)?;
        if let Some(height) = self.height {
            write!(f, ", {height} rows")?;
        }
        write!(f, ", swizzle mode {}", self.swizzle)?;
        write!(f, ", chroma at {:#x}, pitch {}", self.chroma, self.chroma_pitch)
    }
}

/// The picture buffer of one message.
pub(super) enum PictureBuffer<'m> {
    /// Images of one pitch, height and size ("tier 2"), and the slots in the order of their addresses.
    Images { dpb: Part, slots: &'m [i64], swizzle: i64 },
    /// The outputs ("tier 3"), each with pitches of its own, and the part of the decode.
    Outputs { listed: Vec<Part>, decode: &'m Part, target: u64 },
}

fn address(low: i64, high: i64) -> u64 {
    (high as u64) << 32 | low as u64
}

impl<'m> PictureBuffer<'m> {
    /// That of `message`, if it has one of either kind.
    pub(super) fn of(message: &Message, decode: &'m Part, av1: &'m Part) -> Option<Self> {
        if let Some(entries) = &message.references {
            let listed = entries.iter().map(|entry| Part::new(vcn::REFERENCE, entry)).collect();
            return Some(Self::Outputs { listed, decode, target: message.target });
        }
        let dpb = Part::new(vcn::DPB, message.part(DYNAMIC_DPB)?);
        let swizzle = decode.one("db_swizzle_mode");
        Some(Self::Images { dpb, slots: av1.list("ref_frame_map"), swizzle })
    }

    /// Where the picture of `slot` is read.
    pub(super) fn reference(&self, slot: u32) -> Option<Place> {
        match self {
            Self::Images { dpb, slots, swizzle } => {
                let listed = slots.iter().position(|&at| at == i64::from(slot));
                let index = listed.filter(|&i| (i as i64) < dpb.one("array_size"))?;
                let at = address(dpb.at("address_low", index), dpb.at("address_high", index));
                Some(image(dpb, at, *swizzle))
            }
            Self::Outputs { listed, decode, .. } => {
                let one = listed.iter().find(|one| one.one("index") == i64::from(slot))?;
                Some(Place {
                    address: address(one.one("luma_low"), one.one("luma_high")),
                    pitch: one.one("luma_pitch"),
                    height: Some(one.one("luma_aligned_height")),
                    // All have that of the picture.
                    swizzle: decode.one("dt_swizzle_mode"),
                    chroma: address(one.one("chroma_low"), one.one("chroma_high")),
                    chroma_pitch: one.one("chroma_pitch"),
                })
            }
        }
    }

    /// Where this picture goes, and the bytes of it.
    pub(super) fn current(&self) -> (Place, u64) {
        match self {
            Self::Images { dpb, swizzle, .. } => {
                let at = address(dpb.one("current_low"), dpb.one("current_high"));
                let bytes = dpb.one("luma_aligned_size") + dpb.one("chroma_aligned_size");
                (image(dpb, at, *swizzle), bytes as u64)
            }
            Self::Outputs { decode, target, .. } => {
                let at = |name: &str| target.wrapping_add(decode.one(name) as u64);
                let place = Place {
                    address: at("dt_luma_top_offset"),
                    pitch: decode.one("dt_pitch"),
                    height: None,
                    swizzle: decode.one("dt_swizzle_mode"),
                    chroma: at("dt_chroma_top_offset"),
                    chroma_pitch: decode.one("dt_uv_pitch"),
                };
                (place, decode.one("dt_size") as u64)
            }
        }
    }
}

/// An image of a buffer of images, at `address`.
fn image(dpb: &Part, address: u64, swizzle: i64) -> Place {
    Place {
        address,
        pitch: dpb.one("luma_pitch"),
        height: Some(dpb.one("luma_aligned_height")),
        swizzle,
        chroma: address.wrapping_add(dpb.one("luma_aligned_size") as u64),
        chroma_pitch: dpb.one("chroma_pitch"),
    }
}
