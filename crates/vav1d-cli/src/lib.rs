//! The command line: what was typed, what it means, and what comes out of it.
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod args;
pub use vav1d_lab::exit;

mod against;
mod caps;
pub mod caps_args;
mod caps_diff;
mod caps_record;
mod caps_seen;
mod caps_streams;
mod caps_table;
mod check;
#[cfg(test)]
mod commit;
mod compare;
mod compare_report;
mod comparison;
mod continued;
#[cfg(feature = "window")]
mod cores;
mod dec_test;
mod decode;
mod dump;
mod examples;
mod explain;
mod failure;
mod first;
mod generate;
mod grain;
mod guard;
mod help;
mod imitated;
mod info;
pub mod info_args;
mod info_read;
mod info_record;
mod input;
mod json;
mod machine;
mod man;
mod matrix;
mod md5;
mod options;
mod output;
mod page;
mod pipeline;
mod plan;
#[cfg(feature = "window")]
mod play;
#[cfg(feature = "window")]
pub mod play_args;
#[cfg(feature = "window")]
mod playlist;
mod progress;
mod reduce;
pub mod reduce_args;
mod reduce_judge;
#[cfg(feature = "window")]
mod render_to;
mod replay;
mod report;
mod report_steps;
pub mod results_args;
mod rewrite;
pub mod rewrite_args;
mod select;
mod shape;
mod shared_args;
mod sim;
pub mod sim_args;
mod sim_diff;
mod step_record;
mod stop;
mod stress;
pub mod stress_args;
pub mod suite_args;
mod suite_info;
mod suite_query;
mod suite_read;
mod table;
mod tar;
mod verify;
mod verify_about;
pub mod verify_args;
mod verify_diff;
mod verify_merge;
mod verify_select;
mod verify_text;
mod version;
mod watch;
pub mod watch_args;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

use args::{Cli, Command};
use exit::Exit;
use failure::{Failure, Result};
use json::Lines;
use output::Notices;

/// Runs the command line `args` (the program's name first) and says how it ended.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Exit {
    let exit = ended(args.into_iter().collect());
    match vav1d::vk::leaked() {
        // A device that does not answer keeps what it has.
        0 => exit,
        _ if matches!(exit, Exit::Device | Exit::Interrupted) => exit,
        _ if !cfg!(debug_assertions) => exit,
        n => {
            Notices::plain().error(&format!("a leak: softvk still has {n} objects"));
            Exit::Fault
        }
    }
}

fn ended(args: Vec<OsString>) -> Exit {
    if dec_test::is_meant(args.first()) {
        let device = std::env::var_os("VAV1D_DEVICE");
        return match dec_test::translate(args.get(1..).unwrap_or_default(), device) {
            dec_test::Request::Run(command) => vav1d(command),
            dec_test::Request::Print(text) => print(&text),
            dec_test::Request::End(exit, why) => {
                Notices::plain().error(&why);
                exit
            }
        };
    }
    vav1d(args)
}

fn print(text: &str) -> Exit {
    let written = output::stdout().write_all(text.as_bytes());
    if written.is_ok() { Exit::Done } else { Exit::Output }
}

fn vav1d(args: Vec<OsString>) -> Exit {
    let cli = match Cli::try_parse_from(args.clone()) {
        Ok(cli) => cli,
        Err(error) => {
            if error.kind() == clap::error::ErrorKind::DisplayHelp {
                let words: Vec<_> = args.iter().map(|w| w.to_string_lossy().into_owned()).collect();
                return print(&help::text(&words));
            }
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            if error.use_stderr() && wants_json(&args) {
                let text = error.to_string();
                let text = text.trim_start_matches("error: ").lines().next().unwrap_or_default();
                let failure = Failure::new(Exit::Usage, text);
                // Standard error has it all the same.
                let _ = Lines(output::stdout()).failed(&word(&args), &failure);
            }
            return if error.print().is_ok() { exit } else { Exit::Output };
        }
    };
    let notices = Notices::new(&cli.common);
    match command(&cli, &args, &notices) {
        Ok(exit) => exit,
        Err(failure) => {
            let json = cli.common.json;
            // `md5` has told its own, in front of what it had decoded.
            let told = matches!(cli.command, Command::Md5(_)) || failure.is_broken_pipe();
            if (json || cli.common.records.is_some()) && !told {
                // Where records cannot be written, standard error has it all the same.
                let _ = Lines(output::stdout()).failed(&word(&args), &failure);
            }
            report(&failure, &notices)
        }
    }
}

