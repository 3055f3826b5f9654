//! `vav1d compare` in a process of its own, so that a driver that ends it is said to, with the frame
//! that it had.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use super::args::CompareArgs;
use super::compare_report::{headline, tell};
use super::comparison::{Comparison, Ended};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::Notices;
use super::stop::{self, Stop};
use super::{input, options};
use vav1d_lab::compare::{Graph, Judge};
use vav1d_lab::conform::child::last_of;
use vav1d_lab::conform::runner;

/// Lines of what the process has judged.
pub(super) const JUDGED: &str = "judged";
/// The line with the exit code that the process ends with.
pub(super) const END: &str = "end";

/// Its journal.
pub(super) fn journal(folder: &Path, args: &CompareArgs) -> PathBuf {
    args.pipeline.journal.clone().unwrap_or_else(|| folder.join("journal"))
}

/// How often it is looked whether the process has ended.
const LOOK: Duration = Duration::from_millis(10);
/// Time beyond that of two waits for the device without any progress, before a process is killed
/// that does not notice that its driver hangs.
const GRACE: Duration = Duration::from_secs(10);

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How the process ended, if it did not end by itself.
enum End {
    By(ExitStatus),
    Hang,
    Stopped(i32),
}

/// Runs the comparison of `words`, which were parsed to `args`.
pub(super) fn run(
    args: &CompareArgs,
    words: &[OsString],
    json: bool,
    notices: &Notices,
) -> Result<Exit> {
    let folder = Folder(runner::scratch(&std::env::temp_dir()));
    std::fs::create_dir_all(&folder.0)
        .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", folder.0.display())))?;
    let stop = Stop::by_signals();
    let mut child = start(words, &folder.0)?;
    let silence = Duration::from_secs_f64(args.pipeline.device_timeout) * 2 + GRACE;
    let files = [folder.0.join(JUDGED), journal(&folder.0, args)];
    let end = watch(&mut child, &files, silence, &stop)
        .map_err(|e| Failure::new(Exit::Fault, format!("the process that compares: {e}")))?;
    let what = match end {
        End::By(status) => match status.code() {
            Some(code) if told(&folder.0) == Some(code) => return Ok(Exit::from_code(code)),
            Some(code) => format!("the process was ended with exit code {code}"),
            None => format!("crash: {}", signal_of(status)),
        },
        End::Hang => "hang".to_owned(),
        End::Stopped(signal) => {
            drop(folder);
            return Ok(stop::end(signal));
        }
    };
    report(args, &folder.0, what, json, notices)
}

/// The exit code that the process said it would end with.
fn told(folder: &Path) -> Option<i32> {
    let text = std::fs::read_to_string(folder.join(JUDGED)).ok()?;
    text.lines().last()?.strip_prefix(END)?.trim().parse().ok()
}

#[cfg(unix)]
fn signal_of(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    format!("signal {}", status.signal().unwrap_or_default())
}

#[cfg(not(unix))]
fn signal_of(status: ExitStatus) -> String {
    status.to_string()
}

/// The same command, told that it is watched. It dies with this process.
fn start(words: &[OsString], folder: &Path) -> Result<Child> {
    let own = std::env::current_exe().map_err(|e| Failure::new(Exit::Fault, e))?;
    let at = words.iter().position(|word| word == "compare").map_or(words.len(), |at| at + 1);
    let (before, after) = words.split_at(at);
    let mut command = Command::new(&own);
    command.args(before.iter().skip(1)).arg("--guarded").arg(folder).args(after);
    command.spawn().map_err(|e| Failure::new(Exit::Fault, format!("{}: {e}", own.display())))
}

/// Waits for the process, as long as it gets on.
fn watch(
    child: &mut Child,
    files: &[PathBuf; 2],
    silence: Duration,
    stop: &Stop,
) -> std::io::Result<End> {
    let length = |path: &PathBuf| std::fs::metadata(path).map_or(0, |file| file.len());
    let mut came = [0, 0];
    let mut last = Instant::now();
    let mut pause = Duration::from_micros(500);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(End::By(status));
        }
        let now = files.each_ref().map(length);
        // Until the first line the stream is read, and no driver is asked.
        if now != came || now[0] == 0 {
            (came, last) = (now, Instant::now());
        }
        let hang = (last.elapsed() > silence).then_some(End::Hang);
        let end = stop.signal().map(End::Stopped).or(hang);
        if let Some(end) = end {
            child.kill()?;
            child.wait()?;
            return Ok(end);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LOOK);
    }
}

/// The report of what was judged before the process ended.
fn report(
    args: &CompareArgs,
    folder: &Path,
    what: String,
    json: bool,
    notices: &Notices,
) -> Result<Exit> {
    let text = std::fs::read_to_string(folder.join(JUDGED)).unwrap_or_default();
    let exit = if what == "hang" { Exit::Device } else { Exit::Fault };
    if told(folder).is_some() {
        let why = format!("{what}: after the comparison, while the device was given back");
        return Err(Failure::new(exit, why));
    }
    let pipeline = &args.pipeline;
    let mut source = input::open(&pipeline.input)?;
    let graph = Graph::of(&mut *source, options::planner(&pipeline.layers), pipeline.limit);
    let mut judge = Judge::new(&graph);
    let mut device = pipeline.device.clone();
    let mut next = 0;
    for line in text.lines() {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("device", name) => name.clone_into(&mut device),
            (word, number) => {
                let Ok(frame) = number.parse() else { continue };
                match word {
                    "right" => judge.compared(frame, None),
                    "wrong" => judge.wrong(frame),
                    _ => continue,
                }
                next = next.max(frame + 1);
            }
        }
    }
    (next..graph.nodes.len() as u64).for_each(|frame| judge.missing(frame));
    let (submitted, done) = last_of(&journal(folder, args));
    let verdicts = judge.finish();
    let mut comparison = Comparison {
        graph,
        verdicts,
        device,
        against: args.against.clone(),
        teacher: args.teacher,
        ended: None,
        notes: Vec::new(),
        failure: None,
        unfired: Vec::new(),
        unshown: 0,
        explained: None,
    };
    let ended = Ended { what, submitted, done };
    comparison.failure = Some(Failure::new(exit, headline(&comparison, &ended)));
    comparison.ended = Some(ended);
    tell(args, comparison, json, notices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_that_was_not_announced_is_the_drivers() {
        let folder = std::env::temp_dir().join(format!("vav1d-guard-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("made");
        let folder = Folder(folder);
        assert_eq!(told(&folder.0), None);
        for (text, code) in [
            ("", None),
            ("device d\nright 0\n", None),
            ("device d\nright 0\nend 1\n", Some(1)),
            ("end 0\nright 1\n", None),
        ] {
            std::fs::write(folder.0.join(JUDGED), text).expect("written");
            assert_eq!(told(&folder.0), code, "{text}");
        }
    }
}
