//! `vav1d stress`: streams in other forms, drawn at random, on a device.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Parser;

use super::args::{Cli, Command as Asked};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::{self, Notices};
use super::stress_args::StressArgs;
use super::verify;
use av1_rewrite::read;
use av1_rewrite::slots::shown;
use av1_rewrite::stream::Stream;
use vav1d::container;
use vav1d::limits::Limits;
use vav1d_lab::conform::{Expected, Vector, suite};
use vav1d_lab::stress::{Drawer, Drawn, Original};

/// The suite of what was drawn, and the commands that make its streams again.
const SUITE: &str = "manifest.toml";
const COMMANDS: &str = "commands.txt";

pub(super) fn run(args: &StressArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let unwritten =
        |e: std::io::Error| Failure::new(Exit::Output, format!("{}: {e}", args.output.display()));
    let folder = &args.output;
    if folder.join(SUITE).exists() {
        let why = format!("{}: there is a suite in it already", folder.display());
        return Err(Failure::new(Exit::Usage, why));
    }
    let vectors = suite::load_all(&args.suites).map_err(|why| Failure::new(Exit::NoInput, why))?;
    let originals = originals(vectors, notices);
    if originals.is_empty() {
        return Err(Failure::new(Exit::NoInput, "there is no stream that can be rewritten"));
    }
    std::fs::create_dir_all(folder).map_err(unwritten)?;
    let made = made(args, &originals, notices)?;
    let entries: String = made.iter().map(Made::entry).collect();
    std::fs::write(folder.join(SUITE), entries).map_err(unwritten)?;
    let commands = made.iter().map(|made| format!("{}\n", made.command));
    std::fs::write(folder.join(COMMANDS), commands.collect::<String>()).map_err(unwritten)?;
    let exit = verified(args, json, notices)?;
    let passed = passed(&folder.join("report/results.csv")).map_err(unwritten)?;
    let (mut failed, mut text) = (0, String::new());
    for made in &made {
        if passed.get(&made.name).is_some_and(|passed| *passed) {
            if !args.keep {
                std::fs::remove_file(folder.join(&made.file)).map_err(unwritten)?;
            }
            continue;
        }
        failed += 1;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", made.command);
    }
    let kept = folder.display();
    if failed > 0 {
        notices.notice(&format!("{failed} streams are kept in {kept}; they are made again by"));
        // With --json standard output has records alone; the commands are in a file, too.
        match json {
            true => notices.notice(text.trim_end()),
            false => output::stdout().write_all(text.as_bytes()).map_err(Failure::output)?,
        }
    }
    Ok(exit)
}

/// The streams that can be rewritten; what is left out is said.
fn originals(vectors: Vec<Vector>, notices: &Notices) -> Vec<Original> {
    let mut originals = Vec::new();
    for vector in vectors {
        match stream(&vector) {
            Ok(stream) => originals.push(Original { vector, stream }),
            Err(why) => notices.notice(&format!("{}: left out: {why}", vector.name)),
        }
    }
    originals
}

fn stream(vector: &Vector) -> anyhow::Result<Stream> {
    if vector.operating_point != 0 || vector.limit.is_some() {
        anyhow::bail!("a part of it is decoded");
    }
    if let Ok(Some(oracle)) = &vector.oracle
        && oracle.semantics.all_layers
    {
        anyhow::bail!("all of its layers are output");
    }
    let file = Box::new(std::fs::File::open(&vector.input)?);
    let mut source = container::open_file(file, None, Limits::default())?;
    let mut reader = read::Reader::default();
    while let Some(unit) = source.next_unit()? {
        reader.unit(&unit)?;
    }
    let mut stream = reader.finish()?;
    stream.time_base = source.info().time_base;
    if stream.frames().next().is_none() {
        anyhow::bail!("there is no frame in it");
    }
    Ok(stream)
}

/// A stream that was made.
struct Made {
    /// Its name in the report.
    name: String,
    /// Its name in the suite.
    entry: String,
    /// The file, below the folder.
    file: PathBuf,
    /// The hash of each picture.
    frames: Vec<String>,
    command: String,
}

impl Made {
    /// What the suite says of it.
    fn entry(&self) -> String {
        let list: Vec<_> = self.frames.iter().map(|md5| format!("\"{md5}\"")).collect();
        let (name, file) = (&self.entry, self.file.display());
        let list = list.join(", ");
        format!("[[stream]]\nname = \"{name}\"\nfile = \"{file}\"\nframes = [{list}]\n\n")
    }
}

