//! Compiles the shaders of `shaders/` to SPIR-V.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use naga::back::spv;
use naga::valid::{Capabilities, ValidationFlags, Validator};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=shaders");
    let out = env::var("OUT_DIR")?;
    write(&fs::read_to_string("shaders/film_grain.wgsl")?, "film_grain", &out)?;
    let source = fs::read_to_string("shaders/gather.wgsl")?;
    let planes = fs::read_to_string("shaders/gather_planes.wgsl")?;
    write(&format!("{planes}{source}"), "gather", &out)?;
    let whole = fs::read_to_string("shaders/gather_whole.wgsl")?;
    let apart = compile(&format!("{whole}{source}")).map_err(|e| format!("gather_whole: {e}"))?;
    write_words(&combine(&apart, 3, 4)?, "gather_whole", &out)?;
    let dither = fs::read_to_string("shaders/dither.wgsl")?;
    let source = format!("{dither}{}", fs::read_to_string("shaders/present.wgsl")?);
    for (index, overlay) in [false, true].into_iter().enumerate() {
        let source = set(&source, "OVERLAY: bool = false", &format!("OVERLAY: bool = {overlay}"))?;
        write(&source, &format!("present-{index}"), &out)?;
    }
    // The kernels, by their numbers.
    let source = fs::read_to_string("shaders/scale.wgsl")?;
    for kernel in 0..4 {
        let source = set(&source, "KERNEL: u32 = 2u", &format!("KERNEL: u32 = {kernel}u"))?;
        write(&source, &format!("scale-{kernel}"), &out)?;
    }
    // The variants of `color::Variant`, in the order of their indices.
    let source = fs::read_to_string("shaders/convert.wgsl")?;
    let conversion = fs::read_to_string("shaders/conversion.wgsl")?;
    let loads = [
        fs::read_to_string("shaders/load_buffer.wgsl")?,
        fs::read_to_string("shaders/load_image.wgsl")?,
    ];
    let pixels = fs::read_to_string("shaders/store_pixels.wgsl")?;
    let stores = [
        ("convert", fs::read_to_string("shaders/store_rgb.wgsl")?),
        ("direct", format!("{dither}{pixels}")),
    ];
    for (index, (name, store)) in (0..18).flat_map(|i| stores.iter().map(move |s| (i, s))) {
        // Of an image, samples of all widths are loaded alike.
        let (wide, chroma, plain) = (index / 6 == 1, index / 2 % 3, index % 2 == 1);
        let source = format!("{conversion}{}{store}{source}", loads[usize::from(index >= 12)]);
        let source = set(&source, "WIDE: bool = false", &format!("WIDE: bool = {wide}"))?;
        let source = set(&source, "CHROMA: u32 = 2u", &format!("CHROMA: u32 = {chroma}u"))?;
        let source = set(&source, "PLAIN: bool = false", &format!("PLAIN: bool = {plain}"))?;
        write(&source, &format!("{name}-{index}"), &out)?;
    }
    // Of a buffer with samples of a byte, of two bytes, and of an image.
    let source = fs::read_to_string("shaders/peak.wgsl")?;
    for index in 0..3 {
        let source = format!("{conversion}{}{source}", loads[usize::from(index == 2)]);
        let wide = format!("WIDE: bool = {}", index == 1);
        write(&set(&source, "WIDE: bool = false", &wide)?, &format!("peak-{index}"), &out)?;
    }
    Ok(())
}

/// `source` with another value of one constant.
fn set(source: &str, from: &str, to: &str) -> Result<String, Box<dyn Error>> {
    match source.matches(from).count() {
        1 => Ok(source.replace(from, to)),
        n => Err(format!("`{from}` is there {n} times").into()),
    }
}

/// Compiles `source` into `out`/`name`.spv.
fn write(source: &str, name: &str, out: &str) -> Result<(), Box<dyn Error>> {
    write_words(&compile(source).map_err(|error| format!("{name}: {error}"))?, name, out)
}

fn write_words(words: &[u32], name: &str, out: &str) -> Result<(), Box<dyn Error>> {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
    Ok(fs::write(Path::new(out).join(format!("{name}.spv")), bytes)?)
}

