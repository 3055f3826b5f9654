//! Drawn pictures against a conversion on the CPU: formats, matrices, ranges, siting, HDR, scaling,
//! rotation, overlays. They need a device that draws; Mesa's software driver is one.

use std::f64::consts::PI;
use std::sync::Arc;

use vav1d::color::{Luminance, Output};
use vav1d::pixels::{Chroma, Format, Picture};
use vav1d::syntax::sequence::ColorConfig;
use vav1d::vk::render::{Canvas, Content, Drawing, Kernel, Overlay, View};
use vav1d::vk::{Adapter, Driver, Instance, InstanceOptions};

use crate::reference::{self, BT601, BT709, BT2020, Colors, bytes, psnr, rgb};

/// The first device that draws. Where Mesa's software driver is installed, there is one.
#[allow(clippy::print_stderr, reason = "who runs tests shall know what was not tested")]
pub fn device() -> Option<(Arc<Instance>, Adapter)> {
    let instance = Instance::new(Driver::System, InstanceOptions::default()).ok();
    let adapters = instance.as_ref().and_then(|i| i.adapters().ok()).unwrap_or_default();
    let found = instance.zip(adapters.into_iter().find(Adapter::draws));
    if found.is_none() {
        let folder = std::fs::read_dir("/usr/share/vulkan/icd.d");
        let mut names = folder.into_iter().flatten().flatten().map(|entry| entry.file_name());
        let lavapipe = names.any(|n| n.to_string_lossy().starts_with("lvp_icd"));
        let is_left_out = std::env::var_os("VK_DRIVER_FILES").is_some();
        assert!(
            !lavapipe || is_left_out,
            "Mesa's software driver is installed, but no device draws"
        );
        eprintln!("no device draws: drawing is not tested");
    }
    found
}

fn color(format: Format, matrix: u8, full: bool) -> ColorConfig {
    ColorConfig {
        high_bitdepth: format.bit_depth > 8,
        twelve_bit: format.bit_depth == 12,
        mono_chrome: format.chroma == Chroma::Monochrome,
        color_description_present_flag: true,
        color_primaries: 1,
        transfer_characteristics: 1,
        matrix_coefficients: matrix,
        color_range: full,
        subsampling_x: format.chroma.subsampling().0 == 1,
        subsampling_y: format.chroma.subsampling().1 == 1,
        chroma_sample_position: 0,
        separate_uv_delta_q: false,
    }
}

/// A picture whose planes are gradients and waves, within the range of colours that there are.
fn picture(format: Format, width: u32, height: u32) -> Picture {
    let mut picture = Picture::new(format, width, height);
    let top = f64::from((1_u32 << format.bit_depth) - 1);
    for plane in 0..format.chroma.planes() {
        let (columns, rows) = format.plane_size(plane, width, height);
        let range = picture.plane_range(plane);
        let bytes = format.sample_bytes();
        let data = &mut picture.data[range];
        for row in 0..rows {
            for column in 0..columns {
                let (x, y) =
                    (f64::from(column) / f64::from(columns), f64::from(row) / f64::from(rows));
                let value = match plane {
                    0 => 0.35 + 0.2 * x + 0.15 * (9.0 * y).sin(),
                    1 => 0.5 + 0.15 * (7.0 * x + 3.0 * y).sin(),
                    _ => 0.5 + 0.15 * (5.0 * y - 4.0 * x).cos(),
                };
                let sample = (value * top).round() as u16;
                let at = (row * columns + column) as usize * bytes;
                data[at..at + bytes].copy_from_slice(&sample.to_le_bytes()[..bytes]);
            }
        }
    }
    picture
}

fn whole(size: (u32, u32)) -> View {
    View { origin: (0, 0), size, kernel: Kernel::Bicubic, ..View::default() }
}

/// R, G, B of what is drawn.
fn draw(
    device: &(Arc<Instance>, Adapter),
    size: (u32, u32),
    frame: Content<'_>,
    view: View,
) -> Vec<u8> {
    let mut canvas = Canvas::new(&device.0, &device.1, size).expect("a canvas");
    let drawing = Drawing { frame: Some(frame), view, overlay: None };
    let pixels = canvas.draw(&drawing).expect("a drawing");
    pixels.chunks(4).flat_map(|p| p[..3].to_vec()).collect()
}

