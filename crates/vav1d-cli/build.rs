//! Tells the program which commit it is of, and what it was built by and for.

use std::path::Path;
use std::process::Command;
use std::{env, path::PathBuf};

#[path = "src/commit.rs"]
mod commit;

fn main() {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=VAV1D_COMMIT");
    // Whatever the program is made of may differ from the commit.
    let crates = folder.join("..");
    let sources = if crates.join("vav1d-cli").is_dir() { crates } else { folder.clone() };
    let watched = commit::watched(&folder).into_iter().chain([sources]);
    for path in watched.filter(|path| Path::exists(path)) {
        println!("cargo:rerun-if-changed={}", path.display());
    }
    // Those who build from an archive may know it.
    let said = env::var("VAV1D_COMMIT").ok().filter(|said| !said.is_empty());
    println!("cargo:rustc-env=VAV1D_COMMIT={}", said.unwrap_or_else(|| commit::of(&folder)));
    let variable = |name: &str| env::var(name).unwrap_or_default();
    println!("cargo:rustc-env=VAV1D_TARGET={}", variable("TARGET"));
    println!("cargo:rustc-env=VAV1D_PROFILE={}", profile(&variable("OUT_DIR")));
    let compiler = Command::new(variable("RUSTC")).arg("--version").output().ok();
    let compiler = compiler.and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo:rustc-env=VAV1D_RUSTC={}", compiler.unwrap_or_default().trim());
}

/// The profile by its folder: `PROFILE` knows only two.
fn profile(out: &str) -> &str {
    let folders: Vec<_> = out.split(['/', '\\']).collect();
    let build = folders.iter().rposition(|folder| *folder == "build");
    build.and_then(|at| folders.get(at.checked_sub(1)?)).copied().unwrap_or_default()
}
