//! Sequence header: specification 5.5.

pub use super::color_config::ColorConfig;
use super::color_config::color_config;
use crate::bits::BitReader;
use crate::error::StreamError;

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

type Result<T> = std::result::Result<T, StreamError>;

/// `sequence_header_obu()`, 5.5.1.
///
/// # Errors
/// The data end early, or a value is not allowed.
pub fn sequence_header_obu(r: &mut BitReader<'_>) -> Result<SequenceHeader> {
    r.table("sequence_header_obu", "5.5.1");
    let seq_profile = r.f8(3, "seq_profile")?;
    if seq_profile > 2 {
        return Err(r.bad("seq_profile", seq_profile.into(), "profiles are 0 to 2"));
    }
    let still_picture = r.flag("still_picture")?;
    let reduced_still_picture_header = r.flag("reduced_still_picture_header")?;
    if reduced_still_picture_header && !still_picture {
        let rule = "still_picture is 1 if reduced_still_picture_header is 1";
        return Err(r.bad("reduced_still_picture_header", 1, rule));
    }
    let points = operating_points(r, reduced_still_picture_header)?;
    r.table("sequence_header_obu", "5.5.1");
    let frame_width_bits_minus_1 = r.f8(4, "frame_width_bits_minus_1")?;
    let frame_height_bits_minus_1 = r.f8(4, "frame_height_bits_minus_1")?;
    let max_frame_width_minus_1 =
        r.f(u32::from(frame_width_bits_minus_1) + 1, "max_frame_width_minus_1")?;
    let max_frame_height_minus_1 =
        r.f(u32::from(frame_height_bits_minus_1) + 1, "max_frame_height_minus_1")?;
    let frame_id_numbers = match reduced_still_picture_header {
        true => None,
        false => frame_id_numbers(r)?,
    };
    let use_128x128_superblock = r.flag("use_128x128_superblock")?;
    let enable_filter_intra = r.flag("enable_filter_intra")?;
    let enable_intra_edge_filter = r.flag("enable_intra_edge_filter")?;
    let inter = match reduced_still_picture_header {
        true => InterTools::REDUCED,
        false => inter_tools(r)?,
    };
    let enable_superres = r.flag("enable_superres")?;
    let enable_cdef = r.flag("enable_cdef")?;
    let enable_restoration = r.flag("enable_restoration")?;
    let color_config = color_config(r, seq_profile)?;
    r.table("sequence_header_obu", "5.5.1");
    let film_grain_params_present = r.flag("film_grain_params_present")?;
    Ok(SequenceHeader {
        seq_profile,
        still_picture,
        reduced_still_picture_header,
        timing_info: points.timing_info,
        decoder_model_info: points.decoder_model_info,
        initial_display_delay_present_flag: points.initial_display_delay_present_flag,
        operating_points: points.list,
        frame_width_bits_minus_1,
        frame_height_bits_minus_1,
        max_frame_width_minus_1,
        max_frame_height_minus_1,
        frame_id_numbers,
        use_128x128_superblock,
        enable_filter_intra,
        enable_intra_edge_filter,
        enable_interintra_compound: inter.enable_interintra_compound,
        enable_masked_compound: inter.enable_masked_compound,
        enable_warped_motion: inter.enable_warped_motion,
        enable_dual_filter: inter.enable_dual_filter,
        enable_order_hint: inter.enable_order_hint,
        enable_jnt_comp: inter.enable_jnt_comp,
        enable_ref_frame_mvs: inter.enable_ref_frame_mvs,
        seq_force_screen_content_tools: inter.seq_force_screen_content_tools,
        seq_force_integer_mv: inter.seq_force_integer_mv,
        order_hint_bits_minus_1: inter.order_hint_bits_minus_1,
        enable_superres,
        enable_cdef,
        enable_restoration,
        color_config,
        film_grain_params_present,
    })
}

/// The part of 5.5.1 about operating points.
struct Points {
    timing_info: Option<TimingInfo>,
    decoder_model_info: Option<DecoderModelInfo>,
    initial_display_delay_present_flag: bool,
    list: Vec<OperatingPoint>,
}

