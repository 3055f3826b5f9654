//! Frame header: specification 5.9.1 and 5.9.2, as values. It is read in `uncompressed_header`; the
//! parts are beside it.

use arrayvec::ArrayVec;

use super::film_grain::FilmGrainParams;
use super::filters::{CdefParams, LoopFilterParams, LrParams};
use super::frame_size::FrameSize;
use super::global_motion::GlobalMotionParams;
use super::modes::{DeltaLfParams, DeltaQParams, TxMode};
use super::quant::QuantizationParams;
use super::segmentation::SegmentationParams;
use super::tile_info::TileInfo;
use super::{MAX_OPERATING_POINTS, NUM_REF_FRAMES, REFS_PER_FRAME, RefSlot, TOTAL_REFS_PER_FRAME};

pub use super::frame_type::FrameType;

/// Operating points, and the `buffer_removal_time` of each.
pub type BufferRemovalTimes = ArrayVec<(u8, u32), MAX_OPERATING_POINTS>;

/// `uncompressed_header()`, 5.9.2: either half of its first branch.
#[allow(clippy::large_enum_variant, reason = "a box would be an allocation for each frame")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UncompressedHeader {
    /// `show_existing_frame` is 1.
    ShowExisting(ShowExistingFrame),
    /// A frame to decode.
    Frame(FrameHeader),
}

/// What is coded with `show_existing_frame` equal to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShowExistingFrame {
    /// `frame_to_show_map_idx`.
    pub frame_to_show_map_idx: RefSlot,
    /// `frame_presentation_time`, if coded.
    pub frame_presentation_time: Option<u32>,
    /// `display_frame_id`, if coded.
    pub display_frame_id: Option<u32>,
}

/// `uncompressed_header()`, 5.9.2, of a frame to decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// `frame_type`.
    pub frame_type: FrameType,
    /// `show_frame`.
    pub show_frame: bool,
    /// `showable_frame`.
    pub showable_frame: bool,
    /// `frame_presentation_time`, if coded.
    pub frame_presentation_time: Option<u32>,
    /// `error_resilient_mode`, coded or inferred.
    pub error_resilient_mode: bool,
    /// `disable_cdf_update`.
    pub disable_cdf_update: bool,
    /// `allow_screen_content_tools`, coded or from the sequence.
    pub allow_screen_content_tools: bool,
    /// `force_integer_mv`; 1 for intra frames.
    pub force_integer_mv: bool,
    /// `current_frame_id`; 0 if there are no frame ids.
    pub current_frame_id: u32,
    /// `frame_size_override_flag`, coded or inferred.
    pub frame_size_override_flag: bool,
    /// `order_hint`; OrderHintBits wide.
    pub order_hint: u8,
    /// `primary_ref_frame`: 0 to 6, or 7 for none.
    pub primary_ref_frame: u8,
    /// `buffer_removal_time_present_flag`.
    pub buffer_removal_time_present_flag: bool,
    /// `buffer_removal_time` of each operating point for which it is coded.
    pub buffer_removal_time: BufferRemovalTimes,
    /// `refresh_frame_flags`: bit i replaces reference slot i. 0xFF for a shown key frame and a
    /// switch frame.
    pub refresh_frame_flags: u8,
    /// `ref_order_hint[i]`, if coded.
    pub ref_order_hint: Option<[u8; NUM_REF_FRAMES]>,
    /// 5.9.5 to 5.9.9.
    pub frame_size: FrameSize,
    /// `allow_intrabc`.
    pub allow_intrabc: bool,
    /// `frame_refs_short_signaling`.
    pub frame_refs_short_signaling: bool,
    /// `ref_frame_idx[i]` for LAST_FRAME + i; `None` for intra frames.
    pub ref_frame_idx: Option<[RefSlot; REFS_PER_FRAME]>,
    /// `delta_frame_id_minus_1[i]`, if coded.
    pub delta_frame_id_minus_1: Option<[u32; REFS_PER_FRAME]>,
    /// `expectedFrameId[i]` for LAST_FRAME + i; zeros if there are no frame ids.
    pub expected_frame_id: [u32; REFS_PER_FRAME],
    /// `allow_high_precision_mv`.
    pub allow_high_precision_mv: bool,
    /// `is_filter_switchable`.
    pub is_filter_switchable: bool,
    /// `interpolation_filter`: 0 EIGHTTAP, 1 SMOOTH, 2 SHARP, 3 BILINEAR, 4 SWITCHABLE.
    pub interpolation_filter: u8,
    /// `is_motion_mode_switchable`.
    pub is_motion_mode_switchable: bool,
    /// `use_ref_frame_mvs`.
    pub use_ref_frame_mvs: bool,
    /// `OrderHints[refFrame]`, by reference frame type (entry 0, INTRA_FRAME, is 0); zeros for intra
    /// frames.
    pub order_hints: [u8; TOTAL_REFS_PER_FRAME],
    /// `RefFrameSignBias[refFrame]`, by reference frame type.
    pub ref_frame_sign_bias: [bool; TOTAL_REFS_PER_FRAME],
    /// `disable_frame_end_update_cdf`, coded or inferred.
    pub disable_frame_end_update_cdf: bool,
    /// `tile_info()`.
    pub tile_info: TileInfo,
    /// `quantization_params()`.
    pub quantization_params: QuantizationParams,
    /// `segmentation_params()`, after inheritance.
    pub segmentation_params: SegmentationParams,
    /// `delta_q_params()`.
    pub delta_q_params: DeltaQParams,
    /// `delta_lf_params()`.
    pub delta_lf_params: DeltaLfParams,
    /// CodedLossless.
    pub coded_lossless: bool,
    /// AllLossless.
    pub all_lossless: bool,
    /// `loop_filter_params()`, after inheritance.
    pub loop_filter_params: LoopFilterParams,
    /// `cdef_params()`.
    pub cdef_params: CdefParams,
    /// `lr_params()`.
    pub lr_params: LrParams,
    /// TxMode.
    pub tx_mode: TxMode,
    /// `reference_select`.
    pub reference_select: bool,
    /// SkipModeFrame, as reference frame types 1 to 7, if skipModeAllowed.
    pub skip_mode_frame: Option<[u8; 2]>,
    /// `skip_mode_present`.
    pub skip_mode_present: bool,
    /// `allow_warped_motion`.
    pub allow_warped_motion: bool,
    /// `reduced_tx_set`.
    pub reduced_tx_set: bool,
    /// `global_motion_params()`: final parameters.
    pub global_motion_params: GlobalMotionParams,
    /// `film_grain_params()`; with `update_grain` 0 the loaded ones with the new `grain_seed`.
    pub film_grain_params: FilmGrainParams,
}
