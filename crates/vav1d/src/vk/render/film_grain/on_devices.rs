//! Tests of the shader on every device at hand that draws, Mesa's software driver among them where
//! it is installed: random film grain of every format is that of the host, to the last bit.

use crate::color::Luminance;
use crate::grain::{apply, shader_pass};
use crate::pixels::{Chroma, Format, Picture};
use crate::syntax::film_grain::FilmGrainParams;
use crate::syntax::sequence::ColorConfig;
use crate::syntax::testing::plain_sequence;
use crate::vk::PictureRef;
use crate::vk::render::tests::devices;
use crate::vk::render::{Canvas, Content, Drawing, GrainSynthesizer, Kernel, View};

fn color(matrix_coefficients: u8) -> ColorConfig {
    ColorConfig { matrix_coefficients, ..plain_sequence().color_config }
}

/// Xorshift.
struct Numbers(u64);

impl Numbers {
    /// Below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn points(&mut self, values: &mut [u8], scalings: &mut [u8]) -> u8 {
        let n = self.below(values.len() as u64 + 1);
        let mut next = 0;
        for (value, scaling) in values.iter_mut().zip(scalings).take(n as usize) {
            let at = next + self.below(256 / n);
            (*value, *scaling) = (at.min(255) as u8, self.byte());
            next = at + 1;
        }
        n as u8
    }

    fn params(&mut self, chroma: Chroma) -> FilmGrainParams {
        let mut g = FilmGrainParams { apply_grain: true, ..FilmGrainParams::default() };
        g.grain_seed = self.below(65536) as u16;
        g.num_y_points = self.points(&mut g.point_y_value, &mut g.point_y_scaling);
        g.chroma_scaling_from_luma = chroma != Chroma::Monochrome && self.below(3) == 0;
        if chroma != Chroma::Monochrome && !g.chroma_scaling_from_luma {
            g.num_cb_points = self.points(&mut g.point_cb_value, &mut g.point_cb_scaling);
            g.num_cr_points = self.points(&mut g.point_cr_value, &mut g.point_cr_scaling);
        }
        g.grain_scaling_minus_8 = self.below(4) as u8;
        g.ar_coeff_lag = self.below(4) as u8;
        let spread = 1 + self.below(60);
        let coefficients = g.ar_coeffs_y_plus_128.iter_mut().chain(&mut g.ar_coeffs_cb_plus_128);
        for c in coefficients.chain(&mut g.ar_coeffs_cr_plus_128) {
            *c = (128 - spread / 2 + self.below(spread)) as u8;
        }
        g.ar_coeff_shift_minus_6 = self.below(4) as u8;
        g.grain_scale_shift = self.below(4) as u8;
        (g.cb_mult, g.cb_luma_mult, g.cb_offset) = self.mix();
        (g.cr_mult, g.cr_luma_mult, g.cr_offset) = self.mix();
        g.overlap_flag = self.below(2) == 1;
        g.clip_to_restricted_range = self.below(2) == 1;
        g
    }

    fn mix(&mut self) -> (u8, u8, u16) {
        (self.byte(), self.byte(), self.below(512) as u16)
    }

    fn picture(&mut self, format: Format) -> Picture {
        let (width, height) = (1 + self.below(150) as u32, 1 + self.below(150) as u32);
        let mut picture = Picture::new(format, width, height);
        match format.bit_depth {
            8 => picture.data.iter_mut().for_each(|sample| *sample = self.byte()),
            bits => picture.data.as_chunks_mut().0.iter_mut().for_each(|sample| {
                *sample = (self.below(1 << bits) as u16).to_le_bytes();
            }),
        }
        picture
    }
}

#[test]
fn random_film_grain_is_that_of_the_host() {
    let chromas = [Chroma::Monochrome, Chroma::Yuv420, Chroma::Yuv422, Chroma::Yuv444];
    for (instance, adapter) in devices() {
        let mut device = GrainSynthesizer::new(&instance, &adapter).expect("a device");
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
        for round in 0..20 {
            for (chroma, bit_depth) in
                chromas.into_iter().flat_map(|chroma| [8, 10, 12].map(|bits| (chroma, bits)))
            {
                let format = Format { chroma, bit_depth };
                let picture = numbers.picture(format);
                let params = numbers.params(chroma);
                let color = color(if numbers.below(4) == 0 { 0 } else { 2 });
                let size = (picture.width, picture.height);
                let pass = shader_pass(format, size, &params, &color);
                let grained = device.apply(&picture, &pass).expect("a picture");
                let expected = apply(&picture, &params, &color);
                let first = expected.data.iter().zip(grained.data.iter()).position(|(a, b)| a != b);
                assert_eq!(
                    first, None,
                    "round {round}: {format:?} {size:?} on {device:?}: {params:?}"
                );
                assert_eq!(grained.data.len(), expected.data.len());
            }
        }
    }
}

#[test]
fn a_picture_is_drawn_as_if_the_host_had_made_its_film_grain() {
    for (instance, adapter) in devices() {
        let mut canvas = Canvas::new(&instance, &adapter, (150, 150)).expect("a canvas");
        let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
        let mut changed = 0;
        for (chroma, bit_depth) in
            [(Chroma::Yuv420, 10), (Chroma::Yuv444, 8), (Chroma::Monochrome, 12)].repeat(3)
        {
            let picture = numbers.picture(Format { chroma, bit_depth });
            let (params, color) = (numbers.params(chroma), color(2));
            let size = (picture.width, picture.height);
            let pass = shader_pass(picture.format, size, &params, &color);
            let grained = apply(&picture, &params, &color);
            let mut draw = |picture, grain| {
                let luminance = Luminance::default();
                let picture = PictureRef::Host(picture);
                let frame = Some(Content { picture, color: &color, luminance, grain });
                let view = View { size, kernel: Kernel::Nearest, ..View::default() };
                let drawing = Drawing { frame, view, overlay: None };
                canvas.draw(&drawing).expect("a drawing").to_vec()
            };
            let plain = draw(&picture, None);
            let expected = draw(&grained, None);
            assert!(draw(&picture, Some(&pass)) == expected, "{size:?} {params:?}");
            assert!(draw(&picture, None) == plain);
            changed += u32::from(plain != expected);
        }
        assert!(changed > 5, "{changed} of 9 pictures look other with film grain");
    }
}
