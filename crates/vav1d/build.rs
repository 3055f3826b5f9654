//! Compiles the shaders of `shaders/` to SPIR-V.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use naga::back::spv;
use naga::valid::{Capabilities, ValidationFlags, Validator};

/// Files of `shaders/` that are compiled as they are, without their extension.
const SHADERS: [&str; 2] = ["film_grain", "gather"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=shaders");
    let out = env::var("OUT_DIR")?;
    for name in SHADERS {
        let source = fs::read_to_string(format!("shaders/{name}.wgsl"))?;
        write(&source, name, &out)?;
    }
    let source = fs::read_to_string("shaders/present.wgsl")?;
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
    let loads = [
        fs::read_to_string("shaders/load_buffer.wgsl")?,
        fs::read_to_string("shaders/load_image.wgsl")?,
    ];
    for index in 0..18 {
        // Of an image, samples of all widths are loaded alike.
        let (wide, chroma, plain) = (index / 6 == 1, index / 2 % 3, index % 2 == 1);
        let source = format!("{}{source}", loads[usize::from(index >= 12)]);
        let source = set(&source, "WIDE: bool = false", &format!("WIDE: bool = {wide}"))?;
        let source = set(&source, "CHROMA: u32 = 2u", &format!("CHROMA: u32 = {chroma}u"))?;
        let source = set(&source, "PLAIN: bool = false", &format!("PLAIN: bool = {plain}"))?;
        write(&source, &format!("convert-{index}"), &out)?;
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
    let words = compile(source).map_err(|error| format!("{name}: {error}"))?;
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
