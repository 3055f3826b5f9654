//! One run of a vector in a process of its own: what it told, and how it ended.
//!
//! Records come over a descriptor that only vav1d knows of. What a driver prints on standard output
//! or standard error goes into the log, and cannot be taken for an answer.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, PipeReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::files::named;
use super::told::Told;
use super::turns::{Turn, Turns};
use super::vector::{Expected, Semantics, Vector};
use crate::wire::FaultKind;

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

/// Options with which film grain is none of the driver's work. The last of several counts.
pub const BEFORE_GRAIN: &str = "--film-grain=cpu";

/// Time that a child has to say that the device does not answer, or to end once it has told
/// everything, before it is killed.
const GRACE: Duration = Duration::from_secs(3);
/// How often it is looked whether a child has ended.
const LOOK: Duration = Duration::from_millis(50);

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
            Expected::Frames(_) | Expected::Refused => Self::Frames,
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
    /// Its records.
    pub told: Told,
    /// The last frame that was submitted, in decoding order.
    pub submitted: Option<u64>,
    /// The last frame that ended.
    pub done: Option<u64>,
    /// Seconds that it took.
    pub seconds: f64,
}

impl Ran {
    /// Whether the device was lost, or did not answer: it may need a reset.
    fn lost_device(&self) -> bool {
        let told = |kind| self.told.fault(kind).is_some();
        told(FaultKind::Lost) || told(FaultKind::Timeout) || self.end == End::Late
    }
}

/// Runs `vector` on `device` for the hashes of its pictures in the sense of `semantics`.
///
/// # Errors
/// As those of [`call`].
pub fn run(
    program: &Program,
    device: &str,
    vector: &Vector,
    semantics: Semantics,
    hash: Hash,
    files: &Path,
    (stop, gone): (&AtomicBool, &dyn Fn()),
) -> io::Result<Ran> {
    call(program, device, &arguments(vector, semantics, hash), &vector.input, files, (stop, gone))
}

/// The same, with film grain by the host.
///
/// # Errors
/// As those of [`call`].
pub fn run_before_grain(
    program: &Program,
    device: &str,
    vector: &Vector,
    semantics: Semantics,
    hash: Hash,
    files: &Path,
    (stop, gone): (&AtomicBool, &dyn Fn()),
) -> io::Result<Ran> {
    let mut arguments = arguments(vector, semantics, hash);
    arguments.push(BEFORE_GRAIN.into());
    call(program, device, &arguments, &vector.input, files, (stop, gone))
}

/// The options of a vector.
fn arguments(vector: &Vector, semantics: Semantics, hash: Hash) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    if hash == Hash::Total {
        arguments.push("--total".into());
    }
    arguments.extend(semantics.options().into_iter().map(OsString::from));
    arguments.extend(["--operating-point".into(), vector.operating_point.to_string().into()]);
    if let Some(limit) = vector.limit {
        arguments.extend(["--limit".into(), limit.to_string().into()]);
    }
    arguments
}

/// Runs `vav1d md5` on `device` and `input` with the program's and these arguments. What the child
/// and its driver print is appended to `NAME.log`, its journal is `NAME.journal`, `files` being the
/// path of both without the ending. Where the device was lost or did not answer, `gone` is called
/// before another child gets the turn.
///
/// # Errors
/// The child cannot be started, or its files cannot be made.
pub fn call(
    program: &Program,
    device: &str,
    arguments: &[OsString],
    input: &Path,
    files: &Path,
    (stop, gone): (&AtomicBool, &dyn Fn()),
) -> io::Result<Ran> {
    let journal = with_ending(files, "journal");
    let log = with_ending(files, "log");
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder).map_err(|e| named(folder, e))?;
    }
    let mut command = command(&program.path);
    command.args(["-q", "md5", "--device", device, "--journal"]).arg(&journal);
    let seconds = program.frame_timeout.as_secs_f64().max(0.001).to_string();
    command.args(["--device-timeout", &seconds, "--spare-plants", "--keep-failed"]);
    command.args(["--after-loss", "wait"]);
    command.args(&program.arguments).args(arguments).arg("--").arg(input);
    let log = File::options().create(true).append(true).open(&log).map_err(|e| named(&log, e))?;
    let mut turn = Some(program.turns.take());
    let started = Instant::now();
    let mut talk = Talk::start(command, Some(log))?;
    let limits = Limits { silence: program.frame_timeout, all: program.timeout };
    let (end, told) = talk.listen(limits, stop, &mut |told| {
        if told.summary.is_some() {
            drop::<Option<Turn<'_>>>(turn.take());
        }
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let (submitted, done) = last_of(&journal);
    let _ = std::fs::remove_file(&journal);
    let ran = Ran { end, told, submitted, done, seconds };
    if ran.lost_device() {
        let _turn = turn.unwrap_or_else(|| program.turns.take());
        gone();
    }
    Ok(ran)
}

/// `path` with `.ending` behind it, whatever dots are in it.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// How long a child may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Without a record.
    pub(super) silence: Duration,
    /// In all.
    pub(super) all: Duration,
}

