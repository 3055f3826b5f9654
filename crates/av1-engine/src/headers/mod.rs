//! `uncompressed_header()`, spec 5.9.2, in a normalised dialect: the order of writes only; parts are
//! in the files beside this one.
//!
//! The dialect: `show_frame` 0 and `showable_frame` 1, so that `refresh_frame_flags` is explicit for
//! every frame type; `error_resilient_mode` 0, its effects expressed by the elements that it would
//! force; SWITCH_FRAME as INTER_FRAME; sizes always explicit; every inherited set sent in full.
//! A stream that others decode has frames that are shown ([`Show`]).

mod film_grain;
mod filters;
mod modes;
mod motion;
mod quant;
mod size;
mod tiles;

pub(crate) use modes::mask_order_hint;
pub(crate) use motion::GmParams;
#[cfg(test)]
pub(crate) use motion::IDENTITY;
pub(crate) use size::FrameSize;
pub(crate) use tiles::{tile_group, tile_size_minus_1};

use super::Fault;
use super::obu_writer::BitWriter;
use super::sequence::Sequence;
use crate::job::{FilmGrain, PictureInfo};

/// `PRIMARY_REF_NONE`, spec section 3.
const PRIMARY_REF_NONE: u8 = 7;

/// `frame_type`, spec 6.8.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameType {
    Key,
    Inter,
    IntraOnly,
    Switch,
}

impl FrameType {
    /// Reads `StdVideoAV1FrameType`.
    pub(crate) fn new(frame_type: u32) -> Result<Self, Fault> {
        match frame_type {
            0 => Ok(Self::Key),
            1 => Ok(Self::Inter),
            2 => Ok(Self::IntraOnly),
            3 => Ok(Self::Switch),
            other => Err(Fault::FrameType(other)),
        }
    }

    /// `FrameIsIntra`.
    pub(crate) fn is_intra(self) -> bool {
        matches!(self, Self::Key | Self::IntraOnly)
    }
}

/// What the header of an inter frame needs to know of one reference name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reference {
    /// `ref_frame_idx`: the decoder's reference buffer.
    pub(crate) index: u8,
    /// `RefOrderHint`.
    pub(crate) order_hint: u8,
    /// `SavedGmParams`.
    pub(crate) gm: GmParams,
}

/// Whether a frame is output as it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// `show_frame` 0, `showable_frame` 1.
    Hidden,
    /// `show_frame` 1: a KEY_FRAME refreshes all buffers.
    Shown,
    /// `show_frame` 1, of a KEY_FRAME that may not refresh all buffers: as INTRA_ONLY_FRAME.
    Copy,
}

/// Everything that a frame header is written from.
#[derive(Clone, Copy)]
pub(crate) struct HeaderInput<'a> {
    pub(crate) sequence: &'a Sequence,
    /// `reduced_still_picture_header` of the application's sequence header.
    pub(crate) reduced_still_picture_header: bool,
    pub(crate) picture: &'a PictureInfo,
    pub(crate) frame_type: FrameType,
    pub(crate) size: FrameSize,
    /// By reference name, LAST_FRAME first; `None` for intra frames.
    pub(crate) references: Option<&'a [Reference; 7]>,
    pub(crate) show: Show,
    /// With `film_grain_params_present`: the frame's film grain, if it is to be applied.
    pub(crate) film_grain: Option<Option<&'a FilmGrain>>,
}

impl HeaderInput<'_> {
    /// Whether it is a KEY_FRAME that says of itself that it is shown.
    fn is_shown_key(&self) -> bool {
        self.frame_type == FrameType::Key && self.show == Show::Shown
    }
}

/// A written header.
#[derive(Clone, Debug)]
pub(crate) struct FrameHeader {
    /// The header, byte-aligned, as OBU_FRAME begins.
    bits: BitWriter,
    /// Where `refresh_frame_flags` is; a shown KEY_FRAME has none.
    refresh_at: Option<usize>,
    /// Where the seven `ref_frame_idx` are, in an inter frame.
    indices_at: Option<usize>,
    /// The frame's final `gm_params`, as the decoder has them.
    pub(crate) gm: GmParams,
    /// `TileCols * TileRows`.
    pub(crate) tile_count: usize,
}

