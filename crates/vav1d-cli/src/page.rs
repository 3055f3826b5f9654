//! A command's page: what `--help` and the man page are both made of, taken from clap's definition.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, Args, Command, CommandFactory};

use super::args::{Cli, Common, InputArgs, LayerArgs, PipelineArgs};
use super::shape::ShapeArgs;

/// An option or an argument.
pub(super) struct Entry {
    /// `-o, --output <FILE>`.
    pub(super) head: String,
    /// What it does, in short; and what else there is to say, in paragraphs.
    pub(super) text: String,
    pub(super) more: Vec<String>,
    /// Values that it takes, with what they mean.
    pub(super) values: Vec<(String, String)>,
    /// Its default.
    pub(super) default: Option<String>,
    /// Whether `-h` has it, too.
    pub(super) is_short: bool,
}

/// Entries below one heading.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) entries: Vec<Entry>,
}

/// A command.
pub(super) struct Page {
    /// `vav1d md5`.
    pub(super) name: String,
    pub(super) about: String,
    pub(super) more: Vec<String>,
    /// `vav1d md5 [OPTIONS] <FILE>`.
    pub(super) usage: String,
    /// Those that have entries, the command's own first.
    pub(super) groups: Vec<Group>,
    /// Commands below it, with what they do.
    pub(super) commands: Vec<(String, String)>,
}

/// The heading of session shapes, which `-h` leaves out.
pub(super) const SHAPE: &str = "Session shape";
const OWN: &str = "Options";
const ARGUMENTS: &str = "Arguments";
const DECODING: &str = "Decoding";
const INPUT: &str = "Input";
const COMMON: &str = "Options of every command";

/// The names of the options of `A`.
fn names<A: Args>() -> BTreeSet<String> {
    let command = A::augment_args(Command::new("x"));
    command.get_arguments().map(|arg| arg.get_id().to_string()).collect()
}

/// The program's definition, complete.
pub(super) fn definition() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

/// The page of the program.
pub(super) fn program(definition: &Command) -> Page {
    let mut page = of(definition, "vav1d");
    let commands = definition.get_subcommands().filter(|sub| sub.get_name() != "help");
    page.commands = commands
        .map(|sub| (sub.get_name().to_owned(), text(sub.get_about().map(ToString::to_string))))
        .collect();
    page
}

/// The page of `command`.
pub(super) fn command(command: &Command) -> Page {
    of(command, &format!("vav1d {}", command.get_name()))
}

fn of(command: &Command, name: &str) -> Page {
    let common: BTreeSet<String> =
        names::<Common>().into_iter().chain(["help".to_owned(), "version".to_owned()]).collect();
    let (input, shape) = (names::<InputArgs>(), names::<ShapeArgs>());
    let layers = names::<LayerArgs>();
    let pipeline: BTreeSet<String> =
        names::<PipelineArgs>().into_iter().chain(layers.clone()).collect();
    let all: Vec<&Arg> = command.get_arguments().filter(|arg| !arg.is_hide_set()).collect();
    let has = |name: &str| command.get_arguments().any(|arg| arg.get_id() == name);
    // Commands that decode have all of these; of others, what is called so is their own.
    let (decodes, reads) = (has("spare_plants"), has("track"));
    let group = |arg: &Arg| {
        let id = arg.get_id().to_string();
        match () {
            () if arg.is_positional() => ARGUMENTS,
            () if common.contains(&id) => COMMON,
            () if decodes && shape.contains(&id) => SHAPE,
            () if reads && input.contains(&id) => INPUT,
            () if decodes && pipeline.contains(&id) => DECODING,
            () if reads && layers.contains(&id) => DECODING,
            () => OWN,
        }
    };
    let groups = [ARGUMENTS, OWN, DECODING, INPUT, SHAPE, COMMON].map(|title| Group {
        title,
        entries: all.iter().filter(|arg| group(arg) == title).map(|arg| entry(arg)).collect(),
    });
    let long = text(command.get_long_about().map(ToString::to_string));
    Page {
        name: name.to_owned(),
        about: text(command.get_about().map(ToString::to_string)),
        more: long.split("\n\n").skip(1).map(str::to_owned).collect(),
        usage: usage(command, name),
        groups: groups.into_iter().filter(|group| !group.entries.is_empty()).collect(),
        commands: Vec::new(),
    }
}

fn text(text: Option<String>) -> String {
    text.unwrap_or_default().trim().to_owned()
}

fn usage(command: &Command, name: &str) -> String {
    let mut words = vec![name.to_owned(), "[OPTIONS]".to_owned()];
    let required = command.get_arguments().filter(|arg| arg.is_required_set());
    words.extend(required.filter(|arg| !arg.is_positional()).map(head_long));
    for arg in command.get_positionals().filter(|arg| !arg.is_hide_set()) {
        let value = value(arg);
        let many = if takes_many(arg) { "..." } else { "" };
        let word = if arg.is_required_set() {
            format!("{value}{many}")
        } else {
            format!("[{value}{many}]")
        };
        words.push(if arg.is_last_set() { format!("-- {word}") } else { word });
    }
    if command.has_subcommands() {
        words.push("COMMAND".to_owned());
    }
    words.join(" ")
}

fn takes_many(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

fn value(arg: &Arg) -> String {
    let names: Vec<_> =
        arg.get_value_names().into_iter().flatten().map(ToString::to_string).collect();
    match names.is_empty() {
        true => arg.get_id().to_string().to_uppercase(),
        false => names.join(" "),
    }
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// `--output FILE`.
fn head_long(arg: &Arg) -> String {
    let name = arg.get_long().unwrap_or_default();
    let is_optional = arg.get_num_args().is_some_and(|range| range.min_values() == 0);
    match takes_value(arg) {
        true if is_optional => format!("--{name}[={}]", value(arg)),
        true => format!("--{name} {}", value(arg)),
        false => format!("--{name}"),
    }
}

fn entry(arg: &Arg) -> Entry {
    let head = match (arg.is_positional(), arg.get_short()) {
        (true, _) => value(arg),
        (_, Some(short)) => format!("-{short}, {}", head_long(arg)),
        (_, None) => format!("    {}", head_long(arg)),
    };
    let long = text(arg.get_long_help().map(ToString::to_string));
    let short = text(arg.get_help().map(ToString::to_string));
    let values = arg.get_possible_values();
    let values = values.iter().filter(|value| takes_value(arg) && !value.is_hide_set());
    let values = values.map(|value| {
        let meaning = text(value.get_help().map(ToString::to_string));
        (value.get_name().to_owned(), meaning.trim_end_matches('.').to_owned())
    });
    let defaults: Vec<_> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    Entry {
        head,
        text: short,
        more: long.split("\n\n").skip(1).map(str::to_owned).collect(),
        values: values.collect(),
        default: (takes_value(arg) && !defaults.is_empty()).then(|| defaults.join(",")),
        is_short: !arg.is_hide_short_help_set(),
    }
}