fn frame<'f>(picture: &'f Picture, color: &'f ColorConfig) -> Content<'f> {
    Content { picture: picture.into(), color, luminance: Luminance::default(), grain: None }
}

#[test]
fn every_format_matrix_and_range_is_what_the_cpu_makes_of_it() {
    let Some(device) = device() else { return };
    let matrices = [(1, BT709), (6, BT601), (9, BT2020), (0, None)];
    for chroma in [Chroma::Monochrome, Chroma::Yuv420, Chroma::Yuv422, Chroma::Yuv444] {
        for bit_depth in [8, 10, 12] {
            let format = Format { chroma, bit_depth };
            let picture = picture(format, 131, 67);
            for (matrix, luma) in matrices {
                // Identity is for 4:4:4 alone.
                if luma.is_none() && chroma != Chroma::Yuv444 {
                    continue;
                }
                for full in [false, true] {
                    let color = color(format, matrix, full);
                    let drawn = draw(&device, (131, 67), frame(&picture, &color), whole((131, 67)));
                    let colors = Colors { luma, full, colocated: false };
                    let psnr = psnr(&drawn, &bytes(&rgb(&picture, colors)));
                    assert!(psnr > 50.0, "{format:?}, matrix {matrix}, full {full}: {psnr:.1} dB");
                }
            }
        }
    }
}

#[test]
fn chroma_is_taken_from_where_it_lies() {
    let Some(device) = device() else { return };
    let format = Format { chroma: Chroma::Yuv420, bit_depth: 8 };
    let mut picture = picture(format, 64, 64);
    // A hard edge between two chroma rows.
    for plane in [1, 2] {
        let range = picture.plane_range(plane);
        picture.data[range].chunks_mut(32).enumerate().for_each(|(row, samples)| {
            samples.fill(if row < 16 { 100 } else { 156 });
        });
    }
    for (position, colocated) in [(1, false), (2, true)] {
        let color = ColorConfig { chroma_sample_position: position, ..color(format, 1, false) };
        let drawn = draw(&device, (64, 64), frame(&picture, &color), whole((64, 64)));
        let expected =
            |colocated| bytes(&rgb(&picture, Colors { luma: BT709, full: false, colocated }));
        assert!(psnr(&drawn, &expected(colocated)) > 50.0);
        assert!(psnr(&drawn, &expected(!colocated)) < 45.0, "the other position is told apart");
    }
}

#[test]
fn primaries_of_televisions_are_converted() {
    let Some(device) = device() else { return };
    let format = Format { chroma: Chroma::Yuv444, bit_depth: 8 };
    let picture = picture(format, 96, 64);
    // From linear R, G, B of EBU and of SMPTE C to those of BT.709.
    let ebu = [[1.0440, -0.0440, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0118, 0.9882]];
    let smpte = [[0.9395, 0.0502, 0.0103], [0.0178, 0.9658, 0.0164], [-0.0016, -0.0044, 1.0060]];
    let plain = rgb(&picture, Colors { luma: BT601, full: false, colocated: false });
    for (color_primaries, matrix) in [(5, ebu), (6, smpte), (7, smpte)] {
        let color = ColorConfig { color_primaries, ..color(format, 6, false) };
        let drawn = draw(&device, (96, 64), frame(&picture, &color), whole((96, 64)));
        let converted = plain.iter().map(|pixel| {
            let light = pixel.map(|c| c.clamp(0.0, 1.0).powf(2.4));
            matrix.map(|row| {
                let sum: f64 = row.iter().zip(light).map(|(a, b)| a * b).sum();
                sum.clamp(0.0, 1.0).powf(1.0 / 2.4)
            })
        });
        let right = psnr(&drawn, &bytes(&converted.collect::<Vec<_>>()));
        let before = psnr(&drawn, &bytes(&plain));
        assert!(right > 48.0 && before < 45.0, "{color_primaries}: {right:.1}, {before:.1} dB");
    }
}

