//! Sequence header: specification 5.5.

use crate::pixels::{Chroma, Format};

/// `sequence_header_obu()`, 5.5.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceHeader {
    /// 0 Main, 1 High, 2 Professional.
    pub seq_profile: u8,
    /// One picture only.
    pub still_picture: bool,
    /// Syntax elements that a still picture does not need are absent.
    pub reduced_still_picture_header: bool,
    /// `timing_info()`, if present.
    pub timing_info: Option<TimingInfo>,
    /// `decoder_model_info()`, if present.
    pub decoder_model_info: Option<DecoderModelInfo>,
    /// Whether `initial_display_delay_minus_1` may be present.
    pub initial_display_delay_present_flag: bool,
    /// One to 32 operating points, best first.
    pub operating_points: Vec<OperatingPoint>,
    /// Bits of `max_frame_width_minus_1`, less one.
    pub frame_width_bits_minus_1: u8,
    /// Bits of `max_frame_height_minus_1`, less one.
    pub frame_height_bits_minus_1: u8,
    /// Largest frame width, less one.
    pub max_frame_width_minus_1: u32,
    /// Largest frame height, less one.
    pub max_frame_height_minus_1: u32,
    /// Lengths of frame ids, if `frame_id_numbers_present_flag`.
    pub frame_id_numbers: Option<FrameIdNumbers>,
    /// 128x128 superblocks, else 64x64.
    pub use_128x128_superblock: bool,
    /// Filter intra.
    pub enable_filter_intra: bool,
    /// Intra edge filter.
    pub enable_intra_edge_filter: bool,
    /// Inter-intra compound.
    pub enable_interintra_compound: bool,
    /// Masked compound.
    pub enable_masked_compound: bool,
    /// Warped motion.
    pub enable_warped_motion: bool,
    /// Dual interpolation filter.
    pub enable_dual_filter: bool,
    /// Order hints.
    pub enable_order_hint: bool,
    /// Distance weights.
    pub enable_jnt_comp: bool,
    /// Motion vectors of references.
    pub enable_ref_frame_mvs: bool,
    /// 0 off, 1 on, 2 SELECT_SCREEN_CONTENT_TOOLS (chosen by each frame).
    pub seq_force_screen_content_tools: u8,
    /// 0 off, 1 on, 2 SELECT_INTEGER_MV (chosen by each frame).
    pub seq_force_integer_mv: u8,
    /// OrderHintBits less one; 0 if `enable_order_hint` is off (see [`Self::order_hint_bits`]).
    pub order_hint_bits_minus_1: u8,
    /// Super resolution.
    pub enable_superres: bool,
    /// Constrained directional enhancement filter.
    pub enable_cdef: bool,
    /// Loop restoration.
    pub enable_restoration: bool,
    /// `color_config()`.
    pub color_config: ColorConfig,
    /// Whether frames carry film grain parameters.
    pub film_grain_params_present: bool,
}

impl SequenceHeader {
    /// OrderHintBits, 5.5.1: 0 to 8.
    pub fn order_hint_bits(&self) -> u32 {
        if self.enable_order_hint { u32::from(self.order_hint_bits_minus_1) + 1 } else { 0 }
    }

    /// Largest frame size in luma samples: (width, height).
    pub fn max_frame_size(&self) -> (u32, u32) {
        (self.max_frame_width_minus_1 + 1, self.max_frame_height_minus_1 + 1)
    }

    /// Whether `other` starts a new coded video sequence after `self`: 7.5 lets only the
    /// operating parameters differ within one.
    pub fn starts_new_sequence(&self, other: &Self) -> bool {
        let key = |s: &Self| {
            let mut s = s.clone();
            s.operating_points.iter_mut().for_each(|p| p.operating_parameters_info = None);
            s
        };
        key(self) != key(other)
    }
}

/// `timing_info()`, 5.5.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimingInfo {
    /// Time units of one tick.
    pub num_units_in_display_tick: u32,
    /// Time units in one second.
    pub time_scale: u32,
    /// `num_ticks_per_picture_minus_1`, if `equal_picture_interval`.
    pub num_ticks_per_picture_minus_1: Option<u32>,
}

