//! What was decoded into a slot.

use ash::vk::native::StdVideoDecodeAV1PictureInfoFlags;

/// What was handed over for the frame that a slot holds, and what follows from it.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(super) flags: StdVideoDecodeAV1PictureInfoFlags,
    pub(super) frame_type: u32,
    pub(super) order_hint: u8,
    /// 5.9.2 has it 1 where the CDFs are not updated at all.
    pub(super) never_updates_cdf: bool,
    pub(super) enable_order_hint: bool,
    /// By reference frame: `OrderHints` and `RefFrameSignBias` of 5.9.2; `None` where the frame has
    /// no such reference, or it is not known what it was.
    pub(super) references: [Option<(u8, bool)>; 8],
}
