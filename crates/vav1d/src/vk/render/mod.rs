//! Pictures on a screen, or in an image: planes are uploaded, converted, scaled and presented by
//! the shaders of `shaders/`. The device that draws need not be the one that decodes.
//!
//! Planes and intermediate pictures are storage buffers: every device has them in all sizes and
//! depths, and shaders read the very bytes of [`crate::pixels::Picture`].

mod canvas;
mod drawing;
mod film_grain;
pub(in crate::vk) mod gpu;
mod meter;
mod modules;
mod passes;
mod pipelines;
mod renderer;
#[cfg(feature = "window")]
mod screen;
mod steps;
#[cfg(feature = "window")]
mod surface;
mod synthesis;
mod target;
mod whole;

pub use canvas::Canvas;
pub use drawing::{Content, Drawing, Overlay, View};
pub use passes::Kernel;
#[cfg(feature = "window")]
pub use screen::{Presented, Screen, ScreenOptions};
#[cfg(feature = "window")]
pub use surface::{Surface, WindowHandles};
pub use synthesis::GrainSynthesizer;

#[cfg(test)]
pub(crate) mod tests;
