//! Images of a wrong picture, of the right one, and of their difference: to look at, in 8 bit.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

use super::difference::samples;
use super::graph::Node;
use vav1d::pixels::Picture;

/// Frames that images are written of, at most: origins of errors, by decoding order.
pub const FRAMES: usize = 16;

/// Writes `frame-N-is.png`, `frame-N-should-be.png` and `frame-N-difference.png` into `dir`; the
/// last is grey, and white where the samples differ most.
///
/// # Errors
/// A file cannot be written.
pub fn write(dir: &Path, node: &Node, is: &Picture, should_be: &Picture) -> io::Result<()> {
    let name = |what: &str| dir.join(format!("frame-{:04}-{what}.png", node.frame));
    let save = |what: &str, picture: &Picture| {
        let rgb = rgb(node, picture);
        file(&name(what), picture.width, picture.height, png::ColorType::Rgb, &rgb)
    };
    save("is", is)?;
    save("should-be", should_be)?;
    if (is.format, is.width, is.height) != (should_be.format, should_be.width, should_be.height) {
        return Ok(());
    }
    let grey = grey(is, should_be);
    file(&name("difference"), is.width, is.height, png::ColorType::Grayscale, &grey)
}

fn file(
    path: &Path,
    width: u32,
    height: u32,
    color: png::ColorType,
    data: &[u8],
) -> io::Result<()> {
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(data)?;
    Ok(writer.finish()?)
}

/// A grey image, for tests of what shows images.
///
/// # Errors
/// It cannot be written.
#[cfg(test)]
pub(crate) fn grey_file(path: &Path, width: u32, height: u32) -> io::Result<()> {
    let data = vec![9; (width * height) as usize];
    file(path, width, height, png::ColorType::Grayscale, &data)
}

/// The bytes of the image at `path`; if it is wider than `width`, of one that is not.
///
/// # Errors
/// It cannot be read, or is no image of [`write()`].
pub fn smaller(path: &Path, width: u32) -> io::Result<Vec<u8>> {
    let decoder = png::Decoder::new(io::BufReader::new(File::open(path)?));
    let mut reader = decoder.read_info()?;
    let size = reader.output_buffer_size().ok_or_else(|| io::Error::other("too large"))?;
    let mut data = vec![0; size];
    let info = reader.next_frame(&mut data)?;
    let step = info.width.div_ceil(width.max(1)).max(1);
    if step == 1 {
        return std::fs::read(path);
    }
    let samples = info.color_type.samples();
    let (columns, rows) = (info.width / step, (info.height / step).max(1));
    let mut small = Vec::new();
    for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
        for sample in 0..samples {
            small.push(mean(&data, &info, step, (column, row), samples, sample));
        }
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, columns, rows);
    encoder.set_color(info.color_type);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&small)?;
    writer.finish()?;
    Ok(bytes)
}

/// The mean of one sample over a square of `step` pixels.
fn mean(
    data: &[u8],
    info: &png::OutputInfo,
    step: u32,
    (column, row): (u32, u32),
    samples: usize,
    sample: usize,
) -> u8 {
    let (mut sum, mut count) = (0_u32, 0);
    for y in row * step..(row * step + step).min(info.height) {
        for x in column * step..(column * step + step).min(info.width) {
            let at = y as usize * info.line_size + x as usize * samples + sample;
            sum += u32::from(data.get(at).copied().unwrap_or(0));
            count += 1;
        }
    }
    (sum / count.max(1)) as u8
}

/// A plane at the size of luma: the nearest sample.
struct Plane {
    samples: Vec<u16>,
    width: usize,
    shift: (u32, u32),
}

impl Plane {
    fn of(picture: &Picture, plane: usize) -> Self {
        let shift = if plane == 0 { (0, 0) } else { picture.format.chroma.subsampling() };
        let (width, _) = picture.format.plane_size(plane, picture.width, picture.height);
        Self { samples: samples(picture, plane), width: width as usize, shift }
    }

