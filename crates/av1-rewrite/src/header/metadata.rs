//! Metadata: specification 5.8.

use av1_syntax::syntax::metadata::{HdrMdcv, Metadata, Timecode};

use crate::bits::{BitWriter, leb128};
use crate::error::{Error, Result};

/// `metadata_obu()`, 5.8.1: a whole payload with its trailing bits. Of ITU-T T.35 `payload` are the
/// bytes behind the country code.
///
/// # Errors
/// A value does not fit, or it is a scalability structure, which av1-syntax does not keep.
pub fn metadata_obu(metadata: &Metadata, payload: &[u8]) -> Result<Vec<u8>> {
    let mut w = BitWriter::default();
    let metadata_type = match metadata {
        Metadata::HdrCll { max_cll, max_fall } => {
            w.f(16, *max_cll, "max_cll")?;
            w.f(16, *max_fall, "max_fall")?;
            1
        }
        Metadata::HdrMdcv(mdcv) => {
            hdr_mdcv(&mut w, mdcv)?;
            2
        }
        Metadata::Scalability { .. } => return Err(Error::Unsupported("scalability metadata")),
        Metadata::ItutT35 { itu_t_t35_country_code, itu_t_t35_country_code_extension_byte } => {
            w.f(8, *itu_t_t35_country_code, "itu_t_t35_country_code")?;
            if let Some(byte) = itu_t_t35_country_code_extension_byte {
                w.f(8, *byte, "itu_t_t35_country_code_extension_byte")?;
            }
            for byte in payload {
                w.f(8, *byte, "itu_t_t35_payload_bytes")?;
            }
            4
        }
        Metadata::Timecode(time) => {
            timecode(&mut w, time)?;
            5
        }
        Metadata::Other(number) => {
            for byte in payload {
                w.f(8, *byte, "metadata payload")?;
            }
            *number as usize
        }
    };
    let mut out = Vec::new();
    leb128(&mut out, metadata_type, 1)?;
    out.extend(w.with_trailing_bits());
    Ok(out)
}

fn hdr_mdcv(w: &mut BitWriter, mdcv: &HdrMdcv) -> Result<()> {
    for (x, y) in mdcv.primary_chromaticity {
        w.f(16, x, "primary_chromaticity_x")?;
        w.f(16, y, "primary_chromaticity_y")?;
    }
    w.f(16, mdcv.white_point_chromaticity.0, "white_point_chromaticity_x")?;
    w.f(16, mdcv.white_point_chromaticity.1, "white_point_chromaticity_y")?;
    w.f(32, mdcv.luminance_max, "luminance_max")?;
    w.f(32, mdcv.luminance_min, "luminance_min")
}

/// `metadata_timecode()`, 5.8.7, with the flag of each part.
fn timecode(w: &mut BitWriter, time: &Timecode) -> Result<()> {
    w.f(5, time.counting_type, "counting_type")?;
    w.flag(false); // full_timestamp_flag
    w.flag(time.discontinuity_flag);
    w.flag(time.cnt_dropped_flag);
    w.f(9, time.n_frames, "n_frames")?;
    w.flag(time.seconds_value.is_some());
    if let Some(seconds) = time.seconds_value {
        w.f(6, seconds, "seconds_value")?;
        w.flag(time.minutes_value.is_some());
        if let Some(minutes) = time.minutes_value {
            w.f(6, minutes, "minutes_value")?;
            w.flag(time.hours_value.is_some());
            if let Some(hours) = time.hours_value {
                w.f(5, hours, "hours_value")?;
            }
        }
    }
    let bits = 32 - time.time_offset_value.leading_zeros();
    w.f(5, bits.min(31), "time_offset_length")?;
    w.f(bits.min(31), time.time_offset_value, "time_offset_value")
}
