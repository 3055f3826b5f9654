//! Who judges the streams of `vav1d reduce`: a process for each, which may crash or hang.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;

use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::Notices;
use super::reduce_args::{NamesArg, ReduceArgs};
use super::stop::Stop;
use av1_rewrite::stream::Stream;
use vav1d::sink::md5_hex;
use vav1d_lab::compare::State;
use vav1d_lab::conform::told::Told;
use vav1d_lab::reduce::{Failing, Judge};
use vav1d_lab::surroundings::{Surroundings, quoted};
use vav1d_lab::wire::compare::{Comparison, Ended, Verdict};

/// How often it is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(5);

/// Options that are not `compare`'s, or that are about the input; those behind the first list take
/// a value.
const FLAGS: [&str; 6] = ["--json", "-q", "--quiet", "-v", "--verbose", "--ignore-editlist"];
const WITH_VALUE: [&str; 14] = [
    "--names",
    "-o",
    "--output",
    "--check",
    "--decodes",
    "--timeout",
    "--input-format",
    "--track",
    "--follow",
    "--limit",
    "--skip",
    "--journal",
    "--color",
    "--records",
];

/// The judge.
pub(super) struct Children<'a> {
    args: &'a ReduceArgs,
    program: PathBuf,
    /// Options of `compare`.
    options: Vec<OsString>,
    folder: &'a Path,
    stop: &'a Stop,
    notices: &'a Notices,
    bar: ProgressBar,
    /// What is known of streams, by their MD5: from an earlier run, too.
    known: HashMap<String, Option<Failing>>,
    journal: File,
    /// A stream before names pointed elsewhere, by its MD5, and its last picture.
    before: Option<(String, Option<String>)>,
    /// Streams that were judged.
    pub(super) judged: u32,
}

impl<'a> Children<'a> {
    /// The judge of `words`, which were parsed to `args`; `folder` is for what nobody wants, and what
    /// is found goes to `journal`, where an earlier run may have left something.
    pub(super) fn new(
        args: &'a ReduceArgs,
        words: &[OsString],
        (folder, journal): (&'a Path, &Path),
        stop: &'a Stop,
        notices: &'a Notices,
    ) -> Result<Self> {
        let fail =
            |e: std::io::Error| Failure::new(Exit::Output, format!("{}: {e}", journal.display()));
        let options = options(words, args);
        let head = format!("{:?} {:?} {:?}", options, args.check, args.names);
        let text = std::fs::read_to_string(journal).unwrap_or_default();
        let known = recalled(&text, &head).unwrap_or_default();
        let mut file = File::options();
        let mut file = match known.is_empty() {
            true => file.write(true).create(true).truncate(true).open(journal).map_err(fail)?,
            false => file.append(true).open(journal).map_err(fail)?,
        };
        if known.is_empty() {
            writeln!(file, "{head}").map_err(fail)?;
        }
        let program = std::env::current_exe().map_err(|e| Failure::new(Exit::Fault, e))?;
        let bar = notices.progress(u64::from(args.decodes), "streams judged");
        Ok(Self {
            args,
            program,
            options,
            folder,
            stop,
            notices,
            bar,
            known,
            journal: file,
            before: None,
            judged: 0,
        })
    }

    /// No more streams are judged.
    pub(super) fn ends(&self) {
        self.bar.finish_and_clear();
    }

    /// Whether `options` gained one that says more of a crash: one frame at a time.
    pub(super) fn one_at_a_time(&mut self) -> bool {
        let given = self.options.iter().any(|o| o.to_string_lossy().starts_with("--frames-in"));
        if !given {
            self.options.extend(["--frames-in-flight".into(), "1".into()]);
            self.known.clear();
        }
        !given
    }

    /// Takes that back.
    pub(super) fn several_at_a_time(&mut self) {
        self.options.truncate(self.options.len().saturating_sub(2));
        self.known.clear();
    }

    /// The command with which a stream fails.
    pub(super) fn command(&self, file: &Path) -> String {
        match &self.args.check {
            Some(check) => check_line(check, file),
            None => {
                let mut words = vec!["compare".into()];
                words.extend(self.options.iter().cloned());
                words.push(file.into());
                Surroundings::here().line(OsStr::new("vav1d"), &words)
            }
        }
    }

    /// Runs `command` to its end, what it prints in a file; `None` if it was killed for its time.
    fn run(&self, mut command: Command) -> Result<(Option<ExitStatus>, String)> {
        let out = self.folder.join("out");
        let fail =
            |e: std::io::Error| Failure::new(Exit::Output, format!("{}: {e}", out.display()));
        let file = File::create(&out).map_err(fail)?;
        command.stdin(Stdio::null()).stdout(file).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|e| Failure::new(Exit::Fault, e))?;
        let started = Instant::now();
        let limit = Duration::from_secs_f64(self.args.timeout);
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|e| Failure::new(Exit::Fault, e))? {
                break Some(status);
            }
            if self.stop.signal().is_some() || started.elapsed() > limit {
                // It may have ended by itself.
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            std::thread::sleep(LOOK);
        };
        if self.stop.signal().is_some() {
            return Err(Failure::new(Exit::Interrupted, "interrupted: it goes on when run again"));
        }
        let text = std::fs::read(&out).map_err(fail)?;
        Ok((status, String::from_utf8_lossy(&text).into_owned()))
    }

    /// The hash of the last picture that softvk puts out of `file`; `None` if it does not decode all
    /// of it.
    fn last_picture(&self, file: &[u8]) -> Result<Option<String>> {
        let path = self.candidate(file)?;
        let mut command = Command::new(&self.program);
        command.args(["-q", "md5", "--device", "soft", "--force", "--"]).arg(&path);
        let (status, text) = self.run(command)?;
        let last = text.lines().rfind(|line| !line.starts_with('#'));
        let hash = last.and_then(|line| line.rsplit(',').next()).map(|hash| hash.trim().to_owned());
        Ok(hash.filter(|_| status.is_some_and(|status| status.success())))
    }

    fn candidate(&self, file: &[u8]) -> Result<PathBuf> {
        let path = self.folder.join("candidate.ivf");
        std::fs::write(&path, file)
            .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", path.display())))?;
        Ok(path)
    }

    fn ask(&self, stream: &Stream, path: &Path) -> Result<Option<Failing>> {
        let Some(check) = &self.args.check else {
            let mut command = Command::new(&self.program);
            command.args(["-q", "--json", "compare"]).args(&self.options).arg("--").arg(path);
            let (status, text) = self.run(command)?;
            return Ok(compared(stream, status, &text));
        };
        let mut command = Command::new("sh");
        command.arg("-c").arg(check_line(check, path));
        let (status, _) = self.run(command)?;
        let class = ended(status);
        Ok(class.map(|class| Failing { class, origin: None }))
    }
}