/// Whether JSON is asked for on a command line that is not understood.
fn wants_json(args: &[OsString]) -> bool {
    args.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

/// The command in `args`; empty if there is none.
fn word(args: &[OsString]) -> String {
    let words: Vec<_> = args.iter().skip(1).map(|word| word.to_string_lossy()).collect();
    let cli = <Cli as clap::CommandFactory>::command();
    let known = |word: &str| cli.get_subcommands().any(|command| command.get_name() == word);
    words.iter().find(|word| known(word)).map(ToString::to_string).unwrap_or_default()
}

/// Runs what `cli` says; `words` are what it was made of.
fn command(cli: &Cli, words: &[OsString], notices: &Notices) -> Result<Exit> {
    let json = cli.common.json || cli.common.records.is_some();
    if let Some(path) = &cli.common.records {
        output::records(path)
            .map_err(|e| Failure::new(Exit::Output, format!("{}: {e}", path.display())))?;
    }
    let guarded = matches!(&cli.command, Command::Compare(args) if args.guarded.is_some());
    if guarded || cli.common.records.is_some() {
        // Who asked for this process is gone then, and nobody wants the rest.
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
            .map_err(|e| Failure::new(Exit::Fault, format!("PR_SET_PDEATHSIG: {e}")))?;
    }
    let printed = match &cli.command {
        Command::Sim(_) | Command::Watch(_) => Some("the program behind --"),
        Command::Generate(_) => Some("what is generated"),
        _ => None,
    };
    if let (Some(what), true) = (printed, cli.common.json) {
        let why = format!("--json: standard output is that of {what}");
        return Err(Failure::new(Exit::Usage, why));
    }
    match &cli.command {
        Command::Md5(args) => md5::run(args, json, notices),
        Command::Decode(args) => decode::run(args, json, notices),
        Command::Grain(args) => grain::run(args, json, notices),
        Command::Info(args) => info::run(args, json, notices),
        Command::Dump(args) => dump::run(args, json, notices),
        Command::Plan(args) => plan::run(args, json, notices),
        Command::Compare(args) => compare::run(args, words, json, notices),
        Command::Verify(args) => verify::run(args, json, notices),
        Command::VerifyDiff(args) => verify_diff::run(args, json, notices),
        Command::VerifyMerge(args) => verify_merge::run(args, json, notices),
        Command::SuiteInfo(args) => suite_info::run(args, json),
        Command::Matrix(args) => matrix::run(args, json, notices),
        Command::Sim(args) => sim::run(args),
        Command::SimDiff(args) => sim_diff::run(args, json),
        Command::Watch(args) => watch::run(args),
        Command::Check(args) => check::run(args, json, notices),
        Command::Replay(args) => replay::run(args, json, notices),
        Command::WatchDiff(args) => check::run_diff(args, json),
        Command::Caps(args) => caps::run(args, json, notices),
        Command::CapsDiff(args) => caps_diff::run(args, json, notices),
        Command::Stress(args) => stress::run(args, json, notices),
        Command::Rewrite(args) => rewrite::run(args, json, notices),
        Command::Reduce(args) => reduce::run(args, words, json, notices),
        Command::Report(args) => report::run(args, json, notices),
        #[cfg(feature = "window")]
        Command::Play(args) => play::run(args, json, notices),
        Command::Generate(args) => generate::run(args),
    }
}

/// Says why, and picks the exit code.
fn report(failure: &Failure, notices: &Notices) -> Exit {
    if failure.is_broken_pipe() {
        return Exit::Done;
    }
    if failure.is_interrupt() {
        // Only returns if the default action does not end the process.
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGINT);
        return Exit::Interrupted;
    }
    if let Some(clap) = failure.error.downcast_ref::<clap::Error>() {
        notices.error(clap.to_string().trim_start_matches("error: ").trim_end());
        return Exit::Usage;
    }
    notices.error(&failure.text());
    failure.exit
}
