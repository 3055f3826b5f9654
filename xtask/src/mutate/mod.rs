//! `cargo xtask mutate`: damaged streams through `vav1d md5`, in children and in one process. No
//! panic, no hang, no more memory than there is for; what comes before the damage is unchanged.

pub(crate) mod mutation;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use wait4::Wait4 as _;

use crate::streams::{every, find_all};
use crate::{build, say};
use mutation::{Ivf, Mutated, Random, mutate};

/// Longest time for one stream.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most memory for one stream, in bytes: a frame may have 142,606,336 samples (av1-syntax, limits.rs), and
/// there may be nine of them.
const MEMORY: u64 = 3 << 30;
/// Streams that one process decodes.
const TOGETHER: usize = 200;
/// Where streams are kept while they are used, and those that failed afterwards.
const FOLDER: &str = "target/mutate";

/// Presentation time and MD5 of the frames of a stream.
type Frames = Vec<(Option<u64>, String)>;

/// A sample, and what it decodes to.
struct Original {
    name: String,
    ivf: Ivf,
    frames: Frames,
}

/// Runs `count` damaged streams, made of the samples with `seed`.
pub(crate) fn run(count: usize, seed: u64) -> Result<()> {
    let program = build::release()?;
    let folder = crate::root().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let originals = originals(&program)?;
    let started = Instant::now();
    let (mut failures, mut exits) = (Vec::new(), BTreeMap::new());
    let mut done = 0;
    while done < count {
        let n = TOGETHER.min(count - done);
        let made = (done..done + n).map(|i| make(&originals, &folder, seed, i));
        let made = made.collect::<Result<Vec<_>>>()?;
        failures.extend(children(&program, &originals, &made, &mut exits));
        failures.extend(together(&program, &made)?);
        for case in &made {
            if !failures.iter().any(|(path, _)| *path == case.path) {
                std::fs::remove_file(&case.path)?;
            }
        }
        done += n;
        let seconds = started.elapsed().as_secs_f64();
        say(&format!("mutate: {done} of {count}, {} failed, {seconds:.0} s", failures.len()));
    }
    for (exit, n) in exits {
        say(&format!("mutate: exit {exit}: {n} streams"));
    }
    for (path, why) in &failures {
        say(&format!("FAIL {}: {why}", path.display()));
    }
    if !failures.is_empty() {
        bail!("mutate: {} failures in {count} streams (seed {seed})", failures.len());
    }
    Ok(())
}

/// The samples in IVF, with what they decode to.
fn originals(program: &Path) -> Result<Vec<Original>> {
    let mut originals = Vec::new();
    for path in find_all(&[crate::root().join("samples")])? {
        if path.extension().is_none_or(|e| e != "ivf") {
            continue;
        }
        let ivf = Ivf::parse(&std::fs::read(&path)?)?;
        let (ran, frames) = decode(program, &path)?;
        // Those that vav1d does not decode as they are cannot be compared with.
        if ran == Ran::Exit(0) && !ivf.units.is_empty() {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            originals.push(Original { name, ivf, frames });
        }
    }
    if originals.is_empty() {
        bail!("no samples");
    }
    Ok(originals)
}

/// A damaged stream on disk.
struct Case {
    path: PathBuf,
    /// Index of the sample.
    original: usize,
    what: &'static str,
    first: usize,
}

fn make(originals: &[Original], folder: &Path, seed: u64, number: usize) -> Result<Case> {
    let mut random = Random::new(seed.wrapping_add(number as u64).wrapping_mul(0x2545_f491));
    let index = random.below(originals.len());
    let other = random.below(originals.len());
    let Original { name, ivf, .. } = &originals[index];
    let Mutated { bytes, what, first } = mutate(ivf, &originals[other].ivf, &mut random);
    let path = folder.join(format!("{number:06}-{name}.ivf"));
    std::fs::write(&path, bytes)?;
    Ok(Case { path, original: index, what, first })
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ran {
    Exit(i32),
    Signal,
    Late,
    /// This many bytes of memory at its peak.
    Memory(u64),
}

/// Runs `vav1d md5` on `path`: how it ended, and the frames that it delivered.
fn decode(program: &Path, path: &Path) -> Result<(Ran, Frames)> {
    let mut child = Command::new(program)
        .args(["--json", "-q", "md5", "--device", "soft:threads=2"])
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let output = BufReader::new(child.stdout.take().context("no output")?);
    let (lines, received) = channel();
    let reader = std::thread::spawn(move || {
        output.lines().map_while(Result::ok).for_each(|line| drop(lines.send(line)));
    });
    let end = Instant::now() + PATIENCE;
    let mut frames = Vec::new();
    let mut late = false;
    loop {
        match received.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => frames.extend(frame(&line)),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                late = true;
                child.kill()?;
                break;
            }
        }
    }
    let used = child.wait4()?;
    // It ends with its pipe.
    let _ended = reader.join();
    let ran = match used.status.code() {
        _ if late => Ran::Late,
        _ if used.rusage.maxrss > MEMORY => Ran::Memory(used.rusage.maxrss),
        Some(code) => Ran::Exit(code),
        None => Ran::Signal,
    };
    Ok((ran, frames))
}

