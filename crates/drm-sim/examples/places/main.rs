//! Compares the places of texels in AMD's tiled images with the driver's own library: images are
//! written by host copies (VK_EXT_host_image_copy), which is RADV's code, and the memory that they
//! lie in is read.
//!
//! ```console
//! $ vav1d sim navi33 -- target/release/examples/places navi33
//! ```
//!
//! Ends with 0 where every texel is where an equation has it, with 1 where one is not, with 69
//! where the driver has no host copies, and with 2 for a chip that is not known.

#[allow(dead_code, reason = "the library's, of which this takes a part")]
#[path = "../../src/chip.rs"]
mod chip;
#[allow(dead_code, reason = "the library's, of which this takes a part")]
#[path = "../../src/swizzle.rs"]
mod swizzle;
mod vulkan;

use std::collections::BTreeMap;
use std::process::ExitCode;

use ash::vk::Format;
use chip::{Chip, Kernel};
use swizzle::{Family, Swizzle};
use vulkan::{Device, Image};

/// Formats, with the bytes of a texel.
const FORMATS: [(Format, usize); 5] = [
    (Format::R8_UNORM, 1),
    (Format::R8G8_UNORM, 2),
    (Format::R16_UNORM, 2),
    (Format::R16G16_UNORM, 4),
    (Format::R16G16B16A16_UNORM, 8),
];
/// Widths, heights and slices: within a block, odd ones, and several blocks of each size, as far as
/// the highest bit of a coordinate that an equation has, and one beyond.
const EXTENTS: [(u32, u32, u32); 10] = [
    (16, 16, 1),
    (17, 9, 3),
    (64, 64, 17),
    (100, 70, 2),
    (227, 131, 1),
    (256, 256, 17),
    (300, 300, 1),
    (641, 361, 1),
    (1030, 520, 2),
    (2100, 1100, 1),
];

/// Texels whose places were right, and images, by mode and bytes of a texel.
type Right = BTreeMap<(u32, usize), (usize, usize)>;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let family = match Chip::named(&name).map(|chip| chip.kernel) {
        Some(Kernel::Amdgpu(amd)) => Family::of(amd.graphics[0], amd.gb_addr_config),
        _ => None,
    };
    let Some(family) = family else {
        say(&format!("{name:?} is no chip whose tiled images are imitated"));
        return ExitCode::from(2);
    };
    let Some(device) = Device::open() else {
        say("the driver has no host copies");
        return ExitCode::from(69);
    };
    let mut right = Right::new();
    let compared = all(&device, family, &mut right);
    for ((mode, bytes), (images, texels)) in &right {
        say(&format!("mode {mode}, texels of {bytes} bytes: {images} images, {texels} texels"));
    }
    match compared {
        Ok(()) if !right.is_empty() => ExitCode::SUCCESS,
        Ok(()) => {
            say("no image was compared");
            ExitCode::from(1)
        }
        Err(why) => {
            say(&why);
            ExitCode::from(1)
        }
    }
}

#[allow(clippy::print_stdout, reason = "what the program is for")]
fn say(line: &str) {
    println!("{line}");
}

/// Every format and extent, in the tiling that the driver takes and in each that it offers.
fn all(device: &Device, family: Family, right: &mut Right) -> Result<(), String> {
    for (format, bytes) in FORMATS {
        let modifiers = device.modifiers(format).into_iter().filter_map(mode_of_modifier);
        let known = modifiers.filter(|(mode, _)| family.has(*mode, bytes));
        let tilings = std::iter::once((None, None)).chain(known.map(|(a, b)| (Some(a), Some(b))));
        for (mode, modifier) in tilings {
            for extent in EXTENTS {
                // Images with modifiers have one slice.
                if modifier.is_some() && extent.2 > 1 {
                    continue;
                }
                let image = device.image(format, bytes, extent, modifier)?;
                let found = compare(&image, family, mode, bytes)?;
                let (images, texels) = right.entry((found, bytes)).or_default();
                *images += 1;
                *texels += image.texels();
            }
        }
    }
    Ok(())
}

impl Family {
    fn has(self, mode: u32, bytes: usize) -> bool {
        Swizzle::new(self, mode, bytes as u64).is_some()
    }
}

/// The swizzle mode in a modifier of AMD's, bits 8 to 12, with the modifier; none for one of images
/// that have a plane about their compression, which only those of gfx12 have not.
fn mode_of_modifier(modifier: u64) -> Option<(u32, u64)> {
    let (is_amd, is_gfx12) = (modifier >> 56 == 2, modifier & 0xFF == 5);
    let is_compressed = modifier >> 13 & 1 == 1;
    let mode = (modifier >> 8 & 0x1F) as u32;
    (is_amd && (is_gfx12 || !is_compressed)).then_some((mode, modifier))
}

/// The mode by which every texel is where it is; that must be `wanted`, where the tiling was asked
/// for.
fn compare(
    image: &Image,
    family: Family,
    wanted: Option<u32>,
    bytes: usize,
) -> Result<u32, String> {
    let what = || {
        let (width, height, slices) = image.extent;
        format!("{width}x{height}, {slices} slices, texels of {bytes} bytes")
    };
    let modes = wanted.map_or(0..32, |mode| mode..mode + 1).rev();
    let mut first = None;
    for mode in modes.filter(|&mode| family.has(mode, bytes)) {
        let Some(swizzle) = Swizzle::new(family, mode, bytes as u64) else { continue };
        match misplaced(image, swizzle) {
            None => return Ok(mode),
            Some(why) => {
                first.get_or_insert(format!("mode {mode}: {why}"));
            }
        }
    }
    Err(format!("{}: {}", what(), first.unwrap_or_else(|| "no mode to try".into())))
}

/// The first texel of the image that is not where the equation has it.
fn misplaced(image: &Image, swizzle: Swizzle) -> Option<String> {
    let (width, height, slices) = image.extent;
    let (texel, pitch) = (swizzle.texel() as usize, swizzle.pitch(u64::from(width)));
    let size = swizzle.size(pitch, u64::from(height)).and_then(|size| usize::try_from(size).ok());
    let Some(size) = size.filter(|size| size * slices as usize <= image.bytes()) else {
        return Some("the driver's image has fewer bytes".into());
    };
    for (pass, memory) in image.passes.iter().enumerate() {
        let mut number = 0;
        for (z, slice) in (0..u64::from(slices)).zip(memory.chunks(size)) {
            for y in 0..u64::from(height) {
                let mut found = vec![0; width as usize * texel];
                swizzle.slice(z).get(slice, pitch, (0, y), &mut found);
                for (x, found) in found.chunks(texel).enumerate() {
                    if *found != vulkan::texel(number, pass, texel)[..texel] {
                        return Some(format!("texel ({x}, {y}) of slice {z} is elsewhere"));
                    }
                    number += 1;
                }
            }
        }
    }
    None
}
