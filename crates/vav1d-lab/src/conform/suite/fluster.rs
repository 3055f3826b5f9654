//! Fluster's JSON suites, unchanged.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::conform::oracle;
use crate::conform::vector::{Expected, Kind, Oracle, Vector};

pub(super) fn load(
    path: &Path,
    json: &Value,
    resources: &[PathBuf],
) -> Result<Vec<Vector>, String> {
    let suite = json["name"].as_str().ok_or("a suite without a name")?;
    let vectors = json["test_vectors"].as_array().ok_or("test_vectors is no list")?;
    vectors.iter().map(|json| vector(path, resources, suite, json)).collect()
}

fn vector(path: &Path, resources: &[PathBuf], suite: &str, json: &Value) -> Result<Vector, String> {
    let name = json["name"].as_str().ok_or("a vector without a name")?;
    let file = json["input_file"].as_str().ok_or_else(|| format!("{name}: no input_file"))?;
    let beside = PathBuf::from(suite).join(name).join(file);
    let paths = match file.contains('/') {
        true => vec![PathBuf::from(suite).join(file), beside],
        false => vec![beside],
    };
    let params = &json["optional_params"];
    let mut semantics = Kind::Fluster.semantics();
    if let Some(film_grain) = params["film_grain"].as_bool() {
        semantics.film_grain = film_grain;
    }
    if let Some(all_layers) = params["all_layers"].as_bool() {
        semantics.all_layers = all_layers;
    }
    let mut vector = Vector::new(&format!("{suite}/{name}"), super::find(path, resources, &paths));
    let point = params["operating_point"].as_u64().unwrap_or(0);
    vector.operating_point = u8::try_from(point).unwrap_or(u8::MAX);
    vector.limit = params["limit"].as_u64();
    let result = json["result"].as_str().unwrap_or_default();
    vector.oracle = match oracle::md5(result) {
        Some(md5) => {
            Ok(Some(Oracle { kind: Kind::Fluster, expected: Expected::Total(md5), semantics }))
        }
        None => Err(format!("result `{result}` is no MD5")),
    };
    Ok(vector)
}
