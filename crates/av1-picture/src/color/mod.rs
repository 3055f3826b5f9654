//! What the samples of a picture mean as colours: matrix, range, siting, transfer and primaries of
//! 6.4.2, made into the numbers that vav1d's `shaders/convert.wgsl` computes with. Arithmetic only.

pub mod names;
mod peak;
mod primaries;
#[cfg(test)]
mod tests;

use bytemuck::{Pod, Zeroable};

use crate::pixels::{Chroma, Format};
use av1_syntax::syntax::metadata::Metadata;
use av1_syntax::syntax::sequence::ColorConfig;

pub use peak::{luminance_of_pq, measuring, peak};
pub use primaries::{Matrix, Primaries};

/// Luminance of SDR white and of graphics beside HDR pictures, in cd/m2 (BT.2408).
pub const SDR_WHITE: f32 = 203.0;
/// Luminance of the brightest sample of a stream that does not say: what HDR is mastered for.
const HDR_PEAK: f32 = 1000.0;

/// What a picture is converted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// A display of BT.709 primaries that decodes as BT.1886 does.
    #[default]
    Sdr,
    /// BT.2020 primaries and PQ (VK_COLOR_SPACE_HDR10_ST2084_EXT).
    Hdr10,
}

/// What metadata OBUs say of the luminance of a stream (5.8.3, 5.8.4).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Luminance {
    /// `max_cll` in cd/m2, if coded and not 0.
    pub max_cll: Option<f32>,
    /// `max_fall` in cd/m2, if coded and not 0.
    pub max_fall: Option<f32>,
    /// `luminance_max` of the mastering display in cd/m2, if coded and not 0.
    pub mastering_max: Option<f32>,
    /// `luminance_min` of the mastering display in cd/m2, if coded.
    pub mastering_min: Option<f32>,
    /// Luminance of the brightest sample in cd/m2, as it was measured; counts where metadata say
    /// nothing.
    pub measured: Option<f32>,
}

impl Luminance {
    /// Takes note of `metadata`; what is not about luminance changes nothing.
    pub fn note(&mut self, metadata: &Metadata) {
        let some = |value: f32| (value > 0.0).then_some(value);
        match metadata {
            Metadata::HdrCll { max_cll, max_fall } => {
                self.max_cll = some(f32::from(*max_cll));
                self.max_fall = some(f32::from(*max_fall));
            }
            Metadata::HdrMdcv(mdcv) => {
                self.mastering_max = some(mdcv.luminance_max as f32 / 256.0);
                self.mastering_min = Some(mdcv.luminance_min as f32 / 16384.0);
            }
            _ => {}
        }
    }

    /// What metadata say of the luminance of the brightest sample.
    pub fn told(&self) -> Option<f32> {
        self.max_cll.or(self.mastering_max)
    }

    /// Luminance of the brightest sample.
    fn peak(&self) -> f32 {
        self.told().or(self.measured).unwrap_or(HDR_PEAK).clamp(SDR_WHITE, 10000.0)
    }
}

/// How R'G'B' of the source become linear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Transfer {
    /// They are what the display takes.
    None = 0,
    /// A power of 2.4, as BT.1886.
    Power = 1,
    Linear = 2,
    /// SMPTE ST 2084.
    Pq = 3,
    /// ARIB STD-B67.
    Hlg = 4,
}

/// The uniform `Conversion` of vav1d's `shaders/conversion.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Conversion {
    /// Luma samples: width, height.
    pub size: [u32; 2],
    /// Chroma samples: width, height.
    pub chroma_size: [u32; 2],
    /// `subsampling_x`, `subsampling_y`.
    pub subsampling: [u32; 2],
    /// Where luma line 0 lies, in lines of a subsampled chroma plane from the first one.
    pub siting: f32,
    /// 1: where it makes pixels of a target, B comes first in them.
    pub swapped: u32,
    /// First sample of planes U and V.
    pub planes: [u32; 2],
    transfer: u32,
    hdr_output: u32,
    source_peak: f32,
    target_peak: f32,
    /// By how many bits samples are shifted up where they are.
    pub shift: u32,
    /// Of how many samples of a row, and rows, one is looked at where brightness is measured.
    pub step: u32,
    matrix: [[f32; 4]; 3],
    gamut: [[f32; 4]; 3],
}

