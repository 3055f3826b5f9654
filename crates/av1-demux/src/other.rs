//! Tracks that are not decoded.

use std::fmt;

/// What a track is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrackKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Subtitles, in whatever form.
    Subtitles,
    /// Anything else.
    Other,
}

impl fmt::Display for TrackKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Subtitles => "subtitles",
            Self::Other => "other",
        })
    }
}

/// A track of a file beside the one that is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherTrack {
    /// What it is of.
    pub kind: TrackKind,
    /// The number that the container gives it.
    pub number: u64,
    /// What the container calls its coding, e.g. `A_OPUS` or `mp4a`; empty if it does not say.
    pub codec: String,
}

impl fmt::Display for OtherTrack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.number)?;
        if !self.codec.is_empty() {
            write!(f, " ({})", self.codec)?;
        }
        Ok(())
    }
}