/// Every grey of 10 bits, full range, BT.2020 primaries.
fn hdr_ramp(transfer_characteristics: u8) -> (Picture, ColorConfig) {
    let format = Format { chroma: Chroma::Monochrome, bit_depth: 10 };
    let mut ramp = Picture::new(format, 1024, 1);
    for (value, sample) in ramp.data.chunks_mut(2).enumerate() {
        sample.copy_from_slice(&(value as u16).to_le_bytes());
    }
    let color = color(format, 9, true);
    (ramp, ColorConfig { color_primaries: 9, transfer_characteristics, ..color })
}

#[test]
fn pq_is_tone_mapped_as_bt_2390_says() {
    let Some(device) = device() else { return };
    let (ramp, color) = hdr_ramp(16);
    let told = [400.0_f32, 1000.0, 4000.0].map(|peak| {
        let luminance = Luminance { max_cll: Some(peak), ..Luminance::default() };
        (peak, luminance)
    });
    let measured = Luminance { measured: Some(2500.0), ..Luminance::default() };
    let both = Luminance { max_cll: Some(600.0), ..measured };
    let all = told.into_iter().chain([(2500.0, measured), (600.0, both)]);
    for (peak, luminance) in all.chain([(1000.0, Luminance::default())]) {
        let frame = Content { luminance, ..frame(&ramp, &color) };
        let drawn = draw(&device, (1024, 1), frame, whole((1024, 1)));
        let expected = (0..1024).map(|value| {
            let light = reference::pq_inverse(f64::from(value) / 1023.0);
            let mapped = reference::eetf(light, f64::from(peak), 203.0) / 203.0;
            [mapped.clamp(0.0, 1.0).powf(1.0 / 2.4); 3]
        });
        let expected = bytes(&expected.collect::<Vec<_>>());
        let psnr = psnr(&drawn, &expected);
        assert!(psnr > 50.0, "peak {peak}: {psnr:.1} dB");
        // Grey stays grey, up to the dither's rounding.
        assert!(drawn.chunks(3).all(|p| p[0].abs_diff(p[2]) <= 1 && p[0].abs_diff(p[1]) <= 1));
    }
}

/// cd/m2 of grey of the HLG signal `value`, of 1023, on a display of 1000 cd/m2.
fn hlg(value: u32) -> f64 {
    let signal = f64::from(value) / 1023.0;
    let (a, b, c) = (0.17883277_f64, 1.0 - 4.0 * 0.17883277, 0.55991073);
    let scene = match signal <= 0.5 {
        true => signal.powi(2) / 3.0,
        false => (((signal - c) / a).exp() + b) / 12.0,
    };
    // Of grey the luminance is the component itself: the OOTF is a power of 1.2.
    1000.0 * scene.powf(1.2)
}

#[test]
fn hlg_is_what_bt_2100_says() {
    let Some(device) = device() else { return };
    let (ramp, color) = hdr_ramp(18);
    let drawn = draw(&device, (1024, 1), frame(&ramp, &color), whole((1024, 1)));
    let expected = (0..1024).map(|value| {
        let light = hlg(value);
        [(reference::eetf(light, 1000.0, 203.0) / 203.0).clamp(0.0, 1.0).powf(1.0 / 2.4); 3]
    });
    let psnr = psnr(&drawn, &bytes(&expected.collect::<Vec<_>>()));
    assert!(psnr > 50.0, "{psnr:.1} dB");
}

#[test]
fn hdr10_surfaces_get_pq_as_it_is_and_hlg_converted() {
    let Some((instance, adapter)) = device() else { return };
    let size = (1024, 1);
    let mut canvas =
        Canvas::for_output(&instance, &adapter, size, Output::Hdr10).expect("a canvas");
    for transfer in [16, 18] {
        let (ramp, color) = hdr_ramp(transfer);
        let drawing =
            Drawing { frame: Some(frame(&ramp, &color)), view: whole(size), overlay: None };
        let drawn = canvas.draw(&drawing).expect("a drawing");
        let drawn: Vec<u8> = drawn.chunks(4).flat_map(|p| p[..3].to_vec()).collect();
        let expected = (0..1024).map(|value| match transfer {
            16 => [f64::from(value) / 1023.0; 3],
            _ => [reference::pq(hlg(value)); 3],
        });
        let psnr = psnr(&drawn, &bytes(&expected.collect::<Vec<_>>()));
        assert!(psnr > 50.0, "transfer {transfer}: {psnr:.1} dB");
    }
}

