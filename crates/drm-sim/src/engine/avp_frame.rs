//! The frames in a batch of commands for the AVP.

use std::collections::BTreeMap;

use crate::avp;
use crate::batch::Command;
use crate::intel::ADDRESS;

/// The commands of one tile, by their number and, where there are several, by surface or segment.
pub(super) type State = BTreeMap<(u32, u32), Command>;

/// One frame: the state of each tile, with the command that decodes it.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(super) tiles: Vec<State>,
}

/// The frames in a batch, without the block that a driver decodes after a reset, to nowhere.
pub(crate) fn frames(commands: &[Command]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut state = State::new();
    for command in commands {
        let number = command[0] >> 16;
        let which = match number {
            avp::SURFACE => command.get(1).map_or(0, |word| word >> 28),
            avp::SEGMENT => command.get(1).map_or(0, |word| word & 7),
            _ => 0,
        };
        if number == avp::MODE {
            state.clear();
        }
        state.insert((number, which), command.clone());
        if number == avp::OBJECT && address(&state, avp::AT_OUTPUT) != 0 {
            let first = words(&state, avp::TILE, 0).get(1).is_none_or(|word| word & 0xFFF == 0);
            if first || frames.is_empty() {
                frames.push(Frame::default());
            }
            if let Some(frame) = frames.last_mut() {
                frame.tiles.push(state.clone());
            }
        }
    }
    frames
}

/// The words of a command of the state; none where it was not given.
pub(super) fn words(state: &State, number: u32, which: u32) -> &[u32] {
    state.get(&(number, which)).map_or(&[], Vec::as_slice)
}

/// The address at a word of a command.
pub(super) fn address_in(words: &[u32], at: usize) -> u64 {
    let word = |at: usize| u64::from(words.get(at).copied().unwrap_or(0));
    (word(at + 1) << 32 | word(at)) & ADDRESS
}

/// The address at a word of AVP_PIPE_BUF_ADDR_STATE.
pub(super) fn address(state: &State, at: usize) -> u64 {
    address_in(words(state, avp::BUFFERS, 0), at)
}

impl Frame {
    /// State of the first tile.
    pub(super) fn first(&self) -> Option<&State> {
        self.tiles.first()
    }

    /// Where the picture goes.
    pub(super) fn output(&self) -> u64 {
        self.first().map_or(0, |state| address(state, avp::AT_OUTPUT))
    }

    /// Where the references are, by name.
    pub(super) fn references(&self) -> [u64; 7] {
        let at = |name: usize| avp::AT_REFERENCES + (1 + name) * 2;
        std::array::from_fn(|name| self.first().map_or(0, |state| address(state, at(name))))
    }
}