impl FrameHeader {
    /// The header's bytes with `refresh_frame_flags`, aligned; with `indices` as `ref_frame_idx`, if
    /// they are given.
    pub(crate) fn bytes(&self, refresh_frame_flags: u8, indices: Option<&[u8; 7]>) -> Vec<u8> {
        let mut bits = self.bits.clone();
        if let Some(at) = self.refresh_at {
            bits.overwrite(at, 8, u32::from(refresh_frame_flags));
        }
        if let (Some(at), Some(indices)) = (self.indices_at, indices) {
            for (i, &index) in indices.iter().enumerate() {
                bits.overwrite(at + 3 * i, 3, u32::from(index));
            }
        }
        bits.aligned()
    }

    /// The header as it was written, for tests that append to it.
    #[cfg(test)]
    pub(crate) fn bits(&self) -> &BitWriter {
        &self.bits
    }
}

/// Values that several parts of the header depend on.
struct Derived {
    allow_intrabc: bool,
    force_integer_mv: bool,
    allow_high_precision_mv: bool,
    /// 7 if there is none.
    primary_ref_frame: u8,
    coded_lossless: bool,
    all_lossless: bool,
    reference_select: bool,
    indices_at: Option<usize>,
}

/// `uncompressed_header()`, spec 5.9.2. `refresh_frame_flags` is 0 until `FrameHeader::bytes`.
pub(crate) fn uncompressed_header(input: &HeaderInput<'_>) -> Result<FrameHeader, Fault> {
    let mut w = BitWriter::for_frame();
    let picture = input.picture;
    let flags = &picture.std.flags;
    let mut derived = frame_start(&mut w, input);
    let refresh_at = (!input.is_shown_key()).then(|| w.position());
    if refresh_at.is_some() {
        w.f(8, 0); // refresh_frame_flags
    }
    match input.references {
        None => intra_frame(&mut w, input, &mut derived)?,
        Some(references) => inter_frame(&mut w, input, references, &mut derived)?,
    }
    if flags.disable_cdf_update() == 0 {
        w.flag(input.reduced_still_picture_header || flags.disable_frame_end_update_cdf() != 0);
    }
    let tile_count = tiles::tile_info(&mut w, input)?;
    let quantization =
        picture.quantization.as_ref().ok_or(Fault::MissingStruct("pQuantization"))?;
    let quant = quant::quantization_params(&mut w, input.sequence, quantization);
    let segmentation = picture.segmentation.as_ref().filter(|_| flags.segmentation_enabled() != 0);
    quant::segmentation_params(&mut w, flags, segmentation, derived.primary_ref_frame);
    quant::delta_params(&mut w, &picture.std, &quant, derived.allow_intrabc);
    derived.coded_lossless = quant::coded_lossless(&quant, segmentation);
    derived.all_lossless = derived.coded_lossless && !input.size.use_superres();
    if !derived.coded_lossless && !derived.allow_intrabc {
        filters::loop_filter_params(&mut w, input.sequence, picture.loop_filter.as_ref());
        if input.sequence.enable_cdef {
            filters::cdef_params(&mut w, input.sequence, picture.cdef.as_ref());
        }
    }
    if !derived.all_lossless && !derived.allow_intrabc && input.sequence.enable_restoration {
        let restoration = picture.loop_restoration.as_ref().filter(|_| flags.UsesLr() != 0);
        filters::lr_params(&mut w, input.sequence, restoration)?;
    }
    modes::read_tx_mode(&mut w, derived.coded_lossless, picture.std.TxMode);
    modes::frame_reference_mode(&mut w, derived.reference_select, input.references);
    modes::skip_mode_params(&mut w, input, derived.reference_select)?;
    if input.references.is_some() && input.sequence.enable_warped_motion {
        w.flag(flags.allow_warped_motion() != 0 && !error_resilient(input));
    }
    w.flag(flags.reduced_tx_set() != 0);
    let gm = motion::global_motion_params(&mut w, input, &derived)?;
    if let Some(film_grain) = input.film_grain {
        film_grain::film_grain_params(&mut w, input, film_grain);
    }
    Ok(FrameHeader { bits: w, refresh_at, indices_at: derived.indices_at, gm, tile_count })
}

