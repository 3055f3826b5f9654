//! `sequence_header_obu()`, spec 5.5, in a normalised dialect that carries what decodes tiles.
//!
//! Absent by choice: still pictures, timing, operating points, levels, frame ids and colour
//! description. None of them reaches a reconstructed sample, so a header that differs in nothing
//! else has the same bytes, and the decoder keeps its references. Film grain is there in sessions
//! that have it, whatever the header says. [`Extras`] puts some of them back, for streams that are
//! to be shown.

use super::Fault;
use super::obu_writer::BitWriter;
use crate::job::{Chroma, Profile, SequenceHeader};

/// Bits of `frame_width_minus_1` and `frame_height_minus_1` in this dialect.
pub(crate) const FRAME_SIZE_BITS: u32 = 16;

/// What reaches no reconstructed sample, but whoever shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extras {
    /// `max_frame_width_minus_1` and `max_frame_height_minus_1`.
    pub(crate) max_minus_1: (u16, u16),
    /// `color_primaries`, `transfer_characteristics` and `matrix_coefficients`.
    pub(crate) color_description: Option<(u8, u8, u8)>,
    /// `color_range`.
    pub(crate) color_range: bool,
    /// `chroma_sample_position`.
    pub(crate) chroma_sample_position: u8,
    /// `film_grain_params_present`.
    pub(crate) film_grain_params_present: bool,
}

impl Extras {
    /// None: every frame has its own size.
    const NONE: Self = Self {
        max_minus_1: (0xffff, 0xffff),
        color_description: None,
        color_range: false,
        chroma_sample_position: 0,
        film_grain_params_present: false,
    };

    /// Whether the colour is sRGB by 5.5.2, which leaves range and sampling out.
    fn is_srgb(&self) -> bool {
        self.color_description == Some((1, 13, 0))
    }
}

/// What a sequence header says, after inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) bit_depth: u8,
    pub(crate) mono_chrome: bool,
    pub(crate) subsampling_x: bool,
    pub(crate) subsampling_y: bool,
    pub(crate) separate_uv_delta_q: bool,
    pub(crate) use_128x128_superblock: bool,
    pub(crate) enable_filter_intra: bool,
    pub(crate) enable_intra_edge_filter: bool,
    pub(crate) enable_interintra_compound: bool,
    pub(crate) enable_masked_compound: bool,
    pub(crate) enable_warped_motion: bool,
    pub(crate) enable_dual_filter: bool,
    /// `OrderHintBits`: 0 if order hints are off.
    pub(crate) order_hint_bits: u32,
    pub(crate) enable_jnt_comp: bool,
    pub(crate) enable_ref_frame_mvs: bool,
    pub(crate) enable_superres: bool,
    pub(crate) enable_cdef: bool,
    pub(crate) enable_restoration: bool,
    /// Frames say what film grain they have, for the decoder to make.
    pub(crate) film_grain: bool,
}

impl Sequence {
    /// Reads the Std structure; depth and chroma are the session's, as its images are.
    pub(crate) fn new(header: &SequenceHeader, profile: Profile) -> Result<Self, Fault> {
        let flags = &header.std.flags;
        // Inference of spec 5.5.1 for reduced_still_picture_header: tools of inter frames are off.
        let full = flags.reduced_still_picture_header() == 0;
        let order_hint = full && flags.enable_order_hint() != 0;
        let mono_chrome = mono_chrome(header, profile)?;
        let (subsampling_x, subsampling_y) = match profile.chroma {
            Chroma::Monochrome | Chroma::Yuv420 => (true, true),
            Chroma::Yuv422 => (true, false),
            Chroma::Yuv444 => (false, false),
        };
        let separate_uv_delta_q =
            header.color_config.is_some_and(|color| color.flags.separate_uv_delta_q() != 0);
        Ok(Self {
            bit_depth: profile.bit_depth,
            mono_chrome,
            subsampling_x: subsampling_x || mono_chrome,
            subsampling_y: subsampling_y || mono_chrome,
            separate_uv_delta_q: separate_uv_delta_q && !mono_chrome,
            use_128x128_superblock: flags.use_128x128_superblock() != 0,
            enable_filter_intra: flags.enable_filter_intra() != 0,
            enable_intra_edge_filter: flags.enable_intra_edge_filter() != 0,
            enable_interintra_compound: full && flags.enable_interintra_compound() != 0,
            enable_masked_compound: full && flags.enable_masked_compound() != 0,
            enable_warped_motion: full && flags.enable_warped_motion() != 0,
            enable_dual_filter: full && flags.enable_dual_filter() != 0,
            order_hint_bits: if order_hint {
                u32::from(header.std.order_hint_bits_minus_1 & 7) + 1
            } else {
                0
            },
            enable_jnt_comp: order_hint && flags.enable_jnt_comp() != 0,
            enable_ref_frame_mvs: order_hint && flags.enable_ref_frame_mvs() != 0,
            enable_superres: flags.enable_superres() != 0,
            enable_cdef: flags.enable_cdef() != 0,
            enable_restoration: flags.enable_restoration() != 0,
            film_grain: profile.film_grain_support,
        })
    }

    /// `NumPlanes`.
    pub(crate) fn num_planes(&self) -> usize {
        if self.mono_chrome { 1 } else { 3 }
    }

    /// `get_relative_dist(a, b)`, spec 5.9.3.
    pub(crate) fn relative_dist(&self, a: u8, b: u8) -> i32 {
        relative_dist(self.order_hint_bits, a, b)
    }

