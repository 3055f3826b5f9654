//! Our own manifest, `samples/manifest.toml`: a name, a file and the MD5 of each output picture.

use std::path::Path;

use serde::Deserialize;

use crate::conform::oracle;
use crate::conform::vector::{Expected, Kind, Oracle, Vector};

#[derive(Deserialize)]
struct Manifest {
    stream: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    name: String,
    file: String,
    #[serde(default)]
    frames: Vec<String>,
    /// It has to be refused.
    #[serde(default)]
    refused: bool,
}

pub(super) fn load(path: &Path, text: &str) -> Result<Vec<Vector>, String> {
    let manifest: Manifest = toml::from_str(text).map_err(|e| e.to_string())?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let suite = super::folder_name(folder);
    let suite = if suite.is_empty() { "manifest".to_owned() } else { suite };
    let vector = |stream: Stream| {
        let mut vector = Vector::new(&stream.name, folder.join(&stream.file));
        vector.name = format!("{suite}/{}", vector.name);
        let kind = Kind::Manifest;
        let frames: Option<Vec<_>> = stream.frames.iter().map(|md5| oracle::md5(md5)).collect();
        vector.oracle = match frames {
            _ if stream.refused => Ok(Some(Oracle::REFUSED)),
            Some(frames) => Ok(Some(Oracle {
                kind,
                expected: Expected::Frames(frames),
                semantics: kind.semantics(),
            })),
            None => Err("one of frames is no MD5".to_owned()),
        };
        vector
    };
    Ok(manifest.stream.into_iter().map(vector).collect())
}
