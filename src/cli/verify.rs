//! `vav1d verify`: suites of vectors, each in a child process, against what was expected.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::args::VerifyArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::output::{self, Notices};
use super::select::{self, Selected};
use crate::conform::child::Program;
use crate::conform::report::{self, About};
use crate::conform::runner::{self, Options, Record};
use crate::conform::turns::Turns;
use crate::conform::{Expectations, Outcome, Vector, suite};
use crate::vk::InstanceOptions;

/// Another program that takes vav1d's place as the child, for tests.
const CHILD: &str = "VAV1D_VERIFY_CHILD";

pub(super) fn run(args: &VerifyArgs, json: bool, notices: &Notices) -> Result<Exit> {
    if args.fraction_start > args.fraction {
        let why = "--fraction-start: from 1 to the number of --fraction";
        return Err(Failure::new(Exit::Usage, why));
    }
    let vectors = vectors(args)?;
    let selected = select::select(&args.device, InstanceOptions::default(), notices)?;
    let about = About { properties: properties(args, &selected), no_times: args.no_times };
    let driver = driver_word(&selected.adapter.driver_name);
    // The children open it themselves, and a lost device shall not be ours; softvk without asking
    // the loader again.
    let device = match selected.is_embedded() && args.device == "auto" {
        true => runner::REFERENCE.to_owned(),
        false => args.device.clone(),
    };
    drop(selected);
    let expectations = expectations(args, &driver)?;
    let options = options(args, device)?;
    let stop = Arc::new(AtomicBool::new(false));
    let signal = signal_hook::consts::SIGINT;
    if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stop)) {
        log::warn!("an interrupt will not be graceful: {error}");
    }
    let bar = notices.progress(vectors.len() as u64, "vectors");
    let each = |record: &Record| {
        bar.inc(1);
        if !record.status.is_success() {
            bar.suspend(|| notices.notice(&line(record)));
        }
    };
    let ran = runner::run(&vectors, &expectations, &options, &stop, &each);
    bar.finish_and_clear();
    let records = ran.map_err(Failure::output)?;
    if let Some(folder) = &args.output {
        report::write(folder, &records, &about).map_err(Failure::output)?;
    } else {
        // Nobody asked for these.
        let _ = std::fs::remove_dir_all(&options.folder);
    }
    if args.update_expectations {
        let results =
            records.iter().filter_map(|r| Some((&*r.name, r.outcome.as_ref()?, r.status)));
        let results: Vec<(&str, &Outcome, _)> = results.collect();
        expectations.update(&results).map_err(Failure::output)?;
    }
    write(&records, &about, json).map_err(Failure::output)?;
    if stop.load(Ordering::Relaxed) {
        let (done, all) = (records.len(), vectors.len());
        notices.error(&format!("interrupted after {done} of {all} vectors"));
        return Ok(Exit::Interrupted);
    }
    let red = records.iter().any(|record| !record.status.is_success());
    Ok(if red { Exit::No } else { Exit::Done })
}

fn vectors(args: &VerifyArgs) -> Result<Vec<Vector>> {
    let mut vectors = Vec::new();
    for path in &args.suites {
        let suite = suite::load(path).map_err(|why| Failure::new(Exit::NoInput, why))?;
        vectors.extend(suite);
    }
    let mut names: Vec<_> = vectors.iter().map(|vector| vector.name.clone()).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let why = format!("two vectors are called {}", twice[0]);
        return Err(Failure::new(Exit::Usage, why));
    }
    for pattern in &args.filter {
        let regex = regex::Regex::new(pattern)
            .map_err(|e| Failure::new(Exit::Usage, format!("--filter: {e}")))?;
        vectors.retain(|vector| regex.is_match(&vector.name));
    }
    let vectors = runner::fraction(vectors, args.fraction as usize, args.fraction_start as usize);
    match vectors.is_empty() {
        true => Err(Failure::new(Exit::NoInput, "there is no vector to verify")),
        false => Ok(vectors),
    }
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

fn options(args: &VerifyArgs, device: String) -> Result<Options> {
    let own = std::env::current_exe().map_err(|e| Failure::new(Exit::Fault, e))?;
    let path = std::env::var_os(CHILD).map_or(own, PathBuf::from);
    let mut arguments: Vec<OsString> = Vec::new();
    for (wanted, option) in [(args.validate, "--validate"), (args.force, "--force")] {
        if wanted {
            arguments.push(option.into());
        }
    }
    arguments.extend(args.child_options.iter().cloned());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let jobs = args.jobs.map_or(cores, usize::from);
    let folder = args.output.clone();
    Ok(Options {
        program: Program {
            path,
            device,
            arguments,
            frame_timeout: Duration::from_secs_f64(args.frame_timeout),
            timeout: Duration::from_secs_f64(args.timeout),
            turns: Turns::new(jobs),
        },
        jobs,
        // The children share the cores.
        reference_device: format!("{}:threads={}", runner::REFERENCE, (cores / jobs).max(1)),
        folder: folder.unwrap_or_else(|| runner::scratch(&std::env::temp_dir())),
        reference: cfg!(feature = "soft"),
        explain: args.output.is_some() && !args.no_explain,
    })
}

/// What is said of the device in every report.
fn properties(args: &VerifyArgs, selected: &Selected) -> Vec<(String, String)> {
    let adapter = &selected.adapter;
    let api = adapter.api_version_text();
    [
        ("vav1d", env!("CARGO_PKG_VERSION").to_owned()),
        ("device", adapter.name.clone()),
        ("device-option", args.device.clone()),
        ("driver", format!("{} {}", adapter.driver_name, adapter.driver_info).trim().to_owned()),
        ("vulkan", api),
        ("uuid", select::uuid_text(adapter)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
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

fn line(record: &Record) -> String {
    format!("{}: {}: {}", record.name, record.status, report::about(record))
}

fn write(records: &[Record], about: &About, json: bool) -> io::Result<()> {
    let mut out = output::stdout();
    if json {
        out.write_all(report::jsonl::all(records, about).as_bytes())?;
        return out.flush();
    }
    for record in records.iter().filter(|record| !record.status.is_success()) {
        writeln!(out, "{}", line(record))?;
        if let Some(explained) = &record.explained {
            writeln!(out, "   {}", explained.text)?;
        }
    }
    for (status, count) in report::counts(records) {
        writeln!(out, "{count:6} {status}")?;
    }
    writeln!(out, "{:6} vectors", records.len())?;
    out.flush()
}
