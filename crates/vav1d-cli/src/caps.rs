//! `vav1d caps`: devices, and what they decode. Software comes last.

use std::io::{self, Write};

use serde_json::json;

use super::caps_args::CapsArgs;
use super::exit::Exit;
use super::failure::{Failure, Result};
use super::json::{Lines, Record};
use super::output::{self, Notices};
use super::select::{self, Fallback, Selected, uuid_text};
use super::table::Table;
use super::{caps_record, caps_seen, caps_streams, caps_table};
use vav1d::vk::{Executor, ExecutorOptions, InstanceOptions};
use vav1d_lab::wire::JudgedDevice;

pub(super) fn run(args: &CapsArgs, json: bool, notices: &Notices) -> Result<Exit> {
    if args.judged {
        return judged(args, notices);
    }
    if args.soft_configs {
        return soft_configs(json);
    }
    if let Some(capture) = &args.seen_by {
        return caps_seen::run(capture, json);
    }
    if !args.streams.is_empty() {
        return caps_streams::run(args, json, notices);
    }
    let shown = select::devices(&args.device, notices)?;
    let mut out = Lines(output::stdout());
    if args.facts {
        let facts = shown.iter().flat_map(|(_, d)| d.adapter.facts());
        let mut facts = facts.map(|(name, value)| writeln!(out.0, "{name}: {value}"));
        let written = facts.by_ref().collect::<io::Result<()>>();
        drop(facts);
        written.and_then(|()| out.0.flush()).map_err(Failure::output)?;
        return Ok(Exit::Done);
    }
    let written = match json {
        true => out.begin("caps", None, None).and_then(|()| {
            let record = |(i, d): &(usize, Selected)| caps_record::device(*i, &d.adapter);
            shown.iter().try_for_each(|device| out.write(&Record::Device(record(device))))
        }),
        false => shown.iter().try_for_each(|(i, d)| caps_table::device(&mut out.0, *i, &d.adapter)),
    };
    written.and_then(|()| out.0.flush()).map_err(Failure::output)?;
    Ok(Exit::Done)
}

/// Lists what `soft:CONFIG` may be made of.
fn soft_configs(json: bool) -> Result<Exit> {
    let (words, personalities) = vav1d::vk::configurations();
    let mut out = Lines(output::stdout());
    let mut write = || -> io::Result<()> {
        if json {
            out.begin("caps", None, None)?;
            let all = words.iter().map(|word| (word, false));
            for ((word, what), whole) in all.chain(personalities.iter().map(|p| (p, true))) {
                let record = json!({ "word": word, "text": what, "personality": whole });
                out.write(&Record::SoftConfig(record))?;
            }
            return out.0.flush();
        }
        writeln!(out.0, "words for --device soft:WORD,WORD,...:")?;
        table(&words).write(&mut out.0, "   ")?;
        writeln!(out.0, "personalities, which come first and may be changed by words:")?;
        table(&personalities).write(&mut out.0, "   ")?;
        out.0.flush()
    };
    output::told(write())?;
    Ok(Exit::Done)
}

/// Words and what they do, wrapped.
fn table(words: &[(&str, &str)]) -> Table {
    /// Columns of what a word does.
    const WIDE: usize = 70;
    let mut table = Table::default();
    for (word, what) in words {
        for (index, line) in
            super::help::wrapped(&what.replace('`', "").replace(',', ", "), WIDE).iter().enumerate()
        {
            table.row([if index == 0 { word } else { "" }, line]);
        }
    }
    table
}

/// The record of the device that is judged.
fn judged(args: &CapsArgs, notices: &Notices) -> Result<Exit> {
    let options = InstanceOptions { validate: args.validate, present: false };
    let selected = select::select(&args.device, options, Fallback::Never, notices)?;
    let adapter = &selected.adapter;
    if args.opened {
        let opened = Executor::new(&selected.instance, adapter, ExecutorOptions::default());
        drop(opened.map_err(Failure::of)?);
    }
    let device = JudgedDevice {
        name: adapter.name.clone(),
        driver_name: adapter.driver_name.clone(),
        driver_info: adapter.driver_info.clone(),
        api_version: adapter.api_version_text(),
        uuid: uuid_text(adapter),
        is_embedded: selected.is_embedded(),
        is_hardware: selected.is_hardware(),
    };
    let mut out = Lines(output::stdout());
    let written = out
        .begin("caps", None, Some(&adapter.name))
        .and_then(|()| out.write(&Record::JudgedDevice(device)));
    written.and_then(|()| out.0.flush()).map_err(Failure::output)?;
    Ok(Exit::Done)
}
