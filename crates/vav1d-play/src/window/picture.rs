//! What a frame looks like: its film grain, its shape, its place.

use std::sync::Arc;

use super::layout;
use crate::{Frame, StreamInfo};
use vav1d::color::{self, Luminance};
use vav1d::container::Crop;
use vav1d::error::Result;
use vav1d::film_grain::Applier;
use vav1d::grain::GrainPass;
use vav1d::grain::{self, FrameTime, Override};
use vav1d::syntax::film_grain::FilmGrainParams;
use vav1d::syntax::sequence::ColorConfig;
use vav1d::vk::DecodedPicture;
use vav1d::vk::render::{Kernel, Screen, View};

/// How frames are to look.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Film grain is applied where the driver has left it to us.
    pub film_grain: bool,
    /// Who is to apply the stream's own.
    pub by: Applier,
    /// On the CPU, not by a shader.
    pub on_cpu: bool,
    /// Film grain in place of the stream's own.
    pub other: Option<Arc<Override>>,
    /// How pictures are scaled.
    pub kernel: Kernel,
}

impl Look {
    /// The picture of `frame`, and what a shader is to do to it. What is on the device never gets
    /// its film grain on the CPU.
    pub fn picture(&self, frame: &Frame) -> (Arc<DecodedPicture>, Option<Box<GrainPass>>) {
        let (picture, color) = (&frame.picture, &frame.sequence.color_config);
        match (self.params(frame), picture.host().filter(|_| self.on_cpu)) {
            (None, _) => (picture.clone(), None),
            (Some(params), Some(host)) => {
                (Arc::new(grain::apply(host, &params, color).into()), None)
            }
            (Some(params), None) => {
                let pass = grain::shader_pass(picture.format(), picture.size(), &params, color);
                (picture.clone(), Some(Box::new(pass)))
            }
        }
    }

    fn params(&self, frame: &Frame) -> Option<FilmGrainParams> {
        if !self.film_grain {
            return None;
        }
        let Some(other) = &self.other else { return frame.pending_grain };
        let size = frame.picture.size();
        other.params(FrameTime::new(frame.index, frame.time), size, &frame.sequence.color_config)
    }

    /// The place of `frame` in a target of `size` pixels.
    pub fn view(&self, frame: &Frame, size: (u32, u32)) -> View {
        let quarters = quarters(frame.stream.rotation);
        let is_mirrored = frame.stream.is_mirrored;
        let view = View { quarters, is_mirrored, ..layout::fit(size, natural(frame), self.kernel) };
        match crop(frame) {
            Some(crop) => layout::cropped(view, frame.picture.size(), crop),
            None => view,
        }
    }
}

/// What metadata have said of the luminance of `frame`, else what its samples say: those on the host
/// at once, those on the device by `measure`.
///
/// # Errors
/// Those of `measure`.
pub fn luminance(
    frame: &Frame,
    measure: impl FnOnce(&DecodedPicture, &ColorConfig) -> Result<Option<f32>>,
) -> Result<Luminance> {
    let mut luminance = Luminance::default();
    frame.metadata.iter().for_each(|metadata| luminance.note(metadata));
    if luminance.told().is_none() {
        let color = &frame.sequence.color_config;
        luminance.measured = match frame.picture.host() {
            Some(picture) => color::peak(picture, color),
            None => measure(&frame.picture, color)?,
        };
    }
    Ok(luminance)
}

/// The luminance of pictures that follow each other: what is measured grows at once and falls
/// slowly, so that nothing flickers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Brightness {
    /// Which entry and picture was the last, and how bright.
    last: Option<(usize, u64, f32)>,
}

impl Brightness {
    /// Part of a fall that a picture takes: half of it within half a second.
    const FALL: f32 = 0.05;

    /// What `frame` is to be drawn with on `screen`. What goes to an HDR display stays as it is.
    pub(super) fn of(&mut self, frame: &Frame, screen: Option<&mut Screen>) -> Luminance {
        let luminance = luminance(frame, |picture, color| {
            screen.filter(|screen| !screen.is_hdr()).map_or(Ok(None), |s| s.peak(picture, color))
        });
        let mut luminance = luminance.unwrap_or_else(|error| {
            // Drawing tells of a device that is gone.
            log::warn!("the brightness of picture {} is not known: {error}", frame.index);
            Luminance::default()
        });
        let at = (frame.stream.entry, frame.index);
        luminance.measured = luminance.measured.map(|measured| self.follow(at, measured));
        luminance
    }

