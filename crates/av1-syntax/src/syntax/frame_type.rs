//! Types of frames: specification 6.8.2.

/// `frame_type`, 6.8.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameType {
    /// KEY_FRAME, 0.
    Key,
    /// INTER_FRAME, 1.
    Inter,
    /// INTRA_ONLY_FRAME, 2.
    IntraOnly,
    /// SWITCH_FRAME, 3.
    Switch,
}

impl FrameType {
    /// FrameIsIntra.
    pub fn is_intra(self) -> bool {
        matches!(self, Self::Key | Self::IntraOnly)
    }
}