/// `decoder_model_info()`, 5.5.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderModelInfo {
    /// Bits of decoder and encoder buffer delays, less one.
    pub buffer_delay_length_minus_1: u8,
    /// Time units of one decoding tick.
    pub num_units_in_decoding_tick: u32,
    /// Bits of `buffer_removal_time`, less one.
    pub buffer_removal_time_length_minus_1: u8,
    /// Bits of `frame_presentation_time`, less one.
    pub frame_presentation_time_length_minus_1: u8,
}

/// One operating point of 5.5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatingPoint {
    /// `operating_point_idc`: temporal layers in bits 0 to 7, spatial layers in bits 8 to 11.
    pub operating_point_idc: u16,
    /// `seq_level_idx`.
    pub seq_level_idx: u8,
    /// `seq_tier`.
    pub seq_tier: bool,
    /// `operating_parameters_info()`, if present.
    pub operating_parameters_info: Option<OperatingParametersInfo>,
    /// `initial_display_delay_minus_1`, if present.
    pub initial_display_delay_minus_1: Option<u8>,
}

/// `operating_parameters_info()`, 5.5.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatingParametersInfo {
    /// `decoder_buffer_delay`.
    pub decoder_buffer_delay: u32,
    /// `encoder_buffer_delay`.
    pub encoder_buffer_delay: u32,
    /// `low_delay_mode_flag`.
    pub low_delay_mode_flag: bool,
}

/// Lengths of frame ids, 5.5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameIdNumbers {
    /// `delta_frame_id_length_minus_2`.
    pub delta_frame_id_length_minus_2: u8,
    /// `additional_frame_id_length_minus_1`.
    pub additional_frame_id_length_minus_1: u8,
}

impl FrameIdNumbers {
    /// idLen, 5.9.2: bits of `current_frame_id`.
    pub fn id_len(self) -> u32 {
        u32::from(self.additional_frame_id_length_minus_1)
            + u32::from(self.delta_frame_id_length_minus_2)
            + 3
    }
}

/// `color_config()`, 5.5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColorConfig {
    /// `high_bitdepth`.
    pub high_bitdepth: bool,
    /// `twelve_bit`.
    pub twelve_bit: bool,
    /// `mono_chrome`.
    pub mono_chrome: bool,
    /// Whether the next three were coded.
    pub color_description_present_flag: bool,
    /// `color_primaries`; 2 (unspecified) if not coded.
    pub color_primaries: u8,
    /// `transfer_characteristics`; 2 if not coded.
    pub transfer_characteristics: u8,
    /// `matrix_coefficients`; 2 if not coded.
    pub matrix_coefficients: u8,
    /// Full range.
    pub color_range: bool,
    /// `subsampling_x`.
    pub subsampling_x: bool,
    /// `subsampling_y`.
    pub subsampling_y: bool,
    /// `chroma_sample_position`: 0 unknown, 1 vertical, 2 colocated.
    pub chroma_sample_position: u8,
    /// `separate_uv_delta_q`.
    pub separate_uv_delta_q: bool,
}

impl ColorConfig {
    /// BitDepth: 8, 10 or 12.
    pub fn bit_depth(&self) -> u8 {
        match (self.high_bitdepth, self.twelve_bit) {
            (false, _) => 8,
            (true, false) => 10,
            (true, true) => 12,
        }
    }

    /// NumPlanes: 1 or 3.
    pub fn num_planes(&self) -> usize {
        if self.mono_chrome { 1 } else { 3 }
    }

    /// Sample format of the pictures.
    pub fn format(&self) -> Format {
        let chroma = match (self.mono_chrome, self.subsampling_x, self.subsampling_y) {
            (true, _, _) => Chroma::Monochrome,
            (_, true, true) => Chroma::Yuv420,
            (_, true, false) => Chroma::Yuv422,
            (_, false, _) => Chroma::Yuv444,
        };
        Format { chroma, bit_depth: self.bit_depth() }
    }
}