/// What a kernel gives to a pixel at a distance, and from which distance on nothing.
fn weight(kernel: Kernel, distance: f64) -> (f64, f64) {
    let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
    match (kernel, distance.abs()) {
        (Kernel::Nearest, _) => (1.0, 0.0),
        (Kernel::Bilinear, x) => ((1.0 - x).max(0.0), 1.0),
        (Kernel::Bicubic, x) if x < 1.0 => (1.5 * x.powi(3) - 2.5 * x.powi(2) + 1.0, 2.0),
        (Kernel::Bicubic, x) if x < 2.0 => {
            (-0.5 * x.powi(3) + 2.5 * x.powi(2) - 4.0 * x + 2.0, 2.0)
        }
        (Kernel::Bicubic, _) => (0.0, 2.0),
        (Kernel::Lanczos, x) if x < 3.0 => (sinc(x) * sinc(x / 3.0), 3.0),
        (Kernel::Lanczos, _) => (0.0, 3.0),
    }
}

/// One direction of a scaling, by a kernel that is wider where it makes smaller.
fn scaled(kernel: Kernel, line: &[f64], to: usize) -> Vec<f64> {
    let step = line.len() as f64 / to as f64;
    let stretch = step.max(1.0);
    let end = line.len() as i64 - 1;
    let at = |place: i64| line[place.clamp(0, end) as usize];
    let pixel = |index: usize| {
        let centre = (index as f64 + 0.5) * step - 0.5;
        let reach = weight(kernel, 0.0).1 * stretch;
        if reach == 0.0 {
            return at((centre + 0.5).floor() as i64);
        }
        let places = (centre - reach).ceil() as i64..=(centre + reach).floor() as i64;
        let (sum, total) = places.fold((0.0, 0.0), |(sum, total), place| {
            let (weight, _) = weight(kernel, (place as f64 - centre) / stretch);
            (sum + weight * at(place), total + weight)
        });
        (sum / total).clamp(0.0, 1.0)
    };
    (0..to).map(pixel).collect()
}

#[test]
fn pictures_are_scaled_by_the_kernels() {
    let Some(device) = device() else { return };
    let format = Format { chroma: Chroma::Monochrome, bit_depth: 8 };
    let picture = picture(format, 90, 70);
    let color = color(format, 1, true);
    let luma: Vec<f64> = reference::samples(&picture, 0).iter().map(|s| s / 255.0).collect();
    for kernel in [Kernel::Nearest, Kernel::Bilinear, Kernel::Bicubic, Kernel::Lanczos] {
        for (width, height) in [(180, 140), (131, 93), (45, 20), (90, 35), (201, 70), (7, 3)] {
            let rows: Vec<Vec<f64>> =
                luma.chunks(90).map(|row| scaled(kernel, row, width)).collect();
            let column = |x| rows.iter().map(|row: &Vec<f64>| row[x]).collect::<Vec<_>>();
            let columns: Vec<Vec<f64>> =
                (0..width).map(|x| scaled(kernel, &column(x), height)).collect();
            let pixels: Vec<[f64; 3]> =
                (0..height).flat_map(|y| columns.iter().map(move |c| [c[y]; 3])).collect();
            let size = (width as u32, height as u32);
            let view = View { kernel, ..whole(size) };
            let drawn = draw(&device, size, frame(&picture, &color), view);
            let psnr = psnr(&drawn, &bytes(&pixels));
            assert!(psnr > 48.0, "{kernel:?}, {width}x{height}: {psnr:.1} dB");
        }
    }
}

