//! Image memory back into planes: what a transfer has made of a reference picture.

use super::op::Resource;
use av1_engine::job::Chroma;

/// The samples of `from` within its coded extent: for each plane its tight rows, luma alone of
/// monochrome pictures. `None` if the image has no memory.
pub(crate) fn load(from: &Resource, chroma: Chroma) -> Option<Vec<Vec<u16>>> {
    let image = &from.view.image;
    image.settle(from.layer);
    let sample_bytes = if image.format.bit_depth > 8 { 2 } else { 1 };
    let shift = image.format.msb_shift();
    let sample = |bytes: &[u8]| match *bytes {
        [low, high] => u16::from_ne_bytes([low, high]) >> shift,
        [byte] => u16::from(byte),
        _ => 0,
    };
    let count = if chroma == Chroma::Monochrome { 1 } else { image.planes.len() };
    let mut planes = Vec::new();
    for (number, plane) in image.planes.iter().enumerate().take(count) {
        let (x, y) = plane.format.shift;
        let (width, height) = (from.extent.0.div_ceil(1 << x), from.extent.1.div_ceil(1 << y));
        let texel_bytes = plane.format.bytes as usize;
        // Two where chroma is interleaved.
        let mut samples = vec![Vec::new(); texel_bytes / sample_bytes];
        let mut row = vec![0; width as usize * texel_bytes];
        for line in 0..height {
            let at = image.offset(number, from.layer, 0, line)?;
            image.binding.read(at, &mut row).then_some(())?;
            for (part, samples) in samples.iter_mut().enumerate() {
                let texels = row.chunks_exact(texel_bytes);
                let own = texels.filter_map(|t| t.chunks_exact(sample_bytes).nth(part));
                samples.extend(own.map(sample));
            }
        }
        planes.extend(samples);
    }
    Some(planes)
}
