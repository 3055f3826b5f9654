//! Metadata: specification 5.8.

use crate::bits::BitReader;
use crate::error::StreamError;

type Result<T> = std::result::Result<T, StreamError>;

/// `metadata_obu()`, 5.8.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// `metadata_hdr_cll()`, 5.8.3.
    HdrCll {
        /// `max_cll`, in candela per square metre.
        max_cll: u16,
        /// `max_fall`, in candela per square metre.
        max_fall: u16,
    },
    /// `metadata_hdr_mdcv()`, 5.8.4.
    HdrMdcv(HdrMdcv),
    /// `metadata_scalability()`, 5.8.5; `scalability_structure()` is read, not kept.
    Scalability {
        /// `scalability_mode_idc`.
        scalability_mode_idc: u8,
    },
    /// `metadata_itut_t35()`, 5.8.2.
    ItutT35 {
        /// `itu_t_t35_country_code`.
        itu_t_t35_country_code: u8,
        /// `itu_t_t35_country_code_extension_byte`, if the code is 0xFF.
        itu_t_t35_country_code_extension_byte: Option<u8>,
    },
    /// `metadata_timecode()`, 5.8.7.
    Timecode(Timecode),
    /// A type that is reserved or private: ignored.
    Other(u32),
}

/// `metadata_hdr_mdcv()`, 5.8.4: chromaticities as 0.16, luminances as 24.8 and 18.14 fixed point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HdrMdcv {
    /// `primary_chromaticity_x` and `primary_chromaticity_y` of red, green and blue.
    pub primary_chromaticity: [(u16, u16); 3],
    /// `white_point_chromaticity_x` and `white_point_chromaticity_y`.
    pub white_point_chromaticity: (u16, u16),
    /// `luminance_max`.
    pub luminance_max: u32,
    /// `luminance_min`.
    pub luminance_min: u32,
}

/// `metadata_timecode()`, 5.8.7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timecode {
    /// `counting_type`.
    pub counting_type: u8,
    /// `discontinuity_flag`.
    pub discontinuity_flag: bool,
    /// `cnt_dropped_flag`.
    pub cnt_dropped_flag: bool,
    /// `n_frames`.
    pub n_frames: u16,
    /// `seconds_value`, if coded.
    pub seconds_value: Option<u8>,
    /// `minutes_value`, if coded.
    pub minutes_value: Option<u8>,
    /// `hours_value`, if coded.
    pub hours_value: Option<u8>,
    /// `time_offset_value`; 0 if not coded.
    pub time_offset_value: u32,
}

/// SCALABILITY_SS: the mode that comes with a structure.
const SCALABILITY_SS: u8 = 14;

/// `metadata_obu()`, 5.8.1.
///
/// # Errors
/// The data end early.
pub fn metadata_obu(r: &mut BitReader<'_>) -> Result<Metadata> {
    r.table("metadata_obu", "5.8.1");
    let metadata_type = r.leb128("metadata_type")?;
    match metadata_type {
        1 => {
            r.table("metadata_hdr_cll", "5.8.3");
            let max_cll = r.f(16, "max_cll")? as u16;
            Ok(Metadata::HdrCll { max_cll, max_fall: r.f(16, "max_fall")? as u16 })
        }
        2 => hdr_mdcv(r).map(Metadata::HdrMdcv),
        3 => scalability(r),
        4 => itut_t35(r),
        5 => timecode(r).map(Metadata::Timecode),
        other => Ok(Metadata::Other(other)),
    }
}

fn hdr_mdcv(r: &mut BitReader<'_>) -> Result<HdrMdcv> {
    r.table("metadata_hdr_mdcv", "5.8.4");
    let mut mdcv = HdrMdcv::default();
    for (i, primary) in mdcv.primary_chromaticity.iter_mut().enumerate() {
        let x = r.f_at(16, "primary_chromaticity_x", i)? as u16;
        *primary = (x, r.f_at(16, "primary_chromaticity_y", i)? as u16);
    }
    let x = r.f(16, "white_point_chromaticity_x")? as u16;
    mdcv.white_point_chromaticity = (x, r.f(16, "white_point_chromaticity_y")? as u16);
    mdcv.luminance_max = r.f(32, "luminance_max")?;
    mdcv.luminance_min = r.f(32, "luminance_min")?;
    Ok(mdcv)
}

