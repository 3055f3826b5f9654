//! Reads `samples/manifest.toml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The manifest.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    /// The samples.
    pub stream: Vec<Sample>,
}

/// One sample.
#[derive(Debug, Deserialize)]
pub struct Sample {
    /// Name, unique.
    pub name: String,
    /// File in `samples/`.
    pub file: String,
    /// MD5 of all output pictures, with film grain.
    pub md5: String,
    /// MD5 of each output picture, with film grain.
    pub frames: Vec<String>,
    /// The same without film grain, if they differ.
    pub frames_no_film_grain: Option<Vec<String>>,
}

impl Sample {
    /// Path of the stream.
    pub fn path(&self) -> PathBuf {
        folder().join(&self.file)
    }
}

/// The folder `samples/`.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

/// All samples.
pub fn samples() -> Vec<Sample> {
    let text = std::fs::read_to_string(folder().join("manifest.toml")).expect("the manifest");
    let manifest: Manifest = toml::from_str(&text).expect("a manifest");
    assert!(!manifest.stream.is_empty());
    manifest.stream
}

/// The sample called `name`.
pub fn sample(name: &str) -> Sample {
    samples().into_iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no sample {name}"))
}