fn operating_points(r: &mut BitReader<'_>, reduced: bool) -> Result<Points> {
    let mut points = Points {
        timing_info: None,
        decoder_model_info: None,
        initial_display_delay_present_flag: false,
        list: Vec::new(),
    };
    if reduced {
        points.list.push(OperatingPoint {
            operating_point_idc: 0,
            seq_level_idx: seq_level_idx(r, 0)?,
            seq_tier: false,
            operating_parameters_info: None,
            initial_display_delay_minus_1: None,
        });
        return Ok(points);
    }
    if r.flag("timing_info_present_flag")? {
        points.timing_info = Some(timing_info(r)?);
        r.table("sequence_header_obu", "5.5.1");
        if r.flag("decoder_model_info_present_flag")? {
            points.decoder_model_info = Some(decoder_model_info(r)?);
            r.table("sequence_header_obu", "5.5.1");
        }
    }
    points.initial_display_delay_present_flag = r.flag("initial_display_delay_present_flag")?;
    let operating_points_cnt_minus_1 = r.f(5, "operating_points_cnt_minus_1")?;
    for i in 0..=operating_points_cnt_minus_1 as usize {
        let point = operating_point(r, i, &points)?;
        points.list.push(point);
    }
    Ok(points)
}

fn operating_point(r: &mut BitReader<'_>, i: usize, points: &Points) -> Result<OperatingPoint> {
    let operating_point_idc = r.f_at(12, "operating_point_idc", i)? as u16;
    let (temporal, spatial) = (operating_point_idc & 0xff, operating_point_idc >> 8);
    if (temporal == 0) != (spatial == 0) {
        let rule = "where it is not 0 it has temporal and spatial layers";
        r.deviates("operating_point_idc", operating_point_idc.into(), rule)?;
    }
    let seq_level_idx = seq_level_idx(r, i)?;
    let seq_tier = seq_level_idx > 7 && r.f_at(1, "seq_tier", i)? == 1;
    let mut operating_parameters_info = None;
    if let Some(model) = &points.decoder_model_info
        && r.f_at(1, "decoder_model_present_for_this_op", i)? == 1
    {
        operating_parameters_info = Some(self::operating_parameters_info(r, i, model)?);
        r.table("sequence_header_obu", "5.5.1");
    }
    let mut initial_display_delay_minus_1 = None;
    if points.initial_display_delay_present_flag
        && r.f_at(1, "initial_display_delay_present_for_this_op", i)? == 1
    {
        initial_display_delay_minus_1 = Some(r.f_at(4, "initial_display_delay_minus_1", i)? as u8);
    }
    Ok(OperatingPoint {
        operating_point_idc,
        seq_level_idx,
        seq_tier,
        operating_parameters_info,
        initial_display_delay_minus_1,
    })
}

fn seq_level_idx(r: &mut BitReader<'_>, i: usize) -> Result<u8> {
    Ok(r.f_at(5, "seq_level_idx", i)? as u8)
}

/// `timing_info()`, 5.5.3.
fn timing_info(r: &mut BitReader<'_>) -> Result<TimingInfo> {
    r.table("timing_info", "5.5.3");
    let num_units_in_display_tick = r.f(32, "num_units_in_display_tick")?;
    let time_scale = r.f(32, "time_scale")?;
    let equal_picture_interval = r.flag("equal_picture_interval")?;
    let num_ticks_per_picture_minus_1 = match equal_picture_interval {
        true => Some(r.uvlc("num_ticks_per_picture_minus_1")?),
        false => None,
    };
    Ok(TimingInfo { num_units_in_display_tick, time_scale, num_ticks_per_picture_minus_1 })
}

/// `decoder_model_info()`, 5.5.4.
fn decoder_model_info(r: &mut BitReader<'_>) -> Result<DecoderModelInfo> {
    r.table("decoder_model_info", "5.5.4");
    Ok(DecoderModelInfo {
        buffer_delay_length_minus_1: r.f8(5, "buffer_delay_length_minus_1")?,
        num_units_in_decoding_tick: r.f(32, "num_units_in_decoding_tick")?,
        buffer_removal_time_length_minus_1: r.f8(5, "buffer_removal_time_length_minus_1")?,
        frame_presentation_time_length_minus_1: r
            .f8(5, "frame_presentation_time_length_minus_1")?,
    })
}