/// `metadata_scalability()` and `scalability_structure()`, 5.8.5 and 5.8.6.
fn scalability(r: &mut BitReader<'_>) -> Result<Metadata> {
    r.table("metadata_scalability", "5.8.5");
    let scalability_mode_idc = r.f8(8, "scalability_mode_idc")?;
    if scalability_mode_idc != SCALABILITY_SS {
        return Ok(Metadata::Scalability { scalability_mode_idc });
    }
    r.table("scalability_structure", "5.8.6");
    let layers = r.f(2, "spatial_layers_cnt_minus_1")? as usize + 1;
    let dimensions = r.flag("spatial_layer_dimensions_present_flag")?;
    let description = r.flag("spatial_layer_description_present_flag")?;
    let temporal_group = r.flag("temporal_group_description_present_flag")?;
    r.f(3, "scalability_structure_reserved_3bits")?;
    for i in 0..if dimensions { layers } else { 0 } {
        r.f_at(16, "spatial_layer_max_width", i)?;
        r.f_at(16, "spatial_layer_max_height", i)?;
    }
    for i in 0..if description { layers } else { 0 } {
        r.f_at(8, "spatial_layer_ref_id", i)?;
    }
    let size = if temporal_group { r.f(8, "temporal_group_size")? as usize } else { 0 };
    for i in 0..size {
        r.f_at(3, "temporal_group_temporal_id", i)?;
        r.f_at(1, "temporal_group_temporal_switching_up_point_flag", i)?;
        r.f_at(1, "temporal_group_spatial_switching_up_point_flag", i)?;
        for j in 0..r.f_at(3, "temporal_group_ref_cnt", i)? as usize {
            r.f_at(8, "temporal_group_ref_pic_diff", j)?;
        }
    }
    Ok(Metadata::Scalability { scalability_mode_idc })
}

fn itut_t35(r: &mut BitReader<'_>) -> Result<Metadata> {
    r.table("metadata_itut_t35", "5.8.2");
    let itu_t_t35_country_code = r.f8(8, "itu_t_t35_country_code")?;
    let itu_t_t35_country_code_extension_byte = match itu_t_t35_country_code {
        0xff => Some(r.f8(8, "itu_t_t35_country_code_extension_byte")?),
        _ => None,
    };
    Ok(Metadata::ItutT35 { itu_t_t35_country_code, itu_t_t35_country_code_extension_byte })
}

fn timecode(r: &mut BitReader<'_>) -> Result<Timecode> {
    r.table("metadata_timecode", "5.8.7");
    let mut time = Timecode { counting_type: r.f8(5, "counting_type")?, ..Timecode::default() };
    let full_timestamp_flag = r.flag("full_timestamp_flag")?;
    time.discontinuity_flag = r.flag("discontinuity_flag")?;
    time.cnt_dropped_flag = r.flag("cnt_dropped_flag")?;
    time.n_frames = r.f(9, "n_frames")? as u16;
    if full_timestamp_flag {
        time.seconds_value = Some(r.f8(6, "seconds_value")?);
        time.minutes_value = Some(r.f8(6, "minutes_value")?);
        time.hours_value = Some(r.f8(5, "hours_value")?);
    } else if r.flag("seconds_flag")? {
        time.seconds_value = Some(r.f8(6, "seconds_value")?);
        if r.flag("minutes_flag")? {
            time.minutes_value = Some(r.f8(6, "minutes_value")?);
            if r.flag("hours_flag")? {
                time.hours_value = Some(r.f8(5, "hours_value")?);
            }
        }
    }
    let time_offset_length = r.f(5, "time_offset_length")?;
    if time_offset_length > 0 {
        time.time_offset_value = r.f(time_offset_length, "time_offset_value")?;
    }
    Ok(time)
}
