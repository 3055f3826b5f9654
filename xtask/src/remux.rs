//! `cargo xtask remux`: streams that ffmpeg, mkvmerge and GStreamer put into other containers decode to
//! the same pictures.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::say;
use crate::streams::{every, find_all};

/// Where the files go.
const FOLDER: &str = "target/remux";

/// Who makes a file.
#[derive(Clone, Copy)]
enum By {
    /// ffmpeg, with options for the input and the output.
    Ffmpeg(&'static [&'static str], &'static [&'static str]),
    /// mkvmerge, with options for the output and the input.
    Mkvmerge(&'static [&'static str], &'static [&'static str]),
    /// An element of this machine's GStreamer, with its properties.
    Gstreamer(&'static str),
    /// The same of the peers' GStreamer.
    NewGstreamer(&'static str),
}

/// The programs that may be newer than this machine's.
struct Tools {
    ffmpeg: PathBuf,
    gstreamer: PathBuf,
}

impl Tools {
    /// Those in `folder`, where they are there.
    fn of(folder: &Path) -> Self {
        let ffmpeg = Some(folder.join("sid-ffmpeg")).filter(|ffmpeg| ffmpeg.exists());
        let ffmpeg = ffmpeg.unwrap_or_else(|| "ffmpeg".into());
        Self { ffmpeg, gstreamer: folder.join("sid-gst-launch-1.0") }
    }
}

/// What is made: a name, the file's extension, and by whom.
const MUXINGS: [(&str, &str, By); 25] = [
    ("Matroska", "mkv", By::Ffmpeg(&[], &[])),
    ("Matroska, short clusters", "mkv", By::Ffmpeg(&[], &["-cluster_time_limit", "100"])),
    ("WebM", "webm", By::Ffmpeg(&[], &[])),
    ("WebM, live", "webm", By::Ffmpeg(&[], &["-live", "1"])),
    ("MP4", "mp4", By::Ffmpeg(&[], &[])),
    ("MP4, tables first", "mp4", By::Ffmpeg(&[], &["-movflags", "faststart"])),
    ("MP4, groups", "mp4", By::Ffmpeg(&[], &["-movflags", "frag_keyframe+empty_moov"])),
    ("MP4, frames", "mp4", By::Ffmpeg(&[], &["-movflags", "frag_every_frame"])),
    ("MP4, CMAF", "mp4", By::Ffmpeg(&[], &["-movflags", "cmaf+frag_keyframe"])),
    ("MP4, edit list", "mp4", By::Ffmpeg(&["-itsoffset", "0.3"], &[])),
    ("mkvmerge", "mkv", By::Mkvmerge(&[], &[])),
    ("mkvmerge, WebM", "webm", By::Mkvmerge(&["--webm"], &[])),
    ("mkvmerge, zlib", "mkv", By::Mkvmerge(&[], &["--compression", "0:zlib"])),
    ("mkvmerge, short clusters", "mkv", By::Mkvmerge(&["--cluster-length", "100ms"], &[])),
    ("mkvmerge, no index", "mkv", By::Mkvmerge(&["--no-cues", "--disable-lacing"], &[])),
    ("GStreamer, Matroska", "mkv", By::Gstreamer("matroskamux")),
    ("GStreamer, WebM", "webm", By::Gstreamer("webmmux")),
    ("GStreamer, WebM as a stream", "webm", By::Gstreamer("webmmux streamable=true")),
    ("GStreamer, MP4", "mp4", By::Gstreamer("mp4mux")),
    ("GStreamer, MP4 in fragments", "mp4", By::Gstreamer("mp4mux fragment-duration=100")),
    ("newer GStreamer, Matroska", "mkv", By::NewGstreamer("matroskamux")),
    ("newer GStreamer, WebM", "webm", By::NewGstreamer("webmmux")),
    ("newer GStreamer, WebM as a stream", "webm", By::NewGstreamer("webmmux streamable=true")),
    ("newer GStreamer, MP4", "mp4", By::NewGstreamer("mp4mux")),
    ("newer GStreamer, MP4 in fragments", "mp4", By::NewGstreamer("mp4mux fragment-duration=100")),
];

/// What became of a stream in one container.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// All pictures are those of the stream as it was, from a file and through a pipe.
    Exact,
    /// The muxer does not write it, and why.
    Refused(String),
    /// Other pictures, or none.
    Wrong(String),
}