    fn follow(&mut self, (entry, index): (usize, u64), measured: f32) -> f32 {
        let before = self.last.filter(|(of, before, _)| *of == entry && before + 1 == index);
        let now = match before {
            Some((_, _, before)) if measured < before => before + (measured - before) * Self::FALL,
            _ => measured,
        };
        self.last = Some((entry, index, now));
        now
    }
}

/// Pixels that `frame` is to be shown with: the size that the stream asks for, its samples made
/// square, turned.
pub fn natural(frame: &Frame) -> (u32, u32) {
    let size = &frame.header.frame_size;
    let (width, height) = (size.render_width, size.render_height);
    let shape = match crop(frame) {
        Some(crop) => {
            let (of_width, of_height) = frame.picture.size();
            (part(width, crop.width, of_width), part(height, crop.height, of_height))
        }
        None => (width, height),
    };
    shaped(shape, frame.stream.pixel_aspect, frame.stream.rotation)
}

/// What the container wants to be shown of `frame`, if that is in its picture and not all of it.
fn crop(frame: &Frame) -> Option<Crop> {
    let (width, height) = frame.picture.size();
    let is_inside = |from: u32, size: u32, of: u32| {
        size > 0 && from.checked_add(size).is_some_and(|end| end <= of)
    };
    frame.stream.crop.filter(|crop| {
        let is_all = (crop.width, crop.height) == (width, height);
        !is_all && is_inside(crop.x, crop.width, width) && is_inside(crop.y, crop.height, height)
    })
}

/// `side` times `part` of `whole`, rounded.
fn part(side: u32, part: u32, whole: u32) -> u32 {
    let (side, part, whole) = (u64::from(side), u64::from(part), u64::from(whole.max(1)));
    ((side * part + whole / 2) / whole).clamp(1, 65536) as u32
}

/// The size of a window for `stream`.
pub(super) fn window_size(stream: &StreamInfo) -> (u32, u32) {
    let whole = stream.render_size;
    let shape = stream.crop.map_or(whole, |crop| {
        (crop.width.clamp(1, whole.0.max(1)), crop.height.clamp(1, whole.1.max(1)))
    });
    shaped(shape, stream.pixel_aspect, stream.rotation)
}

/// `size` with samples of the shape `aspect`, turned by `rotation` degrees.
fn shaped(size: (u32, u32), aspect: Option<(u32, u32)>, rotation: u16) -> (u32, u32) {
    let (width, height) = (size.0.max(1), size.1.max(1));
    let (across, down) = aspect.filter(|(a, d)| *a > 0 && *d > 0).unwrap_or((1, 1));
    // The longer side of a sample is what grows.
    let grown = |side: u32, by: u32, of: u32| {
        let grown = (u64::from(side) * u64::from(by) + u64::from(of) / 2) / u64::from(of);
        grown.clamp(1, 65536) as u32
    };
    let (width, height) = match across >= down {
        true => (grown(width, across, down), height),
        false => (width, grown(height, down, across)),
    };
    if quarters(rotation) % 2 == 1 { (height, width) } else { (width, height) }
}

fn quarters(rotation: u16) -> u32 {
    u32::from(rotation / 90 % 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brightness_falls_slowly_and_not_over_cuts() {
        let mut brightness = Brightness::default();
        assert_eq!(brightness.follow((0, 0), 500.0), 500.0);
        assert_eq!(brightness.follow((0, 1), 4000.0), 4000.0);
        let fallen = brightness.follow((0, 2), 1000.0);
        assert!(fallen > 3800.0 && fallen < 4000.0, "{fallen}");
        let mut half = fallen;
        for index in 3..20 {
            half = brightness.follow((0, index), 1000.0);
        }
        assert!(half < 2500.0, "{half}");
        // A seek, and another file.
        assert_eq!(brightness.follow((0, 90), 700.0), 700.0);
        assert_eq!(brightness.follow((1, 91), 300.0), 300.0);
    }

    #[test]
    fn samples_are_made_square() {
        assert_eq!(shaped((720, 576), None, 0), (720, 576));
        assert_eq!(shaped((720, 576), Some((16, 15)), 0), (768, 576));
        assert_eq!(shaped((720, 480), Some((8, 9)), 0), (720, 540));
        assert_eq!(shaped((100, 50), None, 90), (50, 100));
        assert_eq!(shaped((100, 50), Some((2, 1)), 270), (50, 200));
        assert_eq!(shaped((0, 0), Some((0, 0)), 180), (1, 1));
    }
}