impl Conversion {
    /// The conversion of pictures of `format` and `size` luma samples.
    pub fn new(
        format: Format,
        size: (u32, u32),
        color: &ColorConfig,
        luminance: &Luminance,
        output: Output,
    ) -> Self {
        let (x, y) = format.chroma.subsampling();
        let chroma_size = format.plane_size(1, size.0, size.1);
        let luma = size.0 * size.1;
        let transfer = transfer(color, output);
        let target = match output {
            Output::Sdr => Primaries::BT709,
            Output::Hdr10 => Primaries::BT2020,
        };
        let source = Primaries::of(color.color_primaries).unwrap_or(match transfer {
            Transfer::Pq | Transfer::Hlg => Primaries::BT2020,
            _ => target,
        });
        let peak = if transfer == Transfer::Pq { luminance.peak() } else { HDR_PEAK };
        let is_hdr = matches!(transfer, Transfer::Pq | Transfer::Hlg);
        Self {
            size: [size.0, size.1],
            chroma_size: [chroma_size.0, chroma_size.1],
            subsampling: [x, y],
            siting: siting(format.chroma, color.chroma_sample_position),
            swapped: 0,
            planes: [luma, luma + chroma_size.0 * chroma_size.1],
            transfer: transfer as u32,
            hdr_output: u32::from(output == Output::Hdr10),
            source_peak: if is_hdr { peak } else { SDR_WHITE },
            target_peak: SDR_WHITE,
            shift: 0,
            step: 1,
            matrix: to_rgb(format.bit_depth, size, color),
            gamut: source.to(&target).map(|row| [row[0] as f32, row[1] as f32, row[2] as f32, 0.0]),
        }
    }
}

/// Which of the shader's variants converts pictures of `format`: its constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Samples are loaded from an image.
    pub image: bool,
    /// A sample has two bytes.
    pub wide: bool,
    /// 0: no chroma; 1: as large as luma; 2: subsampled.
    pub chroma: u32,
    /// R'G'B' is what the display takes.
    pub plain: bool,
}

impl Conversion {
    /// The variant for pictures of `format`.
    pub fn variant(&self, format: Format) -> Variant {
        Variant {
            image: false,
            wide: format.sample_bytes() == 2,
            chroma: match format.chroma {
                Chroma::Monochrome => 0,
                Chroma::Yuv444 => 1,
                Chroma::Yuv420 | Chroma::Yuv422 => 2,
            },
            plain: self.transfer == Transfer::None as u32,
        }
    }
}

impl Variant {
    /// How many there are.
    pub const COUNT: usize = 18;

    /// Which one it is, as `build.rs` counts them.
    pub fn index(self) -> usize {
        let first = match (self.image, self.wide) {
            (false, false) => 0,
            (false, true) => 6,
            // Samples of all widths are loaded alike.
            (true, _) => 12,
        };
        first + self.chroma as usize * 2 + usize::from(self.plain)
    }
}

/// Whether pictures of `color` are HDR.
pub fn is_hdr(color: &ColorConfig) -> bool {
    matches!(color.transfer_characteristics, 16 | 18)
}

/// What is shown other than the stream means it, if anything.
pub fn approximation(color: &ColorConfig) -> Option<&'static str> {
    match color.matrix_coefficients {
        10 | 13 => Some("constant luminance is shown as non-constant"),
        11 => Some("SMPTE ST 2085 is shown as BT.2020 non-constant luminance"),
        14 => Some("ICtCp is shown as BT.2020 non-constant luminance"),
        _ => None,
    }
}