/// A child and the descriptor on which it tells its records.
#[derive(Debug)]
pub(super) struct Talk {
    child: Child,
    lines: Receiver<Line>,
    started: Instant,
}

/// A line of records, without its end.
#[derive(Debug)]
enum Line {
    Whole(Vec<u8>),
    /// The records end here, and not with a line.
    Cut(String),
}

impl Talk {
    /// Starts a [`command`] with its arguments. What it prints goes to `log`.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(mut command: Command, log: Option<File>) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let (out, err) = match log {
            Some(file) => (file.try_clone()?.into(), file.into()),
            None => (Stdio::null(), Stdio::null()),
        };
        own_group(&mut command);
        let child = command.stdin(writer).stdout(out).stderr(err).spawn();
        // The command holds the writing end, and has to go before an end can be seen.
        let program = PathBuf::from(command.get_program());
        drop(command);
        let child = child.map_err(|e| named(&program, e))?;
        Ok(Self { child, lines: lines(reader), started: Instant::now() })
    }

    /// Listens until the child has ended, or has to be killed; `each` sees what was told so far,
    /// after every record.
    ///
    /// # Errors
    /// The child cannot be killed, or waited for.
    pub(super) fn listen(
        &mut self,
        limits: Limits,
        stop: &AtomicBool,
        each: &mut dyn FnMut(&Told),
    ) -> io::Result<(End, Told)> {
        let mut told = Told::default();
        let late = self.hear(limits, stop, &mut |line| {
            match line {
                Line::Whole(line) => told.line(&line),
                Line::Cut(why) => told.cut(&why),
            }
            each(&told);
        })?;
        if late.is_some() {
            self.kill()?;
        }
        let end = match late {
            Some(end) => {
                self.child.wait()?;
                end
            }
            None => self.wait(stop)?,
        };
        Ok((end, told))
    }

    /// Hears lines until there can be no more. Why the child has to be killed, if it has.
    fn hear(
        &mut self,
        limits: Limits,
        stop: &AtomicBool,
        each: &mut dyn FnMut(Line),
    ) -> io::Result<Option<End>> {
        let mut last = Instant::now();
        let mut ended: Option<Instant> = None;
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => {
                    last = Instant::now();
                    each(line);
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                // A process that the driver has started may hold the descriptor. Where none does,
                // what is still in the pipe comes, however busy the machine is.
                Err(RecvTimeoutError::Timeout) => match ended {
                    Some(at) if at.elapsed() > GRACE => return Ok(None),
                    Some(_) => {}
                    None => ended = self.child.try_wait()?.map(|_| Instant::now()),
                },
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(Some(End::Interrupted));
            }
            if last.elapsed() > limits.silence + GRACE || self.started.elapsed() > limits.all {
                return Ok(Some(End::Late));
            }
        }
    }

    /// Kills the child, and what it has started.
    fn kill(&mut self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Some(group) =
            i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw)
        {
            // It may have ended by itself.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        self.child.kill()
    }

    /// Waits for the end of a child that has closed its records: [`GRACE`], then it is killed.
    fn wait(&mut self, stop: &AtomicBool) -> io::Result<End> {
        let closed = Instant::now();
        let mut pause = Duration::from_micros(200);
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(end(status));
            }
            if closed.elapsed() > GRACE || stop.load(Ordering::Relaxed) {
                self.kill()?;
                self.child.wait()?;
                let interrupted = stop.load(Ordering::Relaxed);
                return Ok(if interrupted { End::Interrupted } else { End::Late });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LOOK);
        }
    }
}

/// Where a child's records go: its standard input, which it does not read, is the writing end of a
/// pipe. No driver writes there, and a child is started without a fork.
const DESCRIPTOR: &str = "/dev/fd/0";

/// A vav1d that tells its records over [`DESCRIPTOR`]; arguments follow.
pub(super) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--records", DESCRIPTOR]);
    command
}

/// A child gets no signals that are meant for us: what a terminal's interrupt means to it is ours
/// to say.
fn own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Lines, as they come.
fn lines(reader: PipeReader) -> Receiver<Line> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = Vec::new();
            let read = match reader.read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) if line.pop_if(|byte| *byte == b'\n').is_some() => Line::Whole(line),
                Ok(_) => Line::Cut("its last record is cut short".to_owned()),
                Err(error) => Line::Cut(format!("its records cannot be read: {error}")),
            };
            let last = matches!(read, Line::Cut(_));
            if sender.send(read).is_err() || last {
                break;
            }
        }
    });
    receiver
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
pub fn last_of(journal: &Path) -> (Option<u64>, Option<u64>) {
    let text = std::fs::read_to_string(journal).unwrap_or_default();
    let last = |word: &str| {
        let lines = text.lines().filter_map(|line| line.strip_prefix(word));
        lines.filter_map(|rest| rest.split(' ').next()?.parse().ok()).next_back()
    };
    (last("submit "), last("done "))
}
