//! Keeps the library to itself, and puts a manifest beside it for programs that are not installed.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=VkLayer_VAV1D_watch.json.in");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic");
        println!("cargo:rustc-cdylib-link-arg=-Wl,--exclude-libs,ALL");
    }
    let Some(folder) = profile_folder() else { return };
    let Ok(manifest) = std::fs::read_to_string("VkLayer_VAV1D_watch.json.in") else { return };
    let manifest = manifest.replace("@PATH@", "./libvav1d_watch.so");
    // A folder that cannot be written has no library either.
    let _written = std::fs::write(folder.join("VkLayer_VAV1D_watch.json"), manifest);
}

/// The folder of the profile, where libraries go: three above OUT_DIR.
fn profile_folder() -> Option<PathBuf> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR")?);
    out.ancestors().nth(3).map(Path::to_owned)
}
