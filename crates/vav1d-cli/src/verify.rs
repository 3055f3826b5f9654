//! `vav1d verify`: suites of vectors, each in a child process, against what was expected.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::CommandFactory;
use clap::parser::ValueSource;

use super::args::{Cli, FilmGrain, VerifyArgs};
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::{self, Notices};
use super::stop::{self, Stop};
use super::verify_about;
use super::verify_args::{FRAME_TIMEOUT, TIMEOUT};
use super::verify_select::{self, Chosen};
use super::verify_text::{self, Progress};
use vav1d_lab::conform::child::Program;
use vav1d_lab::conform::options::{Options, REFERENCE};
use vav1d_lab::conform::probe::{self, NoDevice, Probe};
use vav1d_lab::conform::record::Record;
use vav1d_lab::conform::report::{self, About, Verdict};
use vav1d_lab::conform::reproduce::Reproduce;
use vav1d_lab::conform::runner;
use vav1d_lab::conform::settle::Effort;
use vav1d_lab::conform::turns::Turns;
use vav1d_lab::conform::{Expectations, Status};
use vav1d_lab::words::count;

/// Another program that takes vav1d's place as the child, for tests.
const CHILD: &str = "VAV1D_VERIFY_CHILD";

pub(super) fn run(args: &VerifyArgs, json: bool, notices: &Notices) -> Result<Exit> {
    if args.fraction_start > args.fraction {
        let why = "--fraction-start: from 1 to the number of --fraction";
        return Err(Failure::new(Exit::Usage, why));
    }
    check_options(args)?;
    let chosen = verify_select::choose(args)?;
    if args.list {
        output::told(verify_select::list(&chosen, json))?;
        return Ok(Exit::Done);
    }
    let stop = Stop::by_signals();
    let own = std::env::current_exe().map_err(|e| Failure::new(Exit::Fault, e))?;
    let timeout = Duration::from_secs_f64(args.timeout);
    let probe = probe::probe(&own, &args.device, args.validate, timeout, &stop.flag);
    let probe = probe.map_err(|error| no_device(error, &args.device, &stop))?;
    let expectations = expectations(args, &driver_word(&probe.driver_name))?;
    let folder = args.output.clone();
    let folder = folder.unwrap_or_else(|| runner::scratch(&std::env::temp_dir()));
    let lock = report::Folder::take(&folder).map_err(Failure::output)?;
    let options = options(args, &probe, own, folder.clone());
    let mut about = about(args, &probe, &chosen, &expectations);
    let vectors = &chosen.part;
    let progress = Progress::new(notices, vectors.len(), args.progress);
    let each = |record: &Record| progress.ended(record);
    let ran = runner::run(vectors, &expectations, &options, &stop.flag, &each);
    progress.finish();
    let records = ran.map_err(Failure::output)?;
    about.note_unfired(&records);
    #[cfg(feature = "soft")]
    about.notes.extend(vav1d_lab::explain::suite::lines(&records));
    about.stopped = stop.signal().is_none() && records.iter().any(|r| r.status == Status::NotRun);
    if args.output.is_some() {
        report::write(&folder, &records, &about).map_err(Failure::output)?;
    } else {
        // Nobody asked for these.
        let _ = std::fs::remove_dir_all(&folder);
    }
    drop(lock);
    if args.update_expectations && about.unfired.is_empty() {
        let results: Vec<_> = records.iter().filter_map(Record::known).collect();
        expectations.update(&results).map_err(Failure::output)?;
    }
    output::told(match json {
        true => print(&report::jsonl::all(&records, &about)),
        false => verify_text::write(&records, &about, notices.results()),
    })?;
    end(&records, &about, &stop, notices)
}

