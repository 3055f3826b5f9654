//! Budgets against hostile input, with their defaults and reasons.

/// Bytes of images that no frame uses, kept for later frames of their size: those of a stream whose
/// frames change their size. What frames use is bounded by the reference slots.
pub const SPARE_IMAGE_BYTES: u64 = 256 << 20;

/// For how many pictures after its last use an image is kept.
pub const SPARE_IMAGE_AGE: u64 = 64;

/// What we are willing to hold or do for one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one temporal unit. The largest conforming frame is far below: level 6.3 allows
    /// 800 Mbit/s, hence under 64 MiB for a unit of half a second.
    pub unit_bytes: u64,
    /// Bytes of a file that comes through a pipe, and has to be kept whole.
    pub pipe_bytes: u64,
    /// Luma samples of one frame, width times height. The default admits 16384 x 8704 (level 7.3's
    /// MaxPicSize is 142,606,336 luma samples).
    pub frame_samples: u64,
    /// Frames of one temporal unit, shown or not.
    pub unit_frames: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unit_bytes: 256 << 20,
            pipe_bytes: 4 << 30,
            frame_samples: 142_606_336,
            unit_frames: 4096,
        }
    }
}
