//! A frame that was output: its picture, its time, what is known of it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::color::{self, Luminance};
use crate::error::Result;
use crate::pixels::{Format, Picture};
use crate::syntax::frame::FrameHeader;
use crate::syntax::sequence::{ColorConfig, SequenceHeader};
use crate::vk::DecodedPicture;

/// A frame, with its film grain.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Frame {
    /// Number in output order, from 0 in each stream.
    pub index: u64,
    /// When it is shown, if packet or container say it.
    pub time: Option<Duration>,
    /// Its samples, on the host or where they were decoded.
    pub picture: DecodedPicture,
    /// Its header.
    pub header: Arc<FrameHeader>,
    /// The sequence header in force.
    pub sequence: Arc<SequenceHeader>,
    /// What metadata have said of the luminance of the content so far.
    pub luminance: Luminance,
}

impl Frame {
    /// Sample format.
    pub fn format(&self) -> Format {
        self.picture.format()
    }

    /// Width and height in luma samples.
    pub fn size(&self) -> (u32, u32) {
        self.picture.size()
    }

    /// Width and height that it is to be shown with (`render_width_minus_1`, 5.9.6).
    pub fn render_size(&self) -> (u32, u32) {
        let size = &self.header.frame_size;
        (size.render_width, size.render_height)
    }

    /// Matrix, range, siting, transfer and primaries.
    pub fn color(&self) -> &ColorConfig {
        &self.sequence.color_config
    }

    /// Whether its transfer function is PQ or HLG.
    pub fn is_hdr(&self) -> bool {
        color::is_hdr(self.color())
    }

    /// The picture on the host: planar, tight, samples of more than 8 bits little-endian.
    ///
    /// # Errors
    /// `Device` if it is on the device, and cannot be read.
    pub fn read(&self) -> Result<Cow<'_, Picture>> {
        self.picture.read()
    }

    /// Samples of plane `plane` (0 Y, 1 U, 2 V), rows top-down, of a picture of 8 bits on the host;
    /// `None` of any other, and of planes that it does not have.
    pub fn plane_u8(&self, plane: usize) -> Option<&[u8]> {
        self.host(plane).filter(|picture| picture.format.bit_depth == 8).map(|p| p.plane(plane))
    }

    /// The same of a picture of 10 or 12 bits.
    pub fn plane_u16(&self, plane: usize) -> Option<Vec<u16>> {
        let picture = self.host(plane).filter(|picture| picture.format.bit_depth > 8)?;
        let samples = picture.plane(plane).chunks_exact(2);
        Some(samples.map(|sample| u16::from_le_bytes([sample[0], sample[1]])).collect())
    }

    /// The picture, if it is on the host and has this plane.
    fn host(&self, plane: usize) -> Option<&Picture> {
        self.picture.host().filter(|picture| plane < picture.format.chroma.planes())
    }
}
