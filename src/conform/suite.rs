//! Suites: files and folders that name vectors.

mod fluster;
mod folder;
mod manifest;
mod vvs;

use std::path::Path;

use super::vector::Vector;

/// The vectors that `path` names: a Fluster suite or Vulkan-Video-Samples' list (JSON), our own
/// manifest (TOML), a folder of streams with their oracles beside them, or one stream.
///
/// # Errors
/// What cannot be read, or is no suite.
pub fn load(path: &Path) -> Result<Vec<Vector>, String> {
    let fail = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    if path.is_dir() {
        let manifest = path.join("manifest.toml");
        return match manifest.is_file() {
            true => load(&manifest),
            false => folder::load(path).map_err(|e| fail(&e)),
        };
    }
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    match extension {
        "toml" => {
            let text = std::fs::read_to_string(path).map_err(|e| fail(&e))?;
            manifest::load(path, &text).map_err(|e| fail(&e))
        }
        "json" => {
            let text = std::fs::read_to_string(path).map_err(|e| fail(&e))?;
            let json: serde_json::Value = serde_json::from_str(&text).map_err(|e| fail(&e))?;
            match (json.get("test_vectors"), json.get("samples")) {
                (Some(_), _) => fluster::load(path, &json).map_err(|e| fail(&e)),
                (None, Some(_)) => vvs::load(path, &json).map_err(|e| fail(&e)),
                (None, None) => Err(fail(&"neither test_vectors nor samples in it")),
            }
        }
        _ => {
            std::fs::metadata(path).map_err(|e| fail(&e))?;
            Ok(vec![folder::stream(path, &path.display().to_string())])
        }
    }
}

/// The first of `paths` that is a file, below one of the folders above `json` or a `resources` in
/// it; the first possibility of all if none is.
fn find(json: &Path, paths: &[std::path::PathBuf]) -> std::path::PathBuf {
    let folders = json.ancestors().skip(1).take(4);
    let all: Vec<_> = folders
        .flat_map(|folder| [folder.join("resources"), folder.to_owned()])
        .flat_map(|folder| paths.iter().map(move |path| folder.join(path)))
        .collect();
    let found = all.iter().find(|path| path.is_file()).or(all.first());
    found.cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests;
