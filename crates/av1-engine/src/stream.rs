//! The frames of a session as a stream for anybody's decoder: what was handed to a driver becomes
//! an ordinary file. Nothing is decoded.
//!
//! Vulkan does not say what is shown, so every frame is output once, in decoding order, each in a
//! temporal unit of its own; headers are the normalised ones of this crate. A KEY_FRAME that does not
//! refresh all eight buffers cannot be shown without doing that, so it is there twice: hidden, as it
//! is referred to, and as an INTRA_ONLY_FRAME that is shown and refreshes nothing.

use std::sync::Arc;

use super::headers::{self, FrameHeader, FrameSize, FrameType, HeaderInput, Reference, Show};
use super::obu_writer::ObuType;
use super::sequence::{Extras, Sequence};
use super::slots::{Opening, Saved, Slots, Target, opening};
use super::{Fault, unit};
use crate::job::{Chroma, FrameJob, Profile};

mod pieces;

pub use pieces::Pieces;

/// Writes the frames of one session.
pub struct Writer {
    profile: Profile,
    slots: Slots<Arc<Kept>>,
    sequence: Option<(Sequence, Extras)>,
}

/// Where the bytes of a frame are in what was written for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Where each tile's bytes begin.
    pub tiles: Vec<usize>,
}

/// A hidden frame, to be written again.
struct Kept {
    header: FrameHeader,
    tile_group: Vec<u8>,
}

/// What is known of a frame before its references are.
#[derive(Clone, Copy)]
struct Base {
    sequence: Sequence,
    extras: Extras,
    frame_type: FrameType,
    size: FrameSize,
}

/// A frame between its parameters and its bytes.
struct Frame<'a> {
    job: &'a FrameJob,
    tiles: usize,
    base: Base,
    references: Option<[Reference; 7]>,
}

impl Frame<'_> {
    fn header(&self, show: Show) -> Result<FrameHeader, Fault> {
        let picture = &self.job.picture;
        let flags = &self.job.sequence.std.flags;
        let apply = show != Show::Hidden && picture.std.flags.apply_grain() != 0;
        let film_grain = picture.film_grain.as_ref().filter(|_| apply);
        let header = headers::uncompressed_header(&HeaderInput {
            sequence: &self.base.sequence,
            reduced_still_picture_header: flags.reduced_still_picture_header() != 0,
            picture,
            frame_type: self.base.frame_type,
            size: self.base.size,
            references: self.references.as_ref(),
            show,
            film_grain: self.base.extras.film_grain_params_present.then_some(film_grain),
        })?;
        match self.tiles {
            given if given == header.tile_count => Ok(header),
            given => Err(Fault::TileCount { expected: header.tile_count, given }),
        }
    }
}

impl Writer {
    /// For a session of `profile` with `max_dpb_slots` slots.
    pub fn new(profile: Profile, max_dpb_slots: u32) -> Self {
        Self { profile, slots: Slots::new(max_dpb_slots as usize), sequence: None }
    }

    /// `VK_VIDEO_CODING_CONTROL_RESET_BIT_KHR`: every slot is inactive.
    pub fn reset(&mut self) {
        self.slots.clear();
        self.sequence = None;
    }

    /// The picture of `slot` will not be referred to again.
    pub fn deactivate(&mut self, slot: u32) {
        self.slots.deactivate(slot as usize);
    }

    /// Appends the temporal unit of one frame to `out`; `tiles[i]` are the bytes of tile `i`.
    ///
    /// # Errors
    /// What has no coding in AV1, and references without a picture. The tiles are appended all the
    /// same, as padding that decoders pass over, and `Written` is right; the setup slot has no
    /// picture then.
    pub fn write<'a>(
        &mut self,
        job: &FrameJob,
        tiles: &[&'a [u8]],
        out: &mut Pieces<'a>,
    ) -> (Written, Result<(), Fault>) {
        let (start, nothing) = (out.len(), out.mark());
        out.obu(ObuType::TemporalDelimiter, &[]);
        let opening = opening(job);
        let opened = self.slots.open(&opening);
        let first = out.len();
        let prologue = opened.and_then(|()| self.prologue(job, &opening, out));
        // A sequence header and a frame that was decoded again stay, whatever comes of this one.
        let keep = if out.len() > first { out.mark() } else { nothing };
        let outcome = prologue.and_then(|base| self.frame(job, tiles, &opening, base, out));
        let result = match outcome {
            Ok(picture) => {
                self.slots.close(&opening, Some(picture));
                Ok(())
            }
            Err(fault) => {
                self.slots.close(&opening, None);
                out.back_to(keep);
                out.padding(tiles);
                Err(fault)
            }
        };
        (Written { tiles: places(out.len() - start, tiles, result.is_ok()) }, result)
    }

