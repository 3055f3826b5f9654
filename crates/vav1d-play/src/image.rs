//! What was drawn, as a file.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

/// Writes `pixels`, R, G, B, A of each of `size`, as a PNG image without transparency.
///
/// # Errors
/// The file cannot be written.
pub fn save_rgba(path: &Path, size: (u32, u32), pixels: &[u8]) -> io::Result<()> {
    let rgb: Vec<u8> = pixels.chunks_exact(4).flat_map(|p| p.iter().take(3).copied()).collect();
    file(path, size.0, size.1, png::ColorType::Rgb, &rgb)
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
