//! A frame as it goes to the decoder, but for where its references are and what it refreshes.

use ash::vk::native::{
    StdVideoAV1CDEF, StdVideoAV1LoopFilter, StdVideoAV1Quantization, StdVideoAV1TileInfo,
    StdVideoDecodeAV1PictureInfo,
};

use super::grain;
use super::headers::{self, FrameHeader, FrameSize, HeaderInput, Reference, mask_order_hint};
use super::obu_writer::{ObuType, push_obu};
use super::sequence::Sequence;
use super::slots::Saved;
use super::{Fault, job};
use crate::plain::Plain;

/// One frame's OBUs.
pub(crate) struct Unit {
    sequence: Vec<u8>,
    header: FrameHeader,
    tile_group: Vec<u8>,
}

impl Unit {
    /// Writes the frame of `job`, whose references are in the buffers that `references` names, with
    /// its `film_grain` if the decoder makes that; and what headers of frames that refer to it will
    /// need.
    ///
    /// # Errors
    /// What cannot be written, and a number of tiles that is not the header's.
    pub(crate) fn new(
        job: &job::FrameJob,
        tiles: &[&[u8]],
        sequence: &Sequence,
        size: FrameSize,
        references: Option<&[Reference; 7]>,
        film_grain: Option<&grain::Params>,
    ) -> Result<(Self, Saved), Fault> {
        let film_grain = film_grain.filter(|params| params.decoder_has());
        let film_grain = film_grain.and(job.picture.film_grain.as_ref());
        let input = HeaderInput {
            sequence,
            reduced_still_picture_header: job.sequence.std.flags.reduced_still_picture_header()
                != 0,
            picture: &job.picture,
            frame_type: headers::FrameType::new(job.picture.std.frame_type)?,
            size,
            references,
            show: headers::Show::Hidden,
            film_grain: sequence.film_grain.then_some(film_grain),
        };
        let header = headers::uncompressed_header(&input)?;
        if tiles.len() != header.tile_count {
            return Err(Fault::TileCount { expected: header.tile_count, given: tiles.len() });
        }
        let saved = saved(job, sequence, size, header.gm);
        let tile_group = headers::tile_group(tiles)?;
        Ok((Self { sequence: sequence.payload(), header, tile_group }, saved))
    }

    /// Temporal delimiter, sequence header and frame. Equal sequence headers change nothing.
    /// With `indices` the references are in those buffers of the decoder now.
    pub(crate) fn obus(&self, refresh_frame_flags: u8, indices: Option<&[u8; 7]>) -> Vec<u8> {
        let header = self.header.bytes(refresh_frame_flags, indices);
        let mut out = Vec::with_capacity(header.len() + self.tile_group.len() + 64);
        push_obu(&mut out, ObuType::TemporalDelimiter, &[]);
        push_obu(&mut out, ObuType::SequenceHeader, &[&self.sequence]);
        push_obu(&mut out, ObuType::Frame, &[&header, &self.tile_group]);
        out
    }

    /// Bytes that it takes, about.
    pub(crate) fn size_bytes(&self) -> usize {
        self.tile_group.len() + 256
    }
}

/// What headers of frames that refer to the frame of `job` will need.
pub(crate) fn saved(
    job: &job::FrameJob,
    sequence: &Sequence,
    size: FrameSize,
    gm: headers::GmParams,
) -> Saved {
    Saved {
        order_hint: mask_order_hint(job.picture.std.OrderHint, sequence.order_hint_bits),
        upscaled_width: size.upscaled_width,
        frame_height: size.frame_height,
        gm,
    }
}

/// OBUs of a small frame of the sequence of `job` that refreshes no reference: a KEY_FRAME of one
/// superblock at most, without filters.
///
/// # Errors
/// None that the sequence does not have.
pub(crate) fn blank(job: &job::FrameJob, sequence: &Sequence) -> Result<Vec<u8>, Fault> {
    const SIDE: u32 = 16;
    let mut std = StdVideoDecodeAV1PictureInfo::zero();
    (std.primary_ref_frame, std.TxMode) = (7, 1);
    std.flags.set_error_resilient_mode(1);
    std.flags.set_frame_size_override_flag(1);
    std.flags.set_disable_cdf_update(1);
    std.flags.set_disable_frame_end_update_cdf(1);
    let mut tiles = StdVideoAV1TileInfo::zero();
    (tiles.TileCols, tiles.TileRows) = (1, 1);
    tiles.flags.set_uniform_tile_spacing_flag(1);
    let mut quantization = StdVideoAV1Quantization::zero();
    quantization.base_q_idx = 255;
    let picture = job::PictureInfo {
        std,
        tile_info: Some(job::TileInfo {
            std: tiles,
            width_in_sbs_minus_1: Vec::new(),
            height_in_sbs_minus_1: Vec::new(),
            last_mi_starts: (0, 0),
        }),
        quantization: Some(quantization),
        segmentation: None,
        loop_filter: Some(StdVideoAV1LoopFilter::zero()),
        cdef: Some(StdVideoAV1CDEF::zero()),
        loop_restoration: None,
        global_motion: None,
        film_grain: None,
    };
    let job = job::FrameJob {
        sequence: std::sync::Arc::clone(&job.sequence),
        picture,
        coded_extent: (SIDE, SIDE),
        setup_slot: None,
        reference_name_slot_indices: [-1; 7],
        tile_offsets: vec![0],
        tile_sizes: vec![64],
    };
    let size = FrameSize::new(&job, sequence)?;
    let (unit, _) = Unit::new(&job, &[&[0; 64]], sequence, size, None, None)?;
    Ok(unit.obus(0, None))
}

/// The references of an inter frame of `size`, as its header names them.
///
/// # Errors
/// `ReferenceScale` for one that is too large or too small.
pub(crate) fn scaled(
    references: [(u8, Saved); 7],
    size: &FrameSize,
) -> Result<[Reference; 7], Fault> {
    for (i, (_, saved)) in references.iter().enumerate() {
        // Requirements of spec 6.8.6 on reference scaling.
        let fits = 2 * size.frame_width >= saved.upscaled_width
            && 2 * size.frame_height >= saved.frame_height
            && size.frame_width <= 16 * saved.upscaled_width
            && size.frame_height <= 16 * saved.frame_height;
        if !fits {
            return Err(Fault::ReferenceScale { name: i + 1 });
        }
    }
    Ok(references.map(|(index, saved)| Reference {
        index,
        order_hint: saved.order_hint,
        gm: saved.gm,
    }))
}

/// The film grain of the frame, if the session may have it.
///
/// # Errors
/// Parameters that no stream can carry.
pub(crate) fn film_grain(
    job: &job::FrameJob,
    sequence: &Sequence,
    profile: job::Profile,
) -> Result<Option<grain::Params>, Fault> {
    let apply_grain = job.picture.std.flags.apply_grain() != 0;
    match &job.picture.film_grain {
        Some(std) if apply_grain && profile.film_grain_support => {
            let color = job.sequence.color_config;
            let identity = color.is_some_and(|color| color.matrix_coefficients == 0);
            grain::Params::new(std, sequence, identity).map(Some)
        }
        _ => Ok(None),
    }
}