/// Draws the streams, and predicts their pictures.
fn made(args: &StressArgs, originals: &[Original], notices: &Notices) -> Result<Vec<Made>> {
    let mut drawer = Drawer::new(originals, args.neutral, args.seed);
    let mut known: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut all = Vec::new();
    let suite = args.output.canonicalize().unwrap_or_else(|_| args.output.clone());
    let suite = suite.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bar = notices.progress(args.count.into(), "streams");
    for number in 0..args.count {
        let Some(drawn) = drawer.draw() else { break };
        let Some(original) = originals.get(drawn.original) else { break };
        let stem = original.vector.input.file_stem().unwrap_or_default().to_string_lossy();
        let plain: String =
            stem.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let entry = format!("{number:04}-{plain}");
        let file = PathBuf::from(format!("{entry}.ivf"));
        let path = args.output.join(&file);
        std::fs::write(&path, &drawn.file)
            .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", path.display())))?;
        let frames = predicted(original, &drawn, &path, &mut known)?;
        let command = command(&original.vector.input, &drawn, &path);
        all.push(Made { name: format!("{suite}/{entry}"), entry, file, frames, command });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all)
}

/// The command that makes a stream again.
fn command(input: &Path, drawn: &Drawn, path: &Path) -> String {
    let (input, how, path) = (input.display(), drawn.how(), path.display());
    format!("vav1d rewrite '{input}' --how {how} --seed {} -o '{path}'", drawn.seed)
}

/// The hash of each picture of a stream: those of the original, by what it shows; where pictures are
/// others, softvk's.
fn predicted(
    original: &Original,
    drawn: &Drawn,
    path: &Path,
    known: &mut BTreeMap<usize, Vec<String>>,
) -> Result<Vec<String>> {
    if drawn.alters_pictures() {
        return by_softvk(path);
    }
    let own = match known.get(&drawn.original) {
        Some(own) => own.clone(),
        None => {
            let own = match &original.vector.oracle {
                Ok(Some(oracle)) => match &oracle.expected {
                    Expected::Frames(frames) if !oracle.semantics.grey_planes => frames.clone(),
                    _ => by_softvk(&original.vector.input)?,
                },
                _ => by_softvk(&original.vector.input)?,
            };
            known.insert(drawn.original, own.clone());
            own
        }
    };
    let before = shown(&original.stream);
    if before == drawn.shown {
        return Ok(own);
    }
    // A picture that is shown twice is the same twice.
    let of: BTreeMap<_, _> = before.iter().zip(&own).collect();
    Ok(drawn.shown.iter().filter_map(|frame| of.get(frame).map(|md5| (*md5).clone())).collect())
}

/// The hash of each picture by softvk, in a process of its own.
fn by_softvk(path: &Path) -> Result<Vec<String>> {
    let own = std::env::current_exe().map_err(|e| Failure::new(Exit::Fault, e))?;
    let mut command = Command::new(own);
    command.args(["-q", "md5", "--device", "soft"]).arg(path).stderr(Stdio::piped());
    let output = command.output().map_err(|e| Failure::new(Exit::Fault, e))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let exit = output.status.code().map_or(Exit::Fault, Exit::from_code);
        return Err(Failure::new(exit, format!("{}: softvk: {}", path.display(), said.trim())));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    Ok(rows.filter_map(|row| Some(row.rsplit(',').next()?.trim().to_owned())).collect())
}

/// Runs `vav1d verify` over the suite.
fn verified(args: &StressArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let mut words: Vec<OsString> = ["vav1d", "verify", "--device"].map(Into::into).into();
    words.push(args.device.clone().into());
    words.extend([OsString::from("-o"), args.output.join("report").into()]);
    if let Some(jobs) = args.jobs {
        words.extend([OsString::from("--jobs"), jobs.to_string().into()]);
    }
    words.extend(args.validate.then(|| "--validate".into()));
    words.push(args.output.join(SUITE).into());
    words.push("--".into());
    words.extend(args.child_options.iter().cloned());
    match Cli::try_parse_from(words)?.command {
        Asked::Verify(args) => verify::run(&args, json, notices),
        _ => Err(Failure::new(Exit::Fault, "verify is no command")),
    }
}

/// Which vectors passed, by a report's list of results.
fn passed(results: &Path) -> std::io::Result<BTreeMap<String, bool>> {
    let text = std::fs::read_to_string(results)?;
    let row = |row: &str| {
        let (name, rest) = row.split_once(',')?;
        Some((name.to_owned(), rest.starts_with("Pass,")))
    };
    Ok(text.lines().filter_map(row).collect())
}