fn compile(source: &str) -> Result<Vec<u32>, Box<dyn Error>> {
    let module =
        naga::front::wgsl::parse_str(source).map_err(|error| error.emit_to_string(source))?;
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .map_err(|error| error.emit_to_string(source))?;
    let options = spv::Options {
        lang_version: (1, 3),
        // Positions are Vulkan's own.
        flags: spv::WriterFlags::empty(),
        ..spv::Options::default()
    };
    Ok(spv::write_vec(&module, &info, &options, None)?)
}

/// Numbers of the SPIR-V specification, 3.
mod op {
    pub const NAME: u32 = 5;
    pub const TYPE_SAMPLED_IMAGE: u32 = 27;
    pub const TYPE_POINTER: u32 = 32;
    pub const FUNCTION: u32 = 54;
    pub const VARIABLE: u32 = 59;
    pub const LOAD: u32 = 61;
    pub const DECORATE: u32 = 71;
    pub const SAMPLED_IMAGE: u32 = 86;
    pub const IMAGE_SAMPLE_EXPLICIT_LOD: u32 = 88;
    pub const DECORATION_BINDING: u32 = 33;
    pub const UNIFORM_CONSTANT: u32 = 0;
}

/// `words` with the variables of bindings `image` and `sampler` made one, of type OpTypeSampledImage,
/// at the binding of the image: what Vulkan calls a combined image sampler.
///
/// The pointer and the variable move behind all types. A load of the sampler goes, a load of the image
/// is one of both, and an OpSampledImage of these two is what was loaded.
fn combine(words: &[u32], image: u32, sampler: u32) -> Result<Vec<u32>, Box<dyn Error>> {
    let all = instructions(words)?;
    let bound = |binding| {
        let is = |i: &&&[u32]| {
            i[0] & 0xFFFF == op::DECORATE && i[2..] == [op::DECORATION_BINDING, binding]
        };
        all.iter().find(is).map(|i| i[1]).ok_or(format!("nothing has binding {binding}"))
    };
    let (image, sampler) = (bound(image)?, bound(sampler)?);
    let both = all.iter().find(|i| i[0] & 0xFFFF == op::TYPE_SAMPLED_IMAGE);
    let both = both.ok_or("nothing is sampled")?[1];
    let pointer = words[3];
    let mut out = words[..5].to_vec();
    out[3] += 1;
    let (mut loaded, mut is_declared) = (Vec::new(), false);
    let mut made = std::collections::HashMap::new();
    for i in &all {
        let mut i = i.to_vec();
        match i[0] & 0xFFFF {
            op::NAME | op::DECORATE if i[1] == sampler => continue,
            op::VARIABLE if i[2] == sampler || i[2] == image => continue,
            op::FUNCTION if !is_declared => {
                is_declared = true;
                let declared = [(4 << 16) | op::TYPE_POINTER, pointer, op::UNIFORM_CONSTANT, both];
                out.extend(declared);
                out.extend([(4 << 16) | op::VARIABLE, pointer, image, op::UNIFORM_CONSTANT]);
            }
            op::LOAD if i[3] == sampler => {
                loaded.push(i[2]);
                continue;
            }
            op::LOAD if i[3] == image => i[1] = both,
            op::SAMPLED_IMAGE if loaded.contains(&i[4]) => {
                made.insert(i[2], i[3]);
                continue;
            }
            op::IMAGE_SAMPLE_EXPLICIT_LOD => i[3] = *made.get(&i[3]).unwrap_or(&i[3]),
            _ => {}
        }
        out.extend(i);
    }
    match made.is_empty() {
        true => Err("the image is not sampled with the sampler".into()),
        false => Ok(out),
    }
}

/// The instructions of a module.
fn instructions(words: &[u32]) -> Result<Vec<&[u32]>, Box<dyn Error>> {
    let mut rest = words.get(5..).ok_or("a module without a header")?;
    let mut all = Vec::new();
    while let Some(first) = rest.first() {
        let (one, after) =
            rest.split_at_checked((first >> 16).max(1) as usize).ok_or("a cut instruction")?;
        all.push(one);
        rest = after;
    }
    Ok(all)
}
