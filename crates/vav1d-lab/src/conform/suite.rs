//! Suites: files and folders that name vectors.

mod fluster;
mod folder;
mod manifest;
mod vvs;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::vector::Vector;

/// The vectors that `path` names: a Fluster suite or Vulkan-Video-Samples' list (JSON), our own
/// manifest (TOML), a folder of streams with their oracles beside them, or one stream. Names do not
/// depend on how the path is written.
///
/// # Errors
/// What cannot be read, or is no suite.
pub fn load(path: &Path) -> Result<Vec<Vector>, String> {
    load_from(path, &[])
}

/// The same, with folders in which the streams of lists are looked for first.
fn load_from(path: &Path, resources: &[PathBuf]) -> Result<Vec<Vector>, String> {
    let mut vectors = named(path, resources)?;
    for vector in &mut vectors {
        vector.suite_path = path.to_owned();
    }
    Ok(vectors)
}

/// All vectors of `paths`. One that is there twice, with the same stream, hashes and options, is
/// taken once; of two that are different and share a name, the second is called `NAME~2`.
///
/// # Errors
/// As those of [`load`].
pub fn load_all(paths: &[PathBuf]) -> Result<Vec<Vector>, String> {
    load_all_from(paths, &[])
}

/// The same; the streams that a list in JSON names are looked for in `resources` first, then where
/// they always are.
///
/// # Errors
/// As those of [`load`].
pub fn load_all_from(paths: &[PathBuf], resources: &[PathBuf]) -> Result<Vec<Vector>, String> {
    let mut all: Vec<Vector> = Vec::new();
    let mut known: HashMap<String, Vec<Vector>> = HashMap::new();
    for path in paths {
        for vector in load_from(path, resources)? {
            let input = vector.input.canonicalize().unwrap_or_else(|_| vector.input.clone());
            let own = Vector { input, suite_path: PathBuf::new(), ..vector.clone() };
            let same = known.entry(vector.name.clone()).or_default();
            if same.contains(&own) {
                continue;
            }
            same.push(own);
            let name = match same.len() {
                1 => vector.name,
                n => format!("{}~{n}", vector.name),
            };
            all.push(Vector { name, ..vector });
        }
    }
    Ok(all)
}

fn named(path: &Path, resources: &[PathBuf]) -> Result<Vec<Vector>, String> {
    let fail = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let manifest = |path: &Path| {
        let text = read(path)?;
        manifest::load(path, &text).map_err(|e| format!("{}: {e}", path.display()))
    };
    if path.is_dir() {
        let list = path.join("manifest.toml");
        return match list.is_file() {
            true => manifest(&list),
            // The error names what cannot be read.
            false => folder::load(path).map_err(|e| e.to_string()),
        };
    }
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match extension.as_str() {
        "toml" => manifest(path),
        "json" => {
            let json: serde_json::Value =
                serde_json::from_str(&read(path)?).map_err(|e| fail(&e))?;
            match (json.get("test_vectors"), json.get("samples")) {
                (Some(_), _) => fluster::load(path, &json, resources).map_err(|e| fail(&e)),
                (None, Some(_)) => vvs::load(path, &json, resources).map_err(|e| fail(&e)),
                (None, None) => Err(fail(&"neither test_vectors nor samples in it")),
            }
        }
        _ => {
            std::fs::metadata(path).map_err(|e| fail(&e))?;
            let above = path.parent().unwrap_or(Path::new(""));
            let list = above.join("manifest.toml");
            let listed = match list.is_file() {
                true => manifest(&list).unwrap_or_default(),
                false => Vec::new(),
            };
            let real = path.canonicalize().map_err(|e| fail(&e))?;
            let is_it = |vector: &Vector| vector.input.canonicalize().is_ok_and(|i| i == real);
            let listed = listed.into_iter().find(is_it);
            let name = Path::new(path.file_name().unwrap_or_default());
            let stream = || folder::stream(path, &folder_name(above), name);
            Ok(vec![listed.unwrap_or_else(stream)])
        }
    }
}

/// The text of a file, without a byte order mark.
fn read(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(super::files::without_bom(&text).to_owned())
}

/// The name of the folder `path`, however it was written; empty for the root.
fn folder_name(path: &Path) -> String {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    super::vector::plain(real.file_name().unwrap_or_default().as_encoded_bytes())
}

/// The first of `paths` that is a file, below one of `resources`, of the folders above `json`, or
/// of a `resources` in these; the first possibility of all if none is.
fn find(json: &Path, resources: &[PathBuf], paths: &[PathBuf]) -> PathBuf {
    let folders = json.ancestors().skip(1).take(4);
    let folders = folders.flat_map(|folder| [folder.join("resources"), folder.to_owned()]);
    let all: Vec<_> = resources
        .iter()
        .cloned()
        .chain(folders)
        .flat_map(|folder| paths.iter().map(move |path| folder.join(path)))
        .collect();
    let found = all.iter().find(|path| path.is_file()).or(all.first());
    found.cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests;
