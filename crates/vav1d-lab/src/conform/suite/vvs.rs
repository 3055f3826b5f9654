//! `decode_samples.json` of Vulkan-Video-Samples.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::conform::oracle;
use crate::conform::vector::{Expected, Kind, Oracle, Vector};

/// The AV1 samples; those of other codecs are left out.
pub(super) fn load(
    path: &Path,
    json: &Value,
    resources: &[PathBuf],
) -> Result<Vec<Vector>, String> {
    let samples = json["samples"].as_array().ok_or("samples is no list")?;
    let av1 = samples.iter().filter(|sample| sample["codec"] == "av1");
    av1.map(|sample| vector(path, resources, sample)).collect()
}

fn vector(path: &Path, resources: &[PathBuf], json: &Value) -> Result<Vector, String> {
    let name = json["name"].as_str().ok_or("a sample without a name")?;
    let file = &json["source_filepath"];
    let file = file.as_str().ok_or_else(|| format!("{name}: no source_filepath"))?;
    let mut vector =
        Vector::new(&format!("vvs/{name}"), super::find(path, resources, &[PathBuf::from(file)]));
    let kind = Kind::VulkanVideoSamples;
    vector.oracle = match json["expected_output_md5"].as_str().unwrap_or_default() {
        "" => Ok(None),
        text => match oracle::md5(text) {
            Some(md5) => {
                let (expected, semantics) = (Expected::Total(md5), kind.semantics());
                Ok(Some(Oracle { kind, expected, semantics }))
            }
            None => Err(format!("expected_output_md5 `{text}` is no MD5")),
        },
    };
    Ok(vector)
}