/// Puts the streams below `dirs` into containers with the ffmpeg of `tools`, or this machine's, its
/// mkvmerge and GStreamer, and the GStreamer of `tools`, and prints a table.
pub(crate) fn run(program: &Path, tools: &Path, dirs: &[PathBuf]) -> Result<()> {
    let tools = Tools::of(tools);
    let folder = crate::root().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let streams = find_all(dirs)?;
    let outcomes = every(&streams, |stream| one(program, &tools, &folder, stream));
    say("| Container | Streams | Exact | Refused by the muxer | Wrong |");
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
fn one(program: &Path, tools: &Tools, folder: &Path, stream: &Path) -> Result<Vec<Outcome>> {
    let right = hashes(program, stream, false)?;
    if right.is_empty() {
        bail!("no pictures");
    }
    let stem = stream.file_stem().context("a stream without a name")?.to_string_lossy();
    let mut outcomes = Vec::new();
    for (index, (_, extension, by)) in MUXINGS.iter().enumerate() {
        let file = folder.join(format!("{stem}-{index}.{extension}"));
        let output = match command(tools, stream, &file, *by).output() {
            Ok(output) => output,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                outcomes.push(Outcome::Refused("it is not installed".to_owned()));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let is_written = file.metadata().is_ok_and(|file| file.len() > 0);
        // 1 is that of mkvmerge's warnings.
        let is_done = output.status.success()
            || output.status.code() == Some(1) && matches!(by, By::Mkvmerge(..));
        outcomes.push(match is_done && is_written {
            true => match compared(program, &file, &right) {
                Outcome::Wrong(_) if !is_decoded(&tools.ffmpeg, &file) => {
                    Outcome::Refused("ffmpeg decodes nothing of what it writes".to_owned())
                }
                outcome => outcome,
            },
            false => {
                let said = [output.stderr, output.stdout].concat();
                let said = String::from_utf8_lossy(&said);
                let told = said.lines().find(|line| line.to_lowercase().contains("error"));
                let told = told.or(said.lines().next()).unwrap_or("nothing was said");
                Outcome::Refused(told.to_owned())
            }
        });
        std::fs::remove_file(&file).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
    }
    Ok(outcomes)
}

/// What puts `stream` into `file`.
fn command(tools: &Tools, stream: &Path, file: &Path, by: By) -> Command {
    match by {
        By::Ffmpeg(before, after) => {
            let mut command = Command::new(&tools.ffmpeg);
            command.args(["-nostdin", "-v", "error", "-y"]).args(before).arg("-i").arg(stream);
            command.args(["-c", "copy"]).args(after).arg(file);
            command
        }
        By::Mkvmerge(of_file, of_stream) => {
            let mut command = Command::new("mkvmerge");
            command.args(of_file).arg("-o").arg(file).args(of_stream).arg(stream);
            command
        }
        By::Gstreamer(muxer) | By::NewGstreamer(muxer) => {
            let is_ivf = stream.extension().is_some_and(|extension| extension == "ivf");
            // A pipeline that cannot link waits for ever.
            let mut command = Command::new("timeout");
            command.arg("20").arg(match by {
                By::NewGstreamer(_) => tools.gstreamer.as_path(),
                _ => Path::new("gst-launch-1.0"),
            });
            let from = format!("location={}", stream.display());
            let to = format!("location={}", file.display());
            command.args(["-q", "filesrc"]).arg(from).arg("!");
            command.args(if is_ivf { &["ivfparse", "!"][..] } else { &[] });
            command.args(["av1parse", "!"]).args(muxer.split(' ')).args(["!", "filesink"]).arg(to);
            command
        }
    }
}

/// Whether ffmpeg decodes any picture of `file`: a muxer may make of a stream what is none.
fn is_decoded(ffmpeg: &Path, file: &Path) -> bool {
    let mut command = Command::new(ffmpeg);
    command.args(["-nostdin", "-v", "quiet", "-i"]).arg(file).args(["-f", "framemd5", "-"]);
    command.output().is_ok_and(|output| {
        let mut rows = output.stdout.split(|byte| *byte == b'\n');
        rows.any(|row| row.first().is_some_and(|first| *first != b'#'))
    })
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