/// `operating_parameters_info()`, 5.5.5.
fn operating_parameters_info(
    r: &mut BitReader<'_>,
    i: usize,
    model: &DecoderModelInfo,
) -> Result<OperatingParametersInfo> {
    r.table("operating_parameters_info", "5.5.5");
    let n = u32::from(model.buffer_delay_length_minus_1) + 1;
    Ok(OperatingParametersInfo {
        decoder_buffer_delay: r.f_at(n, "decoder_buffer_delay", i)?,
        encoder_buffer_delay: r.f_at(n, "encoder_buffer_delay", i)?,
        low_delay_mode_flag: r.f_at(1, "low_delay_mode_flag", i)? == 1,
    })
}

/// The part of 5.5.1 about frame ids.
fn frame_id_numbers(r: &mut BitReader<'_>) -> Result<Option<FrameIdNumbers>> {
    if !r.flag("frame_id_numbers_present_flag")? {
        return Ok(None);
    }
    let numbers = FrameIdNumbers {
        delta_frame_id_length_minus_2: r.f8(4, "delta_frame_id_length_minus_2")?,
        additional_frame_id_length_minus_1: r.f8(3, "additional_frame_id_length_minus_1")?,
    };
    if numbers.id_len() > 16 {
        let rule = "idLen is at most 16";
        return Err(r.bad("additional_frame_id_length_minus_1", numbers.id_len().into(), rule));
    }
    Ok(Some(numbers))
}

/// The tools that a reduced still picture header leaves out.
struct InterTools {
    enable_interintra_compound: bool,
    enable_masked_compound: bool,
    enable_warped_motion: bool,
    enable_dual_filter: bool,
    enable_order_hint: bool,
    enable_jnt_comp: bool,
    enable_ref_frame_mvs: bool,
    seq_force_screen_content_tools: u8,
    seq_force_integer_mv: u8,
    order_hint_bits_minus_1: u8,
}

/// SELECT_SCREEN_CONTENT_TOOLS and SELECT_INTEGER_MV.
const SELECT: u8 = 2;

impl InterTools {
    const REDUCED: Self = Self {
        enable_interintra_compound: false,
        enable_masked_compound: false,
        enable_warped_motion: false,
        enable_dual_filter: false,
        enable_order_hint: false,
        enable_jnt_comp: false,
        enable_ref_frame_mvs: false,
        seq_force_screen_content_tools: SELECT,
        seq_force_integer_mv: SELECT,
        order_hint_bits_minus_1: 0,
    };
}

fn inter_tools(r: &mut BitReader<'_>) -> Result<InterTools> {
    let mut tools = InterTools {
        enable_interintra_compound: r.flag("enable_interintra_compound")?,
        enable_masked_compound: r.flag("enable_masked_compound")?,
        enable_warped_motion: r.flag("enable_warped_motion")?,
        enable_dual_filter: r.flag("enable_dual_filter")?,
        enable_order_hint: r.flag("enable_order_hint")?,
        ..InterTools::REDUCED
    };
    if tools.enable_order_hint {
        tools.enable_jnt_comp = r.flag("enable_jnt_comp")?;
        tools.enable_ref_frame_mvs = r.flag("enable_ref_frame_mvs")?;
    }
    if !r.flag("seq_choose_screen_content_tools")? {
        tools.seq_force_screen_content_tools = r.f8(1, "seq_force_screen_content_tools")?;
    }
    if tools.seq_force_screen_content_tools > 0 && !r.flag("seq_choose_integer_mv")? {
        tools.seq_force_integer_mv = r.f8(1, "seq_force_integer_mv")?;
    }
    if tools.enable_order_hint {
        tools.order_hint_bits_minus_1 = r.f8(3, "order_hint_bits_minus_1")?;
    }
    Ok(tools)
}
