//! Changes of streams, by name: what `vav1d rewrite --how` takes.

mod grain;
mod hints;
mod inherit;
mod packaging;
mod pictures;
mod resilience;
mod sequence;
mod showing;
mod slots;
mod tiles;
mod wrapping;

use std::fmt;

use crate::error::{Error, Result};
use crate::random::Random;
use crate::stream::Stream;

/// What makes a change to a stream, with the value that was asked for.
type Apply = fn(&mut Stream, &str, &mut Random) -> Result<()>;

/// A change.
pub struct Change {
    /// What it is called.
    pub name: &'static str,
    /// The values that are drawn at random; the first is the one without a value.
    pub values: &'static [&'static str],
    /// What it does, in a line.
    pub about: &'static str,
    /// Whether pictures are others afterwards.
    pub alters_pictures: bool,
    apply: Apply,
}

impl Change {
    const fn neutral(
        name: &'static str,
        values: &'static [&'static str],
        about: &'static str,
        apply: Apply,
    ) -> Self {
        Self { name, values, about, alters_pictures: false, apply }
    }

    const fn altering(
        name: &'static str,
        values: &'static [&'static str],
        about: &'static str,
        apply: Apply,
    ) -> Self {
        Self { name, values, about, alters_pictures: true, apply }
    }
}

/// All changes.
pub fn all() -> impl Iterator<Item = &'static Change> {
    let lists = [
        packaging::CHANGES,
        wrapping::CHANGES,
        slots::CHANGES,
        inherit::CHANGES,
        hints::CHANGES,
        resilience::CHANGES,
        showing::CHANGES,
        sequence::CHANGES,
        tiles::CHANGES,
        pictures::CHANGES,
        grain::CHANGES,
    ];
    lists.into_iter().flatten()
}

/// A change with its value.
#[derive(Clone)]
pub struct Step {
    /// The change.
    pub change: &'static Change,
    /// Its value.
    pub value: String,
}

impl Step {
    /// `name` or `name=value`.
    ///
    /// # Errors
    /// There is no change of that name.
    pub fn parse(text: &str) -> Result<Self> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let Some(change) = all().find(|change| change.name == name) else {
            let names: Vec<_> = all().map(|change| change.name).collect();
            let text = format!("there is no change {name:?}; there are {}", names.join(", "));
            return Err(Error::Wish(text));
        };
        let value = value.or(change.values.first().copied()).unwrap_or_default().to_owned();
        Ok(Self { change, value })
    }

    /// `change` with one of its values.
    pub fn draw(change: &'static Change, random: &mut Random) -> Self {
        let value = random.of(change.values).copied().unwrap_or_default().to_owned();
        Self { change, value }
    }

    /// Makes the change.
    ///
    /// # Errors
    /// It cannot be made to `stream`, which may be changed in part then; the value is none of its.
    pub fn apply(&self, stream: &mut Stream, random: &mut Random) -> Result<()> {
        (self.change.apply)(stream, &self.value, random)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.is_empty() {
            true => f.write_str(self.change.name),
            false => write!(f, "{}={}", self.change.name, self.value),
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Steps with commas between them.
///
/// # Errors
/// One of them is none.
pub fn parse(text: &str) -> Result<Vec<Step>> {
    text.split(',').filter(|step| !step.is_empty()).map(Step::parse).collect()
}

/// What `value` of `change` means, by the words `words`.
fn word<T: Copy>(change: &'static str, value: &str, words: &[(&str, T)]) -> Result<T> {
    words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        Error::Wish(format!("{change}: {value:?} is none of {}", words.join(", ")))
    })
}

/// `value` of `change` as a number.
fn number(change: &'static str, value: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (from, to) = (range.start(), range.end());
        Error::Wish(format!("{change}: {value:?} is no number from {from} to {to}"))
    })
}

/// `change` cannot be made, and why.
fn not(change: &'static str, why: &'static str) -> Error {
    Error::NotApplicable { change, why }
}

/// Whether any OBU of `stream` is in a layer other than 0.0.
fn is_layered(stream: &Stream) -> bool {
    let mut layers = stream.frames().filter_map(|(_, frame)| frame.layer());
    layers.any(|layer| layer.temporal_id != 0 || layer.spatial_id != 0)
}