impl Judge for Children<'_> {
    type Error = Failure;

    fn judge(&mut self, stream: &Stream, file: &[u8]) -> Result<Option<Failing>> {
        let md5 = md5_hex(file);
        if let Some(known) = self.known.get(&md5) {
            return Ok(known.clone());
        }
        let path = self.candidate(file)?;
        let failing = self.ask(stream, &path)?;
        self.judged += 1;
        self.bar.inc(1);
        let (class, origin) = match &failing {
            None => ("right", String::new()),
            Some(f) => (&*f.class, f.origin.map_or(String::new(), |frame| frame.to_string())),
        };
        // Without it a later run begins anew.
        let _ = writeln!(self.journal, "{md5} {origin};{}", class.replace('\n', " "));
        self.known.insert(md5, failing.clone());
        Ok(failing)
    }

    fn is_sound(&mut self, before: &[u8], file: &[u8]) -> Result<bool> {
        match self.args.names {
            NamesArg::Keep => Ok(false),
            NamesArg::Any => Ok(self.last_picture(file)?.is_some()),
            NamesArg::Same => {
                let key = md5_hex(before);
                if self.before.as_ref().is_none_or(|(known, _)| *known != key) {
                    self.before = Some((key, self.last_picture(before)?));
                }
                let own = self.last_picture(file)?;
                let was = self.before.as_ref().and_then(|(_, picture)| picture.as_ref());
                Ok(own.is_some() && own.as_ref() == was)
            }
        }
    }

    fn told(&mut self, step: &str) {
        self.bar.suspend(|| self.notices.notice(step));
    }

    fn is_spent(&self) -> bool {
        self.judged >= self.args.decodes
    }
}

/// What an earlier run has found, if it was the same command.
fn recalled(text: &str, head: &str) -> Option<HashMap<String, Option<Failing>>> {
    let mut lines = text.lines();
    (lines.next()? == head).then(|| {
        lines
            .filter_map(|line| {
                let (md5, rest) = line.split_once(' ')?;
                let (origin, class) = rest.split_once(';')?;
                let failing = Failing { class: class.to_owned(), origin: origin.parse().ok() };
                Some((md5.to_owned(), (class != "right").then_some(failing)))
            })
            .collect()
    })
}

