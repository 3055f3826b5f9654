//! How bright a picture is, where nothing says it.

use super::{Conversion, Luminance, Output, Transfer, transfer};
use crate::pixels::{Chroma, Format, Picture};
use av1_syntax::syntax::sequence::ColorConfig;

/// Samples that are looked at of a picture, at most, about.
const MOST: u64 = 1 << 16;

/// How the brightness of pictures of `format` and `size` luma samples is measured: what their samples
/// mean, and which are looked at ([`Conversion::step`]); `None` if they are not of PQ.
pub fn measuring(format: Format, size: (u32, u32), color: &ColorConfig) -> Option<Conversion> {
    let (luminance, output) = (Luminance::default(), Output::Sdr);
    if transfer(color, output) != Transfer::Pq {
        return None;
    }
    let (width, height) = size;
    let step = (1..).find(|step| {
        u64::from(width.div_ceil(*step)) * u64::from(height.div_ceil(*step)) <= MOST
    })?;
    Some(Conversion { step, ..Conversion::new(format, size, color, &luminance, output) })
}

/// Luminance of the brightest of some samples of `picture` in cd/m2, 0 to 10000: the largest of R, G
/// and B of each; `None` if it is not of PQ.
pub fn peak(picture: &Picture, color: &ColorConfig) -> Option<f32> {
    let (width, height) = (picture.width, picture.height);
    let conversion = measuring(picture.format, (width, height), color)?;
    let step = conversion.step as usize;
    let (right, down) = picture.format.chroma.subsampling();
    let has_chroma = picture.format.chroma != Chroma::Monochrome;
    // Where there is no chroma, nobody looks for it.
    let planes = [0, 1, 2].map(|plane| picture.plane(if has_chroma { plane } else { 0 }));
    let (chroma_width, _) = picture.format.plane_size(1, width, height);
    let bytes = picture.format.sample_bytes();
    let sample = |plane: usize, width: u32, x: u32, y: u32| {
        let at = (y as usize * width as usize + x as usize) * bytes;
        match planes[plane].get(at..at + bytes) {
            Some([low, high]) => f32::from(u16::from_le_bytes([*low, *high])),
            Some([value]) => f32::from(*value),
            _ => 0.0,
        }
    };
    let mut brightest = 0.0_f32;
    for y in (0..height).step_by(step) {
        for x in (0..width).step_by(step) {
            let chroma = |plane| match has_chroma {
                true => sample(plane, chroma_width, x >> right, y >> down),
                false => 0.0,
            };
            let codes = [sample(0, width, x, y), chroma(1), chroma(2), 1.0];
            for row in &conversion.matrix {
                let signal: f32 = row.iter().zip(codes).map(|(factor, code)| factor * code).sum();
                brightest = brightest.max(signal);
            }
        }
    }
    Some(luminance_of_pq(brightest))
}

/// ST 2084: a signal, of which 0 to 1 is meant, to cd/m2.
pub fn luminance_of_pq(signal: f32) -> f32 {
    const M1: f32 = 0.159_301_76;
    const M2: f32 = 78.843_75;
    const C1: f32 = 0.835_937_5;
    const C2: f32 = 18.851_563;
    const C3: f32 = 18.6875;
    let p = signal.clamp(0.0, 1.0).powf(1.0 / M2);
    10000.0 * ((p - C1).max(0.0) / (C2 - C3 * p)).powf(1.0 / M1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brightest_sample_is_found() {
        let format = Format { chroma: Chroma::Yuv420, bit_depth: 10 };
        let mut color = super::super::tests::color(9, true);
        color.transfer_characteristics = 16;
        let mut picture = Picture::new(format, 640, 360);
        let mut put = |plane, at: usize, value: u16| {
            let start = picture.plane_range(plane).start + 2 * at;
            picture.data[start..start + 2].copy_from_slice(&value.to_le_bytes());
        };
        for at in 0..640 * 360 {
            put(0, at, 200);
        }
        for plane in [1, 2] {
            for at in 0..320 * 180 {
                put(plane, at, 512);
            }
        }
        // PQ of 4000 cd/m2, in a part of it.
        for row in 100..120 {
            for column in 300..340 {
                put(0, row * 640 + column, 923);
            }
        }
        let found = peak(&picture, &color).expect("a picture of PQ");
        assert!((found - 4000.0).abs() < 60.0, "{found}");
        color.transfer_characteristics = 18;
        assert_eq!(peak(&picture, &color), None, "HLG says how bright it is");
    }
}
