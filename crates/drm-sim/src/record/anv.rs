//! What ANV gave to the video engine: it sets the pipeline's whole state for every tile.

use std::collections::BTreeMap;

use super::text::{hash, joined, line, tile};
use crate::avp::{self, Field};
use crate::batch::Command;
use crate::intel::ADDRESS;
use crate::memory::Space;

/// The commands of one tile, by their number and, where there are several, by surface or segment.
type State = BTreeMap<(u32, u32), Command>;

/// What was written so far.
#[derive(Debug, Default)]
pub(super) struct Anv {
    pictures: usize,
    /// Which picture was last written to a place: the image, its motion vectors, its probabilities.
    images: Written,
    motion: Written,
    tables: Written,
}

/// Address space and GPU address to the picture that was last written there.
type Written = BTreeMap<(u32, u64), usize>;

/// The words of a command of the state; none where it was not given.
fn words(state: &State, number: u32, which: u32) -> &[u32] {
    state.get(&(number, which)).map_or(&[], Vec::as_slice)
}

/// The address at a word.
fn address(words: &[u32], at: usize) -> u64 {
    let word = |at: usize| u64::from(words.get(at).copied().unwrap_or(0));
    (word(at + 1) << 32 | word(at)) & ADDRESS
}

/// A command's fields as lines.
fn fields(text: &mut String, prefix: &str, table: &[Field], words: &[u32]) {
    for field in table {
        line(text, format_args!("{prefix}.{}", field.name), joined(&field.values(words)));
    }
}