    fn at(&self, x: u32, y: u32) -> u16 {
        let at = (y >> self.shift.1) as usize * self.width + (x >> self.shift.0) as usize;
        self.samples.get(at).copied().unwrap_or(0)
    }
}

/// Every luma position, in raster order.
fn positions(picture: &Picture) -> impl Iterator<Item = (u32, u32)> {
    let width = picture.width;
    (0..picture.height).flat_map(move |y| (0..width).map(move |x| (x, y)))
}

fn rgb(node: &Node, picture: &Picture) -> Vec<u8> {
    let color = &node.sequence.color_config;
    let peak = f32::from((1_u16 << picture.format.bit_depth) - 1);
    let unit = f32::from(1_u16 << (picture.format.bit_depth - 8));
    let planes: Vec<_> =
        (0..picture.format.chroma.planes()).map(|plane| Plane::of(picture, plane)).collect();
    let luma = |v: u16| match color.color_range {
        true => f32::from(v) / peak,
        false => (f32::from(v) - 16.0 * unit) / (219.0 * unit),
    };
    let chroma = |v: u16| match color.color_range {
        true => (f32::from(v) - 128.0 * unit) / peak,
        false => (f32::from(v) - 128.0 * unit) / (224.0 * unit),
    };
    let mut bytes = Vec::with_capacity(3 * picture.data.len());
    for (x, y) in positions(picture) {
        let at = |plane: usize| planes.get(plane).map(|plane| plane.at(x, y));
        let rgb = match (at(0).unwrap_or(0), at(1), at(2)) {
            (g, Some(b), Some(r)) if color.matrix_coefficients == 0 => [luma(r), luma(g), luma(b)],
            (y, Some(u), Some(v)) => {
                matrix(color.matrix_coefficients, luma(y), chroma(u), chroma(v))
            }
            (y, ..) => [luma(y); 3],
        };
        bytes.extend(rgb.map(|v| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8));
    }
    bytes
}

/// By matrix_coefficients (specification 6.4.2); BT.601 for those that it does not know.
fn matrix(coefficients: u8, y: f32, u: f32, v: f32) -> [f32; 3] {
    let (kr, kb) = match coefficients {
        1 => (0.2126, 0.0722),
        8 => return [y - u + v, y + u, y - u - v],
        9 | 10 => (0.2627, 0.0593),
        _ => (0.299, 0.114),
    };
    let (r, b) = (y + 2.0 * (1.0 - kr) * v, y + 2.0 * (1.0 - kb) * u);
    [r, (y - kr * r - kb * b) / (1.0 - kr - kb), b]
}

fn grey(a: &Picture, b: &Picture) -> Vec<u8> {
    let planes: Vec<_> = (0..a.format.chroma.planes())
        .map(|plane| [a, b].map(|picture| Plane::of(picture, plane)))
        .collect();
    let by = |(x, y)| planes.iter().map(|[a, b]| a.at(x, y).abs_diff(b.at(x, y))).max();
    let all: Vec<u16> = positions(a).map(|at| by(at).unwrap_or(0)).collect();
    let most = all.iter().max().copied().unwrap_or(0).max(1);
    all.iter().map(|v| (u32::from(*v) * 255 / u32::from(most)) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_give_grey_and_primaries() {
        for coefficients in [1, 5, 6, 8, 9] {
            let [r, g, b] = matrix(coefficients, 0.5, 0.0, 0.0);
            assert!([r, g, b].iter().all(|v| (v - 0.5).abs() < 1e-6), "{coefficients}");
        }
        // Red in BT.709: Y = Kr, Cr = 1/2.
        let [r, g, b] = matrix(1, 0.2126, -0.2126 / 1.8556, 0.5);
        assert!((r - 1.0).abs() < 1e-3 && g.abs() < 1e-3 && b.abs() < 1e-3, "{r} {g} {b}");
    }
}