#[test]
fn pictures_are_turned_and_placed() {
    let Some(device) = device() else { return };
    let format = Format { chroma: Chroma::Yuv444, bit_depth: 8 };
    let picture = picture(format, 20, 12);
    let color = color(format, 1, false);
    let upright = bytes(&rgb(&picture, Colors { luma: BT709, full: false, colocated: false }));
    let at = |x: usize, y: usize| upright[(y * 20 + x) * 3..][..3].to_vec();
    for (quarters, is_mirrored) in (0..4).flat_map(|quarters| [(quarters, false), (quarters, true)])
    {
        let size = if quarters % 2 == 0 { (20, 12) } else { (12, 20) };
        let kernel = Kernel::Nearest;
        let view = View { origin: (3, 2), size, kernel, quarters, is_mirrored, clip: None };
        let drawn = draw(&device, (32, 28), frame(&picture, &color), view);
        let mut expected = vec![0; 32 * 28 * 3];
        for y in 0..12 {
            for x in 0..20 {
                let (to_x, to_y) = match quarters {
                    0 => (x, y),
                    1 => (11 - y, x),
                    2 => (19 - x, 11 - y),
                    _ => (y, 19 - x),
                };
                let to_x = if is_mirrored { size.0 as usize - 1 - to_x } else { to_x };
                let to = ((to_y + 2) * 32 + to_x + 3) * 3;
                expected[to..to + 3].copy_from_slice(&at(x, y));
            }
        }
        assert!(psnr(&drawn, &expected) > 50.0, "{quarters} quarters, {is_mirrored}");
        // Of it, six columns and four rows.
        let view = View { clip: Some(((5, 7), (6, 4))), ..view };
        let drawn = draw(&device, (32, 28), frame(&picture, &color), view);
        for (i, pixel) in expected.chunks_mut(3).enumerate() {
            if !((5..11).contains(&(i % 32)) && (7..11).contains(&(i / 32))) {
                pixel.fill(0);
            }
        }
        assert!(psnr(&drawn, &expected) > 50.0, "{quarters} quarters, {is_mirrored}, a part");
    }
}

#[test]
fn what_is_above_covers_as_its_alpha_says() {
    let Some((instance, adapter)) = device() else { return };
    let mut canvas = Canvas::new(&instance, &adapter, (8, 4)).expect("a canvas");
    let format = Format { chroma: Chroma::Monochrome, bit_depth: 8 };
    let picture = Picture::in_memory(format, 8, 4, vec![200; 32]);
    let color = color(format, 1, true);
    // Half transparent red, multiplied by its alpha.
    let pixels = [128, 0, 0, 128].repeat(2);
    let overlay = Some(Overlay { origin: (6, 3), size: (2, 1), pixels: &pixels });
    let frame = Some(frame(&picture, &color));
    let drawing = Drawing { frame, view: whole((8, 4)), overlay };
    let drawn = canvas.draw(&drawing).expect("a drawing").to_vec();
    let pixel = |x: usize, y: usize| &drawn[(y * 8 + x) * 4..][..4];
    assert_eq!(pixel(5, 3), [200, 200, 200, 255]);
    let covered = pixel(7, 3);
    assert!(covered[0].abs_diff(228) <= 1 && covered[1].abs_diff(100) <= 1, "{covered:?}");
    // The picture stays where no other is drawn.
    let again = Drawing { frame: None, view: whole((8, 4)), overlay: None };
    let drawn = canvas.draw(&again).expect("a drawing");
    assert!(drawn.chunks(4).all(|p| p == [200, 200, 200, 255]));
}

#[test]
fn eight_bit_values_are_not_touched_by_the_dither() {
    let Some(device) = device() else { return };
    let format = Format { chroma: Chroma::Yuv444, bit_depth: 8 };
    let mut picture = Picture::new(format, 256, 3);
    let data = (0..3 * 256 * 3).map(|i| (i * 7 % 256) as u8).collect::<Vec<_>>();
    picture.data.copy_from_slice(&data);
    let color = color(format, 0, true);
    let drawn = draw(&device, (256, 3), frame(&picture, &color), whole((256, 3)));
    let expected = bytes(&rgb(&picture, Colors { luma: None, full: true, colocated: false }));
    assert!(drawn == expected, "{:.1} dB", psnr(&drawn, &expected));
}
