//! Film grain in place of the stream's own: from a table, or as photons make it.

use av1_grain::{NoiseGenArgs, TransferFunction};

use super::clock::FrameTime;
use super::seed::seed_after;
use super::table::{self, Segment, Table};
use av1_syntax::syntax::film_grain::FilmGrainParams;
use av1_syntax::syntax::sequence::ColorConfig;

/// SMPTE ST 2084 of transfer_characteristics, 6.4.2.
const TC_SMPTE_2084: u8 = 16;

impl Segment {
    /// `grain_seed` of a frame of this segment. It depends on the frame's time and index alone, not
    /// on the frames before it, so that a frame that one seeks to looks as it always does.
    pub fn seed(&self, at: FrameTime) -> u16 {
        seed_after(self.params.grain_seed, at.frames_since(self.start))
    }
}

/// Film grain in place of the stream's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Override {
    /// By the time of frames.
    Table(Table),
    /// The noise of photons at this ISO speed, for all frames: luma only, seeds from the default
    /// of the crate `av1-grain`.
    PhotonNoise(u32),
}

impl Override {
    /// ISO speeds that make sense.
    pub const ISO: std::ops::RangeInclusive<u32> = 1..=1_000_000;

    /// The film grain of the frame that is shown `at` this time, `size` (UpscaledWidth,
    /// FrameHeight) luma samples large; `None` for none.
    pub fn params(
        &self,
        at: FrameTime,
        size: (u32, u32),
        color: &ColorConfig,
    ) -> Option<FilmGrainParams> {
        let segment = match self {
            Self::Table(table) => *table.at(at.ticks)?,
            Self::PhotonNoise(iso) => photon_noise(*iso, size, color)?,
        };
        let params = FilmGrainParams { grain_seed: segment.seed(at), ..segment.params };
        Some(codable(params, color))
    }
}

/// `params` without what 5.9.30 does not code for the format of `color`.
fn codable(params: FilmGrainParams, color: &ColorConfig) -> FilmGrainParams {
    let subsampled = color.subsampling_x && color.subsampling_y;
    let no_points = color.mono_chrome || (subsampled && params.num_y_points == 0);
    FilmGrainParams {
        chroma_scaling_from_luma: params.chroma_scaling_from_luma && !color.mono_chrome,
        num_cb_points: if no_points { 0 } else { params.num_cb_points },
        num_cr_points: if no_points { 0 } else { params.num_cr_points },
        ..params
    }
}

/// A segment for all times.
fn photon_noise(iso: u32, (width, height): (u32, u32), color: &ColorConfig) -> Option<Segment> {
    let args = NoiseGenArgs {
        iso_setting: iso.max(1),
        width,
        height,
        transfer_function: match color.transfer_characteristics {
            TC_SMPTE_2084 => TransferFunction::SMPTE2084,
            _ => TransferFunction::BT1886,
        },
        full_range: color.color_range,
        chroma_grain: false,
        random_seed: None,
    };
    let segment = av1_grain::generate_photon_noise_params(0, u64::MAX, args);
    let params = table::coded(&segment).ok()?;
    Some(Segment { start: 0, end: u64::MAX, params })
}

#[cfg(test)]
mod tests;
