//! Compiles the shaders of `shaders/` to SPIR-V.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

use naga::back::spv;
use naga::valid::{Capabilities, ValidationFlags, Validator};

/// Every file of `shaders/`, without its extension.
const SHADERS: [&str; 4] = ["film_grain", "convert", "scale", "present"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=shaders");
    let out = env::var("OUT_DIR")?;
    for name in SHADERS {
        let words = compile(&fs::read_to_string(format!("shaders/{name}.wgsl"))?)
            .map_err(|error| format!("shaders/{name}.wgsl: {error}"))?;
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        fs::write(Path::new(&out).join(format!("{name}.spv")), bytes)?;
    }
    Ok(())
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