/// Whether the frame is coded without any state of earlier frames.
fn error_resilient(input: &HeaderInput<'_>) -> bool {
    input.frame_type == FrameType::Switch || input.picture.std.flags.error_resilient_mode() != 0
}

/// From `show_existing_frame` to `primary_ref_frame`.
fn frame_start(w: &mut BitWriter, input: &HeaderInput<'_>) -> Derived {
    let std = &input.picture.std;
    let flags = &std.flags;
    let intra = input.frame_type.is_intra();
    w.flag(false); // show_existing_frame
    w.f(
        2, // frame_type
        match input.frame_type {
            FrameType::Key if input.show == Show::Copy => 2,
            FrameType::Key => 0,
            FrameType::Inter | FrameType::Switch => 1,
            FrameType::IntraOnly => 2,
        },
    );
    w.flag(input.show != Show::Hidden); // show_frame
    if input.show == Show::Hidden {
        w.flag(true); // showable_frame
    }
    if !input.is_shown_key() {
        w.flag(false); // error_resilient_mode
    }
    w.flag(flags.disable_cdf_update() != 0);
    let allow_screen_content_tools = flags.allow_screen_content_tools() != 0;
    w.flag(allow_screen_content_tools);
    let force_integer_mv = allow_screen_content_tools && flags.force_integer_mv() != 0;
    if allow_screen_content_tools {
        w.flag(force_integer_mv);
    }
    w.flag(true); // frame_size_override_flag
    w.f(input.sequence.order_hint_bits, u32::from(std.OrderHint)); // order_hint
    let primary_ref_frame = if intra || error_resilient(input) {
        PRIMARY_REF_NONE
    } else {
        std.primary_ref_frame.min(PRIMARY_REF_NONE)
    };
    if !intra {
        w.f(3, u32::from(primary_ref_frame));
    }
    Derived {
        allow_intrabc: false,
        force_integer_mv: force_integer_mv || intra,
        allow_high_precision_mv: false,
        primary_ref_frame,
        coded_lossless: false,
        all_lossless: false,
        reference_select: !intra && flags.reference_select() != 0,
        indices_at: None,
    }
}

/// The branch `FrameIsIntra`.
fn intra_frame(
    w: &mut BitWriter,
    input: &HeaderInput<'_>,
    derived: &mut Derived,
) -> Result<(), Fault> {
    let flags = &input.picture.std.flags;
    input.size.frame_size(w, input.sequence);
    w.flag(false); // render_and_frame_size_different
    let may_intrabc = flags.allow_screen_content_tools() != 0 && !input.size.use_superres();
    if may_intrabc {
        derived.allow_intrabc = flags.allow_intrabc() != 0;
        w.flag(derived.allow_intrabc);
    } else if flags.allow_intrabc() != 0 {
        return Err(Fault::Inexpressible { element: "allow_intrabc", section: "5.9.2" });
    }
    Ok(())
}

/// The branch `!FrameIsIntra`.
fn inter_frame(
    w: &mut BitWriter,
    input: &HeaderInput<'_>,
    references: &[Reference; 7],
    derived: &mut Derived,
) -> Result<(), Fault> {
    let std = &input.picture.std;
    let flags = &std.flags;
    if input.sequence.order_hint_bits > 0 {
        w.flag(false); // frame_refs_short_signaling
    }
    derived.indices_at = Some(w.position());
    for reference in references {
        w.f(3, u32::from(reference.index)); // ref_frame_idx[ i ]
    }
    // frame_size_with_refs(), spec 5.9.7, without taking any reference's size.
    w.f(7, 0); // found_ref
    input.size.frame_size(w, input.sequence);
    w.flag(false); // render_and_frame_size_different
    if !derived.force_integer_mv {
        derived.allow_high_precision_mv = flags.allow_high_precision_mv() != 0;
        w.flag(derived.allow_high_precision_mv);
    }
    modes::read_interpolation_filter(w, std);
    w.flag(flags.is_motion_mode_switchable() != 0);
    if input.sequence.enable_ref_frame_mvs {
        w.flag(flags.use_ref_frame_mvs() != 0 && !error_resilient(input));
    }
    Ok(())
}