impl Anv {
    /// The text of each picture in a batch.
    pub(super) fn batch(
        &mut self,
        space: &Space,
        commands: &[Command],
        first: usize,
    ) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        let mut state = State::new();
        let mut before: Vec<(String, String)> = Vec::new();
        for command in commands {
            let number = command[0] >> 16;
            match number {
                avp::MODE => state.clear(),
                avp::OBJECT => {
                    let lines = self.state(space, &state);
                    let index =
                        (words(&state, avp::TILE, 0).get(1).copied().unwrap_or(0) & 0xFFF) as usize;
                    if index == 0 || texts.is_empty() {
                        texts.push(self.picture(&state, &lines, first + texts.len()));
                        before.clone_from(&lines);
                    }
                    if let Some(text) = texts.last_mut() {
                        one_tile(text, space, &state, command, index);
                        // What of the picture's state is another for this tile.
                        for ((name, value), _) in
                            lines.iter().zip(&before).filter(|(new, old)| new != old)
                        {
                            line(text, format_args!("tile.{index}.{name}"), value);
                        }
                    }
                    self.written(space.number, &state);
                }
                avp::SURFACE | avp::SEGMENT => {
                    let which = command.get(1).copied().unwrap_or(0);
                    let which = if number == avp::SURFACE { which >> 28 } else { which & 7 };
                    state.insert((number, which), command.clone());
                }
                _ => {
                    state.insert((number, 0), command.clone());
                }
            }
        }
        texts
    }

    /// The picture's heading and its state.
    fn picture(&self, state: &State, lines: &[(String, String)], number: usize) -> String {
        let buffers = words(state, avp::BUFFERS, 0);
        let output = address(buffers, avp::AT_OUTPUT);
        // After a reset the driver has a block decoded that is written nowhere.
        let kind = if output == 0 { "reset" } else { "decode" };
        let mut text = format!("\nsubmission {number} {kind}\n");
        if output != 0 {
            line(&mut text, "picture", self.pictures);
        }
        line(&mut text, "raw.output", format_args!("{output:#x}"));
        for (name, value) in lines {
            line(&mut text, name, value);
        }
        text
    }

    /// The state of a tile as names and values.
    fn state(&self, space: &Space, state: &State) -> Vec<(String, String)> {
        let mut text = String::new();
        let buffers = words(state, avp::BUFFERS, 0);
        let pictures = |at: usize, known: &Written| {
            let name = |index: usize| match address(buffers, at + index * 2) {
                0 => "none".to_owned(),
                place => known
                    .get(&(space.number, place))
                    .map_or("unwritten".to_owned(), |p| format!("picture {p}")),
            };
            (1..8).map(name).collect::<Vec<_>>().join(", ")
        };
        line(&mut text, "avp.references", pictures(avp::AT_REFERENCES, &self.images));
        line(&mut text, "avp.motion", pictures(avp::AT_MOTION_READ, &self.motion));
        let source = self.table(space, address(buffers, avp::AT_CDF_READ));
        line(&mut text, "avp.cdf_source", source);
        for (name, at) in [
            ("cdf_kept", avp::AT_CDF_WRITE),
            ("segment_ids_read", avp::AT_SEGMENT_READ),
            ("segment_ids_kept", avp::AT_SEGMENT_WRITE),
            ("grain_output", avp::AT_GRAIN_OUTPUT),
        ] {
            line(&mut text, format_args!("avp.{name}"), u8::from(address(buffers, at) != 0));
        }
        for (&(_, which), command) in state.range((avp::SURFACE, 0)..=(avp::SURFACE, 15)) {
            fields(&mut text, &format!("avp.surface.{which}"), avp::SURFACE_FIELDS, command);
        }
        fields(&mut text, "avp.pic", avp::PICTURE_FIELDS, words(state, avp::PICTURE, 0));
        fields(&mut text, "avp.inter", avp::INTER_FIELDS, words(state, avp::INTER, 0));
        for (&(_, which), command) in state.range((avp::SEGMENT, 0)..=(avp::SEGMENT, 7)) {
            fields(&mut text, &format!("avp.segment.{which}"), avp::SEGMENT_FIELDS, command);
        }
        fields(&mut text, "avp.filter", avp::FILTER_FIELDS, words(state, avp::FILTER, 0));
        if let Some(command) = state.get(&(avp::GRAIN, 0)) {
            fields(&mut text, "avp.film_grain", avp::GRAIN_FIELDS, command);
        }
        let split = |line: &str| line.split_once(" = ").map(|(a, b)| (a.to_owned(), b.to_owned()));
        text.lines().filter_map(split).collect()
    }

    /// What the probabilities at an address are: a picture's, or some that the driver has put
    /// there, told apart by what they are.
    fn table(&self, space: &Space, place: u64) -> String {
        if place == 0 {
            return "none".to_owned();
        }
        if let Some(picture) = self.tables.get(&(space.number, place)) {
            return format!("picture {picture}");
        }
        format!("default {:016x}", hash(&space.read_some(place, 1024)))
    }

    /// Takes note of what a picture writes, after its last tile.
    fn written(&mut self, space: u32, state: &State) {
        let last = avp::TILE_FIELDS.iter().find(|field| field.name == "is_last_tile_of_frame_flag");
        let last = last.is_some_and(|f| f.values(words(state, avp::TILE, 0)) == [1]);
        let buffers = words(state, avp::BUFFERS, 0);
        if !last || address(buffers, avp::AT_OUTPUT) == 0 {
            return;
        }
        for (at, known) in [
            (avp::AT_OUTPUT, &mut self.images),
            (avp::AT_MOTION_WRITE, &mut self.motion),
            (avp::AT_CDF_WRITE, &mut self.tables),
        ] {
            let place = address(buffers, at);
            if place != 0 {
                known.insert((space, place), self.pictures);
            }
        }
        self.pictures += 1;
    }
}

/// One tile's place and bytes.
fn one_tile(text: &mut String, space: &Space, state: &State, object: &[u32], index: usize) {
    fields(text, &format!("tile.{index}"), avp::TILE_FIELDS, words(state, avp::TILE, 0));
    let base = address(words(state, avp::BITSTREAM, 0), 1);
    let (size, offset) = (object.get(1).copied(), object.get(2).copied());
    let (size, offset) = (u64::from(size.unwrap_or(0)), u64::from(offset.unwrap_or(0)));
    line(text, format_args!("raw.tile.{index}.offset"), offset);
    tile(text, space, index, base.checked_add(offset), size);
}
