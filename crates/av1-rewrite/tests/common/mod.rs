//! The samples, as streams.
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::fs::File;
use std::path::{Path, PathBuf};

use av1_rewrite::read;
use av1_rewrite::stream::Stream;
use av1_syntax::limits::Limits;
use av1_syntax::unit::TemporalUnit;

/// A name, what its container gives, and what that is made of.
pub type Sample = (String, Vec<TemporalUnit>, Stream);

/// Streams below `folder`, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    let is_stream = |file: &Path| file.extension().is_some_and(|e| e == "ivf" || e == "obu");
    paths
        .into_iter()
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => Some(path).filter(|path| is_stream(path)).into_iter().collect(),
        })
        .collect()
}

/// The units of the stream in `file`.
pub fn units(file: &Path) -> (Vec<TemporalUnit>, Option<(u32, u32)>) {
    let name = file.display();
    let input = File::open(file).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut source = av1_demux::open_file(Box::new(input), None, Limits::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut units = Vec::new();
    while let Some(unit) = source.next_unit().unwrap_or_else(|error| panic!("{name}: {error}")) {
        units.push(unit);
    }
    (units, source.info().time_base)
}

/// Every sample of the project, and those of the folder that `AV1_REWRITE_STREAMS` names.
pub fn samples() -> Vec<Sample> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let mut all = files(&samples);
    assert!(all.len() > 50, "the samples are there");
    if let Some(more) = std::env::var_os("AV1_REWRITE_STREAMS") {
        all.extend(files(Path::new(&more)));
    }
    let one = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (units, time_base) = units(file);
        let stream = read::read(&units, time_base).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, units, stream)
    };
    all.iter().map(one).collect()
}
