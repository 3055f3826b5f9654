//! What is drawn: a picture, its place, what is above it.

use super::passes::Kernel;
use crate::color::Luminance;
use crate::grain::GrainPass;
use crate::syntax::sequence::ColorConfig;
use crate::vk::PictureRef;

/// What a drawing shows: a picture, what its samples mean, and its film grain.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The samples.
    pub picture: PictureRef<'a>,
    /// Matrix, range, siting, transfer, primaries.
    pub color: &'a ColorConfig,
    /// What metadata say of its luminance.
    pub luminance: Luminance,
    /// Film grain that it is drawn with (see `grain::shader_pass`).
    pub grain: Option<&'a GrainPass>,
}

/// Where the picture is in the target, and how it is scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The pixel of the target that the picture's upper left corner is at.
    pub origin: (i32, i32),
    /// Pixels that it takes.
    pub size: (u32, u32),
    /// How it is scaled.
    pub kernel: Kernel,
    /// Quarters of a turn, clockwise, that it is turned by.
    pub quarters: u32,
    /// Whether left and right of what was turned are exchanged.
    pub is_mirrored: bool,
    /// What is shown of that place, if not all of it: the pixel of the target at its upper left
    /// corner, and its pixels.
    pub clip: Option<((i32, i32), (u32, u32))>,
}

impl View {
    /// Pixels that the picture is scaled to before it is turned.
    pub(super) fn scaled(&self) -> (u32, u32) {
        match self.quarters % 2 {
            0 => self.size,
            _ => (self.size.1, self.size.0),
        }
    }
}

/// An image above the picture.
#[derive(Clone, Copy, Debug)]
pub struct Overlay<'a> {
    /// The pixel of the target that its upper left corner is at.
    pub origin: (i32, i32),
    /// Its pixels: width, height.
    pub size: (u32, u32),
    /// R, G, B, A of each pixel, R, G and B multiplied by A; rows from above.
    pub pixels: &'a [u8],
}

/// What is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drawing<'a> {
    /// The picture; `None` for the one of the last drawing, if that was kept
    /// (`Screen::keeps_picture`): pictures that take all of the target may not be.
    pub frame: Option<Content<'a>>,
    /// Its place.
    pub view: View,
    /// What is above it.
    pub overlay: Option<Overlay<'a>>,
}
