//! `vav1d report`: the checklist for a device in one archive, for whoever cannot look at the machine.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::Hasher as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::args::ReportArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::imitated;
use super::json::{Lines, Record};
use super::output::Notices;
use super::report_steps::{STREAMS, Step, steps};
use super::tar;
use vav1d_lab::conform::{recovery, runner};

/// Variables that change what drivers do: that they are set is told, and the value of those without
/// paths.
const VARIABLES: [(&str, bool); 8] = [
    ("ANV_DEBUG", true),
    ("ANV_VIDEO_DECODE", true),
    ("RADV_EXPERIMENTAL", true),
    ("RADV_PERFTEST", true),
    ("RADV_DEBUG", true),
    ("VK_DRIVER_FILES", false),
    ("VK_ICD_FILENAMES", false),
    ("VAV1D_DRM_SIM", true),
];

/// How a step ended.
struct Done {
    step: Step,
    /// `None` if it was killed for taking too long.
    status: Option<ExitStatus>,
    seconds: f64,
    /// What it printed.
    text: String,
}

pub(super) fn run(args: &ReportArgs, json: bool, notices: &Notices) -> Result<Exit> {
    let mut archive = super::output::create(&args.output, &[])?;
    let folder = Folder::new().map_err(Failure::output)?;
    let program = std::env::current_exe().map_err(|e| Failure::new(Exit::Fault, e))?;
    let scrub = Scrub::new(&folder.0, &program);
    let all = steps();
    let bar = notices.progress(all.len() as u64, "steps");
    let mut done = Vec::new();
    for step in all {
        bar.inc(1);
        let ran = one(&program, &args.device, step, &folder.0).map_err(Failure::output)?;
        if ran.status.is_none() || code(&ran) == Some(Exit::Device) {
            // No other step is to be judged by it.
            recovery::wait(&args.device, &program, &AtomicBool::new(false));
        }
        let nothing = ran.step.name == "caps" && code(&ran) == Some(Exit::Unsupported);
        done.push(ran);
        if nothing {
            break;
        }
    }
    bar.finish_and_clear();
    let summary = summary(&args.device, &done);
    let write = |archive: &mut _| -> io::Result<()> {
        tar::file(archive, "summary.txt", scrub.text(&summary).as_bytes())?;
        for ran in &done {
            let name = format!("{}.txt", ran.step.name);
            tar::file(archive, &name, scrub.text(&ran.text).as_bytes())?;
        }
        if let Ok(journal) = fs::read_to_string(folder.0.join("journal.txt")) {
            tar::file(archive, "journal.txt", scrub.text(&journal).as_bytes())?;
        }
        tar::end(archive)
    };
    write(&mut archive).map_err(Failure::output)?;
    let told = if json { lines(&args.device, &done).map_err(Failure::output)? } else { summary };
    super::output::told(print(&scrub.text(&told)))?;
    Ok(match done.first().and_then(code) {
        Some(Exit::Done) if verdicts(&done).iter().all(|(_, bad)| !bad) => Exit::Done,
        Some(Exit::Unsupported) => Exit::Unsupported,
        _ => Exit::No,
    })
}

/// The first page as records.
fn lines(device: &str, done: &[Done]) -> io::Result<String> {
    let mut lines = Lines(Vec::new());
    lines.begin("report", None, Some(device))?;
    for (ran, (what, bad)) in done.iter().zip(verdicts(done)) {
        lines.write(&Record::ReportStep(serde_json::json!({
            "name": ran.step.name, "command": ran.step.words, "exit": ran.status.and_then(|status| status.code()),
            "seconds": ran.seconds, "bad": bad, "result": what,
        })))?;
    }
    Ok(String::from_utf8_lossy(&lines.0).into_owned())
}

