//! `cargo xtask rewrite-suite`: a suite of small streams in other forms, in Fluster's form, with MD5s on
//! which dav1d and aomdec agree, and a table of what it exercises.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use av1_rewrite::read;
use av1_rewrite::slots::State;
use av1_syntax::format::{Chroma, Format};
use serde_json::{Value, json};

use super::Judges;
use crate::say;
use crate::streams::{every, find_all};

/// The suite's name.
const NAME: &str = "VAV1D-REWRITTEN";

/// What is wanted.
pub(crate) struct Wanted {
    pub(crate) judges: Judges,
    pub(crate) folder: PathBuf,
    pub(crate) count: u32,
    pub(crate) seed: u64,
    /// Suites that the table compares with.
    pub(crate) vectors: Vec<PathBuf>,
}

/// Makes the suite of `streams`.
pub(crate) fn run(wanted: &Wanted, streams: &[PathBuf]) -> Result<()> {
    let drawn = wanted.folder.join("drawn");
    if wanted.folder.exists() {
        bail!("{} is there already", wanted.folder.display());
    }
    std::fs::create_dir_all(&wanted.folder)?;
    draw(wanted, streams, &drawn)?;
    let files = find_all(std::slice::from_ref(&drawn))?;
    let vectors = every(&files, |file| vector(wanted, file));
    let vectors = vectors.into_iter().map(|(_, vector)| vector).collect::<Result<Vec<_>>>()?;
    if vectors.len() != wanted.count as usize {
        bail!("{} streams, not {}", vectors.len(), wanted.count);
    }
    let suite = json!({
        "name": NAME,
        "codec": "AV1",
        "description": "Streams in other forms, by `vav1d rewrite`",
        "test_vectors": vectors,
    });
    let list = wanted.folder.join("test_suites/av1").join(format!("{NAME}.json"));
    std::fs::create_dir_all(list.parent().context("a folder")?)?;
    std::fs::write(&list, serde_json::to_string_pretty(&suite)? + "\n")?;
    let commands = std::fs::read(drawn.join("commands.txt"))?;
    std::fs::write(wanted.folder.join("commands.txt"), commands)?;
    std::fs::remove_dir_all(&drawn)?;
    let table = table(wanted, &list)?;
    std::fs::write(wanted.folder.join("coverage.md"), &table)?;
    say(&format!("{}: {} streams; dav1d, aomdec and vav1d agree", list.display(), vectors.len()));
    Ok(())
}

/// `vav1d stress` draws the streams, those first that exercise what others do not.
fn draw(wanted: &Wanted, streams: &[PathBuf], folder: &Path) -> Result<()> {
    let mut command = Command::new(&wanted.judges.program);
    command.args(["-q", "stress", "--device", "soft", "--keep", "--count"]);
    command.arg(wanted.count.to_string()).arg("--seed").arg(wanted.seed.to_string());
    command.arg("-o").arg(folder).args(streams);
    let output = command.output().context("vav1d stress")?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = [output.stdout, output.stderr].concat();
            bail!("vav1d stress: {}", String::from_utf8_lossy(&said))
        }
    }
}

/// The vector of the stream in `file`, which goes to its place among the resources.
fn vector(wanted: &Wanted, file: &Path) -> Result<Value> {
    let name = file.file_stem().context("a name")?.to_string_lossy().into_owned();
    let md5 = wanted.judges.agree(file, file).with_context(|| name.clone())?;
    let input = format!("{name}.ivf");
    let place = wanted.folder.join("resources").join(NAME).join(&name);
    std::fs::create_dir_all(&place)?;
    let (format, profile) = format(file)?;
    std::fs::rename(file, place.join(&input))?;
    Ok(json!({
        "name": name,
        "source": "",
        "source_checksum": "__skip__",
        "input_file": input,
        "output_format": format,
        "result": md5,
        "profile": profile,
    }))
}

/// The format of its first pictures, as ffmpeg calls it, and the profile.
fn format(file: &Path) -> Result<(String, &'static str)> {
    let source = std::fs::File::open(file)?;
    let mut source = av1_demux::open_file(Box::new(source), None, Default::default())?;
    let mut reader = read::Reader::default();
    while let Some(unit) = source.next_unit()? {
        reader.unit(&unit)?;
    }
    let stream = reader.finish()?;
    let mut state = State::default();
    stream.units.iter().flat_map(|unit| &unit.items).for_each(|item| state.pass(item));
    let sequence = state.sequence.context("a sequence header")?;
    let Format { chroma, bit_depth } = sequence.color_config.format();
    let chroma = match chroma {
        Chroma::Monochrome => "gray",
        Chroma::Yuv420 => "yuv420p",
        Chroma::Yuv422 => "yuv422p",
        Chroma::Yuv444 => "yuv444p",
    };
    let depth = if bit_depth > 8 { format!("{bit_depth}le") } else { String::new() };
    let profile = ["Main", "High", "Professional"].get(usize::from(sequence.seq_profile));
    Ok((format!("{chroma}{depth}"), profile.copied().unwrap_or("Main")))
}

/// How many streams of the suite, and of the others, exercise each item.
fn table(wanted: &Wanted, list: &Path) -> Result<String> {
    let (own, own_count) = counts(wanted, &[list.to_owned()])?;
    let (others, other_count) = match wanted.vectors.is_empty() {
        true => (BTreeMap::new(), 0),
        false => counts(wanted, &wanted.vectors)?,
    };
    let mut text = String::new();
    writeln!(text, "| Item | {NAME} ({own_count}) | others ({other_count}) |")?;
    writeln!(text, "|---|---|---|")?;
    let mut new = 0;
    for (item, count) in &own {
        let theirs = others.get(item).copied().unwrap_or(0);
        new += u64::from(*count > 0 && theirs == 0);
        writeln!(text, "| {item} | {count} | {theirs} |")?;
    }
    let some = |counts: &BTreeMap<String, u64>| counts.values().filter(|n| **n > 0).count();
    let (items, some_own, some_others) = (own.len(), some(&own), some(&others));
    let line = format!(
        "Of {items} items the suite exercises {some_own}, the others {some_others}; \
         {new} that the others do not."
    );
    say(&line);
    writeln!(text, "\n{line}")?;
    Ok(text)
}

/// By `vav1d suite-info`: streams by item, and all streams.
fn counts(wanted: &Wanted, suites: &[PathBuf]) -> Result<(BTreeMap<String, u64>, u64)> {
    let mut command = Command::new(&wanted.judges.program);
    let output = command.args(["--json", "-q", "suite-info"]).args(suites).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last: Value = serde_json::from_str(text.lines().last().context("no record")?)?;
    let data = &last["data"];
    let counts = data["counts"].as_object().context("no counts")?;
    let counts = counts.iter().map(|(item, n)| (item.clone(), n.as_u64().unwrap_or(0))).collect();
    Ok((counts, data["vectors"].as_u64().unwrap_or(0)))
}
