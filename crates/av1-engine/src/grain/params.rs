//! `film_grain_params()`, spec 5.9.30, from the Std structure: checked, with biases removed and what
//! the syntax infers inferred.

use ash::vk::native::StdVideoAV1FilmGrain;

use super::super::Fault;
use super::super::sequence::Sequence;

/// A point of a piecewise linear function: `point_*_value` and `point_*_scaling`.
pub(super) type Point = (u8, u8);

/// Parameters of one chroma plane.
#[derive(Clone, Debug)]
pub(super) struct ChromaParams {
    pub(super) points: Vec<Point>,
    /// `ar_coeffs_*_plus_128` - 128.
    pub(super) ar_coeffs: [i32; 25],
    /// `cb_mult` - 128 or its twin.
    pub(super) mult: i32,
    /// `cb_luma_mult` - 128 or its twin.
    pub(super) luma_mult: i32,
    /// `cb_offset` - 256 or its twin.
    pub(super) offset: i32,
}

/// All that film grain synthesis depends on besides samples.
#[derive(Clone, Debug)]
pub(crate) struct Params {
    pub(super) bit_depth: u32,
    /// 0 without chroma planes.
    pub(super) subsampling_x: usize,
    pub(super) subsampling_y: usize,
    pub(super) mono_chrome: bool,
    pub(super) grain_seed: u16,
    pub(super) points_y: Vec<Point>,
    pub(super) chroma_scaling_from_luma: bool,
    /// `ScalingShift`.
    pub(super) scaling_shift: u32,
    pub(super) ar_coeff_lag: usize,
    /// `ar_coeffs_y_plus_128` - 128.
    pub(super) ar_coeffs_y: [i32; 24],
    pub(super) chroma: [ChromaParams; 2],
    pub(super) ar_coeff_shift: u32,
    pub(super) grain_scale_shift: u32,
    pub(super) overlap_flag: bool,
    pub(super) clip_to_restricted_range: bool,
    /// `matrix_coefficients` is MC_IDENTITY.
    pub(super) identity: bool,
}

impl Params {
    /// Checks what the specification requires of the points; the rest is cut to its field.
    pub(crate) fn new(
        std: &StdVideoAV1FilmGrain,
        sequence: &Sequence,
        identity: bool,
    ) -> Result<Self, Fault> {
        let points_y =
            points(std.num_y_points, &std.point_y_value, &std.point_y_scaling, "num_y_points")?;
        let mono_chrome = sequence.mono_chrome;
        let chroma_scaling_from_luma = !mono_chrome && std.flags.chroma_scaling_from_luma() != 0;
        let is_420 = sequence.subsampling_x && sequence.subsampling_y;
        let no_chroma_points =
            mono_chrome || chroma_scaling_from_luma || (is_420 && points_y.is_empty());
        let chroma_points = |count, values: &[u8; 10], scalings: &[u8; 10], element| {
            if no_chroma_points { Ok(Vec::new()) } else { points(count, values, scalings, element) }
        };
        let cb = ChromaParams {
            points: chroma_points(
                std.num_cb_points,
                &std.point_cb_value,
                &std.point_cb_scaling,
                "num_cb_points",
            )?,
            ar_coeffs: std.ar_coeffs_cb_plus_128.map(unbiased),
            mult: i32::from(std.cb_mult) - 128,
            luma_mult: i32::from(std.cb_luma_mult) - 128,
            offset: i32::from(std.cb_offset & 511) - 256,
        };
        let cr = ChromaParams {
            points: chroma_points(
                std.num_cr_points,
                &std.point_cr_value,
                &std.point_cr_scaling,
                "num_cr_points",
            )?,
            ar_coeffs: std.ar_coeffs_cr_plus_128.map(unbiased),
            mult: i32::from(std.cr_mult) - 128,
            luma_mult: i32::from(std.cr_luma_mult) - 128,
            offset: i32::from(std.cr_offset & 511) - 256,
        };
        Ok(Self {
            bit_depth: u32::from(sequence.bit_depth),
            subsampling_x: usize::from(sequence.subsampling_x),
            subsampling_y: usize::from(sequence.subsampling_y),
            mono_chrome,
            grain_seed: std.grain_seed,
            points_y,
            chroma_scaling_from_luma,
            scaling_shift: u32::from(std.grain_scaling_minus_8 & 3) + 8,
            ar_coeff_lag: usize::from(std.ar_coeff_lag & 3),
            ar_coeffs_y: std.ar_coeffs_y_plus_128.map(unbiased),
            chroma: [cb, cr],
            ar_coeff_shift: u32::from(std.ar_coeff_shift_minus_6 & 3) + 6,
            grain_scale_shift: u32::from(std.grain_scale_shift & 3),
            overlap_flag: std.flags.overlap_flag() != 0,
            clip_to_restricted_range: std.flags.clip_to_restricted_range() != 0,
            identity,
        })
    }

    /// Whether noise is added to luma.
    pub(super) fn grains_luma(&self) -> bool {
        !self.points_y.is_empty()
    }

    /// Whether noise is added to a chroma plane, 0 for Cb.
    pub(super) fn grains_chroma(&self, plane: usize) -> bool {
        !self.mono_chrome
            && (self.chroma_scaling_from_luma || !self.chroma[plane].points.is_empty())
    }

    /// Whether the decoder's own synthesis has these parameters, from its frame header. It is not
    /// told of MC_IDENTITY, and takes no stream of 4:2:0 with noise on one chroma plane only.
    pub(crate) fn decoder_has(&self) -> bool {
        let is_420 = self.subsampling_x == 1 && self.subsampling_y == 1;
        let [cb, cr] = [0, 1].map(|plane| self.chroma[plane].points.is_empty());
        !(self.identity || is_420 && cb != cr)
    }

    /// Whether the process changes any sample at all.
    pub(super) fn changes_samples(&self) -> bool {
        self.grains_luma() || self.grains_chroma(0) || self.grains_chroma(1)
    }

    /// `GrainMin` and `GrainMax`.
    pub(super) fn grain_range(&self) -> (i32, i32) {
        let grain_center = 128 << (self.bit_depth - 8);
        (-grain_center, (256 << (self.bit_depth - 8)) - 1 - grain_center)
    }
}

/// `ar_coeffs_*_plus_128` is an `i8` in Std and holds 0..=255.
fn unbiased(coefficient_plus_128: i8) -> i32 {
    i32::from(coefficient_plus_128 as u8) - 128
}

/// The points of one plane, whose values must rise, spec 6.8.20.
fn points(
    count: u8,
    values: &[u8],
    scalings: &[u8],
    element: &'static str,
) -> Result<Vec<Point>, Fault> {
    let count = usize::from(count);
    let (Some(values), Some(scalings)) = (values.get(..count), scalings.get(..count)) else {
        return Err(Fault::FilmGrain(element));
    };
    if values.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(Fault::FilmGrain(element));
    }
    Ok(values.iter().copied().zip(scalings.iter().copied()).collect())
}
