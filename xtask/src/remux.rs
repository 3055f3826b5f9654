//! `cargo xtask remux`: streams that ffmpeg puts into other containers decode to the same pictures.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::say;
use crate::streams::{every, find_all};

/// Where the files go.
const FOLDER: &str = "target/remux";

/// What ffmpeg makes: a name, the file's extension, options for the input and the output.
const MUXINGS: [(&str, &str, &[&str], &[&str]); 10] = [
    ("Matroska", "mkv", &[], &[]),
    ("Matroska, short clusters", "mkv", &[], &["-cluster_time_limit", "100"]),
    ("WebM", "webm", &[], &[]),
    ("WebM, live", "webm", &[], &["-live", "1"]),
    ("MP4", "mp4", &[], &[]),
    ("MP4, tables first", "mp4", &[], &["-movflags", "faststart"]),
    ("MP4, fragments of groups", "mp4", &[], &["-movflags", "frag_keyframe+empty_moov"]),
    ("MP4, fragments of frames", "mp4", &[], &["-movflags", "frag_every_frame"]),
    ("MP4, CMAF", "mp4", &[], &["-movflags", "cmaf+frag_keyframe"]),
    ("MP4, edit list", "mp4", &["-itsoffset", "0.3"], &[]),
];

/// What became of a stream in one container.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// All pictures are those of the stream as it was, from a file and through a pipe.
    Exact,
    /// ffmpeg does not write it, and why.
    Refused(String),
    /// Other pictures, or none.
    Wrong(String),
}

/// Puts the streams below `dirs` into containers with the ffmpeg of `tools`, and prints a table.
pub(crate) fn run(program: &Path, tools: &Path, dirs: &[PathBuf]) -> Result<()> {
    let ffmpeg = tools.join("sid-ffmpeg");
    let folder = crate::root().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let streams = find_all(dirs)?;
    let outcomes = every(&streams, |stream| one(program, &ffmpeg, &folder, stream));
    say("| Container | Streams | Exact | Refused by ffmpeg | Wrong |");
    say("|---|---|---|---|---|");
    let mut wrong = 0;
    for (index, (name, ..)) in MUXINGS.iter().enumerate() {
        let of_muxing = || outcomes.iter().filter_map(|(_, list)| list.as_ref().ok()?.get(index));
        let count = |is: fn(&Outcome) -> bool| of_muxing().filter(|outcome| is(outcome)).count();
        let bad = count(|o| matches!(o, Outcome::Wrong(_)));
        let refused = count(|o| matches!(o, Outcome::Refused(_)));
        let exact = count(|o| *o == Outcome::Exact);
        say(&format!("| {name} | {} | {exact} | {refused} | {bad} |", of_muxing().count()));
        wrong += bad;
    }
    for (stream, list) in &outcomes {
        let list = list.as_ref().map_err(|e| anyhow::anyhow!("{}: {e:#}", stream.display()))?;
        for (outcome, (name, ..)) in list.iter().zip(&MUXINGS) {
            match outcome {
                Outcome::Exact => {}
                Outcome::Refused(why) => say(&format!("{}: {name}: {why}", stream.display())),
                Outcome::Wrong(what) => {
                    say(&format!("{}: {name}: WRONG: {what}", stream.display()))
                }
            }
        }
    }
    match wrong {
        0 => Ok(()),
        _ => bail!("remux: {wrong} files give other pictures"),
    }
}

/// One stream in every container.
fn one(program: &Path, ffmpeg: &Path, folder: &Path, stream: &Path) -> Result<Vec<Outcome>> {
    let right = hashes(program, stream, false)?;
    if right.is_empty() {
        bail!("no pictures");
    }
    let copied = copy(ffmpeg, stream, &[], &[]).args(["-f", "framecrc", "-"]).output()?;
    if !copied.stdout.split(|byte| *byte == b'\n').any(|l| l.first().is_some_and(|b| *b != b'#')) {
        let why = "ffmpeg reads no packet of it".to_owned();
        return Ok(vec![Outcome::Refused(why); MUXINGS.len()]);
    }
    let stem = stream.file_stem().context("a stream without a name")?.to_string_lossy();
    let mut outcomes = Vec::new();
    for (index, (_, extension, before, after)) in MUXINGS.iter().enumerate() {
        let file = folder.join(format!("{stem}-{index}.{extension}"));
        let output = copy(ffmpeg, stream, before, after).arg(&file).output()?;
        outcomes.push(match output.status.success() {
            true => compared(program, &file, &right),
            false => {
                let said = String::from_utf8_lossy(&output.stderr);
                Outcome::Refused(said.lines().next().unwrap_or("nothing was said").to_owned())
            }
        });
        std::fs::remove_file(&file).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
    }
    Ok(outcomes)
}

/// ffmpeg, which copies the packets of `stream`.
fn copy(ffmpeg: &Path, stream: &Path, before: &[&str], after: &[&str]) -> Command {
    let mut command = Command::new(ffmpeg);
    command.args(["-nostdin", "-v", "error", "-y"]).args(before).arg("-i").arg(stream);
    command.args(["-c", "copy"]).args(after);
    command
}

fn compared(program: &Path, file: &Path, right: &[String]) -> Outcome {
    for piped in [false, true] {
        match hashes(program, file, piped) {
            Ok(got) if got == right => {}
            Ok(got) => {
                let same = got.iter().zip(right).take_while(|(a, b)| a == b).count();
                let (got, wanted) = (got.len(), right.len());
                return Outcome::Wrong(format!("{got} of {wanted}, the first {same} equal"));
            }
            Err(error) => return Outcome::Wrong(format!("{error:#}")),
        }
    }
    Outcome::Exact
}

/// The hashes of `vav1d md5` on softvk.
fn hashes(program: &Path, file: &Path, piped: bool) -> Result<Vec<String>> {
    let mut command = Command::new(program);
    command.args(["-q", "md5", "--device", "soft"]);
    match piped {
        true => command.arg("-").stdin(std::fs::File::open(file)?),
        false => command.arg(file),
    };
    let output = command.output()?;
    if !output.status.success() {
        bail!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    Ok(rows.filter_map(|row| Some(row.rsplit(',').next()?.trim().to_owned())).collect())
}