    /// The sequence header, if it is new, and a kept frame, if it is time.
    fn prologue(
        &mut self,
        job: &FrameJob,
        opening: &Opening,
        out: &mut Pieces<'_>,
    ) -> Result<Base, Fault> {
        let sequence = Sequence::new(&job.sequence, self.profile)?;
        unit::film_grain(job, &sequence, self.profile)?;
        let frame_type = FrameType::new(job.picture.std.frame_type)?;
        let size = FrameSize::new(job, &sequence)?;
        let extras = extras(job, self.profile, &size);
        let starts = opening.refresh_frame_flags == 0xff && frame_type == FrameType::Key;
        let extras = match self.sequence {
            // Decoders drop their references with a new one.
            Some((before, extras)) if before == sequence && !starts => extras,
            before => {
                if before.is_none_or(|(before, _)| before != sequence) {
                    self.slots.clear();
                }
                out.obu(ObuType::SequenceHeader, &[&sequence.payload_with(&extras)]);
                self.sequence = Some((sequence, extras));
                extras
            }
        };
        let names = (!frame_type.is_intra()).then_some(&job.reference_name_slot_indices);
        if let Some(refeed) = self.slots.refeed(opening, names) {
            let header = refeed.kept.header.bytes(1 << refeed.buffer, None);
            out.obu(ObuType::Frame, &[&header, &refeed.kept.tile_group]);
            self.slots.refed(refeed.slot, refeed.buffer, true);
        }
        Ok(Base { sequence, extras, frame_type, size })
    }

    /// The frame itself.
    fn frame<'a>(
        &mut self,
        job: &FrameJob,
        tiles: &[&'a [u8]],
        opening: &Opening,
        base: Base,
        out: &mut Pieces<'a>,
    ) -> Result<(Target, Saved, Option<Arc<Kept>>), Fault> {
        let Base { sequence, frame_type, size, .. } = base;
        let names = (!frame_type.is_intra()).then_some(&job.reference_name_slot_indices);
        let references = names.map(|names| self.slots.references(names)).transpose()?;
        let references = references.map(|found| unit::scaled(found, &size)).transpose()?;
        let frame = Frame { job, tiles: tiles.len(), base, references };
        let hides = frame_type == FrameType::Key && opening.refresh_frame_flags != 0xff;
        let shown = frame.header(if hides { Show::Copy } else { Show::Shown })?;
        let target = self.slots.target(opening);
        let keeps = target == Target::Keep;
        let hidden = (hides || keeps).then(|| frame.header(Show::Hidden)).transpose()?;
        let refresh = target.refresh_frame_flags();
        if let Some(hidden) = hidden.as_ref().filter(|_| hides && refresh != 0) {
            out.frame(&hidden.bytes(refresh, None), tiles)?;
        }
        let shown_refresh = if hides { 0 } else { refresh };
        out.frame(&shown.bytes(shown_refresh, None), tiles)?;
        if frame_type == FrameType::Key && !hides {
            // It took all buffers.
            self.slots.clear();
        }
        let saved = unit::saved(job, &sequence, size, shown.gm);
        let keep = |header| -> Result<_, Fault> {
            Ok(Arc::new(Kept { header, tile_group: headers::tile_group(tiles)? }))
        };
        let kept = hidden.filter(|_| keeps).map(keep).transpose()?;
        Ok((target, saved, kept))
    }
}

/// Where tiles begin that end where `len` bytes do, in a tile group or in padding.
fn places(len: usize, tiles: &[&[u8]], in_group: bool) -> Vec<usize> {
    let mut end = if in_group { len } else { len.saturating_sub(1) };
    let mut places = Vec::with_capacity(tiles.len());
    for (i, tile) in tiles.iter().enumerate().rev() {
        // All but the last have their size in front of them.
        let own = if in_group && i + 1 < tiles.len() { 4 } else { 0 };
        let at = end.saturating_sub(tile.len());
        places.push(at);
        end = at.saturating_sub(own);
    }
    places.reverse();
    places
}

/// What a sequence header says beyond what decodes tiles.
fn extras(job: &FrameJob, profile: Profile, size: &FrameSize) -> Extras {
    let std = &job.sequence.std;
    let at_least = |max_minus_1: u16, size: u32| max_minus_1.max((size - 1).min(0xffff) as u16);
    let color = job.sequence.color_config;
    let described = color.filter(|color| color.flags.color_description_present_flag() != 0);
    let code = |code: u32| u8::try_from(code).unwrap_or(2);
    let description = described.map(|color| {
        (
            code(color.color_primaries),
            code(color.transfer_characteristics),
            code(color.matrix_coefficients),
        )
    });
    // 5.5.2: sRGB is 4:4:4, and 6.4.2: so is any picture without a matrix.
    let possible = |(_, _, matrix): &(u8, u8, u8)| *matrix != 0 || profile.chroma == Chroma::Yuv444;
    Extras {
        max_minus_1: (
            at_least(std.max_frame_width_minus_1, size.upscaled_width),
            at_least(std.max_frame_height_minus_1, size.frame_height),
        ),
        color_description: description.filter(possible),
        color_range: color.is_some_and(|color| color.flags.color_range() != 0),
        chroma_sample_position: color.map_or(0, |color| code(color.chroma_sample_position) & 3),
        film_grain_params_present: profile.film_grain_support
            && std.flags.film_grain_params_present() != 0,
    }
}

#[cfg(all(test, feature = "decoder"))]
mod tests;