/// The frame of a JSON line.
fn frame(line: &str) -> Option<(Option<u64>, String)> {
    let record: Value = serde_json::from_str(line).ok()?;
    let data = record.get("data").filter(|_| record["type"] == "frame")?;
    Some((data["pts"].as_u64(), data["md5"].as_str()?.to_owned()))
}

/// Every stream in a process of its own; `exits` counts how they end.
fn children(
    program: &Path,
    originals: &[Original],
    cases: &[Case],
    exits: &mut BTreeMap<i32, usize>,
) -> Vec<(PathBuf, String)> {
    let paths: Vec<_> = cases.iter().map(|case| case.path.clone()).collect();
    let ran = every(&paths, |path| decode(program, path));
    let mut failures = Vec::new();
    for (case, (path, outcome)) in cases.iter().zip(ran) {
        if let Ok((Ran::Exit(code), _)) = &outcome {
            *exits.entry(*code).or_default() += 1;
        }
        let why = match outcome {
            Ok((Ran::Exit(0 | 65 | 66 | 69), frames)) => {
                changed(&originals[case.original], case.first, &frames)
            }
            Ok((other, _)) => Some(format!("{other:?}")),
            Err(error) => Some(format!("{error:#}")),
        };
        failures
            .extend(why.map(|why| (path, format!("{} in unit {}: {why}", case.what, case.first))));
    }
    failures
}

/// What differs of the frames before unit `first`, if anything does.
fn changed(original: &Original, first: usize, frames: &Frames) -> Option<String> {
    let time = original.ivf.units.get(first).map(|(pts, _)| *pts)?;
    let before = original.frames.iter().take_while(|(pts, _)| pts.is_some_and(|pts| pts < time));
    let expected: Vec<_> = before.collect();
    let same = expected.iter().zip(frames).take_while(|(a, b)| **a == *b).count();
    (same < expected.len())
        .then(|| format!("frame {same} of {} before the damage is not the same", expected.len()))
}

/// All streams one after the other in one process.
fn together(program: &Path, cases: &[Case]) -> Result<Vec<(PathBuf, String)>> {
    let mut command = Command::new(program.with_file_name("examples").join("many"));
    command.args(cases.iter().map(|case| &case.path));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let output = BufReader::new(child.stdout.take().context("no output")?);
    let (lines, received) = channel();
    let reader = std::thread::spawn(move || {
        output.lines().map_while(Result::ok).for_each(|line| drop(lines.send(line)));
    });
    let mut ended = 0;
    let late = loop {
        match received.recv_timeout(PATIENCE) {
            Ok(_) => ended += 1,
            Err(RecvTimeoutError::Disconnected) => break false,
            Err(RecvTimeoutError::Timeout) => break true,
        }
    };
    if late {
        child.kill()?;
    }
    let used = child.wait4()?;
    // It ends with its pipe.
    let _ended = reader.join();
    let peak = used.rusage.maxrss;
    let why = match (late, used.status.success()) {
        (true, _) => Some("hangs in one process".to_owned()),
        (false, false) => Some(format!("ends the one process: {}", used.status)),
        (false, true) if peak > MEMORY => Some(format!("one process had {peak} bytes")),
        (false, true) => None,
    };
    let at = cases.get(ended).or(cases.last()).map(|case| case.path.clone());
    Ok(at.into_iter().zip(why).collect())
}
