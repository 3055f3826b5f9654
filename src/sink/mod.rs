//! Outputs. One file a format; a sink takes pictures in output order.

use std::io;

use crate::pixels::Picture;

/// A picture on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The picture.
    pub picture: Picture,
    /// Output index, from 0, counted before `--skip` and `--limit`.
    pub index: u64,
    /// Presentation time in the stream's time base, if known.
    pub pts: Option<i64>,
}

/// What a sink knows before the first picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// Seconds of one tick of `pts`: (numerator, denominator).
    pub time_base: (u32, u32),
    /// Size of the first picture in luma samples.
    pub width: u32,
    /// See `width`.
    pub height: u32,
    /// RenderWidth and RenderHeight of the first picture.
    pub render_size: (u32, u32),
    /// `chroma_sample_position` of 5.5.2.
    pub chroma_sample_position: u8,
    /// `color_range`: full range.
    pub color_range: bool,
    /// Sample format of the first picture.
    pub format: crate::pixels::Format,
}

/// One output.
pub trait Sink {
    /// Called once, before the first picture.
    fn begin(&mut self, info: &StreamInfo) -> io::Result<()>;
    /// One picture, in output order.
    fn picture(&mut self, shown: &Shown) -> io::Result<()>;
    /// Called once, after the last picture, also after an error in the stream.
    fn finish(&mut self) -> io::Result<()>;
}