    /// The payload of an OBU_SEQUENCE_HEADER.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let extras = Extras { film_grain_params_present: self.film_grain, ..Extras::NONE };
        self.payload_with(&extras)
    }

    /// The payload of one that says more.
    pub(crate) fn payload_with(&self, extras: &Extras) -> Vec<u8> {
        let mut w = BitWriter::default();
        w.f(3, self.seq_profile());
        w.flag(false); // still_picture
        w.flag(false); // reduced_still_picture_header
        w.flag(false); // timing_info_present_flag
        w.flag(false); // initial_display_delay_present_flag
        w.f(5, 0); // operating_points_cnt_minus_1
        w.f(12, 0); // operating_point_idc[ 0 ]
        w.f(5, 0); // seq_level_idx[ 0 ]: levels are not enforced, and below 8 there is no seq_tier
        w.f(4, FRAME_SIZE_BITS - 1); // frame_width_bits_minus_1
        w.f(4, FRAME_SIZE_BITS - 1); // frame_height_bits_minus_1
        w.f(FRAME_SIZE_BITS, u32::from(extras.max_minus_1.0)); // max_frame_width_minus_1
        w.f(FRAME_SIZE_BITS, u32::from(extras.max_minus_1.1)); // max_frame_height_minus_1
        w.flag(false); // frame_id_numbers_present_flag
        w.flag(self.use_128x128_superblock);
        w.flag(self.enable_filter_intra);
        w.flag(self.enable_intra_edge_filter);
        w.flag(self.enable_interintra_compound);
        w.flag(self.enable_masked_compound);
        w.flag(self.enable_warped_motion);
        w.flag(self.enable_dual_filter);
        w.flag(self.order_hint_bits > 0); // enable_order_hint
        if self.order_hint_bits > 0 {
            w.flag(self.enable_jnt_comp);
            w.flag(self.enable_ref_frame_mvs);
        }
        w.flag(true); // seq_choose_screen_content_tools: each frame says
        w.flag(true); // seq_choose_integer_mv: each frame says
        if self.order_hint_bits > 0 {
            w.f(3, self.order_hint_bits - 1); // order_hint_bits_minus_1
        }
        w.flag(self.enable_superres);
        w.flag(self.enable_cdef);
        w.flag(self.enable_restoration);
        self.color_config(&mut w, extras);
        w.flag(extras.film_grain_params_present);
        w.with_trailing_bits()
    }

    /// The profile that can carry the format, spec 6.4.1; it gates the syntax of `color_config()`.
    fn seq_profile(&self) -> u32 {
        let is_422 = self.subsampling_x && !self.subsampling_y;
        match (self.bit_depth, self.subsampling_x) {
            (12, _) => 2,
            _ if is_422 => 2,
            (_, false) => 1,
            (_, true) => 0,
        }
    }

    /// `color_config()`, spec 5.5.2.
    fn color_config(&self, w: &mut BitWriter, extras: &Extras) {
        let seq_profile = self.seq_profile();
        let high_bitdepth = self.bit_depth > 8;
        w.flag(high_bitdepth);
        if seq_profile == 2 && high_bitdepth {
            w.flag(self.bit_depth == 12); // twelve_bit
        }
        if seq_profile != 1 {
            w.flag(self.mono_chrome);
        }
        w.flag(extras.color_description.is_some()); // color_description_present_flag
        if let Some((primaries, transfer, matrix)) = extras.color_description {
            for code in [primaries, transfer, matrix] {
                w.f(8, u32::from(code));
            }
        }
        if self.mono_chrome {
            w.flag(extras.color_range);
            return;
        }
        if extras.is_srgb() {
            w.flag(self.separate_uv_delta_q);
            return;
        }
        w.flag(extras.color_range);
        if seq_profile == 2 && self.bit_depth == 12 {
            w.flag(self.subsampling_x);
            if self.subsampling_x {
                w.flag(self.subsampling_y);
            }
        }
        if self.subsampling_x && self.subsampling_y {
            w.f(2, u32::from(extras.chroma_sample_position)); // 0 is CSP_UNKNOWN
        }
        w.flag(self.separate_uv_delta_q);
    }
}

/// `get_relative_dist(a, b)`, spec 5.9.3, with `bits` as `OrderHintBits`.
pub fn relative_dist(bits: u32, a: u8, b: u8) -> i32 {
    if bits == 0 {
        return 0;
    }
    let diff = i32::from(a) - i32::from(b);
    let m = 1 << (bits - 1);
    (diff & (m - 1)) - (diff & m)
}

/// Whether there is no chroma. Monochrome streams run in 4:2:0 sessions too, so the flag counts.
fn mono_chrome(header: &SequenceHeader, profile: Profile) -> Result<bool, Fault> {
    let by_profile = profile.chroma == Chroma::Monochrome;
    let Some(color) = header.color_config else {
        return Ok(by_profile);
    };
    // An unset depth is a client's omission, another depth is another stream.
    if color.BitDepth != 0 && color.BitDepth != profile.bit_depth {
        return Err(Fault::ProfileMismatch("BitDepth"));
    }
    let by_flag = color.flags.mono_chrome() != 0;
    if by_flag && matches!(profile.chroma, Chroma::Yuv422 | Chroma::Yuv444) {
        return Err(Fault::ProfileMismatch("mono_chrome"));
    }
    // Clients leave the subsampling zero; only a set value can contradict.
    let subsampling = (color.subsampling_x, color.subsampling_y);
    let agrees = match profile.chroma {
        _ if by_flag || by_profile => true,
        Chroma::Yuv420 | Chroma::Monochrome => matches!(subsampling, (1, 1) | (0, 0)),
        Chroma::Yuv422 => matches!(subsampling, (1, 0) | (0, 0)),
        Chroma::Yuv444 => subsampling == (0, 0),
    };
    if agrees { Ok(by_flag || by_profile) } else { Err(Fault::ProfileMismatch("subsampling")) }
}
