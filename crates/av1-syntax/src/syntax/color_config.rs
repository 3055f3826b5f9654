//! Color config: specification 5.5.2.

use crate::bits::BitReader;
use crate::error::StreamError;
use crate::format::{Chroma, Format};

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

type Result<T> = std::result::Result<T, StreamError>;

/// CP_BT_709, TC_SRGB and MC_IDENTITY of 6.4.2.
const SRGB: (u8, u8, u8) = (1, 13, 0);

/// `color_config()`, 5.5.2.
pub(super) fn color_config(r: &mut BitReader<'_>, seq_profile: u8) -> Result<ColorConfig> {
    r.table("color_config", "5.5.2");
    let high_bitdepth = r.flag("high_bitdepth")?;
    let twelve_bit = seq_profile == 2 && high_bitdepth && r.flag("twelve_bit")?;
    let mono_chrome = seq_profile != 1 && r.flag("mono_chrome")?;
    let color_description_present_flag = r.flag("color_description_present_flag")?;
    let (color_primaries, transfer_characteristics, matrix_coefficients) =
        match color_description_present_flag {
            true => (
                r.f8(8, "color_primaries")?,
                r.f8(8, "transfer_characteristics")?,
                r.f8(8, "matrix_coefficients")?,
            ),
            false => (2, 2, 2),
        };
    let mut color = ColorConfig {
        high_bitdepth,
        twelve_bit,
        mono_chrome,
        color_description_present_flag,
        color_primaries,
        transfer_characteristics,
        matrix_coefficients,
        color_range: true,
        subsampling_x: mono_chrome,
        subsampling_y: mono_chrome,
        chroma_sample_position: 0,
        separate_uv_delta_q: false,
    };
    if mono_chrome {
        color.color_range = r.flag("color_range")?;
        return Ok(color);
    }
    if (color_primaries, transfer_characteristics, matrix_coefficients) != SRGB {
        color.color_range = r.flag("color_range")?;
        subsampling(r, seq_profile, &mut color)?;
    } else if seq_profile == 0 || (seq_profile == 2 && !twelve_bit) {
        // 6.4.1: these profiles have no 4:4:4.
        let rule = "sRGB is 4:4:4, which this profile does not have";
        return Err(r.bad("matrix_coefficients", matrix_coefficients.into(), rule));
    }
    if matrix_coefficients == SRGB.2 && (color.subsampling_x || color.subsampling_y) {
        let rule = "MC_IDENTITY is used with 4:4:4 only";
        r.deviates("matrix_coefficients", matrix_coefficients.into(), rule)?;
    }
    color.separate_uv_delta_q = r.flag("separate_uv_delta_q")?;
    Ok(color)
}

fn subsampling(r: &mut BitReader<'_>, seq_profile: u8, color: &mut ColorConfig) -> Result<()> {
    (color.subsampling_x, color.subsampling_y) = match (seq_profile, color.twelve_bit) {
        (0, _) => (true, true),
        (1, _) => (false, false),
        (_, true) => {
            let subsampling_x = r.flag("subsampling_x")?;
            (subsampling_x, subsampling_x && r.flag("subsampling_y")?)
        }
        (_, false) => (true, false),
    };
    if color.subsampling_x && color.subsampling_y {
        color.chroma_sample_position = r.f8(2, "chroma_sample_position")?;
    }
    Ok(())
}