fn transfer(color: &ColorConfig, output: Output) -> Transfer {
    let is_display = Primaries::of(color.color_primaries).is_none_or(|of| of == Primaries::BT709);
    match (color.transfer_characteristics, output) {
        (16, Output::Hdr10) if color.color_primaries == 9 => Transfer::None,
        (16, _) => Transfer::Pq,
        (18, _) => Transfer::Hlg,
        (8, _) => Transfer::Linear,
        (_, Output::Sdr) if is_display => Transfer::None,
        _ => Transfer::Power,
    }
}

/// Where luma line 0 lies, in chroma lines: `chroma_sample_position` of 6.4.2; unknown is taken as
/// CSP_VERTICAL, as encoders leave it out for what cameras and MPEG-2 have. Across, subsampled chroma
/// always lies on luma samples.
fn siting(chroma: Chroma, position: u8) -> f32 {
    const CSP_COLOCATED: u8 = 2;
    match chroma {
        Chroma::Yuv420 if position != CSP_COLOCATED => -0.25,
        _ => 0.0,
    }
}

/// From code values of Y, U, V, and 1, to R', G', B' in 0..1 (6.4.2, and H.273 8.3).
fn to_rgb(bit_depth: u8, size: (u32, u32), color: &ColorConfig) -> [[f32; 4]; 3] {
    let unit = f64::from(1 << (bit_depth - 8));
    let max = f64::from((1 << bit_depth) - 1);
    let (black, luma, chroma) = match color.color_range {
        true => (0.0, max, max),
        false => (16.0 * unit, 219.0 * unit, 224.0 * unit),
    };
    let zero = 128.0 * unit;
    const IDENTITY: u8 = 0;
    const YCGCO: u8 = 8;
    let rows: Matrix = match color.matrix_coefficients {
        _ if color.mono_chrome => [[1.0, 0.0, 0.0]; 3],
        // Planes are G, B, R.
        IDENTITY => [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        YCGCO => [[1.0, -1.0, 1.0], [1.0, 1.0, 0.0], [1.0, -1.0, -1.0]],
        _ => from_kr_kb(kr_kb(size, color)),
    };
    let is_rgb = color.matrix_coefficients == IDENTITY && !color.mono_chrome;
    let (chroma, zero) = if is_rgb { (luma, black) } else { (chroma, zero) };
    rows.map(|[y, u, v]| {
        let offset = -(y * black / luma + (u + v) * zero / chroma);
        [(y / luma) as f32, (u / chroma) as f32, (v / chroma) as f32, offset as f32]
    })
}

fn from_kr_kb((kr, kb): (f64, f64)) -> Matrix {
    let kg = 1.0 - kr - kb;
    let (cr, cb) = (2.0 * (1.0 - kr), 2.0 * (1.0 - kb));
    [[1.0, 0.0, cr], [1.0, -kb * cb / kg, -kr * cr / kg], [1.0, cb, 0.0]]
}

/// Whether pictures of `size` and `color_primaries`, of which the matrix is not specified, are those
/// of BT.601: as their primaries say, else as televisions take them.
fn is_bt601(size: (u32, u32), primaries: u8) -> bool {
    match primaries {
        1 => false,
        5..=7 => true,
        _ => size.0 < 1280 && size.1 <= 576,
    }
}

/// KR and KB of H.273, table 4.
fn kr_kb(size: (u32, u32), color: &ColorConfig) -> (f64, f64) {
    const BT709: (f64, f64) = (0.2126, 0.0722);
    const BT601: (f64, f64) = (0.299, 0.114);
    match color.matrix_coefficients {
        1 => BT709,
        4 => (0.30, 0.11),
        5 | 6 => BT601,
        7 => (0.212, 0.087),
        9..=11 | 14 => (0.2627, 0.0593),
        12 | 13 => Primaries::of(color.color_primaries).map_or(BT709, |p| p.kr_kb()),
        // Unspecified: by what the primaries are, else by the size, as televisions do.
        _ => match color.color_primaries {
            9 => (0.2627, 0.0593),
            primaries if is_bt601(size, primaries) => BT601,
            _ => BT709,
        },
    }
}