fn print(text: &str) -> io::Result<()> {
    use std::io::Write as _;
    let mut out = super::output::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A folder of its own with the streams, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let folder = Self(runner::scratch(&std::env::temp_dir()));
        fs::create_dir_all(&folder.0)?;
        for stream in STREAMS {
            fs::write(folder.0.join(stream.name), stream.bytes)?;
            if let Some(md5) = stream.md5() {
                let text = format!("{md5}  {}\n", stream.name);
                fs::write(folder.0.join(stream.name).with_extension("md5"), text)?;
            }
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a step in a process of its own: a driver may end it, or never come back.
fn one(program: &Path, device: &str, step: Step, folder: &Path) -> io::Result<Done> {
    let said = folder.join("said");
    let (out, started) = (File::create(&said)?, Instant::now());
    let mut command = Command::new(program);
    command.args(&step.words[..]).args(["--device", device]).current_dir(folder);
    command.env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    let mut child = command.stdout(out.try_clone()?).stderr(out).spawn()?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if started.elapsed() > step.longest {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let seconds = started.elapsed().as_secs_f64();
    // A driver's words need be no text.
    let mut text = String::from_utf8_lossy(&fs::read(&said)?).into_owned();
    if let Some(drawn) = step.draws.as_ref().map(|drawn| folder.join(drawn)) {
        text.push_str(&pictures(&drawn).unwrap_or_default());
    }
    Ok(Done { step, status, seconds, text })
}

/// A line with a hash for each file of `folder`.
fn pictures(folder: &Path) -> io::Result<String> {
    let mut files = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut text = String::new();
    for file in files {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(&fs::read(file.path())?);
        let name = file.file_name();
        text.push_str(&format!("{} {:016x}\n", name.to_string_lossy(), hasher.finish()));
    }
    Ok(text)
}

/// How a step ended, if it did by itself and in a way of ours.
fn code(ran: &Done) -> Option<Exit> {
    Exit::known(ran.status?.code()?)
}

/// What came of a step in a word, and whether that is bad.
fn verdict(ran: &Done) -> (String, bool) {
    let Some(status) = ran.status else {
        return (format!("no end within {} s", ran.step.longest.as_secs()), true);
    };
    match status.code() {
        _ if code(ran) == Some(Exit::Done) => ("ok".to_owned(), false),
        _ if code(ran) == Some(Exit::Unsupported) => ("refused".to_owned(), false),
        _ if code(ran) == Some(Exit::No) => ("no".to_owned(), true),
        Some(code) => {
            let exit = Exit::from_code(code);
            (format!("exit {code}: {}", exit.meaning()), true)
        }
        None => (format!("{status}"), true),
    }
}

/// The verdict of each step; those that print another MD5 than the stream's, and those of a group
/// that differ from its first that was not refused, are bad.
fn verdicts(done: &[Done]) -> Vec<(String, bool)> {
    let is_done = |ran: &&Done| code(ran) == Some(Exit::Done);
    done.iter()
        .map(|ran| {
            let (text, bad) = verdict(ran);
            if ran.step.is_question {
                return (text, false);
            }
            let is_wrong = |right: &&str| !ran.text.lines().any(|line| line.trim() == *right);
            if let Some(right) = ran.step.right.filter(|_| is_done(&ran)).filter(is_wrong) {
                return (format!("another MD5 than {right}, which is right"), true);
            }
            let first = done
                .iter()
                .filter(is_done)
                .find(|other| ran.step.same_as.is_some() && other.step.same_as == ran.step.same_as);
            match first {
                Some(first) if !bad && is_done(&ran) && output(first) != output(ran) => {
                    (format!("another output than {}", first.step.name), true)
                }
                _ => (text, bad),
            }
        })
        .collect()
}

/// What steps of one group must have in common: their pictures, or all that they print.
fn output(ran: &Done) -> Vec<&str> {
    let counts = |line: &&str| ran.step.draws.is_none() || line.contains(".png ");
    ran.text.lines().filter(counts).collect()
}

/// The first page.
fn summary(device: &str, done: &[Done]) -> String {
    let mut text = format!("vav1d {}, device {device}\n", super::version::short());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{} {} {}", std::env::consts::OS, std::env::consts::ARCH, kernel.trim());
    for (name, has_value) in VARIABLES {
        if let Some(value) = std::env::var_os(name) {
            let value =
                if has_value { value.to_string_lossy().into_owned() } else { "is set".into() };
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    if imitated::is() {
        text.push_str("no GPU: a stock driver over an imitated chip\n");
        if imitated::copies_by_shaders() {
            let _ = writeln!(text, "{}", imitated::WHY);
        }
    }
    if let Some(caps) = done.first() {
        let is_device = |line: &&str| {
            line.starts_with(|c: char| c.is_ascii_digit())
                || line.trim_start().starts_with("driver: ")
        };
        let lines = caps.text.lines().filter(is_device);
        lines.for_each(|line| text.push_str(&format!("{}\n", line.trim())));
    }
    let verdicts = verdicts(done);
    let count = verdicts.iter().filter(|(_, bad)| *bad).count();
    let _ = writeln!(text, "\n{} steps, {count} marked with !", done.len());
    text.push_str(LEGEND);
    for (ran, (what, bad)) in done.iter().zip(verdicts) {
        let mark = if bad { "!" } else { " " };
        let _ = writeln!(text, "{mark} {:28} {:7.1} s  {what}", ran.step.name, ran.seconds);
        let words = ran.step.words.join(" ");
        let _ = writeln!(text, "    vav1d {words} --device {device}");
        if let Some(last) =
            ran.text.lines().rfind(|line| !line.trim().is_empty()).filter(|_| shows(ran, bad))
        {
            let _ = writeln!(text, "    {}", last.trim());
        }
    }
    text
}

/// What the first page says of itself.
const LEGEND: &str =
    "! is what is not as it must be; \"refused\" is what the device does not offer, and no fault.
Steps that begin with which- ask what the device wants: any answer will do.
NAME.txt has what the step NAME printed.

";

/// Whether the first page has the last line of what a step printed.
fn shows(ran: &Done, bad: bool) -> bool {
    let counts = ["verify", "matrix"].contains(&&*ran.step.name);
    bad || counts || ran.step.is_question || code(ran) == Some(Exit::Unsupported)
}

/// Takes out what tells whose machine it was: paths, wherever they are, and names that stand alone.
struct Scrub {
    paths: Vec<(String, &'static str)>,
    names: Vec<(String, &'static str)>,
}

impl Scrub {
    fn new(folder: &Path, program: &Path) -> Self {
        let path = |path: Option<&Path>| path.map(|p| p.to_string_lossy().into_owned());
        let variable = |name: &str| std::env::var(name).ok();
        let host = fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let here = std::env::current_dir().ok();
        let paths = vec![
            (path(Some(folder)), "(folder)"),
            (path(Some(program)), "vav1d"),
            (path(program.parent()), "(program)"),
            (path(here.as_deref()), "(here)"),
            (variable("HOME"), "(home)"),
        ];
        let mut names: Vec<_> =
            ["USER", "LOGNAME"].map(|name| (variable(name), "(user)")).into_iter().collect();
        names.extend([host, variable("HOSTNAME")].map(|name| (name, "(host)")));
        let known = |all: Vec<(Option<String>, &'static str)>| {
            let mut words: Vec<_> = all
                .into_iter()
                .filter_map(|(word, place)| Some((word?.trim().to_owned(), place)))
                // `root` is nobody, and `/` is everywhere.
                .filter(|(word, _)| !["", "/", "root", "/root"].contains(&&**word))
                .collect();
            words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
            words
        };
        Self { paths: known(paths), names: known(names) }
    }

    fn text(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        for line in text.lines() {
            // Some boards have a UUID of their own.
            if line.trim_start().starts_with("uuid:") {
                continue;
            }
            let mut line = line.to_owned();
            for (path, place) in &self.paths {
                line = line.replace(path, place);
            }
            for (name, place) in &self.names {
                line = replaced(&line, name, place);
            }
            clean.push_str(&without_uuid(&line));
            clean.push('\n');
        }
        clean
    }
}

/// `line` with `place` where `name` stands alone: a short one is in many words.
fn replaced(line: &str, name: &str, place: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let (mut clean, mut rest) = (String::new(), line);
    while let Some(at) = rest.find(name) {
        let (before, behind) = (&rest[..at], &rest[at + name.len()..]);
        let last = before.chars().next_back().or_else(|| clean.chars().next_back());
        let alone = !is_part(last) && !is_part(behind.chars().next());
        clean.push_str(before);
        clean.push_str(if alone { place } else { name });
        rest = behind;
    }
    clean + rest
}

/// A line of JSON with its `uuid` taken out.
fn without_uuid(line: &str) -> String {
    const KEY: &str = "\"uuid\":\"";
    let Some(at) = line.find(KEY) else { return line.to_owned() };
    let (before, value) = line.split_at(at + KEY.len());
    let rest = value.find('"').map_or("", |end| &value[end..]);
    format!("{before}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_tells_whose_machine_it_was() {
        let scrub = Scrub {
            paths: vec![
                ("/tmp/vav1d-1".to_owned(), "(folder)"),
                ("/home/ann".to_owned(), "(home)"),
            ],
            names: vec![("ann".to_owned(), "(user)"), ("pc".to_owned(), "(host)")],
        };
        let text = "error: /tmp/vav1d-1/x.ivf\n   uuid: 0011\n/home/ann/a by ann\n{\"uuid\":\"00\",\"a\":1}";
        let clean = "error: (folder)/x.ivf\n(home)/a by (user)\n{\"uuid\":\"\",\"a\":1}\n";
        assert_eq!(scrub.text(text), clean);
        // Short names are taken out where they are names, and nowhere else.
        let text = "run: host pc, kernel pcpc_pc-1 (ann's channel)\npc";
        let clean = "run: host (host), kernel pcpc_pc-1 ((user)'s channel)\n(host)\n";
        assert_eq!(scrub.text(text), clean);
    }
}
