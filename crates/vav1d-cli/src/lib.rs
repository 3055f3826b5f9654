//! The command line: what was typed, what it means, and what comes out of it.
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod args;
pub mod exit;

mod against;
mod caps;
#[cfg(test)]
mod commit;
mod compare;
mod compare_report;
mod dec_test;
mod decode;
mod dump;
mod failure;
mod first;
mod generate;
mod grain;
mod guard;
mod info;
mod input;
mod json;
mod machine;
mod matrix;
mod md5;
mod options;
mod output;
mod pipeline;
mod plan;
#[cfg(feature = "window")]
mod play;
#[cfg(feature = "window")]
pub mod play_args;
#[cfg(feature = "window")]
mod playlist;
#[cfg(feature = "window")]
mod render_to;
mod report;
mod report_steps;
mod select;
mod shape;
mod sim;
pub mod sim_args;
mod sim_diff;
mod stop;
mod suite_info;
mod survey;
mod tar;
mod verify;
pub mod verify_args;
mod version;

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
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return if error.print().is_ok() { exit } else { Exit::Output };
        }
    };
    let notices = Notices::new(&cli.common);
    match command(&cli, &args, &notices) {
        Ok(exit) => exit,
        Err(failure) => {
            // Of a command line that is not understood, nothing says who reads standard output.
            let json = cli.common.json && failure.exit != Exit::Usage;
            // `md5` has told its own, in front of what it had decoded.
            let told = matches!(cli.command, Command::Md5(_)) || failure.is_broken_pipe();
            if (json || cli.common.records.is_some()) && !told {
                // Where records cannot be written, standard error has it all the same.
                let _ = Lines(output::stdout()).failure(&failure);
            }
            report(&failure, &notices)
        }
    }
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
    match &cli.command {
        Command::Md5(args) => md5::run(args, json, notices),
        Command::Decode(args) => decode::run(args, json, notices),
        Command::Grain(args) => grain::run(args, json, notices),
        Command::Info(args) => info::run(args, json, notices),
        Command::Dump(args) => dump::run(args, json, notices),
        Command::Plan(args) => plan::run(args, json, notices),
        Command::Compare(args) => compare::run(args, words, json, notices),
        Command::Verify(args) => verify::run(args, json, notices),
        Command::SuiteInfo(args) => suite_info::run(args, json),
        Command::Matrix(args) => matrix::run(args, json, notices),
        Command::Sim(args) => sim::run(args),
        Command::SimDiff(args) => sim_diff::run(args, json),
        Command::Caps(args) => caps::run(args, json, notices),
        Command::Report(args) => report::run(args, notices),
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