/// The options of `compare` in `words`.
fn options(words: &[OsString], args: &ReduceArgs) -> Vec<OsString> {
    let mut options = Vec::new();
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "reduce" || text == "--" || FLAGS.contains(&&*text) {
            continue;
        }
        if WITH_VALUE.contains(&&*text) {
            words.next();
            continue;
        }
        let joined = WITH_VALUE.iter().any(|option| {
            let rest = text.strip_prefix(option).unwrap_or_default();
            if option.starts_with("--") { rest.starts_with('=') } else { !rest.is_empty() }
        });
        if joined || word == args.pipeline.input.file.as_os_str() || text == "-vv" {
            continue;
        }
        options.push(word.clone());
    }
    /// A frame that takes longer than this has hung.
    const SECONDS: &str = "3";
    let given = |o: &OsString| o.to_string_lossy().starts_with("--device-timeout");
    if !options.iter().any(given) {
        options.extend(["--device-timeout".into(), SECONDS.into()]);
    }
    options
}

/// How the comparison of `stream` failed, by its records.
fn compared(stream: &Stream, status: Option<ExitStatus>, text: &str) -> Option<Failing> {
    let Some(status) = status else {
        return Some(Failing { class: "hang".to_owned(), origin: None });
    };
    let origins: Vec<u64> = stream.frames().map(|(_, frame)| frame.origin).collect();
    let origin = |frame: u64| origins.get(usize::try_from(frame).ok()?).copied();
    let mut told = Told::default();
    text.lines().for_each(|line| told.line(line.as_bytes()));
    let class = |verdict: &Verdict| match (verdict.is_refused(), verdict.state) {
        (true, _) => Some("status"),
        (_, State::Wrong) => Some("wrong"),
        _ => verdict.film_grain.is_some().then_some("film grain"),
    };
    let first = told.others::<Verdict>("verdict").find_map(|verdict| {
        let class = class(&verdict)?.to_owned();
        Some(Failing { class, origin: origin(verdict.frame) })
    });
    let end = told.others::<Comparison>("comparison").last();
    if let Some(Ended { what, submitted, done, .. }) =
        end.as_ref().and_then(|end| end.ended.as_ref())
    {
        // With several frames in flight it may be any of them.
        let next = done.map_or(0, |done| done + 1);
        let origin = submitted.filter(|submitted| *submitted == next).and_then(origin);
        return Some(Failing { class: what.clone(), origin });
    }
    match (first, end) {
        (Some(failing), _) => Some(failing),
        (None, Some(_)) if status.success() => None,
        _ => self::ended(Some(status)).map(|class| Failing { class, origin: None }),
    }
}

/// How a process ended, if not well.
fn ended(status: Option<ExitStatus>) -> Option<String> {
    let Some(status) = status else { return Some("hang".to_owned()) };
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Some(format!("signal {signal}"));
    }
    match status.code() {
        Some(0) => None,
        Some(code) => Some(format!("exit {code}")),
        None => Some("ended".to_owned()),
    }
}

/// `check` with the stream in it.
fn check_line(check: &str, file: &Path) -> String {
    let file = quoted(file.as_os_str());
    match check.contains("{}") {
        true => check.replace("{}", &file),
        false => format!("{check} {file}"),
    }
}

/// The name of a file beside `path`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(OsStr::new(ending));
    name.into()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command as Named};

    fn options_of(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let cli = Cli::try_parse_from(&words).expect("understood");
        let Named::Reduce(args) = cli.command else { panic!("reduce") };
        let options = options(&words, &args);
        let words: Vec<_> = options.iter().map(|o| o.to_string_lossy().into_owned()).collect();
        words.join(" ")
    }

    #[test]
    fn what_compare_is_asked_is_what_was_typed() {
        let line = "vav1d -q reduce a.ivf --device soft:x -o b.ivf --dpb distinct --json";
        assert_eq!(options_of(line), "--device soft:x --dpb distinct --device-timeout 3");
        let line = "vav1d reduce --output=b.ivf --check=true --device-timeout 9 --limit 3 a.ivf";
        assert_eq!(options_of(line), "--device-timeout 9");
        assert_eq!(options_of("vav1d reduce -ob.ivf --decodes 7 -- a.ivf"), "--device-timeout 3");
    }

    #[test]
    fn what_an_earlier_run_found_is_known_if_it_was_the_same() {
        let text = "head\nabc 7;wrong\ndef ;crash: signal 6\n012 ;right\nhalf a li";
        let known = recalled(text, "head").expect("the same");
        let failing = |class: &str, origin| Some(Failing { class: class.to_owned(), origin });
        assert_eq!(known.get("abc"), Some(&failing("wrong", Some(7))));
        assert_eq!(known.get("def"), Some(&failing("crash: signal 6", None)));
        assert_eq!(known.get("012"), Some(&None));
        assert_eq!(known.len(), 3);
        assert_eq!(recalled(text, "another"), None);
    }

    #[test]
    fn a_check_has_the_stream_where_it_wants_it() {
        let file = Path::new("/a b.ivf");
        assert_eq!(check_line("x {} y", file), "x '/a b.ivf' y");
        assert_eq!(check_line("x", file), "x '/a b.ivf'");
    }
}