fn print(text: &str) -> io::Result<()> {
    let mut out = output::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// What is said of the run.
fn about(args: &VerifyArgs, probe: &Probe, chosen: &Chosen, expectations: &Expectations) -> About {
    About {
        properties: verify_about::properties(args, probe, &child_options(args)),
        no_times: args.no_times,
        // Without lists nobody knows that what is refused here always was.
        is_part: args.fraction > 1 && (chosen.part.is_empty() || args.expect.is_some()),
        notes: notes(probe, chosen, expectations),
        selection: Some(chosen.selection.clone()),
        ..About::default()
    }
}

/// The exit code, and on standard error why it is not 0.
fn end(records: &[Record], about: &About, stop: &Stop, notices: &Notices) -> Result<Exit> {
    let verdict = Verdict::of(records, about);
    if let Some(signal) = stop.signal() {
        let (all, left) = (verdict.vectors, verdict.not_run);
        let of = count(all, "vector");
        notices.error(&format!("interrupted after {} of {of}", all - left));
        return Ok(stop::end(signal));
    }
    // Of a part nobody knows whether it is applied in another: the whole says so.
    let is_part = about.selection.as_ref().is_some_and(|selection| selection.fraction > 1);
    if let Some(fault) = about.unfired.first().filter(|_| !is_part) {
        let why = format!("the planted fault {fault} was never applied in any vector");
        return Err(Failure::new(Exit::Usage, why));
    }
    if verdict.evidence == 0 && !verdict.is_success() {
        notices.error(&verdict.to_string());
    }
    Ok(if verdict.is_success() { Exit::Done } else { Exit::No })
}

pub(super) fn no_device(error: NoDevice, wish: &str, stop: &Stop) -> Failure {
    match error {
        NoDevice::Interrupted => {
            let exit = stop.signal().map_or(Exit::Interrupted, stop::end);
            Failure::new(exit, "interrupted")
        }
        NoDevice::Died(why) => {
            let why = format!("--device {wish}: asked what it decodes: {why}");
            Failure::new(Exit::Device, why)
        }
        NoDevice::Said(code, why) => Failure::new(Exit::from_code(code), why),
    }
}

/// The device as children are told of it: all judge one, and none takes another where it is not
/// there any more.
pub(super) fn resolved(wish: &str, probe: &Probe) -> String {
    match wish {
        "auto" | "system" => probe.uuid.clone(),
        device => device.to_owned(),
    }
}

/// Refuses options of children that would change what is hashed, or that every child would refuse.
fn check_options(args: &VerifyArgs) -> Result<()> {
    let own = ["vav1d", "-q", "md5"].map(OsString::from);
    let words = own.into_iter().chain(child_options(args));
    let words = words.chain(["--".into(), "FILE".into()]);
    let matches = Cli::command().try_get_matches_from(words).map_err(|error| {
        let text = error.to_string();
        let text = text.trim_start_matches("error: ").lines().next().unwrap_or_default();
        Failure::new(Exit::Usage, format!("the options behind --: {text}"))
    })?;
    let Some(given) = matches.subcommand_matches("md5") else { return Ok(()) };
    let is_given = |name: &str| given.value_source(name) == Some(ValueSource::CommandLine);
    if let Some((name, why)) = KEPT.iter().find(|(name, _)| is_given(name)) {
        let name = name.replace('_', "-");
        return Err(Failure::new(Exit::Usage, format!("--{name} behind --: {why}")));
    }
    if given.get_one::<FilmGrain>("film_grain") == Some(&FilmGrain::Off) {
        let why = "--film-grain off behind --: whether there is film grain is said by each vector";
        return Err(Failure::new(Exit::Usage, why));
    }
    Ok(())
}

/// Options of `md5` that are not for all vectors, and why.
const KEPT: [(&str, &str); 15] = [
    ("limit", CHANGES),
    ("skip", CHANGES),
    ("hash", CHANGES),
    ("total", CHANGES),
    ("grey_planes", CHANGES),
    ("grain_table", CHANGES),
    ("photon_noise", CHANGES),
    ("all_layers", "which layers are output is said by each vector"),
    ("operating_point", "it is said by each vector"),
    ("device", "it is an option of verify"),
    ("device_timeout", "--frame-timeout of verify sets it"),
    ("retry_device", "verify runs what fails a second time, and tells a flake from a pass"),
    ("journal", "each vector has one of its own"),
    ("json", "--json is an option of verify"),
    ("records", "each vector has records of its own"),
];
const CHANGES: &str = "it changes what is hashed, and the vectors' hashes are of all output";

/// The options that every child gets.
fn child_options(args: &VerifyArgs) -> Vec<OsString> {
    let flags = [(args.validate, "--validate"), (args.force, "--force")];
    let flags = flags.into_iter().filter(|(wanted, _)| *wanted).map(|(_, option)| option.into());
    let read = super::imitated::option(&args.child_options);
    flags.chain(read).chain(args.child_options.iter().cloned()).collect()
}

fn expectations(args: &VerifyArgs, driver: &str) -> Result<Expectations> {
    let Some(prefix) = &args.expect else {
        return match args.update_expectations {
            true => Err(Failure::new(Exit::Usage, "--update-expectations wants --expect PREFIX")),
            false => Ok(Expectations::default()),
        };
    };
    let prefix = PathBuf::from(prefix.replace("{driver}", driver));
    let read = Expectations::read(&prefix, args.update_expectations);
    read.map_err(|why| Failure::new(Exit::NoInput, why))
}

fn options(args: &VerifyArgs, probe: &Probe, own: PathBuf, folder: PathBuf) -> Options {
    let path = std::env::var_os(CHILD).map_or_else(|| own.clone(), PathBuf::from);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // What resets a graphics card takes the neighbours' frames with it.
    let usual = if probe.is_hardware { 1 } else { cores };
    let jobs = args.jobs.map_or(usual, usize::from);
    let device = resolved(&args.device, probe);
    let mut own_options: Vec<OsString> = Vec::new();
    let times = [
        (args.frame_timeout, FRAME_TIMEOUT, "--frame-timeout"),
        (args.timeout, TIMEOUT, "--timeout"),
    ];
    for (seconds, _, option) in times.into_iter().filter(|(is, usual, _)| is != usual) {
        own_options.extend([option.into(), seconds.to_string().into()]);
    }
    for (wanted, option) in [(args.validate, "--validate"), (args.force, "--force")] {
        own_options.extend(wanted.then(|| option.into()));
    }
    for folder in &args.resources {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        own_options.extend(["--resources".into(), folder.into()]);
    }
    for pattern in &args.refused {
        own_options.extend(["--refused".into(), pattern.into()]);
    }
    let called = std::env::args_os().next();
    Options {
        program: Program {
            path,
            device,
            arguments: child_options(args),
            frame_timeout: Duration::from_secs_f64(args.frame_timeout),
            timeout: Duration::from_secs_f64(args.timeout),
            turns: Turns::new(jobs),
        },
        jobs,
        asked: own,
        effort: Effort { repeat: args.repeat.map(usize::from), update: args.update_expectations },
        // The children share the cores.
        reference_device: format!("{}:threads={}", REFERENCE, (cores / jobs).max(1)),
        folder,
        reference: cfg!(feature = "soft"),
        explain: !args.no_explain,
        images: args.output.is_some(),
        max_fail: args.fail_fast.map(|n| n as usize),
        reproduce: Reproduce::new(
            called,
            &args.device,
            own_options,
            &args.child_options,
            &args.suites,
        ),
    }
}

/// What the reader of any report has to know.
fn notes(probe: &Probe, chosen: &Chosen, expectations: &Expectations) -> Vec<String> {
    let mut notes = chosen.notes.clone();
    let bare = chosen.all.iter().filter(|vector| matches!(vector.oracle, Ok(None))).count();
    if probe.is_embedded && bare > 0 {
        let of = count(chosen.all.len(), "vector");
        let have = if bare == 1 { "has" } else { "have" };
        let note =
            format!("{bare} of {of} {have} no hashes: softvk is compared with itself there.");
        notes.push(note);
    }
    // Those that were left out leave lines over that are about them.
    if chosen.is_whole {
        let names: Vec<_> = chosen.all.iter().map(|vector| &*vector.name).collect();
        let unused = expectations.unused(&names);
        notes.extend(unused.into_iter().map(|line| format!("Expected, but no vector: {line}.")));
    }
    notes
}

/// A driver's name in the names of files.
fn driver_word(name: &str) -> String {
    let name = name.to_lowercase();
    let known = [
        ("radv", "radv"),
        ("intel open-source mesa", "anv"),
        ("nvidia", "nvidia"),
        ("softvk", "softvk"),
    ];
    let word = known.iter().find(|(text, _)| name.contains(text)).map(|(_, word)| *word);
    word.map_or_else(|| name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"), str::to_owned)
}
