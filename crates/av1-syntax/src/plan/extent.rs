//! The frame size that a session is made for: the sequence header's, or more where a stream does not
//! keep to it.

use std::sync::Arc;

use crate::error::{Result, StreamError, StreamFault};
use crate::syntax::frame::{FrameHeader, FrameType};
use crate::syntax::sequence::SequenceHeader;

/// Luma samples to which a session that is too small is rounded up.
const SUPERBLOCK: u32 = 64;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Extent {
    /// The sequence header in force with a larger `max_frame_width_minus_1` or
    /// `max_frame_height_minus_1`.
    grown: Option<Arc<SequenceHeader>>,
}

impl Extent {
    /// The sequence header of the session: `coded`, but for its largest frame size.
    pub(super) fn of<'a>(&'a self, coded: &'a Arc<SequenceHeader>) -> &'a Arc<SequenceHeader> {
        self.grown.as_ref().unwrap_or(coded)
    }

    /// Whether the frame of `header` needs a new session: it is larger than `coded` says, and no
    /// frame before it is needed any more.
    ///
    /// # Errors
    /// It is larger, and refers to frames of the session that there is (6.8.4).
    pub(super) fn admits(
        &mut self,
        coded: &Arc<SequenceHeader>,
        header: &FrameHeader,
    ) -> Result<bool> {
        let size = &header.frame_size;
        let (width, height) = self.of(coded).max_frame_size();
        if size.upscaled_width <= width && size.frame_height <= height {
            return Ok(false);
        }
        if header.frame_type != FrameType::Key || !header.show_frame {
            let rule = "larger than the sequence header says, and no key frame that is shown";
            let value = i64::from(size.upscaled_width) - 1;
            let mut fault = StreamError::new(StreamFault::Value { value, rule }).section("6.8.4");
            fault.at.element = Some("frame_width_minus_1");
            return Err(fault.into());
        }
        let mut grown = SequenceHeader::clone(self.of(coded));
        // Later frames may be larger still; encoders that round sizes do so within a superblock.
        let room = |size: u32, bits: u8| {
            size.next_multiple_of(SUPERBLOCK).min(1 << (u32::from(bits) + 1)).max(size)
        };
        let (width, height) = (width.max(size.upscaled_width), height.max(size.frame_height));
        grown.max_frame_width_minus_1 = room(width, grown.frame_width_bits_minus_1) - 1;
        grown.max_frame_height_minus_1 = room(height, grown.frame_height_bits_minus_1) - 1;
        self.grown = Some(Arc::new(grown));
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::testing::{plain_frame, plain_sequence};

    #[test]
    fn a_session_grows_with_a_key_frame() {
        let coded = Arc::new(plain_sequence());
        let (width, height) = coded.max_frame_size();
        let mut header = plain_frame();
        header.frame_type = FrameType::Key;
        header.show_frame = true;
        (header.frame_size.upscaled_width, header.frame_size.frame_height) = (width, height);
        let mut extent = Extent::default();
        assert!(!extent.admits(&coded, &header).expect("it fits"));
        assert!(Arc::ptr_eq(extent.of(&coded), &coded));
        header.frame_size.upscaled_width = width + 1;
        assert!(extent.admits(&coded, &header).expect("it grows"));
        let grown = extent.of(&coded).max_frame_size();
        assert_eq!(grown.0, (width + 1).next_multiple_of(64));
        header.frame_type = FrameType::Inter;
        header.frame_size.upscaled_width = grown.0;
        assert!(!extent.admits(&coded, &header).expect("it fits"));
        header.frame_size.upscaled_width = grown.0 + 1;
        assert!(extent.admits(&coded, &header).is_err());
    }
}
