//! What ffmpeg and vav1d make of a file: the hashes of the pictures, and how they ended.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Longest time for one file.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a file is given to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    File,
    Pipe,
}

/// What a program made of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Played {
    /// The exit status; `None` for a signal, or if it took too long.
    pub(super) exit: Option<i32>,
    /// The MD5 of each picture.
    pub(super) pictures: Vec<String>,
    /// What it said last.
    pub(super) said: String,
}

/// ffmpeg with its decoder of one thread, so that what it makes of damage is the same every time.
pub(super) fn ffmpeg(program: &Path, file: &Path, way: Way) -> Result<Played> {
    let mut command = Command::new(program);
    command.args(["-nostdin", "-v", "error", "-noautorotate", "-threads", "1", "-i"]);
    match way {
        Way::File => command.arg(file),
        Way::Pipe => command.arg("pipe:0"),
    };
    command.args(["-an", "-sn", "-dn", "-fps_mode", "passthrough", "-f", "framemd5", "-"]);
    let played = run(command, file, way)?;
    Ok(Played { pictures: rows(&played.stdout), ..end(&played) })
}

/// vav1d on softvk.
pub(super) fn vav1d(program: &Path, file: &Path, way: Way, more: &[&str]) -> Result<Played> {
    let mut command = Command::new(program);
    command.args(["-q", "md5", "--device", "soft"]).args(more);
    match way {
        Way::File => command.arg(file),
        Way::Pipe => command.arg("-"),
    };
    let played = run(command, file, way)?;
    Ok(Played { pictures: rows(&played.stdout), ..end(&played) })
}

/// Runs `command`, and ends it where it takes too long.
fn run(mut command: Command, file: &Path, way: Way) -> Result<Output> {
    let stdin = match way {
        Way::File => Stdio::null(),
        Way::Pipe => piped(file)?,
    };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().with_context(|| format!("{command:?}"))?;
    let id = child.id();
    let waiting = std::thread::spawn(move || child.wait_with_output());
    let until = Instant::now() + PATIENCE;
    while !waiting.is_finished() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
    if !waiting.is_finished() {
        Command::new("kill").args(["-9", &id.to_string()]).status()?;
    }
    Ok(waiting.join().map_err(|_| anyhow::anyhow!("a thread has panicked"))??)
}

/// A pipe with the bytes of `file`, which one cannot go back in.
fn piped(file: &Path) -> Result<Stdio> {
    let mut cat = Command::new("cat");
    let mut cat = cat.stdin(File::open(file)?).stdout(Stdio::piped()).spawn()?;
    let output = cat.stdout.take().context("cat has no output")?;
    // It ends when what it writes to does.
    std::thread::spawn(move || cat.wait());
    Ok(output.into())
}

fn end(output: &Output) -> Played {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().to_owned();
    Played { exit: output.status.code(), pictures: Vec::new(), said }
}

/// The last column of each row: framemd5's form, which is vav1d's too.
fn rows(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let rows = text.lines().filter(|line| !line.starts_with('#') && line.contains(','));
    rows.filter_map(|row| Some(row.rsplit(',').next()?.trim().to_owned())).collect()
}
