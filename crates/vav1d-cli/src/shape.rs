//! Session shapes on the command line: an option for each row of the table.

use clap::builder::{PossibleValue, PossibleValuesParser, ValueParser};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use vav1d::vk::ExecutorOptions;
use vav1d_lab::matrix::axes::{Axis, SHAPE, Values};

/// How the session is made and used: what is chosen of each row of the table that is not left out. A
/// shape that the device cannot take is refused.
#[derive(Clone, Debug, Default)]
pub struct ShapeArgs(Vec<(&'static Axis, String)>);

impl ShapeArgs {
    /// Sets what the shape says in `options`.
    pub(super) fn apply(&self, options: &mut ExecutorOptions) {
        for (axis, value) in &self.0 {
            // The option takes no other.
            let set = axis.set(options, value);
            debug_assert!(set.is_ok(), "--{}={value}", axis.name);
        }
    }

    /// Takes `value` in the row `name`, if its default was left; whether it was.
    pub(super) fn choose(&mut self, name: &str, value: &str) -> bool {
        let is_left = |(axis, given): &&mut (&'static Axis, String)| {
            axis.name == name && axis.default == Some(given.as_str())
        };
        let left = self.0.iter_mut().find(is_left);
        left.map(|(_, given)| value.clone_into(given)).is_some()
    }

    /// The shapes in which one thing is other than it is left to be: `vav1d generate shapes`.
    pub(super) fn single() -> impl Iterator<Item = String> {
        let others = |axis: &'static Axis| {
            let tried = axis.tried.iter().filter(|value| Some(**value) != axis.default);
            tried.map(|value| format!("--{}={value}", axis.name))
        };
        SHAPE.iter().flat_map(others)
    }
}

impl FromArgMatches for ShapeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given =
            |axis: &'static Axis| Some((axis, matches.get_one::<String>(axis.name)?.clone()));
        Ok(Self(SHAPE.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ShapeArgs {
    fn augment_args(command: Command) -> Command {
        command.next_help_heading("Session shape").args(SHAPE.iter().map(option))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The option of a row.
fn option(axis: &'static Axis) -> Arg {
    let parser: ValueParser = match axis.values {
        Values::Words(words) => {
            let value = |word: &'static vav1d_lab::matrix::axes::Word| {
                PossibleValue::new(word.name).help(word.help)
            };
            PossibleValuesParser::new(words.iter().map(value)).into()
        }
        Values::Read(_) => ValueParser::new(|text: &str| {
            axis.set(&mut ExecutorOptions::default(), text).map(|()| text.to_owned())
        }),
    };
    Arg::new(axis.name)
        .long(axis.name)
        .help(axis.help)
        .value_name(axis.value_name)
        .default_value(axis.default)
        .value_parser(parser)
}
