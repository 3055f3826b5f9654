//! One run of a vector in a process of its own: what it printed, and how it ended.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::turns::{Turn, Turns};
use super::vector::{Expected, Semantics, Vector};

/// How children are run.
#[derive(Debug)]
pub struct Program {
    /// The program: vav1d.
    pub path: PathBuf,
    /// The judged device, as `--device` takes it.
    pub device: String,
    /// More options of `md5`.
    pub arguments: Vec<OsString>,
    /// Longest time without a picture.
    pub frame_timeout: Duration,
    /// Longest time of a run.
    pub timeout: Duration,
    /// How many children may decode at once.
    pub turns: Turns,
}

/// Time that a child has to say that the device does not answer, before it is killed.
const GRACE: Duration = Duration::from_secs(3);

/// What is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// All output pictures together.
    Total,
    /// Each of them.
    Frames,
}

impl Hash {
    /// What is to be compared with `expected`.
    pub fn of(expected: &Expected) -> Self {
        match expected {
            Expected::Total(_) => Self::Total,
            Expected::Frames(_) => Self::Frames,
        }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this exit code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It was killed for taking too long.
    Late,
    /// It was killed because the user interrupted.
    Interrupted,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// Whether it came to the end of the stream.
    pub ended: bool,
    /// How many output pictures came.
    pub pictures: usize,
    /// MD5 of each, if that was asked for.
    pub frames: Vec<String>,
    /// MD5 of all of them, if that was asked for and the run came to its end.
    pub total: Option<String>,
    /// Kind and text of each fault.
    pub faults: Vec<(String, String)>,
    /// Messages of the validation layer.
    pub messages: Vec<String>,
    /// The device's name.
    pub device: Option<String>,
    /// The last frame that was submitted, in decoding order.
    pub submitted: Option<u64>,
    /// The last frame that ended.
    pub done: Option<u64>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Runs `vector` on `device` for the hashes of its pictures in the sense of `semantics`. What the
/// child says on standard error is appended to `NAME.log`, its journal is `NAME.journal`, `files`
/// being the path of both without the ending.
///
/// # Errors
/// The child cannot be started, or its files cannot be made.
pub fn run(
    program: &Program,
    device: &str,
    vector: &Vector,
    semantics: Semantics,
    hash: Hash,
    files: &Path,
    stop: &AtomicBool,
) -> io::Result<Ran> {
    let journal = with_ending(files, "journal");
    let log = with_ending(files, "log");
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut command = Command::new(&program.path);
    command.args(["--json", "-q", "md5", "--device", device, "--journal"]).arg(&journal);
    if hash == Hash::Total {
        command.arg("--total");
    }
    let seconds = program.frame_timeout.as_secs_f64().max(0.001).to_string();
    command.args(["--device-timeout", &seconds]);
    if !semantics.film_grain {
        command.args(["--film-grain", "off"]);
    }
    if semantics.all_layers {
        command.arg("--all-layers");
    }
    if semantics.grey_planes {
        command.arg("--grey-planes");
    }
    command.args(["--operating-point", &vector.operating_point.to_string()]);
    if let Some(limit) = vector.limit {
        command.args(["--limit", &limit.to_string()]);
    }
    command.args(&program.arguments).arg("--").arg(&vector.input);
    let log = File::options().create(true).append(true).open(log)?;
    let mut turn = Some(program.turns.take());
    let started = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
    let lines = lines(&mut child);
    let mut ran = Ran {
        end: End::Late,
        ended: false,
        pictures: 0,
        frames: Vec::new(),
        total: None,
        faults: Vec::new(),
        messages: Vec::new(),
        device: None,
        submitted: None,
        done: None,
        seconds: 0.0,
    };
    let late = read(program, &lines, started, stop, &mut ran, &mut turn);
    if late.is_some() {
        child.kill()?;
    }
    let status = child.wait()?;
    ran.end = late.unwrap_or_else(|| end(status));
    ran.seconds = started.elapsed().as_secs_f64();
    (ran.submitted, ran.done) = last_of(&journal);
    let _ = std::fs::remove_file(&journal);
    Ok(ran)
}

/// `path` with `.ending` behind it, whatever dots are in it.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// The child's lines, as they come.
fn lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(out) = child.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

/// The lines that `command` prints within `timeout`; then it is killed. `None` if it cannot be
/// started.
pub(super) fn output(mut command: Command, timeout: Duration) -> Option<Vec<String>> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let (started, printed) = (Instant::now(), lines(&mut child));
    let mut all = Vec::new();
    loop {
        match printed.recv_timeout(timeout.saturating_sub(started.elapsed())) {
            Ok(line) => all.push(line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                // It may have ended by itself.
                let _ = child.kill();
                break;
            }
        }
    }
    child.wait().ok()?;
    Some(all)
}

/// Reads until the child closes its output; its turn ends when it has told its result. Why it has
/// to be killed before that, if it has.
fn read(
    program: &Program,
    lines: &Receiver<String>,
    started: Instant,
    stop: &AtomicBool,
    ran: &mut Ran,
    turn: &mut Option<Turn<'_>>,
) -> Option<End> {
    let mut last = Instant::now();
    loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => {
                last = Instant::now();
                if let Ok(record) = serde_json::from_str(&line) {
                    ran.take(&record);
                }
                if ran.ended {
                    *turn = None;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if stop.load(Ordering::Relaxed) {
            return Some(End::Interrupted);
        }
        if last.elapsed() > program.frame_timeout + GRACE || started.elapsed() > program.timeout {
            return Some(End::Late);
        }
    }
}

impl Ran {
    fn take(&mut self, record: &Value) {
        let data = &record["data"];
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        match record["type"].as_str().unwrap_or_default() {
            "header" => self.device = data["device"].as_str().map(str::to_owned),
            "frame" => {
                self.pictures += 1;
                self.frames.extend(data["md5"].as_str().map(str::to_owned));
            }
            "fault" => self.faults.push((text("kind"), text("message"))),
            "message" => self.messages.push(format!("{}: {}", text("id"), text("text"))),
            "summary" => {
                self.ended = true;
                self.total = data["md5"].as_str().map(str::to_owned);
            }
            _ => {}
        }
    }

    /// The text of the first fault of this kind.
    pub fn fault(&self, kind: &str) -> Option<&str> {
        self.faults.iter().find(|(k, _)| k == kind).map(|(_, text)| text.as_str())
    }
}

#[cfg(unix)]
fn end(status: ExitStatus) -> End {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exit(code),
        (None, signal) => End::Signal(signal.unwrap_or(0)),
    }
}

#[cfg(not(unix))]
fn end(status: ExitStatus) -> End {
    End::Exit(status.code().unwrap_or(-1))
}

/// The last frames that a journal says were submitted, and ended.
fn last_of(journal: &Path) -> (Option<u64>, Option<u64>) {
    let text = std::fs::read_to_string(journal).unwrap_or_default();
    let last = |word: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(word));
        lines.filter_map(|rest| rest.split(' ').next()?.parse().ok()).next_back()
    };
    (last("submit "), last("done "))
}
