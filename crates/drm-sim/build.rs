//! Keeps what the decoder would export out of the library: as it is preloaded, those names would be
//! taken for a program's own libdav1d.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,--exclude-libs,ALL");
}
